"""What a column of a frame is, and how rows of a reply become typed columns."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import numpy as np
import pandas as pd

Kind = Literal["text", "enum", "flag", "count", "money", "time", "list"]

_INT64 = 2**63
_NO_TIME = -_INT64  # how numpy stores NaT
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799  # years 1 to 9999, the range Python can show


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
    """

    call: str
    loginid: str | None = None
    fetched: datetime | None = None
    api: str = "v3"

    def attrs(self) -> dict[Hashable, Any]:
        """Plain texts only, so that they survive pickle and Parquet; the time is ISO 8601 in UTC."""
        fetched = None if self.fetched is None else self.fetched.astimezone(UTC).isoformat(timespec="seconds")
        return {"call": self.call, "api": self.api, "loginid": self.loginid, "fetched": fetched}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, what it holds, and where in a row it is found.

    Parameters
    ----------
    name : str
        The column's name in the frame.
    kind : {"text", "enum", "flag", "count", "money", "time", "list"}
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
    rows = list(rows)
    data = {c.name: _series(c, [dig(row, c.source or c.name) for row in rows], decimal) for c in columns}
    result = pd.DataFrame(data, index=pd.RangeIndex(len(rows)))
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
    return [item for item in as_list(value) if isinstance(item, Mapping)]


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


def _series(column: Column, values: list[Any], decimal: bool) -> pd.Series[Any]:
    match column.kind:
        case "text":
            return pd.Series([as_text(v) for v in values], dtype="string")
        case "enum":
            return _categories(column, [as_text(v) for v in values])
        case "flag":
            return pd.Series([as_flag(v) for v in values], dtype="boolean")
        case "count":
            return pd.Series([_count(v) for v in values], dtype="Int64")
        case "money" if decimal:
            return pd.Series([_number(v) for v in values], dtype="object")
        case "money":
            return pd.Series([_float(v) for v in values], dtype="float64")
        case "time":
            # Through int64, because pandas 2 and 3 choose different units when left to infer one.
            micros = np.array([_microseconds(v) for v in values], dtype="int64")
            return pd.Series(micros.view("datetime64[us]")).dt.tz_localize("UTC")
        case "list":
            return pd.Series([as_list(v) for v in values], dtype="object")


def _categories(column: Column, texts: list[str | None]) -> pd.Series[Any]:
    news = dict.fromkeys(text for text in texts if text is not None and text not in column.values)
    dtype = pd.CategoricalDtype([*column.values, *news], ordered=column.ordered)
    return pd.Series(pd.Categorical(texts, dtype=dtype))


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
    return None if number is None else float(number)


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
