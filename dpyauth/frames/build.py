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


@dataclass(frozen=True, slots=True)
class Context:
    """Origin of a payload; becomes ``df.attrs``.

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
    beside : mapping, optional
        What the reply holds beside the payload that Deriv does not document; goes into columns, too.
    """

    call: str
    loginid: str | None = None
    fetched: datetime | None = None
    api: str = DEFAULT
    request: str | None = None
    currency: str | None = None
    beside: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def attrs(self) -> dict[Hashable, Any]:
        """Return plain texts only, so that they survive pickle and Parquet; the time is ISO 8601 in UTC."""
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
    """Build a DataFrame of these columns, and of others for what has no place in them; what is personal is masked.

    Never raises on what a row holds. A value of the wrong shape is missing in its column, and stands in one of its
    own, behind the others and under the name that Deriv gives it, with ``_`` where that is taken; so does every field
    that no column is about. Without such values the columns are exactly those given that the API of the context has.

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
    call : str, optional
        The call that the rows are of, which decides what is personal; that of the context if left out.
    omits : collection of str
        Dotted paths of what the frame leaves out on purpose.
    beside : mapping, optional
        What the payload holds beside the rows: more columns, which repeat it in each. Where there are no rows, it is in
        ``attrs["beside"]``, as JSON.

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
    """Return whether a frame has a column, which Deriv may document for one API only."""
    if not column.only or context is None or context.api == column.only:
        return True
    return any(map(told, _values(rows, column)))


def also(made: pd.DataFrame, beside: Mapping[str, Any], call: str) -> pd.DataFrame:
    """Add what stood beside the rows of several replies, as the frame of one reply has it.

    Parameters
    ----------
    made : pandas.DataFrame
        The frame of the rows; it is changed.
    beside : mapping
        What the replies held beside them.
    call : str
        The call that was answered.

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


def words(payload: Any, call: str, name: str) -> list[str]:
    """Return the texts of a list in a payload, each of them once; what is no text in it is JSON."""
    items = as_list(mapping(payload).get(name))
    texts = [
        json.dumps(mask(item, None, call=call, name=name), ensure_ascii=False, default=str)
        if isinstance(item, Mapping | list)
        else as_text(item)
        for item in items
    ]
    return [text for text in dict.fromkeys(texts) if text]


@functools.lru_cache(maxsize=1000)
def _placed(columns: tuple[Column, ...], omits: frozenset[str]) -> Placed:
    """Return the fields of a row that are in columns, or left out on purpose, as a tree."""
    tree: dict[str, Any] = {}
    for path in sorted({*(c.path for c in columns), *omits}):
        *parents, last = path.split(".")
        node: dict[str, Any] | None = tree
        for parent in parents:
            node = node if node is None else node.setdefault(parent, {})  # None: all of it has its place
        if node is not None:
            node[last] = None
    return tree


@functools.lru_cache(maxsize=1000)
def _hidden(columns: tuple[Column, ...], call: str) -> frozenset[str]:
    """Return the columns that are secret or personal."""
    paths = {c.name: (c.path).split(".") for c in columns if c.kind != "flag"}
    beside = [path[-1] for path in paths.values()]
    return frozenset(name for name, path in paths.items() if kind(path[-1], call, "".join(path[-2:-1]), beside))


def assemble(data: Mapping[str, Array], length: int, context: Context | None) -> pd.DataFrame:
    """Make a frame of columns with this many rows, even where there is no column; it takes over the arrays."""
    result = pd.DataFrame(data, index=pd.RangeIndex(length), copy=False)
    if context is not None:
        result.attrs = context.attrs()
    return result


def _values(rows: list[Any], column: Column) -> list[Any]:
    name, _, rest = (column.path).partition(".")
    values = pick(rows, name)
    if rest and not any(values):  # as a rule: parts are documented for some rows only
        return [None] * len(rows)
    return [get_path(value, rest) for value in values] if rest else values
