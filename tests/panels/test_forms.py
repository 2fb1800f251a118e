"""Test the form of a call, and the request, the JSON and the Python made from it."""

from __future__ import annotations

import ast
import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.catalog.calls import Call, load
from dpyauth.catalog.request import build, reveal
from dpyauth.catalog.shapes import MASK
from dpyauth.credentials import Secret
from dpyauth.panels.forms import OTHERS, Form
from dpyauth.panels.snippets import as_json, as_python
from dpyauth.texts import texts

WORDS = texts("explorer", language="en")
EVERY = [(api, name) for api in ("v3", "options") for name in load(api)]


def say(key: str, **values: object) -> str:
    return WORDS(key, **values)


def form(name: str, api: str = "v3") -> Form:
    return Form(load(api)[name], say)


def shown(name: str, api: str = "v3") -> dict[str, dict[str, Any]]:
    return {field["name"]: field for field in form(name, api).shown()}


def run(python: str) -> tuple[str, dict[str, Any]]:
    """Return the request that this Python makes on a session; every hidden prompt is answered with JSON."""
    asked: list[tuple[str, dict[str, Any]]] = []
    session = SimpleNamespace(call=lambda name, /, **fields: asked.append((name, fields)))
    prompts = SimpleNamespace(getpass=lambda prompt: '["typed"]')
    tree = ast.parse(python)
    tree.body = [each for each in tree.body if not isinstance(each, ast.Import)]
    exec(compile(tree, "<cell>", "exec"), {"session": session, "getpass": prompts, "json": json})
    return asked[0]


# The fields


@pytest.mark.parametrize(("api", "name"), EVERY)
def test_every_call_of_both_apis_has_a_form(api: str, name: str) -> None:
    call = load(api)[name]
    fields = shown(name, api)
    tops = {field.partition(".")[0] for field in fields} - {OTHERS}
    left_out = {"subscribe"} | ({name} if call.fields.get(name, {}).get("enum") == [1] else set())
    assert tops == set(call.fields) - left_out
    for field in fields.values():
        assert field["kind"] in ("choice", "number", "text", "list", "one or list", "json")
        assert (field["kind"] == "choice") == bool(field["choices"])
        assert field["help"] or field["kind"] == "choice"
        assert field["sensitive"] or field["name"] not in call.sensitive
    fronts = [field["front"] for field in form(name, api).shown()]
    assert fronts == sorted(fronts, reverse=True)


def test_limits_defaults_and_values_are_shown() -> None:
    statement = shown("statement")
    assert statement["limit"]["help"] == "A number from 0 to 999."
    assert statement["limit"]["default"] == "100"
    assert statement["offset"]["help"] == "A whole number, 0 or more."
    assert statement["description"]["choices"] == [("0", "0 (no)"), ("1", "1 (yes)")]
    assert statement["loginid"]["help"] == "A login ID."
    assert shown("profit_table")["date_from"]["help"] == "A date, such as 2026-01-31, or seconds since 1970."
    assert shown("trading_times")["trading_times"]["help"] == "A date, such as 2026-01-31. Or: today."
    assert "At most 3 items." in shown("app_markup_details")["sort_fields"]["help"]
    assert "read, trade" in shown("api_token")["new_token_scopes"]["help"]
    assert shown("contract_update")["limit_order.stop_loss"]["help"].endswith("Type null to remove the value.")


def test_fields_of_an_object_are_fields_of_the_form() -> None:
    buy = shown("buy")
    assert buy["parameters.contract_type"]["group"] == "parameters"
    assert buy["parameters.limit_order.stop_loss"]["group"] == "parameters.limit_order"
    assert not buy["parameters.symbol"]["front"]
    assert shown("payment_agent_withdraw", "options")["data.verification_code"]["sensitive"]


# The request


