"""Test the script that writes what replies contain."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_replies", HERE / "make_replies.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("api", ["v3", "options"])
def test_the_data_file_is_up_to_date(make: ModuleType, api: str) -> None:
    assert (make.APIS / f"{api}_replies.json").read_text(encoding="utf-8") == make.build(api)


NUMBER, WHOLE, TEXT = {"type": "number"}, {"type": "integer"}, {"type": "string"}


@pytest.mark.parametrize(
    ("name", "schema", "node"),
    [
        ("x", {"type": "integer", "enum": [0, 1]}, "flag"),
        ("x", {"type": ["integer", "null"], "enum": [None, 0, 1]}, "flag"),
        ("x", {"type": "boolean"}, "flag"),
        ("x", {"type": "string", "enum": ["", "a", "b", None]}, ["a", "b"]),
        ("sell_time", {"type": ["integer", "null"]}, "time"),
        ("created_at", WHOLE, "time"),
        ("buy_time_avg", WHOLE, "count"),
        ("contract_id", NUMBER, "count"),
        ("amount", NUMBER, "money"),
        ("completion_rate", NUMBER, "number"),
        ("sell_price", TEXT, "money"),
        ("sell_price_display", TEXT, "text"),
        ("created", {"type": "string", "format": "date-time"}, "moment"),
        ("email", TEXT, "!text"),
        ("account", {"type": "string", "sensitive": 1}, "!text"),
        ("x", {"type": ["array", "null"], "items": {"type": "string"}}, {"[]": "text"}),
        ("x", {"type": "array"}, {"[]": "any"}),
        ("x", {"type": "object", "properties": {"a": TEXT, "b": {"type": "array", "items": WHOLE}}}, None),
        ("x", {"type": "object", "patternProperties": {"^.+$": NUMBER}}, {"{}": "money"}),
        ("x", {"type": "object", "additionalProperties": TEXT}, {"{}": "text"}),
        ("x", {"type": "object"}, {"{}": "any"}),
        ("x", {"type": ["number", "string"]}, "text"),
        ("x", {"oneOf": [NUMBER, {"type": "object", "properties": {"a": TEXT}}]}, {"": "money", "a": "text"}),
        ("x", {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"a": TEXT}}]}, {"a": "text"}),
        ("x", {"oneOf": [TEXT, {"type": "array", "items": TEXT}]}, {"[]": "text"}),
        ("x", {"$ref": "#/definitions/y"}, "text"),
    ],
)
def test_rules(make: ModuleType, name: str, schema: dict[str, Any], node: Any) -> None:
    root = {"definitions": {"y": TEXT}}
    assert make.simplify(schema, root, f"call.call.{name}") == (node or {"a": "text", "b": {"[]": "count"}})


@pytest.mark.parametrize(
    ("reply", "rows"),
    [
        ({"x": {"[]": {"a": "text"}}}, "x"),
        ({"x": {"list": {"[]": {"a": "text"}}}}, "x.list"),
        ({"x": {"count": "count", "list": {"[]": {"a": "text"}}}}, "x.list"),
        ({"x": {"list": {"[]": {"a": "text"}}, "total": "money"}}, "x"),
        ({"x": {"names": {"[]": "text"}}}, "x"),
        ({"x": {"map": {"{}": "money"}}}, "x.map"),
        ({"x": "flag"}, "x"),
        ({"x": "flag", "y": "text"}, ""),
    ],
)
def test_where_the_rows_are(make: ModuleType, reply: dict[str, Any], rows: str) -> None:
    assert make.find_rows("x", reply) == rows
