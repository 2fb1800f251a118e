"""The session: one signed-in connection to Deriv, and the questions one can put to it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NoReturn, Self

from dpyauth import _environment, _terminal
from dpyauth.arguments import public
from dpyauth.columns import with_columns
from dpyauth.columns.session_columns import EVENTS
from dpyauth.errors import SessionClosed
from dpyauth.names import Names
from dpyauth.session.account import Queries
from dpyauth.session.calls import Asking
from dpyauth.session.display import Display
from dpyauth.session.drive import dual
from dpyauth.session.histories import Histories
from dpyauth.session.legacy import Legacy
from dpyauth.session.payloads import Payloads
from dpyauth.session.reference import Facts
from dpyauth.session.steps import Request, Steps
from dpyauth.session.transfers import Transfers
from dpyauth.session.wallets import Wallets
from dpyauth.settings import Settings

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

    from dpyauth.session.aio import AsyncSession


class Session(Asking, Queries, Facts, Histories, Wallets, Transfers, Legacy, Display, Names):
    """A session with Deriv, made by `dpyauth.login`.

    Every method that asks Deriv something blocks until the answer is there, and has an awaitable twin of the same
    name under ``session.aio``. The connection belongs to a background thread: it stays alive while cells run, comes
    back by itself after a break, and may be used from any thread.

    Parameters
    ----------
    settings : Settings
        Which Deriv to talk to.
    timeout : float
        How long a call may take, in seconds, unless it says otherwise.
    """

    _called = "A session"

    @public
    def __init__(self, settings: Settings, *, timeout: float = 30.0) -> None:
        self.core = Payloads(settings, timeout=timeout)

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name != "core"]

    # What the session is

    @property
    def api(self) -> str:
        """Which of Deriv's APIs it speaks: ``"v3"`` or ``"options"``."""
        return self.core.api

    def _instead(self, name: str) -> str:
        return f"It is a call of Deriv's: session.call({name!r}, ...)." if name in self.core.catalog else ""

    @property
    def loginid(self) -> str | None:
        """Login ID of the account signed in, or None."""
        account = self.core.active_account
        return account.loginid if account else None

    @property
    def sandbox(self) -> bool:
        """Whether it talks to a Deriv on this machine, such as the sandbox: nothing there is real."""
        return self.core.target.loopback

    @property
    def state(self) -> str:
        """``"signed in"``, ``"signed out"``, ``"reconnecting"`` or ``"closed"``."""
        return self.core.state

    def __repr__(self) -> str:
        account = self.core.active_account
        if account is None or self.state in {"closed", "signed out"}:
            return f"<dpyauth session: {self.state}>"
        currency, expiry, ends = account.currency or "no currency yet", self.core.expiry, ""
        if expiry and expiry.is_near:
            ends = f", {'ended' if expiry.has_passed else 'ends'} {expiry.clock}"
        return f"<dpyauth session: {self.state}, {account.loginid} ({currency}, {account.kind}){ends}>"

    @property
    def expires(self) -> datetime | None:
        """When the sign-in ends, in UTC; None where that is not known, or where it does not end by itself.

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

    @property
    def aio(self) -> AsyncSession:
        """The awaitable twins: ``await session.aio.balance()``."""
        from dpyauth.session.aio import AsyncSession

        return AsyncSession(self)  # not kept: a session that nobody has a name for is to be gone at once

    @dual
    def use(self, loginid: str) -> Steps[None]:
        """Switch to another account that the sign-in gave access to.

        Signing in with Deriv gives access to all accounts of the person, an API token to one. Calls and streams of
        the account in use end; the other one is signed in first, so that a failure changes nothing. Where Deriv allows
        no connection more (five at a time for each user, on its current API), the one in use is given up first; it is
        opened anew where the switch fails all the same.
        Stands on Deriv's call ``authorize`` (v3), or on ``balance`` and a one-time password (options).

        Parameters
        ----------
        loginid : str
            Login ID of the account, such as ``"VRTC900003"``.

        Raises
        ------
        InvalidRequest
            The sign-in gave no access to that account; the text lists those it did.
        SignInRefused, ConnectionFailed, CallTimeout
            Deriv did not accept the account's token, or could not be reached.

        Examples
        --------
        >>> import dpyauth
        >>> session = dpyauth.login(sandbox=True)
        >>> session.use(session.loginid)
        """
        loginid = self.core.granted(loginid)
        if self.core.active_account is None or self.core.active_account.loginid != loginid:
            yield lambda: self.core.switch_to(loginid)

    # Leaving

    @dual
    def logout(self) -> Steps[None]:
        """Sign out, at Deriv too where it has a call for that: this ends the token's own session there.

        Stands on Deriv's call ``logout`` (v3; the options API has none). The token itself stays valid: a personal
        access token until you revoke it at https://developers.deriv.com/dashboard/tokens/, one of v3 until you delete
        it at Deriv, that of a browser sign-in until it ends. On the options API this says so. To leave without telling
        Deriv, use `close`.

        Raises
        ------
        NotSignedIn, ApiError, CallTimeout, ConnectionLost, OutcomeUnknown
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> session = dpyauth.login(sandbox=True)
        >>> session.logout()
        >>> session.state
        'signed out'
        """
        if self.core.active_account is None:
            raise self.core.not_signed_in("logout")
        if "logout" in self.core.catalog:
            yield Request("logout")
            self.core.sign_out("you signed out")
            return
        because = f"you signed out here; {self._what_stays_good}"
        self.core.sign_out(because)
        if not _environment.in_notebook():  # there the panel says it
            _terminal.say(f"{because[0].upper()}{because[1:]}.")

    @property
    def _what_stays_good(self) -> str:
        """What is valid still after a sign-out that Deriv has no call for."""
        credential, facts, expiry = self.core.credential, self.core.api_facts, self.core.expiry
        if credential is None or credential.tokens is None:
            return f"your {facts.credential} stays good until you revoke it ({facts.pages.tokens})"
        end = f"until {expiry.date_and_clock}" if expiry else "until it ends"
        return f"Deriv has no call to end a browser sign-in, and its token stays good {end}"

    @public
    def close(self) -> None:
        """Leave: the connection is closed and nothing more can be asked. Deriv keeps the token valid.

        Calls in flight end with `SessionClosed`. Closing twice is fine.

        Examples
        --------
        >>> import dpyauth
        >>> with dpyauth.login(sandbox=True) as session:
        ...     _ = session.balance()
        >>> session.state
        'closed'
        """
        self.core.end(SessionClosed("This session is closed. Run dpyauth.login() for a new one."))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a session cannot be pickled: it holds a live connection and a secret")

    # What has happened to it

    @public
    @with_columns(EVENTS)
    def events(self) -> pd.DataFrame:
        """What has happened to the session: connections made and lost, waits for rate limits, sign-outs.

        Returns
        -------
        pandas.DataFrame
            The latest events, the oldest first; ``took`` says of a reconnect how long the session was cut off:

            {columns}

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
        """How the session is, in figures.

        Returns
        -------
        pandas.Series
            ``state``; ``uptime`` since the sign-in, ``last_round_trip``, ``p50`` and ``p99`` of the last 1000 round
            trips (all in seconds); ``expires``, a timestamp in UTC, or NaT as `expires` is None; ``reconnects``;
            ``stray_replies``, which nobody waited for; ``streams``; and the calls left in this minute by rate limit:
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
