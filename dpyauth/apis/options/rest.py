"""Make calls of Deriv's options API over HTTP, within its rate limits, and again after errors if that is safe."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dpyauth.apis.options.errors import judge, limits_one_thing
from dpyauth.apis.options.requests import Request, Response, as_request, otp_request, says_otherwise, socket_address
from dpyauth.credentials import Secret
from dpyauth.errors import (
    ApiError,
    BadReply,
    CallTimeout,
    ConnectionFailed,
    ConnectionLost,
    DpyauthError,
    InputRefused,
    InvalidCredential,
    PermissionDenied,
    RateLimited,
    SessionClosed,
    SignInRefused,
)
from dpyauth.net.backoff import Backoff
from dpyauth.net.messages import Reply, exactly, leaves_open
from dpyauth.net.pending import outcome_unknown, over_budget, waiting_for
from dpyauth.net.rate_limits import GENERAL, LONGEST_PAUSE, Limit, RateLimits
from dpyauth.net.state import unreachable
from dpyauth.texts.said import said

if TYPE_CHECKING:
    import httpx

    from dpyauth.apis.options.client import Client
    from dpyauth.catalog.calls import Call

MINUTELY = 60
"""Calls per minute: the lowest limit that Deriv has published."""

HOURLY = 14_400
"""Calls per hour, as Deriv documents them for sockets; the limit per minute keeps it from being reached."""

LEAST = 0.1
"""Time that must be left for another attempt, in seconds."""


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Reason why an attempt brought no usable response."""

    error: DpyauthError
    passing: bool = False
    """True if another try may succeed."""
    pause: float | None = None
    """Pause before another try, in seconds, if the server asks for one."""
    late: bool = False
    """True if it only says that the time of the call ran out."""


