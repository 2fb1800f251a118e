"""Write the catalog of the APIs' calls (dpyauth/catalog/v3.json, options.json) from the facts of Deriv's request
schemas, and the page of the reference that lists them.

    python tests/catalog/make.py

The facts are kept in tests/schemas. Three things are our own: the one-line summaries (calls_v3.csv and
calls_options.csv, beside this script), the names of REST calls, and the list of calls that change something. In that
list, ``always unless data.dry_run`` marks a call that changes nothing with this field, and ``always by request_id in
wallet_transactions`` a call whose requests Deriv identifies by this field and lists in that other call.

A REST call has two sources: the OpenAPI file, and mostly a request schema as well. Where they disagree, the laxer one
wins: Deriv refuses a wrong value itself, but a field that is refused here can never be sent. At the time of writing
they disagree in two calls: only the OpenAPI file gives payment_agent_list's ``page`` and ``per_page`` a minimum, and
payment_agent_withdraw_status's ``request_id`` a pattern.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
APIS = HERE.parents[1] / "dpyauth" / "catalog"
sys.path.insert(0, str(HERE.parent))

from published import overlaid, published, told_by_pages  # noqa: E402

from dpyauth.catalog.calls import summaries  # noqa: E402

UNUSED = {"format", "$schema"}
COMMON = {"req_id", "passthrough"}

LEFT_OUT = {
    "logout",  # has a schema, but is no longer in Deriv's index of calls; the socket has no token to be dropped
    "websocket",  # its answer is an address that opens the account: only the session asks for it, never a user
    "bulk_purchase",  # carries other people's tokens in its body
    "POST /trading/v1/options/accounts/{accountId}/otp",  # has the schema "websocket"
    "GET /trading/v1/options/ws/demo",
    "GET /trading/v1/options/ws/real",
    "GET /trading/v1/options/ws/public",
    "POST /trading/v1/options/contracts/bulk-purchase/real",
    "POST /trading/v1/options/contracts/bulk-purchase/demo",
}
"""Schemas and paths of the options API that are not calls of the catalog."""


def facts(node: Any, definitions: dict[str, Any]) -> Any:
    """Return a copy of a JSON-schema fragment, without unused keywords and with its references filled in."""
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
        elif key not in UNUSED:
            kept[key] = facts(value, definitions)
    return kept


def entry(schema: dict[str, Any], ours: dict[str, str]) -> dict[str, Any]:
    """Return the entry of one call."""
    definitions = schema.get("definitions", {})
    fields = {name: facts(field, definitions) for name, field in schema["properties"].items() if name not in COMMON}
    subscribable = "subscribe" in fields
    call: dict[str, Any] = {"fields": fields, "required": schema["required"]}
    if schema["auth_required"]:
        call["scopes"] = schema["auth_scopes"]
    if subscribable:
        call["streams"] = "required" if "subscribe" in schema["required"] else "yes"
    if ours["changes"]:
        change, _, harmless = ours["changes"].partition(" unless ")
        when, _, known = change.partition(" by ")
        call["changes"] = True if when == "always" else when.split("|")
        if harmless:
            call["unless"] = harmless
        if known:
            call["key"], _, call["lookup"] = known.partition(" in ")
    extra = {
        key: facts(schema[key], definitions) for key in ("patternProperties", "if", "then", "else") if key in schema
    }
    if extra:
        call["extra"] = extra
    if ours.get("rest"):
        method, path = ours["rest"].split()
        call["rest"] = {"method": method, "path": path}
    return call


def rest_schema(operation: dict[str, Any], published: dict[str, Any] | None) -> dict[str, Any]:
    """Return what an OpenAPI operation takes, in the form of a v3 request schema."""
    schema: dict[str, Any] = {"properties": {}, "required": []}
    for parameter in operation.get("parameters", []):
        if parameter["in"] in {"path", "query"}:
            schema["properties"][parameter["name"]] = parameter["schema"]
            schema["required"] += [parameter["name"]] * parameter["required"]
    if "requestBody" in operation:
        body = operation["requestBody"]["content"]["application/json"]["schema"]
        schema["properties"] |= body["properties"]
        schema["required"] += body["required"]
    schema = facts(schema, {})
    if published:
        schema = laxer(schema, facts(places_joined(published), {}))
    scopes = [scope for security in operation.get("security", []) for scope in security["oauth2"]]
    return {**schema, "auth_required": int(bool(scopes)), "auth_scopes": scopes}


def told_schema(sides: dict[str, Any]) -> dict[str, Any]:
    """Return what a call that only Deriv's pages describe takes, in the form of a v3 request schema."""
    request = {"required": [], **facts(sides["request"], {})}
    return {**request, "auth_required": int(bool(sides["scopes"])), "auth_scopes": sides["scopes"]}


