"""States of a connection, and the handshake that signs it in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple

from dpyauth.errors import ConnectionFailed, DpyauthError
from dpyauth.net.messages import Reply
from dpyauth.texts.said import clause, said


class State(Enum):
    """State of a connection. `dpyauth.net.protocol` documents what leads from one to another."""

    CONNECTING = "connecting"  # for the first time
    OPEN = "open"  # connected, but not (yet) signed in
    AUTHORISED = "signed in"
    RECONNECTING = "reconnecting"
    SIGNED_OUT = "signed out"  # Deriv no longer accepts the credential
    CLOSED = "closed"


class Handshake(NamedTuple):
    """Call that signs in a new connection."""

    call: str
    fields: Callable[[], Mapping[str, Any]]
    """Function that builds the request for each connection, so that no text with a secret is kept."""
    check: Callable[[Reply], tuple[DpyauthError, bool] | None]
    """Function that returns the error in a reply, and whether a later attempt may help; None if the reply signs in."""
    reads_early: bool = False
    """True if the address signs in the connection and the call only proves that it works: reads may then be sent
    before its reply has arrived."""


def unreachable(reason: str, status: int | None = None) -> ConnectionFailed:
    """Return the error for a connection that could not be opened, or was refused with an HTTP status."""
    return ConnectionFailed(said("unreachable", reason=clause(reason)), status=status)
