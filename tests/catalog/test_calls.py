"""Test the catalog of calls: every call is there, and finding a call by a wrong or older name."""

from __future__ import annotations

import datetime as dt
import json
import re
from decimal import Decimal
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from dpyauth.catalog import request
from dpyauth.catalog.calls import Call, Catalog, Rest, load, nearest
from dpyauth.errors import InvalidRequest, NotInThisApi
from dpyauth.registry import APIS

V3 = load("v3")
OPTIONS = load("options")
BOTH = [V3, OPTIONS]
SCOPES = {
    "v3": {"read", "trade", "trading_information", "payments", "admin"},
    "options": {"trade", "account_manage", "payment", "application_read"},
}

READS_DESPITE_THEIR_NAMES = {
    "v3": {"contract_update_history", "partner_account_creation_status"},
    "options": {
        *("contract_update_history", "payment_agent_transfer_status", "payment_agent_withdraw_status"),
        "wallet_transfer_validate",
    },
}
POSTED_BUT_READ = {"partners_client_tags_check", "wallet_transfer_validate"}
WRITING = re.compile(
    r"buy|sell|cancel|create|delete|update|register|revoke|reset|transfer|deposit|withdraw|topup|logout|upload"
    r"|copy_st|dispute|confirm|review|approval|unsubscribe|new_account_(?!check)|new_partner|^set_|password|verify"
    r"|exchange_verification|redirect|cashier$|connect_copy|p2p_ping|_creation|auto_(start|stop|pause|resume)"
)


def test_the_catalog_has_every_call_of_v3() -> None:
    assert len(V3) == 137
    assert {"authorize", "balance", "buy", "get_account_status", "ping"} <= set(V3)
    assert all(call.name == name for name, call in V3.items())
    assert all(call.rest is None and call.path_fields == () for call in V3.values())


def test_the_catalog_has_every_call_of_options() -> None:
    assert {name for name, call in OPTIONS.items() if call.rest is None} == {
        *("active_symbols", "contracts_for", "contracts_list", "ticks", "ticks_history", "proposal", "forget"),
        *("forget_all", "ping", "time", "trading_times", "auto_list_strategies", "balance", "portfolio"),
        *("profit_table", "statement", "transaction", "proposal_open_contract", "buy", "sell", "cancel"),
        *("contract_update", "contract_update_history", "auto_get", "auto_list", "auto_start", "auto_stop"),
        *("auto_pause", "auto_resume"),
    }
    assert {name: call.scopes for name, call in OPTIONS.items() if call.rest} == {
        "create_account": ("account_manage",),
        "get_accounts": ("trade",),
        "account_nickname": ("account_manage",),
        "health": (),
        "legacy_accounts": ("trade",),
        "legacy_migration_status": ("trade",),
        "legacy_statement": ("trade",),
        "markup_statistics": ("application_read",),
        "partners_analytics_overview": ("application_read",),
        "partners_client_tags_check": ("application_read",),
        "payment_agent_client_settings": ("payment",),
        "payment_agent_client_settings_update": ("payment",),
        "payment_agent_get": ("payment",),
        "payment_agent_list": ("payment",),
        "payment_agent_statistics": ("payment",),
        "payment_agent_transfer": ("payment",),
        "payment_agent_transfer_status": ("payment",),
        "payment_agent_withdraw": ("payment",),
        "payment_agent_withdraw_status": ("payment",),
        "payment_agent_withdraw_verification": ("payment",),
        "reset_demo_balance": ("trade",),
        "wallet_exchange_rate": ("payment",),
        "wallet_list": ("payment",),
        "wallet_transactions": ("payment",),
        "wallet_transfer": ("payment",),
        "wallet_transfer_exchange": ("payment",),
        "wallet_transfer_platforms": ("payment",),
        "wallet_transfer_validate": ("payment",),
    }


def test_the_file_is_read_once() -> None:
    assert load("v3") is load("v3")
    assert [repr(known) for known in BOTH] == [
        "<dpyauth catalog of v3: 137 calls>",
        "<dpyauth catalog of options: 57 calls>",
    ]


@pytest.mark.parametrize("known", BOTH, ids=APIS)
def test_calls_with_names_of_changes_are_marked(known: Catalog) -> None:
    unmarked = {name for name in known if WRITING.search(name) and not known[name].changes}
    assert unmarked == READS_DESPITE_THEIR_NAMES[known.api]


def test_rest_calls_other_than_get_change_something() -> None:
    for name, call in OPTIONS.items():
        if call.rest:
            assert call.changes is (call.rest.method != "GET" and name not in POSTED_BUT_READ), name


