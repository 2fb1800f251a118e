"""Keep a record of the transfers that a session has sent and that Deriv knows by a request ID."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dpyauth.apis.options.lookup import USED, has_failed
from dpyauth.errors import ApiError, NotCarriedOut, OutcomeUnknown

if TYPE_CHECKING:
    from dpyauth.net.pending import PendingCall

KEPT = 1000
"""Number of transfers to keep."""


class Sent:
    """A transfer: its call, its request ID, when it was sent, and its outcome."""

    __slots__ = ("call", "outcome", "request_id", "time")

    def __init__(self, call: str, request_id: str) -> None:
        self.time = time.time()
        self.call = call
        self.request_id = request_id
        self.outcome = "under_way"

    def follow(self, pending: PendingCall) -> None:
        """Record how a call ends; to be called before the call is sent."""
        # `deliver` is called once, whatever ends the call, and on the background thread. So the outcome is recorded
        # even if the user has interrupted the cell and nothing waits for the call any more.
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
