"""The streams of one connection."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dpyauth.sandbox.encoding import Refusal, Reply

Update = Callable[[Any], Reply | None]


@dataclass(slots=True, eq=False)
class Stream:
    """Subscription: its events, and the function that turns an event into a message."""

    kind: str  # kind for forget_all
    key: tuple[Any, ...]  # two streams of a connection with the same key are the same stream
    topics: tuple[str, ...]  # its events: "second", "ledger", "site" or "run"
    update: Update
    echo: Mapping[str, Any]
    loginid: str | None = None  # account whose sign-out ends it
    shows_id: bool = True  # whether payloads repeat the ID
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def stamp(self, reply: Reply) -> Reply:
        """Return a message with the ID of this stream."""
        reply.extra["subscription"] = {"id": self.id}
        if self.shows_id and isinstance(reply.payload, dict):
            reply.payload["id"] = self.id
        return reply


class Streams:
    """Open streams of a connection, by ID."""

    def __init__(self) -> None:
        self._by_id: dict[str, Stream] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def on(self, topic: str) -> Iterator[Stream]:
        """Return the streams with this topic, as a copy because sending may end some."""
        return iter([stream for stream in self._by_id.values() if topic in stream.topics])

    def open(self, stream: Stream) -> None:
        """Add a stream; refuse a second one with the same key."""
        if any(stream.key == other.key for other in self._by_id.values()):
            raise Refusal("AlreadySubscribed", f"You are already subscribed to {stream.kind}.")
        self._by_id[stream.id] = stream

    def count(self, kind: str) -> int:
        """Return the number of open streams of a kind."""
        return sum(stream.kind == kind for stream in self._by_id.values())

    def forget(self, stream_id: str) -> bool:
        """End one stream; return whether it existed."""
        return self._by_id.pop(stream_id, None) is not None

    def forget_kinds(self, kinds: Container[str]) -> list[str]:
        """End every stream of these kinds; return their IDs."""
        return self._end([stream.id for stream in self._by_id.values() if stream.kind in kinds])

    def forget_accounts(self, keep: Container[str] = ()) -> list[str]:
        """End the streams of all other accounts."""
        gone = [s.id for s in self._by_id.values() if s.loginid is not None and s.loginid not in keep]
        return self._end(gone)

    def _end(self, ids: list[str]) -> list[str]:
        for stream_id in ids:
            del self._by_id[stream_id]
        return ids
