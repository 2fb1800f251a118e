"""Scope presets contain exactly the scopes that Deriv's calls need."""

from __future__ import annotations

from itertools import combinations

import pytest

from dpyauth.apis import v3
from dpyauth.panels.scope_presets import ABILITIES, DANGEROUS, PURPOSES, dangerous
from dpyauth.registry import V3
from dpyauth.texts import texts

NEEDED = {
    "see_trades": ["balance", "portfolio", "profit_table", "statement", "transaction", "proposal_open_contract"],
    "see_account": ["get_account_status", "get_limits", "get_settings", "login_history", "statement"],
    "trade": ["buy", "sell", "cancel", "contract_update", "balance", "proposal_open_contract", "get_account_status"],
    "move_money": ["cashier", "transfer_between_accounts", "paymentagent_withdraw", "mt5_deposit", "get_limits"],
    "manage": ["api_token", "app_list", "app_register", "oauth_apps", "revoke_oauth_app", "set_settings"],
}
"""Calls that a user with each purpose makes."""


def may(scopes: tuple[str, ...], call: str) -> bool:
    return not set(v3.CATALOG[call].scopes).isdisjoint(scopes)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_each_preset_has_the_needed_scopes_and_no_others(purpose: str) -> None:
    scopes = PURPOSES[purpose]
    assert all(may(scopes, call) for call in NEEDED[purpose])
    for fewer in combinations(scopes, len(scopes) - 1):
        assert not all(may(fewer, call) for call in NEEDED[purpose])


def test_trading_information_adds_nothing_to_read() -> None:
    """So no preset has both."""
    gained = [name for name in v3.CATALOG if may(("read", "trading_information"), name) and not may(("read",), name)]
    assert gained == []


@pytest.mark.parametrize(
    ("ability", "call"),
    [
        ("see_trades", "statement"),
        ("see_account", "get_settings"),
        ("trade", "buy"),
        ("move_money", "cashier"),
        ("manage", "api_token"),
    ],
)
def test_abilities_agree_with_the_catalog(ability: str, call: str) -> None:
    assert ABILITIES[ability] == set(v3.CATALOG[call].scopes)


def test_every_preset_has_texts() -> None:
    words = texts("tokens", language="en")
    assert {f"for_{purpose}" for purpose in PURPOSES} | {f"can_{ability}" for ability in ABILITIES} <= set(words)
    for panel in ("tokens", "apps"):
        keys = {f"{kind}_{scope}" for kind in ("dangerous", "warning") for scope in DANGEROUS}
        assert keys <= set(texts(panel, language="en"))


def test_dangerous_scopes() -> None:
    assert dangerous(["admin", "read"]) == ["admin"]
    assert dangerous(V3.scopes) == ["payments", "admin"]
