"""Collect the columns of a reply's frame: those that Deriv documents, and others for everything else."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from itertools import accumulate, chain
from typing import Any, cast

from dpyauth.catalog.descriptions import short
from dpyauth.catalog.shapes import Node, mask
from dpyauth.columns import Column, Kind
from dpyauth.errors import InvalidRequest
from dpyauth.frames.arrays import Array, array, left_out, masked
from dpyauth.frames.values import as_float, as_list, is_nan, mapping, pick, told
from dpyauth.sensitive import MASK, hides

_DEEPEST = 8  # levels of undocumented objects that still become columns

Placed = Mapping[str, "Placed | None"]
"""Fields that are already in columns: None for a whole field, or a mapping for parts of it."""


class Table:
    """Columns of a future frame as plain values: documented ones, and others."""

    def __init__(self, call: str, length: int) -> None:
        self.call = call
        self.length = length
        self.clear = True  # whether Deriv documents everything that was spread
        self._hidden: set[str] = set()  # undocumented fields that are secret or personal, with everything in them
        self._known: dict[str, tuple[Node, list[Any]]] = {}
        self._extra: list[tuple[str, list[Any]]] = []
        self._beside: list[tuple[str, Node | None, Any, bool]] = []

    def spread(self, name: str, node: Any, values: list[Any], depth: int = 0) -> None:
        """Add values, one per row: as one column, or as several for objects."""
        if node is None:
            self._guess(name, values, depth)
        elif is_column(node):
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
            self._other(name, field, values, node, depth)

    def _other(self, name: str, field: str, values: list[Any], known: Collection[str], depth: int) -> None:
        """Add an undocumented field of objects."""
        found, path = pick(values, field), f"{name}.{field}" if name else field
        beside = set(known).union(*values)
        if any(hides(value, field, self.call, name, beside) for value in found):
            self._hidden.add(path)
        self.spread(path, None, found, depth + 1)

    def unplaced(self, name: str, values: list[Any], placed: Placed) -> None:
        """Add the parts of values, one per row, that are not in columns yet: unknown fields, and other types."""
        if set(map(type, values)) != {dict}:
            strays = [None if isinstance(v, Mapping) or not told(v) else v for v in values]
            if any(stray is not None for stray in strays):
                self._guess(name, strays, 0)
            values = [mapping(v) for v in values]
        for field, parts in placed.items():
            if parts is not None and any(found := pick(values, field)):
                self.unplaced(f"{name}.{field}" if name else field, found, parts)
        for field in _unknown(values, placed):
            if any(map(told, pick(values, field))):
                self._other(name, field, values, placed, 0)

    def take(self, column: Column, values: list[Any], decimal: bool, reveal: bool) -> Array:
        """Return the values as a column; those that do not fit are added as another, under Deriv's name."""
        made, left = _taken(self.call, column, values, None, decimal, reveal)
        if left:
            self._extra.append((column.source or column.name, left))
        return made

    def _guess(self, name: str, values: list[Any], depth: int) -> None:
        if depth < _DEEPEST and any(values) and all(v is None or isinstance(v, Mapping) for v in values):
            self._object(name, {}, values, depth)
        else:
            self._extra.append((name or "value", values))

    def beside(self, name: str, node: Node | None, value: Any, path: str, others: Collection[str]) -> None:
        """Add a field from beside the rows, under its full path if a column of the rows has its name."""
        hidden = node is None and hides(value, name, self.call, path.rpartition(".")[2], others)
        self._beside.append((f"{path}.{name}" if path else name, node, value, hidden))
        while name in self._known:
            name = f"{path}.{name}" if path and not name.startswith(path) else f"{name}_"
        if hidden:
            self._hidden.add(name)
        self.spread(name, node, [value] * self.length)

    def alone(self, reveal: bool) -> str | None:
        """Return the fields beside the rows as JSON if there are no rows; else None."""
        if self.length:
            return None
        shown = {
            name: value if reveal else MASK if hidden else mask(value, node, call=self.call, name=name)
            for name, node, value, hidden in self._beside
            if told(value)
        }
        return json.dumps(shown, ensure_ascii=False, default=str) if shown else None

    def exploded(self, name: str, call: str) -> Table:
        """Return the table with one row per item of a column of lists."""
        node, values = (None, [])
        if isinstance(name, str):
            node, values = self._known.get(name) or (None, dict(self._extra).get(name, []))
        if not isinstance(node, Mapping) and not any(isinstance(v, list) for v in values):
            lists = [column for column, (other, _) in self._known.items() if isinstance(other, Mapping)]
            lists += [column for column, held in self._extra if any(isinstance(v, list) for v in held)]
            raise InvalidRequest(
                f"The frame of '{call}' has no column of lists {short(name)}. "
                f"Columns that explode can spread: {', '.join(map(repr, lists)) or 'none'}.",
                call=call,
                field="explode",
            )
        keyed = isinstance(node, Mapping) and "{}" in node
        items = [pairs(v) if keyed else as_list(v) for v in values]
        at = [row for row, found in enumerate(items) for _ in found or (None,)]
        flat = [item for found in items for item in found or ((None, None) if keyed else None,)]
        result = Table(call, len(at))
        result.clear = self.clear and isinstance(node, Mapping) and "any" not in node.values()
        result._hidden = set(self._hidden)
        result._beside = self._beside
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
            below = f"{name}.value" if is_column(node["{}"]) else name
            self.spread(below, None if node["{}"] == "any" else node["{}"], [value for _, value in flat])
        else:
            self.spread(name, None if node["[]"] == "any" else node["[]"], flat)

    def keys(self) -> list[Any]:
        """Return the keys of the rows, if the keys are data."""
        return self._known["key"][1] if "key" in self._known else [None] * self.length

    def add_currency(self, usual: list[Any]) -> None:
        """Add the currency of each row: the row's own if it has one, else the usual one."""
        told: list[Any] = [None] * self.length
        for place, (name, values) in enumerate(self._extra):
            if name == "currency" and all(isinstance(value, str | None) for value in values):
                told = values
                del self._extra[place]
                break
        self._known["currency"] = ("text", [own or other for own, other in zip(told, usual, strict=True)])

    def columns(self, decimal: bool, reveal: bool, names: Collection[str] = ()) -> Iterator[tuple[str, Array]]:
        """Yield the typed columns in order, under other names than the given ones."""
        extra = list(self._extra)
        for name, (node, values) in self._known.items():
            made, left = _typed(self.call, name, node, values, decimal, reveal)
            yield name, made
            extra += [(name, left)] if left else []
        taken = {*self._known, *names}
        for name, values in extra:
            values = [None if is_nan(value) else value for value in values]
            hidden = not reveal and self._hides(name, values)
            if not reveal and not hidden:
                values = [mask(v, None, call=self.call, name=name) for v in values]
            while name in taken:
                name += "_"
            taken.add(name)
            yield name, masked(name, values) if hidden else array(Column(name, _guessed(values)), values, decimal)

    def _hides(self, name: str, values: list[Any]) -> bool:
        """Return whether an undocumented column, or an object that contains it, is secret or personal."""
        wholes = accumulate(name.split("."), lambda whole, part: f"{whole}.{part}")
        return not self._hidden.isdisjoint(wholes) or any(hides(value, name, self.call) for value in values)


