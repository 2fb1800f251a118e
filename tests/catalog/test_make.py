"""The catalog's data file, and the script that makes it."""

from __future__ import annotations

import csv
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parent
SCHEMAS = HERE.parents[2] / "shared" / "deriv-v3-schemas"

needs_schemas = pytest.mark.skipif(
    not SCHEMAS.is_dir(), reason="Deriv's published schemas are not part of the project: get them beside it to check"
)


@pytest.fixture(scope="module")
def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_catalog", HERE / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (HERE / "calls_v3.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@needs_schemas
def test_the_data_file_is_what_the_script_makes(make: ModuleType) -> None:
    assert make.TARGET.read_text(encoding="utf-8") == make.build(SCHEMAS)


def test_prose_goes_and_facts_stay(make: ModuleType) -> None:
    fragment = {
        "type": "object",
        "description": "Words.",
        "title": "Words.",
        "examples": ["x"],
        "properties": {
            "description": {"type": "integer", "description": "Words."},
            "title": {"$ref": "#/definitions/name"},
        },
        "oneOf": [{"type": "string", "description": "Words."}],
    }
    assert make.facts(fragment, {"name": {"type": "string", "title": "Words."}}) == {
        "type": "object",
        "properties": {"description": {"type": "integer"}, "title": {"type": "string"}},
        "oneOf": [{"type": "string"}],
    }


@pytest.mark.parametrize(
    ("schema", "ours", "more"),
    [
        ({"auth_required": 0, "auth_scopes": ["read"]}, "", {}),
        ({"auth_required": 1, "auth_scopes": ["read", "trade"]}, "", {"scopes": ["read", "trade"]}),
        ({"auth_required": 0}, "always", {"changes": True}),
        ({"auth_required": 0}, "amount|to", {"changes": ["amount", "to"]}),
        (
            {"auth_required": 0, "patternProperties": {"^a": {"description": "Words."}}},
            "",
            {"extra": {"patternProperties": {"^a": {}}}},
        ),
    ],
)
def test_an_entry_holds_what_a_call_needs(make: ModuleType, schema: Any, ours: str, more: Any) -> None:
    common = {"required": ["ping"], "properties": {"ping": {"type": "integer"}, "req_id": {}, "passthrough": {}}}
    entry = make.entry(common | schema, {"summary": "liveness", "changes": ours})
    assert entry == {"summary": "liveness", "fields": {"ping": {"type": "integer"}}, "required": ["ping"], **more}


@pytest.mark.parametrize(("required", "streams"), [(["x"], "yes"), (["x", "subscribe"], "required")])
def test_streams(make: ModuleType, required: list[str], streams: str) -> None:
    schema = {"required": required, "properties": {"x": {}, "subscribe": {}}, "auth_required": 0}
    assert make.entry(schema, {"summary": "s", "changes": ""})["streams"] == streams


def test_a_call_that_no_schema_has_is_noticed(make: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="ping"):
        make.build(tmp_path)


def test_the_data_file_has_a_line_for_each_call(make: ModuleType, rows: list[dict[str, str]]) -> None:
    text = make.TARGET.read_text(encoding="utf-8")
    assert [row["call"] for row in rows] == sorted(json.loads(text))
    assert len(text.splitlines()) == len(rows) + 2


def test_summaries_are_short_and_ours(rows: list[dict[str, str]]) -> None:
    assert all(1 <= len(row["summary"].split()) <= 10 for row in rows)
    assert len({row["summary"] for row in rows}) == len(rows)


@needs_schemas
def test_no_summary_repeats_a_description(rows: list[dict[str, str]]) -> None:
    for row in rows:
        if len(row["summary"].split()) < 5:
            continue  # a few nouns are no sentence
        schema = json.loads((SCHEMAS / row["call"] / "send.json").read_text(encoding="utf-8"))
        assert row["summary"].lower() not in json.dumps(schema).lower()
