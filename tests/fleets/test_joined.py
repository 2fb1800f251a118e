"""Test joining many frames: no row is lost, renumbered or changed in type."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.fleets.joined import MISSING, joined

KINDS = {
    "text": ("string", "x"),
    "count": ("Int64", 3),
    "flag": ("boolean", True),
    "number": ("float64", 1.5),
    "time": ("datetime64[us, UTC]", pd.Timestamp("2026-01-01", tz="UTC")),
    "level": (pd.CategoricalDtype(["low", "high"]), "low"),
}


def frame(columns: list[str], rows: int) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series([KINDS[name][1]] * rows, dtype=KINDS[name][0]) for name in columns})


answers = st.one_of(
    st.none(),
    st.builds(ValueError, st.text(max_size=5)),
    st.builds(frame, st.lists(st.sampled_from(sorted(KINDS)), min_size=1, unique=True), st.integers(0, 3)),
)


@given(st.lists(answers, min_size=1, max_size=6))
def test_any_frames_can_be_joined(answers: list[pd.DataFrame | ValueError | None]) -> None:
    names = [f"client {number}" for number in range(len(answers))]
    arrived = {name: answer for name, answer in reversed(list(zip(names, answers, strict=True))) if answer is not None}
    whole = joined("balance", names, arrived)
    expected: list[tuple[str, str | None]] = []
    for name, answer in zip(names, answers, strict=True):
        if isinstance(answer, pd.DataFrame):
            expected += [(name, None)] * len(answer)
            mine = whole[(whole["name"] == name) & whole["error"].isna()].reset_index(drop=True)
            pd.testing.assert_frame_equal(mine[list(answer.columns)], answer)
        else:
            expected.append((name, MISSING if answer is None else str(answer)))
    errors = [None if pd.isna(error) else error for error in whole["error"]]
    assert list(zip(whole["name"], errors, strict=True)) == expected
    assert (whole.columns[0], whole.columns[-1]) == ("name", "error")
    assert whole.index.tolist() == list(range(len(expected)))
    assert {str(whole[name].dtype) for name in ("name", "error")} == {"string"}


def test_a_new_category_in_one_account_keeps_the_type() -> None:
    new = pd.DataFrame({"level": pd.Series(["odd"], dtype=pd.CategoricalDtype(["low", "high", "odd"]))})
    whole = joined("x", ["a", "b", "c"], {"a": frame(["level"], 1), "b": new, "c": ValueError("no")})
    assert whole["level"].cat.categories.tolist() == ["low", "high", "odd"]
    assert whole["level"].tolist()[:2] == ["low", "odd"]
    assert pd.isna(whole["level"][2])


def test_columns_named_like_those_of_a_fleet() -> None:
    own = pd.DataFrame({"name": ["An app"] * 2, "error": pd.Series([None, "half of it"], dtype="string")})
    whole = joined("apps", ["a", "b"], {"a": own, "b": ValueError("no")})
    assert whole.columns.tolist() == ["name", "apps_name", "error"]
    assert whole["name"].tolist() == ["a", "a", "b"]
    assert whole["apps_name"].tolist()[:2] == ["An app"] * 2
    assert whole["error"].fillna("").tolist() == ["", "half of it", "no"]


@pytest.mark.parametrize("result", ["pending", None, {"ping": "pong"}, [1, 2]])
def test_answers_that_are_not_frames(result: object) -> None:
    whole = joined("call", ["a", "b"], {"a": result, "b": ValueError("no")})
    assert whole["result"][0] == result
    assert whole["error"].fillna("").tolist() == ["", "no"]


def test_attributes_of_some_accounts_are_kept() -> None:
    some = {name: pd.DataFrame({"a": pd.Series([1], dtype="Int64")}) for name in ("Ann", "Ben", "Cid", "Dan")}
    some["Ben"].attrs["note"] = some["Dan"].attrs["note"] = "Some are missing."
    some["Cid"].attrs |= {"note": "All are missing.", "beside": '{"zz": 1}'}
    attrs = joined("x", list(some), some).attrs
    assert attrs == {"note": "Some are missing. All are missing.", "beside": '{"Cid": {"zz": 1}}'}
