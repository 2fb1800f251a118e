"""Convert a caller's values to the JSON values that a schema requires."""

from __future__ import annotations

import datetime as dt
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from dpyauth.catalog.calls import Schema
from dpyauth.catalog.descriptions import plain
from dpyauth.credentials import Secret


class Within(ValueError):
    """A part of a field cannot be converted to what the schema requires."""

    def __init__(self, path: tuple[str | int, ...], schema: Schema) -> None:
        super().__init__()
        self.path = path
        self.schema = schema


def convert(value: Any, schema: Schema) -> Any:
    """Return a Python, numpy or pandas value as the JSON value that a schema requires.

    Raises ``TypeError``, ``ValueError`` or ``ArithmeticError`` if it cannot be converted.
    """
    alternatives = schema.get("oneOf") or schema.get("anyOf")
    kinds = schema.get("type")
    if not alternatives and isinstance(kinds, list):
        kinds = sorted(kinds, key="integer".__ne__) if isinstance(scalar(value), dt.date) else kinds
        alternatives = [{**schema, "type": kind} for kind in kinds if kind != "null"]
    if alternatives:
        return _first(value, alternatives)
    return _CONVERT.get(str(kinds), _anything)(scalar(value), schema)


def _first(value: Any, alternatives: list[Schema]) -> Any:
    for schema in alternatives:
        try:
            return convert(value, schema)
        except UNFIT:
            continue
    raise TypeError


def scalar(value: Any) -> Any:
    """Return a numpy or pandas scalar as a Python object; everything else unchanged."""
    if type(value).__name__ == "datetime64":  # its item() would return a number of nanoseconds
        moment = value.astype("datetime64[us]").item()
        if not isinstance(moment, dt.date):
            raise ValueError  # beyond the year 9999, item() returns a number again
        return moment
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return value.item()
    return value


def absent(value: Any) -> bool:
    """Return True for None, and for the missing values of numpy and pandas."""
    kind = type(value).__name__
    return value is None or kind in {"NAType", "NaTType"} or (kind == "datetime64" and value != value)


def _integer(value: Any, schema: Schema) -> int:
    if isinstance(value, dt.date):
        return _epoch(value)
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d+\s*", value, re.ASCII):
        return _index(int(value))
    if isinstance(value, float | Decimal) and -_TOO_BIG < value < _TOO_BIG and value == int(value):
        return int(value)
    return _index(value)


def _index(value: Any) -> int:
    number = operator.index(value)
    if abs(number) >= _TOO_BIG:
        raise ValueError
    return number


def _number(value: Any, schema: Schema) -> int | float:
    if isinstance(value, str):
        value = Decimal(value.strip()) if re.fullmatch(r"\s*[+-]?\d+(\.\d+)?\s*", value, re.ASCII) else value
    if isinstance(value, Decimal):
        exact = float(value)
        if not math.isfinite(exact) or Decimal(repr(exact)) != value:
            raise ValueError  # the conversion to float would change the amount
        return exact
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError
        return value
    return _index(value)


def _string(value: Any, schema: Schema) -> str | Secret:
    if isinstance(value, Secret | str):
        return value
    if type(value).__name__ == "UUID":
        return str(value)
    if isinstance(value, dt.date):
        epoch, day = str(_epoch(value)), value.isoformat()[:10]
        preferred = [epoch, day] if isinstance(value, dt.datetime) else [day, epoch]
        pattern = schema.get("pattern")
        return next((text for text in preferred if pattern and re.search(pattern, text)), day)
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, Decimal) and (text := plain(value)):
        return text
    return str(_index(value))


def _boolean(value: Any, schema: Schema) -> bool:
    if isinstance(value, bool):
        return value
    if operator.index(value) in {0, 1}:
        return bool(value)
    raise ValueError


def _array(value: Any, schema: Schema) -> list[Any]:
    if isinstance(value, Mapping | bytes | bytearray):
        raise TypeError
    alone = isinstance(value, str | Secret) or not isinstance(value, Iterable)
    items: Iterable[Any] = [value] if alone else value
    kind = schema.get("items", {})
    return [convert(item, kind) for item in items]


def _anything(value: Any, schema: Schema) -> Any:
    """Convert a value that the schema does not describe to any JSON value."""
    if value is None or isinstance(value, str | Secret | bool):
        return value
    if isinstance(value, Mapping):
        return {str(name): convert(child, {}) for name, child in value.items()}
    return _array(value, {}) if isinstance(value, Iterable) else _number(value, {})


def _object(value: Any, schema: Schema) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError
    known = schema.get("properties", {})
    fields: dict[str, Any] = {}
    for name, child in value.items():
        kind = known.get(str(name), {})
        if child is None and "null" in kind.get("type", ()):
            fields[str(name)] = None  # None is a value here: it removes a stop loss, for example
        elif not absent(child):
            fields[str(name)] = _child(str(name), child, kind)
    return fields


def _child(name: str, value: Any, schema: Schema) -> Any:
    """Convert a field of an object; an error contains its path."""
    try:
        return convert(value, schema)
    except Within as wrong:
        raise Within((name, *wrong.path), wrong.schema) from None
    except UNFIT:
        raise Within((name,), schema) from None


UNFIT = (TypeError, ValueError, ArithmeticError, RecursionError, re.error)
"""Errors of a conversion that is not possible. (Some of Deriv's patterns are not valid in Python.)"""

_TOO_BIG = 2**63

_CONVERT: dict[str, Callable[[Any, Schema], Any]] = {
    "integer": _integer,
    "number": _number,
    "string": _string,
    "boolean": _boolean,
    "array": _array,
    "object": _object,
}


def _epoch(moment: dt.date) -> int:
    """Return seconds since 1970. A time without a zone is in UTC, as all times of Deriv are."""
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime(moment.year, moment.month, moment.day)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return math.floor(moment.timestamp())
