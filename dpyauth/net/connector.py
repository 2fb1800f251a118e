"""Open WebSockets to Deriv, and say why one could not be opened."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from dpyauth._version import __version__
from dpyauth.errors import BadReply, CallTimeout, ConnectionFailed, DpyauthError, RateLimited
from dpyauth.net.state import unreachable

if TYPE_CHECKING:
    from dpyauth.net.transport import Socket

OPEN_TIMEOUT = 10.0
CLOSE_TIMEOUT = 2.0
OFF_OPEN_TIMEOUT = 4.5
"""Seconds to open a connection to a server that may have been switched off: a call fails within 5 seconds then."""

MAX_MESSAGE = 16 * 2**20
STALE_TRIES = 2
"""Times in a row that an address which was just given out may be refused before that counts as a failed attempt."""

PASSING = (ConnectionFailed, CallTimeout, RateLimited, BadReply)
"""Errors of asking for an address that may be gone the next time."""

# websockets logs whole messages at DEBUG, tokens included: that must not happen whatever the root logger's level.
_log = logging.getLogger("dpyauth.net.websocket")
_log.addFilter(lambda record: record.levelno > logging.DEBUG)
_log.setLevel(logging.INFO)


class Failure(NamedTuple):
    """Failed attempt to connect."""

    reason: str
    error: DpyauthError
    final: bool = False
    """True if every later attempt would end in the same way."""
    off: DpyauthError | None = None
    """Error to raise if the server looks like one that has been switched off."""


class Connector:
    """Open one WebSocket after the other to the same server.

    Parameters
    ----------
    address : str or coroutine function
        Address to connect to; or a function that returns a new one for every attempt, as one with a secret that is
        good once. It must succeed or fail by itself. Of its errors, those in `PASSING` mean to try again later; all
        others are final.
    direct : bool
        Whether to ignore the proxy settings of this machine, as for a server on this machine.
    when_off : callable, optional
        Makes the error for a server that may have been switched off for good, from the reason of a failed attempt.
    crowded : str
        Added to that reason if the connection may have been refused because there are too many.
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
        self._stale = 0  # refusals in a row of addresses that were just given out

    async def open(self) -> Socket:
        """Return a new socket. An address that was asked for stays in here, and is forgotten with the attempt."""
        # Not before: a sign-in panel is shown sooner without websockets.
        from websockets.asyncio.client import connect

        from dpyauth.net.transport import Socket

        address = self._address if isinstance(self._address, str) else await self._address()
        socket = await connect(
            address,
            logger=_log,
            open_timeout=self._patience,
            close_timeout=CLOSE_TIMEOUT,
            # Keepalive is the protocol's business: a JSON ping also proves that Deriv's dispatcher lives, and its
            # deadline makes allowance for a machine that slept. Pings from the server are still answered.
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
        """Return what an error means; None if the address was too old, and the next attempt asks for a new one.

        ``was_ready`` says that there has been a connection before.
        """
        from dpyauth.net.connect_errors import STALE, explain, looks_crowded, status_of, stays

        if isinstance(raised, DpyauthError):
            # A copy: the traceback leads to where the credential is.
            return Failure(str(raised).rstrip("."), raised.copy(), final=not isinstance(raised, PASSING))
        reason, error, off = explain(raised, self._patience, self._app_id)
        status = status_of(raised)
        if self._crowded and looks_crowded(status):
            reason += f". {self._crowded}"
        error = error or unreachable(reason, status)
        if not isinstance(self._address, str):
            self._stale = self._stale + 1 if status == 401 else 0
            if self._stale > STALE_TRIES:
                reason, error = str(STALE).rstrip("."), STALE.copy()
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
