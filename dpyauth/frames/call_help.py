"""List the calls of an API, and describe each with its fields and columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from textwrap import fill
from typing import Any, NamedTuple

import pandas as pd

from dpyauth.catalog.calls import Call, Catalog, Schema, summaries
from dpyauth.catalog.descriptions import LIKE
from dpyauth.catalog.meanings import meaning
from dpyauth.columns import with_columns
from dpyauth.columns.account_columns import ACCOUNTS, BALANCE, OF_ALL_BALANCES, OPTIONS_STATUS, STATUS
from dpyauth.columns.market_columns import EXCHANGE_RATES, SPREAD
from dpyauth.columns.money_columns import (
    LOGIN_HISTORY,
    OPEN_CONTRACTS,
    PARTNER_OVERVIEW,
    PROFIT_TABLE,
    STATEMENT,
    WALLET_TRANSACTIONS,
)
from dpyauth.columns.profile_columns import APPS, MT5_ACCOUNTS
from dpyauth.columns.session_columns import CALLS
from dpyauth.frames.build import frame
from dpyauth.frames.generic import promised
from dpyauth.sensitive import kind_of
from dpyauth.texts.languages import ENGLISH
from dpyauth.texts.said import said

_OF_CALLS = {
    "account_list": ACCOUNTS,
    "app_get": APPS,
    "app_list": APPS,
    "balance": (*BALANCE, *OF_ALL_BALANCES),
    "exchange_rates": (*EXCHANGE_RATES, *SPREAD),
    "get_account_status": STATUS,
    "get_accounts": OPTIONS_STATUS,
    "legacy_statement": STATEMENT,
    "login_history": LOGIN_HISTORY,
    "mt5_login_list": MT5_ACCOUNTS,
    "oauth_apps": APPS,
    "partners_analytics_overview": PARTNER_OVERVIEW,
    "portfolio": OPEN_CONTRACTS,
    "profit_table": PROFIT_TABLE,
    "proposal_open_contract": OPEN_CONTRACTS,
    "statement": STATEMENT,
    "wallet_transactions": WALLET_TRANSACTIONS,
}
"""Columns whose meanings also describe the fields of these calls."""


@with_columns
def calls(catalog: Catalog, allowed: Callable[[Call], bool | None], *, language: str = ENGLISH) -> pd.DataFrame:
    """List the calls of an API, one row per call.

    Parameters
    ----------
    catalog : Catalog
        Calls, from `dpyauth.catalog.calls.load`.
    allowed : callable
        Function that returns whether a call may be made now; None if that is not known.
    language : str
        Tag of the language of the column ``summary``.

    Returns
    -------
    pandas.DataFrame
        Sorted by name:

        See ``dpyauth.columns.session_columns.CALLS``.

    Examples
    --------
    >>> from dpyauth.catalog.calls import load
    >>> from dpyauth.frames import calls
    >>> listed = calls(load("v3"), lambda call: not call.needs_auth)
    >>> listed.loc[listed["call"] == "ticks", "streams"].item()
    'yes'
    """
    rows = [
        {
            "call": name,
            "api": catalog.api,
            "scope": " or ".join(call.scopes),
            "allowed": allowed(call),
            "streams": call.streams,
            "changes": _changes(call),
            "summary": summaries(catalog.api, language)[name],
        }
        for name, call in sorted(catalog.items())
    ]
    return frame(rows, CALLS)


def help_text(call: Call, api: str) -> str:
    """Describe what a call needs, takes and returns, as text to print.

    Parameters
    ----------
    call : Call
        Call, from a catalog.
    api : str
        API of that catalog.

    Returns
    -------
    str
        Purpose, scope and effect; the fields, each with a sentence on its purpose, its type, limits and default
        (required ones are marked with a star); the columns of the frame, with dtypes and, if known, meanings.

    Examples
    --------
    >>> from dpyauth.catalog.calls import load
    >>> from dpyauth.frames import help_text
    >>> print(help_text(load("v3")["time"], "v3").splitlines()[0])
    time: Time of Deriv's servers
    """
    told = describe(call, api)
    lines = [f"{call.name}: {call.summary}", ""]
    lines += [f"Needs    {told.needs}", f"Answers  {told.answers}", f"Changes  {told.changes}"]
    lines += [f"Known by {told.key}"] if told.key else []
    lines += ["", "Fields" if told.fields else "Fields   none"]
    width = max((len(field.name) + field.required for field in told.fields), default=0) + 2
    for field in told.fields:
        lines += _wrapped(f"{field.name + '*' * field.required:<{width}}", field.meaning)
        lines += _wrapped(" " * width, field.takes)
    if call.open:
        lines += _wrapped("", OTHERS)
    for columns in told.frames:
        lines += ["", "Columns of its frame"]
        width = max((len(column.name) for column in columns), default=0) + 2
        for column in columns:
            lines += _wrapped(f"{column.name:<{width}}", "; ".join(filter(None, (column.dtype, column.meaning))))
    return "\n".join(lines)


class FieldHelp(NamedTuple):
    """Description of a field of a call, or of a field within one."""

    name: str
    required: bool
    meaning: str
    """Sentence about its purpose."""
    takes: str
    """Type, limits and default."""


class ColumnHelp(NamedTuple):
    """Description of a column of a call's frame."""

    name: str
    dtype: str
    meaning: str
    """Empty if it is not known."""


