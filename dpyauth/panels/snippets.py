"""Write a request as JSON, and as Python to paste into a cell. Neither contains secrets: the Python asks for them."""

from __future__ import annotations

import json
import keyword
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from dpyauth.catalog.calls import Call
from dpyauth.catalog.request import Fields, masked, secrets
from dpyauth.credentials import Secret
from dpyauth.panels.forms import implied
from dpyauth.sensitive import MASK

_WIDE = 64  # width above which a line of Python is broken

_FRAMES_OWN = frozenset({"account", "decimal", "explode", "reveal", "timeout"})
"""Names of fields that are parameters of `Session.frame`."""


def as_json(call: Call, fields: Fields) -> str:
    """Return the request as it is sent to Deriv; over HTTP, with method and path."""
    if call.rest is None:
        return as_json_fields(fields)
    shown = masked(fields)
    within = {name: shown.pop(name, f"{{{name}}}") for name in call.path_fields}
    line = f"{call.rest.method} {call.rest.path.format_map(within)}"
    if not shown:
        return line
    return f"{line}?{urlencode(shown, safe=MASK)}" if call.rest.method == "GET" else f"{line}\n{_json(shown)}"


def as_json_fields(fields: Fields) -> str:
    """Return the fields of a request, also of one over HTTP."""
    return _json(masked(fields))


def as_python(call: Call, fields: Fields, kinds: Mapping[str, str], session: str = "session") -> dict[str, str]:
    """Return the lines to paste, by result: "call", "frame" or "stream". ``kinds`` are the kinds of the fields."""
    changes = call.changes_with(fields)
    lines = {}
    if call.streams != "required":
        lines["call"] = _line(f"{session}.call", call, fields, kinds)
        if not changes and fields.keys().isdisjoint(_FRAMES_OWN):
            lines["frame"] = _line(f"{session}.frame", call, fields, kinds)
    if call.streams != "no" and not changes:
        opening = _line(f"with {session}.stream", call, fields, kinds)
        lines["stream"] = f"{opening} as stream:\n    updates = [stream.next() for _ in range(3)]"
    return lines


def _line(function: str, call: Call, fields: Fields, kinds: Mapping[str, str]) -> str:
    plain = {name: value for name, value in fields.items() if not (name == call.name and implied(call))}
    odd = {name: value for name, value in plain.items() if not name.isidentifier() or keyword.iskeyword(name)}
    arguments = [_text(call.name)]
    arguments += [f"{name}={_value(value, name, kinds)}" for name, value in plain.items() if name not in odd]
    arguments += [f"**{_value(odd, '', kinds)}"] if odd else []
    line = f"{function}({', '.join(arguments)})"
    if len(line) > _WIDE:
        line = "\n".join([f"{function}(", *(f"    {argument}," for argument in arguments), ")"])
    used = [module for module in ("getpass", "json") if f"{module}." in line and secrets(fields)]
    return "".join(f"import {module}\n" for module in used) + line


def _value(value: Any, name: str, kinds: Mapping[str, str]) -> str:
    if isinstance(value, Secret):
        asked = f"getpass.getpass({_text(f'{name}: ')})"
        kind = kinds.get(name)
        return f"json.loads({asked})" if kind == "json" else f'{asked}.split(",")' if kind == "list" else asked
    if isinstance(value, dict):
        prefix = f"{name}." if name else ""
        items = (f"{_text(key)}: {_value(held, prefix + key, kinds)}" for key, held in value.items())
        return f"{{{', '.join(items)}}}"
    if isinstance(value, list):
        return f"[{', '.join(_value(item, name, kinds) for item in value)}]"
    return _text(value) if isinstance(value, str) else repr(value)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _text(value: str) -> str:
    """Return a text as a Python literal."""
    return json.dumps(value, ensure_ascii=False) if value.isprintable() else repr(value)
