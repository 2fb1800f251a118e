"""Extract the facts of Deriv's published JSON schemas into v3.json, options.json and rest.json, beside this script.

    python tests/schemas/make.py v3 path/to/deriv-api-docs/config/v3
    python tests/schemas/make.py options path/to/deriv-api-schemas/schemas

The tests check the sandbox's replies against these files, and the catalog of calls is made from them. Deriv publishes
the originals in two public repositories: the schemas of v3 in deriv-com/deriv-api-docs, and those of the options API in
deriv-com/deriv-api-schemas, which also has them as ``schemas.zip`` with every release.

The files keep what a program needs to judge a message: names, types, values, patterns, limits, nesting, scopes,
sensitivity. They keep no sentences: the tables below say what happens to each keyword, and an unknown keyword stops
the script. While Deriv's sentences are at hand, the script also checks that none of our own summaries repeats one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SUMMARIES = HERE.parents[1] / "dpyauth" / "texts" / "en" / "summaries.json"
WIDTH = 120

NAMED = {"properties", "patternProperties", "definitions", "$defs", "paths", "responses", "content", "schemas"}
"""Keywords whose keys are names: of fields, definitions, paths, status codes, media types."""

FACTS = NAMED | {
    *("$schema", "$ref", "type", "enum", "const", "default", "format", "pattern", "sensitive"),
    *("minimum", "maximum", "exclusiveMinimum", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems"),
    *("required", "additionalProperties", "propertyNames", "minProperties", "maxProperties", "items"),
    *("oneOf", "anyOf", "if", "then", "else"),
    *("auth_required", "auth_scopes", "beta"),
    *("get", "post", "parameters", "name", "in", "schema", "requestBody", "security", "oauth2", "components"),
}
PROSE = {
    *("title", "description", "summary", "example", "examples"),
    *("openapi", "info", "tags", "operationId", "headers", "securitySchemes"),
}
STRAY = {"financial", "synthetic", "status"}
"""Fields of two v3 replies in the place of keywords, because Deriv left out "properties": they are ignored."""


def facts(node: Any) -> Any:
    """Return a copy of a schema without prose."""
    if isinstance(node, list):
        return [facts(item) for item in node]
    if not isinstance(node, dict):
        return node
    if unknown := sorted(node.keys() - FACTS - PROSE - STRAY):
        raise SystemExit(f"neither among the facts nor the prose: {', '.join(unknown)}")
    kept = {key: value for key, value in node.items() if key in FACTS}
    return {
        key: {name: facts(child) for name, child in value.items()} if key in NAMED else facts(value)
        for key, value in kept.items()
    }


def v3(folder: Path) -> dict[str, Any]:
    """Return v3's requests and replies by call: each call has a folder."""
    return {
        path.name: {"request": read(path / "send.json"), "reply": read(path / "receive.json")}
        for path in sorted(folder.iterdir())
        if path.is_dir()
    }


def options(folder: Path) -> dict[str, Any]:
    """Return the options API's requests and replies by call: each has a file."""
    ends = {"request": "_request.schema.json", "reply": "_response.schema.json"}
    found: dict[str, Any] = {}
    for path in sorted(folder.iterdir()):
        for side, end in ends.items():
            if path.name.endswith(end):
                found.setdefault(path.name.removesuffix(end), {})[side] = read(path)
    return found


def rest(folder: Path) -> Any:
    """Return the calls over HTTP, as OpenAPI."""
    return read(folder / "rest-api-openapi.json")


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def texts(node: Any) -> Iterator[str]:
    """Return every text in a schema."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from texts(child)


def repeated(summaries: list[str], published: Any) -> list[str]:
    """Return which of our summaries repeat a sentence of Deriv's; a few nouns are not a sentence."""
    theirs = "\n".join(texts(published)).lower()
    return [summary for summary in summaries if len(summary.split()) >= 5 and summary.lower() in theirs]


def layout(node: Any, indent: int = 0) -> str:
    """Return JSON that is easy to read and to compare: a value that fits is written on one line."""
    flat = json.dumps(node, ensure_ascii=False)
    if len(flat) + indent <= WIDTH or not isinstance(node, dict | list):
        return flat
    pad, inner = " " * indent, " " * (indent + 1)
    if isinstance(node, list):
        lines, (start, end) = [inner + layout(item, indent + 1) for item in node], "[]"
    else:
        lines, (start, end) = [f"{inner}{json.dumps(key)}: {layout(node[key], indent + 1)}" for key in node], "{}"
    return "\n".join([start, ",\n".join(lines), pad + end])


def main(api: str, folder: Path, target: Path = HERE) -> None:
    """Write the files of an API."""
    published = {"v3": v3(folder)} if api == "v3" else {"options": options(folder), "rest": rest(folder)}
    summaries = json.loads(SUMMARIES.read_text(encoding="utf-8"))
    if found := repeated([*summaries["*"].values(), *summaries[api].values()], published):
        raise SystemExit(f"Deriv's own words, use others: {', '.join(found)}")
    for name, content in published.items():
        (target / f"{name}.json").write_text(f"{layout(kept(content))}\n", encoding="utf-8")


def kept(published: dict[str, Any]) -> Any:
    """Return the facts of one file: of OpenAPI, or of the requests and replies of every call."""
    if "paths" in published:
        return facts(published)
    return {call: {side: facts(schema) for side, schema in sides.items()} for call, sides in published.items()}


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in {"v3", "options"}:
        raise SystemExit(__doc__)
    main(sys.argv[1], Path(sys.argv[2]))
