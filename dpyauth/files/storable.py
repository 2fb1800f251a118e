"""Convert frames for files, databases and other libraries."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd

from dpyauth.errors import InvalidArgument
from dpyauth.texts.said import said

DIGITS = 38
"""Most digits of an exact number in Arrow, DuckDB and Polars, before and after the decimal point together."""

SHOWN = 15
"""Most digits of a number that a spreadsheet preserves."""

UTC = " (UTC)"
"""End of the heading of times that have lost their zone."""

FORMULA = r"^'*[=+\-@\t\r\n＝＋－＠]"
"""Beginning of a text that a spreadsheet would read as a formula (full-width signs count as well), or that is guarded
already."""

_BEGINS = re.compile(FORMULA)
_SIGNS = r"[\"']*[=+\-@＝＋－＠]"
_ENDS = re.compile(rf"([;,\t\n])(?={_SIGNS})")
_GUARDED_ENDS = re.compile(rf"([;,\t\n])'(?={_SIGNS})")
"""Places within a text where a spreadsheet with a different separator than the file's would begin a formula."""

EMPTY_ROW = "\u2060"
"""Invisible mark in the first cell of an empty row, because pandas skips empty rows of a sheet."""

_LINE_END = re.compile(r"\r\n?")

_NAME = 63
"""Most bytes of a name in PostgreSQL."""

_FIRST = pd.Timestamp("1900-03-01")
"""First day from which all spreadsheets count days in the same way."""


def converted(frame: pd.DataFrame, *, lists: bool, spreadsheet: bool, guarded: bool) -> pd.DataFrame:
    """Convert a frame as documented in `dpyauth.for_storage`; without ``guarded``, texts are not changed."""
    table = frame if lists else _with_index(frame)
    names: list[Any] = []
    columns: list[pd.Series[Any]] = []
    texts: dict[str, str] = {}
    for name, (_, column) in zip(table.columns if lists else headings(table), table.items(), strict=True):
        try:
            made, how = _objects(column, lists, spreadsheet) if column.dtype == object else (column, "")
        except RecursionError:
            raise InvalidArgument(said("nested_too_deeply", column=repr(str(name)))) from None
        texts |= {str(name): how} if how else {}
        if not lists:
            made = _plain(made)
        if spreadsheet:
            made = _shown(made)
            if isinstance(column.dtype, pd.DatetimeTZDtype):
                name = f"{name}{UTC}"
        elif not lists:
            name = in_sql(name)
        if guarded and made.dtype == "string":
            made = made.map(_guard, na_action="ignore").astype("string")
        names.append(_guard(str(name)) if guarded else name)
        columns.append(made)
    result = pd.DataFrame(dict(enumerate(columns)), index=table.index)
    result.columns = table.columns if lists else pd.Index(names, dtype=object)
    result.attrs = {**frame.attrs, **({"texts": texts} if texts else {})}
    kinds = {name: kind for name, kind in frame.dtypes.items() if isinstance(kind, pd.CategoricalDtype)}
    if kinds and frame.empty:
        categories = {str(name): [kind.categories.tolist(), bool(kind.ordered)] for name, kind in kinds.items()}
        result.attrs["categories"] = categories
    return result


def _guard(text: str) -> str:
    """Return a text that no spreadsheet reads as a formula, whatever its separator of columns."""
    if "\r" in text:
        text = _LINE_END.sub("\n", text)  # a lone carriage return would begin a new row, unguarded
    text = _ENDS.sub(r"\1'", text)
    return f"'{text}" if _BEGINS.match(text) else text


def unguarded(text: str) -> str:
    """Return the original of a guarded text."""
    if "'" not in text:  # true for nearly all texts
        return text
    text = text[1:] if text[:1] == "'" and _BEGINS.match(text) else text
    return _GUARDED_ENDS.sub(r"\1", text)


def headings(frame: pd.DataFrame) -> list[str]:
    """Return the names of columns as texts, with the levels of a name joined."""
    return [" ".join(filter(None, map(str, name))) if isinstance(name, tuple) else str(name) for name in frame.columns]


def in_sql(name: str) -> str:
    """Return the name of a column for a database. PostgreSQL cuts longer names, which could make two names equal."""
    code = name.encode("utf-8", "replace")
    if len(code) <= _NAME:
        return name
    return f"{code[: _NAME - 9].decode('utf-8', 'ignore')}_{zlib.crc32(code):08x}"


def counts(index: pd.Index[Any]) -> bool:
    """Return whether an index is a plain row number, perhaps with some rows removed."""
    return index.nlevels == 1 and index.name is None and pd.api.types.is_integer_dtype(index.dtype)


