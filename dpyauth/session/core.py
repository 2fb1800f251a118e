"""Keep the state of a session: its connections, its sign-in, the account in use, and its events."""

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
from dpyauth.texts.said import Said, joined, said

if TYPE_CHECKING:
    from dpyauth.apis.base import Account, SignIn
    from dpyauth.credentials import Credential
    from dpyauth.net.rate_limits import RateLimits
    from dpyauth.secret import Secret
    from dpyauth.settings import Settings

EVENTS_KEPT = 1000
SECRETS_KEPT = 50

log = logging.getLogger("dpyauth")


def how_to_sign_in() -> Said:
    """Return how to sign in, as a sentence for errors. It depends on where the code runs."""
    ways = _environment.ways_to_ask()
    if ways == ("panel", "prompt"):
        return said("how_in_panel_or_prompt")
    if "panel" in ways:
        return said("how_in_page" if _environment.in_voila() else "how_in_panel")
    if "prompt" in ways:
        return said("how_at_prompt")
    if _environment.in_streamlit():
        return said("how_in_streamlit")
    place = _environment.secrets_place()
    return said("how_with_secrets", place=place) if place else said("how_in_environment")


def not_signed_in(because: str) -> Said:
    """Return the text for a call that needs a sign-in; ``because`` is a sentence that says why there is none."""
    how = how_to_sign_in()
    return said("not_signed_in_because", why=because, how=how) if because else said("not_signed_in", how=how)


