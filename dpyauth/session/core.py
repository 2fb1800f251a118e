"""State of a session: its connection, its sign-in, the account in use, and what has happened to it."""

from __future__ import annotations

import itertools
import logging
import numbers
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from dpyauth import _environment, _forks
from dpyauth.apis.base import Api, named
from dpyauth.apis.expiry import Expiry
from dpyauth.catalog.calls import Catalog
from dpyauth.errors import DpyauthError, InvalidSetting, NotSignedIn, SessionClosed
from dpyauth.net.connection import Connection
from dpyauth.net.loop import background
from dpyauth.net.state import State
from dpyauth.registry import APIS, ApiFacts
from dpyauth.secret import scrub
from dpyauth.session.sent import KEPT, Sent

if TYPE_CHECKING:
    from dpyauth.apis.base import Account, SignIn
    from dpyauth.credentials import Credential
    from dpyauth.net.rate_limits import RateLimits
    from dpyauth.secret import Secret
    from dpyauth.settings import Settings

EVENTS_KEPT = 1000
SECRETS_KEPT = 50

log = logging.getLogger("dpyauth")

FORKED = (
    "This process was forked from the one that signed in; a session cannot be shared between the two. Sign in anew "
    "here with dpyauth.login()."
)


def how_to_sign_in() -> str:
    """Return what to do where a sign-in is needed: it depends on the place."""
    ways = _environment.ways_to_ask()
    if ways == ("panel", "prompt"):
        return (
            "Sign in first, in the panel that dpyauth.login() shows; where no panel appears, run "
            'dpyauth.login(ask="prompt"), which asks for your token at a prompt that hides it.'
        )
    if "panel" in ways:
        wait = (
            " All cells run before that: put what needs an account behind a button." if _environment.in_voila() else ""
        )
        return f"Sign in first, in the panel that dpyauth.login() shows.{wait}"
    if "prompt" in ways:
        return "Sign in first: dpyauth.login() asks for your token at a prompt that hides it."
    if _environment.in_streamlit():
        return "Sign in first: dpyauth.login(token, app_id=..., ask=False) takes what your app has asked the user for."
    place = _environment.secrets_place()
    where = f"among this notebook's secrets in {place}" if place else "in the environment"
    return f"Sign in first: set DERIV_APP_ID and DERIV_TOKEN {where}, and run dpyauth.login()."


