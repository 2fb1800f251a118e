"""Test values as typed columns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dpyauth.columns import Column
from dpyauth.frames.arrays import array
from dpyauth.frames.build import frame

COLOURS = Column("x", "enum", values=("red", "green"))


def column(kind: Any, *values: Any, decimal: bool = False) -> pd.Series[Any]:
    words = ("buy", "sell") if kind == "enum" else ()
    return frame([{"x": value} for value in values], [Column("x", kind, values=words)], decimal=decimal)["x"]


def missing(series: pd.Series[Any]) -> list[bool]:
    return series.isna().tolist()


def test_text_keeps_scalars_and_treats_empty_as_missing() -> None:
    texts = column("text", "a", 1.5, "", None)
    assert texts.dtype == "string"
    assert texts[:2].tolist() == ["a", "1.5"]
    assert missing(texts) == [False, False, True, True]


def test_half_a_surrogate_pair_can_be_encoded() -> None:
    assert column("text", "a\ud83d").tolist() == ["a?"]


def test_flags() -> None:
    flags = column("flag", 0, 1, True, "0", Decimal(1), 2, "yes", None, [], {})
    assert flags.dtype == "boolean"
    assert flags[:5].tolist() == [False, True, True, False, True]
    assert flags[5:].isna().all()


def test_counts_stay_exact_and_other_values_are_missing() -> None:
    counts = column("count", 2**62 + 1, -(2**63), 3.0, "7", Decimal("1E3"), 2.5, 2**63, True, "x", None, [1])
    assert counts.dtype == "Int64"
    assert counts[:5].tolist() == [2**62 + 1, -(2**63), 3, 7, 1000]
    assert counts[5:].isna().all()


def test_money_as_float() -> None:
    money = column("money", 10, 0.1, Decimal("0.00000001"), "-5.5", None, float("nan"), True, "x", 10**400, "1e400")
    assert money.dtype == "float64"
    assert money[:4].tolist() == [10.0, 0.1, 1e-8, -5.5]
    assert money[4:].isna().all()


@pytest.mark.parametrize("kind", ["text", "flag", "count", "money", "exact", "number", "time", "moment", "list", "map"])
@pytest.mark.parametrize("decimal", [False, True])
def test_nan_and_infinity_are_missing_in_any_form(kind: Any, decimal: bool) -> None:
    values = [Decimal("sNaN"), Decimal("NaN"), Decimal("-Infinity"), None]
    made = array(Column("x", kind), values, decimal)
    assert len(made) == 4
    if kind in ("count", "money", "number", "time", "moment"):
        assert pd.isna(made).all()


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_money_as_decimal_is_exact_to_the_last_zero(amount: Decimal) -> None:
    with localcontext(prec=3):
        money = column("money", amount, None, decimal=True)
    assert money.dtype == "object"
    assert str(money[0]) == str(amount)
    assert money[1] is np.nan


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_becomes_the_decimal_it_prints(amount: float) -> None:
    assert str(column("money", amount, decimal=True)[0]) == str(Decimal(repr(amount)))


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31)))
def test_times_are_utc_microseconds(moment: datetime) -> None:
    seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    with localcontext(prec=3):
        times = column("time", seconds, str(seconds), Decimal(seconds), None)
    assert str(times.dtype) == "datetime64[us, UTC]"
    assert set(times[:3]) == {pd.Timestamp(moment.replace(microsecond=0))}
    assert missing(times) == [False, False, False, True]


def test_times_with_fractions_and_beyond_the_calendar() -> None:
    times = column("time", 1.5, -0.25, 253_402_300_799, 253_402_300_800, -62_135_596_801, "now", True)
    assert times[:3].dt.strftime("%Y-%m-%dT%H:%M:%S.%f").tolist() == [
        "1970-01-01T00:00:01.500000",
        "1969-12-31T23:59:59.750000",
        "9999-12-31T23:59:59.000000",
    ]
    assert times[3:].isna().all()


def test_lists_are_never_missing() -> None:
    lists = column("list", ["a"], ("b",), "c", "", None, [])
    assert lists.tolist() == [["a"], ["b"], ["c"], [], [], []]


def test_columns_of_mappings_and_of_anything() -> None:
    assert column("map", {"a": 1}, None, 5).tolist() == [{"a": 1}, {}, {}]
    assert column("any", {"a": 1}, None, 5).tolist() == [{"a": 1}, np.nan, 5]


def test_an_enum_has_its_whole_vocabulary_and_keeps_a_new_value() -> None:
    known = frame([{"x": "green"}, {"x": ""}, {}], [COLOURS])["x"]
    assert known.dtype == pd.CategoricalDtype(["red", "green"])
    assert missing(known) == [False, True, True]
    grown = frame([{"x": "blue"}, {"x": "green"}, {"x": "blue"}], [COLOURS])["x"]
    assert grown.tolist() == ["blue", "green", "blue"]
    assert grown.cat.categories.tolist() == ["red", "green", "blue"]


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.sampled_from(["", "buy", "sell", "1.5", "12", "\ud800", "é", "nan", "release"]),
    st.text(max_size=3),
)
anything = st.one_of(scalars, st.lists(scalars, max_size=2), st.dictionaries(st.just("side"), scalars))


@pytest.mark.parametrize("kind", ["text", "enum", "flag", "count", "money", "number", "time"])
@given(
    st.one_of(
        st.lists(st.none() | st.integers(-5, 5)),
        st.lists(st.none() | st.integers()),
        st.lists(st.none() | st.integers() | st.floats()),
        st.lists(st.none() | st.text(max_size=2)),
        st.lists(st.none() | st.booleans()),
        st.lists(st.integers() | st.floats() | st.none() | st.booleans() | st.just("7")),
        st.lists(anything, max_size=4),
    ),
)
@example([2**53 + 1, None, 0, -(2**63), 2**63])
@example([2**53 + 1, None, 0])
@example([253_402_300_799, -62_135_596_800, None])
@example([253_402_300_800])
@example([-62_135_596_801, 0])
@example([0, None, 1, 2])
@example([10**400, None])
@example([float("inf"), None, 1.5])
@example(["", None, "buy", "sell"])
@example(["", "\ud800"])
@example([None, None])
@settings(max_examples=60)
def test_a_column_equals_its_values_converted_one_by_one(kind: Any, values: list[Any]) -> None:
    together = column(kind, *values)
    alone = [column(kind, value, []) for value in values]  # inside a list, it is not taken for a plain JSON value
    assert missing(together) == [bool(one.isna()[0]) for one in alone]
    assert together.dropna().tolist() == [one[0] for one in alone if not one.isna()[0]]
