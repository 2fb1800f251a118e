"""Every frame survives a Parquet file: the frame that is read equals the frame that was written."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import plain

from dpyauth import frames
from dpyauth.catalog.calls import load
from dpyauth.columns import Column
from dpyauth.frames import Context, for_storage, ledger
from dpyauth.frames.build import frame
from dpyauth.frames.generic import promised
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

CONTEXT = Context("some_call", "CR90000001", datetime(2026, 11, 24, 12, tzinfo=UTC), request='{"some_call": 1}')

Ask = Callable[[Session], pd.DataFrame]

ASKED: dict[str, Ask] = {
    "account_status": lambda session: session.account_status(),
    "accounts": lambda session: session.accounts(),
    "api_tokens": lambda session: session.api_tokens(),
    "apps": lambda session: session.apps(),
    "balance": lambda session: session.balance(),
    "calls": lambda session: session.calls(),
    "candles": lambda session: session.candles("R_100", "4h", since="2026-11-01", until="2026-11-20"),
    "currencies": lambda session: session.currencies(),
    "events": lambda session: session.events(),
    "exchange_rates": lambda session: session.exchange_rates("USD"),
    "landing_company": lambda session: session.landing_company("id"),
    "limits": lambda session: session.limits(),
    "login_history": lambda session: session.login_history(),
    "market_limits": lambda session: session.limits("markets"),
    "mt5_accounts": lambda session: session.mt5_accounts(),
    "portfolio": lambda session: session.portfolio(),
    "profit_table": lambda session: session.profit_table(since="2026-10-01"),
    "settings": lambda session: session.settings(),
    "site_currencies": lambda session: session.site("currencies"),
    "site_limits": lambda session: session.site("limits"),
    "statement": lambda session: session.statement(since="2026-10-01"),
    "status_flags": lambda session: session.status_flags(),
    "cashier_problems": lambda session: frames.cashier_problems({"cashier_validation": ["ASK_CURRENCY", "New"]}),
    "ticks": lambda session: session.ticks("R_100"),
    "trading_times": lambda session: session.trading_times(),
    "transfer_fees": lambda session: session.site("fees"),
    "transfer_limits": lambda session: session.limits("transfers"),
    "verification": lambda session: session.verification(),
}
EMPTY: dict[str, pd.DataFrame] = {
    **{
        build.__name__: build(None, CONTEXT)
        for build in (
            *(frames.account_status, frames.accounts, frames.api_tokens, frames.apps, frames.attempts, frames.balance),
            *(frames.candles, frames.cashier_problems, frames.currencies, frames.exchange_rates),
            *(frames.jurisdictions, frames.landing_company, frames.limits, frames.market_limits, frames.markup),
            *(frames.mt5_accounts, frames.open_contracts, frames.options_status, frames.ownership_requests),
            *(frames.partner_overview, frames.settings, frames.site_currencies, frames.site_limits),
            *(frames.status_flags, frames.ticks, frames.trading_times, frames.transfer_fees),
            *(frames.transfer_limits, frames.verification, frames.wallet_transactions, frames.wallets),
        )
    },
    "login_history": ledger.login_history([], CONTEXT),
    "profit_table": ledger.profit_table([], CONTEXT),
    "statement": ledger.statement([], CONTEXT),
    "updates": frames.updates("ticks", []),
}


def again(table: pd.DataFrame) -> pd.DataFrame:
    """Write a frame to Parquet, and read it back."""
    return pd.read_parquet(io.BytesIO(table.to_parquet(None, engine="pyarrow")), engine="pyarrow")


def same(table: pd.DataFrame, other: pd.DataFrame) -> None:
    assert other.attrs == table.attrs
    assert [str(dtype) for dtype in other.dtypes] == [str(dtype) for dtype in table.dtypes]
    objects = list(table.select_dtypes("object"))
    for name in objects:
        assert list(map(plain, other[name])) == list(map(plain, table[name])), name
    pd.testing.assert_frame_equal(table.drop(columns=objects), other.drop(columns=objects))


@pytest.fixture(scope="module")
def asked() -> Any:
    """Return the answers of a session with all scopes, by frame."""
    from dpyauth.credentials import api_token
    from dpyauth.settings import settings

    with Sandbox(limits=None) as box:
        session = Session(settings(app_id=box.app_id, server=box.url), timeout=10)
        try:
            session.core.sign_in_and_wait(api_token("sandbox-rich-all", "a test"))
            yield {name: ask(session) for name, ask in ASKED.items()}
        finally:
            session.close()


@pytest.mark.parametrize("name", ASKED)
def test_answers_of_a_session_survive_parquet(asked: dict[str, pd.DataFrame], name: str) -> None:
    table = asked[name]
    assert len(table)
    same(table, again(table))


def test_an_all_accounts_frame_survives_too(asked: dict[str, pd.DataFrame]) -> None:
    table = frames.concat_accounts({"CR900001": asked["statement"], "CR900002": asked["statement"]}, EMPTY["statement"])
    same(table, again(table))


@pytest.mark.parametrize("name", EMPTY)
def test_an_empty_frame_keeps_its_dtypes_and_categories(name: str) -> None:
    table = EMPTY[name]
    before = table.copy(deep=True)
    same(table, frames.restored(again(for_storage(table))))
    feather = io.BytesIO()
    for_storage(table).reset_index(drop=not table.index.name).to_feather(feather)
    read = frames.restored(pd.read_feather(feather))
    assert read.dtypes.astype(str)[-table.shape[1] :].tolist() == table.dtypes.astype(str).tolist()
    pd.testing.assert_frame_equal(table, before)


def test_additional_columns_of_one_account_keep_all_dtypes() -> None:
    known, new = {"loginid": "A", "balance": 1.5, "type": "deriv"}, {"loginid": "B", "type": "ctrader", "zz": 7}
    parts = {"A": frames.balance({"accounts": [known]}), "B": frames.balance({"accounts": [new]}), "C": TimeoutError()}
    table = frames.concat_accounts(parts, frames.balance(None))
    assert table["type"].cat.categories.tolist() == ["deriv", "mt5", "ctrader"]
    assert str(table["zz"].dtype) == "Int64"
    assert table.columns[-1] == "error"
    same(table, again(for_storage(table)))


def test_every_dtype_survives() -> None:
    columns = [
        Column("text"),
        Column("enum", "enum", values=("low", "high", "unused"), ordered=True),
        Column("flag", "flag"),
        Column("count", "count"),
        Column("money", "money"),
        Column("number", "number"),
        Column("time", "time"),
        Column("list", "list"),
    ]
    full = {"text": "ü ", "enum": "high", "flag": 1, "count": 2**62 + 1, "money": 0.1, "number": 7, "list": ["a", "b"]}
    table = frame([{**full, "time": 1_790_000_000.123456}, {}, {"time": -1}], columns, CONTEXT, decimal=True)
    read = again(table)
    same(table, read)
    assert read["enum"].cat.categories.tolist() == ["low", "high", "unused"]
    assert read["enum"].cat.ordered
    assert read["time"].dt.unit == "us"
    assert read["money"].tolist() == [Decimal("0.1"), None, None]


def test_exact_money_stays_exact_with_the_most_decimals_of_the_column() -> None:
    table = frames.balance({"accounts": {"A": {"balance": 10.5}, "B": {"balance": 0.00000001}}}, decimal=True)
    read = again(table)["balance"].tolist()
    assert read == table["balance"].tolist() == [Decimal("10.5"), Decimal("0.00000001")]
    assert str(read[0]) == "10.50000000"


@pytest.mark.parametrize("api", ["v3", "options"])
def test_the_frame_of_every_call_can_be_stored_without_rows(api: str) -> None:
    for name, call in load(api).items():
        for table in promised(call, api):
            read = again(for_storage(table))
            assert [str(dtype) for dtype in read.dtypes] == [str(dtype) for dtype in table.dtypes], name


texts = st.text(max_size=4)
exact = st.decimals(allow_nan=False, allow_infinity=False)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | exact,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
columns_of_objects = st.one_of(
    st.lists(anything, max_size=5),
    st.lists(st.lists(texts), max_size=5),
    st.lists(st.dictionaries(texts, st.floats()), max_size=5),
    st.lists(st.none() | exact, max_size=5),
)


@given(columns_of_objects, st.booleans())
@settings(max_examples=150, deadline=None)
def test_for_storage_makes_any_column_fit(values: list[Any], lists: bool) -> None:
    table = pd.DataFrame({"held": pd.Series(values, dtype="object")})
    table.attrs = dict(CONTEXT.attrs())
    before = table.copy(deep=True)
    made = for_storage(table, lists=lists)
    pd.testing.assert_frame_equal(table, before)
    assert made.attrs.items() >= table.attrs.items()
    if lists:
        read = again(made)
        assert len(read) == len(table)
        assert frames.restored(read).attrs == table.attrs
    else:
        assert not any(isinstance(value, list | dict) for value in made["held"])
        assert len(pd.read_csv(io.StringIO(made.assign(row=1).to_csv(index=False)))) == len(table)


@given(st.lists(st.dictionaries(texts, st.integers() | texts | st.lists(texts) | st.none()), min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_dicts_are_read_back_from_their_texts(values: list[dict[str, Any]]) -> None:
    table = pd.DataFrame({"held": pd.Series(values, dtype="object")})
    for lists in (True, False):
        made = for_storage(table, lists=lists)
        assert made["held"].dtype == "string"
        assert list(map(json.loads, made["held"])) == list(map(json.loads, again(made)["held"])) == values


@pytest.mark.parametrize(
    "values", [[["a"], []], [[], []], [[1.5], [2.5]], [[True], []], [None, Decimal("1.5")], [None]]
)
def test_columns_that_parquet_can_store_stay_as_they_are(values: list[Any]) -> None:
    made = for_storage(pd.DataFrame({"held": pd.Series(values, dtype="object")}))
    assert made["held"].tolist() == values
    assert made["held"].dtype == object


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([[1, "a"], []], ['[1, "a"]', "[]"]),
        ([["\ud800"]], ['["?"]']),
        ([[2**70]], [str([2**70])]),
        ([1, "a", None], ["1", '"a"', None]),
        (["a", None], ["a", None]),
        ([Decimal("1E+80"), Decimal("0.1")], ["1E+80", "0.1"]),
        ([Decimal("NaN"), Decimal("Infinity")], ["NaN", "Infinity"]),
        ([[("08:00", "16:00")]], ['[["08:00", "16:00"]]']),
    ],
)
def test_columns_that_parquet_cannot_store_become_texts(values: list[Any], texts: list[Any]) -> None:
    made = for_storage(pd.DataFrame({"held": pd.Series(values, dtype="object")}))
    assert made["held"].dtype == "string"
    assert made["held"].astype(object).where(made["held"].notna(), None).tolist() == texts
    assert again(made)["held"].equals(made["held"])
