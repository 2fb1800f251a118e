"""Write text for the user outside a notebook, whatever the state of the program's streams.

In a windowed program or a service, ``sys.stderr`` is None; a program may have closed or replaced it; and redirected
output on Windows is encoded as cp1252, which lacks many characters. None of that may make a sign-in or a call fail.
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
    except Exception:  # the stream may be missing, incomplete or closed; a program's own stream may raise anything
        return False


def writable(text: str, stream: object) -> str:
    """Return a text with the characters that the encoding of a stream lacks replaced by similar ones."""
    try:
        encoding = stream.encoding  # type: ignore[attr-defined]
    except Exception:  # as in `is_terminal`; a stream that was detached from its file raises here as well
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
    except LookupError:  # an encoding that Python does not know: assume no more than ASCII
        return letter.isascii()
    return True


def _write(stream: object, text: str) -> None:
    with suppress(Exception):  # as in `is_terminal`; an encoding may also lack a character that Python expects in it
        stream.write(writable(text, stream))  # type: ignore[attr-defined]
        stream.flush()  # type: ignore[attr-defined]
