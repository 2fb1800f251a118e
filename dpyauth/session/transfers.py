"""Keep a list of what a session has sent that moves money and that Deriv knows by a request ID."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from dpyauth.arguments import public
from dpyauth.errors import ApiError, NotCarriedOut, OutcomeUnknown
from dpyauth.wire.lookup import USED, has_failed

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.wire.calls import Pending

KEPT = 1000


class Sent:
    """A request that moves money: when it was sent, which it is, and what became of it."""

    __slots__ = ("call", "outcome", "request_id", "time")

    def __init__(self, call: str, request_id: str) -> None:
        self.time = time.time()
        self.call = call
        self.request_id = request_id
        self.outcome = "under_way"

    def follow(self, pending: Pending) -> None:
        """Take note of how a call ends. It has not been sent yet."""
        deliver = pending.deliver

        def ended(pending: Pending) -> None:
            self.outcome = _outcome(pending)
            deliver(pending)

        pending.deliver = ended


def _outcome(pending: Pending) -> str:
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


class Transfers:
    """Methods about calls that move money."""

    _sent: deque[Sent]

    def _write_down(self, pending: Pending) -> None:
        """Enter a request that is about to be sent. On the background thread, which no interrupt reaches."""
        sent = Sent(pending.call, pending.key)
        self._sent.append(sent)
        sent.follow(pending)

    @public
    def transfers(self) -> pd.DataFrame:
        """List the transfers that this session has sent, and what became of them, without asking Deriv.

        It lists the calls that move money and that Deriv knows by a ``request_id``: ``wallet_transfer``,
        ``wallet_transfer_exchange``, ``wallet_transfer_platforms``, ``payment_agent_transfer`` and
        ``payment_agent_withdraw``. dpyauth makes the ``request_id`` where you leave it out, and writes it down before
        anything is sent; so it is here also when you interrupt the cell.

        Returns
        -------
        pandas.DataFrame
            The latest 1000, the oldest first: ``time`` (datetime64[us, UTC]), ``call``, ``request_id`` and ``outcome``
            (string): ``done``; ``looked_up`` (the answer was lost, and Deriv's records have it); ``refused`` (by Deriv
            or its limits, or Deriv says that it did not go through); ``sent_before`` (Deriv had had this request ID,
            and did nothing this time); ``not_carried_out`` (the answer was lost, and Deriv does not know of it);
            ``not_sent``; ``unknown``; ``under_way``.

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True).transfers().columns.tolist()
        ['time', 'call', 'request_id', 'outcome']
        """
        from dpyauth import frames

        return frames.transfers((sent.time, sent.call, sent.request_id, sent.outcome) for sent in list(self._sent))
