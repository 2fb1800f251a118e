"""How rows of a reply become a frame of typed columns."""

from __future__ import annotations

import functools
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from dpyauth.frames.arrays import Array, Column, array, repeated
from dpyauth.frames.values import dig, pick
from dpyauth.registry import DEFAULT
from dpyauth.sensitive import MASK, kind


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
    currency : str, optional
        What that account is kept in, for money of which the payload does not say it; goes into columns, not ``attrs``.
    """

    call: str
    loginid: str | None = None
    fetched: datetime | None = None
    api: str = DEFAULT
    request: str | None = None
    currency: str | None = None

    def attrs(self) -> dict[Hashable, Any]:
        """Plain texts only, so that they survive pickle and Parquet; the time is ISO 8601 in UTC."""
        fetched = None if self.fetched is None else self.fetched.astimezone(UTC).isoformat(timespec="seconds")
        attrs: dict[Hashable, Any] = {"call": self.call, "api": self.api, "loginid": self.loginid, "fetched": fetched}
        return attrs if self.request is None else {**attrs, "request": self.request}


def frame(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[Column],
    context: Context | None = None,
    *,
    decimal: bool = False,
    same: Mapping[str, str | None] | None = None,
    reveal: bool = False,
) -> pd.DataFrame:
    """Build a DataFrame of exactly these columns; what is secret or personal in them is masked.

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
    reveal : bool
        Show secrets and personal data, which otherwise are ``•••``.

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
    hidden = frozenset() if reveal else _hidden(tuple(columns), context.call if context else "")
    data = {}
    for c in columns:
        if c.name in same:
            data[c.name] = repeated(same[c.name], len(rows))
        elif c.name in hidden:
            data[c.name] = masked(c.name, _values(rows, c))
        else:
            data[c.name] = array(c, _values(rows, c), decimal)
    return assemble(data, len(rows), context)


@functools.lru_cache(maxsize=1000)
def _hidden(columns: tuple[Column, ...], call: str) -> frozenset[str]:
    """Return the columns that are secret or personal."""
    paths = {c.name: (c.source or c.name).split(".") for c in columns if c.kind != "flag"}
    beside = [path[-1] for path in paths.values()]
    return frozenset(name for name, path in paths.items() if kind(path[-1], call, "".join(path[-2:-1]), beside))


def masked(name: str, values: Sequence[Any]) -> Array:
    """Return a column of marks, one wherever there is a value."""
    return array(Column(name), [MASK if v or v == 0 else None for v in values])


def assemble(data: Mapping[str, Array], length: int, context: Context | None) -> pd.DataFrame:
    """The columns as a frame of this many rows, even where there is no column; the arrays become the frame's own."""
    result = pd.DataFrame(data, index=pd.RangeIndex(length), copy=False)
    if context is not None:
        result.attrs = context.attrs()
    return result


def _values(rows: list[Any], column: Column) -> list[Any]:
    name, _, rest = (column.source or column.name).partition(".")
    values = pick(rows, name)
    if rest and not any(values):  # as a rule: parts are documented for some rows only
        return [None] * len(rows)
    return [dig(value, rest) for value in values] if rest else values
