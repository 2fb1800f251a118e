"""Check each of Deriv's hosts in the same way as a session connects to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dpyauth import _times
from dpyauth.apis.base import named
from dpyauth.apis.options.client import Client, NoResponse
from dpyauth.apis.options.errors import judge
from dpyauth.apis.options.requests import Request, Response, as_request
from dpyauth.checkup.check_rows import Result, Row, clauses, code_of, heard
from dpyauth.checkup.machine import proxy_for
from dpyauth.errors import ApiError, ApiUnavailable, DpyauthError, SignInRefused
from dpyauth.net.connect_errors import explain
from dpyauth.registry import APIS
from dpyauth.session import Session
from dpyauth.settings import Settings, is_loopback
from dpyauth.texts.said import joined, parts, said

if TYPE_CHECKING:
    from dpyauth.registry import ApiFacts

SLOW = 1.0
"""Round trip in seconds above which the check adds a note."""

_WAY = said("host_allowed")
_REFUSALS = frozenset({401, 403, 407, 451})
_SIGN_IN = said("host_for_browser")
_CLOCK = (said("group_clock"), said("check_clock"))


@dataclass(frozen=True, slots=True)
class Place:
    """One host, and how to check it."""

    settings: Settings
    kind: str
    """``"http"``, ``"ws"`` or ``"sign-in"``."""
    address: str
    wanted: bool = True
    """True if the user needs this host. False for the API that Deriv is retiring, unless the user seems to use it."""

    @property
    def facts(self) -> ApiFacts:
        """Facts about the API of this host."""
        return APIS[self.settings.api]

    @property
    def host(self) -> str:
        """Name of the host."""
        return urlsplit(self.address).hostname or ""

    @property
    def check(self) -> str:
        """Name of the check, in words."""
        key = {"http": "check_http", "ws": "check_websocket", "sign-in": "check_sign_in"}[self.kind]
        return said(key, host=urlsplit(self.address).netloc)

    def row(self, result: Result, found: str, advice: str = "") -> Row:
        """Return the row of this host."""
        if result == "problem" and not self.wanted:
            result = "note"
        return Row(self.facts.title, self.check, result, heard(found), heard(advice))


@dataclass(slots=True)
class Clock:
    """Difference between this machine's clock and Deriv's."""

    ahead: float | None = None
    """Seconds by which this machine is ahead; None if Deriv has not sent its time."""
    sure: bool = False

    def heard(self, theirs: float, begun: float, *, sure: bool) -> None:
        """Take the time that a server has sent in reply to a request begun at this moment.

        Servers send whole seconds, so half a second is added. A time from the API itself replaces one from an HTTP
        header, which may come from a proxy or a cache in front of it.
        """
        if self.ahead is None or (sure and not self.sure):
            self.ahead, self.sure = (begun + time.time()) / 2 - (theirs + 0.5), sure


def places(where: Settings, auth_host: str | None, *, wanted: bool) -> Iterator[Place]:
    """Yield the hosts of an API, or of the server used in its place."""
    facts = APIS[where.api]
    if facts.serves(where.server) and where.server.startswith("http"):
        yield Place(where, "http", where.server, wanted)
    yield Place(where, "ws", named(where.api).public(where).partition("?")[0], wanted)
    if auth_host is not None:
        yield Place(where, "sign-in", auth_host, wanted)


async def look_at(place: Place, clock: Clock, timeout: float) -> Row:
    """Return the result of checking a host, within about twice the time-out."""
    ask: Callable[[Place, Clock, float], Awaitable[Row]] = _socket if place.kind == "ws" else _http
    try:
        async with asyncio.timeout(2 * timeout + 1):
            resolved = await _resolved(place, timeout)
            if isinstance(resolved, Row):
                return resolved
            row = await ask(place, clock, timeout)
            return row._replace(found=clauses(resolved, row.found))
    except DpyauthError as error:
        return _trouble(place, error)
    except TimeoutError:
        return place.row("problem", said("host_silent", seconds=2 * timeout), _WAY)
    except Exception as error:
        return place.row("problem", said("not_checked", error=type(error).__name__))


async def _resolved(place: Place, timeout: float) -> Row | str:
    """Look up the name of the host, unless a proxy does that."""
    parts, local = urlsplit(place.address), is_loopback(place.host)
    if local:
        return ""
    if proxy_for("ws" if place.kind == "ws" else "http", place.host) is not None:
        return said("through_proxy")
    begun = time.monotonic()
    try:
        async with asyncio.timeout(timeout):
            await asyncio.get_running_loop().getaddrinfo(place.host, parts.port or 443)
    except TimeoutError:
        return place.row("problem", said("name_not_found_within", seconds=timeout), _WAY)
    except OSError as error:
        return place.row("problem", explain(error).text, _WAY)
    return said("name_found", milliseconds=_ms(time.monotonic() - begun))


async def _socket(place: Place, clock: Clock, timeout: float) -> Row:
    """Ask the public WebSocket for the time twice, as a session without a sign-in would."""
    session = Session(place.settings, timeout=timeout)
    try:
        began = time.monotonic()
        await session.aio.call("time")
        first, begun = time.monotonic() - began, time.time()
        reply = await session.aio.call("time")
        trip = time.time() - begun
        if (theirs := _times.seconds(reply.get("time"), documented=True)) is not None:
            clock.heard(theirs, begun, sure=True)
    finally:
        session.close()
    return _answered(place, first, trip)


async def _http(place: Place, clock: Clock, timeout: float) -> Row:
    """Request the health of the API, or the front page of the sign-in pages, over HTTP, twice."""
    calls = named(place.settings.api).CATALOG
    if place.kind == "http":
        question = as_request(calls["health"], {}, None, place.settings.app_id)
    else:
        question = Request("sign-in pages", "GET", "/")
    client = Client(place.address, None, direct=is_loopback(place.host), transport=None)
    took: list[float] = []
    try:
        for _ in range(2):
            begun, began = time.time(), time.monotonic()
            came = await client.send(question, timeout)
            took.append(time.monotonic() - began)
            if not isinstance(came, Response):
                none = said("host_silent", seconds=timeout)
                why = came.reason or none if isinstance(came, NoResponse) else _said(came)
                return place.row("problem", why, _WAY if place.kind == "http" else joined(_WAY, _SIGN_IN))
            if came.date is not None:
                clock.heard(came.date, begun, sure=False)
    finally:
        await client.close()
    assert isinstance(came, Response)
    error = judge(came, question) if place.kind == "http" else None
    if error is not None:
        return place.row("problem", _said(error), said("replies_oddly", milliseconds=_ms(took[1])))
    if came.failing:
        found = said("host_down", status=str(came.status_code))
        return place.row("problem", found, joined(_SIGN_IN, said("try_later")))
    if came.status_code in _REFUSALS:
        return place.row("note", said("program_blocked", status=str(came.status_code)), said("browser_may"))
    return _answered(place, *took)


def _answered(place: Place, first: float, trip: float) -> Row:
    secure = urlsplit(place.address).scheme in {"https", "wss"}
    found = said("answered_over_tls" if secure else "answered", first=_ms(first), trip=_ms(trip))
    return place.row("note", found, said("slow_calls")) if trip > SLOW else place.row("ok", found)


def _trouble(place: Place, error: DpyauthError) -> Row:
    if isinstance(error, ApiUnavailable):
        why, way_on = parts(error.text)
        return place.row("problem", why, way_on)
    return place.row("problem", _said(error), _WAY)


def _said(error: DpyauthError) -> str:
    """Return the text of an error without text from the server. The text of `SignInRefused` is dpyauth's own."""
    if isinstance(error, ApiError) and not isinstance(error, SignInRefused):
        return said("replies_with_error", code=code_of(error))
    return error.text


def clock_row(clock: Clock) -> Row:
    """Return a row with the difference between this machine's clock and Deriv's."""
    here = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    if clock.ahead is None:
        return Row(*_CLOCK, "note", said("clock_says", time=here), said("clock_not_compared"))
    off = abs(clock.ahead)
    if off < CLOSE:
        return Row(*_CLOCK, "ok", said("clock_agrees"))
    found = said("clock_ahead" if clock.ahead > 0 else "clock_behind", seconds=round(off))
    return Row(*_CLOCK, "problem" if off > WRONG else "note", found, said("clock_wrong"))


CLOSE = 3.0
"""Difference in seconds up to which clocks agree."""

WRONG = 300.0
"""Difference in seconds above which it is a problem."""


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
