"""One client: who it is signed in as, and what it gets for each frame it sends."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any, Final

from dpyauth.apis.catalog import Call
from dpyauth.sandbox import messages
from dpyauth.sandbox.calls import HANDLERS, Ask
from dpyauth.sandbox.faults import Fault
from dpyauth.sandbox.limits import Limits, Meter
from dpyauth.sandbox.messages import Refusal, Reply
from dpyauth.sandbox.streams import Streams
from dpyauth.sandbox.users import Grant
from dpyauth.sandbox.world import World

_log = logging.getLogger("dpyauth.sandbox")
_MSG_TYPES: Final = {"ticks": "tick"}  # calls whose error replies are named otherwise than the call


class Connection:
    """The state of one connection; knows nothing of sockets."""

    def __init__(self, number: int, app_id: int, world: World, meter: Meter, clock: Any = time.time) -> None:
        self.number = number
        self.app_id = app_id
        self.world = world
        self.meter = meter
        self.clock = clock
        self.streams = Streams()
        self.grants: dict[str, Grant] = {}  # by login ID
        self.current: str | None = None
        self.site: Mapping[str, Any] = {"site_status": "up"}

    @property
    def limits(self) -> Limits:
        """The limits that `website_status` announces."""
        return self.meter.limits or Limits()

    def sign_in(self, grants: list[Grant]) -> None:
        """Replace whoever was signed in; streams of accounts that are gone end."""
        self.grants = {grant.loginid: grant for grant in grants}
        self.current = grants[0].loginid
        self.streams.forget_accounts(keep=self.grants)

    def sign_out(self, loginid: str | None = None) -> None:
        """Drop one account, or all of them."""
        self.grants.pop(loginid, None) if loginid else self.grants.clear()
        if self.current not in self.grants:
            self.current = next(iter(self.grants), None)
        self.streams.forget_accounts(keep=self.grants)

    def answer(self, call: Call | None, request: Mapping[str, Any], fault: Fault | None = None) -> list[str]:
        """The frames that answer a request."""
        name = call.name if call else ""
        echo = messages.masked(name, request)
        try:
            if fault is not None and fault.kind == "error":
                raise Refusal(fault.args[0], fault.args[1] or "Sorry, an error occurred.")
            if call is None:
                raise Refusal("UnrecognisedRequest", "Unrecognised request.")
            answer = self._handle(call, request, echo)
        except Refusal as refusal:
            msg_type = _MSG_TYPES.get(name, name) or "error"
            return [messages.encode_refusal(refusal, msg_type, echo)]
        except Exception:
            _log.exception("the sandbox failed to answer %s", name)
            trouble = Refusal("InternalServerError", "Sorry, an error occurred while processing your request.")
            return [messages.encode_refusal(trouble, name, echo)]
        batch = [answer] if isinstance(answer, Reply) else answer
        return [messages.encode(reply, echo) for reply in batch]

    def publish(self, topic: str, event: Any) -> list[str]:
        """The frames that tell this client's streams of an event."""
        frames = []
        for stream in self.streams.on(topic):
            reply = stream.update(event)
            if reply is not None:
                frames.append(messages.encode(stream.stamp(reply), stream.echo))
        return frames

    def _handle(self, call: Call, request: Mapping[str, Any], echo: Mapping[str, Any]) -> Reply | list[Reply]:
        now = self.clock()
        who = self.world.user(self.current).user_id if self.current else -self.number
        self.meter.count(who, call.name, now)
        messages.check(call, request)
        grant = self._grant(call, request.get("loginid"))
        handler = HANDLERS.get(call.name)
        if handler is None:
            raise Refusal("NotSimulated", f"The sandbox does not simulate the call {call.name}; Deriv has it.")
        return handler(Ask(call.name, request, echo, self, now, grant))

    def _grant(self, call: Call, loginid: str | None) -> Grant | None:
        """By which right the request is made, or a refusal when there is none."""
        grant = self.grants.get(loginid or self.current or "")
        if grant and grant.token not in self.world.grants:
            self.sign_out(grant.loginid)
            raise Refusal("InvalidToken", "The token is invalid.")
        if grant is None and (call.needs_auth or (loginid and self.grants)):
            raise Refusal("AuthorizationRequired", "Please log in.")
        if grant and call.scopes and not set(call.scopes) & set(grant.scopes):
            wanted = " or ".join(call.scopes)
            raise Refusal("PermissionDenied", f"Permission denied, requires {wanted} scope.")
        return grant
