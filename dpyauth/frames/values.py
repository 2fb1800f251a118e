"""Read single values of a reply: numbers, texts, flags, times, lists and missing ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import MAX_EMAX, MIN_EMIN, Decimal, InvalidOperation
from decimal import Context as Arithmetic
from operator import itemgetter
from typing import Any

from dpyauth import _times
from dpyauth.catalog.paths import get_path as get_path
from dpyauth.net.messages import flag
from dpyauth.sensitive import MASK, hides

INT64 = 2**63
EXACTLY = Arithmetic(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
"""Context for calculations with money, since the user may change the current one. It never raises; a result that it
cannot hold is not a finite number, and so counts as missing."""

NO_TIME = -INT64
"""Number that numpy stores for NaT."""


def mapping(value: Any) -> Mapping[str, Any]:
    """Return the value itself if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def told(value: Any) -> bool:
    """Return whether a value holds anything."""
    return value is not None and value != "" and value != [] and value != {} and not is_nan(value)


def is_nan(value: Any) -> bool:
    """Return whether a value is NaN. Comparing a Decimal with itself is not a test: it may raise."""
    return value.is_nan() if isinstance(value, Decimal) else isinstance(value, float) and value != value


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """Return the mappings in a list; other items are dropped."""
    items = as_list(value)
    if set(map(type, items)) == {dict}:  # the usual case; checking each item takes longer
        return items
    return [item for item in items if isinstance(item, Mapping)]


def rows_of(value: Any, name: str) -> list[Mapping[str, Any]]:
    """Return the objects of a list as rows; any other item becomes a row with one field, named after the list.

    An object of objects counts as a list with keys, which become the field ``key``.
    """
    if isinstance(value, Mapping) and all(isinstance(item, Mapping) for item in value.values()):
        return [{"key": key, **part(key, item, name)} for key, item in value.items()]
    items = as_list(value)
    if set(map(type, items)) == {dict}:  # the usual case; checking each item takes longer
        return items
    return [item if isinstance(item, Mapping) else {name: item} for item in items if told(item) or item == {}]


def part(key: Any, value: Any, name: str) -> Mapping[str, Any]:
    """Return a value of an object whose keys are data as a row, masked if its key is sensitive."""
    if hides(value, str(key)):
        return {name: MASK}
    return value if isinstance(value, Mapping) else {name: value}


def listing(payload: Any, name: str) -> list[Mapping[str, Any]]:
    """Return the rows of a payload that is a list or one object; any other payload has none."""
    return rows_of(payload, name) if isinstance(payload, Mapping | list | tuple) else []


def keyed(value: Any, key: str, name: str) -> list[Mapping[str, Any]]:
    """Return the values of an object whose keys are data, each as a row with its key; or the items of a list."""
    if not isinstance(value, Mapping):
        return rows_of(value, name)
    return [{**part(code, each, name), key: code} for code, each in value.items()]


def split(payload: Any, name: str, *omitted: str) -> tuple[list[Mapping[str, Any]], dict[str, Any]]:
    """Return the rows that a payload holds under a name, and the fields beside them except those omitted.

    If there is nothing under that name, the other fields get a row: they may be the rows, in another place.
    """
    if not isinstance(payload, Mapping):
        return listing(payload, name), {}
    beside = {field: value for field, value in without(payload, name, *omitted).items() if told(value)}
    rows = rows_of(payload.get(name), name)
    return rows or ([{}] if beside and payload.get(name) is None else []), beside


def without(value: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return the other fields of an object."""
    return {name: held for name, held in value.items() if name not in names}


def pick(rows: list[Any], name: str) -> list[Any]:
    """Return a field of each row; None for rows without it."""
    try:
        return list(map(itemgetter(name), rows))
    except KeyError:
        return [row.get(name) for row in rows]


def as_list(value: Any) -> list[Any]:
    """Return a new list: the items of a list, a single value, or nothing."""
    if isinstance(value, list | tuple):
        return list(value)
    return [] if value is None or value == "" else [value]


def as_flag(value: Any) -> bool | None:
    """Return a flag as bool: 0, 1, true or false, as a number, a text or a JSON boolean; else None."""
    if (said := flag(value)) is not None:
        return said
    number = as_number(value)
    return bool(number) if number is not None and number in (0, 1) else None


def as_text(value: Any) -> str | None:
    """Return a non-empty text, or another scalar as Python writes it; None for an empty text."""
    if value is None or value == "":
        return None
    # JSON can escape half a surrogate pair, which neither Arrow nor a terminal can encode.
    return str(value).encode("utf-8", "replace").decode()


def as_number(value: Any) -> Decimal | None:
    """Return an exact, finite number. A float is read as the digits it prints, which are those of the JSON text."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    try:
        number = Decimal(str(value) if isinstance(value, float) else value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def as_float(value: Any) -> float | None:
    """Return a finite float; None for anything else."""
    number = as_number(value)
    result = float("nan") if number is None else float(number)
    return result if math.isfinite(result) else None


def as_count(value: Any) -> int | None:
    """Return a whole number that fits into int64; None for anything else."""
    number = as_number(value)
    if number is None or not -INT64 <= number < INT64 or number != int(number):
        return None
    return int(number)


def as_seconds(value: Any) -> Decimal | None:
    """Return a time as seconds since 1970, read as `as_moment` does."""
    micros = as_moment(value)
    return None if micros == NO_TIME else Decimal(f"{micros}e-6")


def as_moment(value: Any) -> int:
    """Return a time in any known form as microseconds since 1970; `NO_TIME` if it cannot be read."""
    micros = _times.microseconds(value)
    return NO_TIME if micros is None else micros


def as_microseconds(value: Any) -> int:
    """Return a time that is documented as seconds, in microseconds, as `as_moment` does."""
    micros = _times.microseconds(value, documented=True)
    return NO_TIME if micros is None else micros
