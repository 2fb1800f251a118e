"""The facts of Deriv's API that are kept in tests/schemas: those of its schemas, and those that only its pages tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).with_name("schemas")


def published(name: str) -> Any:
    """Return the facts of ``v3``, ``options`` or ``rest``, see tests/schemas/make.py.

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
    """Return what only Deriv's pages tell: calls and fields that its newest schemas at hand do not have.

    This was written by hand. Delete from it what newer schemas say. The fields of a request are not told apart by
    where they go: path, query or body.
    """
    facts: dict[str, Any] = _kept("pages")
    return facts


def overlaid(below: Any, above: Any) -> Any:
    """Return what both say; where they disagree, what lies above."""
    if isinstance(below, dict) and isinstance(above, dict):
        return {**below, **{key: overlaid(below.get(key), value) for key, value in above.items()}}
    return above


def _kept(name: str) -> Any:
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
