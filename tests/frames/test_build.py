"""Test how rows of a reply become frames."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dpyauth.columns import Column
from dpyauth.frames.build import Context, frame
from dpyauth.frames.values import get_path

values = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
anything = values | st.dictionaries(st.just("side"), values)


@given(st.lists(st.dictionaries(st.sampled_from("ab"), anything), max_size=4))
@example([{"a": 0}])
@example([{"a": {"side": 5}}, {}])
def test_values_are_read_from_their_paths(rows: list[dict[str, Any]]) -> None:
    together = frame(rows, [Column("b", "any"), Column("deep", "any", "a.side")])
    for name, path in (("b", "b"), ("deep", "a.side")):
        held = [get_path(row, path) for row in rows]
        assert [*map(repr, together[name])] == ["nan" if value is None else repr(value) for value in held]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_texts_that_are_the_same_in_all_rows(count: int) -> None:
    def same(text: str | None) -> pd.Series[Any]:
        return frame([{"x": "its own"}] * count, [Column("x")], same={"x": text})["x"]

    pd.testing.assert_series_equal(same("CR1"), frame([{"x": "CR1"}] * count, [Column("x")])["x"])
    assert same(None).isna().tolist() == same("").isna().tolist() == [True] * count


def test_frames_share_no_data() -> None:
    """Columns without values are cached: writing into one must not change the next frame."""
    columns = [Column("one"), Column("other"), Column("money", "money"), Column("list", "list")]
    first = frame([{}, {}], columns)
    first.loc[0, "money"] = 5.0
    first.loc[0, "one"] = "x"
    first["list"].iloc[0].append(1)
    for other in (first[["other"]], frame([{}, {}], columns)[["money", "one", "other"]]):
        assert other.isna().all(axis=None)
    assert frame([{}, {}], columns)["list"].tolist() == [[], []]


def test_columns_come_in_the_order_asked_for_and_others_after_them() -> None:
    columns = [Column("b", "count"), Column("a", source="deep.down-here")]
    result = frame([{"deep": {"down-here": "x"}, "b": 1, "c": 2}, {"deep": 5}], columns)
    assert result.columns.tolist() == ["b", "a", "deep", "c"]
    assert result["a"].fillna("-").tolist() == ["x", "-"]
    assert result["deep"].fillna(0).tolist() == [0, 5]
    assert frame([{"b": 1, "c": 2}, {}], columns, omits=["c"]).columns.tolist() == ["b", "a"]
    assert result.index.equals(pd.RangeIndex(2))


def test_context_gives_utc_in_any_time_zone() -> None:
    jakarta = timezone(timedelta(hours=7))
    context = Context("balance", fetched=datetime(2026, 1, 1, 7, tzinfo=jakarta))
    assert context.attrs()["fetched"] == "2026-01-01T00:00:00+00:00"
    assert Context("balance").attrs() == {"call": "balance", "api": "options", "loginid": None, "fetched": None}