def test_a_dry_run_changes_nothing() -> None:
    call = OPTIONS["payment_agent_transfer"]
    assert not call.changes_with({"data": {"dry_run": True}})
    for data in ({}, {"dry_run": False}, {"dry_run": None}, {"dry_run": 1}, {"dry_run": "true"}, None, [], "dry_run"):
        assert call.changes_with({"data": data})
    assert call.changes_with({"dry_run": True})


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("api_token", "new_token"),
        ("api_token", "delete_token"),
        ("p2p_advertiser_payment_methods", "create"),
        ("p2p_advertiser_payment_methods", "delete"),
        ("p2p_advertiser_payment_methods", "update"),
        ("p2p_advertiser_relations", "add_blocked"),
        ("p2p_advertiser_relations", "remove_favourites"),
        ("transfer_between_accounts", "amount"),
    ],
)
def test_some_calls_change_something_with_some_fields_only(name: str, field: str) -> None:
    assert not V3[name].changes_with({name: 1})
    assert not V3[name].changes_with({name: 1, field: None})
    assert V3[name].changes_with({name: 1, field: 1})


def test_the_fields_that_make_a_change_are_fields_of_the_call() -> None:
    for call in V3.values():
        if not isinstance(call.changes, bool):
            assert set(call.changes) <= set(call.fields), call.name


@pytest.mark.parametrize(("name", "changes"), [("buy", True), ("balance", False)])
def test_other_calls_change_something_always_or_never(name: str, changes: bool) -> None:
    assert V3[name].changes_with({}) is changes


@pytest.mark.parametrize("call", [call for known in BOTH for call in known.values() if call.streams != "no"])
def test_a_stream_changes_nothing(call: Call) -> None:
    assert "subscribe" in call.fields
    # The exceptions create something and subscribe to it.
    assert not call.changes or call.name in {"buy", "auto_start", "p2p_order_create", "p2p_advertiser_create"}


@pytest.mark.parametrize("known", BOTH, ids=APIS)
def test_required_fields_and_scopes_are_known_ones(known: Catalog) -> None:
    for call in known.values():
        assert set(call.required) <= set(call.fields), call.name
        assert set(call.scopes) <= SCOPES[known.api], call.name
        assert call.needs_auth == bool(call.scopes)


@pytest.mark.parametrize("known", BOTH, ids=APIS)
def test_every_schema_is_valid(known: Catalog) -> None:
    for call in known.values():
        Draft4Validator(Draft4Validator.META_SCHEMA).validate(call.schema)
        common = {"req_id", "passthrough"} & set(call.schema["properties"])
        assert common == (set() if call.rest else {"req_id", "passthrough"})


def test_a_rest_call_says_where_it_goes() -> None:
    call = OPTIONS["reset_demo_balance"]
    assert call.rest == Rest("POST", "/trading/v1/options/accounts/{account_id}/reset-demo-balance")
    assert call.path_fields == ("account_id",)
    assert Call("x", "s", {}, (), rest=Rest("GET", "/v1/{a}/of/{b_c}")).path_fields == ("a", "b_c")


def test_parts_of_a_path_are_required_texts() -> None:
    for call in OPTIONS.values():
        assert set(call.path_fields) <= set(call.required), call.name
        assert all(call.fields[name]["type"] == "string" for name in call.path_fields), call.name


def test_a_rest_call_asks_for_what_it_needs() -> None:
    assert request.build(OPTIONS["get_accounts"], {}) == {}
    assert request.build(OPTIONS["payment_agent_get"], {"id": 42}) == {"id": "42"}
    with pytest.raises(InvalidRequest, match="'reset_demo_balance' needs the field 'account_id'"):
        request.build(OPTIONS["reset_demo_balance"], {})
    with pytest.raises(InvalidRequest, match="one of 'demo', 'real'"):
        request.build(OPTIONS["create_account"], {"currency": "USD", "group": "row"})


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("markup_statistics", {"date_from": dt.date(2026, 5, 1), "date_to": dt.date(2026, 5, 6)}),
        ("legacy_statement", {"loginid": "CR12345", "date_from": dt.datetime(2026, 5, 1), "limit": 10}),
        ("payment_agent_transfer", {"data": {"to_nickname": "x", "amount": Decimal("10.50"), "currency": "USD"}}),
        ("profit_table", {"date_from": dt.date(2026, 5, 1), "contract_type": "CALL", "description": True}),
        ("contract_update", {"contract_id": 1, "limit_order": {"stop_loss": 5}}),
        ("forget_all", {"forget_all": ["ticks", "balance"]}),
        ("ticks", {"ticks": "R_100", "subscribe": 1}),
    ],
)
def test_requests_built_for_options_fit_the_schema(name: str, given: dict[str, Any]) -> None:
    Draft4Validator(OPTIONS[name].schema).validate(request.build(OPTIONS[name], given))


