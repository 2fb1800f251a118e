"""Turn a caller's fields into the request that the schema requires."""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from dpyauth.catalog.calls import Call, Schema, nearest
from dpyauth.catalog.convert import UNFIT, Within, absent, convert, scalar
from dpyauth.catalog.cursors import cursor_of
from dpyauth.catalog.dependent_fields import check_together
from dpyauth.catalog.descriptions import instead, short, wanted
from dpyauth.catalog.paths import get_path
from dpyauth.catalog.schemas import problems
from dpyauth.credentials import Secret
from dpyauth.errors import InvalidRequest
from dpyauth.sensitive import MASK, kind_of
from dpyauth.texts.said import Said, said

Fields = dict[str, Any]

_CARRIED = frozenset({"passthrough", "req_id"})
"""Fields that every request over a socket may have."""

_TOO_DEEP = 50  # levels


def build(call: Call, given: Mapping[str, Any], *, whole: bool = True) -> Fields:
    """Return the fields of a request, checked and converted; sensitive values become secrets.

    If ``whole`` is True, the fields are a complete request, and are checked together as well.

    Raises
    ------
    InvalidRequest
        A field is wrong or missing. The text names it, and suggests the closest name or the kind of value it takes.
    """
    fields: Fields = {}
    own = call.fields.get(call.name, {})
    if call.name not in given and own.get("enum") == [1]:
        fields[call.name] = 1
    for name, value in given.items():
        if name not in call.fields and not (name == "passthrough" and call.rest is None) and not call.open:
            raise InvalidRequest(_unknown(call, name), call=call.name, field=name)
        if not absent(value):
            fields[name] = _field(call, name, value)
    missing = [name for name in call.required if name not in fields and name != call.key]
    if missing:
        name = missing[0]
        raise InvalidRequest(
            said("field_needed", call=call.name, field=name, takes=wanted(call.fields[name])),
            call=call.name,
            field=name,
        )
    if whole:
        check_together(call.name, fields)
    return fields


def spread(
    catalogs: Sequence[Mapping[str, Call]], name: str | Mapping[str, Any], fields: Mapping[str, Any]
) -> tuple[str, Fields]:
    """Return the name and the fields of a call, which may be passed as one request, as in Deriv's documentation.

    ``{"ticks_history": "R_100", "end": "latest"}`` is a call ``ticks_history``. A call without a field of its own name
    can be written in this form as well: ``{"get_accounts": 1}``. ``fields`` are those that were passed in addition;
    they take precedence. Nothing is checked or raised here, because the request may contain secrets. Its ``req_id`` is
    dropped, because the session numbers its requests itself. The request may also be JSON, as the explorer shows it.
    """
    name = _parsed(name) if isinstance(name, str) else name
    if not isinstance(name, Mapping):
        return name, dict(fields)
    request = {str(key): value for key, value in name.items() if key != "req_id"}
    found = [(key, calls[key]) for calls in catalogs for key in request if key in calls]
    whole = [
        key for key, call in found if all(other in call.fields for other in request if other not in (key, *_CARRIED))
    ]
    known = dict(reversed(found))
    own = next(iter([*whole, *known, *request]), "")
    if own in request and own in known and own not in known[own].fields and request[own] in (1, None):
        del request[own]
    elif own not in known:
        request.pop(own, None)  # it names a call that does not exist
    return own, {**request, **fields}


def _parsed(text: str) -> str | Mapping[str, Any]:
    """Return the request in a JSON text, or the text unchanged."""
    if not text.lstrip().startswith("{"):
        return text
    try:
        request = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return request if isinstance(request, dict) else text


def keyed(call: Call, fields: Fields) -> Fields:
    """Return the fields of a request; if it takes a key by which Deriv knows it and has none, with a new one.

    A key is never secret, even if it was passed as one: errors show it, and it is used to look the request up.
    """
    key = get_path(fields, call.key) if call.key else None
    if not call.key or not call.changes_with(fields) or isinstance(key, str):
        return fields
    import uuid  # slow to import, and rarely used

    return _with(fields, call.key.split("."), key.reveal() if isinstance(key, Secret) else str(uuid.uuid4()))


def _with(fields: Mapping[str, Any], path: list[str], value: str) -> Fields:
    name, *rest = path
    return {**fields, name: _with(fields.get(name, {}), rest, value) if rest else value}


def reveal(value: Any) -> Any:
    """Return the same fields with their secrets in plain text. Use this only at the moment of sending."""
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
    """Wrap what is secret or personal in the given fields, at any depth, so that no traceback shows it.

    Texts in unknown fields are wrapped as well, because the name may be mistyped; and all texts if the call is unknown.
    """
    sealed: Fields = {}
    for name, value in given.items():
        try:
            if call is None or not (name in call.fields or name in _CARRIED or call.open):
                sealed[name] = _seal(value)
            else:
                sealed[name] = _through(call, name, value, call.fields.get(name, {}), _sealed)
        except RecursionError:  # a list or dict that contains itself
            sealed[name] = _UNSHOWN
    return sealed


def masked(value: Any) -> Any:
    """Return the same fields with a mask in place of each secret, for display."""
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, dict):
        return {name: masked(child) for name, child in value.items()}
    return [masked(item) for item in value] if isinstance(value, list) else value


def echoed(call: Call, fields: Mapping[str, Any]) -> Fields:
    """Return the request that a reply repeats, with what is secret or personal masked."""
    shown = {
        str(name): _through(call, str(name), value, call.fields.get(name, {}), lambda value, schema: MASK)
        for name, value in fields.items()
    }
    marked: Fields = masked(shown)
    return marked


