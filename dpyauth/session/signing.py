"""Signing in and out: which connection is the session's, and whose it is."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from dpyauth.apis.access import named
from dpyauth.errors import CallTimeout, DpyauthError, NotSignedIn, SessionClosed
from dpyauth.plans import result_of
from dpyauth.wire.connection import Connection
from dpyauth.wire.replies import Reply
from dpyauth.wire.state import State

if TYPE_CHECKING:
    import threading
    from collections import deque

    from dpyauth.apis.access import Access, Account, Entrance
    from dpyauth.credentials import Credential
    from dpyauth.secret import Secret
    from dpyauth.settings import Settings
    from dpyauth.wire.budget import Budget

log = logging.getLogger("dpyauth")

REMIND_BEFORE = 300.0
"""How long before its end a sign-in that cannot be renewed is spoken of, in seconds."""

ASK = "Sign in first: enter your token in the panel that dpyauth.login() shows, or run dpyauth.login(token)."


class Signing:
    """The part of a session that signs it in and out. All of it may be called from any thread."""

    _account: Account | None
    _beginning: set[Connection]
    _budget_of: Callable[[str], Budget]
    _connection: Connection | None
    _access: Access | None
    _ended: DpyauthError | None
    _lock: threading.RLock
    _note: Callable[[str, str, float | None], None]
    _others: dict[str, Connection]
    _process: int
    _remark: str
    _said: deque[Secret]
    _settings: Settings
    _signed_out_because: str
    _since: float | None
    _timeout: float
    _watchers: list[Callable[[], None]]

    def _not_signed_in(self, call: str) -> NotSignedIn:
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
        return Connection(
            entrance.address if entrance else named(settings.api).public(settings),
            entrance.greeting if entrance else None,
            direct=settings.loopback,
            budget=self._budget_of(settings.api),
            on_event=self._note,
            on_change=self._on_change,
        )

    def _sign_in(
        self,
        credential: Credential,
        settings: Settings | None = None,
        grants: Mapping[str, Credential] | None = None,
        **options: Any,
    ) -> Future[Account]:
        """Start to sign in, from any thread.

        What is signed in now stays until the new sign-in has succeeded. Cancelling the future calls it off.
        ``grants`` are the credentials of all accounts that came with this one; further options are of the API.
        """
        settings = settings or self._settings
        access = named(settings.api).access(settings, grants or {"": credential}, credential, **options)
        try:
            return self._enter(access, None, settings)
        except DpyauthError:
            access.close()
            raise

    def _switch(self, loginid: str) -> Future[Account]:
        """Start to use another account of the same sign-in, from any thread."""
        with self._lock:
            access = self._access
            if access is None:
                raise self._not_signed_in("authorize")
            return self._enter(access, loginid, self._settings)

    def _enter(self, access: Access, loginid: str | None, settings: Settings) -> Future[Account]:
        entrance = access.entrance(loginid)
        with self._lock:
            if self._ended is not None:
                raise self._ended.again("authorize")
            connection = self._connect(entrance, settings)
            self._beginning.add(connection)
        done: Future[Account] = Future()
        called_off = SessionClosed("This sign-in was called off.")
        done.add_done_callback(lambda _: connection.close(called_off) if done.cancelled() else None)

        def settle(future: Future[Reply | None]) -> None:
            with self._lock:
                self._beginning.discard(connection)
            wanted = done.set_running_or_notify_cancel()
            error = future.exception()
            if error is None and wanted:
                account = entrance.account(future.result() or {})
                left: list[Connection] = []
                leaving: Access | None = None
                with self._lock:
                    is_new = loginid is None
                    error = self._ended
                    if error is None and not is_new and self._access is not access:
                        error = SessionClosed("The session has signed out, or signed in anew. Run the cell again.")
                    if error is None:
                        before, self._connection = self._connection, connection
                        if is_new:
                            leaving, self._access = self._access, access
                            left, self._others = list(self._others.values()), {}
                            access.entered(account)
                            self._remark = ""
                        self._settings, self._account = settings, account
                        self._signed_out_because = ""
                        self._since = time.time()
                if error is None:
                    for other in left:
                        other.close(SessionClosed("The session has signed in anew."))
                    if before is not None:
                        before.close(SessionClosed("The session has signed in anew. Run the cell again."))
                    if leaving is not None:
                        leaving.close()
                    if is_new:
                        self._mind_the_end(access)
                    done.set_result(account)
                    self._tell()
                    return
            connection.close(called_off)
            if access is not self._access:
                access.close()
            if error is not None and wanted:
                done.set_exception(error)

        connection.ready.add_done_callback(settle)
        return done

    def _mind_the_end(self, access: Access) -> None:
        """Say so in time, when the sign-in is going to end and cannot be renewed."""
        ends, errands = access.expires_at, access.errands
        if ends is None or errands is None:
            return

        def remind() -> None:
            if access is self._access:
                at = time.strftime("%H:%M", time.gmtime(ends))
                self._remark = f"This sign-in ends at {at} UTC. Sign in again to go on after that."
                self._note("sign-in ends soon", self._remark, None)
                self._tell()

        errands.later(max(0.0, ends - REMIND_BEFORE - time.time()), remind)

    def _sign_in_and_wait(
        self,
        credential: Credential,
        *,
        settings: Settings | None = None,
        grants: Mapping[str, Credential] | None = None,
        **options: Any,
    ) -> Account:
        """Sign in, and wait for it on the caller's thread."""
        return self._wait_for(self._sign_in(credential, settings, grants, **options))

    def _wait_for(self, future: Future[Account]) -> Account:
        """Wait for a sign-in on the caller's thread."""
        try:
            return result_of(future, self._timeout)
        except DpyauthError as error:
            raise error.again() from None
        except TimeoutError:
            raise CallTimeout(
                f"Deriv did not answer the sign-in within {self._timeout:g} s. Try again, or allow more time "
                "with timeout=.",
                call="authorize",
            ) from None
        finally:
            future.cancel()  # of no effect once it has ended; calls it off after an interrupt

    def _sign_out(self, because: str) -> None:
        with self._lock:
            self._signed_out_because = because
            access, connections = self._let_go()
        for connection in connections:
            connection.close(NotSignedIn(f"Signed out ({because}). {ASK}"))
        if access is not None:
            access.close()
        self._tell()

    def _let_go(self) -> tuple[Access | None, list[Connection]]:
        """Forget who is signed in; returns what to close once the lock is released."""
        connections = [
            connection for connection in (self._connection, *self._others.values()) if connection is not None
        ]
        access, self._access = self._access, None
        self._connection = self._account = None
        self._others = {}
        self._said.clear()
        return access, connections

    def _close(self, error: DpyauthError) -> None:
        if self._process != os.getpid():
            return  # a forked child: the connection is its parent's
        with self._lock:
            if self._ended is not None:
                return
            self._ended = error
            access, connections = self._let_go()
            connections += self._beginning
        for connection in connections:
            connection.close(error)
        if access is not None:
            access.close()
        self._tell()

    def _on_change(self, connection: Connection, state: State) -> None:
        """The connection's state has changed; runs on the background thread."""
        if connection is self._connection:
            others: dict[str, Connection] = {}
            access = None
            if self._account is not None and connection.failure is not None:
                with self._lock:
                    access, self._access, self._account = self._access, None, None
                    others, self._others = self._others, {}
                self._signed_out_because = str(connection.failure).rstrip(".")
            for other in others.values():
                other.close(NotSignedIn(f"Signed out ({self._signed_out_because}). {ASK}"))
            if access is not None:
                access.close()
            self._tell()

    def _keep(self, profile: str) -> str:
        """Keep the credential for the next kernel; returns where, in words."""
        from dpyauth.keep import remember

        with self._lock:
            account, grants, settings = self._account, self._grants, self._settings
        if account is None:
            raise self._not_signed_in("authorize")
        tokens = {loginid: credential.token for loginid, credential in grants.items()}
        return remember(tokens, active=account.loginid, app_id=settings.app_id or "", api=settings.api, profile=profile)

    def _fits(self, credential: Credential | None, settings: Settings) -> bool:
        """Whether this session is what a login with this credential would make; without one, any app ID will do."""
        here = self._settings
        where = (settings.api, settings.server, settings.language)
        if self._ended is not None or where != (here.api, here.server, here.language):
            return False
        if credential is None:
            return True
        mine = self._credential
        same = mine is not None and credential.token == mine.token
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
