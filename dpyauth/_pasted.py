"""Clean what people paste: a token or an app ID comes with quotes, blanks and marks that nobody sees."""

from __future__ import annotations

_INVISIBLE = "\x00\x16\ufeff\u200b\u200c\u200d\u2060"
"""What a paste leaves at the ends of a text: Ctrl+V as a character, marks of an encoding, letters without width."""

_MARKS = ("\x1b[200~", "\x1b[201~", "[200~", "[201~")
"""How a terminal marks the two ends of what was pasted."""

_QUOTES = ('""', "''", "``", "“”", "‘’", "<>")

_LAYERS = 8
"""How many of these may lie round each other."""


def bare(entered: str) -> str:
    """Return a text without what came along when it was copied: blanks, marks of the paste, quotes, ``Bearer``."""
    text = entered
    for _ in range(_LAYERS):
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
    """Tell whether keys that do nothing at a prompt have left characters in a text, such as Ctrl+V and the arrows."""
    return any(not letter.isprintable() and not letter.isspace() for letter in text)
