"""The reply of any call as a frame, by what Deriv's schemas say it holds."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import accumulate, chain
from typing import Any, cast

import pandas as pd

from dpyauth.apis.catalog import Call
from dpyauth.apis.request import echoed
from dpyauth.apis.shapes import ENVELOPE, Node, Shape, load, veiled
from dpyauth.errors import InvalidRequest
from dpyauth.frames.arrays import Array, Column, Kind, array
from dpyauth.frames.columns import Context, assemble, masked
from dpyauth.frames.values import as_list, mapping, pick
from dpyauth.sensitive import hides

_DEEPEST = 8  # levels of an object nobody has documented that still become columns


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

    A list of objects gives a row per object; an object whose keys are data (currencies, login IDs) a row per key,
    with the column ``key``; a list of single values a row per value; anything else one row. What Deriv puts beside
    the rows is repeated in each of them. The frame of a call has the same columns and dtypes whatever its reply
    holds or lacks; fields that Deriv has not documented come after them, never lost.

    Where a reply holds money and no field that names a currency, there is one more column, ``currency``, after those
    that Deriv documents: the currency of the account, of the request, or of the row's key, whichever the money of this
    call is in. It is missing where Deriv does not say, and where ``explode`` has spread what Deriv does not document.

    Parameters
    ----------
    call : Call
        The call that was made, from a catalog.
    reply : mapping
        The whole reply. None counts as an empty one.
    context : Context, optional
        Where the reply came from; becomes ``attrs``, together with the request. It names the API, the current one if
        left out, and the currency of the account.
    decimal : bool
        Money and prices as exact `decimal.Decimal` objects (missing: None) instead of float64 (missing: NaN).
    explode : str or sequence of str
        Columns of lists (or of objects whose keys are data) to spread, one after the other: one row per item. The
        fields of the items become columns ``list.field``; an empty list keeps its row.
    reveal : bool
        Show secrets and personal data, which otherwise are ``•••``.

    Returns
    -------
    pandas.DataFrame
        Columns are named as Deriv names the fields; a field of an object within a row is ``object.field``.

        ====================  =========================================================================
        text                  string; so are masked columns, whatever they hold
        one of some texts     category
        0 and 1               boolean
        whole number, ID      Int64
        money, price          float64, or Decimal
        other number          float64
        time                  datetime64[us, UTC]
        list                  Python lists; empty, never missing
        object, data as keys  Python dicts; empty, never missing
        ====================  =========================================================================

        A field that holds something else than Deriv documents counts as missing.

    Raises
    ------
    InvalidRequest
        ``explode`` names no column that can be spread.

    Examples
    --------
    >>> from dpyauth.apis.catalog import load
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
    return assemble(dict(table.columns(decimal, reveal)), table.length, context)


def promised(call: Call, api: str) -> list[pd.DataFrame]:
    """The frame of a call without rows, to look up columns and dtypes; several if a reply has several forms."""
    shape = load(api).get(call.name, Shape())
    forms: list[dict[str, Any]] = [{path[0]: None} if path else {} for path in shape.rows]
    return [generic(call, form, Context(call.name, api=api)) for form in forms]


class _Table:
    """The columns of a frame to be, as plain values: those that Deriv documents, and others."""

    def __init__(self, call: str, length: int) -> None:
        self.call = call
        self.length = length
        self.clear = True  # whether Deriv documents all that was spread
        self._hidden: set[str] = set()  # undocumented fields, with all that is in them, that are secret or personal
        self._known: dict[str, tuple[Node, list[Any]]] = {}
        self._extra: list[tuple[str, list[Any]]] = []

    def spread(self, name: str, node: Any, values: list[Any], depth: int = 0) -> None:
        """Add what these values, one a row, hold: a column, or several columns for an object."""
        if node is None:
            self._guess(name, values, depth)
        elif _is_column(node):
            self._known[name or "value"] = (node, values)
        elif fields := node.get("()"):
            self.spread(name, fields, [dict(zip(fields, as_list(v), strict=False)) for v in values], depth)
        else:
            self._object(name, node, values, depth)

    def _object(self, name: str, node: Mapping[str, Any], values: list[Any], depth: int) -> None:
        prefix = f"{name}." if name else ""
        strays: list[Any] = []
        if set(map(type, values)) != {dict}:
            strays = [None if isinstance(v, Mapping) else v for v in values]
            values = [mapping(v) for v in values]
        if "" in node:
            self.spread(name, node[""], strays or [None] * len(values))
        elif any(stray is not None for stray in strays):
            self._guess(name, strays, depth)
        for field, child in node.items():
            if field:
                self.spread(prefix + field, child, pick(values, field), depth)
        for field in _unknown(values, node):
            found = pick(values, field)
            beside = set(node).union(*values)
            if any(hides(value, field, self.call, name, beside) for value in found):
                self._hidden.add(prefix + field)
            self.spread(prefix + field, None, found, depth + 1)

    def _guess(self, name: str, values: list[Any], depth: int) -> None:
        if depth < _DEEPEST and any(values) and all(v is None or isinstance(v, Mapping) for v in values):
            self._object(name, {}, values, depth)
        else:
            self._extra.append((name or "value", values))

    def beside(self, name: str, node: Node | None, value: Any, path: str, others: Collection[str]) -> None:
        """Add what stands beside the rows, under its full path where a column of the rows has its name."""
        hidden = node is None and hides(value, name, self.call, path.rpartition(".")[2], others)
        while name in self._known:
            name = f"{path}.{name}" if path and not name.startswith(path) else f"{name}_"
        if hidden:
            self._hidden.add(name)
        self.spread(name, node, [value] * self.length)

    def exploded(self, name: str, call: str) -> _Table:
        """The same with one row per item of a column."""
        node, values = self._known.get(name) or (None, dict(self._extra).get(name, []))
        if not isinstance(node, Mapping) and not any(isinstance(v, list) for v in values):
            lists = [column for column, (other, _) in self._known.items() if isinstance(other, Mapping)]
            lists += [column for column, held in self._extra if any(isinstance(v, list) for v in held)]
            raise InvalidRequest(
                f"The frame of '{call}' has no column {name!r} to spread. "
                f"These can be: {', '.join(map(repr, lists)) or 'none'}.",
                call=call,
                field="explode",
            )
        keyed = isinstance(node, Mapping) and "{}" in node
        items = [list(mapping(v).items()) if keyed else as_list(v) for v in values]
        at = [row for row, found in enumerate(items) for _ in found or (None,)]
        flat = [item for found in items for item in found or ((None, None) if keyed else None,)]
        result = _Table(call, len(at))
        result.clear = self.clear and isinstance(node, Mapping) and "any" not in node.values()
        result._hidden = set(self._hidden)
        for other, (kind, column) in self._known.items():
            if other == name:
                result._unpack(name, node, flat)
            else:
                result._known[other] = (kind, [column[row] for row in at])
        for other, column in self._extra:
            if other == name and node is None:
                result._guess(name, flat, 1)
            else:
                result._extra.append((other, [column[row] for row in at]))
        return result

    def _unpack(self, name: str, node: Any, flat: list[Any]) -> None:
        """Add the items of an exploded column."""
        if "{}" in node:
            self.spread(f"{name}.key", "text", [key for key, _ in flat])
            below = f"{name}.value" if _is_column(node["{}"]) else name
            self.spread(below, None if node["{}"] == "any" else node["{}"], [value for _, value in flat])
        else:
            self.spread(name, None if node["[]"] == "any" else node["[]"], flat)

    def keys(self) -> list[Any]:
        """Return what the rows are called, where their keys are data."""
        return self._known["key"][1] if "key" in self._known else [None] * self.length

    def add_currency(self, usual: list[Any]) -> None:
        """Add what the money of each row is in: what the row says itself, else the usual."""
        told: list[Any] = [None] * self.length
        for place, (name, values) in enumerate(self._extra):
            if name == "currency" and all(isinstance(value, str | None) for value in values):
                told = values
                del self._extra[place]
                break
        self._known["currency"] = ("text", [own or other for own, other in zip(told, usual, strict=True)])

    def columns(self, decimal: bool, reveal: bool) -> Iterator[tuple[str, Array]]:
        """The typed columns, in order."""
        for name, (node, values) in self._known.items():
            yield name, _typed(self.call, name, node, values, decimal, reveal)
        taken = set(self._known)
        for name, values in self._extra:
            hidden = not reveal and self._hides(name, values)
            if not reveal and not hidden:
                values = [veiled(v, None, call=self.call, name=name) for v in values]
            while name in taken:
                name += "_"
            taken.add(name)
            yield name, masked(name, values) if hidden else array(Column(name, _guessed(values)), values, decimal)

    def _hides(self, name: str, values: list[Any]) -> bool:
        """Whether an undocumented column is secret or personal, or a part of what is."""
        wholes = accumulate(name.split("."), lambda whole, part: f"{whole}.{part}")
        return not self._hidden.isdisjoint(wholes) or any(hides(value, name, self.call) for value in values)


def _table(call: str, shape: Shape, reply: Mapping[str, Any]) -> _Table:
    """The rows of a reply, and what stands beside them."""
    path = _form(shape, reply)
    forms = {other[0] for other in shape.rows if other}
    node: Any = shape.reply
    value: Any = {name: held for name, held in reply.items() if name not in ENVELOPE}
    if not node and len(value) == 1:  # nothing is known about the call, but its answer stands alone
        path = tuple(value)
        held = value[path[0]]
        hidden = hides(held, path[0], call)
        node = {path[0]: "!any" if hidden else {"[]": {}} if isinstance(held, list) else {}}
    aside: list[tuple[str, Node | None, Any, str, Collection[str]]] = []
    for depth, step in enumerate(path):
        here = mapping(value)
        at = ".".join(path[:depth])
        skipped = {step, "count"} if "count" in node else {step}  # the number of rows needs no column
        skipped |= set() if depth else forms
        every = {**node, **here}
        aside += [(name, node.get(name), here.get(name), at, every) for name in every if name not in skipped]
        node, value = node[step], here.get(step)
    table = _rows(call, path[-1] if path else "", node, value)
    for known in (True, False):
        for name, other, held, at, others in aside:
            if (other is not None) == known:
                table.beside(name, other, held, at, others)
    return table


def _rows(call: str, name: str, node: Any, value: Any) -> _Table:
    if not isinstance(node, Mapping):
        table = _Table(call, int(value is not None))
        table.spread(name, node, [value] * table.length)
    elif "[]" in node:
        rows = as_list(value)
        table = _Table(call, len(rows))
        table.spread(name if _is_column(node["[]"]) else "", node["[]"], rows)
    elif "{}" in node:
        held = mapping(value)
        table = _Table(call, len(held))
        table.spread("key", "text", list(held))
        table.spread("value" if _is_column(node["{}"]) else "", node["{}"], list(held.values()))
    elif "||" in node:
        held = mapping(value)
        lists = {field: as_list(held.get(field)) for field in node["||"]}
        table = _Table(call, max(map(len, lists.values())))
        for field, child in node["||"].items():
            table.spread(field, child, lists[field] + [None] * (table.length - len(lists[field])))
    else:
        table = _Table(call, int(bool(value)))
        table.spread("", node, [value] * table.length)
    return table


def _form(shape: Shape, reply: Mapping[str, Any]) -> tuple[str, ...]:
    """Where the rows are in this reply; an empty one is told by what was asked."""
    style = mapping(reply.get("echo_req")).get("style")
    found = (path for path in shape.rows if path and path[0] in reply)
    asked = (path for path in shape.rows if path and path[0] == style)
    return next(chain(found, asked, shape.rows))


def _is_column(node: Any) -> bool:
    """Whether such a value fills one column, not several."""
    return not isinstance(node, Mapping) or "[]" in node or "{}" in node


def _unknown(values: list[Any], node: Mapping[str, Any]) -> list[str]:
    """Fields that are not documented, in the order they come up."""
    fields = set(chain.from_iterable(values))
    if fields <= node.keys():
        return []
    return [str(field) for field in dict.fromkeys(chain.from_iterable(values)) if field not in node]


def _typed(call: str, name: str, node: Node, values: list[Any], decimal: bool, reveal: bool) -> Array:
    if isinstance(node, list):
        return array(Column(name, "enum", values=tuple(node)), values)
    if isinstance(node, Mapping):
        if not reveal:
            values = [veiled(v, node, call=call, name=name) for v in values]
        return array(Column(name, "list" if "[]" in node else "map"), values)
    if node.startswith("!") and not reveal:
        return masked(name, values)
    form = cast("Kind", node.removeprefix("!"))
    if form == "any" and not reveal:
        values = [veiled(v, None, call=call, name=name) for v in values]
    return array(Column(name, form), values, decimal)


def _guessed(values: list[Any]) -> Kind:
    """What a column that nobody has documented seems to hold."""
    types = {type(v) for v in values if v is not None}
    if not types or types == {str}:
        return "text"
    if types == {bool}:
        return "flag"
    if types == {int}:
        return "count" if all(v is None or abs(v) < 2**63 for v in values) else "any"
    if types <= {int, float, Decimal}:
        return "exact"
    return "list" if types == {list} else "any"


def _currencies(source: str, call: Call, reply: Mapping[str, Any], context: Context, table: _Table) -> list[str | None]:
    """Return what the money of each row is in that does not say it."""
    if source == "key":
        return table.keys()
    if source == "asked":
        asked = mapping(reply.get("echo_req")).get("currency")
        one = asked or mapping(call.fields.get("currency")).get("default")
    else:
        one = context.currency if source == "account" else source
    return [one if table.clear else None] * table.length


def _request(call: Call, asked: Mapping[str, Any]) -> str | None:
    """What was asked, as text without secrets; None if the reply does not tell."""
    own = {name: value for name, value in asked.items() if name not in ("req_id", "passthrough")}
    return json.dumps(echoed(call, own), ensure_ascii=False, default=str) if own else None
