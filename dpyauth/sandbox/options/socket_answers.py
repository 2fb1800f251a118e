"""Answer the frames of one client of the Options API."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Final

from dpyauth.catalog.calls import Call, Schema, load
from dpyauth.catalog.schemas import problems
from dpyauth.sandbox.encoding import Refusal, Reply, reason
from dpyauth.sandbox.options.api import Options, Otp
from dpyauth.sandbox.options.socket_ask import Ask
from dpyauth.sandbox.options.socket_calls import answer
from dpyauth.sandbox.streams import Stream, Streams
from dpyauth.sandbox.users import Token
from dpyauth.sandbox.v3.answering import Connection as V3Connection
from dpyauth.sandbox.v3.handlers import Replies

_ALIVE: Final = ("ping", "time")  # calls that a zombie answers properly


class Connection(V3Connection):
    """State of one connection: public, or opened with a one-time password for one account."""

    def __init__(self, number: int, options: Options, otp: Otp | None, zombie: bool) -> None:
        super().__init__(number, 0, options.world, options.meter, options.clock)
        self.options = options
        self.otp = otp
        self.zombie = zombie
        self.streams = _Streams(options)
        if otp is not None:
            self.sign_in([Token(otp.token.value, otp.account.loginid, otp.token.scopes)])

    @property
    def is_known_app(self) -> bool:
        """Return True, because a WebSocket of this API does not name an app."""
        return True

    def _handle(self, call: Call, request: Mapping[str, Any], echo: Mapping[str, Any]) -> Reply | Replies:
        now = self.clock()
        who = self.otp.token.owner if self.otp else self.number
        self._count(who, call.name, now)
        _check(call, request)
        grant = next(iter(self.grants.values()), None)
        if call.needs_auth:
            if grant is None:  # Deriv does not document this case; this is v3's error
                raise Refusal("AuthorizationRequired", "Please log in.")
            if not self._still_granted(grant.owner):
                raise Refusal("InvalidToken", "The token is invalid.")
            if not set(call.scopes) & set(grant.scopes):
                raise Refusal("PermissionDenied", f"Permission denied, requires {' or '.join(call.scopes)} scope.")
        if self.zombie and call.name not in _ALIVE:
            return Reply(call.name, {})
        return answer(Ask(call.name, request, echo, self, now, grant, self.options.money))

    def _still_granted(self, loginid: str) -> bool:
        assert self.otp is not None
        return self.options.sockets_outlive_tokens or self.options.works(self.otp.token)


class _Streams(Streams):
    """Streams, with a limit on their number."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self._options = options

    def open(self, stream: Stream) -> None:
        """Add a stream."""
        if len(self) >= self._options.most_streams:
            raise Refusal("RateLimit", "This connection has the most subscriptions allowed.")
        super().open(stream)


@functools.cache
def _calls() -> Mapping[str, Call]:
    """Return the calls over a WebSocket."""
    return {name: call for name, call in load("options").items() if call.rest is None}


def find_call(request: Mapping[str, Any]) -> Call | None:
    """Return the call of a request. Some fields have names of calls, so the call that has the other fields counts."""
    known = _calls()
    names = [name for name in request if name in known]
    return known[max(names, key=lambda name: len(set(request) & set(known[name].fields)))] if names else None


@functools.cache
def _schema(name: str) -> Schema:
    return _calls()[name].schema


def _check(call: Call, request: Mapping[str, Any]) -> None:
    """Refuse a request that its schema does not allow."""
    schema = _schema(call.name)
    unknown = sorted(set(request) - set(schema["properties"]))
    if unknown:
        raise Refusal("InputValidationFailed", f"Properties not allowed: {', '.join(name[:40] for name in unknown)}")
    details: dict[str, str] = {}
    for problem in problems(schema, request, draft=7):
        if problem.keyword == "required" and not problem.path:
            details.update((name, "This field is missing.") for name in call.required if name not in request)
        else:
            details.setdefault(str(next(iter(problem.path), call.name)), reason(problem))
    if details:
        raise Refusal("InputValidationFailed", f"Input validation failed: {', '.join(sorted(details))}", details)
