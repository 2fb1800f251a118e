"""From what a caller wrote to what the request schema wants."""

from __future__ import annotations

import datetime as dt
import json
import math
import operator
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from dpyauth.apis.catalog import Call, Schema, nearest
from dpyauth.credentials import Secret
from dpyauth.errors import InvalidRequest
from dpyauth.sensitive import MASK, kind_of

Fields = dict[str, Any]

_CARRIED = frozenset({"passthrough", "req_id"})
"""What any request over a socket may have."""

_TOO_DEEP = 50  # levels


def build(call: Call, given: Mapping[str, Any]) -> Fields:
    """The fields of a request, checked and converted; sensitive values are wrapped as secrets.

    Raises
    ------
    InvalidRequest
        Names the field, and the nearest right name or the kind of value it takes.
    """
    fields: Fields = {}
    own = call.fields.get(call.name, {})
    if call.name not in given and own.get("enum") == [1]:
        fields[call.name] = 1
    for name, value in given.items():
        if name not in call.fields and not (name == "passthrough" and call.rest is None) and not call.open:
            raise InvalidRequest(_unknown(call, name), call=call.name, field=name)
        elif not _absent(value):
            fields[name] = _field(call, name, value)
    missing = [name for name in call.required if name not in fields]
    if missing:
        name = missing[0]
        raise InvalidRequest(
            f"'{call.name}' needs the field '{name}': {_wanted(call.fields[name])}.",
            call=call.name,
            field=name,
        )
    return fields


