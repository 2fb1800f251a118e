"""Restore the original types of frames that were read back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from dpyauth.errors import InvalidArgument
from dpyauth.files.storable import EMPTY_ROW, UTC, counts, headings, in_sql, index_name, kind_of, missing, unguarded

_LONGEST = 40
"""Most digits of a whole number; no column has longer ones."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?([+-]\d\d(:\d\d)+)?")
"""Form in which a time is written as text."""

_FLAGS: dict[Any, bool] = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}


def restore(frame: pd.DataFrame, like: pd.DataFrame | None, *, quoted: bool, decimal: str) -> pd.DataFrame:
    """Restore a frame as documented in `dpyauth.restored`."""
    frame = _with_empty_rows(frame)
    texts, categories = frame.attrs.get("texts", {}), frame.attrs.get("categories", {})
    columns = []
    for name, column in frame.items():
        if name in texts:
            column = _series(_values(column, _READ[texts[name]]), column, object)
        elif name in categories:
            values, ordered = categories[name]
            column = column.astype(pd.CategoricalDtype(values, ordered=ordered))
        elif column.dtype == object:
            column = _series([None if missing(value) else as_python(value) for value in column], column, object)
        columns.append(column)
    result = pd.DataFrame(dict(enumerate(columns)), index=frame.index)
    result.columns = frame.columns
    result.attrs = {name: value for name, value in frame.attrs.items() if name not in ("texts", "categories")}
    return result if like is None else _like(result, like, quoted, decimal, texts)


