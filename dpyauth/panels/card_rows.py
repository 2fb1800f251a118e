"""Make rows of a card: a name, lights, and sentences below them.

A light has a ``tone``, a ``symbol`` that says the same without a colour, and a ``text``; an amount has a ``name``, a
``value``, and a ``tone`` that may be empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]
Light = dict[str, str]
Amount = dict[str, str]

SYMBOLS = {"good": "✓", "wait": "…", "act": "!", "bad": "✕", "off": "–", "plain": ""}
LONGEST = 200
"""Characters shown of a text from outside."""

_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]+")


def plain(text: object, longest: int = LONGEST) -> str:
    """Return a text from outside that is safe to show: on one line, not too long, without marks that turn it round."""
    # JSON can escape half a surrogate pair, which nothing can encode.
    known = "" if text is None else str(text).encode("utf-8", "replace").decode()
    shown = " ".join(_INVISIBLE.sub(" ", known).split())
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def light(tone: str, text: str) -> Light:
    """Return a light."""
    return {"tone": tone, "symbol": SYMBOLS[tone], "text": text}


def amount(name: str, value: str, tone: str = "") -> Amount:
    """Return an amount of money and what it is, for a list of such."""
    return {"name": name, "value": value, "tone": tone}


def row(
    name: str,
    lights: Iterable[Light] = (),
    lines: Iterable[str] = (),
    link: str = "",
    amounts: Iterable[Amount] = (),
) -> Row:
    """Return a row, with each line once. ``link`` is an address at the end of a line, to be made a link."""
    made: Row = {"name": name, "lights": list(lights), "amounts": list(amounts), "lines": list(dict.fromkeys(lines))}
    return {**made, "link": link} if link else made
