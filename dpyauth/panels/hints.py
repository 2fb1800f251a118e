"""Describe what a field accepts: its type, limits and allowed values, from Deriv's schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from dpyauth.catalog.calls import Schema

TextOf = Callable[..., str]

_LISTED = 12  # number of values that are listed
_SHORT = 40  # length up to which a pattern is still readable


def kind(schema: Schema) -> str:
    """Return the kind of input of a field: "choice", "number", "text", "list", "one or list" or "json"."""
    alternatives = _alternatives(schema)
    kinds = {each for alternative in alternatives for each in types(alternative)}
    if "array" in kinds:
        if "object" in types(_listing(schema).get("items") or {}):
            return "json"
        return "one or list" if len(kinds - {"null"}) > 1 else "list"
    if values(schema):
        return "choice"
    if "object" in kinds:
        return "json"
    return "number" if kinds & {"integer", "number"} else "text"


def hint(schema: Schema, text_of: TextOf, *, nullable: bool = False) -> str:
    """Return what a field accepts; empty if the list of choices says it all."""
    return " ".join(_facts(schema, kind(schema), text_of, nullable))


def types(schema: Schema) -> list[str]:
    """Return the JSON types that a value may have."""
    found = schema.get("type", [])
    return found if isinstance(found, list) else [found]


def values(schema: Schema) -> list[Any]:
    """Return the values to choose from, if the field has a fixed set."""
    if types(schema) == ["boolean"]:
        return [True, False]
    return [value for value in schema.get("enum", ()) if value is not None and value != ""]


def word(value: Any) -> str:
    """Return the text of a value in a list of choices."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _facts(schema: Schema, kind: str, text_of: TextOf, nullable: bool) -> Iterator[str]:
    if kind in ("list", "one or list"):
        yield from _list(_listing(schema), kind, text_of)
    elif kind == "json":
        yield text_of("takes_json_list" if "array" in types(schema) else "takes_json")
        inner = (schema.get("items") or schema).get("properties")
        if inner:
            yield text_of("with_fields", names=list(inner))
    elif kind == "number":
        yield _number("takes_whole" if "integer" in types(schema) else "takes_number", schema, text_of)
    elif kind == "text":
        schema = _alternatives(schema)[0]
        yield _pattern(schema["pattern"], text_of) if "pattern" in schema else text_of("takes_text")
        if "maxLength" in schema:
            yield text_of("length", low=schema.get("minLength", 0), count=schema["maxLength"])
    if nullable and "null" in types(schema):
        yield text_of("or_null")


def _list(schema: Schema, kind: str, text_of: TextOf) -> Iterator[str]:
    yield text_of("takes_list" if kind == "list" else "takes_one_or_list")
    if "maxItems" in schema:
        yield text_of("at_most_items", count=schema["maxItems"])
    items = schema.get("items") or {}
    if found := values(items):
        yield text_of("each_one_of", values=[*map(word, found[:_LISTED]), *["…"] * (len(found) > _LISTED)])
    elif "pattern" in items:
        yield _pattern(items["pattern"], text_of)


def _number(kind: str, schema: Schema, text_of: TextOf) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return text_of(f"{kind}_from_to", low=low, high=high)
    if low is not None:
        return text_of(f"{kind}_above" if schema.get("exclusiveMinimum") else f"{kind}_at_least", low=low)
    return text_of(kind) if high is None else text_of(f"{kind}_at_most", high=high)


def _pattern(pattern: str, text_of: TextOf) -> str:
    """Return the meaning of a pattern, if it is known; else a short pattern itself."""
    if pattern in _KNOWN:
        return text_of(_KNOWN[pattern])
    if re.match(r"\^\(?(\[0-9\]|\\d)\{4\}-", pattern):
        dates = text_of("takes_date_or_epoch" if "|[0-9]{1" in pattern else "takes_date")
        return f"{dates} {text_of('or_today')}" if "today" in pattern else dates
    if "://" in pattern:
        return text_of("takes_address")
    simple = re.fullmatch(r"\^(\[[^\]]+\]|\\w|\\d)(?:\{(\d+)(?:,(\d+))?\}|\+)\$", pattern)
    if simple is not None and simple[1] in _CLASSES:
        return " ".join((text_of(_CLASSES[simple[1]]), *_length(simple[2], simple[3] or simple[2], text_of)))
    return text_of("takes_pattern", pattern=pattern) if len(pattern) <= _SHORT else text_of("takes_text")


def _length(low: str | None, high: str | None, text_of: TextOf) -> Iterator[str]:
    if low is not None and high is not None:
        key = "length_exactly" if low == high else "length"
        yield text_of(key, low=int(low), count=int(high))


def _alternatives(schema: Schema) -> list[Schema]:
    return schema.get("oneOf") or schema.get("anyOf") or [schema]


def _listing(schema: Schema) -> Schema:
    """Return the alternative that is a list."""
    return next((each for each in _alternatives(schema) if "array" in types(each)), schema)


_KNOWN = {
    "^[A-Za-z]+[0-9]+$": "takes_loginid",
    r"^(?=.{1,20}$)[+-]?[0-9]+\.?[0-9]*$": "takes_signed",
    r"^(?=.{1,20}$)[+-]?\d+\.?\d*$": "takes_signed",
    "^(latest|[0-9]{1,10})$": "takes_latest",
    r"^(?:[\w-]{32,128}|1)$": "takes_id_or_1",
    r"^(?=.*[a-z])(?=.*[0-9])(?=.*[A-Z])[ -~]{8,25}$": "takes_password",
    r"^[a-zA-Z0-9_.+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,63}$": "takes_email",
    r"^[a-zA-Z0-9_.+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{1,255}$": "takes_email",
    "^MT[DR]?[0-9]+$": "takes_mt5",
    "^[ -~]+$": "takes_text",
    r"^\w\w$": "takes_country",
    "^[a-z]{2}$": "takes_country",
    "^([a-z]{2})?$": "takes_country",
}

_CLASSES = {
    r"\w": "letters_digits_line",
    r"[\w-]": "letters_digits_line_dash",
    r"[\w\-]": "letters_digits_line_dash",
    r"\d": "digits",
    "[0-9]": "digits",
    "[a-z]": "small_letters",
    "[A-Z]": "capitals",
    "[a-zA-Z0-9]": "letters_digits",
    "[A-Za-z0-9]": "letters_digits",
}
