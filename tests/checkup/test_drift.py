"""Test comparing replies with the catalog: every difference is found, and no value is disclosed."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.catalog import shapes
from dpyauth.catalog.calls import load
from dpyauth.catalog.shapes import Shape
from dpyauth.checkup.drift import TYPES, Expected, compare, expected, leaves, types_of
from dpyauth.registry import APIS

ROOT = Path(__file__).parents[2]


def found(
    reply: Any, node: Any, *, required: Mapping[str, Any] | None = None, **also: list[str]
) -> list[tuple[str, ...]]:
    """Return the findings of a reply whose only field, ``x``, is documented like this."""
    facts = Expected(required or {}, also, stated=True)
    return sorted(compare({"x": reply, "echo_req": {"y": 1}}, Shape(reply={"x": node}), facts, "x").findings)


RECORD = {"id": "count", "state": ["open", "won"], "paid": "money"}
RIGHT = {"id": 1, "state": "open", "paid": 2.5}


@pytest.mark.parametrize(
    ("value", "node"),
    [
        ("a", "text"),
        (1, "flag"),
        (True, "flag"),
        (17, "count"),
        (17.0, "count"),
        (1.5, "number"),
        (1.5, "money"),
        ("1.50", "money"),
        ("-0.00000001", "exact"),
        ("", "money"),
        (1_790_000_000, "time"),
        ("2026-11-29T10:00:00Z", "moment"),
        (1_790_000_000_000, "moment"),
        ([1, {}, None], "any"),
        (None, "any"),
        ("won", ["open", "won"]),
        ("", ["open", "won"]),
        (RIGHT, RECORD),
        ({}, RECORD),
        ([RIGHT, RIGHT], {"[]": RECORD}),
        ([], {"[]": RECORD}),
        ({"USD": RIGHT, "BTC": {}}, {"{}": RECORD}),
        ("1.5", {"": "money", "balance": "money"}),
        ({"balance": 2}, {"": "money", "balance": "money"}),
        (["R_100", 5], {"()": {"symbol": "text", "count": "count"}}),
        ({"times": [1], "prices": [1.5]}, {"||": {"times": "time", "prices": "exact"}}),
        ("secret", "!text"),
    ],
)
def test_as_documented(value: Any, node: Any) -> None:
    assert found(value, node) == []


@pytest.mark.parametrize(
    ("value", "node", "expected"),
    [
        (5, "text", ("x", "other type", "text", "whole number")),
        ("1", "flag", ("x", "other type", "yes or no", "text")),
        (2, "flag", ("x", "other type", "yes or no", "another number")),
        ("17", "count", ("x", "other type", "whole number", "text")),
        (1.5, "count", ("x", "other type", "whole number", "number")),
        ("1.5", "number", ("x", "other type", "number", "text")),
        ("much", "money", ("x", "other type", "money, as number or text", "text that is not a number")),
        (True, "money", ("x", "other type", "money, as number or text", "true or false")),
        ("2026-11-29", "time", ("x", "other type", "time in seconds", "text")),
        ("soon", "moment", ("x", "other type", "time, as number or text", "text that is not a time")),
        (None, "text", ("x", "null", "text", "null")),
        (None, RECORD, ("x", "null", "object", "null")),
        ("lost", ["open", "won"], ("x", "new value", "one of 2 words", "lost")),
        (3, ["open", "won"], ("x", "other type", "one of 2 words", "whole number")),
        ("CR900001", ["open"], ("x", "new value", "one word", "another word")),
        ("jane@example.org", ["open"], ("x", "new value", "one word", "another word")),
        ("ROW", RECORD, ("x", "other type", "object", "text")),
        ([RIGHT], RECORD, ("x", "other type", "object", "list")),
        (RIGHT, {"[]": RECORD}, ("x", "other type", "list", "object")),
        ([RIGHT, 5], {"[]": RECORD}, ("x[]", "other type", "object", "whole number")),
        (["a", 5], {"[]": "text"}, ("x[]", "other type", "text", "whole number")),
        ([{**RIGHT, "id": "1"}], {"[]": RECORD}, ("x[].id", "other type", "whole number", "text")),
        ({"USD": {"id": "1"}}, {"{}": RECORD}, ("x.{}.id", "other type", "whole number", "text")),
        ({"USD": 5}, {"{}": RECORD}, ("x.{}", "other type", "object", "whole number")),
        ({**RIGHT, "more": [1]}, RECORD, ("x.more", "unknown field", "", "list")),
        ({**RIGHT, "more": None}, RECORD, ("x.more", "unknown field", "", "null")),
        ({**RIGHT, "CR900001": 5}, RECORD, ("x.{}", "unknown field", "", "whole number")),
        (["R_100", "5"], {"()": {"symbol": "text", "count": "count"}}, ("x[]", "other type", "whole number", "text")),
        ({"times": [1, "2"]}, {"||": {"times": "time"}}, ("x.times[]", "other type", "time in seconds", "text")),
        ({"times": 5}, {"||": {"times": "time"}}, ("x.times", "other type", "list", "whole number")),
        (True, {"": "money", "balance": "money"}, ("x", "other type", None, "true or false")),
    ],
)
def test_drift(value: Any, node: Any, expected: tuple[str, ...]) -> None:
    ((field, finding, documented, what),) = found(value, node)
    assert (field, finding, what) == (expected[0], expected[1], expected[3])
    assert expected[2] in (None, documented)


def test_missing_required_fields_are_found_and_optional_ones_are_not() -> None:
    required = {"": ["x"], "x.[]": ["id", "paid"]}
    rows = [RIGHT, {"id": 1}, {"paid": None, "id": None}]
    assert found(rows, {"[]": RECORD}, required=required, **{"x.[].id": ["null"], "x.[].paid": ["null"]}) == [
        ("x[].paid", "missing", "money, as number or text", "absent")
    ]
    assert compare({}, Shape(reply={"x": "text"}), Expected(required, {}, stated=True), "x").findings.total() == 1


def test_a_reply_without_its_payload() -> None:
    came = compare({"msg_type": "x", "req_id": 1}, Shape(reply={"x": RECORD}), Expected(), "x")
    assert list(came.findings) == [("x", "missing", "object", "absent")]


def test_repeated_findings_are_counted() -> None:
    came = compare({"x": [1, 2, "a"]}, Shape(reply={"x": {"[]": "text"}}), Expected(), "x")
    assert list(came.findings.values()) == [2]


def test_a_null_is_no_finding_if_the_schema_says_nothing_about_nulls() -> None:
    assert not compare({"x": None}, Shape(reply={"x": "text"}), Expected(), "x").findings


def test_documented_fields_in_no_row_are_listed() -> None:
    came = compare({"x": [{"id": 1}, {"paid": 1}]}, Shape(reply={"x": {"[]": RECORD}}), Expected(), "x")
    assert came.not_seen == ["x[].state"]


CANARY = "C4nary"
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5).map(lambda text: CANARY + text)
KEYS = st.sampled_from(["x", "id", "balances", "USD", CANARY, f"{CANARY}_8812", "jane@example.org", "a" * 50, ""])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=12
)
NODES = st.sampled_from(
    ["text", "money", "!text", "moment", ["open"], RECORD, {"[]": RECORD}, {"{}": RECORD}, {"": "money", "id": "count"}]
)


@given(VALUES, NODES)
def test_no_reply_discloses_a_value(value: Any, node: Any) -> None:
    came = compare({"x": value}, Shape(reply={"x": node}), Expected(stated=True), "x")
    said = json.dumps([list(came.findings), came.not_seen])
    assert CANARY not in said
    assert "USD" not in said
    assert "example" not in said


def each_shape() -> Iterator[tuple[str, str, Shape]]:
    for api in APIS:
        for call, shape in shapes.load(api).items():
            yield api, call, shape


def test_every_kind_of_the_catalog_is_known() -> None:
    kinds = {
        node.removeprefix("!")
        for _, _, shape in each_shape()
        for _, node in leaves(shape.reply)
        if isinstance(node, str)
    }
    assert kinds <= TYPES.keys() | {"any"}


def test_the_facts_are_about_places_in_the_shapes() -> None:
    known = 0
    for api, call, shape in each_shape():
        facts = expected(api, call)
        places = dict(leaves(shape.reply))
        for path, names in facts.required.items():
            assert path in places, call
            known += len(names)
        for path, more in facts.also.items():
            assert not set(more) & types_of(places[path]), (call, path)
    assert known > 300
    reads = {(api, name) for api in APIS for name, call in load(api).items() if call.changes is not True}
    assert len([1 for api, name in reads if expected(api, name).stated]) == len(reads)


@pytest.fixture(scope="module")
def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_expected", ROOT / "tests" / "catalog" / "make_expected.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_data_file_is_up_to_date(make: ModuleType) -> None:
    assert make.TARGET.read_text(encoding="utf-8") == make.build()


@pytest.mark.parametrize(
    ("schema", "node", "entry"),
    [
        ({"type": "string"}, "text", {"required": {}, "also": {}}),
        ({"type": ["string", "null"]}, "text", {"required": {}, "also": {"x": ["null"]}}),
        ({"type": "string", "enum": ["a", None]}, ["a"], {"required": {}, "also": {"x": ["null"]}}),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, "text", {"required": {}, "also": {"x": ["integer"]}}),
        ({"$ref": "#/$defs/a"}, "count", {"required": {}, "also": {"x": ["null"]}}),
        (
            {"type": "object", "required": ["a", "gone"], "properties": {"a": {"type": "integer"}, "b": {}}},
            {"a": "count", "b": "any"},
            {"required": {"x": ["a"]}, "also": {}},
        ),
        (
            {
                "anyOf": [
                    {"type": "object", "required": ["a", "b"], "properties": {"a": {}, "b": {}}},
                    {"type": "object", "required": ["a"], "properties": {"a": {}}},
                ]
            },
            {"a": "any", "b": "any"},
            {"required": {"x": ["a"]}, "also": {}},
        ),
    ],
)
def test_facts_read_from_schemas(make: ModuleType, schema: Any, node: Any, entry: Any) -> None:
    root = {"type": "object", "properties": {"x": schema}, "$defs": {"a": {"type": ["integer", "null"]}}}
    assert make.entry(root, Shape(reply={"x": node})) == entry
