"""Test what every frame guarantees, whatever the reply contains."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dpyauth import frames


def wallet_totals(payload: Any, context: frames.Context | None = None) -> pd.DataFrame:
    """Return wallets with their totals."""
    return frames.wallets(payload, context, totals=True)


FRAMES = [
    (frames.account_status, "status_payload"),
    (frames.status_flags, "status_payload"),
    (frames.verification, "status_payload"),
    (frames.cashier_problems, "status_payload"),
    (frames.currencies, "status_payload"),
    (frames.balance, "balance_payload"),
    (frames.accounts, "authorize_payload"),
    (frames.wallets, "wallets_payload"),
    (wallet_totals, "wallets_payload"),
    (frames.wallet_transactions, "wallet_transactions_payload"),
    (frames.markup, "markup_payload"),
    (frames.partner_overview, "partner_payload"),
]
BY_NAME = [pytest.param(build, sample, id=build.__name__) for build, sample in FRAMES]
CONTEXT = frames.Context("some_call", loginid="CR90000001", fetched=datetime(2026, 11, 24, 12, tzinfo=UTC))

Build = Callable[..., pd.DataFrame]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.sampled_from(["", "0", "1", "rejected", "demo", "1e9"])
    | st.text(max_size=5)
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def damaged(draw: st.DrawFn, value: Any) -> Any:
    """Draw the value with parts missing, replaced or added at any depth."""
    fate = draw(st.sampled_from(["keep", "keep", "keep", "keep", "replace"]))
    if fate == "replace":
        return draw(anything)
    if isinstance(value, dict):
        kept = {key: draw(damaged(item)) for key, item in value.items() if draw(st.integers(0, 5))}
        return {**kept, **draw(st.dictionaries(st.text(max_size=5), anything, max_size=1))}
    if isinstance(value, list):
        return [draw(damaged(item)) for item in value] + draw(st.lists(anything, max_size=1))
    return value


def same_shape(frame: pd.DataFrame, full: pd.DataFrame) -> bool:
    """Return whether columns and dtypes agree; categories may have grown at the end, and columns been added."""

    def alike(one: Any, other: Any) -> bool:
        if isinstance(one, pd.CategoricalDtype) and isinstance(other, pd.CategoricalDtype):
            shared = min(len(one.categories), len(other.categories))
            return one.ordered == other.ordered and [*one.categories[:shared]] == [*other.categories[:shared]]
        return bool(one == other)

    return [*frame.columns][: full.shape[1]] == [*full.columns] and all(map(alike, frame.dtypes, full.dtypes))


@pytest.mark.parametrize(("build", "sample"), BY_NAME)
@pytest.mark.parametrize("empty", [None, {}, [], "", 1])
def test_an_empty_payload_gives_the_columns_and_dtypes_of_a_full_one(
    build: Build, sample: str, empty: Any, request: pytest.FixtureRequest
) -> None:
    full = build(request.getfixturevalue(sample))
    frame = build(empty)
    assert len(full) > 0
    assert same_shape(full, frame)
    assert len(frame) == (7 if build is frames.verification else 0)


@pytest.mark.parametrize(("build", "sample"), BY_NAME)
def test_a_payload_of_nulls_gives_missing_values(build: Build, sample: str, request: pytest.FixtureRequest) -> None:
    def nulls(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: nulls(item) for key, item in value.items()}
        return [nulls(item) for item in value] if isinstance(value, list) else None

    payload = request.getfixturevalue(sample)
    full, frame = build(payload), build(nulls(payload))
    assert same_shape(frame, build(None))
    if build not in (frames.status_flags, frames.cashier_problems):  # an entry without a name is ignored there
        assert len(frame) == len(full)


@pytest.mark.parametrize(("build", "sample"), BY_NAME)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_payload_gives_the_promised_columns(
    build: Build, sample: str, data: st.DataObject, request: pytest.FixtureRequest
) -> None:
    payload = request.getfixturevalue(sample)
    given = data.draw(damaged(payload))
    assert same_shape(build(given), build(None))
    frame = build(given, CONTEXT)
    assert {name: value for name, value in frame.attrs.items() if name != "beside"} == CONTEXT.attrs()
    assert frame.to_html().count("<tr") == len(frame) + 1


@pytest.mark.parametrize(("build", "sample"), BY_NAME)
def test_building_does_not_change_or_share_the_payload(
    build: Build, sample: str, request: pytest.FixtureRequest
) -> None:
    payload = request.getfixturevalue(sample)
    before = copy.deepcopy(payload)
    frame = build(payload)
    for name in frame.columns[frame.dtypes == "object"]:
        frame[name].map(list.clear)
    assert payload == before


@pytest.mark.parametrize(("build", "sample"), BY_NAME)
def test_attrs_say_where_the_frame_came_from(build: Build, sample: str, request: pytest.FixtureRequest) -> None:
    frame = build(request.getfixturevalue(sample), CONTEXT)
    assert pickle.loads(pickle.dumps(frame)).attrs == {
        "call": "some_call",
        "api": "options",
        "loginid": "CR90000001",
        "fetched": "2026-11-24T12:00:00+00:00",
    }
    assert build({}).attrs == {}
