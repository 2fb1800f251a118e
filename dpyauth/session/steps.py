"""Define the steps that a method of the session yields: requests, batches, and work on the background loop."""

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
    """True to get numbers as `decimal.Decimal`."""
    listener: Feed | None = None
    """Receiver of the updates, if the call opens a stream."""
    account: str | None = None
    """Login ID of the account to ask, if it is not the active one."""

    def __repr__(self) -> str:
        return f"Request({self.call!r})"  # fields may hold secrets


class Batch(NamedTuple):
    """Several calls to make at the same time. The first error ends them all."""

    requests: Sequence[Request]
    on_reply: Callable[[int, Reply], None]
    """Function to call with the number of each request and its reply as it arrives, on the caller's thread."""


LoopWork = Callable[[], Coroutine[Any, Any, T]]
"""Function that returns a coroutine to run on the background thread."""

Steps = Generator[Request | Batch | LoopWork[Any], Any, T]
"""Generator that yields what it waits for, and is sent the result: of a request, a batch, or work on the loop."""
