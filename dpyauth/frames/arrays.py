"""Turn values into the array of a column."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, Union

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray
from pandas.arrays import IntegerArray

from dpyauth._times import FIRST_SECOND, LAST_SECOND
from dpyauth.columns import Column, Kind
from dpyauth.frames.values import (
    NO_TIME,
    as_count,
    as_flag,
    as_float,
    as_list,
    as_microseconds,
    as_moment,
    as_number,
    as_text,
    is_nan,
    mapping,
    told,
)
from dpyauth.sensitive import MASK

Array = Union[ExtensionArray, NDArray[Any], "pd.Series[Any]"]

_EXACT = 2.0**53  # below it, a float holds every whole number
_FLAGS = {0: False, 1: True, None: None}  # False and True count as 0 and 1
_TEXTS, _WHOLES, _NUMBERS = list[str | None], list[int | None], list[float | None]
_USUAL = {
    "text": _TEXTS,
    "enum": _TEXTS,
    "count": _WHOLES,
    "time": _WHOLES,
    "money": _NUMBERS,
    "exact": _NUMBERS,
    "number": _NUMBERS,
}


def array(column: Column, values: list[Any], decimal: bool = False) -> Array:
    """Return a column of values. If all have the expected JSON type, they are converted at once, else one by one."""
    match column.kind:
        case "flag":
            return pd.array(_flags(values), dtype="boolean")
        case "money" | "exact" if decimal:
            return _objects([as_number(v) for v in values])
        case "list":
            return _objects([as_list(v) for v in values])
        case "map":
            return _objects([mapping(v) for v in values])
        case "any":
            return _objects(values)
        case "moment":
            return _moments(np.array([as_moment(v) for v in values], dtype="int64"))
        case "day":
            return _days(np.array([as_moment(v) for v in values], dtype="int64"))
    try:
        return _at_once(column, msgspec.convert(values, _USUAL[column.kind]))
    except (msgspec.ValidationError, OverflowError, ValueError):  # such as half a surrogate pair, or a signaling NaN
        return _one_by_one(column, values)


def left_out(kind: Kind, values: list[Any], made: Array) -> list[Any] | None:
    """Return the values that do not fit a column of this kind, each in its row; None if all fit."""
    if kind in ("any", "list"):
        return None
    if kind == "map":
        missing = np.array([not isinstance(value, Mapping) for value in values], dtype=bool)
    else:
        missing = np.asarray(pd.isna(made))
    if values.count(None) == np.count_nonzero(missing):
        return None
    left = [value if gone and told(value) else None for value, gone in zip(values, missing, strict=True)]
    return left if any(value is not None and not is_nan(value) for value in left) else None


def masked(name: str, values: Sequence[Any]) -> Array:
    """Return a column with ``•••`` wherever there is a value."""
    return array(Column(name), [MASK if v or v == 0 else None for v in values])


def _at_once(column: Column, values: list[Any]) -> Array:
    """Return a column of values that all have the expected type.

    Raises
    ------
    OverflowError, UnicodeEncodeError
        A column cannot hold one of the values: the number is too large, or the text has half a surrogate pair.
    """
    match column.kind:
        case "text":
            return _strings(values)
        case "enum":
            return _categories(column, values)
        case "count":
            return IntegerArray(*_whole(values))
        case "time":
            return _times(values)
        case _:
            return _floats(values)


def _one_by_one(column: Column, values: list[Any]) -> Array:
    match column.kind:
        case "text":
            return _strings([as_text(v) for v in values])
        case "enum":
            return _categories(column, [as_text(v) for v in values])
        case "count":
            return pd.array([as_count(v) for v in values], dtype="Int64")
        case "time":
            return _moments(np.array([as_microseconds(v) for v in values], dtype="int64"))
        case _:
            return np.array([as_float(v) for v in values], dtype="float64")


def repeated(text: str | None, length: int) -> Array:
    """Return a column that repeats one text."""
    return _repeated(text, length).copy()


@functools.lru_cache(maxsize=4)  # a frame may have several empty text columns; each gets a copy
def _repeated(text: str | None, length: int) -> Array:
    return pd.array([as_text(text)], dtype=pd.StringDtype()).repeat(length)


def _strings(values: list[str | None]) -> Array:
    if not any(values):
        return repeated(None, len(values))
    "".join(filter(None, values)).encode()  # raises for half a surrogate pair; not every pandas string storage does
    return pd.array([value or None for value in values] if "" in values else values, dtype=pd.StringDtype())


def _flags(values: list[Any]) -> list[bool | None]:
    try:
        return [_FLAGS[value] for value in values]
    except (KeyError, TypeError):
        return [as_flag(value) for value in values]


def _whole(values: list[int | None]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the numbers, with 0 for missing ones, and a mask of the missing ones."""
    if None not in values:
        return np.array(values, dtype="int64"), np.zeros(len(values), dtype="bool")
    floats = _numbers(values)
    missing = np.isnan(floats)
    floats[missing] = 0
    if np.abs(floats).max() < _EXACT:
        return floats.astype("int64"), missing
    return np.array([0 if v is None else v for v in values], dtype="int64"), missing


def _floats(values: list[float | None]) -> NDArray[np.float64]:
    floats = _numbers(values)
    floats[np.isinf(floats)] = np.nan
    return floats


def _numbers(values: Sequence[float | None]) -> NDArray[np.float64]:
    """Return the numbers, with NaN for missing ones. numpy converts None much faster than a loop does."""
    if values.count(None) == len(values):
        return np.full(len(values), np.nan)
    return np.array(values, dtype="float64")


def _times(values: list[int | None]) -> Array:
    seconds, missing = _whole(values)
    if not ((seconds >= FIRST_SECOND) & (seconds <= LAST_SECOND)).all():
        raise OverflowError
    micros = seconds * 1_000_000
    micros[missing] = NO_TIME
    return _moments(micros)


def _moments(micros: NDArray[np.int64]) -> Array:
    # Through int64, because pandas 2 and 3 choose different units when left to infer one.
    return pd.DatetimeIndex(micros.view("datetime64[us]"), tz="UTC").array


def _days(micros: NDArray[np.int64]) -> Array:
    return pd.DatetimeIndex(micros.view("datetime64[us]")).array  # with a zone, pandas would show the time of day


def _categories(column: Column, values: list[str | None]) -> pd.Categorical:
    dtype, codes = _vocabulary(column.values, column.ordered)
    try:
        found = np.fromiter(map(codes.__getitem__, values), dtype="int64", count=len(values))
        return pd.Categorical.from_codes(found, dtype=dtype)
    except KeyError:  # a value that Deriv has added
        texts = [as_text(value) for value in values]
    news = dict.fromkeys(text for text in texts if text is not None and text not in column.values)
    return pd.Categorical(texts, dtype=pd.CategoricalDtype([*column.values, *news], ordered=column.ordered))


@functools.lru_cache(maxsize=256)
def _vocabulary(values: tuple[str, ...], ordered: bool) -> tuple[pd.CategoricalDtype, dict[str | None, int]]:
    codes: dict[str | None, int] = {value: code for code, value in enumerate(values)}
    return pd.CategoricalDtype(list(values), ordered=ordered), {**codes, "": -1, None: -1}


def _objects(values: list[Any]) -> pd.Series[Any]:
    """Return a column of Python objects, with NaN for missing ones, as pandas does."""
    held = [np.nan if value is None else value for value in values]
    return pd.Series(held, dtype="object")  # because pandas 3 turns a bare array of texts into strings
