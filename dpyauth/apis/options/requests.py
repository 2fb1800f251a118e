"""Requests and responses of calls over HTTP. No I/O.

httpx's own classes would do the same, but an `httpx.Request` holds the token in plain text, and importing httpx takes
as long as importing the rest of dpyauth.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from dpyauth.credentials import Secret
from dpyauth.errors import InvalidRequest
from dpyauth.net.messages import Reply, parse
from dpyauth.settings import is_loopback
from dpyauth.texts.said import said

if TYPE_CHECKING:
    from dpyauth.catalog.calls import Call

MAX_TEXT = 300
"""Longest plain text that is read, in bytes."""


@dataclass(frozen=True, slots=True)
class Request:
    """Call to send over HTTP."""

    call: str
    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict, repr=False)
    content: Secret | None = None
    scopes: tuple[str, ...] = ()
    """Scopes of which the token needs one; if there are none, no token is sent."""
    changes: bool = False
    look: str = ""
    """Method that shows whether a change was made."""
    app_id: str | None = None
    token: Secret | None = None
    secrets: tuple[Secret, ...] = ()
    """Secrets in the request that must not be repeated."""
    about: Mapping[str, str] = field(default_factory=dict)
    """Account or request that the response must be about."""


@dataclass(frozen=True)
class Response:
    """Response to a request, with any content."""

    status_code: int
    content_type: str
    content: bytes = field(repr=False)
    retry_after: float | None = None
    """Pause that the server asks for, in seconds."""
    date: float | None = field(default=None, compare=False)
    """Time of the server, in seconds since 1970, if it sent one."""

    @cached_property
    def reply(self) -> Reply | None:
        """JSON object in the content, if there is one."""
        return {} if self.status_code == 204 and not self.content else parse(self.content)

    @property
    def text(self) -> str:
        """Content, if it is a short plain text; empty for anything else, such as a page."""
        if not self.content_type.lower().startswith("text/plain") or len(self.content) > MAX_TEXT:
            return ""
        return self.content.decode(errors="replace").strip()

    @property
    def failing(self) -> bool:
        """True if the server failed, so that it is not known what it did."""
        return self.status_code >= 500 or self.status_code == 408


def as_request(call: Call, fields: Mapping[str, Any], token: Secret | None, app_id: str | None) -> Request:
    """Return the request for a call, with fields from `dpyauth.catalog.request.build`.

    Raises
    ------
    InvalidRequest
        A field cannot be part of an address.
    """
    assert call.rest is not None
    in_path = {name: _segment(call.name, name, fields[name]) for name in call.path_fields}
    others = {name: value for name, value in fields.items() if name not in in_path}
    secrets: list[Secret] = []
    changes = call.changes_with(fields)
    as_query = call.rest.method == "GET"
    return Request(
        call.name,
        call.rest.method,
        call.rest.path.format_map(in_path),
        params={name: _plain(value, secrets) for name, value in others.items()} if as_query else {},
        content=_body(others, secrets) if others and not as_query else None,
        scopes=call.scopes,
        changes=changes,
        look=call.look(fields) if changes else "",
        app_id=app_id,
        token=token if call.scopes else None,
        secrets=tuple(secrets),
        about=_about(call, fields),
    )


def _about(call: Call, fields: Mapping[str, Any]) -> dict[str, str]:
    asked = {name: fields.get(name) for name in (*call.path_fields, "loginid")}
    asked["request_id"] = call.key_in(fields) or asked.get("request_id")
    named = {name: str(value) for name, value in asked.items() if isinstance(value, str | int) and value != ""}
    return {name: text for name, text in named.items() if name != "id" or text.isdecimal()}  # "me" is no ID


def says_otherwise(reply: Reply, about: Mapping[str, str]) -> str:
    """Return the field which shows that a reply is about something else than requested; empty if none does.

    If a server or a proxy mixes up two responses, data of another account would otherwise be shown as the user's.
    """
    data = reply.get("data", reply)
    rows = data.get("transactions") if isinstance(data, dict) else data
    for name, asked in about.items():
        told = [data.get(name)] if isinstance(data, dict) else []
        if name == "loginid" and isinstance(rows, list):
            told += [row.get(name) for row in rows if isinstance(row, dict)]
        plain = {str(each).lower() for each in told if isinstance(each, str | int) and each != ""}
        if plain and asked.lower() not in plain:
            return name
    return ""


def otp_request(account_id: str, token: Secret, app_id: str | None) -> Request:
    """Return the request for the address of an account's socket. It is not in the catalog, as its reply is secret."""
    # No body and no content type: with a content type, Deriv rejects the empty body as incomplete JSON.
    path = f"/trading/v1/options/accounts/{_segment('otp', 'account_id', account_id)}/otp"
    return Request("otp", "POST", path, scopes=("trade",), app_id=app_id, token=token)


def socket_address(response: Response, base: str) -> Secret | None:
    """Return the address of a socket in a response, if it belongs to Deriv.

    The one-time password in the address would otherwise be sent to any server that the response names.
    """
    data = (response.reply or {}).get("data")
    url = data.get("url") if isinstance(data, dict) else None
    if not isinstance(url, str) or not re.fullmatch(r"[!-~]{1,4096}", url) or set("\\#") & set(url):
        return None
    try:
        parts, own = urlsplit(url), urlsplit(base)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if is_loopback(own.hostname or ""):
        right = parts.scheme in {"ws", "wss"} and is_loopback(host) and port == own.port
    else:
        right = parts.scheme == "wss" and host.endswith(".derivws.com") and port in {None, 443}
    return Secret(url) if right and "@" not in parts.netloc else None


def _segment(call: str, name: str, value: Any) -> str:
    """Return a field as a part of the path."""
    text = str(value) if isinstance(value, str | int) else ""
    account = name == "account_id"
    right = re.fullmatch(r"[A-Za-z0-9]{1,32}", text) if account else len(text) <= 128 and text.isprintable()
    if not right or not text.strip("."):  # "." and ".." would lead to another path
        takes = said("takes_account_id" if account else "takes_short_text")
        raise InvalidRequest(said("field_takes", field=name, call=call, takes=takes), call=call, field=name)
    return quote(text, safe="")


def _plain(value: Any, secrets: list[Secret]) -> Any:
    """Return a field as a part of the query."""
    if isinstance(value, list):
        return [_plain(item, secrets) for item in value]
    if isinstance(value, Secret):
        secrets.append(value)
        return value.reveal()
    return value if isinstance(value, str | int | float | bool) else str(value)


def _body(fields: Mapping[str, Any], secrets: list[Secret]) -> Secret:
    def unwrap(value: Any) -> Any:
        if isinstance(value, Secret):
            secrets.append(value)
            return value.reveal()
        if isinstance(value, Decimal):
            return str(value)
        raise TypeError

    return Secret(json.dumps(fields, default=unwrap))