def places_joined(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a REST request schema without its headers, and with path, query and body in one."""
    joined: dict[str, Any] = {"properties": {}, "required": []}
    for name, child in schema["properties"].items():
        if name in {"path", "query", "body"}:
            joined["properties"] |= child["properties"]
            joined["required"] += child["required"]
        elif name not in {"headers", "Deriv-App-ID"}:
            joined["properties"][name] = child
            joined["required"] += [name] * (name in schema["required"])
    return joined


def laxer(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return what either of two schemas allows: the keywords they share, and the fields of both."""
    shared = {key: value for key, value in one.items() if other.get(key) == value}
    if "properties" in one and "properties" in other:
        mine, theirs = one["properties"], other["properties"]
        shared["properties"] = theirs | {
            name: laxer(child, theirs[name]) if name in theirs else child for name, child in mine.items()
        }
        shared["required"] = [name for name in one["required"] if name in other["required"]]
    return shared


def v3(schemas: dict[str, Any], ours: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Return the calls of v3."""
    known(ours, set(schemas))
    return {name: entry(schemas[name]["request"], ours[name]) for name in sorted(schemas)}


def options(
    schemas: dict[str, Any], rest_api: dict[str, Any], ours: dict[str, dict[str, str]], pages: dict[str, Any]
) -> dict[str, Any]:
    """Return the calls of the options API: those of the WebSocket, and REST calls from OpenAPI and Deriv's pages."""
    schemas = {name: sides for name, sides in schemas.items() if "rest" not in pages.get(name, {})}
    published = {name: sides["request"] for name, sides in schemas.items() if "request" in sides}
    operations = {
        f"{method.upper()} {path}": operation
        for path, methods in rest_api["paths"].items()
        for method, operation in methods.items()
    }
    rest = {row["rest"]: name for name, row in ours.items() if row["rest"]}
    only_told = {sides["rest"]: sides for sides in pages.values() if "rest" in sides}
    known(ours | dict.fromkeys(rest), published.keys() | rest.values() | operations.keys() | only_told.keys())
    forgotten = (published.keys() - ours.keys()) | ((operations.keys() | only_told.keys()) - rest.keys())
    if forgotten != LEFT_OUT:
        raise SystemExit(f"neither named nor left out, or no longer there: {', '.join(sorted(forgotten ^ LEFT_OUT))}")
    calls = {}
    for name, row in sorted(ours.items()):
        schema = published.get(name)
        if row["rest"] in only_told:
            schema = told_schema(only_told[row["rest"]])
        elif row["rest"]:
            schema = rest_schema(operations[row["rest"]], schema)
            schema = overlaid(schema, facts(pages.get(name, {}).get("request", {}), {}))
        assert schema is not None
        calls[name] = entry(schema, row)
    return calls


def known(ours: Any, published: set[str]) -> None:
    """Exit with an error if one of our names is not among those of Deriv."""
    if unknown := [name for name in ours if name not in published]:
        raise SystemExit(f"the table of calls names what no schema has: {', '.join(unknown)}")


def target(api: str) -> Path:
    """Return the path of an API's catalog."""
    return APIS / f"{api}.json"


def build(api: str) -> str:
    """Return the text of the catalog file: JSON, one call per line."""
    with (HERE / f"calls_{api}.csv").open(newline="", encoding="utf-8") as file:
        ours = {row["call"]: row for row in csv.DictReader(file)}
    calls = (
        v3(published("v3"), ours)
        if api == "v3"
        else options(published("options"), published("rest"), ours, told_by_pages())
    )
    lines = (
        f"{json.dumps(name)}:{json.dumps(call, separators=(',', ':'), ensure_ascii=False)}"
        for name, call in calls.items()
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


REFERENCE = HERE.parents[1] / "notebooks" / "reference" / "calls.md"
"""The page that lists every call."""

HEADINGS = {"options": "Deriv's current API (options)", "v3": "The older API (v3)"}


def reference() -> str:
    """Return the text of the page that lists every call."""
    lines = [
        "<!-- Written by tests/catalog/make.py -->",
        "# Every call",
        "",
        "The calls that `session.call()`, `session.frame()` and `session.stream()` take. "
        '`session.help("wallet_list")` shows',
        "the fields of a call and the columns of its frame, `session.calls()` lists those that a session may make.",
        "The documentation describes each: [current API](calls-options.md), [v3](calls-v3.md).",
    ]
    for api, heading in HEADINGS.items():
        lines += ["", f"## {heading}", "", "| call | what for | scope | changes | over |", "|---|---|---|---|---|"]
        calls = json.loads(build(api))
        lines += [_row(api, name, call) for name, call in calls.items()]
    return "\n".join(lines) + "\n"


def _row(api: str, name: str, call: dict[str, Any]) -> str:
    changes = call.get("changes", False)
    when = {True: "yes", False: ""}.get(changes) if isinstance(changes, bool) else f"with {' or '.join(changes)}"
    when = f"{when}, not with {call['unless']}" if "unless" in call else when
    rest = call.get("rest")
    over = f"`{rest['method']} {rest['path']}`" if rest else "a socket"
    link, scopes = f"[`{name}`](calls-{api}.md#{name})", " or ".join(call.get("scopes", ()))
    return f"| {link} | {summaries(api)[name]} | {scopes} | {when} | {over} |"


if __name__ == "__main__":
    for api in ("v3", "options"):
        target(api).write_text(build(api), encoding="utf-8")
    REFERENCE.write_text(reference(), encoding="utf-8")