def reveal(value: Any) -> Any:
    """The same fields with their secrets in plain text, for the one moment of sending."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, dict):
        return {name: reveal(child) for name, child in value.items()}
    if isinstance(value, list):
        return [reveal(child) for child in value]
    return value


def secrets(value: Any) -> list[Secret]:
    """Return the secrets in the fields of a request."""
    found: list[Secret] = []
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Secret):
            found.append(value)
        elif isinstance(value, (dict, list)):
            waiting.extend(value.values() if isinstance(value, dict) else value)
    return found


def seal(call: Call | None, given: Mapping[str, Any]) -> Fields:
    """Wrap what is secret or personal in the given fields, however deep, so that no traceback shows it.

    So are texts in fields that the call does not have: one may be a slip of the pen, and all of them where the call
    is not known.
    """
    sealed: Fields = {}
    for name, value in given.items():
        try:
            if call is None or not (name in call.fields or name in _CARRIED or call.open):
                sealed[name] = _seal(value)
            else:
                sealed[name] = _through(call, name, value, call.fields.get(name, {}), _sealed)
        except RecursionError:  # it contains itself
            sealed[name] = _UNSHOWN
    return sealed


def masked(value: Any) -> Any:
    """Return the same fields with a mark in the place of secrets, to be shown."""
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, dict):
        return {name: masked(child) for name, child in value.items()}
    return [masked(item) for item in value] if isinstance(value, list) else value


def echoed(call: Call, fields: Mapping[str, Any]) -> Fields:
    """Return a request as a reply repeats it, with what is secret or personal masked."""
    shown = {
        str(name): _through(call, str(name), value, call.fields.get(name, {}), lambda value, schema: MASK)
        for name, value in fields.items()
    }
    marked: Fields = masked(shown)
    return marked


def encode(fields: Fields, req_id: int) -> str:
    """Write a request as JSON. Its secrets are in plain text nowhere else: tracebacks may show variables."""
    return _encode({**fields, "req_id": req_id})


_encode = json.JSONEncoder(default=reveal).encode


def _through(
    call: Call,
    name: str,
    value: Any,
    schema: Schema,
    treat: Callable[[Any, Schema], Any],
    parent: str = "",
    beside: Collection[str] = (),
    depth: int = 0,
) -> Any:
    """Treat what is secret or personal in a field, and all that is too deep in it to look into."""
    if depth == 0 and name in call.fields:
        hidden = name in call.sensitive
    else:
        hidden = depth > _TOO_DEEP or kind_of(name, schema, call.name, parent, beside) is not None
    if hidden:
        return value if value is None else treat(value, schema)
    if isinstance(value, str | int | Secret):
        return value
    if isinstance(value, Mapping):
        known = schema.get("properties", {})
        names = list(map(str, value))
        return {
            key: _through(call, str(key), child, known.get(key, {}), treat, name, names, depth + 1)
            for key, child in value.items()
        }
    if isinstance(value, list | tuple):
        items = schema.get("items") or {}
        beside = beside if depth else call.siblings
        return [_through(call, name, item, items, treat, parent, beside, depth + 1) for item in value]
    return value


def _sealed(value: Any, schema: Schema) -> Any:
    """Wrap a value, as the text that it becomes in the request."""
    if schema and not isinstance(value, str | Secret):
        try:
            value = convert(value, schema)
        except _UNFIT:
            return _UNSHOWN if not isinstance(value, Mapping | list) else _seal(value)
    return _seal(value)


def _seal(value: Any) -> Any:
    if isinstance(value, str):
        return Secret(value)
    if isinstance(value, Mapping):
        return {name: _seal(child) for name, child in value.items()}
    if isinstance(value, list | tuple | set):
        return [_seal(item) for item in value]
    return value


class _Unshown:
    """A secret that cannot be sent, which is said later."""

    def __repr__(self) -> str:
        return "<secret>"


_UNSHOWN = _Unshown()


def _field(call: Call, name: str, value: Any) -> Any:
    schema = call.fields.get(name, {})
    try:
        return _through(call, name, convert(value, schema), schema, _sealed)
    except _UNFIT:
        shown = "" if name in call.sensitive else f", not {_short(seal(call, {name: value})[name])}"
        raise InvalidRequest(
            f"The field '{name}' of '{call.name}' takes {_wanted(schema)}{shown}.", call=call.name, field=name
        ) from None


def convert(value: Any, schema: Schema) -> Any:
    """A Python, numpy or pandas value as the JSON value that a schema wants.

    Raises ``TypeError``, ``ValueError`` or ``ArithmeticError`` where it cannot be one.
    """
    alternatives = schema.get("oneOf") or schema.get("anyOf")
    kinds = schema.get("type")
    if not alternatives and isinstance(kinds, list):
        alternatives = [{**schema, "type": kind} for kind in kinds if kind != "null"]
    if alternatives:
        return _first(value, alternatives)
    return _CONVERT.get(str(kinds), _anything)(_plain(value), schema)


def _first(value: Any, alternatives: list[Schema]) -> Any:
    for schema in alternatives:
        try:
            return convert(value, schema)
        except _UNFIT:
            continue
    raise TypeError


def _plain(value: Any) -> Any:
    """numpy and pandas scalars as Python's own; everything else as it is."""
    if type(value).__name__ == "datetime64":  # its item() would be a bare number of nanoseconds
        moment = value.astype("datetime64[us]").item()
        if not isinstance(moment, dt.date):
            raise ValueError  # beyond the year 9999 it is a bare number again
        return moment
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return value.item()
    return value


def _absent(value: Any) -> bool:
    kind = type(value).__name__
    return value is None or kind in {"NAType", "NaTType"} or (kind == "datetime64" and value != value)


def _integer(value: Any, schema: Schema) -> int:
    if isinstance(value, dt.date):
        return _epoch(value)
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d+\s*", value, re.ASCII):
        return _index(int(value))
    if isinstance(value, float | Decimal) and -_TOO_BIG < value < _TOO_BIG and value == int(value):
        return int(value)
    return _index(value)


def _index(value: Any) -> int:
    number = operator.index(value)
    if abs(number) >= _TOO_BIG:
        raise ValueError
    return number


def _number(value: Any, schema: Schema) -> int | float:
    if isinstance(value, str):
        value = Decimal(value.strip()) if re.fullmatch(r"\s*[+-]?\d+(\.\d+)?\s*", value, re.ASCII) else value
    if isinstance(value, Decimal):
        exact = float(value)
        if not math.isfinite(exact) or Decimal(repr(exact)) != value:
            raise ValueError  # the amount would change on its way
        return exact
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError
        return value
    return _index(value)


