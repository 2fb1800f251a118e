"""Load the facts about Deriv's API from tests/schemas: those of its schemas, and those that only its pages state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).with_name("schemas")


def published(name: str) -> Any:
    """Return the facts of ``v3``, ``options`` or ``rest``; see tests/schemas/make.py.

    Those of ``options`` are completed by `told_by_pages`: whole calls, and replies.
    """
    facts = _kept(name)
    if name != "options":
        return facts
    more = {
        call: {"reply": sides["reply"]} if call in facts else sides
        for call, sides in told_by_pages().items()
        if "reply" in sides
    }
    return overlaid(facts, more)


def told_by_pages() -> dict[str, Any]:
    """Return what only Deriv's pages state: calls and fields that are missing from the newest schemas at hand.

    These facts were written by hand. Delete what newer schemas contain. They do not say where a field of a request
    goes: path, query or body.
    """
    facts: dict[str, Any] = _kept("pages")
    return facts


def overlaid(below: Any, above: Any) -> Any:
    """Return the facts of both; where they disagree, those of the upper one."""
    if isinstance(below, dict) and isinstance(above, dict):
        return {**below, **{key: overlaid(below.get(key), value) for key, value in above.items()}}
    return above


def _kept(name: str) -> Any:
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
