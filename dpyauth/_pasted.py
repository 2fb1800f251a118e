"""Clean pasted text: a token or an app ID may come with quotes, blanks and invisible characters around it."""

from __future__ import annotations

_INVISIBLE = "\x00\x16\ufeff\u200b\u200c\u200d\u2060"
"""Characters that pasting may leave at the ends: Ctrl+V itself, byte order marks, zero-width characters."""

_MARKS = ("\x1b[200~", "\x1b[201~", "[200~", "[201~")
"""Marks that a terminal puts around pasted text."""

_QUOTES = ('""', "''", "``", "“”", "‘’", "<>")

LAYERS = 8
"""Number of nested layers, such as quotes in quotes, that are removed."""


def bare(entered: str) -> str:
    """Return a text without the blanks, paste marks, quotes and ``Bearer`` around it."""
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
    """Return whether a text has control characters, such as Ctrl+V and the arrow keys leave in some prompts."""
    return any(not letter.isprintable() and not letter.isspace() for letter in text)
