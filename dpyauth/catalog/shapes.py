"""Describe the replies of an API as data: where their rows are, and the kind of every value.

The description of a reply has the form of the reply itself, with a kind in place of every value:

=====================  =============================================================
``"text"``             a kind: text, flag, count, money, exact, number, time, moment, any
``"!text"``            the same, but secret or personal
``["low", "high"]``    one of these texts
``{"name": ...}``      an object with these fields; with ``""``: or a single value
``{"[]": ...}``        a list of such items
``{"{}": ...}``        an object whose keys are data (currencies, login IDs, ...)
``{"()": {...}}``      a list whose positions have these meanings
``{"||": {...}}``      parallel lists: items at the same position belong together
=====================  =============================================================
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dpyauth.sensitive import MASK, hides

Node = str | list[str] | Mapping[str, Any]

ENVELOPE = frozenset(
    (
        *("echo_req", "msg_type", "req_id", "subscription", "passthrough", "gap"),
        *("meta", "metadata", "links", "error", "errors"),
    )
)
"""Fields that belong to the exchange of messages, not to the data."""

_TOO_DEEP = 50  # levels


@dataclass(frozen=True, slots=True)
class Shape:
    """Description of one call's reply."""

    rows: tuple[tuple[str, ...], ...] = ((),)
    """Paths of the rows. Some replies have one of several forms, of which the first is the usual one."""
    reply: Mapping[str, Any] = field(default_factory=dict)
    currency: str | None = None
    """Currency of its money, if no field of the reply says so: ``account``, ``asked`` (the field of the request),
    ``key`` (the key of the row), a currency, or ``""`` if Deriv does not say. None if there is nothing to say."""


@functools.cache
def load(api: str) -> Mapping[str, Shape]:
    """Return the shapes of the replies of an API, by call. The file is read once."""
    path = os.path.join(os.path.dirname(__file__), f"{api}_replies.json")
    with open(path, encoding="utf-8") as file:
        raw = json.load(file)
    return {
        call: Shape(
            tuple(tuple(path.split(".")) if path else () for path in entry["rows"].split(" ")),
            entry["reply"],
            entry.get("currency"),
        )
        for call, entry in raw.items()
    }


def mask(value: Any, node: Node | None, *, call: str = "", name: str = "", depth: int = 0) -> Any:
    """Return a value with everything masked that is secret or personal, or nested too deeply.

    Parameters
    ----------
    value : object
        Reply, or part of one.
    node : object
        Description of it; None if there is none.
    call, name : str
        Call and field that it is part of.
    depth : int
        Its depth in the reply.
    """
    if isinstance(node, Mapping) and "" in node and not isinstance(value, Mapping):
        node = node[""]
    if isinstance(node, str) and node.startswith("!") and value not in (None, ""):
        return MASK
    facts = node if isinstance(node, Mapping) else {}
    if isinstance(value, Mapping | list | tuple) and depth > _TOO_DEEP:
        return MASK
    if isinstance(value, list | tuple):
        places = list(facts["()"].values()) if "()" in facts else []
        nodes = places + [facts.get("[]")] * (len(value) - len(places))
        pairs = zip(value, nodes, strict=False)
        return [mask(item, each, call=call, name=name, depth=depth + 1) for item, each in pairs]
    if isinstance(value, Mapping):
        fields = facts.get("||", facts)
        each = fields.get("{}", "any")
        named = each == "any"  # otherwise the keys are data
        return {
            key: MASK
            if named and key not in fields and hides(held, str(key), call, name, value)
            else mask(held, fields.get(key, each), call=call, name=str(key) if named else name, depth=depth + 1)
            for key, held in value.items()
        }
    return value
