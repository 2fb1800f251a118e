"""What a column of a frame is, and how rows of a reply become typed columns."""

from __future__ import annotations

import functools
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from operator import itemgetter
from typing import Any, Literal, Union

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray
from pandas.arrays import IntegerArray

Kind = Literal["text", "enum", "flag", "count", "money", "number", "time", "list", "map", "any"]

Array = Union[ExtensionArray, NDArray[Any], "pd.Series[Any]"]

_NOTHING = type(None)
_INT64 = 2**63
_EXACT = 2.0**53  # below it, a float holds every whole number
_NO_TIME = -_INT64  # how numpy stores NaT
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799  # years 1 to 9999, the range Python can show
_FLAGS = {0: False, 1: True, None: None}  # False and True count as 0 and 1


@dataclass(frozen=True, slots=True)
class Context:
    """Where a payload came from; becomes ``df.attrs``.

    Parameters
    ----------
    call : str
        Name of the Deriv call that was answered.
    loginid : str, optional
        The account the call was made for.
    fetched : datetime, optional
        When the reply arrived; must carry a time zone.
    api : str
        The Deriv API that answered.
    request : str, optional
        What was asked, as JSON without secrets.
    """

    call: str
    loginid: str | None = None
    fetched: datetime | None = None
    api: str = "v3"
    request: str | None = None

    def attrs(self) -> dict[Hashable, Any]:
        """Plain texts only, so that they survive pickle and Parquet; the time is ISO 8601 in UTC."""
        fetched = None if self.fetched is None else self.fetched.astimezone(UTC).isoformat(timespec="seconds")
        attrs: dict[Hashable, Any] = {"call": self.call, "api": self.api, "loginid": self.loginid, "fetched": fetched}
        return attrs if self.request is None else {**attrs, "request": self.request}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, what it holds, and where in a row it is found.

    Parameters
    ----------
    name : str
        The column's name in the frame.
    kind : {"text", "enum", "flag", "count", "money", "number", "time", "list", "map", "any"}
        What it holds; decides the dtype (see `dpyauth.frames`).
    source : str
        Dotted path of the value in a row; the column's name if left out.
    values : tuple of str
        The closed vocabulary of an ``enum``, in display order.
    ordered : bool
        Whether that order means something.
    """

    name: str
    kind: Kind = "text"
    source: str = ""
    values: tuple[str, ...] = ()
    ordered: bool = False


def frame(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[Column],
    context: Context | None = None,
    *,
    decimal: bool = False,
    same: Mapping[str, str | None] | None = None,
) -> pd.DataFrame:
    """Build a DataFrame of exactly these columns.

    Never raises on what a row holds: a value of the wrong shape, or none at all, becomes a missing value.

    Parameters
    ----------
    rows : iterable of mappings
        One mapping per row, as it came from JSON.
    columns : sequence of Column
        The columns, in order.
    context : Context, optional
        What to put in ``attrs``; without it they stay empty.
    decimal : bool
        Money as `decimal.Decimal` objects instead of float64.
    same : mapping, optional
        Text columns that hold the same in all rows, by name, whatever the rows say.

    Returns
    -------
    pandas.DataFrame
        One row per mapping.

    Examples
    --------
    >>> columns = [Column("id", "count"), Column("time", "time", "when.epoch")]
    >>> frame([{"id": 7, "when": {"epoch": 0}}], columns)
       id                      time
    0   7 1970-01-01 00:00:00+00:00
    """
    rows, same = list(rows), same or {}
    data = {
        c.name: _repeated(same[c.name], len(rows)).copy() if c.name in same else array(c, _values(rows, c), decimal)
        for c in columns
    }
    return assemble(data, len(rows), context)


def assemble(data: Mapping[str, Array], length: int, context: Context | None) -> pd.DataFrame:
    """The columns as a frame of this many rows, even where there is no column; the arrays become the frame's own."""
    result = pd.DataFrame(data, index=pd.RangeIndex(length), copy=False)
    if context is not None:
        result.attrs = context.attrs()
    return result


