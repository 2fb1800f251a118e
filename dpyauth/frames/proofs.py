"""List verification attempts, requested proofs of ownership, and where a proof of address counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dpyauth.columns import with_columns
from dpyauth.columns.account_columns import ATTEMPTS, JURISDICTIONS, OWNERSHIP_REQUESTS
from dpyauth.frames.build import Context, frame
from dpyauth.frames.values import as_text, mapping, rows_of, split
from dpyauth.sensitive import MASK, hides


@with_columns
def attempts(payload: Mapping[str, Any] | None, context: Context | None = None) -> pd.DataFrame:
    """List the client's attempts to verify their identity, one row per attempt.

    Parameters
    ----------
    payload : mapping
        The ``get_account_status`` object of a ``get_account_status`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them (latest first). If Deriv lists fewer attempts than there were, the additional
        column ``count`` has their number.

        See ``dpyauth.columns.account_columns.ATTEMPTS``.

    Examples
    --------
    >>> from dpyauth.frames import attempts
    >>> history = [{"service": "idv", "status": "rejected", "timestamp": 0}]
    >>> attempts({"authentication": {"attempts": {"count": 1, "history": history}}})[["service", "status"]]
      service    status
    0     idv  rejected
    """
    made = mapping(mapping(payload).get("authentication")).get("attempts")
    rows, beside = split(made, "history", "latest")
    latest = [row for row in rows_of(mapping(made).get("latest"), "latest") if row not in rows]
    rows = [*latest, *(row for row in rows if row or not latest)]
    if as_text(beside.get("count")) == str(len(rows)):
        del beside["count"]
    if beside.get("count") == 0:
        del beside["count"]
    return frame(rows, ATTEMPTS, context, call="get_account_status", beside=beside)


@with_columns
def ownership_requests(payload: Mapping[str, Any] | None, context: Context | None = None) -> pd.DataFrame:
    """List the payment methods that the client has to prove ownership of, one row per request.

    Parameters
    ----------
    payload : mapping
        The ``get_account_status`` object of a ``get_account_status`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them; no rows if nothing is requested.

        See ``dpyauth.columns.account_columns.OWNERSHIP_REQUESTS``.

    Examples
    --------
    >>> from dpyauth.frames import ownership_requests
    >>> asked = {"requests": [{"id": 7, "payment_method": "VISA", "documents_required": 1}]}
    >>> ownership_requests({"authentication": {"ownership": asked}})[["request_id", "payment_method"]]
       request_id payment_method
    0           7           VISA
    """
    ownership = mapping(mapping(payload).get("authentication")).get("ownership")
    rows = rows_of(mapping(ownership).get("requests"), "requests")
    return frame(rows, OWNERSHIP_REQUESTS, context, call="get_account_status")


@with_columns
def jurisdictions(payload: Mapping[str, Any] | None, context: Context | None = None) -> pd.DataFrame:
    """List the MT5 jurisdictions in which the client's proof of address counts, one row per jurisdiction.

    Parameters
    ----------
    payload : mapping
        The ``get_account_status`` object of a ``get_account_status`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them:

        See ``dpyauth.columns.account_columns.JURISDICTIONS``.

    Examples
    --------
    >>> from dpyauth.frames import jurisdictions
    >>> jurisdictions({"authentication": {"document": {"verified_jurisdiction": {"bvi": 1, "labuan": 0}}}})
      jurisdiction  verified
    0          bvi      True
    1       labuan     False
    """
    document = mapping(mapping(payload).get("authentication")).get("document")
    verified = mapping(document).get("verified_jurisdiction")
    if not isinstance(verified, Mapping):
        rows = rows_of(verified, "jurisdiction")
    else:
        rows = [
            {"jurisdiction": name, "verified": MASK if hides(value, name) else value}
            for name, value in verified.items()
        ]
    return frame(rows, JURISDICTIONS, context, call="get_account_status")
