"""What tokens and apps may be for, and the fewest scopes of Deriv's v3 API that each purpose takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping

PURPOSES: Mapping[str, tuple[str, ...]] = {
    "see_trades": ("trading_information",),
    "see_account": ("read",),
    "trade": ("read", "trade"),
    "move_money": ("read", "payments"),
    "manage": ("read", "admin"),  # without the first, apps could be changed but not listed
}
"""The least each takes, the most harmless first."""

ABILITIES: Mapping[str, frozenset[str]] = {
    "see_trades": frozenset({"read", "trading_information"}),
    "see_account": frozenset({"read"}),
    "trade": frozenset({"trade"}),
    "move_money": frozenset({"payments"}),
    "manage": frozenset({"admin"}),
}
"""What can be done, and the scopes of which one is enough for it."""

DANGEROUS = ("payments", "admin")
"""Scopes with which a stranger could do real harm."""


def dangerous(scopes: Collection[str]) -> list[str]:
    """Those of the scopes that are dangerous in a stranger's hands."""
    return [scope for scope in DANGEROUS if scope in scopes]
