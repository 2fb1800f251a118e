"""Describe in words what a field of a request takes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from dpyauth._nearest import nearest
from dpyauth.arguments.words import shown
from dpyauth.catalog.calls import Schema
from dpyauth.catalog.schemas import fits

_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "boolean": "True or False",
    "array": "a list",
    "object": "a dict",
}

_MONEY = "an exact number as text, such as '12.50'"
_DATE_OR_SECONDS = "a date, such as '2026-11-29', or seconds since 1970"
_COUNTRY = "a country code of two small letters, such as 'id'"
_CURRENCY = "a currency code in capital letters, such as 'USD'"

LIKE = {
    r"^\d+(\.\d+)?$": _MONEY,
    r"^(?:0|[1-9]\d{0,13})(?:\.\d{1,18})?$": _MONEY,
    r"^[A-Z]{3}$": "a currency code of three capital letters, such as 'USD'",
    r"^[A-Z0-9_]{1,18}$": _CURRENCY,
    r"^[A-Z_]{1,18}$": _CURRENCY,
    r"^\d{4}-\d{2}-\d{2}$": "a date, such as '2026-11-29'",
    r"^[A-Z]+[0-9]+$": "a login ID, such as 'CR1234567'",
    r"^[0-9]{6}$": "six digits as text",
    r"^[\w\-]{1,128}$": "a text of at most 128 letters, digits, _ and -",
    r"^\w{2,30}$": "a symbol, such as 'R_100'",
    r"^(latest|[0-9]{1,10})$": "'latest', or seconds since 1970",
    r"^([0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|today)$": "a date, such as '2026-11-29', or 'today'",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "a date, such as '2026-11-29'",
    r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$": "a date, such as '2026-11-29'",
    r"^[0-9]{4}-(0?[1-9]|1[012])-(0?[1-9]|[12][0-9]|3[01])$": "a date, such as '2026-11-29'",
    r"^([0-9]{4}-(0?[1-9]|1[012])-(0?[1-9]|[12][0-9]|3[01])|[0-9]{1,10})$": _DATE_OR_SECONDS,
    r"^([0-9]{4}-(0?[1-9]|1[012])-(0?[1-9]|[12][0-9]|3[01])|[0-9]{10})$": _DATE_OR_SECONDS,
    r"^([0-9]{4}-(0?[1-9]|1[012])-(0?[1-9]|[12][0-9]|3[01]) ([01]?[0-9]|2[0-3]):([0-5]?[0-9]):([0-5]?[0-9])"
    r"|[0-9]{1,10})$": "a time, such as '2026-11-29 14:30:00', or seconds since 1970",
    r"^(current|all|[A-Z]{2,4}[0-9]{1,10})$": "'current', 'all' or a login ID, such as 'CR1234567'",
    r"^[A-Za-z]+[0-9]+$": "a login ID, such as 'CR1234567'",
    r"^MT[DR]?[0-9]+$": "an MT5 login, such as 'MTR1234567'",
    r"^[a-zA-Z0-9]{2,20}$": "a currency code, such as 'USD'",
    r"^[a-z]{2}$": _COUNTRY,
    r"^\w\w$": _COUNTRY,
    r"^([a-z]{2})?$": _COUNTRY,
    r"^(?=.{1,20}$)[+-]?[0-9]+\.?[0-9]*$": "a number as text, such as '+0.5'",
    r"^[0-9]{1,18}$": "digits as text",
    r"^[\w-]{32,128}$": "an ID of 32 to 128 letters, digits, _ and -",
    r"^(?:[\w-]{32,128}|1)$": "the ID of a proposal, or 1 if you pass 'parameters'",
    r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$": "a UUID, such as 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'",
}
"""Descriptions of strings, by their pattern."""


def within(fields: Mapping[str, Schema], names: Sequence[str]) -> Schema:
    """Return the schema of a field by its path; empty if there is none."""
    schema = fields.get(names[0], {}) if names else {}
    for name in names[1:]:
        items = schema.get("items")
        schema = items if isinstance(items, dict) else schema
        schema = schema if name.isdecimal() else schema.get("properties", {}).get(name, {})
    return schema


def wanted(schema: Schema) -> str:
    """Return in words what a field takes."""
    alternatives = schema.get("oneOf") or schema.get("anyOf")
    if alternatives:
        return " or ".join(dict.fromkeys(wanted(each) for each in alternatives))
    if "enum" in schema:
        values = [repr(value) for value in schema["enum"][:8]] + ["…"] * (len(schema["enum"]) > 8)
        return values[0] if len(values) == 1 else "one of " + ", ".join(values)
    if schema.get("pattern") in LIKE:
        return LIKE[schema["pattern"]]
    kinds = schema.get("type")
    kinds = [kind for kind in kinds if kind != "null"] if isinstance(kinds, list) else [kinds]
    words = " or ".join(_KINDS.get(str(kind), "a value") for kind in kinds)
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{words} from {low} to {high}"
    return words


def instead(value: Any, schema: Schema) -> str:
    """Return the text to write instead of a value that does not match its pattern; empty if none is similar."""
    if "pattern" not in schema or isinstance(value, bool) or not isinstance(value, str | float | Decimal):
        return ""
    text = str(value).strip()
    if not isinstance(value, str) and not plain(text):
        return ""  # not a number
    near = [text, text.upper(), plain(text)]
    return next((each for each in near if each != value and fits(schema, each)), "")


def plain(number: str | Decimal) -> str:
    """Return a number without an exponent, with all of its digits; empty if that is not possible."""
    if isinstance(number, str) and not re.fullmatch(r"\d*+\.?\d*+(e[+-]?\d+)?", number, re.IGNORECASE | re.ASCII):
        return ""
    try:
        exact = Decimal(number)
    except ArithmeticError:
        return ""
    return f"{exact:f}" if exact.is_finite() and -_LONG < exact.adjusted() < _LONG else ""


_LONG = 60  # digits


def short(value: Any) -> str:
    """Return a value as an error shows it, but not a text that may be a token."""
    return shown(value, 60)


def unknown_choice(what: str, value: Any, known: Iterable[str]) -> str:
    """Return the message for a value that is not one of the known ones."""
    known = list(known)
    near = nearest(value, known) if isinstance(value, str) else ""
    meant = f" Did you mean {near!r}?" if near else ""
    return f"Unknown {what}: {short(value)}. Choose one of {', '.join(map(repr, known))}.{meant}"
