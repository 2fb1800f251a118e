"""Ask Deriv to end streams: once, and again if updates go on, but not for ever. No I/O."""

from __future__ import annotations

from collections.abc import Callable

from dpyauth.net.gaps import Ask
from dpyauth.net.messages import Reply

TIMES = 4
"""Times that Deriv is asked to end one stream, at most."""

PAUSE = 5.0
"""Seconds after a request in which further updates are ignored; three times as long after each request."""

MOST = 1000
"""Streams that are remembered at a time; more are ignored until one of them is done with."""

PROMPT = 5
"""Unknown streams that are ended at once; more of them wait until the rate limits leave room."""


class Unsubscriber:
    """Streams that Deriv was asked to end on one connection.

    Parameters
    ----------
    ask : callable
        Sends a request of the connection's own.
    clock : callable
        Time, in seconds.
    """

    def __init__(self, ask: Ask, clock: Callable[[], float]) -> None:
        self._ask = ask
        self._clock = clock
        self._requests: dict[str, _Requests] = {}

    def __contains__(self, stream_id: str | None) -> bool:
        return stream_id in self._requests

    @property
    def is_waiting(self) -> bool:
        """Return whether a reply is still to come."""
        return any(each.is_waiting for each in self._requests.values())

    def unsubscribe(self, stream_id: str, *, known: bool = False) -> None:
        """Ask Deriv to end a stream, unless that was done a moment ago, or often enough.

        The first request for a stream that was opened here (``known``) goes at once: the same stream may be opened
        again, which Deriv refuses while the old one is there.
        """
        now = self._clock()
        requests = self._requests.get(stream_id)
        if requests is None:
            if len(self._requests) >= MOST and not self._make_room(now):
                return
            requests = self._requests[stream_id] = _Requests()
        if requests.is_waiting or requests.count >= TIMES or now < requests.until:
            return
        waiting = sum(each.is_waiting for each in self._requests.values())
        at_once = not requests.count and (known or waiting < PROMPT)
        requests.until = now + PAUSE * 3.0**requests.count
        requests.count += 1
        requests.is_waiting = True
        self._ask("forget", {"forget": stream_id}, requests.answered, at_once)

    def revive(self, stream_id: str | None) -> None:
        """Forget the requests for a stream that Deriv has opened just now: it may use an id twice."""
        self._requests.pop(stream_id, None)  # type: ignore[arg-type]

    def clear(self) -> None:
        """Forget all requests: the streams ended with the connection."""
        self._requests.clear()

    def _make_room(self, now: float) -> bool:
        """Forget the requests for streams that have been silent; return whether there were any."""
        done = [stream_id for stream_id, each in self._requests.items() if not each.is_waiting and now >= each.until]
        for stream_id in done:
            del self._requests[stream_id]
        return bool(done)


class _Requests:
    """Requests to end one stream: how many, and until when there is no further one."""

    __slots__ = ("count", "is_waiting", "until")

    def __init__(self) -> None:
        self.count = 0
        self.until = float("-inf")
        self.is_waiting = False

    def answered(self, reply: Reply | None) -> None:
        self.is_waiting = False