def encode(fields: Fields, req_id: int) -> str:
    """Return a request as JSON, with its secrets in plain text."""
    return _encode({**fields, "req_id": req_id})


# With `default`, secrets are revealed while the JSON is written. Revealed before, they would be in a variable, which
# tools that show the variables of a traceback would show.
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
    """Apply a function to what is secret or personal in a field, and to everything that is nested too deeply."""
    if depth == 0 and name in call.fields:
        hidden = name in call.sensitive
    else:
        hidden = depth > _TOO_DEEP or kind_of(name, schema, call.name, parent, beside) is not None
    if hidden or (_is_shapeless(value) and _stands_for_secrets(call, name, value, schema)):
        return value if value is None else treat(value, schema)
    if isinstance(value, str | int | Secret):
        return value
    if isinstance(value, Mapping):
        known = schema.get("properties", {})
        names = list(map(str, value))
        return {
            key: treat(child, {})
            if known and key not in known and child is not None  # perhaps a mistyped name of a secret field
            else _through(call, str(key), child, known.get(key, {}), treat, name, names, depth + 1)
            for key, child in value.items()
        }
    if isinstance(value, list | tuple):
        items = schema.get("items") or {}
        beside = beside if depth else call.siblings
        return [_through(call, name, item, items, treat, parent, beside, depth + 1) for item in value]
    return value


def _is_shapeless(value: Any) -> bool:
    """Return True if a value may contain data whose names cannot be judged, such as text or pairs."""
    if isinstance(value, list | tuple | str):
        return len(value) > 0
    return not (isinstance(value, Mapping | int | float) or absent(value))


def _stands_for_secrets(call: Call, name: str, value: Any, schema: Schema) -> bool:
    """Return True if a value is in the place of an object with secrets: as JSON text or pairs, it may contain them."""
    inner = schema if isinstance(value, list | tuple) or "items" not in schema else schema["items"]
    parts = inner.get("properties", {})
    return any(
        kind_of(part, known, call.name, name, parts) or _stands_for_secrets(call, part, None, known)
        for part, known in parts.items()
    )


def _sealed(value: Any, schema: Schema) -> Any:
    """Wrap a value in the form that it has in the request."""
    if schema and not isinstance(value, str | Secret):
        try:
            value = convert(value, schema)
        except UNFIT:
            return _seal(value) if isinstance(value, Mapping | list) and "properties" not in schema else _UNSHOWN
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
    """Stand-in for a secret value that cannot be sent; `build` raises the error for it."""

    def __repr__(self) -> str:
        return "<secret>"


_UNSHOWN = _Unshown()


def _field(call: Call, name: str, value: Any) -> Any:
    schema = call.fields.get(name, {})
    try:
        given = cursor_of(value) if name == "page_cursor" and isinstance(value, str) else value
        converted = convert(given, schema)
    except Within as wrong:
        raise _refused(call, name, value, wrong) from None
    except UNFIT:
        raise _refused(call, name, value, Within((), schema)) from None
    if call.rest:
        _check(call, name, converted, schema)
    return _through(call, name, converted, schema, _sealed)


def _check(call: Call, name: str, value: Any, schema: Schema) -> None:
    """Refuse what Deriv would refuse in a call over HTTP, because its errors there may not explain anything.

    Enumerations and limits of numbers are left to Deriv, which may extend them at any time.
    """
    known = schema.get("properties", {})
    for inner in value if known and isinstance(value, dict) else ():
        if inner not in known:
            near = nearest(inner, known)
            text = (
                said("inner_field_unknown_near", field=name, call=call.name, inner=inner, near=repr(near))
                if near
                else said("inner_field_unknown", field=name, call=call.name, inner=inner, fields=[*known])
            )
            raise InvalidRequest(text, call=call.name, field=f"{name}.{inner}")
    for problem in problems(schema, reveal(value), draft=7):
        if problem.keyword == "required":
            inner = next(each for each in problem.rule if each not in value)
            place = f"{name}.{inner}"
            text = said("field_needed", call=call.name, field=place, takes=wanted(known[inner]))
            raise InvalidRequest(text, call=call.name, field=place)
        if problem.keyword == "pattern":
            within = functools.reduce(_part, problem.path, schema)
            raise _refused(call, name, value, Within(problem.path, within))


def _part(schema: Schema, step: str | int) -> Schema:
    part: Schema = schema["items"] if isinstance(step, int) else schema["properties"][step]
    return part


def _refused(call: Call, name: str, value: Any, wrong: Within) -> InvalidRequest:
    """Return the error for a value that cannot be sent, or for part of it."""
    place = ".".join([name, *map(str, wrong.path)])
    facts = {"field": place, "call": call.name, "takes": wanted(wrong.schema)}
    if name in call.sensitive:
        return InvalidRequest(said("field_takes", **facts), call=call.name, field=place)
    part = functools.reduce(operator.getitem, wrong.path, seal(call, {name: value})[name])
    hint = instead(scalar(part), wrong.schema)
    facts["given"] = short(part)
    text = said("field_takes_write", **facts, instead=repr(hint)) if hint else said("field_takes_not", **facts)
    return InvalidRequest(text, call=call.name, field=place)


def _unknown(call: Call, name: str) -> Said:
    holder = next((field for field, schema in call.fields.items() if name in schema.get("properties", {})), "")
    if holder:
        return said("field_belongs_in", call=call.name, field=name, holder=holder, code=f"{holder}={{{name!r}: …}}")
    near = nearest(name, call.fields)
    if near:
        return said("field_unknown_near", call=call.name, field=name, near=repr(near))
    others = [field for field in call.fields if field != call.name]
    if others:
        return said("field_unknown", call=call.name, field=name, fields=others)
    return said("no_fields_to_take", call=call.name, field=name)
