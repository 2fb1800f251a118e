"""Report the state of a session: its account, its expiry, its events and figures."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dpyauth.arguments import public
from dpyauth.columns import with_columns
from dpyauth.session.payloads import Questions
from dpyauth.texts.said import in_language

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd


class Health(Questions):
    """Properties and figures of a session. None of them asks Deriv."""

    @property
    def api(self) -> str:
        """Name of the API in use: ``"v3"`` or ``"options"``."""
        return self.core.api

    @property
    def loginid(self) -> str | None:
        """Login ID of the account in use, or None."""
        account = self.core.active_account
        return account.loginid if account else None

    @property
    def sandbox(self) -> bool:
        """True if the session is connected to a Deriv on this machine, such as the sandbox: nothing there is real."""
        return self.core.target.loopback

    @property
    def state(self) -> str:
        """``"signed in"``, ``"signed out"``, ``"reconnecting"`` or ``"closed"``."""
        return self.core.state

    @property
    def expires(self) -> datetime | None:
        """End of the sign-in, in UTC; None if it is not known or the sign-in does not expire.

        A browser sign-in on the options API expires after a time that Deriv sets: an hour according to its
        documentation, 30 days as measured. If Deriv allows dpyauth to renew it, it does not expire. Deriv does not say
        when a token that you entered yourself expires, nor when a token of the v3 API does.

        The time may be in the past: an open connection continues until it breaks or Deriv refuses a call.

        Examples
        --------
        >>> import dpyauth
        >>> print(dpyauth.login(sandbox=True).expires)  # a token that you enter has no known end
        None
        """
        expiry = self.core.expiry
        return expiry.utc if expiry else None

    @public
    @with_columns
    def events(self) -> pd.DataFrame:
        """List the events of the session: connections made and lost, waits for rate limits, sign-outs.

        Returns
        -------
        pandas.DataFrame
            The latest 1000 events, oldest first. For a reconnect, ``took`` is the time without a connection:

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

        language = self.core.target.language
        return frames.events([(at, what, in_language(why, language), took) for at, what, why, took in self.core.events])

    @public
    def health(self) -> pd.Series[Any]:
        """Return the state of the session in figures.

        Returns
        -------
        pandas.Series
            ``state``; ``uptime`` since the sign-in, ``last_round_trip``, ``p50`` and ``p99`` of the last 1000 round
            trips (all in seconds); ``expires``, a timestamp in UTC, or NaN if `expires` is None; ``reconnects``;
            ``stray_replies``, for which no call was waiting; ``streams``; and the calls left in this minute by rate
            limit: ``left_general``, ``left_outcome``, ``left_pricing``. The dtype is object.

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
