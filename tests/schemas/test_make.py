"""Test what is kept of Deriv's published schemas: facts, and no sentences."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dpyauth.catalog.calls import load

HERE = Path(__file__).parent
KEPT = ["v3", "options", "rest"]


@pytest.fixture(scope="module")
def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_schemas", HERE / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def kept(name: str) -> Any:
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


def values(node: Any, keyword: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text of a schema, with the keyword it belongs to."""
    if isinstance(node, str):
        yield keyword, node
    elif isinstance(node, list):
        for child in node:
            yield from values(child, keyword)
    elif isinstance(node, dict):
        for key, child in node.items():
            yield from values(child, key)


SCHEMA = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "title": "Ping (request)",
    "description": "Words of Deriv's that nobody else may sell.",
    "type": "object",
    "auth_required": 0,
    "properties": {
        "description": {"type": "string", "description": "Words.", "enum": ["description", "title"]},
        "title": {"oneOf": [{"$ref": "#/definitions/name"}, {"type": "integer", "examples": ["Words."]}]},
    },
    "patternProperties": {"^example$": {"type": "string", "sensitive": 1, "example": "Words."}},
    "definitions": {"name": {"title": "Words.", "pattern": "^title$"}},
    "required": ["title"],
}
FACTS = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "type": "object",
    "auth_required": 0,
    "properties": {
        "description": {"type": "string", "enum": ["description", "title"]},
        "title": {"oneOf": [{"$ref": "#/definitions/name"}, {"type": "integer"}]},
    },
    "patternProperties": {"^example$": {"type": "string", "sensitive": 1}},
    "definitions": {"name": {"pattern": "^title$"}},
    "required": ["title"],
}
OPENAPI = {
    "openapi": "3.1.0",
    "info": {"title": "Words."},
    "paths": {
        "/title": {
            "get": {
                "summary": "Words.",
                "operationId": "1",
                "security": [{"oauth2": ["trade"]}],
                "parameters": [{"name": "id", "in": "query", "description": "Words.", "schema": {"type": "string"}}],
                "responses": {
                    "200": {
                        "description": "Words.",
                        "content": {"application/json": {"schema": {"type": "object", "title": "Words."}}},
                    }
                },
            }
        }
    },
    "components": {"securitySchemes": {"oauth2": {"scopes": {"trade": "Words."}}}, "schemas": {"Error": SCHEMA}},
}


def test_prose_is_removed_and_facts_are_kept(make: ModuleType) -> None:
    assert make.facts(SCHEMA) == FACTS
    assert make.facts(OPENAPI) == {
        "paths": {
            "/title": {
                "get": {
                    "security": [{"oauth2": ["trade"]}],
                    "parameters": [{"name": "id", "in": "query", "schema": {"type": "string"}}],
                    "responses": {"200": {"content": {"application/json": {"schema": {"type": "object"}}}}},
                }
            }
        },
        "components": {"schemas": {"Error": FACTS}},
    }


def test_a_new_keyword_is_noticed(make: ModuleType) -> None:
    with pytest.raises(SystemExit, match=r"neither .* prose: \$comment$"):
        make.facts({"properties": {"x": {"type": "string", "$comment": "Words."}}})


def test_a_summary_that_repeats_deriv_is_noticed(make: ModuleType) -> None:
    ours = ["Words of Deriv's that nobody", "Words of", "Words of our own, as many as it takes"]
    assert make.repeated(ours, [SCHEMA]) == ["Words of Deriv's that nobody"]


def test_a_folder_of_each_api_is_written_to_its_files(make: ModuleType, tmp_path: Path) -> None:
    for name in ("send", "receive"):
        (tmp_path / "ping").mkdir(exist_ok=True)
        (tmp_path / "ping" / f"{name}.json").write_text(json.dumps(SCHEMA))
    (tmp_path / "pong_response.schema.json").write_text(json.dumps(SCHEMA))
    (tmp_path / "rest-api-openapi.json").write_text(json.dumps(OPENAPI))
    for api in ("v3", "options"):
        make.main(api, tmp_path, tmp_path)
    made = {name: json.loads((tmp_path / f"{name}.json").read_text()) for name in KEPT}
    assert made["v3"] == {"ping": {"request": FACTS, "reply": FACTS}}
    assert made["options"] == {"pong": {"reply": FACTS}}
    assert made["rest"] == make.facts(OPENAPI)


@pytest.mark.parametrize("name", KEPT)
def test_the_kept_files_are_unchanged_by_the_script(make: ModuleType, name: str) -> None:
    text = (HERE / f"{name}.json").read_text(encoding="utf-8")
    assert text == make.layout(make.kept(json.loads(text))) + "\n"


@pytest.mark.parametrize("name", KEPT)
def test_the_kept_files_contain_no_prose(name: str) -> None:
    told = [text for keyword, text in values(kept(name)) if keyword not in ("enum", "pattern")]
    assert len(told) > 200
    assert [text for text in told if not re.fullmatch(r"[\w/#$.:-]+", text)] == []


def test_sentences_are_kept_only_if_a_client_has_to_send_them() -> None:
    sent = {text for call in load("v3").values() for text in values(call.fields)}
    long = {text for name in KEPT for keyword, text in values(kept(name)) if keyword == "enum" and text.count(" ") > 3}
    assert long
    assert {("enum", text) for text in long} <= sent


def test_every_call_of_the_catalog_has_its_schemas() -> None:
    assert kept("v3").keys() - {"logout"} <= load("v3").keys() <= kept("v3").keys()
    over_http = {name for name, call in load("options").items() if call.rest}
    assert load("options").keys() - over_http <= kept("options").keys()
    assert all(sides.keys() == {"request", "reply"} for sides in kept("v3").values())
