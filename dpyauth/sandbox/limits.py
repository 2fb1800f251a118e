"""Rate limits: how many requests of a kind a user may send in a minute and in an hour."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Final

from dpyauth.sandbox.encoding import Refusal

_OUTCOME: Final = frozenset({"portfolio", "statement", "profit_table"})
MOST_PROPOSALS: Final = 5  # streams of one connection
_PRICING: Final = frozenset({"proposal", "proposal_open_contract"})


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits ``website_status`` announces: requests per (minute, hour) for each kind of call.

    Parameters
    ----------
    general, outcome, pricing : tuple of int
        Requests a minute and requests an hour. *outcome* is portfolio, statement and profit_table;
        *pricing* is proposal and proposal_open_contract; everything else is *general*.

    Examples
    --------
    >>> Limits(general=(5, 100)).announce()["max_requestes_general"]["minutely"]
    5
    """

    general: tuple[int, int] = (180, 14_400)
    outcome: tuple[int, int] = (25, 1_500)
    pricing: tuple[int, int] = (80, 3_600)

    def announce(self) -> dict[str, Any]:
        """The limits as ``website_status.api_call_limits`` spells them (``requestes`` is Deriv's spelling)."""

        def block(about: str, numbers: tuple[int, int]) -> dict[str, Any]:
            return {"applies_to": about, "minutely": numbers[0], "hourly": numbers[1]}

        return {
            "max_proposal_subscription": {"applies_to": "streams of proposal", "max": MOST_PROPOSALS},
            "max_requestes_general": block("every other call", self.general),
            "max_requests_outcome": block("portfolio, statement and profit_table", self.outcome),
            "max_requests_pricing": block("proposal and proposal_open_contract", self.pricing),
        }


@dataclass(slots=True)
class Meter:
    """Counts requests against the limits, in windows that open with their first request."""

    limits: Limits | None
    _windows: dict[tuple[Hashable, str, int], tuple[float, int]] = field(default_factory=dict)

    def count(self, who: Hashable, call: str, now: float) -> None:
        """Count one request, or refuse it when a window is full."""
        if self.limits is None:
            return
        kind = "outcome" if call in _OUTCOME else "pricing" if call in _PRICING else "general"
        for seconds, most in zip((60, 3600), getattr(self.limits, kind), strict=True):
            opened, used = self._windows.get((who, kind, seconds), (now, 0))
            if now - opened >= seconds:
                opened, used = now, 0
            if used >= most:
                raise Refusal("RateLimit", f"You have reached the rate limit for {call}.")
            self._windows[who, kind, seconds] = (opened, used + 1)
