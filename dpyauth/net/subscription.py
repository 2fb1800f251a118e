"""One subscription at Deriv, and its listeners. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

from dpyauth.errors import DpyauthError
from dpyauth.net.messages import Reply


class Listener(Protocol):
    """Receiver of a stream's updates. Its methods are called on the connection's thread."""

    @property
    def orphaned(self) -> bool:
        """Return whether its stream is gone, so that no code can close it any more."""

    def push(self, reply: Reply) -> None:
        """Take an update."""

    def refuse(self, reply: Reply) -> None:
        """Take the error reply that ends the stream."""

    def end(self, error: DpyauthError | None) -> None:
        """Take note that the stream is complete, or has ended with an error."""


class Subscription:
    """One subscription at Deriv, shared by all equal streams of a connection.

    Parameters
    ----------
    call, key : str
        Call that opened it, and its fields as text. Equal streams have equal keys.
    req_id : int
        Number of the request that opened it. Deriv repeats it in every update.
    text : str
        Text of that request, to send again after a reconnect.
    symbol : str, optional
        Symbol of a stream of ticks, if there is only one, so that its gaps can be filled.
    many : bool
        True if Deriv opens several streams for it, such as one for each open contract.
    fields : mapping, optional
        Fields of the request, with which its replies are compared.
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
        self.symbols: tuple[str, ...] = tuple(dict.fromkeys(symbols)) if isinstance(symbols, list) else ()
        self.listeners: list[Listener] = []
        self.ids: set[str] = set()  # IDs of its streams at Deriv, known only after their first updates
        self.asked = False  # a request for it has been sent and has no reply yet
        self.live = False  # it has been open once, so from now on it is reopened after an error
        self.tries = 0  # how often in a row it was requested again because of an error
        self.tried_at = 0.0
        self.errors: list[Reply] = []  # errors about single symbols, kept until the first update about another
        self.last: Reply | None = None
        self.gap: dict[str, Any] | None = None  # the gap that the next update will report
        self.held_back: list[Reply] | None = None  # updates that wait for the ticks missed before them
