"""Turn the reply of any call into a frame, guided by Deriv's schemas."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import pandas as pd

from dpyauth.catalog.calls import Call
from dpyauth.catalog.request import echoed
from dpyauth.catalog.shapes import ENVELOPE, Node, Shape, load
from dpyauth.frames.build import Context, assemble
from dpyauth.frames.period import within
from dpyauth.frames.table import Table, is_column, pairs
from dpyauth.frames.values import as_list, mapping, told
from dpyauth.sensitive import hides


def generic(
    call: Call,
    reply: Mapping[str, Any] | None,
    context: Context | None = None,
    *,
    decimal: bool = False,
    explode: str | Sequence[str] = (),
    reveal: bool = False,
) -> pd.DataFrame:
    """Turn the reply of any call into a frame.

    A list of objects becomes one row per object; an object whose keys are data (currencies, login IDs) one row per
    key, with the column ``key``; a list of single values one row per value; anything else one row. Fields beside the
    rows are repeated in each row. The frame of a call has the same columns and dtypes whatever its reply holds or
    lacks; undocumented fields follow in columns after them and are never lost.

    If a reply holds money but no field that names a currency, the column ``currency`` follows the documented columns:
    the currency of the account, of the request, or of the row's key, whichever applies to this call. It is missing if
    Deriv does not say, and if ``explode`` has spread undocumented fields.

    Parameters
    ----------
    call : Call
        Call that was made, from a catalog.
    reply : mapping
        Whole reply; None counts as an empty one.
    context : Context, optional
        Where the reply came from; stored in ``attrs``, together with the request. It names the API (Deriv's current one
        if left out) and the currency of the account.
    decimal : bool
        Return money and prices as exact `decimal.Decimal` objects instead of float64.
    explode : str or sequence of str
        Columns of lists (or of objects whose keys are data) to spread, one after the other: one row per item. The
        fields of the items become columns ``list.field``; an empty list keeps its row.
    reveal : bool
        Show secrets and personal data instead of ``•••``.

    Returns
    -------
    pandas.DataFrame
        Columns are named as Deriv names the fields; a field of an object within a row is ``object.field``.

        ====================  =========================================================================
        text                  string; masked columns, too
        one of some texts     category
        0 and 1               boolean
        whole number, ID      Int64
        money, price          float64, or Decimal
        other number          float64
        time                  datetime64[us, UTC]
        list                  Python lists; empty, never missing
        object, data as keys  Python dicts; empty, never missing
        ====================  =========================================================================

        A value of another type than Deriv documents counts as missing; it goes into an additional column among the
        undocumented ones, with ``_`` after the name. If there are no rows, fields beside them are in
        ``attrs["beside"]``, as JSON. Rows from outside the requested period are left out; ``attrs["note"]`` and a
        `dpyauth.notes.PeriodWarning` say how many.

    Raises
    ------
    InvalidRequest
        ``explode`` names a column that does not exist or cannot be spread.

    Examples
    --------
    >>> from dpyauth.catalog.calls import load
    >>> from dpyauth.frames import Context, generic
    >>> context = Context("exchange_rates", api="v3")
    >>> reply = {"exchange_rates": {"base_currency": "USD", "date": 0, "rates": {"EUR": 0.9}}}
    >>> generic(load("v3")["exchange_rates"], reply, context)[["key", "value", "base_currency"]]
       key  value base_currency
    0  EUR    0.9           USD
    """
    context = context or Context(call.name)
    reply = mapping(reply)
    shape = load(context.api).get(call.name, Shape())
    table = _table(call.name, shape, reply)
    for name in (explode,) if isinstance(explode, str) else explode:
        table = table.exploded(name, call.name)
    if shape.currency is not None:
        table.add_currency(_currencies(shape.currency, call, reply, context, table))
    if context.request is None:
        context = replace(context, request=_request(call, mapping(reply.get("echo_req"))))
    result = assemble(dict(table.columns(decimal, reveal)), table.length, context)
    if beside := table.alone(reveal):
        result.attrs["beside"] = beside
    return within(result, call.name, mapping(reply.get("echo_req")), context.language)


def promised(call: Call, api: str) -> list[pd.DataFrame]:
    """Return a call's frame without rows, to look up columns and dtypes; several if its replies differ in form."""
    shape = load(api).get(call.name, Shape())
    forms: list[dict[str, Any]] = [{path[0]: None} if path else {} for path in shape.rows]
    return [generic(call, form, Context(call.name, api=api)) for form in forms]