def missing(value: Any) -> bool:
    """Return whether a value is missing: None, NA, NaT or NaN."""
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def kind_of(values: Iterable[Any]) -> str:
    """Return the way in which Python objects, none of them missing, become text; empty if there are none.

    That is ``text``, ``decimal``, ``date`` or ``json``; ``time`` means JSON in which strings may be times.
    """
    held = list(values)
    types = set(map(type, held))
    if types == {str} and "" not in held:  # other formats read an empty text as missing
        return "text"
    if any(issubclass(each, datetime) for each in types):
        return "time"
    return {frozenset(): "", frozenset({Decimal}): "decimal", frozenset({date}): "date"}.get(frozenset(types), "json")


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Put an index that is more than a plain row number before the columns."""
    if counts(frame.index):
        return frame
    levels = [frame.index.get_level_values(place) for place in range(frame.index.nlevels)]
    rows = pd.RangeIndex(len(frame))
    before = [pd.Series(level, index=rows, name=index_name(level)) for level in levels]
    return pd.concat([*before, frame.set_axis(rows)], axis=1)


def index_name(level: pd.Index[Any]) -> Any:
    """Return the heading that an index gets as a column."""
    return "index" if level.name is None else level.name


def _objects(column: pd.Series[Any], lists: bool, spreadsheet: bool) -> tuple[pd.Series[Any], str]:
    """Return a column of Python objects in a form that the target can hold, and how its values became text, if so."""
    values = [None if missing(value) else value for value in column]
    held = [value for value in values if value is not None]
    kind = kind_of(held)
    if kind in ("", "date") or (lists and _fits(held)):
        return column, ""
    if kind == "decimal" and spreadsheet and all(map(_keeps, held)):
        numbers = [None if value is None else float(value) for value in values]
        return pd.Series(numbers, index=column.index, dtype="float64"), ""
    write = _json if kind in ("json", "time") else str
    texts = [value if value is None else _utf8(write(value)) for value in values]
    return pd.Series(texts, index=column.index, dtype="string"), kind


def _plain(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column without types that only pandas has, and with times in UTC."""
    kind = column.dtype
    if isinstance(kind, pd.DatetimeTZDtype):
        utc: pd.Series[Any] = column.dt.tz_convert("UTC")
        return utc
    if isinstance(kind, pd.ArrowDtype) and kind.type is str:
        return column.astype("string")
    if isinstance(kind, pd.CategoricalDtype | pd.PeriodDtype | pd.IntervalDtype) or kind.kind in "mc":
        return column.astype(object).map(str, na_action="ignore").astype("string")
    return column


def _shown(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column in a form that spreadsheets can hold."""
    kind = column.dtype
    if isinstance(kind, pd.DatetimeTZDtype):
        column = column.dt.tz_localize(None)
    if kind.kind == "M":
        times = column.dropna()
        if (times < _FIRST).any() or (times.dt.microsecond % 1000).any() or times.dt.nanosecond.any():
            return column.astype(object).map(str, na_action="ignore").astype("string")
    elif kind.kind in "iu" and (column.dropna().astype(object).map(abs) >= 10**SHOWN).any():
        return column.astype(object).map(str, na_action="ignore").astype("string")
    return column


def _keeps(number: Decimal) -> bool:
    """Return whether a spreadsheet preserves every digit of a number."""
    if not number.is_finite():
        return False
    return len(number.normalize().as_tuple().digits) <= SHOWN and Decimal(repr(float(number))) == number


def _fits(values: list[Any]) -> bool:
    types = set(map(type, values))
    if types <= {Decimal}:
        return all(number.is_finite() for number in values) and _digits(values) <= DIGITS
    return types == {list} and _of_a_kind(item for value in values for item in value)


def _digits(numbers: Iterable[Decimal]) -> int:
    parts = [(number.adjusted() + 1, -int(number.as_tuple().exponent)) for number in numbers]
    return sum(max(side) for side in zip((0, 0), *parts, strict=True))


def _of_a_kind(items: Iterable[Any]) -> bool:
    held = list(items)
    types = set(map(type, held))
    if types == {str}:
        return all(text.isascii() or _utf8(text) == text for text in held)
    return not types or types in ({float}, {bool}) or (types == {int} and all(-(2**63) <= n < 2**63 for n in held))


def _utf8(text: str) -> str:
    # JSON can contain an escaped lone surrogate, which cannot be encoded in a file.
    return text.encode("utf-8", "replace").decode()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
