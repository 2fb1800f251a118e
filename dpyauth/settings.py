"""Which Deriv a session talks to: server, app ID, language."""

from __future__ import annotations

import ipaddress
import operator
import re
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from dpyauth.errors import InvalidSetting

SERVER = "wss://ws.derivws.com/websockets/v3"
"""Deriv's own v3 server."""

TEST_APP_ID = "1089"
"""The app ID that Deriv lets everybody use for trying things with an API token."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to connect to, checked."""

    app_id: str = TEST_APP_ID
    server: str = SERVER
    language: str = "EN"

    @property
    def url(self) -> str:
        """The address of the WebSocket. Holds no secret."""
        return f"{self.server}?{urlencode({'app_id': self.app_id, 'l': self.language})}"

    @property
    def host(self) -> str:
        """The server's host name, for people to read."""
        return urlsplit(self.server).netloc

    @property
    def loopback(self) -> bool:
        """Whether the server runs on this machine."""
        return is_loopback(urlsplit(self.server).hostname or "")


def settings(app_id: object = None, server: str | None = None, language: str = "EN") -> Settings:
    """Settings from what a person gave.

    Raises
    ------
    InvalidSetting
        Says which setting cannot be right, and what would be.
    """
    return Settings(
        app_id=TEST_APP_ID if app_id is None else _app_id(app_id),
        server=SERVER if server is None else _server(server),
        language=_language(language),
    )


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _app_id(given: object) -> str:
    try:
        number = int(given.strip()) if isinstance(given, str) else operator.index(given)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = 0
    if isinstance(given, bool) or number <= 0:
        raise InvalidSetting(
            f"The app ID must be a whole number above 0{_instead(given)}. You find it where you registered your "
            f"app at Deriv; to try things with an API token, use {TEST_APP_ID}."
        )
    return str(number)


def _server(given: str) -> str:
    try:
        parts = urlsplit(given.strip())
        host = parts.hostname or ""
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in {"ws", "wss"} or not host or "@" in parts.netloc or parts.query or parts.fragment:
        # What was given is not repeated: it may be a pasted link with a token in it.
        raise InvalidSetting(f"The server must be an address like {SERVER}, with nothing after it.")
    if parts.scheme == "ws" and not is_loopback(host):
        raise InvalidSetting(
            f"A token must not travel unencrypted: use wss:// instead of ws:// for {host}. "
            "(ws:// is for servers on this machine.)"
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
