"""Request over a WebSocket of the Options API, for its handlers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from dpyauth.sandbox.encoding import Reply
from dpyauth.sandbox.options.reply_shapes import shaped
from dpyauth.sandbox.streams import Stream
from dpyauth.sandbox.v3 import handlers as v3


@dataclass
class Ask(v3.Ask):
    """Request that has passed every check, with this API's form of money and number of days of candles."""

    money: str = "documented"
    candles_kept: ClassVar[int | None] = 365

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

        def reshaped(event: Any) -> Reply | None:
            reply = update(event)
            return reply and shaped(reply, self.money)

        return super().stream(kind, key, topic, reshaped, private=private, shows_id=shows_id)
