"""One subscription at Deriv, and those who listen to it. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

from dpyauth.errors import DpyauthError
from dpyauth.net.messages import Reply


class Listener(Protocol):
    """Receiver of a stream's updates; called on the connection's thread."""

    @property
    def orphaned(self) -> bool:
        """Return whether its stream is gone, so that no code can close it any more."""

    def push(self, reply: Reply) -> None:
        """Take an update."""

    def refuse(self, reply: Reply) -> None:
        """Take the error reply that ends the stream."""

    def end(self, error: DpyauthError | None) -> None:
        """Take note of the end: the stream is complete, or ended by an error."""


class Subscription:
    """One subscription at Deriv, shared by all equal streams of a connection.

    Parameters
    ----------
    call, key : str
        Call that opened it, and its fields as text: equal streams have equal keys.
    req_id : int
        Number of the request that opened it. Deriv repeats it in every update.
    text : str
        That request, to send again after a reconnect.
    symbol : str, optional
        Symbol of a stream of ticks that has only one: its gaps can be filled.
    many : bool
        Whether Deriv opens several streams for it, such as one for each open contract.
    fields : mapping, optional
        Fields of that request, with which its replies are compared.
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
        self.ids: set[str] = set()  # of its streams at Deriv; known only from their first updates on
        self.asked = False  # a request for it is on its way
        self.live = False  # it has been open once, so from now on it is reopened rather than failed
        self.tries = 0  # how often in a row it was asked for again because of an error
        self.tried_at = 0.0
        self.errors: list[Reply] = []  # errors about single symbols, kept until the first update about another
        self.last: Reply | None = None
        self.gap: dict[str, Any] | None = None  # what the next update will say was missed
        self.held_back: list[Reply] | None = None  # updates that wait for the ticks missed before them
