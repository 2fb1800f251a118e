"""Test building requests from keyword arguments: values are converted exactly, or refused with the reason."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dpyauth.catalog.calls import load
from dpyauth.catalog.convert import convert
from dpyauth.catalog.request import build, keyed, reveal, seal, secrets
from dpyauth.credentials import Secret
from dpyauth.errors import InvalidRequest

V3, OPTIONS = load("v3"), load("options")
EPOCH = 1767225600  # 2026-01-01 00:00 UTC
MIDNIGHT = dt.datetime(2026, 1, 1)
TOKYO = ZoneInfo("Asia/Tokyo")


def one(call: str, name: str, value: Any) -> Any:
    """Return what a field's value is converted to."""
    schemas = V3[call].fields
    needed = {field: schemas[field].get("enum", ["1"])[0] for field in V3[call].required if field != name}
    return build(V3[call], {**needed, name: value}).get(name, "absent")


def refusal(call: str, **fields: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as refused:
        build(V3[call], fields)
    assert refused.value.call == call
    return refused.value


# The field that names the call


def test_the_calls_own_field_is_filled_in_where_it_can_only_be_1() -> None:
    assert build(V3["ping"], {}) == {"ping": 1}
    assert build(V3["ping"], {"ping": 1}) == {"ping": 1}


def test_the_calls_own_field_is_required_where_it_is_a_value() -> None:
    error = refusal("ticks_history", end="latest")
    assert error.field == "ticks_history"
    assert "needs the field 'ticks_history': a symbol" in str(error)


def test_the_error_lists_the_values_of_an_enum() -> None:
    assert "one of 'brief', 'full'" in str(refusal("active_symbols"))
    assert str(refusal("profit_table", sort=2.5)).endswith("takes one of 'ASC', 'DESC', not 2.5.")


def test_long_enums_are_cut() -> None:
    assert "…" in str(refusal("proposal", contract_type=2.5))


def test_the_error_names_the_range() -> None:
    assert "a number from 0 to 999, not 'many'" in str(refusal("statement", limit="many"))


# Names


@pytest.mark.parametrize(
    ("call", "wrong", "hint"),
    [
        ("balance", "acount", "Did you mean 'account'?"),
        ("statement", "zzz", "It takes: action_type, date_from"),
        ("ping", "zzz", "It takes no fields."),
        ("balance", "req_id", "balance"),
    ],
)
def test_an_unknown_field(call: str, wrong: str, hint: str) -> None:
    error = refusal(call, **{wrong: 1})
    assert error.field == wrong
    assert f"'{call}' has no field '{wrong}'." in str(error)
    assert hint in str(error)


def test_one_call_takes_any_field() -> None:
    fields = build(V3["set_financial_assessment"], {"income_source": "Salaried Employee"})
    assert fields["income_source"] == "Salaried Employee"


# Absent values


@pytest.mark.parametrize("value", [None, pd.NA, pd.NaT, np.datetime64("NaT", "us"), pd.array([None], dtype="Int64")[0]])
def test_missing_values_leave_the_field_out(value: Any) -> None:
    assert one("statement", "limit", value) == "absent"
    assert one("ticks_history", "end", "latest") == "latest"


def test_leaving_out_a_needed_field_is_refused() -> None:
    assert refusal("balance", balance=None).field == "balance"


# Numbers


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (5, 5),
        (True, 1),
        (False, 0),
        ("5", 5),
        (" +5 ", 5),
        ("-5", -5),
        (5.0, 5),
        (Decimal("5.00"), 5),
        (np.int64(5), 5),
        (np.uint8(5), 5),
        (np.float64(5), 5),
        (np.bool_(True), 1),
        (np.array(5), 5),
        (pd.Series([5]).iloc[0], 5),
        (pd.array([5], dtype="Int64")[0], 5),
        (MIDNIGHT, EPOCH),
        (MIDNIGHT.date(), EPOCH),
        (MIDNIGHT.replace(microsecond=999_999), EPOCH),
        (MIDNIGHT.replace(tzinfo=TOKYO), EPOCH - 9 * 3600),
        (pd.Timestamp(MIDNIGHT), EPOCH),
        (pd.Timestamp(MIDNIGHT, tz="Asia/Tokyo"), EPOCH - 9 * 3600),
        (np.datetime64("2026-01-01"), EPOCH),
        (np.datetime64("2026-01-01T00:00:00.999999999"), EPOCH),
        (dt.datetime(1969, 12, 31, 23, 59, 59, 500_000), -1),
    ],
)
def test_whole_numbers(given: Any, sent: int) -> None:
    made = convert(given, {"type": "integer"})
    assert made == sent
    assert type(made) is int


