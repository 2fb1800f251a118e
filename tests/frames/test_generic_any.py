"""Make random replies of every call of both APIs, from the shipped facts about replies and from Deriv's schemas."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from published import published

from dpyauth import frames
from dpyauth.catalog import shapes
from dpyauth.catalog.calls import load
from dpyauth.frames import Context, generic
from dpyauth.frames.generic import promised

SCHEMAS = {(api, name): sides["reply"] for api in ("v3", "options") for name, sides in published(api).items()}
CALLS = [(api, name) for api in ("v3", "options") for name in load(api)]
# Their schemas allow fields with any name, or describe no reply at all
OPEN = {"get_financial_assessment", "set_financial_assessment", "trading_platform_status", "health"}

at_length = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


LEAVES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(max_size=4),
    "flag": st.sampled_from([0, 1]),
    "count": st.integers(-(2**63), 2**63 - 1),
    "money": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**9), 10**9),
    "exact": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**9), 10**9),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "time": st.integers(-(10**9), 4 * 10**9),
    "moment": st.integers(-(10**9), 4 * 10**12) | st.datetimes().map(str),
    "any": st.none() | st.integers() | st.text(max_size=4) | st.lists(st.integers(), max_size=2),
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@st.composite
def held(draw: st.DrawFn, node: Any, *, wild: bool) -> Any:
    """Draw a value that fits a node; a wild one may differ at any depth."""
    if wild and draw(st.integers(0, 9)) == 0:
        return draw(ANYTHING)
    if isinstance(node, list):
        return draw(st.sampled_from(node))
    if isinstance(node, str):
        return draw(LEAVES[node.removeprefix("!")])
    if "[]" in node:
        return [draw(held(node["[]"], wild=wild)) for _ in range(draw(st.integers(0, 2)))]
    if "{}" in node:
        keys = draw(st.lists(st.text("abc", min_size=1, max_size=2), max_size=2, unique=True))
        return {key: draw(held(node["{}"], wild=wild)) for key in keys}
    if "()" in node:
        return [draw(held(child, wild=wild)) for child in node["()"].values()]
    if "||" in node:
        length = draw(st.integers(0, 2))
        return {name: [draw(held(child, wild=wild)) for _ in range(length)] for name, child in node["||"].items()}
    made = {name: draw(held(child, wild=wild)) for name, child in node.items() if name and draw(st.booleans())}
    return {**made, **draw(st.dictionaries(st.text(max_size=3), ANYTHING, max_size=1))} if wild else made


def replies(shape: shapes.Shape, *, wild: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Draw whole replies of a call."""
    return held(shape.reply, wild=wild).map(lambda made: made if isinstance(made, dict) else {"surprise": made})


def of_one_form(reply: dict[str, Any], api: str, name: str) -> dict[str, Any]:
    """Return a reply without the rows of its call's other forms: Deriv sends ticks or candles, never both."""
    rows = [path[0] for path in shapes.load(api)[name].rows if path]
    first = next((key for key in rows if key in reply), None)
    return {key: value for key, value in reply.items() if key == first or key not in rows}


