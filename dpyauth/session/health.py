"""Tell how a session is: its state, its end, what has happened to it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dpyauth.arguments import public
from dpyauth.columns import with_columns
from dpyauth.session.payloads import Questions

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd


class Health(Questions):
    """Properties and figures of a session; none of them asks Deriv."""

    @property
    def api(self) -> str:
        """Name of the API it speaks: ``"v3"`` or ``"options"``."""
        return self.core.api

    @property
    def loginid(self) -> str | None:
        """Login ID of the account signed in, or None."""
        account = self.core.active_account
        return account.loginid if account else None

    @property
    def sandbox(self) -> bool:
        """True if it talks to a Deriv on this machine, such as the sandbox: nothing there is real."""
        return self.core.target.loopback

    @property
    def state(self) -> str:
        """``"signed in"``, ``"signed out"``, ``"reconnecting"`` or ``"closed"``."""
        return self.core.state

    @property
    def expires(self) -> datetime | None:
        """End of the sign-in, in UTC; None if it is not known, or if the sign-in does not end by itself.

        A browser sign-in on the options API ends after the time that Deriv sets: an hour in its documentation, 30 days
        as measured. Where Deriv allows dpyauth to renew it, there is no end. Deriv does not say when a token ends that
        you entered yourself, nor when one of the v3 API does.

        The time may be in the past: what is open goes on until the connection breaks or Deriv refuses a call.

        Examples
        --------
        >>> import dpyauth
        >>> print(dpyauth.login(sandbox=True).expires)  # a token that was entered has no known end
        None
        """
        expiry = self.core.expiry
        return expiry.utc if expiry else None

    @public
    @with_columns
    def events(self) -> pd.DataFrame:
        """List what has happened to the session: connections made and lost, waits for rate limits, sign-outs.

        Returns
        -------
        pandas.DataFrame
            The latest events, the oldest first; ``took`` says of a reconnect how long the session was cut off:

            See ``dpyauth.columns.session_columns.EVENTS``.

        Examples
        --------
        >>> import dpyauth
        >>> session = dpyauth.login(sandbox=True)
        >>> _ = session.balance()
        >>> session.events()["what"].iloc[-1]
        'connected'
        """
        from dpyauth import frames

        return frames.events(list(self.core.events))

    @public
    def health(self) -> pd.Series[Any]:
        """Return the state of the session in figures.

        Returns
        -------
        pandas.Series
            ``state``; ``uptime`` since the sign-in, ``last_round_trip``, ``p50`` and ``p99`` of the last 1000 round
            trips (all in seconds); ``expires``, a timestamp in UTC, or NaN as `expires` is None; ``reconnects``;
            ``stray_replies``, which no call waited for; ``streams``; and the calls left in this minute by rate limit:
            ``left_general``, ``left_outcome``, ``left_pricing``.

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True).health()["state"]
        'signed in'
        """
        from dpyauth import frames

        connection = self.core.connection
        trips = list(connection.protocol.round_trips) if connection else []
        return frames.health(
            state=self.state,
            uptime=time.time() - self.core.since if self.core.since is not None and self.core.active_account else None,
            expires=self.expires,
            round_trips=trips,
            reconnects=connection.protocol.reconnects if connection else 0,
            stray_replies=connection.protocol.unmatched if connection else 0,
            streams=connection.protocol.streams if connection else 0,
            left=self.core.rate_limits_of(self.api).left(time.monotonic()),
        )
