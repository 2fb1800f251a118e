"""Write what every reply must contain (dpyauth/checkup/expected.json), from the facts of Deriv's schemas.

    python tests/catalog/make_expected.py

`dpyauth.catalog.shapes` says what a reply may contain. This file says which parts Deriv requires, and where its
schemas allow kinds of values that the shape has no room for (usually ``null``). It covers only calls that read, because
the others are never made just to see their replies. The form of the file is explained in `dpyauth.checkup.drift`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dpyauth.catalog.calls import load
from dpyauth.catalog.shapes import ENVELOPE, Shape
from dpyauth.catalog.shapes import load as load_shapes
from dpyauth.checkup.drift import leaves, types_of
from dpyauth.registry import APIS

sys.path.insert(0, str(Path(__file__).parents[1]))

from published import published

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "dpyauth" / "checkup" / "expected.json"

Schema = dict[str, Any]

LEDGERS = {
    "statement": {
        "": ("statement",),
        "statement": ("transactions",),
        "statement.transactions.[]": ("action_type", "amount", "balance_after", "transaction_id", "transaction_time"),
    },
    "profit_table": {
        "": ("profit_table",),
        "profit_table": ("transactions",),
        "profit_table.transactions.[]": ("buy_price", "contract_id", "purchase_time", "sell_price", "transaction_id"),
    },
    "portfolio": {
        "": ("portfolio",),
        "portfolio": ("contracts",),
        "portfolio.contracts.[]": ("buy_price", "contract_id", "contract_type", "currency", "purchase_time"),
    },
    "legacy_statement": {"transactions.[]": ("amount", "balance_after", "currency", "transaction_time")},
}
"""Fields that no program can do without. Deriv's schemas do not require them, but the text of its pages does."""

ANY = ("array", "boolean", "integer", "null", "number", "object", "string")


def flat(schema: Schema, root: Schema) -> Iterator[Schema]:
    """Yield the forms that a value may have, with references and alternatives resolved."""
    while "$ref" in schema:
        found: Any = root
        for key in schema["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        schema = found
    alternatives = [one for key in ("oneOf", "anyOf") for one in schema.get(key, ())]
    for one in alternatives:
        for each in flat(one, root):
            yield {**{key: schema[key] for key in ("type", "properties", "required") if key in schema}, **each}
    if not alternatives:
        yield schema


def types(schema: Schema) -> set[str]:
    """Return the names of the types that a value may have; an empty set if any type is allowed."""
    stated = schema.get("type")
    if stated is None:
        return {"object"} if "properties" in schema else set()
    named = {stated} if isinstance(stated, str) else set(stated)
    return named if None not in schema.get("enum", ("",)) else named | {"null"}


def walk(schemas: list[Schema], root: Schema, path: str, out: dict[str, Any]) -> None:
    """Collect required fields and types at a place and below it."""
    found = [each for schema in schemas for each in flat(schema, root)]
    named = [types(each) for each in found]
    out["types"][path] = sorted(set().union(*named)) if all(named) else []
    objects = [each for each in found if "properties" in each]
    if objects:
        common = set.intersection(*(set(each.get("required", ())) & set(each["properties"]) for each in objects))
        if common := sorted(common - (ENVELOPE if not path else set())):
            out["required"][path] = common
        for name in sorted({name for each in objects for name in each["properties"]}):
            children = [each["properties"][name] for each in objects if name in each["properties"]]
            walk(children, root, f"{path}.{name}".lstrip("."), out)
    items = [each["items"] for each in found if isinstance(each.get("items"), dict)]
    if items:
        walk(items, root, f"{path}.[]".lstrip("."), out)
    maps = [child for each in found for child in each.get("patternProperties", {}).values()]
    maps += [each["additionalProperties"] for each in found if isinstance(each.get("additionalProperties"), dict)]
    if maps:
        walk(maps, root, f"{path}.{{}}".lstrip("."), out)


def entry(schema: Schema, shape: Shape, name: str = "") -> dict[str, Any]:
    """Return the entry of one call: what the shape leaves open."""
    out: dict[str, Any] = {"required": {}, "types": {}}
    walk([schema], schema, "", out)
    for path, names in LEDGERS.get(name, {}).items():
        out["required"][path] = sorted({*out["required"].get(path, ()), *names})
    places = list(leaves(shape.reply))
    also: dict[str, list[str]] = {}
    for path, node in places:
        stated, room = out["types"].get(path), types_of(node)
        if path and stated is not None and room:
            more = set(stated or ANY) - room - ({"integer"} if "number" in room else set())
            if more := sorted(more | set(also.get(path, ()))):
                also[path] = more
    reached = {path for path, _ in places}
    return {"required": {path: names for path, names in out["required"].items() if path in reached}, "also": also}


def build() -> str:
    """Return the text of the file: JSON, one call per line."""
    lines = []
    for api in APIS:
        schemas = published(api)
        shapes = load_shapes(api)
        reads = [name for name, call in sorted(load(api).items()) if call.changes is not True and name in schemas]
        calls = ",\n".join(
            f"{json.dumps(name)}:{json.dumps(entry(schemas[name]['reply'], shapes[name], name), separators=(',', ':'))}"
            for name in reads
        )
        lines.append(f"{json.dumps(api)}:{{\n{calls}\n}}")
    return "{" + ",\n".join(lines) + "}\n"


if __name__ == "__main__":
    TARGET.write_text(build(), encoding="utf-8")
