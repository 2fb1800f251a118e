"""Which Deriv a session talks to: server, app ID, language."""

from __future__ import annotations

import ipaddress
import operator
import re
from typing import NamedTuple
from urllib.parse import urlsplit

from dpyauth.errors import InvalidSetting

SERVERS = {"v3": "wss://ws.derivws.com/websockets/v3", "options": "https://api.derivws.com"}
"""Deriv's own server of each API."""

TEST_APP_ID = "1089"
"""The app ID that Deriv lets everybody use for trying things with an API token."""


class Settings(NamedTuple):
    """Where to connect to, checked."""

    app_id: str | None = TEST_APP_ID
    server: str = SERVERS["v3"]
    language: str = "EN"
    api: str = "v3"

    @property
    def host(self) -> str:
        """The server's host name, for people to read."""
        return urlsplit(self.server).netloc

    @property
    def loopback(self) -> bool:
        """Whether the server runs on this machine."""
        return is_loopback(urlsplit(self.server).hostname or "")


def settings(app_id: object = None, server: str | None = None, language: str = "EN", api: str = "v3") -> Settings:
    """Settings from what a person gave.

    Raises
    ------
    InvalidSetting
        Says which setting cannot be right, and what would be.
    """
    if api not in SERVERS:
        raise InvalidSetting(f"The API must be one of {', '.join(map(repr, SERVERS))}{_instead(api)}.")
    check = _number if api == "v3" else _word
    return Settings(
        app_id=(TEST_APP_ID if api == "v3" else None) if app_id is None else check(app_id),
        server=SERVERS[api] if server is None else _server(server, SERVERS[api]),
        language=_language(language),
        api=api,
    )


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _number(given: object) -> str:
    try:
        number = int(given.strip()) if isinstance(given, str) else operator.index(given)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = 0
    if isinstance(given, bool) or number <= 0:
        raise InvalidSetting(
            f"The app ID must be a whole number above 0 on the v3 API{_instead(given)}; those with letters are of the "
            f"options API. You find it where you registered your app at Deriv; to try things with an API token, use "
            f"{TEST_APP_ID}."
        )
    return str(number)


def _word(given: object) -> str:
    """An app ID of the options API: letters and digits. One of digits only is of v3, but that is for Deriv to say."""
    text = str(given).strip() if isinstance(given, int | str) and not isinstance(given, bool) else ""
    if not re.fullmatch(r"[\w-]{1,64}", text, re.ASCII):
        raise InvalidSetting(
            f"The app ID must be letters and digits{_instead(given)}. You find it where you registered your app, at "
            "developers.deriv.com under Dashboard."
        )
    return text


def _server(given: str, like: str) -> str:
    try:
        parts = urlsplit(given.strip())
        host = parts.hostname or ""
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        parts, host = urlsplit(""), ""
    plain, secure = ("ws", "wss") if like.startswith("wss") else ("http", "https")
    if parts.scheme not in {plain, secure} or not host or "@" in parts.netloc or parts.query or parts.fragment:
        # What was given is not repeated: it may be a pasted link with a token in it.
        raise InvalidSetting(f"The server must be an address like {like}, with nothing after it.")
    if parts.scheme == plain and not is_loopback(host):
        raise InvalidSetting(
            f"A token must not travel unencrypted: use {secure}:// instead of {plain}:// for {host}. "
            f"({plain}:// is for servers on this machine.)"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _instead(given: object) -> str:
    # Longer than any app ID: perhaps a token in the wrong field, so it is not repeated.
    return f", not {given!r}" if len(repr(given)) <= 10 else ""


def _language(given: str) -> str:
    code = given.strip().upper()
    if not re.fullmatch(r"[A-Z]{2}(_[A-Z]{2})?", code):
        raise InvalidSetting(f"The language must be a code like 'EN' or 'ZH_CN'{_instead(given)}.")
    return code
