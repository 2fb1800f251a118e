from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dpyauth.apis.shapes import load, private

KINDS = {"text", "flag", "count", "money", "exact", "number", "time", "any"}


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
def test_what_schemas_do_not_say(call: str, path: str, kind: str) -> None:
    node: Any = load("v3")[call].reply
    for step in path.split("."):
        node = node[step]
    assert node == kind


def test_money_that_options_writes_as_text() -> None:
    contract = load("options")["proposal_open_contract"].reply["proposal_open_contract"]
    names = ("buy_price", "profit", "entry_spot", "barrier")
    assert [contract[name] for name in names] == ["money", "money", "exact", "text"]


@pytest.mark.parametrize(
    "name", ["token", "refresh_token", "tokens", "new_password", "email", "phone", "first_name", "address_line_1", "ip"]
)
def test_private(name: str) -> None:
    assert private(name)


@pytest.mark.parametrize(
    "name", ["name", "loginid", "currency", "description", "has_secret_answer", "tip", "address_verified"]
)
def test_not_private(name: str) -> None:
    assert not private(name)