class Core:
    """State of a session. All methods may be called from any thread.

    Users have a `Session`; the other packages of dpyauth work with its ``core``. That is a `Payloads`, at the end of a
    chain of classes that each add one thing: `Core`, `SigningOut`, `SigningIn`, `Sending`, `Accounts`, `Payloads`.
    """

    def __init__(self, settings: Settings, *, timeout: float = 30.0) -> None:
        self.target = settings
        self.timeout = check_timeout(timeout)
        self._lock = threading.RLock()
        self.connection: Connection | None = None
        self.sign_in: SignIn | None = None  # the present sign-in, with all its accounts
        self.active_account: Account | None = None
        self.other_connections: dict[str, Connection] = {}  # by login ID, to accounts other than the active one
        self._beginning: set[Connection] = set()  # of sign-ins in progress
        self._closing: list[Connection | SignIn] = []  # to be closed; see SigningOut
        self.end_reason: DpyauthError | None = None
        self.successor: weakref.ref[Core] | None = None  # core of the session that has replaced this one
        self.cell: int | None = None  # number of the latest cell in which `login` returned this session
        self.signed_out_because = ""  # a sentence, `Said` if it can be translated
        self.remark = ""  # for the user, about how this sign-in was made; `Said`, too
        self._dismissed: float | None = None  # due time of the expiry notice that the user has dismissed
        self.watchers: list[Callable[[], None]] = []
        self.rate_limits: dict[str, RateLimits] = {}  # by API
        self.events: deque[tuple[float, str, str, float | None]] = deque(maxlen=EVENTS_KEPT)
        self.transfers: deque[Sent] = deque(maxlen=KEPT)
        self.since: float | None = None  # time of the present sign-in
        self._secrets: deque[Secret] = deque(maxlen=SECRETS_KEPT)  # of the latest calls: replies may repeat them
        # Once its last name is gone, the user can no longer close a session, so a finalizer closes what it has opened.
        # The finalizer gets this set and not `self`: a reference to `self` would keep the session alive for ever. The
        # set is weak, so that it does not keep closed connections. Not at exit: `signin.current` closes sessions then.
        self._opened: weakref.WeakSet[Connection | SignIn] = weakref.WeakSet()
        weakref.finalize(self, abandoned, self._opened).atexit = False
        self._ids = itertools.count(1)  # req_ids, unique over all its connections
        _forks.own(self)

    @property
    def api(self) -> str:
        """Name of the API in use."""
        return self.target.api

    def rate_limits_of(self, api: str) -> RateLimits:
        """Return the rate limits of an API, which all connections of the session share."""
        return self.rate_limits.setdefault(api, named(api).budget())

    @property
    def adapter(self) -> Api:
        """Adapter of the API in use."""
        return named(self.target.api)

    @property
    def api_facts(self) -> ApiFacts:
        """Facts about the API in use."""
        return APIS[self.target.api]

    @property
    def catalog(self) -> Catalog:
        """Calls of the API in use."""
        return self.adapter.CATALOG

    def speak(self, language: str) -> None:
        """Change the language of the texts, to the one with this tag."""
        with self._lock:
            self.target = self.target._replace(language=language)
        self.notify()

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
            return State.AUTHORISED.value  # signed in already, with ``early``; the connection is still being made
        return State.RECONNECTING.value if state is State.OPEN else state.value

    def note_event(self, what: str, why: str, took: float | None) -> None:
        """Record an event for `Session.events`."""
        self.events.append((time.time(), what, scrub(why), took))

    def not_signed_in(self, call: str) -> DpyauthError:
        """Return the error for a call that needs a sign-in."""
        if self.end_reason is not None:
            return self.end_reason.copy(call)
        return NotSignedIn(not_signed_in(self.signed_out_because), call=call)

    @property
    def credential(self) -> Credential | None:
        """Credential of the account in use."""
        sign_in, account = self.sign_in, self.active_account
        return sign_in.grants.get(account.loginid, sign_in.credential) if sign_in and account else None

    @property
    def grants(self) -> Mapping[str, Credential]:
        """Credentials of all accounts of the sign-in, by login ID."""
        sign_in = self.sign_in
        return sign_in.grants if sign_in else {}

    def kind_of(self, *, demo: bool) -> str:
        """Return the kind of an account for display.

        That is ``"demo"`` or ``"real"``, as in frames; but in the sandbox nothing is real, so it is ``"sample"``.
        """
        return "demo" if demo else "sample" if self.target.loopback else "real"

    @property
    def expiry(self) -> Expiry | None:
        """End of the sign-in; None if it is not known."""
        return Expiry.of(self.sign_in)

    @property
    def remarks(self) -> str:
        """Remarks on the sign-in for the user, except dismissed ones; `Said`, unless there are none.

        They are computed on each access from the current time, so they are never out of date.
        """
        expiry = self.expiry
        due = expiry.due if expiry else None
        ending = expiry.notice(due) if expiry and due != self._dismissed else ""
        return joined(self.remark, ending)

    def dismiss_remarks(self) -> None:
        """Do not show the present remarks again."""
        expiry = self.expiry
        self.remark, self._dismissed = "", expiry.due if expiry else None

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Call a function after every change, on whichever thread it happens; return a function that stops this."""
        self.watchers.append(watcher)
        return lambda: self.watchers.remove(watcher) if watcher in self.watchers else None

    def notify(self) -> None:
        """Call all watchers."""
        for watcher in list(self.watchers):  # a copy: a watcher may stop watching while it is called
            try:
                watcher()
            except Exception as error:  # a bug in a panel must not disturb the session
                log.error("a watcher of the session failed: %s", type(error).__name__)

    def _forked(self) -> None:
        """Give up the sign-in in a forked process: the connection is its parent's."""
        self._lock = threading.RLock()  # a new one: a thread that does not exist here may have held the old one
        self.end_reason = self.end_reason or SessionClosed(said("session_forked"))
        self.connection = self.sign_in = self.active_account = None
        self.other_connections, self._beginning, self._closing, self.watchers = {}, set(), [], []
        self._opened.clear()  # not closed: a goodbye from here would end the parent's connection
        self._secrets.clear()


def abandoned(opened: weakref.WeakSet[Connection | SignIn]) -> None:
    """Close what a session has left open when the session is garbage-collected.

    The garbage collector may call this on any thread, in the middle of anything, even while that thread holds a lock.
    So this waits for nothing, takes no lock and starts no thread.
    """
    left = list(opened)
    if left:
        background.leave(lambda _: _close_abandoned(left))


def _close_abandoned(left: list[Connection | SignIn]) -> None:
    for each in left:
        each.end(SessionClosed(said("session_dropped")))


def check_timeout(seconds: float) -> float:
    """Return a time-out in seconds as float, or raise `InvalidSetting`."""
    if isinstance(seconds, bool) or not isinstance(seconds, numbers.Real) or not 0 < seconds < 86_400:
        raise InvalidSetting(said("timeout_invalid"))
    return float(seconds)