def test_a_schema_lets_the_smallest_request_through() -> None:
    schema = V3["balance"].schema
    Draft4Validator(schema).validate({"balance": 1, "req_id": 7, "passthrough": {"a": 1}})
    assert not Draft4Validator(schema).is_valid({"balance": 1, "nonsense": 1})
    assert not Draft4Validator(schema).is_valid({"req_id": 7})


KEYWORDS = {
    "additionalProperties", "anyOf", "const", "default", "else", "enum", "exclusiveMinimum", "if", "items", "maxItems",
    "maxLength", "maxProperties", "maximum", "minItems", "minLength", "minProperties", "minimum", "oneOf", "pattern",
    "patternProperties", "properties", "required", "sensitive", "then", "type", "uniqueItems",
}  # fmt: skip


def check_facts(schema: Any) -> None:
    """Check that the value has only keywords of JSON schema, and no text in the form of a sentence."""
    assert set(schema) <= KEYWORDS
    for key, value in schema.items():
        if key in {"properties", "patternProperties"}:
            for child in value.values():
                check_facts(child)
        elif key in {"items", "if", "then", "else"}:
            check_facts(value)
        elif key in {"oneOf", "anyOf"}:
            for child in value:
                check_facts(child)
        elif key not in {"pattern", "enum"}:
            assert not re.search(r"\w+ \w+ \w+ \w+", json.dumps(value)), value


@pytest.mark.parametrize("api", APIS)
def test_the_data_file_holds_facts_and_no_prose(api: str) -> None:
    text = resources.files("dpyauth.catalog").joinpath(f"{api}.json").read_text(encoding="utf-8")
    assert '"description":"' not in text
    for call in json.loads(text).values():
        assert set(call) <= {
            *("fields", "required", "scopes", "streams", "changes"),
            *("unless", "key", "lookup", "extra", "rest"),
        }
        for field in call["fields"].values():
            check_facts(field)
        check_facts(call.get("extra", {}))


def test_sensitive_fields_are_known() -> None:
    assert V3["authorize"].sensitive == {"authorize", "tokens"}
    assert V3["balance"].sensitive == frozenset()
    assert V3["mt5_password_change"].sensitive == {"old_password", "new_password"}
    assert {name: call.sensitive for name, call in OPTIONS.items() if call.sensitive} == {
        "wallet_transfer": {"description"},
        "wallet_transfer_exchange": {"description", "rate_token"},
        "wallet_transfer_platforms": {"description", "rate_token"},
    }


@pytest.mark.parametrize("show", [request.seal, lambda call, given: request.build(call, given), request.echoed])
def test_a_code_within_another_field_is_sensitive(show: Any) -> None:
    data = {"agent_id": 7, "amount": "5.00", "currency": "USD", "verification_code": "482913"}
    shown = repr(show(OPTIONS["payment_agent_withdraw"], {"data": data}))
    assert "482913" not in shown
    assert "5.00" in shown


def test_one_call_takes_fields_with_any_name() -> None:
    assert [name for name in V3 if V3[name].open] == ["set_financial_assessment"]


def test_streams() -> None:
    assert V3["ping"].streams == "no"
    assert V3["balance"].streams == "yes"
    assert V3["transaction"].streams == "required"
    assert OPTIONS["transaction"].streams == "required"
    assert {name for name in OPTIONS if OPTIONS[name].streams == "yes"} == {
        *("auto_get", "auto_start", "balance", "buy", "proposal", "proposal_open_contract", "ticks", "ticks_history"),
    }


def test_finding_a_call() -> None:
    assert V3.find("balance") is V3["balance"]


def test_an_older_name_of_a_call_is_still_taken() -> None:
    for known in BOTH:
        for older, today in APIS[known.api].older.items():
            assert older not in known
            assert known.find(older) is known[today]
    assert OPTIONS.find("get_nickname").name == "account_nickname"
    with pytest.raises(NotInThisApi) as refused:
        V3.find("get_nickname")
    assert refused.value.nearest == "get_settings"


@pytest.mark.parametrize(
    ("wrong", "right"), [("balanse", "balance"), ("Balance", "balance"), ("getLimits", "get_limits"), ("stat", "")]
)
def test_a_wrong_name_gets_the_nearest_right_one(wrong: str, right: str) -> None:
    with pytest.raises(InvalidRequest, match=f"no call named '{wrong}'") as refused:
        V3.find(wrong)
    assert refused.value.call == wrong
    assert f"Did you mean {right!r}?" in str(refused.value) or not right


