"""Make the rows of a card: a name, lights, and sentences below them.

A light has a ``tone``, a ``symbol`` with the same meaning for users who cannot tell colours apart, and a ``text``. An
amount has a ``name``, a ``value``, and a ``tone`` that may be empty.
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
"""Number of characters shown of a text from Deriv."""

_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]+")
_SPACES = re.compile(r"[^\S\xa0\u202f]+")  # not those that keep a number or a French sentence together


def plain(text: object, longest: int = LONGEST) -> str:
    """Return a text from Deriv that is safe to show: one line, short, and without marks that reverse its direction."""
    # JSON can contain half a surrogate pair, which cannot be encoded as UTF-8.
    known = "" if text is None else str(text).encode("utf-8", "replace").decode()
    shown = _SPACES.sub(" ", _INVISIBLE.sub(" ", known)).strip()
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def light(tone: str, text: str) -> Light:
    """Return a light."""
    return {"tone": tone, "symbol": SYMBOLS[tone], "text": text}


def amount(name: str, value: str, tone: str = "") -> Amount:
    """Return an amount of money with its name, for a list of amounts."""
    return {"name": name, "value": value, "tone": tone}


def row(
    name: str,
    lights: Iterable[Light] = (),
    lines: Iterable[str] = (),
    link: str = "",
    amounts: Iterable[Amount] = (),
) -> Row:
    """Return a row without repeated lines. ``link`` is an address at the end of a line, to be shown as a link."""
    made: Row = {"name": name, "lights": list(lights), "amounts": list(amounts), "lines": list(dict.fromkeys(lines))}
    return {**made, "link": link} if link else made
