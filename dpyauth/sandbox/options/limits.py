"""Rate limits of the Options API. Where Deriv's pages disagree, the lower number."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final

_GROUPS: Final = {
    "ping": "ping",
    **dict.fromkeys(("balance", "statement"), "account"),
    **dict.fromkeys(("portfolio", "profit_table"), "outcome"),
    **dict.fromkeys(("proposal", "proposal_open_contract", "buy", "sell"), "pricing"),
}
Windows = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is allowed: for each budget, pairs of seconds and requests in as many seconds.

    Parameters
    ----------
    general, account, outcome, pricing : tuple of (int, int)
        Budgets of a user's WebSocket calls. *account* is balance and statement, *outcome* portfolio and
        profit_table, *pricing* proposal, proposal_open_contract, buy and sell; the rest is *general*.
    ping : tuple of (int, int)
        Pings of one connection, which no other budget counts.
    rest : tuple of (int, int)
        REST requests with one token.
    address : tuple of (int, int)
        REST requests from one IP address.
    """

    general: Windows = ((60, 220), (3600, 14_400))
    account: Windows = ((60, 100), (3600, 2_000))
    outcome: Windows = ((60, 30), (3600, 1_500))
    pricing: Windows = ((60, 360), (3600, 14_400))
    ping: Windows = ((1, 10),)
    rest: Windows = ((60, 60),)
    address: Windows = ((60, 300), (600, 1_000))


@dataclass(slots=True)
class Meter:
    """Counts against the limits, in windows that open with their first request."""

    limits: Limits | None
    _windows: dict[tuple[Hashable, str, int], tuple[float, int]] = field(default_factory=dict, repr=False)

    def call(self, who: Hashable, connection: int, call: str, now: float) -> bool:
        """Count a WebSocket call; False when a window is full."""
        budget = _GROUPS.get(call, "general")
        return self.count(budget, connection if budget == "ping" else who, now)

    def count(self, budget: str, who: Hashable, now: float) -> bool:
        """Count one request; False when a window is full."""
        if self.limits is None:
            return True
        windows: Windows = getattr(self.limits, budget)
        for seconds, most in windows:
            opened, used = self._windows.get((who, budget, seconds), (now, 0))
            if now - opened >= seconds:
                opened, used = now, 0
            if used >= most:
                return False
            self._windows[who, budget, seconds] = (opened, used + 1)
        return True
