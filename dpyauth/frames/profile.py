"""List the client's profile settings, API tokens and apps."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dpyauth.catalog.calls import load
from dpyauth.columns import with_columns
from dpyauth.columns.profile_columns import API_TOKENS, APPS, SETTINGS
from dpyauth.frames.build import Context, frame
from dpyauth.frames.generic import generic
from dpyauth.frames.values import listing, split
from dpyauth.sensitive import MASK


@with_columns
def settings(
    payload: Mapping[str, Any] | None, context: Context | None = None, *, reveal: bool = False
) -> pd.DataFrame:
    """List the client's profile, one row per setting; personal data is masked by default.

    Parameters
    ----------
    payload : mapping
        The ``get_settings`` object of a ``get_settings`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.
    reveal : bool
        Show personal data instead of ``•••``.

    Returns
    -------
    pandas.DataFrame
        One row for every setting that Deriv documents, and for any other that it sent:

        See ``dpyauth.columns.profile_columns.SETTINGS``.

    Examples
    --------
    >>> from dpyauth.frames import settings
    >>> told = settings({"email": "someone@example.com", "country_code": "id"})
    >>> told.set_index("setting")["value"][["email", "country_code"]].tolist()
    ['•••', 'id']
    """
    call = load("v3")["get_settings"]
    shown = generic(call, {call.name: payload}, Context(call.name, api="v3"), reveal=reveal)
    shown = shown if len(shown) else shown.reindex([0])
    rows = [
        {"setting": name, "value": value, "hidden": value == MASK}
        for at in range(len(shown))
        for name in shown.columns
        for value in (_written(shown[name].iloc[at]),)
    ]
    return frame(rows, SETTINGS, context)


def _written(value: Any) -> str | None:
    match value:
        case list():
            return ", ".join(map(str, value))
        case dict():
            return json.dumps(value, default=str) if value else None
        case pd.Timestamp() if not pd.isna(value):
            return str(value.date()) if value == value.normalize() else value.isoformat()
        case bool() | np.bool_():
            return "yes" if value else "no"
    return None if pd.isna(value) else str(value)


@with_columns
def api_tokens(
    payload: Mapping[str, Any] | None, context: Context | None = None, *, reveal: bool = False
) -> pd.DataFrame:
    """List the client's API tokens, one row per token; the tokens themselves are masked by default.

    Parameters
    ----------
    payload : mapping
        The ``api_token`` object of an ``api_token`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.
    reveal : bool
        Show tokens and IP addresses instead of ``•••``.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them:

        See ``dpyauth.columns.profile_columns.API_TOKENS``.

    Examples
    --------
    >>> from dpyauth.frames import api_tokens
    >>> api_tokens({"tokens": [{"display_name": "Notebook", "token": "...", "scopes": ["read"]}]})["token"].item()
    '•••'
    """
    rows, beside = split(payload, "tokens", "delete_token", "new_token")
    return frame(rows, API_TOKENS, context, reveal=reveal, call="api_token", beside=beside)


@with_columns
def apps(
    payload: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None, context: Context | None = None
) -> pd.DataFrame:
    """List apps: those that the client has registered, or those that may use the account.

    Parameters
    ----------
    payload : list of mappings, or mapping
        The ``app_list`` or ``oauth_apps`` of the reply of that name, or the ``app_get`` object of an ``app_get`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them. The calls send different fields; the others are missing.

        See ``dpyauth.columns.profile_columns.APPS``.

    Examples
    --------
    >>> from dpyauth.frames import apps
    >>> apps([{"app_id": 1089, "name": "Mine", "active": 1}])["active"].tolist()
    [True]
    """
    return frame(listing(payload, "apps"), APPS, context, omits=("appstore", "github", "googleplay", "homepage"))
