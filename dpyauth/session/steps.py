"""Describe what a method of the session waits for, step by step."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from dpyauth.net.messages import Reply

if TYPE_CHECKING:
    from dpyauth.session.feed import Feed

T = TypeVar("T")


class Request(NamedTuple):
    """One call to make."""

    call: str
    fields: Mapping[str, Any] = MappingProxyType({})
    timeout: float | None = None
    exact: bool = False
    """True for numbers as `decimal.Decimal`."""
    listener: Feed | None = None
    """Receiver of the updates, when the call opens a stream."""
    account: str | None = None
    """Login ID of the account to ask for, when it is not the one signed in."""

    def __repr__(self) -> str:
        return f"Request({self.call!r})"  # fields may hold secrets


class Batch(NamedTuple):
    """Several calls to make at once. The first error ends them all."""

    requests: Sequence[Request]
    on_reply: Callable[[int, Reply], None]
    """Function to call with each reply when it comes, and the number of its request; on the caller's thread."""


LoopWork = Callable[[], Coroutine[Any, Any, T]]
"""Function that makes a coroutine, which is run on the background thread."""

Steps = Generator[Request | Batch | LoopWork[Any], Any, T]
"""Generator that yields what it waits for: the reply to a request, those to a batch, or work on the background loop."""
