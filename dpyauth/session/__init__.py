"""The session: one signed-in connection to Deriv, and the questions one can put to it."""

from __future__ import annotations

import itertools
import json
import numbers
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, Self

from dpyauth import environment, forks, terminal
from dpyauth.apis import request as requests
from dpyauth.apis.access import Api, named
from dpyauth.apis.catalog import Call, Catalog
from dpyauth.arguments import Names, public
from dpyauth.errors import (
    DpyauthError,
    InvalidSetting,
    MissingScope,
    SessionClosed,
)
from dpyauth.plans import Plan, Request, Ticket, planned
from dpyauth.registry import APIS, ApiFacts
from dpyauth.secret import scrub
from dpyauth.session.accounts import Accounts
from dpyauth.session.asked import Asked
from dpyauth.session.asking import Asking
from dpyauth.session.facts import Facts
from dpyauth.session.histories import Histories
from dpyauth.session.legacy import Legacy
from dpyauth.session.queries import Queries
from dpyauth.session.showing import Showing
from dpyauth.session.signing import Signing, abandoned
from dpyauth.session.transfers import KEPT, Sent, Transfers
from dpyauth.session.wallets import Wallets
from dpyauth.settings import Settings
from dpyauth.wire.budget import Budget
from dpyauth.wire.calls import Pending
from dpyauth.wire.connection import Connection
from dpyauth.wire.state import State
from dpyauth.wire.subscriptions import Subscription

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.apis.access import Access, Account
    from dpyauth.secret import Secret
    from dpyauth.session.aio import AsyncSession
    from dpyauth.wire.errands import Errands

EVENTS_KEPT = 1000
SAID_KEPT = 50


