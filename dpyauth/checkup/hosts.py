"""Ask each of Deriv's hosts in the very way that a session does."""

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
from dpyauth.apis.retiring import way_on
from dpyauth.checkup.check_rows import Result, Row, code_of, heard
from dpyauth.checkup.machine import proxy_for
from dpyauth.errors import ApiError, ApiUnavailable, DpyauthError, SignInRefused
from dpyauth.net.connect_errors import explain
from dpyauth.registry import APIS
from dpyauth.session import Session
from dpyauth.settings import Settings, is_loopback

if TYPE_CHECKING:
    from dpyauth.registry import ApiFacts

SLOW = 1.0
"""Round trip in seconds from which it is worth a word."""

_WAY = "Is this host allowed on port 443? The guide's page 'Behind a company proxy' says what may stand in the way."
_BROWSER = "A browser may be. Where it is not either, something in between refuses, such as a company's filter."
_REFUSALS = frozenset({401, 403, 407, 451})
_SIGN_IN = "To sign in with the browser takes this host; with a token, nothing does."


@dataclass(frozen=True, slots=True)
class Place:
    """One host, and how it is asked."""

    settings: Settings
    kind: str
    """``"http"``, ``"ws"`` or ``"sign-in"``."""
    address: str
    wanted: bool = True
    """True if the user needs it: not of an API that Deriv is retiring, where nothing says that it is theirs."""

    @property
    def facts(self) -> ApiFacts:
        """Facts about its API."""
        return APIS[self.settings.api]

    @property
    def host(self) -> str:
        """Its name."""
        return urlsplit(self.address).hostname or ""

    @property
    def check(self) -> str:
        """Name of the check, in words."""
        what = {"http": "calls over HTTP", "ws": "WebSocket", "sign-in": "sign-in pages"}[self.kind]
        return f"{urlsplit(self.address).netloc}, {what}"

    def row(self, result: Result, found: str, advice: str = "") -> Row:
        """Return the row of this host."""
        if result == "problem" and not self.wanted:
            result = "note"
        return Row(self.facts.title, self.check, result, heard(found), heard(advice))


@dataclass(slots=True)
class Clock:
    """Difference between this machine's clock and Deriv's."""

    ahead: float | None = None
    """In seconds; None where Deriv has not said what time it is."""
    sure: bool = False

    def heard(self, theirs: float, begun: float, *, sure: bool) -> None:
        """Hear what time it is for a server that was asked at this moment of this machine's clock.

        It tells whole seconds, so half a second is put on top. The API itself is surer than what stands before it.
        """
        if self.ahead is None or (sure and not self.sure):
            self.ahead, self.sure = (begun + time.time()) / 2 - (theirs + 0.5), sure


def places(where: Settings, auth_host: str | None, *, wanted: bool) -> Iterator[Place]:
    """List the hosts of an API, or of what stands in for it."""
    facts = APIS[where.api]
    if facts.serves(where.server) and where.server.startswith("http"):
        yield Place(where, "http", where.server, wanted)
    yield Place(where, "ws", named(where.api).public(where).partition("?")[0], wanted)
    if auth_host is not None:
        yield Place(where, "sign-in", auth_host, wanted)


async def look_at(place: Place, clock: Clock, timeout: float) -> Row:
    """Return what came of asking a host. It takes twice the time-out at most, and a moment."""
    ask: Callable[[Place, Clock, float], Awaitable[Row]] = _socket if place.kind == "ws" else _http
    try:
        async with asyncio.timeout(2 * timeout + 1):
            resolved = await _resolved(place, timeout)
            if isinstance(resolved, Row):
                return resolved
            row = await ask(place, clock, timeout)
            return row._replace(found=f"{resolved}{row.found}")
    except DpyauthError as error:
        return _trouble(place, error)
    except TimeoutError:
        return place.row("problem", f"no answer within {2 * timeout:g} s", _WAY)
    except Exception as error:
        return place.row("problem", f"could not be asked ({type(error).__name__})")


