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
    """One subscription: what it listens to and how an event becomes a message."""

    kind: str  # its name for forget_all
    key: tuple[Any, ...]  # two streams of one key on one connection are the same stream
    topics: tuple[str, ...]  # the events it wants: "second", "ledger", "site" or "run"
    update: Update
    echo: Mapping[str, Any]
    loginid: str | None = None  # the account it ends with
    shows_id: bool = True  # whether payloads repeat the id
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def stamp(self, reply: Reply) -> Reply:
        """Put this stream's id on a message."""
        reply.extra["subscription"] = {"id": self.id}
        if self.shows_id and isinstance(reply.payload, dict):
            reply.payload["id"] = self.id
        return reply


class Streams:
    """Every open stream of a connection, by id."""

    def __init__(self) -> None:
        self._by_id: dict[str, Stream] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def on(self, topic: str) -> Iterator[Stream]:
        """Return the streams that want events of this topic (a copy: sending may end them)."""
        return iter([stream for stream in self._by_id.values() if topic in stream.topics])

    def open(self, stream: Stream) -> None:
        """Add a stream, refusing a second one for the same thing."""
        if any(stream.key == other.key for other in self._by_id.values()):
            raise Refusal("AlreadySubscribed", f"You are already subscribed to {stream.kind}.")
        self._by_id[stream.id] = stream

    def count(self, kind: str) -> int:
        """Return how many streams of a kind are open."""
        return sum(stream.kind == kind for stream in self._by_id.values())

    def forget(self, stream_id: str) -> bool:
        """End one stream; return whether there was such a one."""
        return self._by_id.pop(stream_id, None) is not None

    def forget_kinds(self, kinds: Container[str]) -> list[str]:
        """End every stream of these kinds; return their IDs."""
        return self._end([stream.id for stream in self._by_id.values() if stream.kind in kinds])

    def forget_accounts(self, keep: Container[str] = ()) -> list[str]:
        """End the streams of every account not kept."""
        gone = [s.id for s in self._by_id.values() if s.loginid is not None and s.loginid not in keep]
        return self._end(gone)

    def _end(self, ids: list[str]) -> list[str]:
        for stream_id in ids:
            del self._by_id[stream_id]
        return ids