@pytest.mark.parametrize(
    "given",
    [
        "",
        "5.0",
        "five",
        "0x5",
        "٥",
        "1e3",
        5.5,
        Decimal("5.5"),
        float("nan"),
        float("inf"),
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        Decimal("1E+999999999"),
        pytest.param(10**5000, id="huge"),
        "9" * 5000,
        np.datetime64("90000-01-01"),
        dt.time(1),
        dt.timedelta(1),
        b"5",
        None,
        [5],
        {},
        object(),
        Secret("5"),
    ],
)
@pytest.mark.parametrize("kind", ["integer", "whole number or nothing"])
def test_values_that_are_not_whole_numbers(given: Any, kind: str) -> None:
    schema = {"type": "integer"} if kind == "integer" else {"type": ["integer", "null"]}
    with pytest.raises((TypeError, ValueError, ArithmeticError)):
        convert(given, schema)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (5, 5),
        (5.25, 5.25),
        ("5.25", 5.25),
        (" 5 ", 5.0),
        (Decimal("0.1"), 0.1),
        (Decimal("10.10"), 10.1),
        (np.float64(5.25), 5.25),
        (np.float32(0.5), 0.5),
        (np.int64(5), 5),
        (True, 1),
        (pd.array([5.25], dtype="Float64")[0], 5.25),
    ],
)
def test_numbers(given: Any, sent: float) -> None:
    made = convert(given, {"type": "number"})
    assert made == sent
    assert type(made) in {int, float}


@pytest.mark.parametrize(
    "given",
    [
        Decimal("0.12345678901234567890"),
        "0.12345678901234567890",
        Decimal("1E+999999999"),
        "1" * 400,
        10**400,
        float("nan"),
        np.nan,
        float("inf"),
        Decimal("NaN"),
        Decimal("sNaN"),
        "NaN",
        "1_000",
        "1e3",
        "",
        None,
        MIDNIGHT,
        complex(1),
        np.complex128(1),
    ],
)
def test_values_that_are_not_numbers_or_would_lose_digits(given: Any) -> None:
    with pytest.raises((TypeError, ValueError, ArithmeticError)):
        convert(given, {"type": "number"})


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_arrives_exactly_or_not_at_all(amount: Decimal) -> None:
    try:
        sent = convert(amount, {"type": "number"})
    except (TypeError, ValueError, ArithmeticError):
        return
    assert json.loads(json.dumps(sent), parse_float=Decimal, parse_int=Decimal) == amount


@pytest.mark.parametrize(("given", "sent"), [(True, True), (0, False), (np.bool_(True), True), (np.int64(1), True)])
def test_true_or_false(given: Any, sent: bool) -> None:
    assert convert(given, {"type": "boolean"}) is sent