@pytest.mark.parametrize(
    ("name", "texts", "fields"),
    [
        ("statement", {}, {"statement": 1}),
        ("statement", {"limit": " 5 ", "description": "1"}, {"statement": 1, "limit": 5, "description": 1}),
        ("statement", {"description": "0"}, {"statement": 1, "description": 0}),
        ("proposal", {"amount": "10.5"}, {"proposal": 1, "amount": 10.5}),
        ("ticks", {"ticks": "R_100"}, {"ticks": "R_100"}),
        ("ticks", {"ticks": "R_100, R_50,"}, {"ticks": ["R_100", "R_50"]}),
        ("app_register", {"scopes": "read"}, {"app_register": 1, "scopes": ["read"]}),
        (
            "contract_update",
            {"limit_order.stop_loss": "null"},
            {"contract_update": 1, "limit_order": {"stop_loss": None}},
        ),
        ("contract_update", {"contract_id": "7"}, {"contract_update": 1, "contract_id": 7}),
        (
            "buy",
            {"buy": "1", "price": "9", "parameters.symbol": "R_100", "parameters.limit_order.stop_loss": "3"},
            {"buy": "1", "price": 9, "parameters": {"symbol": "R_100", "limit_order": {"stop_loss": 3}}},
        ),
        (
            "set_financial_assessment",
            {"trading_experience": '{"forex": "none"}', OTHERS: '{"income": "low"}'},
            {"set_financial_assessment": 1, "trading_experience": {"forex": "none"}, "income": "low"},
        ),
        ("mt5_new_account", {"migrate": "true"}, {"mt5_new_account": 1, "migrate": True}),
    ],
)
def test_texts_become_typed_fields(name: str, texts: dict[str, str], fields: dict[str, Any]) -> None:
    entered = form(name).read(texts)
    assert entered.wrong == {}
    assert entered.fields == fields
    assert {key: type(value) for key, value in entered.fields.items()} == {key: type(fields[key]) for key in fields}


@pytest.mark.parametrize(
    ("name", "field", "text", "says"),
    [
        ("statement", "limit", "many", "takes a number from 0 to 999, not 'many'"),
        ("statement", "offset", "1.5", "a whole number"),
        ("statement", "action_type", "theft", "not one of the values"),
        ("set_financial_assessment", "trading_experience", "{", "not valid JSON"),
        ("set_financial_assessment", "trading_experience", "[NaN]", "not valid JSON"),
        ("set_financial_assessment", "trading_experience", "[" * 100_000, "not valid JSON"),
        ("set_financial_assessment", "trading_experience", "[1]", "a dict"),
        ("set_financial_assessment", OTHERS, '{"loginid": "CR1"}', "not listed above"),
        ("set_financial_assessment", OTHERS, '{"req_id": 1}', "not listed above"),
        ("buy", "parameters.amount", "1e999", "'parameters.amount'"),
    ],
)
def test_errors_are_shown_at_their_field(name: str, field: str, text: str, says: str) -> None:
    entered = form(name).read({field: text})
    assert says in entered.wrong[field]
    assert not entered.ready


def test_values_beyond_a_limit_are_marked_but_can_be_sent() -> None:
    entered = form("statement").read({"limit": "1000", "loginid": "?"})
    assert entered.doubtful["limit"] == "Deriv may refuse this. A number from 0 to 999."
    assert "login ID" in entered.doubtful["loginid"]
    assert entered.ready
    assert form("statement").read({"limit": "999"}).doubtful == {}
    assert form("new_account_real").read({"address_city": "Bandung"}).doubtful == {}  # not a pattern of Python's
    assert form("document_upload").read({"expected_checksum": "0" * 32}).doubtful == {}


def test_missing_required_fields_are_marked() -> None:
    assert form("ticks_history").read({"end": "latest"}).missing == ("ticks_history",)
    buy = form("buy")
    assert buy.read({}).missing == ("buy", "price")
    within = buy.read({"buy": "1", "price": "1", "parameters.amount": "1"}).missing
    assert within == ("parameters.contract_type", "parameters.currency", "parameters.symbol")
    agent = form("payment_agent_withdraw", "options")
    assert "data.agent_id" in agent.read({}).missing


def test_values_that_deriv_refuses_without_a_reason_are_marked() -> None:
    agent = form("payment_agent_withdraw", "options").read({"data.amount": "1e3", "data.verification_code": "4711"})
    assert agent.wrong["data.amount"].endswith("write '1000'.")
    assert agent.wrong["data.verification_code"].endswith("takes six digits as text.")
    quote = {"source_type": "main", "source_id": "a", "destination_type": "p2p", "destination_id": "b"}
    quote |= {"amount": "5", "balance": "9", "source_currency": "USD", "destination_currency": "EUR"}
    assert list(form("wallet_transfer_validate", "options").read(quote).wrong) == ["rate"]


@given(st.sampled_from(EVERY), st.data())
def test_any_entry_is_read_or_refused(which: tuple[str, str], data: st.DataObject) -> None:
    form = Form(load(which[0])[which[1]], say)
    texts = {field.name: data.draw(st.text(max_size=20)) for field in form.fields}
    entered = form.read(texts)
    if entered.ready and form.call.streams != "required":
        built = build(form.call, entered.fields)
        assert set(built) >= {name for name, value in entered.fields.items() if value is not None}
        assert run(as_python(form.call, entered.fields, form.kinds)["call"])[0] == form.call.name


