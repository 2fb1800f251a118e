"""Say what a field of a request takes, in words."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from dpyauth.apis.catalog import Schema
from dpyauth.apis.schemas import fits

_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "boolean": "True or False",
    "array": "a list",
    "object": "a dict",
}

_MONEY = "an exact number as text, such as '12.50'"
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
    r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$": "a UUID, such as 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'",
}
"""By the pattern of a text: what it is. The patterns are those of calls over HTTP."""


def wanted(schema: Schema) -> str:
    """Return what a field takes."""
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
    """Return the text to write instead of a value that does not fit a pattern; empty where none is near."""
    if "pattern" not in schema or isinstance(value, bool) or not isinstance(value, str | float | Decimal):
        return ""
    text = str(value).strip()
    if not isinstance(value, str) and not plain(text):
        return ""  # not a number
    near = [text, text.upper(), plain(text)]
    return next((each for each in near if each != value and fits(schema, each)), "")


def plain(number: str | Decimal) -> str:
    """Return a number without an exponent, with all of its digits; empty where that is not possible."""
    if isinstance(number, str) and not re.fullmatch(r"\d*\.?\d*(e[+-]?\d+)?", number, re.IGNORECASE | re.ASCII):
        return ""
    try:
        exact = Decimal(number)
    except ArithmeticError:
        return ""
    return f"{exact:f}" if exact.is_finite() and -_LONG < exact.adjusted() < _LONG else ""


_LONG = 60  # digits


def short(value: Any) -> str:
    """Return a value as it is shown in an error."""
    try:
        text = repr(value)
    except ValueError:  # of an int with thousands of digits there is none
        text = "so long a number"
    return text if len(text) <= 60 else f"{text[:57]}..."