def _table(call: str, shape: Shape, reply: Mapping[str, Any]) -> Table:
    """Return the table of a reply: its rows, and the fields beside them."""
    path = _form(shape, reply)
    forms = {other[0] for other in shape.rows if other} - set(path[:1])
    node: Any = shape.reply
    value: Any = {name: held for name, held in reply.items() if name not in ENVELOPE}
    if not node and len(value) == 1:  # nothing is documented about this call, but the reply has only one field
        path = tuple(value)
        held = value[path[0]]
        hidden = hides(held, path[0], call)
        node = {path[0]: "!any" if hidden else {"[]": {}} if isinstance(held, list) else {}}
    aside: list[tuple[str, Node | None, Any, str, Collection[str]]] = []
    counted: Any = None
    there = True
    for depth, step in enumerate(path):
        here = mapping(value)
        at = ".".join(path[:depth])
        every = {**node, **here}
        for name in every:
            known, held = node.get(name), here.get(name)
            if name == "count" and known is not None:
                counted, known = held, None
            if name != step and (depth or name not in forms or told(held)):
                aside.append((name, None if name in forms and not depth else known, held, at, every))
        node = node[step]
        if isinstance(value, Mapping) or not told(value):  # any other value here must be the rows themselves
            value, there = here.get(step), step in here
    strange = any(other is None and told(held) for name, other, held, _, _ in aside if name != "count")
    table = _rows(call, path[-1] if path else "", node, value, least=int(strange and not there))
    if not told(counted) or counted == table.length:  # a count that equals the number of rows needs no column
        aside = [each for each in aside if each[0] != "count" or each[2] is not counted]
    for documented in (True, False):
        for name, other, held, at, others in aside:
            if (other is not None) == documented:
                table.beside(name, other, held, at, others)
    return table


def _rows(call: str, name: str, node: Any, value: Any, least: int) -> Table:
    """Return the rows in a value, documented or not, and at least ``least`` rows."""
    if isinstance(node, Mapping) and "||" in node:
        return _side_by_side(call, node["||"], value, least)
    keys: list[Any] | None = None
    if not isinstance(node, Mapping):
        rows, item, label = [] if value is None else [value], node, name
    elif "[]" in node:
        rows, item = as_list(value), node["[]"]
        label = name if is_column(item) else ""
    elif "{}" in node:
        keys, rows, item = [key for key, _ in pairs(value)], [held for _, held in pairs(value)], node["{}"]
        label = "value" if is_column(item) else ""
    else:
        rows, item, label = (value if isinstance(value, list) else [value]) if told(value) else [], node, ""
    rows = rows or [None] * least
    table = Table(call, len(rows))
    if keys is not None:
        table.spread("key", "text", keys or [None] * least)
    table.spread(label, item, rows)
    return table


def _side_by_side(call: str, lists: Mapping[str, Node], value: Any, least: int) -> Table:
    """Return the rows of parallel lists; other fields beside the lists are repeated in each row."""
    held = mapping(value)
    columns = {name: as_list(held.get(name)) for name in lists}
    others = {name: child for name, child in held.items() if name not in lists and told(child)}
    others |= {} if isinstance(value, Mapping) or not told(value) else {"value": value}
    table = Table(call, max(*map(len, columns.values()), least, int(bool(others))))
    for name, child in lists.items():
        table.spread(name, child, columns[name] + [None] * (table.length - len(columns[name])))
    for name, child in others.items():
        table.beside(name, None, child, "", held)
    return table


def _form(shape: Shape, reply: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the path of the rows in this reply; for an empty reply, the request decides."""
    style = mapping(reply.get("echo_req")).get("style")
    found = (path for path in shape.rows if path and path[0] in reply)
    asked = (path for path in shape.rows if path and path[0] == style)
    return next(chain(found, asked, shape.rows))


def _currencies(source: str, call: Call, reply: Mapping[str, Any], context: Context, table: Table) -> list[str | None]:
    """Return the currency for each row whose money has none."""
    if source == "key":
        return table.keys()
    if source == "asked":
        asked = mapping(reply.get("echo_req")).get("currency")
        one = asked or mapping(call.fields.get("currency")).get("default")
    else:
        one = context.currency if source == "account" else source
    return [one if table.clear else None] * table.length


def _request(call: Call, asked: Mapping[str, Any]) -> str | None:
    """Return the request as text without secrets; None if the reply does not repeat it."""
    own = {name: value for name, value in asked.items() if name not in ("req_id", "passthrough")}
    return json.dumps(echoed(call, own), ensure_ascii=False, default=str) if own else None
