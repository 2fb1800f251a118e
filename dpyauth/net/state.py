"""Where a connection can stand, and how it gets authorised."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple

from dpyauth.errors import ConnectionFailed, DpyauthError
from dpyauth.net.messages import Reply


class State(Enum):
    """Where a connection stands."""

    CONNECTING = "connecting"  # for the first time
    OPEN = "open"  # connected, not (yet) signed in
    AUTHORISED = "signed in"
    RECONNECTING = "reconnecting"
    SIGNED_OUT = "signed out"  # Deriv no longer takes the credential
    CLOSED = "closed"


class Handshake(NamedTuple):
    """How a fresh socket becomes an authorised one: a first call, and what its reply means.

    ``fields`` makes the request anew for every connect, so that no text with a secret is kept.
    ``judge`` returns the error that a reply amounts to, and whether asking again later may help. ``along`` says that
    the socket is authorised as it is, and the call only shows that it works: reads may be sent with it.
    """

    call: str
    fields: Callable[[], Mapping[str, Any]]
    check: Callable[[Reply], tuple[DpyauthError, bool] | None]
    along: bool = False


def unreachable(reason: str, status: int | None = None) -> ConnectionFailed:
    """The error for a connection that could not be made, or was refused with an HTTP status."""
    return ConnectionFailed(f"Could not connect to Deriv: {reason}.", status=status)
