"""Write the catalog of calls (dpyauth/apis/v3.json) from Deriv's published request schemas.

    python tests/catalog/make.py path/to/deriv-v3-schemas

Only facts are taken: names, types, enums, limits, patterns, scopes, sensitivity. The one-line summaries
(calls_v3.csv, beside this script) and the list of calls that change something are our own.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TARGET = HERE.parents[1] / "dpyauth" / "apis" / "v3.json"

PROSE = {"description", "title", "examples", "$schema"}
COMMON = {"req_id", "passthrough"}


def facts(node: Any, definitions: dict[str, Any]) -> Any:
    """A copy of a JSON-schema fragment without prose and with its references filled in."""
    if isinstance(node, list):
        return [facts(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return facts(definitions[node["$ref"].removeprefix("#/definitions/")], definitions)
    kept = {}
    for key, value in node.items():
        if key in {"properties", "patternProperties"}:  # here the keys are names, not keywords
            kept[key] = {name: facts(child, definitions) for name, child in value.items()}
        elif key not in PROSE:
            kept[key] = facts(value, definitions)
    return kept


def entry(schema: dict[str, Any], ours: dict[str, str]) -> dict[str, Any]:
    """One call of the catalog."""
    definitions = schema.get("definitions", {})
    fields = {name: facts(field, definitions) for name, field in schema["properties"].items() if name not in COMMON}
    subscribable = "subscribe" in fields
    call: dict[str, Any] = {"summary": ours["summary"], "fields": fields, "required": schema["required"]}
    if schema["auth_required"]:
        call["scopes"] = schema["auth_scopes"]
    if subscribable:
        call["streams"] = "required" if "subscribe" in schema["required"] else "yes"
    if ours["changes"]:
        call["changes"] = True if ours["changes"] == "always" else ours["changes"].split("|")
    extra = {
        key: facts(schema[key], definitions) for key in ("patternProperties", "if", "then", "else") if key in schema
    }
    if extra:
        call["extra"] = extra
    return call


def build(schemas: Path) -> str:
    """The text of the catalog file: JSON, one call a line."""
    with (HERE / "calls_v3.csv").open(newline="", encoding="utf-8") as file:
        ours = {row["call"]: row for row in csv.DictReader(file)}
    calls = {}
    for folder in sorted(path for path in schemas.iterdir() if path.is_dir()):
        schema = json.loads((folder / "send.json").read_text(encoding="utf-8"))
        calls[folder.name] = entry(schema, ours.pop(folder.name))
    if ours:
        raise SystemExit(f"calls_v3.csv names calls that no schema has: {', '.join(ours)}")
    lines = (
        f"{json.dumps(name)}:{json.dumps(call, separators=(',', ':'), ensure_ascii=False)}"
        for name, call in calls.items()
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    TARGET.write_text(build(Path(sys.argv[1])), encoding="utf-8")
