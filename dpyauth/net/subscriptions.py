"""Streams: who hears which updates, across reconnects. No I/O.

Equal streams share one subscription at Deriv. When the connection comes back, every subscription is asked for again;
its next update carries the key ``gap`` with what was missed, and missed ticks are fetched from ``ticks_history``. So it
is after an error that may be gone in a moment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Protocol

from dpyauth.errors import DpyauthError
from dpyauth.net.messages import Reply, error_code, error_of, leaves_open, says_nothing
from dpyauth.net.pending import PendingCall, PendingCalls
from dpyauth.net.unsubscribe import Ending
from dpyauth.secret import scrub

FILL_LIMIT = 5000
"""The most ticks that Deriv gives in one reply."""

ALREADY = "AlreadySubscribed"
"""Deriv's code for what is streamed already on this connection."""

LONGEST = 1000
"""How much of an error's text is looked at, in characters."""

SETTLED = 120.0
"""A stream that has gone on for so long since it was asked for again starts the count anew, in seconds."""

HOLD = 30
"""How many updates wait for the ticks missed before them; then they go on without."""


class Listener(Protocol):
    """Who hears the updates of a stream; called on the connection's thread."""

    @property
    def orphaned(self) -> bool:
        """Whether nobody is left who could close it."""

    def push(self, reply: Reply) -> None:
        """An update."""

    def refuse(self, reply: Reply) -> None:
        """There will be no more, because of the error in this answer."""

    def end(self, error: DpyauthError | None) -> None:
        """There will be no more: the stream is complete, or ended by an error."""