def pairs(value: Any) -> list[tuple[Any, Any]]:
    """Return the keys and values of an object whose keys are data; for any other value, its items without keys."""
    return list(value.items()) if isinstance(value, Mapping) else [(None, item) for item in as_list(value)]


def is_column(node: Any) -> bool:
    """Return whether a documented value becomes one column, not several."""
    return not isinstance(node, Mapping) or "[]" in node or "{}" in node


def _unknown(values: list[Any], node: Mapping[str, Any]) -> list[str]:
    """Return the undocumented fields, in the order of their first appearance."""
    known = node.keys() - {""}  # the empty text is not a field
    if known.issuperset(chain.from_iterable(values)):
        return []
    return [str(field) for field in dict.fromkeys(chain.from_iterable(values)) if field not in known]


def _typed(
    call: str, name: str, node: Node, values: list[Any], decimal: bool, reveal: bool
) -> tuple[Array, list[Any] | None]:
    """Return the values as a column, and those that do not fit."""
    if isinstance(node, str):
        column = Column(name, cast("Kind", node.removeprefix("!")))
    elif isinstance(node, list):
        column = Column(name, "enum", values=tuple(node))
    else:
        column = Column(name, "list" if "[]" in node else "map")
    made, left = _taken(call, column, values, None if isinstance(node, str) else node, decimal, reveal)
    if isinstance(node, str) and node.startswith("!") and not reveal:
        return masked(name, values), left and [None if value is None else MASK for value in left]
    return made, left


def _taken(
    call: str, column: Column, values: list[Any], facts: Any, decimal: bool, reveal: bool
) -> tuple[Array, list[Any] | None]:
    """Return the values as a column of the given kind, and those that do not fit."""
    shown = values
    if column.kind in ("any", "list", "map") and not reveal:
        name = column.source or column.name
        shown = [
            value if facts is None and _plain(value) else mask(value, facts, call=call, name=name) for value in values
        ]
    elif column.kind in ("text", "enum") and not {dict, list}.isdisjoint(map(type, values)):
        shown = [None if isinstance(value, dict | list) else value for value in values]
    made = array(column, shown, decimal)
    return made, left_out(column.kind, values, made)


def _plain(value: Any) -> bool:
    """Return whether a value has no fields, so that there is nothing to mask."""
    return all(map(_plain, value)) if isinstance(value, list | tuple) else not isinstance(value, Mapping)


def _guessed(values: list[Any]) -> Kind:
    """Guess the kind of an undocumented column."""
    types = {type(v) for v in values if v is not None}
    if not types or types == {str}:
        return "text"
    if types == {bool}:
        return "flag"
    if types == {int}:
        return "count" if all(v is None or abs(v) < 2**63 for v in values) else "any"
    if types <= {int, float, Decimal}:
        return "exact" if all(v is None or as_float(v) is not None for v in values) else "any"
    return "list" if types == {list} else "any"