class CallHelp(NamedTuple):
    """Description of a call."""

    needs: str
    answers: str
    changes: str
    key: str
    fields: list[FieldHelp]
    frames: list[list[ColumnHelp]]
    """Columns of its frame: several lists if its reply has several forms."""


OTHERS = "and others: the names of the things you ask about"


def describe(call: Call, api: str) -> CallHelp:
    """Return the description of a call, for a text or a page."""
    needs = f"a token with scope {' or '.join(call.scopes)}" if call.scopes else "no sign-in"
    if call.needs_auth and not call.scopes:
        needs = "a sign-in"
    streams = {"no": "one reply", "yes": "one reply, or a stream", "required": "a stream"}[call.streams]
    key = (
        f"{call.key}: made for you if left out; if the answer is lost, dpyauth looks it up by this ID"
        if call.key
        else ""
    )
    fields = [each for name in call.fields if name != "subscribe" for each in _with_parts(name, call)]
    meanings = {column.path: column.doc.replace("`", "") for column in _OF_CALLS.get(call.name, ())}
    return CallHelp(
        needs,
        streams,
        _effect(call),
        key,
        [
            FieldHelp(name, required, meaning(call, name), _type(schema) + _marks(name, schema, call))
            for name, schema, required in fields
        ],
        [
            [ColumnHelp(name, _dtype(form[name]), meanings.get(name, "")) for name in map(str, form.columns)]
            for form in promised(call, api)
        ],
    )


def _with_parts(name: str, call: Call) -> Iterator[tuple[str, Schema, bool]]:
    """List a field and the fields within it, each with its schema and whether it is required."""
    schema = call.fields[name]
    yield name, schema, name in call.required and name != call.key
    for part, inner in schema.get("properties", {}).items():
        yield f"{name}.{part}", inner, part in schema.get("required", ())


def _changes(call: Call) -> str:
    if isinstance(call.changes, bool):
        return "always" if call.changes else "nothing"
    return "with some fields" if call.changes else "nothing"


def _effect(call: Call) -> str:
    if isinstance(call.changes, bool):
        harmless = f"; with {call.unless} it changes nothing" if call.unless else ""
        return f"something at Deriv, so dpyauth never repeats it{harmless}" if call.changes else "nothing"
    return f"something at Deriv if you pass {' or '.join(sorted(call.changes))}" if call.changes else "nothing"


_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "mapping",
    "array": "list",
    "null": "none",
}


def _type(schema: Mapping[str, Any]) -> str:
    """Describe in words what a field takes."""
    for key in ("oneOf", "anyOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(map(_type, schema[key])))
    if options := [option for option in schema.get("enum", ()) if option is not None]:
        return " | ".join(map(str, options))
    types = schema.get("type", "anything")
    listed: list[str] = types if isinstance(types, list) else [types]
    names = [_TYPES.get(name, name) for name in listed if name != "null"]
    text = " or ".join(names)
    if "array" in types and isinstance(schema.get("items"), Mapping) and schema["items"]:
        text += f" of {_type(schema['items'])}"
    if "object" in types and schema.get("properties"):
        text += f" with {', '.join(schema['properties'])}"
    low, high = schema.get("minimum"), schema.get("maximum")
    limits = (f"from {low}" * (low is not None), f"up to {high}" * (high is not None))
    text = " ".join(filter(None, (text, *limits)))
    if "pattern" in schema:
        like = LIKE.get(schema["pattern"])
        text = said(like) if like else f"{text}, like {schema['pattern']}"
    return text


def _marks(name: str, schema: Mapping[str, Any], call: Call) -> str:
    default = f"; {schema['default']!r} if left out" if "default" in schema else ""
    if name in call.sensitive:
        return f"{default}; secret or personal"
    parts = schema.get("properties", {})
    within = [part for part, known in parts.items() if kind_of(part, known, call.name, name, parts)]
    return default + (f"; secret or personal: {', '.join(within)}" if within else "")


def _dtype(column: pd.Series[Any]) -> str:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return f"category: {', '.join(map(str, column.cat.categories))}"
    return {"object": "list or mapping", "str": "string"}.get(str(column.dtype), str(column.dtype))


def _wrapped(head: str, text: str) -> list[str]:
    return fill(
        text, 100, initial_indent=f"  {head}", subsequent_indent=" " * (len(head) + 4), break_long_words=False
    ).splitlines() or [f"  {head}"]
