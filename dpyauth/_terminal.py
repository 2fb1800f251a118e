"""Write text to the user outside a notebook, in whatever state the program's streams are.

A windowed program or a service has no ``sys.stderr`` (it is None), a program may have closed or replaced it, and
redirected output on Windows is encoded as cp1252, which lacks many characters. None of that may end a sign-in or a
call.
"""

from __future__ import annotations

import sys
import unicodedata
from contextlib import suppress

WIDTH = 79
"""Width of a line that is overwritten, in characters."""

_PLAINER = str.maketrans(
    {
        "✓": "OK",
        "✕": "X",
        "…": "...",
        "·": "-",
        "•": "*",
        "–": "-",
        "−": "-",
        "→": "->",
        "“": '"',
        "”": '"',
        "’": "'",
        "\u2068": "",
        "\u2069": "",
        "\xa0": " ",
    }
)
"""Replacements for characters of dpyauth's own texts that an encoding may lack."""


def say(text: str, stream: object = None) -> None:
    """Write a line to a stream, by default to standard error, if there is one."""
    _write(sys.stderr if stream is None else stream, f"{text}\n")


def overwrite(text: str, stream: object) -> bool:
    """Write a line that the next one replaces, if a user is watching; an empty text removes it.

    Returns
    -------
    bool
        Whether it was written.
    """
    if not is_terminal(stream):
        return False
    _write(stream, f"\r{text:<{WIDTH}.{WIDTH}}" if text else f"\r{'':<{WIDTH}}\r")
    return True


def is_terminal(stream: object) -> bool:
    """Return whether a stream is a terminal, so that a user is watching it."""
    try:
        return bool(stream.isatty())  # type: ignore[attr-defined]
    except Exception:  # missing, incomplete or closed, or whatever a program's own stream raises
        return False


def writable(text: str, stream: object) -> str:
    """Return a text with the characters that the encoding of a stream lacks replaced by similar ones."""
    try:
        encoding = stream.encoding  # type: ignore[attr-defined]
    except Exception:  # as in `is_terminal`; a stream that was detached from its file raises here, too
        encoding = None
    if text.isascii() or not isinstance(encoding, str):
        return text
    return "".join(letter if _has(encoding, letter) else _plainer(letter, encoding) for letter in text)


def _plainer(letter: str, encoding: str) -> str:
    known = letter.translate(_PLAINER)
    if known != letter:
        return known
    base = unicodedata.normalize("NFKD", letter)[0]  # "é" without its accent
    return base if _has(encoding, base) else "?"


def _has(encoding: str, letter: str) -> bool:
    try:
        letter.encode(encoding)
    except UnicodeEncodeError:
        return False
    except LookupError:  # unknown to Python: only writing shows which characters it has
        return letter.isascii()
    return True


def _write(stream: object, text: str) -> None:
    with suppress(Exception):  # as in `is_terminal`; and an encoding may lack a character that Python expects in it
        stream.write(writable(text, stream))  # type: ignore[attr-defined]
        stream.flush()  # type: ignore[attr-defined]
