"""Signing in and out: which connection is the session's, and whose it is."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from dpyauth.apis import v3
from dpyauth.errors import CallTimeout, DpyauthError, NotSignedIn, SessionClosed
from dpyauth.plans import result_of
from dpyauth.wire.connection import Connection
from dpyauth.wire.replies import Reply
from dpyauth.wire.state import State

if TYPE_CHECKING:
    import threading

    from dpyauth.apis.v3 import Account
    from dpyauth.credentials import Credential
    from dpyauth.settings import Settings
    from dpyauth.wire.budget import Budget

log = logging.getLogger("dpyauth")

ASK = "Sign in first: enter your API token in the panel that dpyauth.login() shows, or run dpyauth.login(token)."


class Signing:
    """The part of a session that signs it in and out. All of it may be called from any thread."""

    _account: Account | None
    _beginning: set[Connection]
    _budget: Budget
    _connection: Connection | None
    _credential: Credential | None
    _ended: DpyauthError | None
    _grants: dict[str, Credential]
    _lock: threading.RLock
    _note: Callable[[str, str, float | None], None]
    _others: dict[str, Connection]
    _process: int
    _settings: Settings
    _signed_out_because: str
    _since: float | None
    _timeout: float
    _watchers: list[Callable[[], None]]

    def _not_signed_in(self, call: str) -> NotSignedIn:
        because = f" ({self._signed_out_because})" if self._signed_out_because else ""
        return NotSignedIn(f"Nobody is signed in{because}. {ASK}", call=call)

    def _connect(self, credential: Credential | None, settings: Settings) -> Connection:
        return Connection(
            settings.url,
            v3.greeting(credential) if credential else None,
            direct=settings.loopback,
            budget=self._budget,
            on_event=self._note,
            on_change=self._on_change,
        )

    def _sign_in(
        self, credential: Credential, settings: Settings | None = None, grants: dict[str, Credential] | None = None
    ) -> Future[Account]:
        """Start to sign in, from any thread.

        What is signed in now stays until the new sign-in has succeeded. Cancelling the future calls it off.
        ``grants`` are the credentials of all accounts that came with this one.
        """
        settings = settings or self._settings
        with self._lock:
            if self._ended is not None:
                raise self._ended.again("authorize")
            connection = self._connect(credential, settings)
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
                account = v3.account(future.result() or {})
                with self._lock:
                    error = self._ended
                    if error is None:
                        before, self._connection = self._connection, connection
                        self._settings, self._credential, self._account = settings, credential, account
                        others: dict[str, Connection] = {}
                        if grants is not self._grants:  # else it is the same sign-in, and its connections stay
                            others, self._others = self._others, {}
                            self._grants = {account.loginid: credential} if grants is None else grants
                        self._signed_out_because = ""
                        self._since = time.time()
                if error is None:
                    for other in others.values():
                        other.close(SessionClosed("The session has signed in anew."))
                    if before is not None:
                        before.close(SessionClosed("The session has signed in anew. Run the cell again."))
                    done.set_result(account)
                    self._tell()
                    return
            connection.close(called_off)
            if error is not None and wanted:
                done.set_exception(error)

        connection.ready.add_done_callback(settle)
        return done

    def _sign_in_and_wait(self, credential: Credential, *, grants: dict[str, Credential] | None = None) -> Account:
        """Sign in, and wait for it on the caller's thread."""
        future = self._sign_in(credential, grants=grants)
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
            connections = self._let_go()
        for connection in connections:
            connection.close(NotSignedIn(f"Signed out ({because}). {ASK}"))
        self._tell()

    def _let_go(self) -> list[Connection]:
        """Forget who is signed in; returns the connections to close, once the lock is released."""
        connections = [
            connection for connection in (self._connection, *self._others.values()) if connection is not None
        ]
        self._connection = self._account = self._credential = None
        self._grants, self._others = {}, {}
        return connections

    def _close(self, error: DpyauthError) -> None:
        if self._process != os.getpid():
            return  # a forked child: the connection is its parent's
        with self._lock:
            if self._ended is not None:
                return
            self._ended = error
            connections = [*self._let_go(), *self._beginning]
        for connection in connections:
            connection.close(error)
        self._tell()

    def _on_change(self, connection: Connection, state: State) -> None:
        """The connection's state has changed; runs on the background thread."""
        if connection is self._connection:
            others: dict[str, Connection] = {}
            if self._account is not None and connection.failure is not None:
                with self._lock:
                    self._account = self._credential = None
                    others, self._others, self._grants = self._others, {}, {}
                self._signed_out_because = str(connection.failure).rstrip(".")
            for other in others.values():
                other.close(NotSignedIn(f"Signed out ({self._signed_out_because}). {ASK}"))
            self._tell()

    def _keep(self, profile: str) -> str:
        """Keep the credential for the next kernel; returns where, in words."""
        from dpyauth.keep import remember

        with self._lock:
            account, grants, app_id = self._account, self._grants, self._settings.app_id
        if account is None:
            raise self._not_signed_in("authorize")
        tokens = {loginid: credential.token for loginid, credential in grants.items()}
        return remember(tokens, active=account.loginid, app_id=app_id, profile=profile)

    def _fits(self, credential: Credential | None, settings: Settings) -> bool:
        """Whether this session is what a login with this credential would make; without one, any app ID will do."""
        here = self._settings
        if self._ended is not None or (settings.server, settings.language) != (here.server, here.language):
            return False
        if credential is None:
            return True
        same = self._credential is not None and credential.token == self._credential.token
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