def dig(value: Any, path: str) -> Any:
    """The value at a dotted path of nested mappings, None where the path breaks off."""
    for key in path.split("."):
        value = mapping(value).get(key)
    return value


def mapping(value: Any) -> Mapping[str, Any]:
    """The value itself if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """The mappings in a list; anything else is dropped."""
    items = as_list(value)
    if _types(items) == {dict}:  # as a rule; the check of each takes longer
        return items
    return [item for item in items if isinstance(item, Mapping)]


def pick(rows: list[Any], name: str) -> list[Any]:
    """The field of each row, None where it has none."""
    try:
        return list(map(itemgetter(name), rows))
    except KeyError:
        return [row.get(name) for row in rows]


def _values(rows: list[Any], column: Column) -> list[Any]:
    name, _, rest = (column.source or column.name).partition(".")
    values = pick(rows, name)
    if rest and not any(values):  # as a rule: parts are documented for some rows only
        return [None] * len(rows)
    return [dig(value, rest) for value in values] if rest else values


def as_list(value: Any) -> list[Any]:
    """A new list: of the items of a list, of one single value, or of nothing."""
    if isinstance(value, list | tuple):
        return list(value)
    return [] if value is None or value == "" else [value]


def as_flag(value: Any) -> bool | None:
    """0 and 1, as number, text or JSON boolean."""
    if isinstance(value, bool):
        return value
    number = _number(value)
    return bool(number) if number is not None and number in (0, 1) else None


def as_text(value: Any) -> str | None:
    """A text that is not empty; other scalars as Python writes them."""
    if value is None or value == "":
        return None
    # JSON can escape half a surrogate pair, which neither Arrow nor a terminal can encode.
    return str(value).encode("utf-8", "replace").decode()


def array(column: Column, values: list[Any], decimal: bool = False) -> Array:
    """The values as a column: at once where all are of the JSON type to expect, else one by one."""
    match column.kind:
        case "text":
            return _strings(values)
        case "enum":
            return _categories(column, values)
        case "flag":
            return pd.array(_flags(values), dtype="boolean")
        case "count":
            return _counts(values)
        case "money" if decimal:
            return _objects([_number(v) for v in values])
        case "money" | "number":
            return _floats(values)
        case "time":
            return _times(values)
        case "list":
            return _objects([as_list(v) for v in values])
        case "map":
            return _objects([mapping(v) for v in values])
        case "any":
            return _objects(values)


def _types(values: list[Any]) -> set[type]:
    types = list(map(type, values))
    return {types[0]} if types and types.count(types[0]) == len(types) else set(types)


def _texts(values: list[Any]) -> list[str | None]:
    types = _types(values)
    if types <= {str, _NOTHING}:
        try:
            "".join(values if types == {str} else filter(None, values)).encode()
        except UnicodeEncodeError:
            pass
        else:
            return [value or None for value in values] if "" in values else values
    return [as_text(value) for value in values]


def _strings(values: list[Any]) -> Array:
    if not any(values) and values.count(None) == len(values):
        return _repeated(None, len(values)).copy()
    return pd.array(_texts(values), dtype=pd.StringDtype())


@functools.lru_cache(maxsize=4)  # a frame has several columns without any text; each gets a copy
def _repeated(text: str | None, length: int) -> Array:
    return pd.array(_texts([text]), dtype=pd.StringDtype()).repeat(length)


def _flags(values: list[Any]) -> list[bool | None]:
    try:
        return [_FLAGS[value] for value in values]
    except (KeyError, TypeError):
        return [as_flag(value) for value in values]


def _numbers(values: list[Any], kinds: set[type], dtype: str) -> tuple[NDArray[Any], NDArray[np.bool_]] | None:
    """Numbers, 0 where one is missing, and where that is; None if there is anything else, or a number too large."""
    types = _types(values)
    if types == {_NOTHING}:
        return np.zeros(len(values), dtype=dtype), np.ones(len(values), dtype="bool")
    if not types <= {*kinds, _NOTHING}:
        return None
    try:
        if _NOTHING not in types:
            return np.array(values, dtype=dtype), np.zeros(len(values), dtype="bool")
        floats = np.array(values, dtype="float64")  # None becomes NaN, much faster than any way of ours
        missing = np.isnan(floats)
        floats[missing] = 0
        if dtype == "float64" or np.abs(floats).max() < _EXACT:
            return floats.astype(dtype, copy=False), missing
        return np.array([0 if v is None else v for v in values], dtype=dtype), missing
    except OverflowError:
        return None


def _counts(values: list[Any]) -> Array:
    whole = _numbers(values, {int}, "int64")
    return pd.array([_count(v) for v in values], dtype="Int64") if whole is None else IntegerArray(*whole)


def _floats(values: list[Any]) -> Array:
    plain = _numbers(values, {int, float}, "float64")
    if plain is None:
        return np.array([_float(v) for v in values], dtype="float64")
    floats, missing = plain
    floats[missing | np.isinf(floats)] = np.nan
    return floats


def _times(values: list[Any]) -> Array:
    whole = _numbers(values, {int}, "int64")
    if whole is not None and ((whole[0] >= _FIRST_SECOND) & (whole[0] <= _LAST_SECOND)).all():
        seconds, missing = whole
        micros = seconds * 1_000_000
        micros[missing] = _NO_TIME
    else:
        micros = np.array([_microseconds(v) for v in values], dtype="int64")
    # Through int64, because pandas 2 and 3 choose different units when left to infer one.
    return pd.DatetimeIndex(micros.view("datetime64[us]"), tz="UTC").array


def _categories(column: Column, values: list[Any]) -> pd.Categorical:
    dtype, codes = _vocabulary(column.values, column.ordered)
    try:
        found = np.fromiter(map(codes.__getitem__, values), dtype="int64", count=len(values))
        return pd.Categorical.from_codes(found, dtype=dtype)
    except (KeyError, TypeError):  # a value that Deriv has added, or no text
        texts = _texts(values)
    news = dict.fromkeys(text for text in texts if text is not None and text not in column.values)
    return pd.Categorical(texts, dtype=pd.CategoricalDtype([*column.values, *news], ordered=column.ordered))


@functools.lru_cache(maxsize=256)
def _vocabulary(values: tuple[str, ...], ordered: bool) -> tuple[pd.CategoricalDtype, dict[str | None, int]]:
    codes: dict[str | None, int] = {value: code for code, value in enumerate(values)}
    return pd.CategoricalDtype(list(values), ordered=ordered), {**codes, "": -1, None: -1}


def _objects(values: list[Any]) -> pd.Series[Any]:
    return pd.Series(values, dtype="object")  # because pandas 3 turns a bare array of texts into strings


def _number(value: Any) -> Decimal | None:
    """An exact, finite number; a float counts as the digits it prints, which are those of the JSON text."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    try:
        number = Decimal(str(value) if isinstance(value, float) else value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _float(value: Any) -> float | None:
    number = _number(value)
    result = float("nan") if number is None else float(number)
    return result if math.isfinite(result) else None


def _count(value: Any) -> int | None:
    number = _number(value)
    if number is None or not -_INT64 <= number < _INT64 or number != int(number):
        return None
    return int(number)


def _microseconds(value: Any) -> int:
    """Epoch seconds as microseconds, without Decimal arithmetic: its precision is the user's to change."""
    number = _number(value)
    if number is None or not _FIRST_SECOND <= number <= _LAST_SECOND:
        return _NO_TIME
    whole = int(number)
    return whole * 1_000_000 + round((float(number) - whole) * 1_000_000)