class Core:
    """State of a session. All methods may be called from any thread.

    Users hold a `Session`; the rooms of dpyauth work with its ``core``, which is a `Payloads`: this class and those
    that add signing out, connecting and signing in, sending, accounts and payloads.
    """

    def __init__(self, settings: Settings, *, timeout: float = 30.0) -> None:
        self.target = settings
        self.timeout = check_timeout(timeout)
        self._lock = threading.RLock()
        self.connection: Connection | None = None
        self.sign_in: SignIn | None = None  # result of the sign-in
        self.active_account: Account | None = None
        self.other_connections: dict[str, Connection] = {}  # by login ID, to accounts that are not in use
        self._beginning: set[Connection] = set()  # of sign-ins that have not succeeded or failed yet
        self._closing: list[Connection | SignIn] = []  # still to be closed
        self.end_reason: DpyauthError | None = None
        self.successor: weakref.ref[Core] | None = None  # of the session that has taken its place
        self.cell: int | None = None  # number of the latest cell whose `login` has returned this session
        self.signed_out_because = ""
        self.remark = ""  # for the user, on how this sign-in came about
        self._dismissed: float | None = None  # notice of the sign-in's end that is not to be shown again
        self.watchers: list[Callable[[], None]] = []
        self.rate_limits: dict[str, RateLimits] = {}  # by API
        self.events: deque[tuple[float, str, str, float | None]] = deque(maxlen=EVENTS_KEPT)
        self.transfers: deque[Sent] = deque(maxlen=KEPT)
        self.since: float | None = None  # time at which the present sign-in began
        self._secrets: deque[Secret] = deque(maxlen=SECRETS_KEPT)  # of the latest calls: replies may repeat them
        self._opened: weakref.WeakSet[Connection | SignIn] = weakref.WeakSet()
        weakref.finalize(self, abandoned, self._opened).atexit = False
        self._ids = itertools.count(1)  # req_ids of all its connections
        _forks.own(self)

    @property
    def api(self) -> str:
        """Name of the API it speaks."""
        return self.target.api

    def rate_limits_of(self, api: str) -> RateLimits:
        """Return the rate limits of an API, which all connections of the session share."""
        return self.rate_limits.setdefault(api, named(api).budget())

    @property
    def adapter(self) -> Api:
        """Adapter of the API it speaks."""
        return named(self.target.api)

    @property
    def api_facts(self) -> ApiFacts:
        """Facts of the API it speaks."""
        return APIS[self.target.api]

    @property
    def catalog(self) -> Catalog:
        """Calls of the API it speaks."""
        return self.adapter.CATALOG

    @property
    def state(self) -> str:
        """``"signed in"``, ``"signed out"``, ``"reconnecting"`` or ``"closed"``."""
        if self.end_reason is not None:
            return State.CLOSED.value
        connection = self.connection
        if connection is None or self.active_account is None:
            return State.SIGNED_OUT.value
        state = connection.state
        if not connection.ready.done() and state in {State.CONNECTING, State.OPEN}:
            return State.AUTHORISED.value  # Deriv has accepted the sign-in; the connection is on its way
        return State.RECONNECTING.value if state is State.OPEN else state.value

    def note_event(self, what: str, why: str, took: float | None) -> None:
        """Add an event to those that `Session.events` lists."""
        self.events.append((time.time(), what, scrub(why), took))

    def not_signed_in(self, call: str) -> DpyauthError:
        """Return the error for a call that needs a sign-in."""
        if self.end_reason is not None:
            return self.end_reason.copy(call)
        because = f": {self.signed_out_because}" if self.signed_out_because else ""
        return NotSignedIn(f"Nobody is signed in{because}. {how_to_sign_in()}", call=call)

    @property
    def credential(self) -> Credential | None:
        """Credential of the account in use."""
        sign_in, account = self.sign_in, self.active_account
        return sign_in.grants.get(account.loginid, sign_in.credential) if sign_in and account else None

    @property
    def grants(self) -> Mapping[str, Credential]:
        """Credentials of all accounts that the sign-in gave access to, by login ID."""
        sign_in = self.sign_in
        return sign_in.grants if sign_in else {}

    def kind_of(self, *, demo: bool) -> str:
        """Return what an account is called where people read it.

        That is ``"demo"`` or ``"real"``, as frames have it; but in the sandbox nothing is real, so it is ``"sample"``.
        """
        return "demo" if demo else "sample" if self.target.loopback else "real"

    @property
    def expiry(self) -> Expiry | None:
        """End of the sign-in, where it is known."""
        return Expiry.of(self.sign_in)

    @property
    def remarks(self) -> str:
        """Remarks on the sign-in for the user, except those dismissed.

        They are made anew on each access, by the time of day, so they cannot be out of date.
        """
        expiry = self.expiry
        due = expiry.due if expiry else None
        ending = expiry.notice(due) if expiry and due != self._dismissed else ""
        return " ".join(filter(None, (self.remark, ending)))

    def dismiss_remarks(self) -> None:
        """Leave out the present remarks from now on."""
        expiry = self.expiry
        self.remark, self._dismissed = "", expiry.due if expiry else None

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Call a function after every change, on some thread; return a function that ends that."""
        self.watchers.append(watcher)
        return lambda: self.watchers.remove(watcher) if watcher in self.watchers else None

    def notify(self) -> None:
        """Call all watchers."""
        for watcher in list(self.watchers):
            try:
                watcher()
            except Exception as error:  # a panel's defect must not disturb the session
                log.error("a watcher of the session failed: %s", type(error).__name__)

    def _forked(self) -> None:
        """Give up the sign-in in a forked process: the connection is its parent's."""
        self._lock = threading.RLock()
        self.end_reason = self.end_reason or SessionClosed(FORKED)
        self.connection = self.sign_in = self.active_account = None
        self.other_connections, self._beginning, self._closing, self.watchers = {}, set(), [], []
        self._opened.clear()
        self._secrets.clear()


def abandoned(opened: weakref.WeakSet[Connection | SignIn]) -> None:
    """Close what a session has left open when its last name is gone. The garbage collector calls this.

    That may be on any thread, in the middle of anything: so this waits for nothing, takes no lock and starts no thread.
    """
    left = list(opened)
    if left:
        background.leave(lambda _: _close_abandoned(left))


def _close_abandoned(left: list[Connection | SignIn]) -> None:
    for each in left:
        each.end(SessionClosed("This session was closed, because nobody had a name for it any more."))


def check_timeout(seconds: float) -> float:
    """Return a time-out in seconds, or raise an error if it makes no sense."""
    if isinstance(seconds, bool) or not isinstance(seconds, numbers.Real) or not 0 < seconds < 86_400:
        raise InvalidSetting("The time-out must be a number of seconds above 0 (and below a day).")
    return float(seconds)