class Session(Signing, Accounts, Asking, Queries, Facts, Histories, Wallets, Transfers, Legacy, Showing, Names):
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
        self._settings = settings
        self._timeout = check_timeout(timeout)
        self._lock = threading.RLock()
        self._connection: Connection | None = None
        self._access: Access | None = None  # what the sign-in brought
        self._account: Account | None = None
        self._others: dict[str, Connection] = {}  # connections to accounts that are not the one in use
        self._beginning: set[Connection] = set()  # those of sign-ins that have not succeeded or failed yet
        self._leaving: list[Connection | Access] = []  # what is still to be closed
        self._ended: DpyauthError | None = None
        self._signed_out_because = ""
        self._remark = ""  # something to tell the user of how this sign-in came about
        self._dismissed: float | None = None  # since when what is said of the sign-in's end is not to be said again
        self._watchers: list[Callable[[], None]] = []
        self._budgets: dict[str, Budget] = {}  # of each API
        self._events: deque[tuple[float, str, str, float | None]] = deque(maxlen=EVENTS_KEPT)
        self._sent: deque[Sent] = deque(maxlen=KEPT)
        self._since: float | None = None  # when the present sign-in began
        self._said: deque[Secret] = deque(maxlen=SAID_KEPT)  # secrets of the latest calls: replies may repeat them
        self._opened: weakref.WeakSet[Connection | Access] = weakref.WeakSet()
        weakref.finalize(self, abandoned, self._opened).atexit = False
        self._ids = itertools.count(1)  # req_ids of all its connections
        forks.own(self)

    # What the session is

    @property
    def api(self) -> str:
        """Which of Deriv's APIs it speaks: ``"v3"`` or ``"options"``."""
        return self._settings.api

    def _instead(self, name: str) -> str:
        return f"It is a call of Deriv's: session.call({name!r}, ...)." if name in self._catalog else ""

    def _budget_of(self, api: str) -> Budget:
        return self._budgets.setdefault(api, named(api).budget())

    @property
    def _api(self) -> Api:
        return named(self._settings.api)

    @property
    def _facts(self) -> ApiFacts:
        return APIS[self._settings.api]

    @property
    def _catalog(self) -> Catalog:
        return self._api.CATALOG

    @property
    def loginid(self) -> str | None:
        """Login ID of the account signed in, or None."""
        account = self._account
        return account.loginid if account else None

    @property
    def sandbox(self) -> bool:
        """Whether it talks to a Deriv on this machine, such as the sandbox: nothing there is real."""
        return self._settings.loopback

    @property
    def state(self) -> str:
        """``"signed in"``, ``"signed out"``, ``"reconnecting"`` or ``"closed"``."""
        if self._ended is not None:
            return State.CLOSED.value
        connection = self._connection
        if connection is None or self._account is None:
            return State.SIGNED_OUT.value
        state = connection.state
        if not connection.ready.done() and state in {State.CONNECTING, State.OPEN}:
            return State.AUTHORISED.value  # Deriv has accepted the sign-in; the connection is on its way
        return State.RECONNECTING.value if state is State.OPEN else state.value

    def __repr__(self) -> str:
        account = self._account
        if account is None or self.state in {"closed", "signed out"}:
            return f"<dpyauth session: {self.state}>"
        currency, expiry, ends = account.currency or "no currency yet", self._expiry, ""
        if expiry and expiry.is_near:
            ends = f", {'ended' if expiry.has_passed else 'ends'} {expiry.clock}"
        return f"<dpyauth session: {self.state}, {account.loginid} ({currency}, {account.kind}){ends}>"

    @property
    def aio(self) -> AsyncSession:
        """The awaitable twins: ``await session.aio.balance()``."""
        from dpyauth.session.aio import AsyncSession

        return AsyncSession(self)  # not kept: a session that nobody has a name for is to be gone at once

    # Leaving

    @planned
    def logout(self) -> Plan[None]:
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
        if self._account is None:
            raise self._not_signed_in("logout")
        if "logout" in self._catalog:
            yield Request("logout")
            self._sign_out("you signed out")
            return
        because = f"you signed out here; {self._what_stays_good}"
        self._sign_out(because)
        if not environment.in_notebook():  # there the panel says it
            terminal.say(f"{because[0].upper()}{because[1:]}.")

    @property
    def _what_stays_good(self) -> str:
        """What is valid still after a sign-out that Deriv has no call for."""
        credential, facts, expiry = self._credential, self._facts, self._expiry
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
        self._close(SessionClosed("This session is closed. Run dpyauth.login() for a new one."))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a session cannot be pickled: it holds a live connection and a secret")

    # What has happened to it

    @public
    def events(self) -> pd.DataFrame:
        """What has happened to the session: connections made and lost, waits for rate limits, sign-outs.

        Returns
        -------
        pandas.DataFrame
            The latest events, the oldest first: ``time`` (datetime64[us, UTC]), ``what`` (string), ``why`` (string),
            ``took`` (float64, seconds; for a reconnect, how long the session was cut off).

        Examples
        --------
        >>> import dpyauth
        >>> session = dpyauth.login(sandbox=True)
        >>> _ = session.balance()
        >>> session.events()["what"].iloc[-1]
        'connected'
        """
        from dpyauth import frames

        return frames.events(list(self._events))

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

        connection = self._connection
        trips = list(connection.link.round_trips) if connection else []
        return frames.health(
            state=self.state,
            uptime=time.time() - self._since if self._since is not None and self._account else None,
            expires=self.expires,
            round_trips=trips,
            reconnects=connection.link.reconnects if connection else 0,
            stray_replies=connection.link.stray if connection else 0,
            streams=connection.link.streams if connection else 0,
            left=self._budget_of(self.api).left(time.monotonic()),
        )

    def _note(self, what: str, why: str, took: float | None) -> None:
        self._events.append((time.time(), what, scrub(why), took))

    # Inside: calls

    def _begin(self, request: Request, deliver: Callable[[Pending], None]) -> Ticket:
        """Make one request of a plan ready to be sent. Nothing is sent here, and no lock is taken."""
        api = self._api
        call = api.CATALOG.find(request.call)
        fields = requests.keyed(call, requests.build(call, request.fields))
        secrets = requests.secrets(fields)
        self._said.extend(secrets)
        timeout = self._timeout if request.timeout is None else check_timeout(request.timeout)
        self._check(call)
        feed, changes = request.listener, call.changes_with(fields)
        req_id = next(self._ids)
        text = requests.encode(fields, req_id) if call.rest is None else ""
        pending = Pending(
            call.name,
            req_id,
            text,
            time.monotonic() + timeout,
            timeout,
            deliver,
            changes=changes,
            look=call.look(fields) if changes else "",
            key=call.key_in(fields),
            exact=request.exact,
            listener=feed,
            subscription=_subscription(call, fields, req_id, text, feed.many) if feed is not None else None,
            fields=fields,
        )
        return Asked(self, api, call, request, fields, secrets, pending)

    def _check(self, call: Call) -> None:
        """See to it that this call can be made, or say why not."""
        if self._ended is not None:
            raise self._ended.again(call.name)
        account = self._account
        if account is None and (call.needs_auth or call.rest is not None):
            raise self._not_signed_in(call.name)
        if account is not None and not self._may(call, account):
            raise self._missing_scope(call, account.scopes or ())

    def _errands_for(self, call: Call) -> Errands:
        access = self._access
        if access is None or access.errands is None:
            raise self._not_signed_in(call.name)
        return access.errands

    def _connection_for(self, call: Call, loginid: str | None) -> Connection:
        """The connection to put this call to; it connects with its first call."""
        with self._lock:
            if self._ended is not None:
                raise self._ended.again(call.name)
            account = self._account
            if account is None and call.needs_auth:
                raise self._not_signed_in(call.name)
            if account is not None and loginid is not None and loginid != account.loginid:
                other = self._others.get(loginid)
                if other is None:
                    raise SessionClosed(
                        "The session was switched to another account meanwhile. Run the cell again.", call=call.name
                    )
                return other
            if self._connection is None or self._connection.failure is not None:
                if self._connection is not None:
                    self._connection.end(SessionClosed("replaced"))
                self._connection = self._connect(None, self._settings)  # for calls that need no sign-in
            return self._connection

    def _missing_scope(self, call: Call, has: tuple[str, ...]) -> MissingScope:
        labels = self._facts.scopes
        advice = self._facts.advice.format(ticks=" or ".join(f"'{labels.get(scope, scope)}'" for scope in call.scopes))
        return MissingScope(
            f"'{call.name}' needs the scope {' or '.join(call.scopes)}; your token has: {', '.join(has) or 'none'}. "
            f"Nothing was sent. {advice}",
            call=call.name,
            scopes=call.scopes,
        )


def _subscription(call: Call, fields: dict[str, Any], req_id: int, text: str, many: bool) -> Subscription:
    asked = fields.get("ticks") or ()
    symbols = set(asked) if isinstance(asked, list) else {asked} if asked else set()
    return Subscription(
        call=call.name,
        key=json.dumps(fields, sort_keys=True, default=repr),
        req_id=req_id,
        text=text,
        symbol=next(iter(symbols)) if len(symbols) == 1 else None,
        many=many,
        fields=fields,
    )


def check_timeout(seconds: float) -> float:
    """A time-out that makes sense."""
    if isinstance(seconds, bool) or not isinstance(seconds, numbers.Real) or not 0 < seconds < 86_400:
        raise InvalidSetting("The time-out must be a number of seconds above 0 (and below a day).")
    return float(seconds)