@pytest.mark.parametrize(
    ("known", "wrong", "right"),
    [
        (OPTIONS, "get_account_status", "get_accounts"),
        (OPTIONS, "topup_virtual", "reset_demo_balance"),
        (OPTIONS, "mt5_deposit", None),
        (OPTIONS, "authorize", None),
        (V3, "get_accounts", "account_list"),
        (V3, "legacy_statement", "statement"),
        (V3, "auto_start", None),
    ],
)
def test_a_call_of_the_other_api_gets_the_nearest_of_this_one(known: Catalog, wrong: str, right: str | None) -> None:
    with pytest.raises(NotInThisApi) as refused:
        known.find(wrong)
    assert (refused.value.call, refused.value.api, refused.value.nearest) == (wrong, known.api, right)
    text = str(refused.value)
    assert text.startswith(f"{wrong!r}: ")
    assert APIS[known.api].title in text
    assert text.endswith("Nothing was sent.")
    assert ("The closest equivalent is " in text) == bool(right)


def test_the_error_says_what_to_do_instead() -> None:
    with pytest.raises(NotInThisApi, match=r"dpyauth\.login\(\) signs a session in"):
        OPTIONS.find("authorize")
    with pytest.raises(NotInThisApi, match=r"sign in with dpyauth\.login\(api=\"options\"\)"):
        V3.find("auto_start")


@pytest.mark.parametrize("name", sorted(set(V3) - set(OPTIONS)))
def test_no_error_recommends_the_api_that_is_being_retired(name: str) -> None:
    with pytest.raises(NotInThisApi) as refused:
        OPTIONS.find(name)
    for face, method in (("session", "limits"), ("session.aio", "call"), ("fleet", "frame"), ("session", "stream")):
        refused.value.typed(face, method)
        assert 'api="v3"' not in str(refused.value)
        assert not re.search("[{}]", str(refused.value))


@pytest.mark.parametrize(("known", "other"), [(OPTIONS, V3), (V3, OPTIONS)], ids=APIS)
def test_calls_without_a_counterpart_exist_in_the_other_api(known: Catalog, other: Catalog) -> None:
    for name, untold in APIS[known.api].untold.items():
        assert name in other, name
        assert name not in known, name
        told_otherwise = untold.method == f"{{face}}.{name}()" or not APIS[other.api].retiring
        assert untold.page.startswith("https://") or told_otherwise, name
        assert untold.method.startswith(("{face}.", "session.")), name


@pytest.mark.parametrize(("known", "other"), [(OPTIONS, V3), (V3, OPTIONS)], ids=APIS)
def test_the_table_of_nearest_calls_names_existing_calls(known: Catalog, other: Catalog) -> None:
    for name, instead in APIS[known.api].nearest.items():
        assert name in other, name
        assert name not in known, name
        assert instead in known or len(instead.split()) > 3, instead


@given(st.text() | st.integers() | st.none() | st.lists(st.integers()))
def test_any_other_name_is_refused(name: Any) -> None:
    for known in BOTH:
        if name not in list(known):
            with pytest.raises(InvalidRequest):
                known.find(name)


@given(st.text())
def test_nearest_never_fails(name: str) -> None:
    assert nearest(name, V3) in {"", *V3}
    assert nearest(name, {}) == ""


def test_a_call_without_extras() -> None:
    call = Call("x", "s", {"x": {"type": "integer"}}, ("x",))
    assert not call.open
    assert call.schema["required"] == ["x"]
    assert call.schema["additionalProperties"] is False


def test_transfers_with_a_key_can_be_looked_up() -> None:
    options = load("options")
    keyed = {name: call for name, call in options.items() if call.key}
    assert keyed.keys() == {
        *("wallet_transfer", "wallet_transfer_exchange", "wallet_transfer_platforms"),
        *("payment_agent_transfer", "payment_agent_withdraw"),
    }
    for call in keyed.values():
        schema = call.schema
        for name in call.key.split("."):
            schema = schema["properties"][name]
        assert schema["type"] == "string"
        assert call.lookup is not None
        assert not call.lookup.changes
        assert "request_id" in call.lookup.fields
        for place in call.lookup.places():  # other fields are not required
            assert {"request_id", *place} >= set(call.lookup.required)


def test_where_to_look_up_a_request() -> None:
    options = load("options")
    assert options["wallet_transfer"].look({"request_id": "a-1"}) == (
        'session.frame("wallet_transactions", wallet_type="main", request_id="a-1"), '
        'and the same with "p2p", "partner", "payment_agent"'
    )
    agent = options["payment_agent_transfer"]
    assert agent.look({"data": {"request_id": 'b"1'}}) == (
        'session.frame("payment_agent_transfer_status", request_id="b\\"1")'
    )
    assert "session.wallet" in agent.look({"data": {}})  # without an ID, as any other call
    assert agent.key_in({"data": {"request_id": "b", "dry_run": True}}) == ""
