"""Having Deriv end what is not wanted any more: once, and again if it goes on, but not for ever. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dpyauth.net.messages import Reply

TIMES = 4
"""How often Deriv is asked to end one stream, at most."""

PAUSE = 5.0
"""How long an update may come in after that without being answered, in seconds; three times as long after each."""

MOST = 1000
"""Of so many streams at a time Deriv is asked to end."""

PROMPT = 5
"""Of so many streams that are not known here Deriv is asked to end at once; of others when there is room for it."""


class Ending:
    """The streams that Deriv was asked to end on one connection.

    Parameters
    ----------
    ask : callable
        Sends a request of our own, and calls back with the reply (or with None when there will be none). The last
        argument tells whether it goes at once, or when there is room for it.
    clock : callable
        The time of day, in seconds since 1970.
    """

    def __init__(
        self,
        ask: Callable[[str, dict[str, Any], Callable[[Reply | None], None], bool], None],
        clock: Callable[[], float],
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._asked: dict[str, _Asked] = {}

    def __contains__(self, stream_id: str | None) -> bool:
        return stream_id in self._asked

    @property
    def waits(self) -> bool:
        """Whether an answer is awaited."""
        return any(asked.waits for asked in self._asked.values())

    def forget(self, stream_id: str, *, known: bool = False) -> None:
        """Have Deriv end a stream, unless that was asked a moment ago, or often enough.

        The first time, it is asked at once for a stream that was opened here (``known``): the same may be opened again.
        """
        now = self._clock()
        asked = self._asked.get(stream_id)
        if asked is None:
            if len(self._asked) >= MOST and not self._make_room(now):
                return
            asked = self._asked[stream_id] = _Asked()
        if asked.waits or asked.times >= TIMES or now < asked.until:
            return
        prompt = not asked.times and (known or sum(each.waits for each in self._asked.values()) < PROMPT)
        asked.until = now + PAUSE * 3.0**asked.times
        asked.times += 1
        asked.waits = True
        self._ask("forget", {"forget": stream_id}, asked.answered, prompt)

    def revive(self, stream_id: str | None) -> None:
        """Take it that Deriv has begun a stream, should it give an id twice."""
        self._asked.pop(stream_id, None)  # type: ignore[arg-type]

    def clear(self) -> None:
        """The connection is gone, and its streams with it."""
        self._asked.clear()

    def _make_room(self, now: float) -> bool:
        """Drop what is done with; return whether there was any."""
        done = [stream_id for stream_id, asked in self._asked.items() if not asked.waits and now >= asked.until]
        for stream_id in done:
            del self._asked[stream_id]
        return bool(done)


class _Asked:
    """How often, and until when not again."""

    __slots__ = ("times", "until", "waits")

    def __init__(self) -> None:
        self.times = 0
        self.until = float("-inf")
        self.waits = False

    def answered(self, reply: Reply | None) -> None:
        self.waits = False
