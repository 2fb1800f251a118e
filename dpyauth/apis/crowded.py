"""What it looks like that a user has as many connections as Deriv allows. Deriv does not say, so much is tolerated."""

from __future__ import annotations

from dpyauth.errors import ApiError, ConnectionFailed, DpyauthError
from dpyauth.registry import ApiFacts

_OTHERWISE = {401, 407}
"""Refusals of a handshake that have another meaning: a password that is used up, and a proxy that wants one."""


def looks_crowded(error: BaseException, facts: ApiFacts) -> bool:
    """Return whether a connection may have been refused because it would have been one too many."""
    if not facts.crowded:
        return False
    if isinstance(error, ConnectionFailed):
        return error.status is not None and 400 <= error.status < 500 and error.status not in _OTHERWISE
    return isinstance(error, ApiError) and error.call == "otp" and "connections" in str(error).lower()


def told(error: DpyauthError, facts: ApiFacts) -> DpyauthError:
    """Return the error, with what to do where a connection may have been one too many."""
    if not looks_crowded(error, facts):
        return error
    status = error.status if isinstance(error, ConnectionFailed) else None
    return ConnectionFailed(f"{str(error).rstrip('.')}. {facts.crowded}.", call=error.call, status=status)
