"""Registry of the functions that answer calls, and the request that each of them gets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from dpyauth.sandbox.client_state import Client
from dpyauth.sandbox.encoding import Refusal, Reply
from dpyauth.sandbox.streams import Stream
from dpyauth.sandbox.users import Account, Token, User
from dpyauth.sandbox.world import World


@dataclass(slots=True)
class Ask:
    """Request that has passed every check."""

    candles_kept: ClassVar[int | None] = None  # number of days; None for ever
    call: str
    request: Mapping[str, Any]
    echo: Mapping[str, Any]
    connection: Client
    now: float
    grant: Token[str] | None = None  # None if not signed in

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field of the request."""
        return self.request.get(name, default)

    @property
    def world(self) -> World:
        """Return the data of the sandbox."""
        return self.connection.world

    @property
    def account(self) -> Account:
        """Return the account that the request is about; only for calls that need a sign-in."""
        assert self.grant is not None
        return self.world.account(self.grant.owner)

    @property
    def user(self) -> User:
        """Return the sender; only for calls that need a sign-in."""
        return self.world.user(self.account.loginid)

    def stream(
        self,
        kind: str,
        key: object,
        topic: str | tuple[str, ...],
        update: Callable[[Any], Reply | None],
        *,
        private: bool = False,
        shows_id: bool = True,
    ) -> Stream:
        """Open a stream for this request."""
        loginid = self.account.loginid if private else None
        topics = (topic,) if isinstance(topic, str) else topic
        stream = Stream(kind, (kind, loginid, key), topics, update, self.echo, loginid, shows_id)
        self.connection.streams.open(stream)
        return stream


class Replies(list[Reply | Refusal]):
    """Several replies to one request. An error in one of them does not affect the others."""


def for_each(make: Callable[[Any], Reply], items: Iterable[Any]) -> Replies:
    """Return one reply for each item."""
    made = Replies()
    for item in items:
        try:
            made.append(make(item))
        except Refusal as refusal:
            made.append(refusal)
    return made


Handler = Callable[[Ask], Reply | Replies]
HANDLERS: dict[str, Handler] = {}


def answers(call: str) -> Callable[[Callable[[Ask], Any]], Callable[[Ask], Any]]:
    """Register the function that answers a call with its payload, or with complete replies."""

    def register(function: Callable[[Ask], Any]) -> Callable[[Ask], Any]:
        def handler(ask: Ask) -> Reply | Replies:
            answer = function(ask)
            return answer if isinstance(answer, Reply | Replies) else Reply(call, answer)

        HANDLERS[call] = handler
        return function

    return register
