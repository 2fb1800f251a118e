"""Mark gaps in streams, and fetch the missed ticks of a stream of one symbol. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from dpyauth.net.messages import Reply
from dpyauth.net.stream_replies import epoch
from dpyauth.net.subscription import Subscription

FILL_LIMIT = 5000
"""Most ticks that Deriv returns in one reply."""

HOLD = 30
"""Most updates that wait for the missed ticks; with one more, all are delivered without the ticks."""

Ask = Callable[[str, dict[str, Any], Callable[[Reply | None], None], bool], None]
"""Function that sends a request of the connection itself. Its arguments are the call, the fields, a function that gets
the reply (or None if there will be none), and whether to send it at once or only when the rate limits leave room."""


class Gaps:
    """Mark the first update after an interruption with ``gap``, and put the missed ticks before it if possible.

    Parameters
    ----------
    ask : callable
        Function that sends a request.
    clock : callable
        Function that returns the time of day, in seconds since 1970.
    deliver : callable
        Function that passes an update of a subscription to its listeners.
    """

    def __init__(self, ask: Ask, clock: Callable[[], float], deliver: Callable[[Subscription, Reply], None]) -> None:
        self._ask = ask
        self._clock = clock
        self._deliver = deliver

    def begin(self, subscription: Subscription, reason: str) -> None:
        """Take note that updates may be missed from now on, unless there is a gap already."""
        if subscription.gap is None:
            subscription.gap = {"since": self._now(), "until": None, "reason": reason, "filled": False}

    def push(self, subscription: Subscription, reply: Reply) -> None:
        """Deliver an update, or hold it back until the ticks missed before it have arrived."""
        if subscription.held_back is not None:
            subscription.held_back.append(reply)
            if len(subscription.held_back) > HOLD:
                self.release(subscription)
        elif subscription.gap is not None and self._can_fill(subscription, reply):
            subscription.held_back = [reply]
            self._fill(subscription)
        else:
            self._push(subscription, reply)

    def release(self, subscription: Subscription) -> None:
        """Deliver the updates that were held back."""
        # Cleared first: a listener may close the stream, which calls this method again.
        held_back, subscription.held_back = subscription.held_back, None
        for reply in held_back or ():
            self._push(subscription, reply)

    def _push(self, subscription: Subscription, reply: Reply) -> None:
        if subscription.gap is not None and "error" not in reply:
            reply = {**reply, "gap": {**subscription.gap, "until": self._now()}}
            subscription.gap = None
        self._deliver(subscription, reply)

    def _can_fill(self, subscription: Subscription, reply: Reply) -> bool:
        return subscription.symbol is not None and epoch(subscription.last) is not None and epoch(reply) is not None

    def _fill(self, subscription: Subscription) -> None:
        """Fetch the ticks between the last one before the gap and the first one after it."""
        assert subscription.held_back
        last, first = epoch(subscription.last), epoch(subscription.held_back[0])
        assert last is not None
        assert first is not None
        # The tick from before the gap again, which a reopened stream may begin with. Only the next one shows the gap.
        if first <= last:
            subscription.held_back = None
            return
        if first == last + 1:  # nothing can be missing between two consecutive seconds, so save the call
            self._filled(subscription, {"history": {"times": [], "prices": []}})
            return
        fields = {
            "ticks_history": subscription.symbol,
            "start": last + 1,
            "end": str(first - 1),
            "count": FILL_LIMIT,
            "style": "ticks",
        }
        self._ask("ticks_history", fields, lambda reply: self._filled(subscription, reply), False)

    def _filled(self, subscription: Subscription, reply: Reply | None) -> None:
        history = (reply or {}).get("history")
        times, prices = (history.get("times"), history.get("prices")) if isinstance(history, dict) else (None, None)
        # The gap may be closed by now: too many updates came in the meantime, or the connection broke again.
        gap, held_back = subscription.gap, subscription.held_back
        if gap is not None and held_back and isinstance(times, list) and isinstance(prices, list):
            last, first = epoch(subscription.last) or 0, epoch(held_back[0]) or 0
            received = zip(times, prices, strict=False)
            missed = {time: quote for time, quote in received if type(time) is int and last < time < first}
            # Report the gap as filled only if no tick can be missing. A reply with FILL_LIMIT ticks may have been cut.
            # If Deriv no longer has the requested ticks, it returns its latest ones, none of which is in the gap.
            gap["filled"] = len(times) < FILL_LIMIT and bool(missed or not times)
            for time, quote in sorted(missed.items()):
                tick = {"symbol": subscription.symbol, "epoch": time, "quote": quote}
                self._push(subscription, {"msg_type": "tick", "tick": tick, "backfilled": True})
        self.release(subscription)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)
