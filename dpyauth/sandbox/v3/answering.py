"""Answer the frames of a client."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping
from typing import Any, Final

from dpyauth.catalog.calls import Call
from dpyauth.sandbox import encoding
from dpyauth.sandbox.client_state import Client
from dpyauth.sandbox.encoding import Refusal, Reply
from dpyauth.sandbox.faults import Fault
from dpyauth.sandbox.users import Token
from dpyauth.sandbox.v3.handlers import HANDLERS, Ask, Replies

_log = logging.getLogger("dpyauth.sandbox")
_MSG_TYPES: Final = {"ticks": "tick"}  # message types of error replies that differ from the name of the call


class Connection(Client):
    """One connection, without its socket."""

    def answer(self, call: Call | None, request: Mapping[str, Any], fault: Fault | None = None) -> list[str]:
        """Return the frames that answer a request."""
        try:
            return self._frames(call, request, fault)
        except RecursionError:
            refusal = Refusal("MalformedRequest", "The request is nested too deeply.")
            return [encoding.encode_refusal(refusal, "error", {})]

    def publish(self, topic: str, event: Any) -> list[str]:
        """Return the frames with which an event is sent to this client's streams."""
        frames = []
        for stream in self.streams.on(topic):
            if stream.loginid and not self._still_granted(stream.loginid):
                self.streams.forget(stream.id)
                continue
            try:
                reply = stream.update(event)
            except Exception:
                _log.exception("the sandbox failed to continue a stream of %s", stream.kind)
                self.streams.forget(stream.id)
                continue
            if reply is not None:
                frames.append(encoding.encode(stream.stamp(reply), stream.echo))
        return frames

    def _frames(self, call: Call | None, request: Mapping[str, Any], fault: Fault | None) -> list[str]:
        name = call.name if call else ""
        echo = encoding.masked(name, request)
        try:
            if fault is not None and fault.kind == "error":
                code, message, details = fault.args
                raise Refusal(code, message or "Sorry, an error occurred.", details)
            if not self.is_known_app:
                raise Refusal("InvalidAppID", "Your app_id is invalid.")
            if call is None:
                raise Refusal("UnrecognisedRequest", "Unrecognised request.")
            self.world.settle()
            answer = self._handle(call, request, echo)
        except Refusal as refusal:
            return [self._encode(refusal, name, echo)]
        except Exception:
            _log.exception("the sandbox failed to answer %s", name)
            failure = Refusal("InternalServerError", "Sorry, an error occurred while processing your request.")
            return [encoding.encode_refusal(failure, name, echo)]
        if isinstance(answer, Reply):
            return [encoding.encode(answer, echo)]
        return [self._encode(each, name, echo) for each in answer]

    def _encode(self, answer: Reply | Refusal, name: str, echo: Mapping[str, Any]) -> str:
        if isinstance(answer, Reply):
            return encoding.encode(answer, echo)
        return encoding.encode_refusal(answer, _MSG_TYPES.get(name, name) or "error", echo)

    def _handle(self, call: Call, request: Mapping[str, Any], echo: Mapping[str, Any]) -> Reply | Replies:
        now = self.clock()
        who = self.world.user(self.current).user_id if self.current else -self.number
        self._count(who, call.name, now)
        request = encoding.lenient(call, request)
        encoding.check(call, request)
        grant = self._grant(call, request.get("loginid"))
        handler = HANDLERS.get(call.name)
        if handler is None:
            raise Refusal("NotSimulated", f"The sandbox does not simulate the call {call.name}; Deriv has it.")
        return handler(Ask(call.name, request, echo, self, now, grant))

    def _count(self, who: Hashable, call: str, now: float) -> None:
        """Count a request against the limits, or refuse it."""
        if not self.meter.call(who, self.number, call, now):
            raise Refusal("RateLimit", f"You have reached the rate limit for {call}.")

    def _still_granted(self, loginid: str) -> bool:
        return self.world.works(self.grants[loginid])

    def _grant(self, call: Call, loginid: str | None) -> Token[str] | None:
        """Return the token that allows a request; None if none is needed. Otherwise refuse the request."""
        grant = self.grants.get(loginid or self.current or "")
        if grant and not self._still_granted(grant.owner):
            if call.needs_auth:
                self.sign_out(grant.owner)
                raise Refusal("InvalidToken", "The token is invalid.")
            grant = None
        if grant is None and (call.needs_auth or (loginid and self.grants)):
            raise Refusal("AuthorizationRequired", "Please log in.")
        if grant and call.scopes and not set(call.scopes) & set(grant.scopes):
            wanted = " or ".join(call.scopes)
            raise Refusal("PermissionDenied", f"Permission denied, requires {wanted} scope.")
        return grant