class Subscription:
    """One subscription at Deriv.

    Parameters
    ----------
    call, key : str
        The call that opened it, and what its fields are, as text.
    req_id : int
        Of the request that opened it.
    text : str
        That request.
    symbol : str, optional
        The one symbol of a stream of ticks, whose gaps can be filled.
    many : bool
        Whether Deriv makes several streams of it, such as one for each open contract.
    fields : mapping, optional
        The fields of that request, with which its replies are compared.
    """

    def __init__(
        self,
        call: str,
        key: str,
        req_id: int,
        text: str,
        symbol: str | None = None,
        many: bool = False,
        fields: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.call = call
        self.key = key
        self.req_id = req_id
        self.text = text
        self.symbol = symbol
        self.many = many
        self.fields = fields
        symbols = fields.get("ticks") if many else None
        self.things: tuple[str, ...] = tuple(dict.fromkeys(symbols)) if isinstance(symbols, list) else ()
        self.listeners: list[Listener] = []
        self.ids: set[str] = set()
        self.asked = False  # a request for it is on its way
        self.live = False
        self.tries = 0  # how often in a row it was asked for again because of an error
        self.tried_at = 0.0
        self.errors: list[Reply] = []  # those of single things, until the first of the others comes
        self.last: Reply | None = None
        self.gap: dict[str, Any] | None = None
        self.held: list[Reply] | None = None  # updates that wait until the gap before them is filled


class Subscriptions:
    """The subscriptions of one connection.

    Parameters
    ----------
    ask : callable
        Sends a request of our own, and calls back with the reply (or with None when there will be none). The last
        argument tells whether it goes at once, or when there is room for it.
    clock : callable
        The time of day, in seconds since 1970.
    again : callable
        Asks for a subscription again after a pause; is told why.
    """

    def __init__(
        self,
        ask: Callable[[str, dict[str, Any], Callable[[Reply | None], None], bool], None],
        clock: Callable[[], float],
        again: Callable[[Subscription, str], None] = lambda subscription, why: None,
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._again = again
        self.ending = Ending(ask, clock)
        self._by_key: dict[str, Subscription] = {}
        self._by_id: dict[int, Subscription] = {}
        self.openers = PendingCalls(self._gave_up)
        """PendingCalls that wait for the reply to another stream's equal request."""

    def __contains__(self, subscription: Subscription) -> bool:
        return self._by_id.get(subscription.req_id) is subscription

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Any:
        return iter(list(self._by_key.values()))

    def find(self, key: str) -> Subscription | None:
        """The subscription that an equal stream already has."""
        return self._by_key.get(key)

    def get(self, req_id: int) -> Subscription | None:
        """The subscription that an update is for."""
        return self._by_id.get(req_id)

    def is_of_another(self, reply: Reply, subscription: Subscription) -> bool:
        """Return whether an update names the stream of another subscription."""
        stream_id = _stream_id(reply)
        if stream_id is None or stream_id in subscription.ids:
            return False
        return any(stream_id in each.ids for each in self._by_id.values())

    def heard_by(self, listener: Listener) -> Subscription | None:
        """The subscription whose updates a listener hears."""
        return next((each for each in self._by_key.values() if listener in each.listeners), None)

    def orphans(self) -> list[Listener]:
        """Those who hear updates, and nobody is left who could close them."""
        return [listener for each in self._by_key.values() for listener in each.listeners if listener.orphaned]

    def add(self, subscription: Subscription) -> None:
        """Enter a new subscription."""
        self._by_key[subscription.key] = subscription
        self._by_id[subscription.req_id] = subscription

    def join(self, subscription: Subscription, pending: PendingCall, now: float) -> None:
        """One more stream for what there is: it begins with the latest update."""
        assert pending.listener is not None
        subscription.listeners.append(pending.listener)
        if subscription.live:
            if subscription.last is not None:
                pending.listener.push(subscription.last)
            pending.resolve(subscription.last or {})
        else:
            pending.sent_at = now
            self.openers.add(pending)

    def leave(self, subscription: Subscription, listener: Listener) -> None:
        """One stream less; the last one ends the subscription at Deriv."""
        if listener in subscription.listeners:
            subscription.listeners.remove(listener)
        if not subscription.listeners and not subscription.asked:  # else its id is not known yet
            self._drop(subscription)

    def opened(self, subscription: Subscription, reply: Reply) -> None:
        """The reply to a request that opened, or after a reconnect reopened, a subscription."""
        subscription.asked = False
        if "error" in reply:
            self._drop(subscription)
            if subscription.live:  # it was a stream already, which now cannot go on
                for listener in subscription.listeners:
                    listener.refuse(reply)
        else:
            subscription.live = True
            self.ending.revive(_stream_id(reply))
            self.update(subscription, reply)
            errors, subscription.errors = subscription.errors, []
            for error in errors if subscription.many else ():  # of others, asked for in the same message
                self.update(subscription, error)
            if not subscription.listeners:  # they left while it was being opened
                self._drop(subscription)
        for opener in self._openers_of(subscription):
            self.openers.remove(opener)
            opener.resolve(reply)

    def update(self, subscription: Subscription, reply: Reply) -> None:
        """An update came in."""
        if subscription not in self:
            self.orphan(reply)
            return
        stream_id = _stream_id(reply)
        if stream_id is not None and stream_id in self.ending:
            self.ending.forget(stream_id)
            return
        if "error" in reply and not subscription.live:
            subscription.errors.append(reply)
            return
        if "error" in reply:
            failing = self._failing(subscription, reply)
            if failing is None:
                return
            reply = failing
        elif subscription.tries and self._clock() - subscription.tried_at > SETTLED:
            subscription.tries = 0
        if stream_id is not None:
            subscription.ids.add(stream_id)
        payload = reply.get(str(reply.get("msg_type")))
        if isinstance(payload, dict) and set(payload) == {"id"}:
            return  # Deriv confirms a stream of transactions like this; there is nothing in it yet
        if subscription.held is not None:
            subscription.held.append(reply)
            if len(subscription.held) > HOLD:
                self._release(subscription)
        elif subscription.gap is not None and self._can_fill(subscription, reply):
            subscription.held = [reply]
            self._fill(subscription)
        else:
            self._push(subscription, reply)
        self._maybe_over(subscription, reply, stream_id)

    def revives(self, subscription: Subscription, reply: Reply) -> bool:
        """Return whether this update shows that a stream goes on that was to be asked for again."""
        others = subscription.many and subscription.ids  # they say nothing of the one that failed
        return "error" not in reply and not others and _stream_id(reply) not in self.ending

    def orphan(self, reply: Reply) -> None:
        """An update of a stream that nobody listens to any more: have Deriv end it."""
        stream_id = _stream_id(reply)
        if stream_id is not None:
            self.ending.forget(stream_id)

    def reopen(self, subscription: Subscription, why: str) -> None:
        """Have a stream that was open, and may be had a moment later, asked for again."""
        subscription.tries += 1
        subscription.tried_at = self._clock()
        if subscription.gap is None and not (subscription.many and subscription.ids):
            subscription.gap = {"since": self._now(), "until": None, "reason": scrub(why), "filled": False}
        self._again(subscription, why)

    def lost(self, reason: str) -> None:
        """The connection is gone, and with it everything that Deriv knew of our streams."""
        self.ending.clear()
        for subscription in self:
            self._release(subscription)
            subscription.ids.clear()
            subscription.errors.clear()
            subscription.asked = False
            subscription.tries = 0
            if not subscription.listeners:
                self._drop(subscription)
            if subscription.live and subscription.gap is None:
                subscription.gap = {"since": self._now(), "until": None, "reason": reason, "filled": False}

    def fail(self, subscription: Subscription, error: DpyauthError) -> None:
        """A subscription could not be opened, or not again."""
        self._drop(subscription)
        for opener in self._openers_of(subscription):
            self.openers.fail(opener, error.copy(subscription.call))
        for listener in subscription.listeners:
            listener.end(error.copy(subscription.call))

    def end_all(self, error: DpyauthError) -> None:
        """The connection has ended for good."""
        for subscription in self:
            subscription.ids.clear()  # gone with the connection: nothing to forget
            self._release(subscription)
            self.fail(subscription, error)

    # Inside

    def _failing(self, subscription: Subscription, reply: Reply) -> Reply | None:
        """Return what to tell of an update that is an error: nothing, while it may be gone in a moment."""
        code = error_code(reply) or ""
        if code == ALREADY and subscription.ids:
            return None  # what was asked for again is there
        if may_pass(code):
            self.reopen(subscription, f"Deriv answered '{subscription.call}' with {code[:64]}")
            if not subscription.many:
                return None
        if subscription.things and (named := _named(subscription.things, reply)):
            reply = {**reply, "symbol": named}
        return reply

    def _openers_of(self, subscription: Subscription) -> list[PendingCall]:
        return [opener for opener in self.openers if opener.subscription is subscription]

    def _gave_up(self, opener: PendingCall) -> None:
        if opener.subscription is not None and opener.listener is not None:
            self.leave(opener.subscription, opener.listener)

    def _push(self, subscription: Subscription, reply: Reply) -> None:
        if subscription.gap is not None and "error" not in reply:
            reply = {**reply, "gap": {**subscription.gap, "until": self._now()}}
            subscription.gap = None
        if "error" not in reply:
            subscription.last = {name: value for name, value in reply.items() if name != "gap"}
        for listener in list(subscription.listeners):
            listener.push(reply)

    def _maybe_over(self, subscription: Subscription, reply: Reply, stream_id: str | None) -> None:
        """Deriv never says that a stream has ended; some replies mean it."""
        if "error" in reply:
            over = not subscription.many
        elif stream_id is None:
            over = not subscription.ids  # answered once, without a stream
        else:
            contract = reply.get("proposal_open_contract")
            sold = isinstance(contract, dict) and bool(contract.get("is_sold"))
            if sold and subscription.many:
                subscription.ids.discard(stream_id)
                self.ending.forget(stream_id)  # nothing more can come of it
            over = sold and not subscription.many
        if over:
            self._release(subscription)
            self._drop(subscription)
            for listener in subscription.listeners:
                listener.end(None)

    def _drop(self, subscription: Subscription) -> None:
        if subscription in self:
            del self._by_key[subscription.key], self._by_id[subscription.req_id]
        for stream_id in subscription.ids:
            self.ending.forget(stream_id, known=True)
        subscription.ids.clear()

    def _can_fill(self, subscription: Subscription, reply: Reply) -> bool:
        return subscription.symbol is not None and _epoch(subscription.last) is not None and _epoch(reply) is not None

    def _fill(self, subscription: Subscription) -> None:
        """Fetch the ticks between the last one before the gap and the first one after it."""
        assert subscription.held
        last, first = _epoch(subscription.last), _epoch(subscription.held[0])
        assert last is not None
        assert first is not None
        if first <= last:  # the tick that was the last before the gap: look again at the next one
            subscription.held = None
            return
        if first == last + 1:
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
        if subscription.gap is not None and subscription.held and isinstance(times, list) and isinstance(prices, list):
            last, first = _epoch(subscription.last) or 0, _epoch(subscription.held[0]) or 0
            told = zip(times, prices, strict=False)
            missed = {epoch: quote for epoch, quote in told if type(epoch) is int and last < epoch < first}
            # Deriv answers with its latest ticks where it does not keep those that were asked for.
            subscription.gap["filled"] = len(times) < FILL_LIMIT and bool(missed or not times)
            for epoch, quote in sorted(missed.items()):
                tick = {"symbol": subscription.symbol, "epoch": epoch, "quote": quote}
                self._push(subscription, {"msg_type": "tick", "tick": tick, "backfilled": True})
        self._release(subscription)

    def _release(self, subscription: Subscription) -> None:
        """Let go of the updates that waited for a gap to be filled."""
        held, subscription.held = subscription.held, None
        for reply in held or ():
            self._push(subscription, reply)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def whole(reply: Reply, live: bool) -> Reply:
    """Return the answer to a request for a stream, as an error where it is none: one without data and without a stream.

    A stream that was ``live`` goes on, so an answer without a stream is one only if it says that a contract was sold.
    """
    if "error" in reply or _stream_id(reply) is not None:
        return reply
    contract = reply.get("proposal_open_contract")
    complete = not live or contract == {} or (isinstance(contract, dict) and contract.get("is_sold"))
    none = {"message": "The answer begins no stream"}
    return reply if complete and not says_nothing(reply) else {**reply, "error": none}


def may_pass(code: str) -> bool:
    """Return whether a stream that Deriv has answered with this code may be had a moment later."""
    return leaves_open(code) or code in {"RateLimit", ALREADY}


def _named(things: tuple[str, ...], reply: Reply) -> str | None:
    """Return which of several things an error is about, where it says so."""
    error = error_of(reply) or {}
    details = error.get("details")
    said = [*(details.values() if isinstance(details, dict) else ()), error.get("message")]
    words = {word for each in said if isinstance(each, str) for word in re.findall(r"\w+", each[:LONGEST])}
    found = [thing for thing in things if thing in words]
    return found[0] if len(found) == 1 else None


def _stream_id(reply: Reply) -> str | None:
    subscription = reply.get("subscription")
    found = subscription.get("id") if isinstance(subscription, dict) else None
    return found if isinstance(found, str) else None


def _epoch(reply: Reply | None) -> int | None:
    tick = (reply or {}).get("tick")
    epoch = tick.get("epoch") if isinstance(tick, dict) else None
    return epoch if type(epoch) is int else None
