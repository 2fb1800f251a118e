"""Values of a reply, one at a time: what is missing, and what a number or a text is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import MAX_EMAX, MIN_EMIN, Decimal, InvalidOperation
from decimal import Context as Arithmetic
from operator import itemgetter
from typing import Any

from dpyauth import times
from dpyauth.wire.replies import flag

INT64 = 2**63
EXACTLY = Arithmetic(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
"""How to reckon with money: the precision of the present context is the user's to change. It never raises; what is
beyond it becomes no finite number, and so no value of a column."""

NO_TIME = -INT64
"""How numpy stores NaT."""


def dig(value: Any, path: str) -> Any:
    """The value at a dotted path of nested mappings, None where the path breaks off."""
    for key in path.split("."):
        value = mapping(value).get(key)
    return value


def mapping(value: Any) -> Mapping[str, Any]:
    """The value itself if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def told(value: Any) -> bool:
    """Return whether there is anything in a value."""
    return value is not None and value != "" and value != [] and value != {}


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """The mappings in a list; anything else is dropped."""
    items = as_list(value)
    if set(map(type, items)) == {dict}:  # as a rule; the check of each takes longer
        return items
    return [item for item in items if isinstance(item, Mapping)]


def pick(rows: list[Any], name: str) -> list[Any]:
    """The field of each row, None where it has none."""
    try:
        return list(map(itemgetter(name), rows))
    except KeyError:
        return [row.get(name) for row in rows]


def as_list(value: Any) -> list[Any]:
    """A new list: of the items of a list, of one single value, or of nothing."""
    if isinstance(value, list | tuple):
        return list(value)
    return [] if value is None or value == "" else [value]


def as_flag(value: Any) -> bool | None:
    """Return the yes or no that 0 and 1 say, true and false, as numbers, texts or of JSON."""
    if (said := flag(value)) is not None:
        return said
    number = as_number(value)
    return bool(number) if number is not None and number in (0, 1) else None


def as_text(value: Any) -> str | None:
    """A text that is not empty; other scalars as Python writes them."""
    if value is None or value == "":
        return None
    # JSON can escape half a surrogate pair, which neither Arrow nor a terminal can encode.
    return str(value).encode("utf-8", "replace").decode()


def texts(value: Any) -> list[str]:
    """The texts of a list, each of them once."""
    return [text for text in dict.fromkeys(as_text(each) for each in as_list(value)) if text]


def as_number(value: Any) -> Decimal | None:
    """An exact, finite number; a float counts as the digits it prints, which are those of the JSON text."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    try:
        number = Decimal(str(value) if isinstance(value, float) else value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def as_float(value: Any) -> float | None:
    """A finite number."""
    number = as_number(value)
    result = float("nan") if number is None else float(number)
    return result if math.isfinite(result) else None


def as_count(value: Any) -> int | None:
    """A whole number that a column can hold."""
    number = as_number(value)
    if number is None or not -INT64 <= number < INT64 or number != int(number):
        return None
    return int(number)


def as_seconds(value: Any) -> Decimal | None:
    """Return the epoch seconds of a time as `as_moment` reads it."""
    micros = as_moment(value)
    return None if micros == NO_TIME else Decimal(f"{micros}e-6")


def as_moment(value: Any) -> int:
    """Return the microseconds since 1970 of a time in a form that may change; `NO_TIME` where it cannot be read."""
    micros = times.microseconds(value)
    return NO_TIME if micros is None else micros


def as_microseconds(value: Any) -> int:
    """Do as `as_moment` with a time that is documented as seconds."""
    micros = times.microseconds(value, documented=True)
    return NO_TIME if micros is None else micros
