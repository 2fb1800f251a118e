"""Test requests over HTTP: what is converted, and what is refused before sending because Deriv gives no reason."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.catalog.calls import Schema, load
from dpyauth.catalog.cursors import cursor_of
from dpyauth.catalog.descriptions import LIKE
from dpyauth.catalog.request import build, echoed, reveal, seal
from dpyauth.credentials import Secret
from dpyauth.errors import InvalidRequest

CALLS = load("options")
WALLET, OTHER, REQUEST = (f"0a1b2c3d-0000-4000-8000-00000000000{n}" for n in range(3))
GIVEN: dict[str, dict[str, Any]] = {
    "wallet_list": {},
    "wallet_transactions": {"wallet_type": "main"},
    "wallet_exchange_rate": {"source_currency": "USD", "destination_currency": "EUR"},
    "wallet_transfer": {
        "currency": "USD",
        "amount": "5.00",
        "request_id": REQUEST,
        "source_wallet_id": WALLET,
        "destination_wallet_id": OTHER,
    },
    "wallet_transfer_validate": {
        "source_type": "main",
        "source_id": WALLET,
        "destination_type": "p2p",
        "destination_id": OTHER,
        "amount": "5",
        "balance": "10",
        "source_currency": "USD",
        "destination_currency": "USD",
    },
    "wallet_transfer_platforms": {
        "wallet_id": WALLET,
        "amount": "5",
        "currency": "USD",
        "direction": "from_wallet",
        "platform_name": "options",
        "platform_account_id": "ROT900001",
        "request_id": REQUEST,
    },
    "wallet_transfer_exchange": {
        "source_wallet_id": WALLET,
        "source_currency": "USD",
        "amount": "5.00",
        "destination_wallet_id": OTHER,
        "destination_currency": "EUR",
        "exchange_rate": "0.9",
        "rate_token": "r",
        "request_id": REQUEST,
    },
    "payment_agent_transfer": {"data": {"to_nickname": "n", "amount": "5.00", "currency": "USD"}},
    "payment_agent_withdraw": {
        "data": {"agent_id": 7, "amount": "5.00", "currency": "USD", "verification_code": "123456"}
    },
    "payment_agent_client_settings_update": {"data": {"show_real_name": True}},
    "payment_agent_transfer_status": {"request_id": "abc"},
    "partners_analytics_overview": {"start_date": "2026-01-01", "end_date": "2026-02-01"},
}


def made(call: str, **fields: Any) -> Any:
    """Build a request with some fields of its own, and return it as it is sent."""
    return reveal(build(CALLS[call], {**GIVEN[call], **fields}))


def refused(call: str, **fields: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as error:
        build(CALLS[call], {**GIVEN[call], **fields})
    assert error.value.call == call
    return error.value


def patterns(schema: Schema) -> Iterator[str]:
    if "pattern" in schema:
        yield schema["pattern"]
    for inner in schema.get("properties", {}).values():
        yield from patterns(inner)


def test_the_error_explains_a_pattern_in_words() -> None:
    found = {one for call in CALLS.values() if call.rest for one in patterns({"properties": call.fields})}
    assert found <= set(LIKE)


@pytest.mark.parametrize("call", GIVEN)
def test_a_correct_request_is_sent_unchanged(call: str) -> None:
    assert made(call) == GIVEN[call]


# Money: text with all digits


@pytest.mark.parametrize(
    ("amount", "sent"),
    [
        ("12.50", "12.50"),
        (12, "12"),
        (np.int64(12), "12"),
        (Decimal("12.50"), "12.50"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-18"), "0.000000000000000001"),
        (Decimal("0.123456789012345678"), "0.123456789012345678"),
    ],
)
def test_an_exact_amount_becomes_plain_text(amount: Any, sent: str) -> None:
    assert made("wallet_transfer", amount=amount)["amount"] == sent
    data = {**GIVEN["payment_agent_transfer"]["data"], "amount": amount}
    assert made("payment_agent_transfer", data=data)["data"]["amount"] == sent


@pytest.mark.parametrize(
    ("amount", "write"),
    [
        (12.5, "12.5"),
        (10.0, "10.0"),
        (1e-7, "0.0000001"),
        (1e20, "100000000000000000000"),
        (np.float64(0.1), "0.1"),
        ("1e3", "1000"),
        (" 12.5 ", "12.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("5\n", "5"),
    ],
)
def test_an_amount_that_may_have_lost_digits_is_refused_with_what_to_write(amount: Any, write: str) -> None:
    error = refused("wallet_transfer", amount=amount)
    assert error.field == "amount"
    assert "an exact number as text, such as '12.50'" in str(error)
    assert str(error).endswith(f"; write {write!r}.")
    assert made("wallet_transfer", amount=write)["amount"] == write


def test_an_inexact_amount_inside_another_field_is_refused() -> None:
    error = refused("payment_agent_transfer", data={"to_nickname": "n", "amount": 12.5, "currency": "USD"})
    assert error.field == "data.amount"
    assert str(error) == (
        "The field 'data.amount' of 'payment_agent_transfer' takes an exact number as text, such as '12.50', not 12.5; "
        "write '12.5'."
    )


@pytest.mark.parametrize(
    "amount",
    [
        *("-5", "+5", "12,50", "5 USD", "", "NaN", "１２", "5 5", "1e999999999", b"5"),
        *(-5, True, float("nan"), float("inf"), [5], {"a": 5}),
        *(Decimal("NaN"), Decimal("-1"), Decimal("1E+999999"), Decimal("1E-400")),
    ],
)
@pytest.mark.parametrize("call", ["wallet_transfer", "wallet_transfer_validate"])
def test_values_that_are_not_amounts_are_refused(call: str, amount: Any) -> None:
    error = refused(call, amount=amount)
    assert error.field == "amount"
    assert "write" not in str(error)


@given(st.decimals(0, 10**13, allow_nan=False, places=18) | st.integers(0, 10**13))
def test_no_digit_is_lost(amount: Any) -> None:
    sent = made("wallet_transfer", amount=amount)["amount"]
    assert Decimal(sent) == amount
    assert "E" not in sent


# Currencies, IDs, dates


@pytest.mark.parametrize(
    ("call", "field", "value", "said"),
    [
        ("wallet_list", "conversion_currency", "usd", "three capital letters, such as 'USD', not 'usd'; write 'USD'."),
        ("wallet_list", "conversion_currency", "eUSDT", "three capital letters, such as 'USD', not 'eUSDT'."),
        ("wallet_transactions", "transaction_currency", "$", "three capital letters, such as 'USD', not '$'."),
        ("wallet_exchange_rate", "source_currency", "usd", "capital letters, such as 'USD', not 'usd'; write 'USD'."),
        (
            "wallet_transfer",
            "source_wallet_id",
            "main",
            "takes a UUID, such as 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6', not 'main'.",
        ),
        ("wallet_transfer", "request_id", 1, "takes a UUID, such as 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6', not '1'."),
        ("payment_agent_transfer_status", "request_id", "a b", "128 letters, digits, _ and -, not 'a b'."),
        ("partners_analytics_overview", "end_date", "1.2.2026", "a date, such as '2026-11-29', not '1.2.2026'."),
    ],
)
def test_invalid_currencies_ids_and_dates_are_refused(call: str, field: str, value: Any, said: str) -> None:
    error = refused(call, **{field: value})
    assert error.field == field
    assert str(error).endswith(said)


@pytest.mark.parametrize("value", [float("nan"), Decimal("NaN"), float("inf")])
def test_the_advice_to_write_text_is_for_numbers_only(value: object) -> None:
    assert "write" not in str(refused("payment_agent_transfer_status", request_id=value))


@pytest.mark.parametrize("name", ["dry_run", "request_id", "amount"])
def test_the_error_names_the_place_of_a_misplaced_field(name: str) -> None:
    error = refused("payment_agent_transfer", **{name: True})
    assert error.field == name
    assert (
        str(error) == f"'payment_agent_transfer' has no field '{name}': it belongs in 'data', as data={{'{name}': …}}."
    )


@pytest.mark.parametrize(
    "data",
    [
        '{"verification_code": "914625"}',
        b'{"verification_code": "914625"}',
        [("verification_code", 914625)],
        (("verification_code", "914625"),),
        [{"verification_code": "914625"}],
    ],
)
def test_a_wrong_value_in_place_of_an_object_with_secrets_is_not_shown(data: object) -> None:
    call = CALLS["payment_agent_withdraw"]
    sealed = seal(call, {"data": data})
    assert "914625" not in repr(sealed)
    with pytest.raises(InvalidRequest, match="takes a dict, not") as refusal:
        build(call, sealed)
    assert "914625" not in str(refusal.value)


@pytest.mark.parametrize("data", [None, pd.NA, pd.NaT])
def test_a_missing_object_is_reported(data: object) -> None:
    call = CALLS["payment_agent_withdraw"]
    with pytest.raises(InvalidRequest, match="needs the field 'data'"):
        build(call, seal(call, {"data": data}))


def test_long_currency_codes_are_taken_where_deriv_takes_them() -> None:
    assert made("wallet_exchange_rate", source_currency="TETHER_USD_ERC20_X")["source_currency"] == "TETHER_USD_ERC20_X"
    assert refused("wallet_exchange_rate", source_currency="T" * 19).field == "source_currency"


def test_values_that_deriv_may_add_are_not_refused() -> None:
    assert made("wallet_transactions", wallet_type="system", per_page=7) == {"wallet_type": "system", "per_page": 7}
    assert made("wallet_transfer_platforms", platform_name="new")["platform_name"] == "new"


@pytest.mark.parametrize(
    ("time", "sent"),
    [
        (dt.datetime(2026, 1, 1, 12, 30), 1767270600),
        (dt.datetime(2026, 1, 1, 12, 30, tzinfo=dt.UTC), 1767270600),
        (pd.Timestamp("2026-01-01 12:30"), 1767270600),
        (np.datetime64("2026-01-01T12:30"), 1767270600),
        (dt.date(2026, 1, 1), 1767225600),
        ("2026-01-01T12:30:00Z", "2026-01-01T12:30:00Z"),
        (1767270600, "1767270600"),
        (1767270600.0, 1767270600),
    ],
)
@pytest.mark.parametrize("call", ["wallet_list", "wallet_transactions"])
def test_a_time_keeps_its_time_of_day(call: str, time: Any, sent: Any) -> None:
    request = made(call, start_date_time=time, end_date_time=time)
    assert (request["start_date_time"], request["end_date_time"]) == (sent, sent)


# Fields within fields


@pytest.mark.parametrize(
    ("data", "field", "said"),
    [
        ({"to_nickname": "n", "amount": "5", "currency": "USD", "dryrun": True}, "data.dryrun", "mean 'dry_run'?"),
        ({"to_nickname": "n", "amount": "5"}, "data.currency", "needs the field 'data.currency': a currency code"),
        ({"to_nickname": "n", "amount": "5", "currency": None}, "data.currency", "needs the field 'data.currency'"),
        ({"to_nickname": "n", "amount": "5", "currency": "usd"}, "data.currency", "write 'USD'."),
        ({"to_nickname": "n", "amount": "5", "currency": "USD", "dry_run": "yes"}, "data.dry_run", "True or False"),
        ("n", "data", "a dict, not "),
        ([], "data", "a dict, not []"),
    ],
)
def test_a_field_within_a_field_is_named(data: Any, field: str, said: str) -> None:
    error = refused("payment_agent_transfer", data=data)
    assert error.field == field
    assert said in str(error)


@pytest.mark.parametrize("code", ["C4nary", 4715, "47110815", ["471108"], "471108\n"])
@pytest.mark.parametrize("wrap", [lambda code: code, lambda code: Secret(code) if isinstance(code, str) else code])
def test_a_wrong_code_is_not_repeated(code: Any, wrap: Any) -> None:
    data = {**GIVEN["payment_agent_withdraw"]["data"], "verification_code": wrap(code)}
    error = refused("payment_agent_withdraw", data=data)
    assert error.field == "data.verification_code"
    assert "six digits as text" in str(error)
    assert not any(part in f"{error!r} {vars(error)}" for part in ("C4nary", "471"))


def test_secret_and_personal_values_are_sent_but_not_shown() -> None:
    personal = {"description": "for C4nary", "rate_token": "C4nary-quote"}
    built = build(CALLS["wallet_transfer_exchange"], {**GIVEN["wallet_transfer_exchange"], **personal})
    assert "C4nary" not in repr(built)
    assert reveal(built).items() >= personal.items()
    assert "C4nary" not in json.dumps(echoed(CALLS["wallet_transfer_exchange"], personal))
    notes = {"data": {**GIVEN["payment_agent_transfer"]["data"], "notes": "for C4nary"}}
    assert "C4nary" not in repr(build(CALLS["payment_agent_transfer"], notes))


# Fields that depend on each other

QUOTE = {"wallet_currency": "EUR", "exchange_rate": "1.1", "rate_token": "C4nary"}


@pytest.mark.parametrize("missing", [["rate_token"], ["exchange_rate"], ["wallet_currency", "rate_token"]])
def test_a_quote_is_complete_or_absent(missing: list[str]) -> None:
    assert made("wallet_transfer_platforms", **QUOTE).items() >= QUOTE.items()
    error = refused("wallet_transfer_platforms", **{**QUOTE, **dict.fromkeys(missing)})
    assert error.field == missing[0]
    assert f"{missing[0]!r} is missing" in str(error)
    assert "C4nary" not in str(error)


def test_a_rate_belongs_to_two_currencies() -> None:
    assert refused("wallet_transfer_validate", destination_currency="EUR").field == "rate"
    assert made("wallet_transfer_validate", destination_currency="EUR", rate=Decimal("0.9"))["rate"] == "0.9"
    error = refused("wallet_transfer_validate", rate="1")
    assert str(error).endswith("takes no 'rate' if both currencies are USD: leave it out.")


# Pages


@pytest.mark.parametrize(
    "given",
    [
        "eyJhIjoxfQ==",
        "  eyJhIjoxfQ==\n",
        "?page_cursor=eyJhIjoxfQ%3D%3D",
        "page_cursor=eyJhIjoxfQ==",
        "/wallet/v1/transactions/main?per_page=100&page_cursor=eyJhIjoxfQ%3D%3D",
        "https://api.derivws.com/wallet/v1/transactions/main?page_cursor=eyJhIjoxfQ%3D%3D&per_page=100#x",
        "https://evil.example/?page_cursor=eyJhIjoxfQ%3D%3D",
    ],
)
def test_a_cursor_is_extracted_from_links_and_addresses(given: str) -> None:
    assert made("wallet_transactions", page_cursor=given)["page_cursor"] == "eyJhIjoxfQ=="


@pytest.mark.parametrize(
    "given", ["https://evil.example/", "https://api.derivws.com/wallet?page_cursor=", "?per_page=100", "page_cursor="]
)
def test_an_address_without_a_cursor_is_refused(given: str) -> None:
    error = refused("wallet_transactions", page_cursor=given)
    assert error.field == "page_cursor"


@given(st.text(alphabet="abcXYZ019+/=-_.", min_size=1))
def test_a_cursor_alone_stays_as_it_is(cursor: str) -> None:
    assert cursor_of(cursor) == cursor
