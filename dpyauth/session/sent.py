"""Keep what a session has sent that moves money and that Deriv knows by a request ID."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dpyauth.apis.options.lookup import USED, has_failed
from dpyauth.errors import ApiError, NotCarriedOut, OutcomeUnknown

if TYPE_CHECKING:
    from dpyauth.net.pending import PendingCall

KEPT = 1000


class Sent:
    """A request that moves money: when it was sent, which it is, and what became of it."""

    __slots__ = ("call", "outcome", "request_id", "time")

    def __init__(self, call: str, request_id: str) -> None:
        self.time = time.time()
        self.call = call
        self.request_id = request_id
        self.outcome = "under_way"

    def follow(self, pending: PendingCall) -> None:
        """Take note of how a call ends. It has not been sent yet."""
        deliver = pending.deliver

        def ended(pending: PendingCall) -> None:
            self.outcome = _outcome(pending)
            deliver(pending)

        pending.deliver = ended


def _outcome(pending: PendingCall) -> str:
    error = pending.error
    if pending.withdrawn:
        return "not_sent"
    if error is None:
        reply = pending.reply or {}
        if reply.get("looked_up") is True:
            return "looked_up"
        return "refused" if has_failed(reply.get("data")) else "done"
    if isinstance(error, NotCarriedOut):
        return "not_carried_out"
    if isinstance(error, OutcomeUnknown):
        return "unknown"
    if isinstance(error, ApiError):
        return "sent_before" if error.code in USED else "refused"
    return "not_sent"
