"""List purposes of tokens and apps, with the fewest scopes of Deriv's v3 API for each."""

from __future__ import annotations

from collections.abc import Collection, Mapping

PURPOSES: Mapping[str, tuple[str, ...]] = {
    "see_trades": ("trading_information",),
    "see_account": ("read",),
    "trade": ("read", "trade"),
    "move_money": ("read", "payments"),
    "manage": ("read", "admin"),  # without read, apps could be changed but not listed
}
"""Fewest scopes for each purpose, the most harmless purpose first."""

ABILITIES: Mapping[str, frozenset[str]] = {
    "see_trades": frozenset({"read", "trading_information"}),
    "see_account": frozenset({"read"}),
    "trade": frozenset({"trade"}),
    "move_money": frozenset({"payments"}),
    "manage": frozenset({"admin"}),
}
"""Scopes that give each ability; any one of them is enough."""

DANGEROUS = ("payments", "admin")
"""Scopes with which a stranger could do real harm."""


def dangerous(scopes: Collection[str]) -> list[str]:
    """Return the scopes with which a stranger could do real harm."""
    return [scope for scope in DANGEROUS if scope in scopes]
