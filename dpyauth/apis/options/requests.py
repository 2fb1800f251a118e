"""Calls as HTTP questions, and what came back. No I/O."""

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

if TYPE_CHECKING:
    from dpyauth.catalog.calls import Call

MAX_TEXT = 300
"""The longest plain text that is listened to, in bytes."""


@dataclass(frozen=True, slots=True)
class Question:
    """A call as it goes over HTTP."""

    call: str
    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict, repr=False)
    body: Secret | None = None
    scopes: tuple[str, ...] = ()
    """Holding any one of them is enough; where none is needed, no token is sent."""
    changes: bool = False
    look: str = ""
    """Where to see whether a change has happened."""
    app_id: str | None = None
    token: Secret | None = None
    secrets: tuple[Secret, ...] = ()
    """What else must not be repeated."""
    about: Mapping[str, str] = field(default_factory=dict)
    """What an answer must not say otherwise: the account or the request that it is about."""


@dataclass(frozen=True)
class Answer:
    """What came back, whatever it is."""

    status: int
    kind: str
    """Its content type."""
    body: bytes = field(repr=False)
    retry_after: float | None = None
    """How many seconds the server wants to be left alone."""
    date: float | None = field(default=None, compare=False)
    """What time it is for the server, in seconds since 1970, where it says so."""

    @cached_property
    def reply(self) -> Reply | None:
        """The JSON object that it is, if it is one."""
        return {} if self.status == 204 and not self.body else parse(self.body)

    @property
    def text(self) -> str:
        """A short plain text; nothing where it is something else, such as a page."""
        if not self.kind.lower().startswith("text/plain") or len(self.body) > MAX_TEXT:
            return ""
        return self.body.decode(errors="replace").strip()

    @property
    def failing(self) -> bool:
        """Whether the server could not cope, so that it is open what it did."""
        return self.status >= 500 or self.status == 408


def as_question(call: Call, fields: Mapping[str, Any], token: Secret | None, app_id: str | None) -> Question:
    """A call of the catalog, with fields as `dpyauth.catalog.request.build` makes them.

    Raises
    ------
    InvalidRequest
        A field cannot be a part of an address.
    """
    assert call.rest is not None
    in_path = {name: _segment(call.name, name, fields[name]) for name in call.path_fields}
    others = {name: value for name, value in fields.items() if name not in in_path}
    secrets: list[Secret] = []
    changes = call.changes_with(fields)
    as_query = call.rest.method == "GET"
    return Question(
        call.name,
        call.rest.method,
        call.rest.path.format_map(in_path),
        query={name: _plain(value, secrets) for name, value in others.items()} if as_query else {},
        body=_body(others, secrets) if others and not as_query else None,
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
    """Return by what a reply says that it is about something else; empty where it does not."""
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


def otp_question(account_id: str, token: Secret, app_id: str | None) -> Question:
    """The question for the address of an account's socket. It is in no catalog, since its answer is a secret."""
    # No body, and no content type: with one, Deriv finds the JSON incomplete.
    path = f"/trading/v1/options/accounts/{_segment('otp', 'account_id', account_id)}/otp"
    return Question("otp", "POST", path, scopes=("trade",), app_id=app_id, token=token)


def address(answer: Answer, base: str) -> Secret | None:
    """The address in an answer, if it is one of Deriv's."""
    data = (answer.reply or {}).get("data")
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
    """A field as a part of the path."""
    text = str(value) if isinstance(value, str | int) else ""
    account = name == "account_id"
    right = re.fullmatch(r"[A-Za-z0-9]{1,32}", text) if account else len(text) <= 128 and text.isprintable()
    if not right or not text.strip("."):  # dots alone would lead elsewhere
        wanted = "an account ID, such as 'DOT12345678'" if account else "a short text"
        raise InvalidRequest(f"The field '{name}' of '{call}' takes {wanted}.", call=call, field=name)
    return quote(text, safe="")


def _plain(value: Any, secrets: list[Secret]) -> Any:
    """A field as a part of the query."""
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
