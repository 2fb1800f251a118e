"""Describe types and values in the words of an error."""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin

from dpyauth.registry import by_token

LONGEST = 8
"""Longest text that an error repeats, in characters: a longer text in the wrong place may be a token."""

UNSHOWN = "this text"
"""Words for a text that is not repeated."""

UNSHOWN_NUMBER = "a number this long"
"""Words for a number that is not repeated."""

_WIDEST = 120
"""Longest number or time that an error shows, in characters."""

_NAMES = {
    str: "a text",
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    Callable: "a function",
    Mapping: "a dict",
    dt.date: "a date",
}


def words(hint: Any) -> str:
    """Return a type hint in words. None is left out, as it need not be passed."""
    origin = get_origin(hint) or hint
    if origin in (Union, types.UnionType):
        parts = [words(part) for part in get_args(hint) if part is not types.NoneType]
        return " or ".join(dict.fromkeys(filter(None, parts)))
    if origin is Literal:
        return "one of " + ", ".join(map(repr, get_args(hint)))
    if origin in (Iterable, Sequence, Collection):
        each = words((*get_args(hint), Any)[0])
        return f"a list of {each.removeprefix('a ')}s" if each.startswith("a ") else "a list"
    if origin in _NAMES:
        return _NAMES[origin]
    name = origin.__forward_arg__ if isinstance(origin, ForwardRef) else getattr(origin, "__name__", "")
    known = {"Axes": "axes", "Secret": "", "PathLike": "a path", "Session": "a session", "Any": "a value"}
    return known.get(name, f"a {name}")


def shown(value: Any, longest: int = LONGEST) -> str:
    """Return a value as an error shows it: never one that may be secret, and never a long one."""
    if isinstance(value, str):
        short = type(value) is str and len(value) <= longest and not by_token(value, likely=True)
        return repr(value) if short else UNSHOWN
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = (int if isinstance(value, int) else float)(value)  # without the repr of numpy or an enum
    if value is None or isinstance(value, bool | int | float | Decimal | dt.date | dt.time | dt.timedelta):
        try:
            return text if len(text := repr(value)) <= _WIDEST else UNSHOWN_NUMBER
        except ValueError:  # an int with thousands of digits has no text
            return UNSHOWN_NUMBER
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if type(value) in (list, dict, tuple) and not value:
        return repr(value)
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeio' else 'a'} {name}"