def _with_empty_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame without the marks of empty rows."""
    first: list[Any] = frame.iloc[:, 0].tolist() if len(frame.columns) else []
    marked = [place for place, value in enumerate(first) if isinstance(value, str) and value == EMPTY_ROW]
    empty = [place for place in marked if all(missing(value) or value == "" for value in frame.iloc[place].iloc[1:])]
    if not empty:
        return frame
    for place in empty:
        first[place] = None
    made = frame.set_axis(range(len(frame.columns)), axis=1)
    made[0] = pd.Series(first, index=frame.index, dtype=frame.dtypes.iloc[0])
    return made.set_axis(frame.columns, axis=1)


def _like(
    frame: pd.DataFrame, like: pd.DataFrame, quoted: bool, decimal: str, texts: Mapping[str, str]
) -> pd.DataFrame:
    """Give every column the dtype and the name that it has in another frame, unless it has been restored already."""
    levels = [] if counts(like.index) else [like.index.get_level_values(at) for at in range(like.index.nlevels)]
    known: dict[str, tuple[Any, pd.Series[Any]]] = {}
    for place, level in enumerate(levels):
        found = (index_name(level), level.to_series())
        known |= {str(index_name(level)): found, f"__index_level_{place}__": found}  # the latter is Arrow's
    for heading, (name, column) in zip(headings(like), like.items(), strict=True):
        known[heading] = known[in_sql(heading)] = (name, column)
    names, columns = [], []
    for heading, (_, column) in zip(headings(frame), frame.items(), strict=True):
        done = column.dtype == object and heading in texts
        heading = unguarded(heading) if quoted else heading
        match = known.get(heading) or known.get(heading.removesuffix(UTC))
        names.append(match[0] if match else heading)
        columns.append(_back(column, match[1], str(match[0]), quoted, decimal) if match and not done else column)
    result = pd.DataFrame(dict(enumerate(columns)), index=frame.index)
    result.columns = pd.Index(names, tupleize_cols=like.columns.nlevels > 1)
    result.attrs = frame.attrs
    if levels and all(index_name(level) in result for level in levels):
        result = result.set_index([index_name(level) for level in levels])
        result.index.names = like.index.names
    return result


def _back(column: pd.Series[Any], like: pd.Series[Any], name: str, quoted: bool, decimal: str) -> pd.Series[Any]:
    """Return a column with the dtype of another."""
    kind: Any = like.dtype
    if quoted:  # also in numeric columns: a negative number with many digits was written as a guarded text
        column = column.astype(object).map(lambda value: unguarded(value) if isinstance(value, str) else value)
    try:
        if kind == np.dtype(object):
            how = kind_of(value for value in like if not missing(value))
            read = _READ[how] if how != "decimal" else lambda value: _exact(_number(value, decimal))
            return _series(_values(column, read), column, object)
        if kind.kind == "M":
            return _times(column, kind)
        if kind.kind == "b":
            return _series(_values(column, _flag), column, kind)
        if kind.kind in "iu":
            return _series(_values(column, lambda value: _whole(value, decimal)), column, kind)
        if kind.kind == "f":
            return _series(_values(column, lambda value: float(_number(value, decimal))), column, kind)
        texts = _values(column, _text)
        if isinstance(kind, pd.CategoricalDtype):
            return _categories(texts, column, kind)
        return _series(texts, column, kind)
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError):
        raise InvalidArgument(
            f"The column {name!r} contains values that do not fit its type in the frame passed as like ({kind}). Pass "
            "a frame from the same method, and read CSV and Excel with dtype=str, keep_default_na=False."
        ) from None


def _values(column: pd.Series[Any], read: Callable[[Any], Any]) -> list[Any]:
    return [None if missing(value) or (isinstance(value, str) and not value) else read(value) for value in column]


def _series(values: list[Any], column: pd.Series[Any], kind: Any) -> pd.Series[Any]:
    if pd.api.types.is_object_dtype(kind):
        values = [np.nan if value is None else value for value in values]  # as in dpyauth's frames
    made: pd.Series[Any] = pd.Series(values, index=column.index, dtype=kind)
    return made


def as_python(value: Any) -> Any:
    """Return arrays as lists, including those within lists."""
    return [as_python(item) for item in value] if isinstance(value, np.ndarray | list | tuple) else value


def _loads(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else as_python(value)


def _perhaps(value: Any) -> Any:
    """Return a list or dict if a text is the JSON of one. Used if ``like`` has no values in that column."""
    try:
        return _loads(value) if not isinstance(value, str) or value[:1] in ("[", "{") else value
    except (ValueError, RecursionError):
        return value


def _or_times(value: Any) -> Any:
    """Return the value of a JSON text; as a time, if it is a string in exactly the form of one."""
    read = _loads(value)
    if not isinstance(read, str) or not _TIME.fullmatch(read):  # pandas would read other forms as well, with warnings
        return read
    try:
        moment = pd.Timestamp(read)
    except ValueError:
        return read
    return moment if str(moment) == read else read


def _exact(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _date(value: Any) -> Any:
    return value.date() if isinstance(value, datetime) else pd.Timestamp(value).date()


_READ: dict[str, Callable[[Any], Any]] = {
    "": _perhaps,
    "date": _date,
    "decimal": _exact,
    "json": _loads,
    "text": str,
    "time": _or_times,
}
"""Functions that read a value back, by the way in which it became text; empty if the column had no values."""


def _number(value: Any, decimal: str) -> Any:
    return value.replace(decimal, ".") if isinstance(value, str) and decimal != "." else value


def _whole(value: Any, decimal: str) -> int:
    number = Decimal(str(_number(value, decimal)))
    if number.adjusted() > _LONGEST:  # writing out 1e999999999 could use up all memory
        raise ValueError
    if number != int(number) or (isinstance(value, float) and abs(value) > 2**53):
        raise ValueError
    return int(number)


def _flag(value: Any) -> bool:
    return _FLAGS[str(value).lower()]


def _text(value: Any) -> str:
    if not isinstance(value, str):  # pandas has guessed the type, and a text such as "007" is lost
        raise ValueError
    return value


def _times(column: pd.Series[Any], kind: Any) -> pd.Series[Any]:
    values = _values(column, lambda value: value if isinstance(value, datetime) else pd.Timestamp(value))
    times = pd.Series(pd.to_datetime(pd.Series(values, dtype=object), utc=True).array, index=column.index)
    return times.astype(kind) if isinstance(kind, pd.DatetimeTZDtype) else times.dt.tz_localize(None).astype(kind)


def _categories(texts: list[Any], column: pd.Series[Any], kind: pd.CategoricalDtype) -> pd.Series[Any]:
    known = {str(category): category for category in kind.categories}
    values = [known.get(text, text) for text in texts]
    news = dict.fromkeys(value for value in values if value is not None and str(value) not in known)
    return _series(values, column, pd.CategoricalDtype([*known.values(), *news], ordered=kind.ordered))