class Rest:
    """Client that keeps to the rate limits, and repeats reads within their time-out. It never repeats a change.

    All methods must be used on the same event loop.

    Parameters
    ----------
    base : str
        Address of the API, such as ``"https://api.derivws.com"``.
    token : callable
        Function that returns the current token. It is revealed only where the header is built.
    app_id : str or None
        App ID to send with each call, if there is one.
    direct : bool
        True to ignore this machine's proxy settings, as for a server on this machine.
    transport, rng, clock, sleep
        For tests.
    """

    def __init__(
        self,
        base: str,
        *,
        token: Callable[[], Secret],
        app_id: str | None,
        direct: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
        rng: random.Random | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._base = base.rstrip("/")
        self._token = token
        self._app_id = app_id
        self._direct = direct
        self._transport = transport
        self._rng = rng
        self._clock = clock
        self._sleep = sleep
        self._limits = RateLimits({GENERAL: Limit(MINUTELY, HOURLY)}, fixed=True)
        self._client: Client | None = None
        self._closed = False
        self._answered = False  # True once Deriv has replied; before that, errors are reported at once

    def __repr__(self) -> str:
        return f"<dpyauth REST client of {urlsplit(self._base).netloc}>"

    async def ask(self, call: Call, fields: Mapping[str, Any], *, timeout: float, exact: bool = False) -> Reply:
        """Make a call over HTTP and return the whole JSON body.

        Parameters
        ----------
        call : Call
            Call from the catalog that has ``rest``.
        fields : mapping
            Fields from `dpyauth.catalog.request.build`, with their secrets.
        timeout : float
            Time limit in seconds, including all repetitions and the wait for Deriv's rate limits.
        exact : bool
            True to return numbers with a fraction as `decimal.Decimal`.

        Raises
        ------
        InvalidRequest, InvalidCredential
            The call cannot be sent like this, and nothing was sent.
        ApiError
            Deriv answered with an error: SignInRefused, PermissionDenied, InputRefused, RateLimited or another.
        BadReply
            The response is not one of the API.
        CallTimeout, ConnectionFailed
            There was no reply in time, or no connection. A read was tried again; a change was not sent.
        OutcomeUnknown
            A change may have been sent, and it is not known whether it was carried out. It is never repeated.
        """
        token = self._checked_token() if call.scopes else None
        outcome = await self._settle(as_request(call, fields, token, self._app_id), timeout)
        if isinstance(outcome, _Trouble):
            raise outcome.error
        if outcome.reply is None:
            return {"data": outcome.text}
        return exactly(outcome.content, outcome.reply) if exact and outcome.content else outcome.reply

    async def otp(self, account_id: str, *, timeout: float) -> Secret:
        """Get a new address for the socket of one account. It works once, and for two minutes only.

        Raises
        ------
        BadReply
            The reply contains no address, or one that does not belong to Deriv.
        ConnectionFailed
            Deriv cannot provide an address at the moment.
        DpyauthError
            Otherwise as for `ask`.
        """
        outcome = await self._settle(otp_request(account_id, self._checked_token(), self._app_id), timeout)
        if isinstance(outcome, _Trouble):
            if outcome.passing and isinstance(outcome.error, ApiError) and not isinstance(outcome.error, RateLimited):
                raise unreachable(outcome.error.text)
            raise outcome.error
        found = socket_address(outcome, self._base)
        if found is None:
            raise BadReply(said("no_address"), call="otp")
        return found

    async def close(self) -> None:
        """Close the connections; no calls can be made after that."""
        self._closed = True
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def _checked_token(self) -> Secret:
        token = self._token()
        if not re.fullmatch(r"[!-~]+", token.reveal()):
            raise InvalidCredential(said("token_unusable"))
        return token

    async def _settle(self, request: Request, timeout: float) -> Response | _Trouble:
        """Send a request until there is a response, or until sending it again is useless or too late."""
        backoff = Backoff(self._rng)
        deadline = self._clock() + timeout
        backoff.next_delay(self._clock())  # counts the first attempt, which is made at once
        before: _Trouble | None = None
        while True:
            await self._turn(request, deadline)
            outcome = await self._attempt(request, deadline - self._clock(), timeout)
            if isinstance(outcome, _Trouble) and outcome.late and before is not None:
                outcome = before  # it says what is wrong; this attempt had little time
            if isinstance(outcome, Response) or request.changes or not outcome.passing:
                return outcome
            before = outcome
            now = self._clock()
            asked = outcome.pause
            limited = isinstance(outcome.error, RateLimited)
            # After a refusal because of the rate limit, `RateLimits` has computed the whole pause.
            pause = asked if asked is not None and limited else max(backoff.next_delay(now), asked or 0.0)
            if now + pause > deadline - LEAST:
                return outcome
            with waiting_for("the pause that Deriv asks for", pause):
                await self._sleep(pause)

    async def _turn(self, request: Request, deadline: float) -> None:
        """Wait for Deriv's limit on calls per minute; a change fails instead."""
        # A loop, because other calls may use up the limit again during the sleep.
        while (wait := self._limits.wait(GENERAL, self._clock())) > 0:
            if request.changes:
                raise over_budget(request.call, wait)
            if self._clock() + wait > deadline - LEAST:
                text = said("limit_used_up", call=request.call, seconds=round(wait))
                raise RateLimited(text, call=request.call, code="RateLimit")
            with waiting_for("Deriv's limit on calls per minute", wait):
                await self._sleep(wait)
        self._limits.spend(GENERAL, self._clock())

    async def _attempt(self, request: Request, remaining: float, timeout: float) -> Response | _Trouble:
        """Send a request once."""
        outcome = await self._opened(request.call).send(request, remaining)
        if isinstance(outcome, Response):
            return self._heard(outcome, request)
        if isinstance(outcome, DpyauthError):
            return _Trouble(outcome)
        call, key = request.call, "no_answer_within" if outcome.left else "no_connection_within"
        reason = outcome.reason or said(key, seconds=_seconds(timeout))
        if not outcome.left:
            trouble = _not_sent(call, reason, outcome.passing and (self._answered or not outcome.clear))
        elif request.changes:
            trouble = _Trouble(outcome_unknown(call, reason, request.look))
        else:
            trouble = _broken(call, reason) if outcome.reason else _overdue(call, timeout)
        return replace(trouble, late=outcome.late)

    def _heard(self, response: Response, request: Request) -> Response | _Trouble:
        """Return a response that can be used, or the trouble with it."""
        self._answered = True
        error = judge(response, request)
        if error is None:
            self._limits.granted(GENERAL)
            other = says_otherwise(response.reply or {}, request.about)
            return _of_another(request, other) if other else response
        pause = response.retry_after
        if isinstance(error, RateLimited) and not limits_one_thing(error):
            # A longer pause than any limit of Deriv's needs is a mistake: report it instead of trying again.
            believed = pause is None or pause <= LONGEST_PAUSE
            return _Trouble(error, believed, self._limits.refused(GENERAL, self._clock(), pause))
        if request.changes and (response.failing or _leaves_open(error, response)):
            foreign = said("not_from_deriv", status=str(response.status_code))
            why = error.text if isinstance(error, ApiError) else foreign
            error = outcome_unknown(request.call, why, request.look)
        return _Trouble(error, response.failing or _is_vague(error, response) or _may_pass(error), pause)

    def _opened(self, call: str) -> Client:
        if self._closed:
            raise SessionClosed(said("session_closed"), call=call)
        if self._client is None:
            from dpyauth.apis.options.client import Client  # slow to import, and needed only for calls over HTTP

            self._client = Client(self._base, self._app_id, direct=self._direct, transport=self._transport)
        return self._client


def _may_pass(error: DpyauthError) -> bool:
    """Return True if a read with this error may succeed a moment later, whatever the status says."""
    refused = SignInRefused | PermissionDenied | InputRefused | RateLimited
    return isinstance(error, ApiError) and not isinstance(error, refused) and leaves_open(error.code)


def _is_vague(error: DpyauthError, response: Response) -> bool:
    """Return True if neither the status nor a code says what went wrong."""
    told = SignInRefused | PermissionDenied | RateLimited  # known from a status in the body
    unknown = isinstance(error, ApiError) and not isinstance(error, told) and error.code.startswith("HTTP")
    return unknown and response.status_code < 300


def _leaves_open(error: DpyauthError, response: Response) -> bool:
    """Return True if a change may have been made in spite of this error.

    That is so if the error did not come from Deriv's API, or leaves it open.
    """
    if isinstance(error, SignInRefused | RateLimited):
        return False
    if _is_vague(error, response):
        return True
    if not isinstance(error, ApiError):
        return isinstance(error, BadReply)
    reply = response.reply or {}
    # Deriv's API lists its errors, and sends no data with them.
    elsewhere = error.code == f"HTTP{response.status_code}" and not reply.get("errors")
    both = response.status_code < 300 and bool(reply.get("data"))
    return elsewhere or both or leaves_open(error.code)


def _of_another(request: Request, name: str) -> _Trouble:
    call = request.call
    if request.changes:
        return _Trouble(outcome_unknown(call, said("reply_names_another", field=name), request.look))
    return _Trouble(BadReply(said("reply_of_another", call=call, field=name), call=call), passing=True)


def _not_sent(call: str, reason: str, passing: bool) -> _Trouble:
    return _Trouble(ConnectionFailed(said("not_sent_because", call=call, reason=reason), call=call), passing)


def _broken(call: str, reason: str) -> _Trouble:
    return _Trouble(ConnectionLost(said("broke_while_waiting", call=call, reason=reason), call=call), passing=True)


def _overdue(call: str, timeout: float) -> _Trouble:
    return _Trouble(CallTimeout(said("http_timed_out", call=call, seconds=_seconds(timeout)), call=call))


def _seconds(timeout: float) -> float:
    """Return a time-out with the digits that a text shows."""
    return float(f"{timeout:.3g}") if timeout < 100 else round(timeout)
