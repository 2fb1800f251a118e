"""Signing in and out: which connection is the session's, and whose it is."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any

from dpyauth.apis.access import named
from dpyauth.apis.crowded import told
from dpyauth.apis.expiry import Expiry
from dpyauth.apis.retiring import unavailable
from dpyauth.errors import CallTimeout, DpyauthError, NotSignedIn, SessionClosed, SignInRefused
from dpyauth.plans import Steps, take
from dpyauth.registry import APIS
from dpyauth.wire.background import background
from dpyauth.wire.connection import CLOSE_TIMEOUT, Connection
from dpyauth.wire.state import State

if TYPE_CHECKING:
    from collections import deque
    from datetime import datetime

    from dpyauth.apis.access import Access, Account, Entrance
    from dpyauth.credentials import Credential
    from dpyauth.secret import Secret
    from dpyauth.settings import Settings
    from dpyauth.wire.budget import Budget

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


class Signing:
    """The part of a session that signs it in and out. All of it may be called from any thread."""

    _account: Account | None
    _beginning: set[Connection]
    _budget_of: Callable[[str], Budget]
    _connection: Connection | None
    _access: Access | None
    _ended: DpyauthError | None
    _ids: Iterator[int]
    _lock: threading.RLock
    _leaving: list[Connection | Access]
    _note: Callable[[str, str, float | None], None]
    _opened: weakref.WeakSet[Connection | Access]
    _others: dict[str, Connection]
    _dismissed: float | None
    _remark: str
    _said: deque[Secret]
    _settings: Settings
    _signed_out_because: str
    _since: float | None
    _timeout: float
    _watchers: list[Callable[[], None]]

    def _not_signed_in(self, call: str) -> DpyauthError:
        if self._ended is not None:
            return self._ended.again(call)
        because = f": {self._signed_out_because}" if self._signed_out_because else ""
        return NotSignedIn(f"Nobody is signed in{because}. {ASK}", call=call)

    @property
    def _credential(self) -> Credential | None:
        """Of the account in use."""
        access, account = self._access, self._account
        return access.grants.get(account.loginid, access.credential) if access and account else None

    @property
    def _grants(self) -> Mapping[str, Credential]:
        """Of all accounts that the sign-in gave access to, by login ID."""
        access = self._access
        return access.grants if access else {}

    def _connect(self, entrance: Entrance | None, settings: Settings) -> Connection:
        facts, api = APIS[settings.api], named(settings.api)
        made = Connection(
            entrance.address if entrance else api.public(settings),
            entrance.greeting if entrance else None,
            direct=settings.loopback,
            when_off=partial(unavailable, facts) if facts.retiring else None,
            crowded=facts.crowded,
            budget=self._budget_of(settings.api),
            on_event=_weakly(self._note),
            on_change=_weakly(self._on_change),
            ids=self._ids,
            calls=api.CATALOG,
        )
        self._opened.add(made)
        return made

    def _sign_in(
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
        settings = settings or self._settings
        access = named(settings.api).access(settings, grants or {"": credential}, credential, **options)
        access.allow(self._timeout)
        self._opened.add(access)
        try:
            return self._enter(access, None, settings, early=early)
        except DpyauthError as error:
            access.end(error)
            raise

    def _switch(self, loginid: str) -> Future[Account]:
        """Start to use another account of the same sign-in, from any thread."""
        with self._lock:
            access = self._access
            if access is None:
                raise self._not_signed_in("authorize")
            return self._enter(access, loginid, self._settings)

    def _enter(
        self, access: Access, loginid: str | None, settings: Settings, *, early: bool = False
    ) -> Future[Account]:
        entrance, is_new = access.entrance(loginid), loginid is None
        with self._lock:
            if self._ended is not None:
                raise self._ended.again("authorize")
            connection = self._connect(entrance, settings)
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
                error = session._succeed(found, connection, access, settings, is_new=is_new)
                if error is None:
                    done.set_result(found)
                    session._tell()
                    return
            with session._lock:
                session._beginning.discard(connection)
            connection.close(called_off)
            if access is not session._access:
                access.end(called_off)
            if error is not None and wanted:
                done.set_exception(told(error, APIS[settings.api]) if isinstance(error, DpyauthError) else error)

        def known(future: Future[Account]) -> None:
            if not done.cancelled():
                connection.keep_trying()
                settle(future, lambda account: account)

        if early and entrance.known is not None:
            entrance.known.add_done_callback(known)
        connection.ready.add_done_callback(partial(settle, account=lambda reply: entrance.account(reply or {})))
        connection.start()
        return done

    def _succeed(
        self, account: Account, connection: Connection, access: Access, settings: Settings, *, is_new: bool
    ) -> DpyauthError | None:
        """Make this the session's sign-in, or say why not."""
        with self._lock:
            error = self._ended
            if error is None and not is_new and self._access is not access:
                error = SessionClosed("The session has signed out, or signed in anew. Run the cell again.")
            if error is not None:
                return error
            self._beginning.discard(connection)
            self._leave_behind(all_of_it=is_new)
            if is_new:
                access.entered(account)
                self._others = {}
            self._connection, self._access = connection, access
            self._remark = access.remark if is_new else ""
            self._settings, self._account = settings, account
            self._signed_out_because = ""
            self._since = time.time()
        self._close_what_is_left(SessionClosed("The session has signed in anew. Run the cell again."))
        if is_new:
            access.on_refusal = partial(_weakly(self._refused), access)
            self._watch_the_end(access)
        return None

    # What the user should know of the sign-in

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
        expiry = self._expiry
        return expiry.utc if expiry else None

    @property
    def _expiry(self) -> Expiry | None:
        return Expiry.of(self._access)

    @property
    def _remarks(self) -> str:
        """All of it, but for what was dismissed.

        Made anew whenever it is asked for, by the time of day: so it cannot outlive what it tells.
        """
        expiry = self._expiry
        due = expiry.due if expiry else None
        ending = expiry.notice(due) if expiry and due != self._dismissed else ""
        return " ".join(filter(None, (self._remark, ending)))

    def _dismiss(self) -> None:
        """Leave out from now on what there is to know at present."""
        expiry = self._expiry
        self._remark, self._dismissed = "", expiry.due if expiry else None

    def _watch_the_end(self, access: Access) -> None:
        """Tell the watchers whenever there is something else to say of the sign-in's end."""
        if access.errands is None or access.credential.tokens is None:
            return
        said: float | None = None
        watching = weakref.ref(self)

        def look() -> float | None:
            nonlocal said
            session = watching()
            if session is None or access is not session._access:
                return None
            expiry = Expiry.of(access)
            due = expiry.due if expiry else None
            if due != said:
                said = due
                if expiry and due is not None:
                    what = "sign-in ended" if due == expiry.at else "sign-in ends soon"
                    session._note(what, expiry.notice(due), None)
                session._tell()
            wait = expiry.wait if expiry else None
            return LOOK_EVERY if wait is None else min(LOOK_EVERY, wait)

        access.errands.watch(look)

    def _refused(self, access: Access, refusal: SignInRefused) -> None:
        """Sign out, because Deriv no longer takes what was signed in with; runs on the background thread."""
        self._sign_out(str(refusal).rstrip("."), refusal, of=access)

    def _sign_in_and_wait(
        self,
        credential: Credential,
        *,
        settings: Settings | None = None,
        grants: Mapping[str, Credential] | None = None,
        **options: Any,
    ) -> Account:
        """Sign in, and wait for it on the caller's thread."""

        async def steps() -> Account:
            return await asyncio.wrap_future(self._sign_in(credential, settings, grants, **options))

        return self._wait_for(steps)

    def _wait_for(self, steps: Steps[Account]) -> Account:
        """Carry out a sign-in on the background thread, and wait for it on the caller's."""
        try:
            return take(steps, self._timeout)
        except TimeoutError:
            raise CallTimeout(
                f"Deriv did not answer the sign-in within {self._timeout:g} s. Try again, or allow more time "
                "with timeout=.",
                call="authorize",
            ) from None

    def _sign_out(self, because: str, error: DpyauthError | None = None, of: Access | None = None) -> None:
        """Sign out, if only ``of`` one sign-in; calls and streams that are open end with this error."""
        self._end_sign_in(error or NotSignedIn(f"Signed out ({because}). {ASK}"), because, of)
        self._tell()

    def _end_sign_in(self, error: DpyauthError, because: str = "", of: Access | None = None) -> None:
        """Close all that the sign-in has opened, on the background thread, and wait for that."""

        def end(_: None) -> None:
            with self._lock:
                if of not in (None, self._access):
                    ended.set()
                    return  # there is another one since
                self._signed_out_because = because or self._signed_out_because
                self._let_go()
                if self._ended is not None:
                    self._leaving += self._beginning
            for each in self._leaving:
                each.end(error.again())
            ended.set()

        ended = threading.Event()
        if background.inside():
            end(None)
        else:
            background.post(end)
            ended.wait(CLOSE_TIMEOUT)
        self._close_what_is_left(error)

    def _let_go(self) -> None:
        """Forget who is signed in."""
        self._leave_behind(all_of_it=True)
        self._connection = self._access = self._account = None
        self._others = {}
        self._said.clear()

    def _leave_behind(self, *, all_of_it: bool) -> None:
        """Put on a list what is to be closed: the connection of the account in use, or all of the sign-in."""
        rest = (*self._others.values(), self._access) if all_of_it else ()
        self._leaving += [each for each in (self._connection, *rest) if each is not None]

    def _close_what_is_left(self, error: DpyauthError) -> None:
        """Close what was let go; where an interrupt comes between, the next one to close something goes on."""
        for each in list(self._leaving):
            each.close(error.again())
            if each in self._leaving:
                self._leaving.remove(each)

    def _close(self, error: DpyauthError) -> None:
        is_news = self._ended is None
        self._ended = self._ended or error
        if self._connection or self._access or self._others or self._beginning or self._leaving:
            self._end_sign_in(self._ended)
        if is_news:
            self._tell()

    def _forked(self) -> None:
        """Give up the sign-in in a forked process: the connection is its parent's."""
        self._lock = threading.RLock()
        self._ended = self._ended or SessionClosed(FORKED)
        self._connection = self._access = self._account = None
        self._others, self._beginning, self._leaving, self._watchers = {}, set(), [], []
        self._opened.clear()
        self._said.clear()

    def _on_change(self, connection: Connection, state: State) -> None:
        """The connection's state has changed; runs on the background thread."""
        if connection is self._connection:
            if self._account is not None and connection.failure is not None:
                self._sign_out(str(connection.failure).rstrip("."))
            else:
                self._tell()

    def _keep(self, profile: str) -> str:
        """Keep the credential for the next kernel; returns where, in words."""
        from dpyauth.keep import remember

        account, grants, settings, mine = self._account, self._grants, self._settings, self._credential
        if account is None:
            raise self._not_signed_in("authorize")
        return remember(
            {loginid: credential.token for loginid, credential in grants.items()},
            active=account.loginid,
            app_id=settings.app_id or "",
            api=settings.api,
            profile=profile,
            # Also where it is renewed here: what renews it is not kept.
            expires_at=mine.tokens.expires_at if mine and mine.tokens else None,
        )

    def _fits(
        self, credential: Credential | None, settings: Settings, grants: Mapping[str, Credential] | None = None
    ) -> bool:
        """Whether this session is what a login with this credential would make; without one, any app ID will do.

        Where it comes with those of all accounts, it does not matter which of these is in use.
        """
        here = self._settings
        where = (settings.api, settings.server, settings.language)
        if self._ended is not None or where != (here.api, here.server, here.language):
            return False
        if credential is None:
            return True
        mine, all_mine = self._credential, {one.token for one in self._grants.values()}
        same = mine is not None and credential.token == mine.token
        same = same or (grants is not None and {one.token for one in grants.values()} == all_mine)
        return same and settings.app_id == here.app_id

    def _watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Have a function called after every change, on some thread; returns what ends that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher) if watcher in self._watchers else None

    def _tell(self) -> None:
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


def abandoned(opened: weakref.WeakSet[Connection | Access]) -> None:
    """Close what a session has left open that nobody has a name for any more. The garbage collector calls this.

    It may do so on any thread, amid anything: so it waits for nothing, takes no lock and starts no thread.
    """
    left = list(opened)
    if left:
        error = SessionClosed("This session was closed, because nobody had a name for it any more.")
        background.leave(lambda _: [each.end(error.again()) for each in left])
