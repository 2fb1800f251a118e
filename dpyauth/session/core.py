"""Signing in and out: which connection is the session's, and whose it is."""

from __future__ import annotations

import asyncio
import itertools
import logging
import numbers
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any

from dpyauth import _forks
from dpyauth.apis.base import Api, named
from dpyauth.apis.connection_limit import told
from dpyauth.apis.expiry import Expiry
from dpyauth.apis.retiring import unavailable
from dpyauth.catalog.calls import Catalog
from dpyauth.errors import CallTimeout, DpyauthError, InvalidSetting, NotSignedIn, SessionClosed, SignInRefused
from dpyauth.net.connection import Connection
from dpyauth.net.connector import CLOSE_TIMEOUT
from dpyauth.net.loop import background
from dpyauth.net.rate_limits import RateLimits
from dpyauth.net.state import State
from dpyauth.registry import APIS, ApiFacts
from dpyauth.secret import scrub
from dpyauth.session.blocking import on_loop
from dpyauth.session.sent import KEPT, Sent
from dpyauth.session.steps import LoopWork

if TYPE_CHECKING:
    from collections import deque

    from dpyauth.apis.base import Account, Endpoint, SignIn
    from dpyauth.credentials import Credential
    from dpyauth.net.rate_limits import RateLimits
    from dpyauth.secret import Secret
    from dpyauth.settings import Settings

EVENTS_KEPT = 1000
SAID_KEPT = 50

log = logging.getLogger("dpyauth")

LOOK_EVERY = 5.0
"""How often at least the clock is looked at for a sign-in's end, in seconds: a timer does not notice that the machine
slept."""

ASK = (
    "Sign in first, in the panel that dpyauth.login() shows; where no panel appears, run "
    'dpyauth.login(ask="prompt"), which asks for your token at a prompt that hides it.'
)

FORKED = (
    "This process was forked from the one that signed in; a session cannot be shared between the two. Sign in anew "
    "here with dpyauth.login()."
)


