"""States of a connection, and how it is signed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple

from dpyauth.errors import ConnectionFailed, DpyauthError
from dpyauth.net.messages import Reply


class State(Enum):
    """State of a connection; what leads from one to another says `dpyauth.net.protocol`."""

    CONNECTING = "connecting"  # for the first time
    OPEN = "open"  # connected, not (yet) signed in
    AUTHORISED = "signed in"
    RECONNECTING = "reconnecting"
    SIGNED_OUT = "signed out"  # Deriv no longer takes the credential
    CLOSED = "closed"


class Handshake(NamedTuple):
    """Call that signs a fresh connection in."""

    call: str
    fields: Callable[[], Mapping[str, Any]]
    """Makes the request anew for every connection, so that no text with a secret is kept."""
    check: Callable[[Reply], tuple[DpyauthError, bool] | None]
    """Returns the error that a reply amounts to, and whether asking again later may help; None if it signs in."""
    reads_early: bool = False
    """True if the address signs the connection in and the call only shows that it works: reads may be sent before
    its reply is there."""


def unreachable(reason: str, status: int | None = None) -> ConnectionFailed:
    """Return the error for a connection that could not be made, or was refused with an HTTP status."""
    return ConnectionFailed(f"Could not connect to Deriv: {reason}.", status=status)
