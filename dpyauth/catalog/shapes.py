"""Shapes of the replies of an API, as data: where their rows are, and the kind of every value.

The facts of a reply look like the reply itself, with a kind in the place of every value:

=====================  =============================================================
``"text"``             a kind: text, flag, count, money, exact, number, time, moment, any
``"!text"``            the same, secret or personal
``["low", "high"]``    a text out of these
``{"name": ...}``      an object with these fields; ``""`` beside them: or one value
``{"[]": ...}``        a list of such items
``{"{}": ...}``        an object whose keys are data (currencies, login IDs, ...)
``{"()": {...}}``      a list whose places have these meanings
``{"||": {...}}``      lists side by side: what is at the same place belongs together
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
"""Fields that belong to the exchange of messages, not to the answer."""

_TOO_DEEP = 50  # levels


@dataclass(frozen=True, slots=True)
class Shape:
    """The facts of one call's reply."""

    rows: tuple[tuple[str, ...], ...] = ((),)
    """Paths of the rows. Some replies come in one of several forms; the first is the usual one."""
    reply: Mapping[str, Any] = field(default_factory=dict)
    currency: str | None = None
    """Currency of its money, if no field of the reply says so: ``account``, ``asked`` (the request's own field),
    ``key`` (that of the row), a currency, or ``""`` where Deriv does not say. None where there is nothing to say."""


@functools.cache
def load(api: str) -> Mapping[str, Shape]:
    """Return the shapes of the replies of an API by call, which are read once."""
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
    """Return the value with what is secret or personal in it masked, and all of what is too deep to look into.

    Parameters
    ----------
    value : object
        What a reply, or a part of one, holds.
    node : object
        The facts of it; None where there are none.
    call, name : str
        What it is a part of: the call, and the field.
    depth : int
        How deep in the reply it is.
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
        named = each == "any"  # else the keys are data
        return {
            key: MASK
            if named and key not in fields and hides(held, str(key), call, name, value)
            else mask(held, fields.get(key, each), call=call, name=str(key) if named else name, depth=depth + 1)
            for key, held in value.items()
        }
    return value
