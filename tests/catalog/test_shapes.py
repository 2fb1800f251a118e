"""Test the facts about replies, and how undocumented fields are judged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dpyauth.catalog.shapes import load, mask

KINDS = {"text", "flag", "count", "money", "exact", "number", "time", "moment", "any"}


def leaves(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        assert len({"[]", "{}", "()", "||"} & set(node)) == 0 or len(node) == 1
        for child in node.values():
            yield from leaves(child)
    elif isinstance(node, list):
        assert node
        assert all(isinstance(value, str) and value for value in node)
        assert len(set(node)) == len(node)
    else:
        yield node


@pytest.mark.parametrize("api", ["v3", "options"])
def test_the_facts_are_in_their_notation(api: str) -> None:
    for shape in load(api).values():
        assert {leaf.removeprefix("!") for leaf in leaves(shape.reply)} <= KINDS
        for path in shape.rows:
            node: Any = shape.reply
            for step in path:
                node = node[step]


@pytest.mark.parametrize(
    ("call", "path", "kind"),
    [
        ("statement", "statement.transactions.[].transaction_time", "time"),
        ("statement", "statement.transactions.[].contract_id", "count"),
        ("statement", "statement.transactions.[].amount", "money"),
        ("profit_table", "profit_table.transactions.[].sell_time", "time"),
        ("get_limits", "get_limits.num_of_days", "count"),
        ("get_limits", "get_limits.num_of_days_limit", "money"),
        ("p2p_advertiser_info", "p2p_advertiser_info.buy_time_avg", "count"),
        ("p2p_advertiser_info", "p2p_advertiser_info.daily_buy", "money"),
        ("active_symbols", "active_symbols.[].spot_time", "time"),
        ("active_symbols", "active_symbols.[].pip", "number"),
        ("api_token", "api_token.tokens.[].token", "!text"),
        ("login_history", "login_history.[].ip", "!text"),
        ("login_history", "login_history.[].status", "flag"),
        ("get_settings", "get_settings.date_of_birth", "!time"),
        ("p2p_advertiser_payment_methods", "p2p_advertiser_payment_methods.{}.fields.{}.value", "!text"),
        ("set_settings", "set_settings", "flag"),
        ("contracts_for", "contracts_for.available.[].barrier", "text"),
        ("landing_company_details", "landing_company_details.address.[]", "text"),
    ],
)
def test_facts_that_schemas_do_not_contain(call: str, path: str, kind: str) -> None:
    node: Any = load("v3")[call].reply
    for step in path.split("."):
        node = node[step]
    assert node == kind


def test_money_that_options_writes_as_text() -> None:
    contract = load("options")["proposal_open_contract"].reply["proposal_open_contract"]
    names = ("buy_price", "profit", "entry_spot", "barrier")
    assert [contract[name] for name in names] == ["money", "money", "exact", "text"]


MASKED = "•••"


@pytest.mark.parametrize(
    ("call", "reply", "shown"),
    [
        # Fields that Deriv may add to a known reply
        (
            "get_accounts",
            {"data": [{"account_id": "D1", "name": "Jo"}]},
            {"data": [{"account_id": "D1", "name": MASKED}]},
        ),
        ("ping", {"ping": {"deep": [{"accessToken": "x"}]}}, {"ping": {"deep": [{"accessToken": MASKED}]}}),
        ("app_get", {"app_get": {"app_id": 1, "name": "Mine"}}, {"app_get": {"app_id": 1, "name": "Mine"}}),
        (
            "ping",
            {"is_pin_set": True, "pin": True, "tokens_left": 3},
            {"is_pin_set": True, "pin": True, "tokens_left": 3},
        ),
        # Fields in an unknown call
        ("a_new_one", {"a_new_one": {"otp_url": "x", "left": 1}}, {"a_new_one": {"otp_url": MASKED, "left": 1}}),
        (
            "rate_token",
            {"rate_token": {"rate": 1, "rate_token": "x"}},
            {"rate_token": {"rate": 1, "rate_token": MASKED}},
        ),
        ("rate_token", {"rate_token": "x"}, {"rate_token": MASKED}),
        ("rate_token", {"rate_token": ["x"]}, {"rate_token": MASKED}),
        (
            "x",
            {"clients": [{"name": "Jo"}], "markets": [{"name": "Forex"}]},
            {"clients": [{"name": MASKED}], "markets": [{"name": "Forex"}]},
        ),
    ],
)
def test_undocumented_fields_are_judged_by_their_names(call: str, reply: Any, shown: Any) -> None:
    for api in ("v3", "options"):
        if call in load(api) or call not in load("v3") | load("options"):
            facts = load(api)[call].reply if call in load(api) else None
            assert mask(reply, facts, call=call) == shown
