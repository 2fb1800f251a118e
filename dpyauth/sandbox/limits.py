"""Rate limits: the number of requests of a kind that may be sent in a time."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Final

MOST_PROPOSALS: Final = 5  # streams of one v3 connection
_V3_BUDGETS: Final = {
    **dict.fromkeys(("portfolio", "statement", "profit_table"), "outcome"),
    **dict.fromkeys(("proposal", "proposal_open_contract"), "pricing"),
}
_OPTIONS_BUDGETS: Final = {
    "ping": "ping",
    **dict.fromkeys(("balance", "statement"), "account"),
    **dict.fromkeys(("portfolio", "profit_table"), "outcome"),
    **dict.fromkeys(("proposal", "proposal_open_contract", "buy", "sell"), "pricing"),
}
Windows = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits in ``website_status``: requests per (minute, hour) for each kind of call.

    Parameters
    ----------
    general, outcome, pricing : tuple of int
        Requests per minute and per hour. *outcome* is portfolio, statement and profit_table;
        *pricing* is proposal and proposal_open_contract; everything else is *general*.

    Examples
    --------
    >>> Limits(general=(5, 100)).announce()["max_requestes_general"]["minutely"]
    5
    """

    general: tuple[int, int] = (180, 14_400)
    outcome: tuple[int, int] = (25, 1_500)
    pricing: tuple[int, int] = (80, 3_600)

    def budget(self, call: str) -> str:
        """Return the name of the budget in which a call counts."""
        return _V3_BUDGETS.get(call, "general")

    def windows(self, budget: str) -> Windows:
        """Return a budget as pairs of a number of seconds and the requests allowed in them."""
        minutely, hourly = getattr(self, budget)
        return (60, minutely), (3600, hourly)

    def announce(self) -> dict[str, Any]:
        """Return the limits in the form of ``website_status.api_call_limits`` (``requestes`` is Deriv's spelling)."""

        def block(about: str, numbers: tuple[int, int]) -> dict[str, Any]:
            return {"applies_to": about, "minutely": numbers[0], "hourly": numbers[1]}

        return {
            "max_proposal_subscription": {"applies_to": "streams of proposal", "max": MOST_PROPOSALS},
            "max_requestes_general": block("every other call", self.general),
            "max_requests_outcome": block("portfolio, statement and profit_table", self.outcome),
            "max_requests_pricing": block("proposal and proposal_open_contract", self.pricing),
        }


@dataclass(frozen=True, slots=True)
class OptionsLimits:
    """Limits of the Options API; the lower number if Deriv's pages disagree.

    Parameters
    ----------
    general, account, outcome, pricing : tuple of (int, int)
        Budgets of a user's WebSocket calls, each as pairs of a number of seconds and the requests allowed in them.
        *account* is balance and statement, *outcome* portfolio and profit_table, *pricing* proposal,
        proposal_open_contract, buy and sell; the rest is *general*.
    ping : tuple of (int, int)
        Pings of one connection, which count in no other budget.
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

    def budget(self, call: str) -> str:
        """Return the name of the budget in which a WebSocket call counts."""
        return _OPTIONS_BUDGETS.get(call, "general")

    def windows(self, budget: str) -> Windows:
        """Return a budget."""
        windows: Windows = getattr(self, budget)
        return windows


@dataclass(slots=True)
class Meter:
    """Count of requests against the limits, in windows that begin with their first request."""

    limits: Limits | OptionsLimits | None
    _windows: dict[tuple[Hashable, str, int], tuple[float, int]] = field(default_factory=dict, repr=False)

    def call(self, who: Hashable, connection: int, call: str, now: float) -> bool:
        """Count a WebSocket call; return False if a window is full."""
        budget = self.limits.budget(call) if self.limits else ""
        return self.count(budget, connection if budget == "ping" else who, now)

    def count(self, budget: str, who: Hashable, now: float) -> bool:
        """Count one request; return False if a window is full."""
        for seconds, most in self.limits.windows(budget) if self.limits else ():
            opened, used = self._windows.get((who, budget, seconds), (now, 0))
            if now - opened >= seconds:
                opened, used = now, 0
            if used >= most:
                return False
            self._windows[who, budget, seconds] = (opened, used + 1)
        return True
