"""Write to people outside a notebook: the one place that does, whatever became of the program's streams.

A windowed program or a service has no ``sys.stderr`` (it is None), a program may have closed it or put something else
in its place, and what is redirected on Windows is written in cp1252, which lacks many characters. None of that may end
a sign-in or a call.
"""

from __future__ import annotations

import sys
import unicodedata
from contextlib import suppress

WIDTH = 79
"""Of a line that is overwritten, in characters."""

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
"""What stands for the characters of dpyauth's own texts where an encoding lacks them."""


def say(text: str, stream: object = None) -> None:
    """Write a line to a stream, else to standard error, where there is one."""
    _write(sys.stderr if stream is None else stream, f"{text}\n")


def overwrite(text: str, stream: object) -> bool:
    """Write a line that the next one replaces; an empty text takes it away. Only where a person looks.

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
    """Tell whether a person is at the other end of a stream."""
    try:
        return bool(stream.isatty())  # type: ignore[attr-defined]
    except Exception:  # there is none, it is not a whole one, it is closed, or whatever a program's own one raises
        return False


def writable(text: str, stream: object) -> str:
    """Return a text in characters that the encoding of a stream has, as much like it as they allow."""
    try:
        encoding = stream.encoding  # type: ignore[attr-defined]
    except Exception:  # as `is_terminal`; of a stream that was detached from its file, this raises, too
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
    except LookupError:  # not an encoding that Python knows: what it can write shows when it is written
        return letter.isascii()
    return True


def _write(stream: object, text: str) -> None:
    with suppress(Exception):  # as `is_terminal`; besides, an encoding may lack what Python thinks it has
        stream.write(writable(text, stream))  # type: ignore[attr-defined]
        stream.flush()  # type: ignore[attr-defined]
