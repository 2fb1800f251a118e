"""Manage the streams of one connection, across reconnects. No I/O.

Equal streams share one subscription at Deriv. After a reconnect, every subscription is requested again; its next update
has the key ``gap``, which says what was missed. The same happens after a temporary error.

Deriv sends the ID of a stream with its first update. A stream cannot be closed without its ID, so one that is closed
earlier stays in the table without listeners, and is closed at Deriv when the ID arrives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dpyauth.errors import DpyauthError
from dpyauth.net.gaps import Ask, Gaps
from dpyauth.net.messages import Reply, error_code
from dpyauth.net.pending import PendingCall, PendingCalls
from dpyauth.net.stream_replies import ALREADY, may_pass, stream_id, symbol_named
from dpyauth.net.subscription import Listener, Subscription
from dpyauth.net.unsubscribe import Unsubscriber
from dpyauth.secret import scrub
from dpyauth.texts.said import said

SETTLED = 120.0
"""Seconds that a reopened stream must have gone on for its count of tries to start again from zero."""


class Subscriptions:
    """Table of the subscriptions of one connection.

    Parameters
    ----------
    ask : callable
        Function that sends a request of the connection itself.
    clock : callable
        Function that returns the time of day, in seconds since 1970.
    reopen_later : callable
        Function that requests a subscription again after a pause. Its second argument is the reason.
    """

    def __init__(
        self,
        ask: Ask,
        clock: Callable[[], float],
        reopen_later: Callable[[Subscription, str], None] = lambda subscription, why: None,
    ) -> None:
        self._clock = clock
        self._reopen_later = reopen_later
        self._gaps = Gaps(ask, clock, self._deliver)
        self.unsubscriber = Unsubscriber(ask, clock)
        self._by_key: dict[str, Subscription] = {}
        self._by_id: dict[int, Subscription] = {}
        self.joining = PendingCalls(self._gave_up)
        """Calls that wait for the reply to another stream's equal request."""

    def __contains__(self, subscription: Subscription) -> bool:
        return self._by_id.get(subscription.req_id) is subscription

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[Subscription]:
        return iter(list(self._by_key.values()))

    def find(self, key: str) -> Subscription | None:
        """Return the subscription that an equal stream already has."""
        return self._by_key.get(key)

    def get(self, req_id: int) -> Subscription | None:
        """Return the subscription that an update with this req_id is for."""
        return self._by_id.get(req_id)

    def is_of_another(self, reply: Reply, subscription: Subscription) -> bool:
        """Return whether an update names the stream of another subscription."""
        found = stream_id(reply)
        if found is None or found in subscription.ids:
            return False
        return any(found in each.ids for each in self._by_id.values())

    def heard_by(self, listener: Listener) -> Subscription | None:
        """Return the subscription whose updates a listener gets."""
        return next((each for each in self._by_key.values() if listener in each.listeners), None)

    def orphans(self) -> list[Listener]:
        """Return the listeners of streams that no code can close any more."""
        return [listener for each in self._by_key.values() for listener in each.listeners if listener.orphaned]

    def add(self, subscription: Subscription) -> None:
        """Add a new subscription."""
        self._by_key[subscription.key] = subscription
        self._by_id[subscription.req_id] = subscription

    def join(self, subscription: Subscription, pending: PendingCall, now: float) -> None:
        """Add one more stream to a subscription. It begins with the latest update."""
        assert pending.listener is not None
        subscription.listeners.append(pending.listener)
        if subscription.live:
            if subscription.last is not None:
                pending.listener.push(subscription.last)
            pending.resolve(subscription.last or {})
        else:
            pending.sent_at = now
            self.joining.add(pending)

    def leave(self, subscription: Subscription, listener: Listener) -> None:
        """Remove a stream; if it was the last one, end the subscription at Deriv."""
        if listener in subscription.listeners:
            subscription.listeners.remove(listener)
        if not subscription.listeners and not subscription.asked:  # if asked, its ID is not known yet
            self._drop(subscription)

    def opened(self, subscription: Subscription, reply: Reply) -> None:
        """Take the reply to the request that opened, or reopened, a subscription."""
        subscription.asked = False
        if "error" in reply:
            self._drop(subscription)
            if subscription.live:  # it was open before, and cannot go on
                for listener in subscription.listeners:
                    listener.refuse(reply)
        else:
            subscription.live = True
            self.unsubscriber.revive(stream_id(reply))
            self.update(subscription, reply)
            errors, subscription.errors = subscription.errors, []
            for error in errors if subscription.many else ():  # about other symbols of the same request
                self.update(subscription, error)
            if not subscription.listeners:  # all of them left while it was being opened
                self._drop(subscription)
        for pending in self._joining(subscription):
            self.joining.remove(pending)
            pending.resolve(reply)

    def update(self, subscription: Subscription, reply: Reply) -> None:
        """Take an update."""
        if subscription not in self:
            self.unsubscribe(reply)
            return
        found = stream_id(reply)
        # Deriv was asked to end this stream, and still sends updates: the request may have failed, so repeat it, and do
        # not deliver the update.
        if found is not None and found in self.unsubscriber:
            self.unsubscriber.unsubscribe(found)
            return
        # An error about one symbol, before the first data about another: `opened` delivers it afterwards.
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
        if found is not None:
            subscription.ids.add(found)
        payload = reply.get(str(reply.get("msg_type")))
        if isinstance(payload, dict) and set(payload) == {"id"}:
            return  # Deriv confirms a stream of transactions like this, without data
        self._gaps.push(subscription, reply)
        self._end_if_over(subscription, reply, found)

    def revives(self, subscription: Subscription, reply: Reply) -> bool:
        """Return whether this update shows that a stream goes on, so that it need not be reopened."""
        others = subscription.many and subscription.ids  # their updates say nothing about the one that failed
        return "error" not in reply and not others and stream_id(reply) not in self.unsubscriber

    def unsubscribe(self, reply: Reply) -> None:
        """Ask Deriv to end the stream that an update belongs to, because it has no listeners here."""
        found = stream_id(reply)
        if found is not None:
            self.unsubscriber.unsubscribe(found)

    def reopen(self, subscription: Subscription, why: str) -> None:
        """Request a stream that was open again, because the error may be temporary."""
        subscription.tries += 1
        subscription.tried_at = self._clock()
        if not (subscription.many and subscription.ids):  # otherwise its other streams go on, and nothing is missed
            self._gaps.begin(subscription, scrub(why))
        self._reopen_later(subscription, why)

    def connection_lost(self, reason: str) -> None:
        """Forget the IDs and requests of the streams, which ended at Deriv with the connection."""
        self.unsubscriber.clear()
        for subscription in self:
            # Released first, because these updates came before the gap that begins now.
            self._gaps.release(subscription)
            subscription.ids.clear()
            subscription.errors.clear()
            subscription.asked = False
            subscription.tries = 0
            if not subscription.listeners:
                self._drop(subscription)
            if subscription.live:
                self._gaps.begin(subscription, reason)

    def fail(self, subscription: Subscription, error: DpyauthError) -> None:
        """End a subscription that could not be opened or reopened."""
        self._drop(subscription)
        for pending in self._joining(subscription):
            self.joining.fail(pending, error.copy(subscription.call))
        for listener in subscription.listeners:
            listener.end(error.copy(subscription.call))

    def end_all(self, error: DpyauthError) -> None:
        """End all subscriptions, because the connection has ended for good."""
        for subscription in self:
            subscription.ids.clear()  # the streams ended with the connection, so Deriv need not be asked to end them
            self._gaps.release(subscription)
            self.fail(subscription, error)

    # Inside

    def _failing(self, subscription: Subscription, reply: Reply) -> Reply | None:
        """Return what to deliver for an update that is an error; None if the error may be temporary."""
        code = error_code(reply) or ""
        if code == ALREADY and subscription.ids:
            return None  # the stream that was requested again is open
        if may_pass(code):
            self.reopen(subscription, said("answered_call_with", call=subscription.call, code=code[:64]))
            if not subscription.many:
                return None
        if subscription.symbols and (symbol := symbol_named(subscription.symbols, reply)):
            reply = {**reply, "symbol": symbol}
        return reply

    def _joining(self, subscription: Subscription) -> list[PendingCall]:
        return [pending for pending in self.joining if pending.subscription is subscription]

    def _gave_up(self, pending: PendingCall) -> None:
        if pending.subscription is not None and pending.listener is not None:
            self.leave(pending.subscription, pending.listener)

    def _deliver(self, subscription: Subscription, reply: Reply) -> None:
        if "error" not in reply:  # without the gap: a stream that joins later gets this update, and has missed nothing
            subscription.last = {name: value for name, value in reply.items() if name != "gap"}
        for listener in list(subscription.listeners):
            listener.push(reply)

    def _end_if_over(self, subscription: Subscription, reply: Reply, found: str | None) -> None:
        """End a subscription if an update means that it is complete; Deriv never says so itself."""
        if "error" in reply:
            over = not subscription.many
        elif found is None:
            over = not subscription.ids  # answered once, without opening a stream
        else:
            contract = reply.get("proposal_open_contract")
            sold = isinstance(contract, dict) and bool(contract.get("is_sold"))
            if sold and subscription.many:
                subscription.ids.discard(found)
                self.unsubscriber.unsubscribe(found)  # a sold contract has no further updates
            over = sold and not subscription.many
        if over:
            self._gaps.release(subscription)
            self._drop(subscription)
            for listener in subscription.listeners:
                listener.end(None)

    def _drop(self, subscription: Subscription) -> None:
        if subscription in self:
            del self._by_key[subscription.key], self._by_id[subscription.req_id]
        for each in subscription.ids:
            self.unsubscriber.unsubscribe(each, known=True)
        subscription.ids.clear()
