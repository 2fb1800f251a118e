"""Clean pasted text: a token or an app ID comes with quotes, blanks and invisible marks."""

from __future__ import annotations

_INVISIBLE = "\x00\x16\ufeff\u200b\u200c\u200d\u2060"
"""Characters that a paste leaves at the ends: Ctrl+V itself, byte order marks, letters without width."""

_MARKS = ("\x1b[200~", "\x1b[201~", "[200~", "[201~")
"""Marks that a terminal puts round pasted text."""

_QUOTES = ('""', "''", "``", "“”", "‘’", "<>")

LAYERS = 8
"""Number of these that may be nested."""


def bare(entered: str) -> str:
    """Return a text without blanks, marks of the paste, quotes and ``Bearer`` around it."""
    text = entered
    for _ in range(LAYERS):
        before, text = text, text.strip().strip(_INVISIBLE)
        for mark in _MARKS:
            text = text.removeprefix(mark).removesuffix(mark)
        if len(text) > 1 and f"{text[0]}{text[-1]}" in _QUOTES:
            text = text[1:-1]
        if text[:7].lower() == "bearer ":
            text = text[7:]
        if text == before:
            break
    return text


def has_controls(text: str) -> bool:
    """Return whether a text has control characters, as keys such as Ctrl+V and the arrows leave them at a prompt."""
    return any(not letter.isprintable() and not letter.isspace() for letter in text)
