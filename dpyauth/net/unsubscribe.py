"""Ask Deriv to end streams: once, and a few times more if updates still arrive. No I/O."""

from __future__ import annotations

from collections.abc import Callable

from dpyauth.net.gaps import Ask
from dpyauth.net.messages import Reply

TIMES = 4
"""Most times that Deriv is asked to end one stream."""

PAUSE = 5.0
"""Seconds after the first request in which further updates are ignored; three times as long after each further one."""

MOST = 1000
"""Most streams to remember at a time; others are ignored until there is room."""

PROMPT = 5
"""Number of unknown streams that are ended at once; others wait until the rate limits leave room."""


class Unsubscriber:
    """Streams that Deriv was asked to end on one connection.

    Parameters
    ----------
    ask : callable
        Function that sends a request of the connection itself.
    clock : callable
        Function that returns the time, in seconds.
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

        The first request for a stream that was opened here (``known``) is sent at once: the same stream may be opened
        again, which Deriv refuses as long as the old one exists.
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
        """Forget the requests for a stream that Deriv has just opened, as it may use an ID again."""
        self._requests.pop(stream_id, None)  # type: ignore[arg-type]

    def clear(self) -> None:
        """Forget all requests, because the streams ended with the connection."""
        self._requests.clear()

    def _make_room(self, now: float) -> bool:
        """Forget the requests for streams without further updates; return whether there were any."""
        done = [stream_id for stream_id, each in self._requests.items() if not each.is_waiting and now >= each.until]
        for stream_id in done:
            del self._requests[stream_id]
        return bool(done)


class _Requests:
    """Requests to end one stream: their number, and the time before which no further one is sent."""

    __slots__ = ("count", "is_waiting", "until")

    def __init__(self) -> None:
        self.count = 0
        self.until = float("-inf")
        self.is_waiting = False

    def answered(self, reply: Reply | None) -> None:
        self.is_waiting = False
