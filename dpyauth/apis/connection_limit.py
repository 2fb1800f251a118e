"""Guess whether a user has reached Deriv's limit of connections, which Deriv does not report clearly."""

from __future__ import annotations

from dpyauth.errors import ApiError, ConnectionFailed, DpyauthError
from dpyauth.registry import ApiFacts
from dpyauth.texts.said import joined


def looks_crowded(error: BaseException, facts: ApiFacts) -> bool:
    """Return whether a connection may have been refused because there are too many."""
    if isinstance(error, ConnectionFailed):
        from dpyauth.net import connect_errors  # slow to import: see Connector

        return bool(facts.crowded) and connect_errors.looks_crowded(error.status)
    return bool(facts.crowded) and _is_by_name(error)


def told(error: DpyauthError, facts: ApiFacts) -> DpyauthError:
    """Return the error, with advice if Deriv refused a one-time password because of too many connections."""
    if not facts.crowded or not _is_by_name(error):
        return error
    return ConnectionFailed(joined(error.text, facts.crowded), call=error.call, status=429)


def _is_by_name(error: BaseException) -> bool:
    return isinstance(error, ApiError) and error.call == "otp" and "connections" in str(error).lower()