def _string(value: Any, schema: Schema) -> str | Secret:
    if isinstance(value, Secret | str):
        return value
    if isinstance(value, dt.date):
        epoch, day = str(_epoch(value)), value.isoformat()[:10]
        preferred = [epoch, day] if isinstance(value, dt.datetime) else [day, epoch]
        pattern = schema.get("pattern")
        return next((text for text in preferred if pattern and re.search(pattern, text)), day)
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, Decimal) and value.is_finite():
        return str(value)
    return str(_index(value))


def _boolean(value: Any, schema: Schema) -> bool:
    if isinstance(value, bool):
        return value
    if operator.index(value) in {0, 1}:
        return bool(value)
    raise ValueError


def _array(value: Any, schema: Schema) -> list[Any]:
    if isinstance(value, Mapping | bytes | bytearray):
        raise TypeError
    alone = isinstance(value, str | Secret) or not isinstance(value, Iterable)
    items: Iterable[Any] = [value] if alone else value
    kind = schema.get("items", {})
    return [convert(item, kind) for item in items]


def _anything(value: Any, schema: Schema) -> Any:
    """A value of which the schema says nothing: whatever JSON can hold."""
    if value is None or isinstance(value, str | Secret | bool):
        return value
    if isinstance(value, Mapping):
        return {str(name): convert(child, {}) for name, child in value.items()}
    return _array(value, {}) if isinstance(value, Iterable) else _number(value, {})


def _object(value: Any, schema: Schema) -> Fields:
    if not isinstance(value, Mapping):
        raise TypeError
    known = schema.get("properties", {})
    fields: Fields = {}
    for name, child in value.items():
        kind = known.get(str(name), {})
        if child is None and "null" in kind.get("type", ()):
            fields[str(name)] = None  # a value of its own there: it removes a stop loss, say
        elif not _absent(child):
            fields[str(name)] = convert(child, kind)
    return fields


_UNFIT = (TypeError, ValueError, ArithmeticError, RecursionError, re.error)
"""What a conversion raises where it cannot be done (some of Deriv's patterns are not Python's)."""

_TOO_BIG = 2**63

_CONVERT: dict[str, Callable[[Any, Schema], Any]] = {
    "integer": _integer,
    "number": _number,
    "string": _string,
    "boolean": _boolean,
    "array": _array,
    "object": _object,
}

_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "boolean": "True or False",
    "array": "a list",
    "object": "a dict",
}


def _epoch(moment: dt.date) -> int:
    """Seconds since 1970; a time without a zone counts as UTC, as all times of Deriv do."""
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime(moment.year, moment.month, moment.day)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return math.floor(moment.timestamp())


def _unknown(call: Call, name: str) -> str:
    hint = nearest(name, call.fields)
    if hint:
        return f"'{call.name}' has no field '{name}'.{hint}"
    others = [field for field in call.fields if field != call.name]
    known = f"It takes: {', '.join(others)}." if others else "It takes none."
    return f"'{call.name}' has no field '{name}'. {known}"


def _wanted(schema: Schema) -> str:
    """What a field takes, in words."""
    alternatives = schema.get("oneOf") or schema.get("anyOf")
    if alternatives:
        return " or ".join(dict.fromkeys(_wanted(each) for each in alternatives))
    if "enum" in schema:
        values = [repr(value) for value in schema["enum"][:8]] + ["…"] * (len(schema["enum"]) > 8)
        return values[0] if len(values) == 1 else "one of " + ", ".join(values)
    kinds = schema.get("type")
    kinds = [kind for kind in kinds if kind != "null"] if isinstance(kinds, list) else [kinds]
    words = " or ".join(_KINDS.get(str(kind), "a value") for kind in kinds)
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{words} from {low} to {high}"
    return words


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # of an int with thousands of digits there is none
        text = "so long a number"
    return text if len(text) <= 60 else f"{text[:57]}..."
