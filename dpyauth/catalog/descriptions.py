"""Describe in words what a field of a request takes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from dpyauth._nearest import nearest
from dpyauth.arguments.words import shown
from dpyauth.catalog.calls import Schema
from dpyauth.catalog.schemas import fits
from dpyauth.texts import Either
from dpyauth.texts.said import said

LIKE = {
    r"^\d+(\.\d+)?$": "takes_money",
    r"^(?:0|[1-9]\d{0,13})(?:\.\d{1,18})?$": "takes_money",
    r"^[A-Z]{3}$": "takes_currency_3",
    r"^[A-Z0-9_]{1,18}$": "takes_currency_capitals",
    r"^[A-Z_]{1,18}$": "takes_currency_capitals",
    r"^\d{4}-\d{2}-\d{2}$": "takes_date",
    r"^[A-Z]+[0-9]+$": "takes_loginid",
    r"^[0-9]{6}$": "takes_six_digits",
    r"^[\w\-]{1,128}$": "takes_letters_to_128",
    r"^\w{2,30}$": "takes_symbol",
    r"^(latest|[0-9]{1,10})$": "takes_latest_or_seconds",
    r"^([0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|today)$": "takes_date_or_today",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "takes_date",
    r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$": "takes_date",
    r"^[0-9]{4}-(0?[1-9]|1[012])-(0?[1-9]|[12][0-9]|3[01])$": "takes_date",
    r"^([0-9]{4}-(0?[1-9]|1[012])-(0?[1-9]|[12][0-9]|3[01])|[0-9]{1,10})$": "takes_date_or_seconds",
    r"^([0-9]{4}-(0?[1-9]|1[012])-(0?[1-9]|[12][0-9]|3[01])|[0-9]{10})$": "takes_date_or_seconds",
    r"^([0-9]{4}-(0?[1-9]|1[012])-(0?[1-9]|[12][0-9]|3[01]) ([01]?[0-9]|2[0-3]):([0-5]?[0-9]):([0-5]?[0-9])"
    r"|[0-9]{1,10})$": "takes_time_or_seconds",
    r"^(current|all|[A-Z]{2,4}[0-9]{1,10})$": "takes_loginid_or_all",
    r"^[A-Za-z]+[0-9]+$": "takes_loginid",
    r"^MT[DR]?[0-9]+$": "takes_mt5_login",
    r"^[a-zA-Z0-9]{2,20}$": "takes_currency",
    r"^[a-z]{2}$": "takes_country",
    r"^\w\w$": "takes_country",
    r"^([a-z]{2})?$": "takes_country",
    r"^(?=.{1,20}$)[+-]?[0-9]+\.?[0-9]*$": "takes_number_as_text",
    r"^[0-9]{1,18}$": "takes_digits",
    r"^[\w-]{32,128}$": "takes_id_of_32",
    r"^(?:[\w-]{32,128}|1)$": "takes_proposal_id",
    r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$": "takes_uuid",
}
"""Keys of the descriptions of strings, by their pattern."""


_KINDS = frozenset({"integer", "number", "string", "boolean", "array", "object"})


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
        return _either(dict.fromkeys(wanted(each) for each in alternatives))
    if "enum" in schema:
        values = [repr(value) for value in schema["enum"][:8]] + ["…"] * (len(schema["enum"]) > 8)
        return values[0] if len(values) == 1 else said("takes_one_of", values=values)
    if schema.get("pattern") in LIKE:
        return said(LIKE[schema["pattern"]])
    kinds = schema.get("type")
    kinds = [kind for kind in kinds if kind != "null"] if isinstance(kinds, list) else [kinds]
    told = _either([said(f"takes_{kind if kind in _KINDS else 'value'}") for kind in kinds])
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return said("takes_from_to", kind=told, low=str(low), high=str(high))
    return told


def _either(texts: Collection[str]) -> str:
    return said("takes_either", either=Either(texts)) if len(texts) > 1 else next(iter(texts))


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
