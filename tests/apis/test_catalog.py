from __future__ import annotations

import json
import re
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from dpyauth.apis.catalog import Call, load, nearest
from dpyauth.errors import InvalidRequest

V3 = load("v3")
SCOPES = {"read", "trade", "trading_information", "payments", "admin"}

READS_DESPITE_THEIR_NAMES = {
    "contract_update_history",
    "partner_account_creation_status",
}
WRITING = re.compile(
    r"buy|sell|cancel|create|delete|update|register|revoke|reset|transfer|deposit|withdraw|topup|logout|upload"
    r"|copy_st|dispute|confirm|review|approval|unsubscribe|new_account_(?!check)|new_partner|^set_|password|verify"
    r"|exchange_verification|redirect|cashier$|connect_copy|p2p_ping|_creation"
)


def test_it_has_every_call_of_v3() -> None:
    assert len(V3) == 137
    assert {"authorize", "balance", "buy", "get_account_status", "ping"} <= set(V3)
    assert all(call.name == name for name, call in V3.items())


def test_it_is_read_once() -> None:
    assert load("v3") is load("v3")
    assert repr(V3) == "<dpyauth catalog of v3: 137 calls>"


def test_what_changes_something_by_its_name_is_marked() -> None:
    unmarked = {name for name in V3 if WRITING.search(name) and not V3[name].changes}
    assert unmarked == READS_DESPITE_THEIR_NAMES


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
def test_others_always_or_never_do(name: str, changes: bool) -> None:
    assert V3[name].changes_with({}) is changes


@pytest.mark.parametrize("name", [name for name in V3 if V3[name].streams != "no"])
def test_a_stream_changes_nothing(name: str) -> None:
    assert "subscribe" in V3[name].fields
    # The exceptions make something, and subscribe to what they have made.
    assert not V3[name].changes or name in {"buy", "p2p_order_create", "p2p_advertiser_create"}


def test_required_fields_and_scopes_are_known_ones() -> None:
    for call in V3.values():
        assert set(call.required) <= set(call.fields), call.name
        assert set(call.scopes) <= SCOPES, call.name
        assert call.needs_auth == bool(call.scopes)


def test_every_schema_is_one() -> None:
    for call in V3.values():
        Draft4Validator(Draft4Validator.META_SCHEMA).validate(call.schema)
        assert {"req_id", "passthrough"} <= set(call.schema["properties"])


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
    """Only keywords of JSON schema, and no text that reads like a sentence."""
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


def test_the_data_file_holds_facts_and_no_prose() -> None:
    text = resources.files("dpyauth.apis").joinpath("v3.json").read_text(encoding="utf-8")
    assert '"description":"' not in text
    for call in json.loads(text).values():
        assert set(call) <= {"summary", "fields", "required", "scopes", "streams", "changes", "extra"}
        assert len(call["summary"].split()) <= 10
        for field in call["fields"].values():
            check_facts(field)
        check_facts(call.get("extra", {}))


def test_sensitive_fields_are_known() -> None:
    assert V3["authorize"].sensitive == {"authorize", "tokens"}
    assert V3["balance"].sensitive == frozenset()
    assert V3["mt5_password_change"].sensitive == {"old_password", "new_password"}


def test_one_call_takes_fields_with_any_name() -> None:
    assert [name for name in V3 if V3[name].open] == ["set_financial_assessment"]


def test_streams() -> None:
    assert V3["ping"].streams == "no"
    assert V3["balance"].streams == "yes"
    assert V3["transaction"].streams == "required"


def test_finding_a_call() -> None:
    assert V3.find("balance") is V3["balance"]


@pytest.mark.parametrize(
    ("wrong", "right"), [("balanse", "balance"), ("Balance", "balance"), ("getLimits", "get_limits"), ("stat", "")]
)
def test_a_wrong_name_gets_the_nearest_right_one(wrong: str, right: str) -> None:
    with pytest.raises(InvalidRequest, match=f"no call named '{wrong}'") as refused:
        V3.find(wrong)
    assert refused.value.call == wrong
    assert f"Did you mean {right!r}?" in str(refused.value) or not right


@given(st.text() | st.integers() | st.none() | st.lists(st.integers()))
def test_any_other_name_is_refused(name: Any) -> None:
    if name in list(V3):
        return
    with pytest.raises(InvalidRequest):
        V3.find(name)


@given(st.text())
def test_nearest_never_fails(name: str) -> None:
    assert nearest(name, V3) == "" or "Did you mean" in nearest(name, V3)
    assert nearest(name, {}) == ""


def test_a_call_without_extras() -> None:
    call = Call("x", "s", {"x": {"type": "integer"}}, ("x",))
    assert not call.open
    assert call.schema["required"] == ["x"]
    assert call.schema["additionalProperties"] is False