@pytest.mark.parametrize("given", [2, -1, "true", 1.0, None])
def test_neither_true_nor_false(given: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        convert(given, {"type": "boolean"})


# Texts


@pytest.mark.parametrize(
    ("call", "name", "given", "sent"),
    [
        ("trading_times", "trading_times", "today", "today"),
        ("trading_times", "trading_times", MIDNIGHT, "2026-01-01"),
        ("trading_times", "trading_times", MIDNIGHT.date(), "2026-01-01"),
        ("trading_times", "trading_times", pd.Timestamp(MIDNIGHT), "2026-01-01"),
        ("profit_table", "date_from", MIDNIGHT.date(), "2026-01-01"),
        ("profit_table", "date_from", MIDNIGHT, str(EPOCH)),
        ("profit_table", "date_from", pd.Timestamp(MIDNIGHT, tz="Asia/Tokyo"), str(EPOCH - 9 * 3600)),
        ("profit_table", "date_from", np.datetime64("2026-01-01"), str(EPOCH)),
        ("profit_table", "date_from", EPOCH, str(EPOCH)),
        ("ticks_history", "end", MIDNIGHT, str(EPOCH)),
        ("ticks_history", "end", MIDNIGHT.date(), str(EPOCH)),
        ("ticks_history", "end", np.int64(EPOCH), str(EPOCH)),
        ("ticks_history", "ticks_history", np.str_("R_100"), "R_100"),
        ("balance", "account", "all", "all"),
        ("proposal", "barrier", Decimal("0.10"), "0.10"),
    ],
)
def test_texts(call: str, name: str, given: Any, sent: str) -> None:
    made = one(call, name, given)
    assert made == sent
    assert type(made) is str


def test_a_date_for_a_text_without_a_pattern_is_a_day() -> None:
    assert convert(MIDNIGHT, {"type": "string"}) == "2026-01-01"


@pytest.mark.parametrize("given", [True, 2.5, b"all", [], {}, None, pytest.param(10**5000, id="huge")])
def test_values_that_are_not_texts(given: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        convert(given, {"type": "string"})


def test_a_pattern_of_another_dialect_is_understood() -> None:
    assert refusal("set_settings", address_line_2=MIDNIGHT).field == "address_line_2"
    assert reveal(one("set_settings", "address_line_2", "Côte 7")) == "Côte 7"


# Lists, dicts, alternatives


@pytest.mark.parametrize(
    "given",
    [
        ["CALL", "PUT"],
        ("CALL", "PUT"),
        {"CALL": 1, "PUT": 1}.keys(),
        pd.Series(["CALL", "PUT"]),
        pd.Index(["CALL", "PUT"]),
        np.array(["CALL", "PUT"]),
        pd.Categorical(["CALL", "PUT"]),
        (name for name in ("CALL", "PUT")),
    ],
)
def test_lists(given: Any) -> None:
    assert one("profit_table", "contract_type", given) == ["CALL", "PUT"]


def test_a_set_and_a_single_item_are_lists_too() -> None:
    assert sorted(one("profit_table", "contract_type", {"CALL", "PUT"})) == ["CALL", "PUT"]
    assert one("profit_table", "contract_type", "CALL") == ["CALL"]
    assert one("profit_table", "contract_type", []) == []


def test_a_dict_is_not_taken_for_a_list() -> None:
    error = refusal("profit_table", contract_type={"CALL": 1})
    assert "takes a list, not a dict" in str(error)


def test_dicts_inside() -> None:
    limits = {"stop_loss": np.float64(5), "take_profit": None}
    assert one("proposal", "limit_order", limits) == {"stop_loss": 5.0}
    assert "takes a dict" in str(refusal("proposal", limit_order=[1]))


def test_alternatives_are_tried_in_their_order() -> None:
    assert one("ticks", "ticks", "R_100") == "R_100"
    assert one("ticks", "ticks", ["R_100", "R_50"]) == ["R_100", "R_50"]
    assert one("ticks", "ticks", pd.Series(["R_100"])) == ["R_100"]
    assert "takes a symbol, such as 'R_100' or a list, not {}" in str(refusal("ticks", ticks={}))


def test_a_field_that_may_be_null_takes_the_other_kind() -> None:
    assert one("set_self_exclusion", "max_balance", "5") == 5
    assert "takes a number, not 'x'" in str(refusal("set_self_exclusion", max_balance="x"))


@pytest.mark.parametrize("value", [Decimal("sNaN"), Decimal("NaN"), float("inf"), pytest.param(10**5000, id="huge")])
@pytest.mark.parametrize("name", ["offset", "limit"])
def test_odd_numbers_are_refused_in_words(name: str, value: Any) -> None:
    assert "number" in str(refusal("statement", **{name: value}))
    assert refusal("ticks", ticks=value).field == "ticks"


def test_long_values_are_cut_in_the_error() -> None:
    assert len(str(refusal("statement", limit="x" * 1000))) < 200


# Passthrough


def test_passthrough_is_whatever_json_can_hold() -> None:
    given = {"a": [1, 2.5, None, True, "x"], "b": {"c": None}, "d": np.int64(4), "e": (1,)}
    assert one("ping", "passthrough", given) == {**given, "d": 4, "e": [1]}


@pytest.mark.parametrize("value", [{"a": MIDNIGHT}, {"a": float("nan")}, {"a": b"x"}, object(), {"a": object()}])
def test_passthrough_refuses_other_values(value: Any) -> None:
    assert refusal("ping", passthrough=value).field == "passthrough"


def test_a_list_inside_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert refusal("ping", passthrough={"a": endless}).field == "passthrough"


# Secrets


@pytest.mark.parametrize("given", ["Pass-word1", Secret("Pass-word1")])
def test_sensitive_values_are_wrapped(given: Any) -> None:
    fields = build(V3["mt5_password_check"], {"login": "MTR1", "password": given, "password_type": "main"})
    assert fields["password"] == Secret("Pass-word1")
    assert secrets(fields) == [Secret("Pass-word1")]
    assert reveal(fields)["password"] == "Pass-word1"
    assert "Pass-word1" not in repr(fields)


@pytest.mark.parametrize(
    ("call", "name", "given"),
    [
        ("copy_start", "copy_start", 73914),
        ("buy_contract_for_multiple_accounts", "tokens", ["73914", "a-73914"]),
        ("p2p_advertiser_payment_methods", "create", [{"method": "x", "account": "73914"}]),
        ("p2p_advertiser_payment_methods", "update", {"1": {"account": "73914"}}),
    ],
)
def test_sensitive_values_inside_lists_and_dicts_are_wrapped(call: str, name: str, given: Any) -> None:
    for value in (given, seal(V3[call], {name: given})[name]):
        made = one(call, name, value)
        assert "73914" not in repr(made)
        assert "73914" in json.dumps(reveal(made))
        assert secrets(made)


@pytest.mark.parametrize("given", [["Pass-word1"], {"a": "Pass-word1"}, b"Pass-word1", 1.25])
def test_a_refused_sensitive_value_is_not_repeated(given: Any) -> None:
    error = refusal("mt5_password_check", password=given)
    assert error.field == "password"
    assert "Pass-word1" not in str(error)
    assert "1.25" not in str(error)


def test_sealing_hides_what_a_traceback_would_show() -> None:
    given = {"password": "Pass-word1", "login": "MTR1", "token": "t-1"}
    assert repr(seal(V3["mt5_password_check"], given)) == "{'password': <secret>, 'login': 'MTR1', 'token': <secret>}"
    assert "Pass-word1" not in repr(seal(None, given))
    assert "MTR1" not in repr(seal(None, given))


# Arbitrary values

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(st.characters(), max_size=20)
    | st.binary(max_size=5)
    | st.dates()
    | st.datetimes()
    | st.datetimes(timezones=st.timezones())
    | st.times()
    | st.timedeltas()
    | st.complex_numbers()
    | hnp.scalar_dtypes().flatmap(hnp.from_dtype)
    | st.sampled_from(
        [pd.NA, pd.NaT, np.datetime64("NaT", "us"), pd.Timestamp(0), pd.Timedelta(1), Secret("s"), Ellipsis]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)
CALLS = st.sampled_from(sorted(V3)).map(V3.__getitem__)


@st.composite
def requests(draw: st.DrawFn) -> Any:
    call = draw(CALLS)
    names = st.sampled_from([*call.fields, "passthrough"])
    return call, draw(st.dictionaries(names, VALUES, max_size=4))


@given(requests())
@example((V3["statement"], {"limit": float("inf")}))
@example((V3["statement"], {"limit": Decimal("1E+5000")}))
@example((V3["statement"], {"date_from": np.timedelta64("NaT", "us")}))
def test_a_request_is_json_or_refused(request: Any) -> None:
    call, fields = request
    try:
        made = build(call, fields)
    except InvalidRequest as refused:
        assert refused.call == call.name  # noqa: PT017
        assert refused.field  # noqa: PT017
        return
    text = json.dumps(reveal(made), allow_nan=False)
    assert set(json.loads(text)) <= {*call.fields, "passthrough"}
    assert set(call.required) <= set(made)


CANARY = "C4nary-v4lue"
HIDING = st.recursive(
    st.just(CANARY) | st.just(Secret(CANARY)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just(CANARY) | st.just("a"), inner, max_size=2),
    max_leaves=3,
)


@given(
    st.sampled_from([(call, name) for call in V3.values() for name in sorted(call.sensitive)]),
    HIDING | st.just(CANARY.encode()),
)
def test_no_sensitive_value_is_ever_shown(field: Any, value: Any) -> None:
    call, name = field
    try:
        made = build(call, {name: value})
    except InvalidRequest as refused:
        assert CANARY not in f"{refused}{vars(refused)}"  # noqa: PT017
    else:
        assert CANARY not in repr({key: kept for key, kept in made.items() if not isinstance(kept, dict)})


# Request IDs


WALLET = {"currency": "USD", "amount": "1.00", "source_wallet_id": str(uuid.UUID(int=1))}
WALLET["destination_wallet_id"] = str(uuid.UUID(int=2))
AGENT = {"data": {"to_nickname": "ann", "amount": "1.00", "currency": "USD"}}


def made(name: str, **given: Any) -> str:
    """Return the request ID in a request."""
    call = OPTIONS[name]
    return call.key_in(keyed(call, build(call, given)))


def test_a_missing_request_id_is_created() -> None:
    for name, fields in (("wallet_transfer", WALLET), ("payment_agent_transfer", AGENT)):
        ids = {made(name, **fields) for _ in range(100)}
        assert len(ids) == 100
        assert {uuid.UUID(each).version for each in ids} == {4}
    assert made("wallet_transfer", **WALLET, request_id=None)
    call = OPTIONS["payment_agent_transfer"]
    whole = keyed(call, build(call, AGENT))
    assert whole["data"].keys() - {"request_id"} == AGENT["data"].keys()
    assert "request_id" not in AGENT["data"]


def test_the_users_own_request_id_is_used_unchanged() -> None:
    own = uuid.uuid4()
    assert made("wallet_transfer", **WALLET, request_id=str(own).upper()) == str(own).upper()
    assert made("wallet_transfer", **WALLET, request_id=own) == str(own)
    assert made("payment_agent_transfer", data={**AGENT["data"], "request_id": "my-1"}) == "my-1"
    assert made("wallet_transfer", **WALLET, request_id=Secret(str(own))) == str(own)  # or it could not be looked up


def test_no_request_id_is_created_for_calls_that_need_none() -> None:
    dry = {**AGENT["data"], "dry_run": True}
    call = OPTIONS["payment_agent_transfer"]
    assert "request_id" not in keyed(call, build(call, {"data": dry}))["data"]
    for name in ("get_accounts", "wallet_list"):
        assert keyed(OPTIONS[name], build(OPTIONS[name], {})) == {}
    assert keyed(V3["buy"], {"buy": "x", "price": 1}) == {"buy": "x", "price": 1}


def test_other_fields_of_a_transfer_are_still_required() -> None:
    with pytest.raises(InvalidRequest) as told:
        build(OPTIONS["wallet_transfer"], {**WALLET, "amount": None})
    assert told.value.field == "amount"