async def _resolved(place: Place, timeout: float) -> Row | str:
    """Look the name up, where this machine has to do that itself."""
    parts, local = urlsplit(place.address), is_loopback(place.host)
    if local:
        return ""
    if proxy_for("ws" if place.kind == "ws" else "http", place.host) is not None:
        return "through the proxy; "
    begun = time.monotonic()
    try:
        async with asyncio.timeout(timeout):
            await asyncio.get_running_loop().getaddrinfo(place.host, parts.port or 443)
    except TimeoutError:
        return place.row("problem", f"the name was not found within {timeout:g} s", _WAY)
    except OSError as error:
        return place.row("problem", explain(error).text, _WAY)
    return f"name found in {_ms(time.monotonic() - begun)}; "


async def _socket(place: Place, clock: Clock, timeout: float) -> Row:
    """Ask the public WebSocket what time it is, as a session without a sign-in does; twice."""
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
    """Ask over HTTP whether the API is up, or for the front page of the sign-in pages; twice."""
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
                why = came.reason or f"no answer within {timeout:g} s" if isinstance(came, NoResponse) else str(came)
                return place.row("problem", why, _WAY if place.kind == "http" else f"{_WAY} {_SIGN_IN}")
            if came.date is not None:
                clock.heard(came.date, begun, sure=False)
    finally:
        await client.close()
    assert isinstance(came, Response)
    error = judge(came, question) if place.kind == "http" else None
    if error is not None:
        return place.row("problem", _said(error), f"It answers, in {_ms(took[1])}, but not as Deriv's API does.")
    if came.failing:
        found = f"answers with HTTP {came.status_code}: it may be down"
        return place.row("problem", found, f"{_SIGN_IN} Try again later.")
    if came.status_code in _REFUSALS:
        return place.row("note", f"answers with HTTP {came.status_code}: this program is not let in", _BROWSER)
    return _answered(place, *took)


def _answered(place: Place, first: float, trip: float) -> Row:
    secure = urlsplit(place.address).scheme in {"https", "wss"}
    found = f"first answer after {_ms(first)}{' (with TLS)' if secure else ''}, then {_ms(trip)} a round trip"
    slow = "Every call takes that long: where it is not enough, allow more time with dpyauth.login(timeout=…)."
    return place.row("note", found, slow) if trip > SLOW else place.row("ok", found)


def _trouble(place: Place, error: DpyauthError) -> Row:
    said = _said(error)
    if isinstance(error, ApiUnavailable):  # its text ends with the way on
        return place.row("problem", said.removesuffix(way_on()).rstrip(), way_on())
    return place.row("problem", said, _WAY)


def _said(error: DpyauthError) -> str:
    """Return what an error says, without a server's own words; where a sign-in was refused, the words are ours."""
    if isinstance(error, ApiError) and not isinstance(error, SignInRefused):
        return f"answers with an error ({code_of(error)})"
    return str(error)


def clock_row(clock: Clock) -> Row:
    """Say how far this machine's clock is from Deriv's."""
    here = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    if clock.ahead is None:
        advice = (
            "No host of Deriv's could be asked. A clock that is wrong by days makes every certificate look invalid."
        )
        return Row("Clock", "this machine's clock", "note", f"says {here}", advice)
    off = abs(clock.ahead)
    if off < CLOSE:
        return Row("Clock", "this machine's clock", "ok", "agrees with Deriv's")
    found = f"is {off:,.0f} s {'ahead of' if clock.ahead > 0 else 'behind'} Deriv's"
    advice = (
        "Times that dpyauth takes from it are wrong by as much, such as when a sign-in ends. Have it set by itself."
    )
    return Row("Clock", "this machine's clock", "problem" if off > WRONG else "note", found, advice)


CLOSE = 3.0
"""Difference in seconds up to which clocks agree."""

WRONG = 300.0
"""Difference in seconds from which one of them is of no use."""


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"
