"""Build a frame of typed columns from the rows of a reply."""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from dpyauth.catalog.shapes import mask
from dpyauth.columns import Column
from dpyauth.frames.arrays import Array, masked, repeated
from dpyauth.frames.table import Placed, Table
from dpyauth.frames.values import as_list, as_text, get_path, mapping, pick, told
from dpyauth.registry import DEFAULT
from dpyauth.sensitive import kind
from dpyauth.texts import Words, texts
from dpyauth.texts.languages import ENGLISH


@dataclass(frozen=True, slots=True)
class Context:
    """Origin of a payload; becomes ``df.attrs``.

    Parameters
    ----------
    call : str
        Name of the Deriv call that was answered.
    loginid : str, optional
        Account that the call was made for.
    fetched : datetime, optional
        When the reply arrived; must carry a time zone.
    api : str
        Deriv API that answered.
    request : str, optional
        The request, as JSON without secrets.
    currency : str, optional
        Currency of that account, for money without a currency in the payload; goes into columns, not ``attrs``.
    language : str
        Tag of the language of meanings; codes are the same in every language.
    beside : mapping, optional
        Undocumented fields of the reply beside the payload; they go into columns, too.
    """

    call: str
    loginid: str | None = None
    fetched: datetime | None = None
    api: str = DEFAULT
    request: str | None = None
    currency: str | None = None
    language: str = ENGLISH
    beside: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def attrs(self) -> dict[Hashable, Any]:
        """Return ``attrs`` as plain texts, which survive pickle and Parquet. The time is ISO 8601 in UTC."""
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
    call: str = "",
    omits: Collection[str] = (),
    beside: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Build a DataFrame with these columns, and with more for values that do not fit; personal data is masked.

    No content of a row raises an error. A value of the wrong type is missing in its column and goes into an additional
    column, after the others and under Deriv's name for it, with ``_`` appended if that is taken. So does every field
    without a column. Without such values, the frame has exactly the given columns that the API of the context has.

    Parameters
    ----------
    rows : iterable of mappings
        One mapping per row, as it came from JSON.
    columns : sequence of Column
        The columns, in order.
    context : Context, optional
        Origin of the rows, stored in ``attrs``; without it they stay empty.
    decimal : bool
        Return money as `decimal.Decimal` objects instead of float64.
    same : mapping, optional
        Text columns with the same value in all rows, by name; they override the rows.
    reveal : bool
        Show secrets and personal data instead of ``•••``.
    call : str, optional
        Call that the rows belong to, which decides what is personal; that of the context if left out.
    omits : collection of str
        Dotted paths of fields that the frame leaves out on purpose.
    beside : mapping, optional
        Fields of the payload beside the rows; they become columns, with the same value in each row. If there are no
        rows, they are in ``attrs["beside"]``, as JSON.

    Returns
    -------
    pandas.DataFrame
        One row per mapping.

    Examples
    --------
    >>> columns = [Column("id", "count"), Column("time", "time", "when.epoch")]
    >>> frame([{"id": 7, "when": {"epoch": 0}}, {"id": "a", "new": True}], columns)
         id                      time   id_   new
    0     7 1970-01-01 00:00:00+00:00  <NA>  <NA>
    1  <NA>                       NaT     a  True
    """
    rows, same = list(rows), same or {}
    columns = [column for column in columns if _has_place(column, context, rows)]
    call = call or (context.call if context else "")
    hidden = frozenset() if reveal else _hidden(tuple(columns), call)
    table = Table(call, len(rows))
    data: dict[str, Array] = {}
    for c in columns:
        values = _values(rows, c)
        if c.name in same:
            data[c.name] = repeated(same[c.name], len(rows))
            if any(values):
                table.unplaced(c.name, [None if value == same[c.name] else value for value in values], {})
        elif c.name in hidden:
            data[c.name] = masked(c.name, values)
        else:
            data[c.name] = table.take(c, values, decimal, reveal)
    table.unplaced("", rows, _placed(tuple(columns), frozenset(omits)))
    others = {**(beside or {}), **(context.beside if context else {})}
    for name, value in others.items():
        if told(value):
            table.beside(name, None, value, "", others)
    data |= table.columns(decimal, reveal, data.keys())
    made = assemble(data, len(rows), context)
    if alone := table.alone(reveal):
        made.attrs["beside"] = alone
    return made


def _has_place(column: Column, context: Context | None, rows: list[Any]) -> bool:
    """Return whether a frame gets a column, which Deriv may document for one API only."""
    if not column.only or context is None or context.api == column.only:
        return True
    return any(map(told, _values(rows, column)))


def also(made: pd.DataFrame, beside: Mapping[str, Any], call: str) -> pd.DataFrame:
    """Add the fields beside the rows of several replies to a frame, as it is done for one reply.

    Parameters
    ----------
    made : pandas.DataFrame
        Frame of the rows; it is changed.
    beside : mapping
        Fields beside the rows.
    call : str
        Call that was answered.

    Returns
    -------
    pandas.DataFrame
        The same frame.

    Examples
    --------
    >>> import pandas as pd
    >>> also(pd.DataFrame({"amount": [1.5]}), {"new": "x"}, "statement").to_dict("list")
    {'amount': [1.5], 'new': ['x']}
    """
    others = frame([{}] * len(made), (), call=call, beside=beside)
    for name in others:
        made[name if name not in made else f"{name}_"] = others[name].array
    made.attrs |= others.attrs
    return made


def meanings(context: Context | None) -> Words:
    """Return the texts of meanings, in the language of the context."""
    return texts("meanings", language=context.language if context else ENGLISH)


def words(payload: Any, call: str, name: str) -> list[str]:
    """Return the distinct texts of a list in a payload; other items as JSON."""
    items = as_list(mapping(payload).get(name))
    found = [
        json.dumps(mask(item, None, call=call, name=name), ensure_ascii=False, default=str)
        if isinstance(item, Mapping | list)
        else as_text(item)
        for item in items
    ]
    return [text for text in dict.fromkeys(found) if text]


@functools.lru_cache(maxsize=1000)
def _placed(columns: tuple[Column, ...], omits: frozenset[str]) -> Placed:
    """Return the fields of a row that have columns or are left out on purpose, as a tree."""
    tree: dict[str, Any] = {}
    for path in sorted({*(c.path for c in columns), *omits}):
        *parents, last = path.split(".")
        node: dict[str, Any] | None = tree
        for parent in parents:
            node = node if node is None else node.setdefault(parent, {})  # None: the whole field has its place
        if node is not None:
            node[last] = None
    return tree


@functools.lru_cache(maxsize=1000)
def _hidden(columns: tuple[Column, ...], call: str) -> frozenset[str]:
    """Return the names of the columns that are secret or personal."""
    paths = {c.name: (c.path).split(".") for c in columns if c.kind != "flag"}
    beside = [path[-1] for path in paths.values()]
    return frozenset(name for name, path in paths.items() if kind(path[-1], call, "".join(path[-2:-1]), beside))


def assemble(data: Mapping[str, Array], length: int, context: Context | None) -> pd.DataFrame:
    """Return a frame with these columns and this many rows, even without columns. It takes over the arrays."""
    result = pd.DataFrame(data, index=pd.RangeIndex(length), copy=False)
    if context is not None:
        result.attrs = context.attrs()
    return result


def _values(rows: list[Any], column: Column) -> list[Any]:
    name, _, rest = (column.path).partition(".")
    values = pick(rows, name)
    if rest and not any(values):  # the usual case: nested fields are documented for some rows only
        return [None] * len(rows)
    return [get_path(value, rest) for value in values] if rest else values
