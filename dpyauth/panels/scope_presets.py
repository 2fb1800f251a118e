"""List purposes of tokens and apps, with the fewest scopes of Deriv's v3 API that each needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping

PURPOSES: Mapping[str, tuple[str, ...]] = {
    "see_trades": ("trading_information",),
    "see_account": ("read",),
    "trade": ("read", "trade"),
    "move_money": ("read", "payments"),
    "manage": ("read", "admin"),  # without the first, apps could be changed but not listed
}
"""Fewest scopes for each purpose, the most harmless first."""

ABILITIES: Mapping[str, frozenset[str]] = {
    "see_trades": frozenset({"read", "trading_information"}),
    "see_account": frozenset({"read"}),
    "trade": frozenset({"trade"}),
    "move_money": frozenset({"payments"}),
    "manage": frozenset({"admin"}),
}
"""Scopes for each ability, any one of which is enough."""

DANGEROUS = ("payments", "admin")
"""Scopes with which a stranger could do real harm."""


def dangerous(scopes: Collection[str]) -> list[str]:
    """Return those of the scopes that are dangerous in a stranger's hands."""
    return [scope for scope in DANGEROUS if scope in scopes]