@given(st.text(min_size=1, max_size=30).filter(str.strip))
def test_python_and_json_agree_with_the_request(text: str) -> None:
    form_of = form("app_register")
    fields = form_of.read({"name": text, "scopes": "read,trade"}).fields
    assert json.loads(as_json(form_of.call, fields)) == fields
    name, asked = run(as_python(form_of.call, fields, form_of.kinds)["call"])
    assert (name, build(form_of.call, asked)) == ("app_register", fields)


# Secrets


@pytest.mark.parametrize(
    ("name", "field", "asks"),
    [
        ("mt5_password_check", "password", 'password=getpass.getpass("password: ")'),
        ("sell_contract_for_multiple_accounts", "tokens", 'tokens=getpass.getpass("tokens: ").split(",")'),
        ("p2p_advertiser_payment_methods", "create", 'create=json.loads(getpass.getpass("create: "))'),
    ],
)
def test_hidden_values_are_masked_and_asked_for(name: str, field: str, asks: str) -> None:
    form_of = form(name)
    fields = form_of.read({}, [field]).fields
    python = as_python(form_of.call, fields, form_of.kinds)["call"]
    assert asks in python
    assert python.startswith("import getpass\n")
    assert json.loads(as_json(form_of.call, fields))[field] == MASK
    assert run(python)[0] == name


@pytest.mark.parametrize(
    ("name", "field", "text", "value"),
    [
        ("mt5_password_check", "password", " Canary-1 ", " Canary-1 "),
        ("sell_contract_for_multiple_accounts", "tokens", "Canary-1, Canary-2", ["Canary-1", "Canary-2"]),
        ("p2p_advertiser_payment_methods", "create", '[{"method": "Canary-1"}]', [{"method": "Canary-1"}]),
    ],
)
def test_secrets_stay_wrapped(name: str, field: str, text: str, value: Any) -> None:
    form_of = form(name)
    entered = form_of.read({field: Secret(text)})
    assert reveal(entered.fields[field]) == value
    for seen in (
        repr(entered),
        as_json(form_of.call, entered.fields),
        repr(as_python(form_of.call, entered.fields, {})),
    ):
        assert "Canary" not in seen


def test_wrong_secret_is_not_repeated() -> None:
    entered = form("p2p_advertiser_payment_methods").read({"create": Secret("[Canary")})
    assert entered.wrong.keys() == {"create"}
    assert "Canary" not in repr(entered)


# Pasting


def test_lines_to_paste() -> None:
    ticks, balance, buy, transaction = form("ticks"), form("balance"), form("buy"), form("transaction")
    streaming = 'with mine.stream("ticks", ticks="R_100") as stream:\n    updates = [stream.next() for _ in range(3)]'
    assert as_python(ticks.call, {"ticks": "R_100"}, {}, "mine") == {
        "call": 'mine.call("ticks", ticks="R_100")',
        "frame": 'mine.frame("ticks", ticks="R_100")',
        "stream": streaming,
    }
    assert as_python(balance.call, {"balance": 1, "account": "all"}, {}).keys() == {"call", "stream"}
    assert as_python(buy.call, {"buy": "1", "price": 1}, {}).keys() == {"call"}
    assert as_python(transaction.call, {"transaction": 1}, {}).keys() == {"stream"}


def test_long_lines_are_broken_and_odd_names_are_unpacked() -> None:
    call = load("v3")["set_financial_assessment"]
    fields = {"set_financial_assessment": 1, "class": "a", "no name": "b", "income": "x" * 60}
    python = as_python(call, fields, {})["call"]
    assert python.splitlines()[0] == "session.call("
    assert run(python) == (call.name, {"income": "x" * 60, "class": "a", "no name": "b"})


def test_calls_over_http_show_method_and_path() -> None:
    catalog = load("options")
    assert as_json(catalog["get_accounts"], {}) == "GET /trading/v1/options/accounts"
    statement = as_json(catalog["payment_agent_list"], {"currency": "U S"})
    assert statement == "GET /payment-agents/v1/agents?currency=U+S"
    reset = catalog["reset_demo_balance"]
    assert as_json(reset, {}) == "POST /trading/v1/options/accounts/{account_id}/reset-demo-balance"
    made = as_json(catalog["create_account"], {"currency": "USD"})
    assert made.splitlines()[0] == "POST /trading/v1/options/accounts"
    assert json.loads(made.partition("\n")[2]) == {"currency": "USD"}


def test_form_of_a_call_without_facts() -> None:
    assert Form(Call("x", "", {}, ()), say).shown() == []
