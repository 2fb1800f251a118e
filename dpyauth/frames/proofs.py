"""What `get_account_status` also tells: attempts to be verified, proof asked for, and where an address counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dpyauth.frames.arrays import Column
from dpyauth.frames.columns import Context, frame
from dpyauth.frames.values import as_text, mapping, rows_of, split
from dpyauth.sensitive import MASK, hides

_ATTEMPTS = (
    Column("time", "moment", "timestamp"),
    Column("service"),
    Column("document", source="document_type"),
    Column("country", source="country_code"),
    Column("status", "enum", values=("verified", "rejected", "pending", "expired", "none")),
    Column("attempt_id", source="id"),
)
_REQUESTS = (
    Column("request_id", "count", "id"),
    Column("payment_method"),
    Column("documents_required", "count"),
    Column("created", "moment", "creation_time"),
)
_JURISDICTIONS = (Column("jurisdiction"), Column("verified", "flag"))


def attempts(payload: Mapping[str, Any] | None, context: Context | None = None) -> pd.DataFrame:
    """List the client's attempts to prove who they are, one row per attempt.

    Parameters
    ----------
    payload : mapping
        The ``get_account_status`` object of a ``get_account_status`` reply.
    context : Context, optional
        Where the payload came from; becomes ``attrs``.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them (the latest first). Deriv may keep fewer than there were: then there is one more
        column, ``count``, which says how many.

        ==========  ===================  ======================================================
        time        datetime64[us, UTC]
        service     string               who looked at it, such as idv, onfido or manual
        document    string               what was sent, such as passport
        country     string               of the document, two letters
        status      category             verified, rejected, pending, expired, none
        attempt_id  string
        ==========  ===================  ======================================================

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
    return frame(rows, _ATTEMPTS, context, call="get_account_status", beside=beside)


def ownership_requests(payload: Mapping[str, Any] | None, context: Context | None = None) -> pd.DataFrame:
    """List what Deriv wants proof of that it is the client's own, one row per request.

    Parameters
    ----------
    payload : mapping
        The ``get_account_status`` object of a ``get_account_status`` reply.
    context : Context, optional
        Where the payload came from; becomes ``attrs``.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them; without rows where nothing is asked for.

        ==================  ===================  =================================================
        request_id          Int64
        payment_method      string               of which you are to show that it is yours
        documents_required  Int64                how many documents Deriv wants to see
        created             datetime64[us, UTC]  when it was asked for
        ==================  ===================  =================================================

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
    return frame(rows, _REQUESTS, context, call="get_account_status")


def jurisdictions(payload: Mapping[str, Any] | None, context: Context | None = None) -> pd.DataFrame:
    """List where the client's proof of address counts, one row per jurisdiction of MT5.

    Parameters
    ----------
    payload : mapping
        The ``get_account_status`` object of a ``get_account_status`` reply.
    context : Context, optional
        Where the payload came from; becomes ``attrs``.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them:

        ============  =======  ===============================================================
        jurisdiction  string   short code of a Deriv company, such as bvi
        verified      boolean  whether the client can open an MT5 account under it
        ============  =======  ===============================================================

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
    return frame(rows, _JURISDICTIONS, context, call="get_account_status")
