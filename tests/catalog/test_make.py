"""Test that the catalog's data file is up to date, and the script that writes it."""

from __future__ import annotations

import csv
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dpyauth.catalog.calls import summaries

HERE = Path(__file__).parent
APIS = ["v3", "options"]


def table(api: str) -> list[dict[str, str]]:
    with (HERE / f"calls_{api}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_catalog", HERE / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("api", APIS)
def test_the_data_file_is_up_to_date(make: ModuleType, api: str) -> None:
    assert make.target(api).read_text(encoding="utf-8") == make.build(api)


def test_the_reference_lists_every_call(make: ModuleType) -> None:
    page = make.REFERENCE.read_text(encoding="utf-8")
    assert page == make.reference()
    for api in APIS:
        for row in table(api):
            assert f"| [`{row['call']}`](calls-{api}.md#{row['call']}) | {summaries(api)[row['call']]} |" in page


def test_references_are_filled_in(make: ModuleType) -> None:
    fragment = {
        "type": "object",
        "properties": {"format": {"type": "integer", "format": "int64"}, "name": {"$ref": "#/definitions/name"}},
        "oneOf": [{"type": "string"}],
    }
    assert make.facts(fragment, {"name": {"type": "string", "format": "date"}}) == {
        "type": "object",
        "properties": {"format": {"type": "integer"}, "name": {"type": "string"}},
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
            {"auth_required": 0, "patternProperties": {"^a": {}}},
            "",
            {"extra": {"patternProperties": {"^a": {}}}},
        ),
    ],
)
def test_an_entry_holds_what_a_call_needs(make: ModuleType, schema: Any, ours: str, more: Any) -> None:
    common = {"required": ["ping"], "properties": {"ping": {"type": "integer"}, "req_id": {}, "passthrough": {}}}
    entry = make.entry(common | schema, {"changes": ours})
    assert entry == {"fields": {"ping": {"type": "integer"}}, "required": ["ping"], **more}


@pytest.mark.parametrize(("required", "streams"), [(["x"], "yes"), (["x", "subscribe"], "required")])
def test_streams(make: ModuleType, required: list[str], streams: str) -> None:
    schema = {"required": required, "properties": {"x": {}, "subscribe": {}}, "auth_required": 0}
    assert make.entry(schema, {"changes": ""})["streams"] == streams


def test_a_call_that_no_schema_has_is_noticed(make: ModuleType) -> None:
    with pytest.raises(SystemExit, match="ping"):
        make.v3({}, {"ping": row()})
    with pytest.raises(SystemExit, match="GET /agents"):
        make.options({}, {"paths": {}}, {"agent": row("GET /agents")}, {})


PING = {"required": ["ping"], "auth_required": 0, "properties": {"ping": {"type": "integer"}}}
AGENT = {
    "parameters": [
        {"name": "Deriv-App-ID", "in": "header", "required": True, "schema": {"type": "string"}},
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
        {"name": "page", "in": "query", "required": False, "schema": {"type": "integer", "format": "int64"}},
    ],
    "security": [{"oauth2": ["payment"]}],
}


def published(make: ModuleType, **calls: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Write facts about these calls, about calls that are left out, and about one REST call, as they are kept."""
    paths: dict[str, Any] = {"/agents/{id}": {"get": AGENT}}
    for name in make.LEFT_OUT:
        if " " in name:
            method, path = name.split()
            paths.setdefault(path, {})[method.lower()] = {}
        else:
            calls[name] = {}
    return {name: {"request": schema} for name, schema in calls.items()}, {"paths": paths}


def row(rest: str = "") -> dict[str, str]:
    return {"changes": "", "rest": rest}


def test_sockets_and_rest_make_one_catalog(make: ModuleType) -> None:
    calls = make.options(*published(make, ping=PING), {"ping": row(), "agent": row("GET /agents/{id}")}, {})
    assert calls == {
        "agent": {
            "fields": {"id": {"type": "string"}, "page": {"type": "integer"}},
            "required": ["id"],
            "scopes": ["payment"],
            "rest": {"method": "GET", "path": "/agents/{id}"},
        },
        "ping": {"fields": {"ping": {"type": "integer"}}, "required": ["ping"]},
    }


def test_a_call_neither_named_nor_left_out_is_noticed(make: ModuleType) -> None:
    with pytest.raises(SystemExit, match=r"GET /agents/\{id\}, pong$"):
        make.options(*published(make, ping=PING, pong=PING), {"ping": row()}, {})


def test_a_left_out_call_that_is_gone_is_noticed(make: ModuleType) -> None:
    schemas, rest_api = published(make, ping=PING)
    del schemas["logout"]
    with pytest.raises(SystemExit, match=r"no longer there: logout$"):
        make.options(schemas, rest_api, {"ping": row(), "agent": row("GET /agents/{id}")}, {})


BODY = {"type": "object", "properties": {"to": {"type": "string"}}, "required": ["to"]}


def test_a_body_gives_its_fields(make: ModuleType) -> None:
    operation = {"requestBody": {"required": True, "content": {"application/json": {"schema": BODY}}}}
    assert make.rest_schema(operation, None) == {
        "properties": {"to": {"type": "string"}},
        "required": ["to"],
        "auth_required": 0,
        "auth_scopes": [],
    }


@pytest.mark.parametrize(
    "published",
    [
        {"properties": {"headers": {"properties": {"A": {}}, "required": ["A"]}, "body": BODY}, "required": ["body"]},
        {"properties": {"Deriv-App-ID": {}, "to": {"type": "string"}}, "required": ["Deriv-App-ID", "to"]},
    ],
)
def test_headers_are_no_fields(make: ModuleType, published: Any) -> None:
    assert make.places_joined(published) == {"properties": {"to": {"type": "string"}}, "required": ["to"]}


def test_the_laxer_of_two_schemas_wins(make: ModuleType) -> None:
    one = {
        "properties": {"page": {"type": "integer", "minimum": 1}, "mine": {"type": "string"}},
        "required": ["page", "mine"],
    }
    other = {"properties": {"page": {"type": "integer"}, "theirs": {"type": "string"}}, "required": ["page"]}
    lax = {
        "properties": {"page": {"type": "integer"}, "mine": {"type": "string"}, "theirs": {"type": "string"}},
        "required": ["page"],
    }
    assert make.laxer(one, other) == make.laxer(other, one) == lax
    assert make.laxer({"properties": {"data": one}, "required": []}, {"properties": {"data": other}, "required": []})[
        "properties"
    ] == {"data": lax}


@pytest.mark.parametrize("api", APIS)
def test_the_data_file_has_a_line_for_each_call(make: ModuleType, api: str) -> None:
    text = make.target(api).read_text(encoding="utf-8")
    assert [row["call"] for row in table(api)] == sorted(json.loads(text))
    assert len(text.splitlines()) == len(table(api)) + 2


@pytest.mark.parametrize("api", APIS)
def test_summaries_are_short_and_unique(api: str) -> None:
    said = [summaries(api)[row["call"]] for row in table(api)]
    assert all(1 <= len(text.split()) <= 10 and text[0].isupper() and text[-1] != "." for text in said)
    assert len(set(said)) == len(said)