@st.composite
def conforming(draw: st.DrawFn, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """Draw a value that a schema allows, as far as names and types go."""
    while "$ref" in schema:
        found: Any = root
        for key in schema["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        schema = found
    for key in ("oneOf", "anyOf"):
        if key in schema:
            return draw(conforming(draw(st.sampled_from(schema[key])), root))
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    types = schema.get("type", "object")
    match draw(st.sampled_from(types)) if isinstance(types, list) else types:
        case "object":
            required = schema.get("required", ())
            made = {
                name: draw(conforming(child, root))
                for name, child in schema.get("properties", {}).items()
                if name in required or draw(st.booleans())
            }
            patterns = list(schema.get("patternProperties", {}).values())
            if patterns and not schema.get("properties"):
                made.update(
                    {name: draw(conforming(patterns[0], root)) for name in draw(st.sets(st.sampled_from("abc")))}
                )
            return made
        case "array":
            items = schema.get("items", {"type": "string"})
            return [draw(conforming(items, root)) for _ in range(draw(st.integers(0, 2)))]
        case "string":
            return draw(st.sampled_from(["x", "1.5", "", "2026-01-01"]))
        case "integer":
            return draw(st.integers(0, 2**40))
        case "number":
            return draw(st.floats(-1e9, 1e9) | st.integers(0, 10**6))
        case "boolean":
            return draw(st.booleans())
        case _:
            return None


def ask(name: str, reply: Any, api: str, **options: Any) -> pd.DataFrame:
    return generic(load(api)[name], reply, Context(name, api=api), **options)


def dtypes(frame: pd.DataFrame) -> list[tuple[str, str]]:
    return [(name, "category" if dtype == "category" else str(dtype)) for name, dtype in frame.dtypes.items()]


@functools.cache
def forms(name: str, api: str) -> list[list[tuple[str, str]]]:
    """Return the columns and dtypes that a frame of the call may have."""
    return [dtypes(form) for form in promised(load(api)[name], api)]


@pytest.mark.parametrize("api", ["v3", "options"])
def test_every_call_has_its_facts(api: str) -> None:
    assert set(shapes.load(api)) == set(load(api))
    for name, call in load(api).items():
        for form in promised(call, api):
            assert len(form) == 0
            assert len(form.columns) > 0, name
            assert form.columns.is_unique, name


@at_length
@given(st.data())
def test_the_frame_of_any_reply_starts_with_the_promised_columns(data: st.DataObject) -> None:
    api, name = data.draw(st.sampled_from(CALLS))
    reply = data.draw(replies(shapes.load(api)[name], wild=True))
    frame = ask(name, reply, api)
    assert any(dtypes(frame)[: len(form)] == form for form in forms(name, api))
    assert frame.columns.is_unique
    other = ask(name, reply, api, decimal=True, reveal=True)
    assert other.columns.tolist() == frame.columns.tolist()
    assert len(other) == len(frame)


@at_length
@given(st.data())
def test_a_documented_reply_makes_no_other_columns(data: st.DataObject) -> None:
    api, name = data.draw(st.sampled_from(CALLS))
    reply = data.draw(replies(shapes.load(api)[name], wild=False))
    frame = ask(name, of_one_form(reply, api, name), api)
    assert dtypes(frame) in forms(name, api)


@at_length
@given(st.data())
def test_a_reply_by_the_schema_makes_the_promised_columns(data: st.DataObject) -> None:
    api, name = data.draw(st.sampled_from([key for key in CALLS if key in SCHEMAS and key[1] not in OPEN]))
    schema = SCHEMAS[api, name]
    reply = data.draw(conforming(schema, schema))
    reply.pop("echo_req", None)
    found = dtypes(ask(name, of_one_form(reply, api, name), api))
    form = next(form for form in forms(name, api) if found[: len(form)] == form)
    # A text in place of a number is kept in a column of its own, and so is a wrong number of rows
    others = {column.removesuffix("_") for column, _ in found[len(form) :]}
    assert others <= {"count", *(column for column, _ in form)}


@at_length
@given(st.data())
def test_every_list_can_be_exploded(data: st.DataObject) -> None:
    api, name = data.draw(st.sampled_from(CALLS))
    reply = data.draw(replies(shapes.load(api)[name], wild=data.draw(st.booleans())))
    frame = ask(name, reply, api)
    known = {column for form in forms(name, api) for column, dtype in form if dtype == "object"}
    lists = [column for column in frame.columns if column in known]
    if lists:
        column = data.draw(st.sampled_from(lists))
        spread = ask(name, reply, api, explode=column)
        assert len(spread) >= len(frame)
        assert spread.columns.is_unique


SHAPED = [
    (frames.api_tokens, "api_token", "api_token"),
    (frames.apps, "app_list", "app_list"),
    (frames.candles, "ticks_history", "candles"),
    (frames.exchange_rates, "exchange_rates", "exchange_rates"),
    (frames.landing_company, "landing_company", "landing_company"),
    (frames.limits, "get_limits", "get_limits"),
    (frames.market_limits, "get_limits", "get_limits"),
    (frames.mt5_accounts, "mt5_login_list", "mt5_login_list"),
    (frames.open_contracts, "portfolio", "portfolio"),
    (frames.open_contracts, "proposal_open_contract", "proposal_open_contract"),
    (frames.settings, "get_settings", "get_settings"),
    (frames.site_currencies, "website_status", "website_status"),
    (frames.site_limits, "website_status", "website_status"),
    (frames.ticks, "ticks_history", "history"),
    (frames.trading_times, "trading_times", "trading_times"),
    (frames.transfer_fees, "website_status", "website_status"),
    (frames.transfer_limits, "get_limits", "get_limits"),
]


@at_length
@given(st.data())
def test_any_payload_becomes_a_frame(data: st.DataObject) -> None:
    build, name, key = data.draw(st.sampled_from(SHAPED))
    payload = data.draw(held(shapes.load("v3")[name].reply[key], wild=True))
    build(payload, Context(name))  # type: ignore[operator]
    frame = build(payload)  # type: ignore[operator]
    promised = dtypes(build(None))  # type: ignore[operator]
    names = {name for name, _ in promised}
    assert [each for each in dtypes(frame) if each[0] in names] == promised
    assert str(frame.index.dtype) == str(build(None).index.dtype)  # type: ignore[operator]