class Core:
    """State of a session, and signing in and out. All of it may be called from any thread.

    `Session` is what users hold; this is what the rooms of dpyauth work with, as ``session.core``.
    """

    def __init__(self, settings: Settings, *, timeout: float = 30.0) -> None:
        self.target = settings
        self.timeout = check_timeout(timeout)
        self._lock = threading.RLock()
        self.connection: Connection | None = None
        self.sign_in: SignIn | None = None  # what the sign-in brought
        self.active_account: Account | None = None
        self.other_connections: dict[str, Connection] = {}  # connections to accounts that are not the one in use
        self._beginning: set[Connection] = set()  # those of sign-ins that have not succeeded or failed yet
        self._leaving: list[Connection | SignIn] = []  # what is still to be closed
        self.end_reason: DpyauthError | None = None
        self.signed_out_because = ""
        self._remark = ""  # something to tell the user of how this sign-in came about
        self._dismissed: float | None = None  # since when what is said of the sign-in's end is not to be said again
        self._watchers: list[Callable[[], None]] = []
        self.rate_limits: dict[str, RateLimits] = {}  # of each API
        self.events: deque[tuple[float, str, str, float | None]] = deque(maxlen=EVENTS_KEPT)
        self.transfers: deque[Sent] = deque(maxlen=KEPT)
        self.since: float | None = None  # when the present sign-in began
        self._said: deque[Secret] = deque(maxlen=SAID_KEPT)  # secrets of the latest calls: replies may repeat them
        self._opened: weakref.WeakSet[Connection | SignIn] = weakref.WeakSet()
        weakref.finalize(self, abandoned, self._opened).atexit = False
        self._ids = itertools.count(1)  # req_ids of all its connections
        _forks.own(self)

    @property
    def api(self) -> str:
        """Name of the API it speaks."""
        return self.target.api

    def rate_limits_of(self, api: str) -> RateLimits:
        return self.rate_limits.setdefault(api, named(api).budget())

    @property
    def adapter(self) -> Api:
        return named(self.target.api)

    @property
    def api_facts(self) -> ApiFacts:
        return APIS[self.target.api]

    @property
    def catalog(self) -> Catalog:
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
        self.events.append((time.time(), what, scrub(why), took))

    def not_signed_in(self, call: str) -> DpyauthError:
        if self.end_reason is not None:
            return self.end_reason.copy(call)
        because = f": {self.signed_out_because}" if self.signed_out_because else ""
        return NotSignedIn(f"Nobody is signed in{because}. {ASK}", call=call)

    @property
    def credential(self) -> Credential | None:
        """Of the account in use."""
        sign_in, account = self.sign_in, self.active_account
        return sign_in.grants.get(account.loginid, sign_in.credential) if sign_in and account else None

    @property
    def grants(self) -> Mapping[str, Credential]:
        """Of all accounts that the sign-in gave access to, by login ID."""
        sign_in = self.sign_in
        return sign_in.grants if sign_in else {}

    def connect(self, endpoint: Endpoint | None, settings: Settings) -> Connection:
        facts, api = APIS[settings.api], named(settings.api)
        made = Connection(
            endpoint.address if endpoint else api.public(settings),
            endpoint.greeting if endpoint else None,
            direct=settings.loopback,
            when_off=partial(unavailable, facts) if facts.retiring else None,
            crowded=facts.crowded,
            rate_limits=self.rate_limits_of(settings.api),
            on_event=_weakly(self.note_event),
            on_change=_weakly(self._on_change),
            ids=self._ids,
            calls=api.CATALOG,
        )
        self._opened.add(made)
        return made

    def start_sign_in(
        self,
        credential: Credential,
        settings: Settings | None = None,
        grants: Mapping[str, Credential] | None = None,
        *,
        early: bool = False,
        **options: Any,
    ) -> Future[Account]:
        """Start to sign in, from any thread.

        What is signed in now stays until the new sign-in has succeeded. Cancelling the future calls it off.
        ``grants`` are the credentials of all accounts that came with this one; further options are of the API, such
        as the login ID of the account to begin with. ``early``: where Deriv accepts it before there is a connection to
        the account, it has succeeded then, and the connection comes by itself.
        """
        settings = settings or self.target
        sign_in = named(settings.api).sign_in(settings, grants or {"": credential}, credential, **options)
        sign_in.allow(self.timeout)
        self._opened.add(sign_in)
        try:
            return self._start(sign_in, None, settings, early=early)
        except DpyauthError as error:
            sign_in.end(error)
            raise

    def _start_switch(self, loginid: str) -> Future[Account]:
        """Start to use another account of the same sign-in, from any thread."""
        with self._lock:
            sign_in = self.sign_in
            if sign_in is None:
                raise self.not_signed_in("authorize")
            return self._start(sign_in, loginid, self.target)

    def _start(
        self, sign_in: SignIn, loginid: str | None, settings: Settings, *, early: bool = False
    ) -> Future[Account]:
        endpoint, is_new = sign_in.endpoint(loginid), loginid is None
        with self._lock:
            if self.end_reason is not None:
                raise self.end_reason.copy("authorize")
            connection = self.connect(endpoint, settings)
            self._beginning.add(connection)
        done: Future[Account] = Future()
        called_off = SessionClosed("This sign-in was called off.")
        done.add_done_callback(lambda _: connection.close(called_off) if done.cancelled() else None)
        entering = [self]  # until it is settled: a connection must not keep a session that nobody has a name for

        def settle(future: Future[Any], account: Callable[[Any], Account]) -> None:
            if not entering or (done.done() and not done.cancelled()):
                return  # it has succeeded early: what becomes of the connection is the session's to see
            session = entering.pop()
            wanted = done.set_running_or_notify_cancel()
            error = future.exception()
            if error is None and wanted:
                found = account(future.result())
                error = session._succeed(found, connection, sign_in, settings, is_new=is_new)
                if error is None:
                    done.set_result(found)
                    session.notify()
                    return
            with session._lock:
                session._beginning.discard(connection)
            connection.close(called_off)
            if sign_in is not session.sign_in:
                sign_in.end(called_off)
            if error is not None and wanted:
                done.set_exception(told(error, APIS[settings.api]) if isinstance(error, DpyauthError) else error)

        def known(future: Future[Account]) -> None:
            if not done.cancelled():
                connection.keep_trying()
                settle(future, lambda account: account)

        if early and endpoint.known is not None:
            endpoint.known.add_done_callback(known)
        connection.ready.add_done_callback(partial(settle, account=lambda reply: endpoint.account(reply or {})))
        connection.start()
        return done

    def _succeed(
        self, account: Account, connection: Connection, sign_in: SignIn, settings: Settings, *, is_new: bool
    ) -> DpyauthError | None:
        """Make this the session's sign-in, or say why not."""
        with self._lock:
            error = self.end_reason
            if error is None and not is_new and self.sign_in is not sign_in:
                error = SessionClosed("The session has signed out, or signed in anew. Run the cell again.")
            if error is not None:
                return error
            self._beginning.discard(connection)
            self._leave_behind(all_of_it=is_new)
            if is_new:
                sign_in.entered(account)
                self.other_connections = {}
            self.connection, self.sign_in = connection, sign_in
            self._remark = sign_in.remark if is_new else ""
            self.target, self.active_account = settings, account
            self.signed_out_because = ""
            self.since = time.time()
        self._close_what_is_left(SessionClosed("The session has signed in anew. Run the cell again."))
        if is_new:
            sign_in.on_refusal = partial(_weakly(self._refused), sign_in)
            self._schedule_expiry_notice(sign_in)
        return None

    # What the user should know of the sign-in

    @property
    def expiry(self) -> Expiry | None:
        return Expiry.of(self.sign_in)

    @property
    def remarks(self) -> str:
        """All of it, but for what was dismissed.

        Made anew whenever it is asked for, by the time of day: so it cannot outlive what it tells.
        """
        expiry = self.expiry
        due = expiry.due if expiry else None
        ending = expiry.notice(due) if expiry and due != self._dismissed else ""
        return " ".join(filter(None, (self._remark, ending)))

    def dismiss_remarks(self) -> None:
        """Leave out from now on what there is to know at present."""
        expiry = self.expiry
        self._remark, self._dismissed = "", expiry.due if expiry else None

    def _schedule_expiry_notice(self, sign_in: SignIn) -> None:
        """Tell the watchers whenever there is something else to say of the sign-in's end."""
        if sign_in.dispatcher is None or sign_in.credential.tokens is None:
            return
        said: float | None = None
        watching = weakref.ref(self)

        def look() -> float | None:
            nonlocal said
            session = watching()
            if session is None or sign_in is not session.sign_in:
                return None
            expiry = Expiry.of(sign_in)
            due = expiry.due if expiry else None
            if due != said:
                said = due
                if expiry and due is not None:
                    what = "sign-in ended" if due == expiry.at else "sign-in ends soon"
                    session.note_event(what, expiry.notice(due), None)
                session.notify()
            wait = expiry.wait if expiry else None
            return LOOK_EVERY if wait is None else min(LOOK_EVERY, wait)

        sign_in.dispatcher.watch(look)

    def _refused(self, sign_in: SignIn, refusal: SignInRefused) -> None:
        """Sign out, because Deriv no longer takes what was signed in with; runs on the background thread."""
        self.sign_out(str(refusal).rstrip("."), refusal, of=sign_in)

    def sign_in_and_wait(
        self,
        credential: Credential,
        *,
        settings: Settings | None = None,
        grants: Mapping[str, Credential] | None = None,
        **options: Any,
    ) -> Account:
        """Sign in, and wait for it on the caller's thread."""

        async def steps() -> Account:
            return await asyncio.wrap_future(self.start_sign_in(credential, settings, grants, **options))

        return self.wait_for_sign_in(steps)

    def wait_for_sign_in(self, steps: LoopWork[Account]) -> Account:
        """Carry out a sign-in on the background thread, and wait for it on the caller's."""
        try:
            return on_loop(steps, self.timeout)
        except TimeoutError:
            raise CallTimeout(
                f"Deriv did not answer the sign-in within {self.timeout:g} s. Try again, or allow more time "
                "with timeout=.",
                call="authorize",
            ) from None

    def sign_out(self, because: str, error: DpyauthError | None = None, of: SignIn | None = None) -> None:
        """Sign out, if only ``of`` one sign-in; calls and streams that are open end with this error."""
        self._end_sign_in(error or NotSignedIn(f"Signed out ({because}). {ASK}"), because, of)
        self.notify()

    def _end_sign_in(self, error: DpyauthError, because: str = "", of: SignIn | None = None) -> None:
        """Close all that the sign-in has opened, on the background thread, and wait for that."""

        def end(_: None) -> None:
            with self._lock:
                if of not in (None, self.sign_in):
                    ended.set()
                    return  # there is another one since
                self.signed_out_because = because or self.signed_out_because
                self._detach()
                if self.end_reason is not None:
                    self._leaving += self._beginning
            for each in self._leaving:
                each.end(error.copy())
            ended.set()

        ended = threading.Event()
        if background.inside():
            end(None)
        else:
            background.post(end)
            ended.wait(CLOSE_TIMEOUT)
        self._close_what_is_left(error)

    def _detach(self) -> None:
        """Forget who is signed in."""
        self._leave_behind(all_of_it=True)
        self.connection = self.sign_in = self.active_account = None
        self.other_connections = {}
        self._said.clear()

    def _leave_behind(self, *, all_of_it: bool) -> None:
        """Put on a list what is to be closed: the connection of the account in use, or all of the sign-in."""
        rest = (*self.other_connections.values(), self.sign_in) if all_of_it else ()
        self._leaving += [each for each in (self.connection, *rest) if each is not None]

    def _close_what_is_left(self, error: DpyauthError) -> None:
        """Close what was let go; where an interrupt comes between, the next one to close something goes on."""
        for each in list(self._leaving):
            each.close(error.copy())
            if each in self._leaving:
                self._leaving.remove(each)

    def end(self, error: DpyauthError) -> None:
        is_news = self.end_reason is None
        self.end_reason = self.end_reason or error
        if self.connection or self.sign_in or self.other_connections or self._beginning or self._leaving:
            self._end_sign_in(self.end_reason)
        if is_news:
            self.notify()

    def _forked(self) -> None:
        """Give up the sign-in in a forked process: the connection is its parent's."""
        self._lock = threading.RLock()
        self.end_reason = self.end_reason or SessionClosed(FORKED)
        self.connection = self.sign_in = self.active_account = None
        self.other_connections, self._beginning, self._leaving, self._watchers = {}, set(), [], []
        self._opened.clear()
        self._said.clear()

    def _on_change(self, connection: Connection, state: State) -> None:
        """The connection's state has changed; runs on the background thread."""
        if connection is self.connection:
            if self.active_account is not None and connection.failure is not None:
                self.sign_out(str(connection.failure).rstrip("."))
            else:
                self.notify()

    def remember(self, profile: str) -> str:
        """Keep the credential for the next kernel; returns where, in words."""
        from dpyauth.storage import remember

        account, grants, settings, mine = self.active_account, self.grants, self.target, self.credential
        if account is None:
            raise self.not_signed_in("authorize")
        return remember(
            {loginid: credential.token for loginid, credential in grants.items()},
            active=account.loginid,
            app_id=settings.app_id or "",
            api=settings.api,
            profile=profile,
            # Also where it is renewed here: what renews it is not kept.
            expires_at=mine.tokens.expires_at if mine and mine.tokens else None,
        )

    def matches(
        self, credential: Credential | None, settings: Settings, grants: Mapping[str, Credential] | None = None
    ) -> bool:
        """Whether this session is what a login with this credential would make; without one, any app ID will do.

        Where it comes with those of all accounts, it does not matter which of these is in use.
        """
        here = self.target
        where = (settings.api, settings.server, settings.language)
        if self.end_reason is not None or where != (here.api, here.server, here.language):
            return False
        if credential is None:
            return True
        mine, all_mine = self.credential, {one.token for one in self.grants.values()}
        same = mine is not None and credential.token == mine.token
        same = same or (grants is not None and {one.token for one in grants.values()} == all_mine)
        return same and settings.app_id == here.app_id

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Have a function called after every change, on some thread; returns what ends that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher) if watcher in self._watchers else None

    def notify(self) -> None:
        for watcher in list(self._watchers):
            try:
                watcher()
            except Exception as error:  # a panel's defect must not disturb the session
                log.error("a watcher of the session failed: %s", type(error).__name__)


def _weakly(method: Callable[..., object]) -> Callable[..., None]:
    """Return a function that calls a session's method for as long as the session is there, and does not keep it."""
    there = weakref.WeakMethod(method)

    def call(*arguments: object) -> None:
        method = there()
        if method is not None:
            method(*arguments)

    return call


def abandoned(opened: weakref.WeakSet[Connection | SignIn]) -> None:
    """Close what a session has left open that nobody has a name for any more. The garbage collector calls this.

    It may do so on any thread, amid anything: so it waits for nothing, takes no lock and starts no thread.
    """
    left = list(opened)
    if left:
        error = SessionClosed("This session was closed, because nobody had a name for it any more.")
        background.leave(lambda _: [each.end(error.copy()) for each in left])


def check_timeout(seconds: float) -> float:
    """A time-out that makes sense."""
    if isinstance(seconds, bool) or not isinstance(seconds, numbers.Real) or not 0 < seconds < 86_400:
        raise InvalidSetting("The time-out must be a number of seconds above 0 (and below a day).")
    return float(seconds)
