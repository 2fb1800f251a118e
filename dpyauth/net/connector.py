"""Open WebSockets to Deriv, and explain why one could not be opened."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from dpyauth._version import __version__
from dpyauth.errors import BadReply, CallTimeout, ConnectionFailed, DpyauthError, RateLimited
from dpyauth.net.state import unreachable
from dpyauth.texts.said import clause, joined

if TYPE_CHECKING:
    from dpyauth.net.transport import Socket

OPEN_TIMEOUT = 10.0
CLOSE_TIMEOUT = 2.0
OFF_OPEN_TIMEOUT = 4.5
"""Seconds to open a connection to a server that may have been switched off: a call must then fail within 5 seconds."""

MAX_MESSAGE = 16 * 2**20
STALE_TRIES = 2
"""Number of fresh addresses in a row that may be refused before that counts as a failed attempt."""

PASSING = (ConnectionFailed, CallTimeout, RateLimited, BadReply)
"""Errors of a request for an address that may not occur again the next time."""

# websockets logs whole messages at DEBUG, with the tokens in them. The filter stops that even if a program sets the
# level of every logger to DEBUG; the level alone would not.
_log = logging.getLogger("dpyauth.net.websocket")
_log.addFilter(lambda record: record.levelno > logging.DEBUG)
_log.setLevel(logging.INFO)


class Failure(NamedTuple):
    """Failed attempt to connect."""

    reason: str
    error: DpyauthError
    final: bool = False
    """True if every later attempt would fail in the same way."""
    off: DpyauthError | None = None
    """Error to raise if the server looks like one that has been switched off."""


class Connector:
    """Open one WebSocket after another to the same server.

    Parameters
    ----------
    address : str or coroutine function
        Address to connect to; or a function that returns a new one for every attempt, because it contains a one-time
        secret. The function must succeed or fail by itself. Its errors in `PASSING` mean that a later attempt may
        succeed; all others are final.
    direct : bool
        True to ignore the proxy settings of this machine, as for a server on this machine.
    when_off : callable, optional
        Returns the error for a server that may have been switched off for good, given the reason of a failed attempt.
    crowded : str
        Text to add to that reason if the connection may have been refused because there are too many.
    """

    def __init__(
        self,
        address: str | Callable[[], Awaitable[str]],
        *,
        direct: bool,
        when_off: Callable[[str], DpyauthError] | None,
        crowded: str,
    ) -> None:
        self._address = address
        self._direct = direct
        self._when_off = when_off
        self._crowded = crowded
        self._patience = OPEN_TIMEOUT if when_off is None else OFF_OPEN_TIMEOUT
        self._stale = 0  # number of fresh addresses refused in a row

    async def open(self) -> Socket:
        """Return a new socket. An address with a one-time secret is kept only in this frame, for this attempt."""
        # Imported here because websockets is slow to import, and a sign-in panel should appear at once.
        from websockets.asyncio.client import connect

        from dpyauth.net.transport import Socket

        address = self._address if isinstance(self._address, str) else await self._address()
        socket = await connect(
            address,
            logger=_log,
            open_timeout=self._patience,
            close_timeout=CLOSE_TIMEOUT,
            # Our protocol sends the pings. As JSON calls they also show that Deriv answers calls, not only frames, and
            # their deadline allows for a machine that has slept. Pings from the server are still answered.
            ping_interval=None,
            max_size=MAX_MESSAGE,
            proxy=None if self._direct else True,
            create_connection=Socket,
            user_agent_header=f"dpyauth/{__version__}",
        )
        assert isinstance(socket, Socket)
        socket.forget_address()
        self._stale = 0
        return socket

    def failure(self, raised: Exception, was_ready: bool) -> Failure | None:
        """Explain an error; return None if the address was too old and the next attempt gets a new one.

        ``was_ready`` is True if there has been a connection before.
        """
        from dpyauth.net.connect_errors import STALE, explain, looks_crowded, status_of, stays

        if isinstance(raised, DpyauthError):
            # A copy without the traceback, whose frames hold the credential.
            return Failure(clause(raised.text), raised.copy(), final=not isinstance(raised, PASSING))
        reason: str
        reason, error, off = explain(raised, self._patience, self._app_id)
        status = status_of(raised)
        if self._crowded and looks_crowded(status):
            reason = joined(reason, clause(self._crowded), by=". ")
        error = error or unreachable(reason, status)
        if not isinstance(self._address, str):
            # A refused one-time password may just have been too old, so the next attempt gets a new one at once. That
            # must not repeat forever: each password is a call that counts against Deriv's limits.
            self._stale = self._stale + 1 if status == 401 else 0
            if self._stale > STALE_TRIES:
                reason, error = clause(STALE.text), STALE.copy()
            elif self._stale:
                return None
        return Failure(
            reason,
            error,
            final=stays(raised) and not was_ready,
            off=self._when_off(reason) if off and self._when_off is not None else None,
        )

    @property
    def _app_id(self) -> str | None:
        """Return the app ID in the address, if it has one."""
        if not isinstance(self._address, str):
            return None
        return dict(parse_qsl(urlsplit(self._address).query)).get("app_id")
