"""Connect a session, sign it in, and keep its credential."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any

from dpyauth.apis.base import by_looks, by_name_only, named
from dpyauth.apis.connection_limit import told
from dpyauth.apis.retiring import unavailable
from dpyauth.errors import CallTimeout, DpyauthError, SessionClosed, SignInRefused
from dpyauth.net.connection import Connection
from dpyauth.net.connector import OPEN_TIMEOUT
from dpyauth.net.state import State
from dpyauth.registry import APIS
from dpyauth.session import expiry_notice
from dpyauth.session.blocking import on_loop
from dpyauth.session.signing_out import SigningOut
from dpyauth.session.steps import LoopWork
from dpyauth.texts.said import said

if TYPE_CHECKING:
    from dpyauth.apis.base import Account, Endpoint, SignIn
    from dpyauth.credentials import Credential, Granted
    from dpyauth.settings import Settings


_OF_THE_ACCOUNT = {"AccountDisabled", "DisabledClient", "SelfExclusion"}
"""Error codes that are about one account although its token is valid, if each account has its own token."""


class SigningIn(SigningOut):
    """Core that connects and signs in."""

    def connect(self, endpoint: Endpoint | None, settings: Settings) -> Connection:
        """Return a new connection to an endpoint, or to the public one. It connects when it is started."""
        facts, api = APIS[settings.api], named(settings.api)
        made = Connection(
            endpoint.address if endpoint else api.public(settings),
            endpoint.greeting if endpoint else None,
            direct=settings.loopback,
            when_off=partial(unavailable, facts) if facts.retiring else None,
            crowded=facts.crowded,
            rate_limits=self.rate_limits_of(settings.api),
            # Weak: while it is open, the background thread keeps the connection. If the connection kept the session, a
            # session without a name would never be collected, and its connection would stay open until the kernel ends.
            on_event=weakly(self.note_event),
            on_change=weakly(self._on_change),
            ids=self._ids,
            calls=api.CATALOG,
        )
        self._opened.add(made)
        return made

    def forget(self, connection: Connection) -> None:
        """Forget a connection whose sign-in has failed."""
        with self._lock:
            self._beginning.discard(connection)

    def _on_change(self, connection: Connection, state: State) -> None:
        """Handle a change of a connection's state, on the background thread."""
        if connection is self.connection:
            if self.active_account is not None and connection.failure is not None:
                self.sign_out(connection.failure.text)
            else:
                self.notify()

    def check_reachable(self, settings: Settings) -> None:
        """Connect once if Deriv may have switched the API off, so that the user does not enter a token for nothing.

        Raises
        ------
        ConnectionFailed, SignInRefused
            As for signing in.
        """
        if not APIS[settings.api].retiring:
            return
        connection = self.connect(None, settings)
        connection.start()
        try:
            connection.ready.result(OPEN_TIMEOUT)
        except TimeoutError:
            pass  # not known: let the sign-in itself find out
        finally:
            connection.close(SessionClosed("This connection was only a test."))

    async def sign_in_with(self, given: Callable[[str], Granted], settings: Settings, **options: Any) -> Account:
        """Sign in to one API; a token is never tried on another.

        Parameters
        ----------
        given : callable
            Function that takes the name of an API and returns the credentials to sign in with; may raise
            InvalidCredential.
        settings : Settings
            Settings of the Deriv to sign in to.
        **options
            Further options of the API's sign-in: ``loginid``, the only account to start with; ``kept``, the remembered
            account. If v3 has closed that account, a demo account of the same sign-in is used instead.

        Returns
        -------
        Account
            Account that is now in use.

        Raises
        ------
        SignInRefused
            Deriv does not accept the token, the account or the app ID.
        InvalidCredential, InvalidSetting, ConnectionFailed, SessionClosed, BadReply
            As for `start_sign_in`.

        Examples
        --------
        >>> import asyncio, dpyauth
        >>> core = dpyauth.login(sandbox=True).core
        >>> asyncio.run(core.sign_in_with(lambda api: (core.credential, None), core.target)).loginid
        'DOT900003'
        """
        credential, grants = given(settings.api)
        try:
            return await asyncio.wrap_future(self.start_sign_in(credential, settings, grants, **options))
        except SignInRefused as refusal:
            # Only a demo account may stand in for a closed one: a user who did not ask for it must never end up in an
            # account with real money.
            if refusal.code not in _OF_THE_ACCOUNT or options.get("loginid") or not grants:
                raise
            demos = [account.loginid for account in by_looks(grants) if account.demo]
            real = [loginid for loginid in grants if loginid not in demos]
            tried = next((loginid for loginid in demos if grants[loginid] is credential), None)
            if tried is not None and real:
                refusal.add_note(by_name_only(tried, real))
            if tried is not None or not demos:
                raise
            try:
                return await asyncio.wrap_future(self.start_sign_in(grants[demos[0]], settings, grants, **options))
            except DpyauthError:
                raise refusal from None

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

        The present sign-in stays until the new one has succeeded. Cancelling the future cancels the new sign-in.

        Parameters
        ----------
        credential : Credential
            Credential to start with.
        settings : Settings, optional
            Settings of the Deriv to sign in to; the session's if left out.
        grants : mapping, optional
            Credentials of all accounts that came with this one, by login ID.
        early : bool
            Succeed as soon as Deriv accepts the sign-in; the connection to the account then opens in the background.
        **options
            Options of the API's sign-in, such as the login ID of the account to start with.

        Returns
        -------
        Future
            Ends with the account, or with the error.
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

    def start_switch(self, loginid: str) -> Future[Account]:
        """Start to switch to another account of the same sign-in, from any thread."""
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
        called_off = SessionClosed(said("sign_in_cancelled"))
        done.add_done_callback(lambda _: connection.close(called_off) if done.cancelled() else None)
        # A list, emptied when settled: the callbacks below live as long as the connection, which must not keep the
        # session alive.
        entering = [self]

        def settle(future: Future[Any], account: Callable[[Any], Account]) -> None:
            if not entering or (done.done() and not done.cancelled()):
                return  # succeeded early; since then, `_on_change` handles what happens to the connection
            session = entering.pop()
            # From here on, cancelling has no effect, so the outcome below and what the caller sees cannot differ.
            wanted = done.set_running_or_notify_cancel()
            error = future.exception()
            if error is None and wanted:
                found = account(future.result())
                error = session._succeed(found, connection, sign_in, settings, is_new=is_new)
                if error is None:
                    done.set_result(found)
                    session.notify()
                    return
            session.forget(connection)
            connection.close(called_off)
            if sign_in is not session.sign_in:  # a failed switch must not end the sign-in that is in use
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
        """Make this the session's sign-in, or return the error that prevents it.

        The sign-in took a while, and other threads went on meanwhile: the session may be closed by now, or a switch may
        belong to a sign-in that has been replaced. So this checks again, under the lock.
        """
        with self._lock:
            error = self.end_reason
            if error is None and not is_new and self.sign_in is not sign_in:
                error = SessionClosed(said("signed_out_meanwhile"))
            if error is not None:
                return error
            self._beginning.discard(connection)
            self._put_aside(all_of_it=is_new)
            if is_new:
                sign_in.entered(account)
                self.other_connections = {}
            self.connection, self.sign_in = connection, sign_in
            self.remark = sign_in.remark if is_new else ""
            # The user may have changed the language during the sign-in.
            self.target, self.active_account = settings._replace(language=self.target.language), account
            self.signed_out_because = ""
            self.since = time.time()
        # Not under the lock: closing may wait for the background thread, which may be waiting for the lock.
        self._close_rest(SessionClosed(said("signed_in_again")))
        if is_new:
            sign_in.on_refusal = partial(weakly(self._refused), sign_in)
            expiry_notice.schedule(self, sign_in)
        return None

    def _refused(self, sign_in: SignIn, refusal: SignInRefused) -> None:
        """Sign out because Deriv no longer accepts the credential, on the background thread."""
        self.sign_out(refusal.text, refusal, of=sign_in)

    def sign_in_and_wait(
        self,
        credential: Credential,
        *,
        settings: Settings | None = None,
        grants: Mapping[str, Credential] | None = None,
        **options: Any,
    ) -> Account:
        """Sign in, and wait for the result on the caller's thread."""

        async def steps() -> Account:
            return await asyncio.wrap_future(self.start_sign_in(credential, settings, grants, **options))

        return self.wait_for_sign_in(steps)

    def wait_for_sign_in(self, steps: LoopWork[Account]) -> Account:
        """Run a sign-in on the background thread, and wait for it on the caller's."""
        try:
            return on_loop(steps, self.timeout)
        except TimeoutError:
            raise CallTimeout(said("sign_in_timeout", seconds=self.timeout), call="authorize") from None

    def remember(self, profile: str) -> str:
        """Store the credential for the next kernel; return the place, in words."""
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
            # Also if this session renews it: the refresh token is not stored.
            expires_at=mine.tokens.expires_at if mine and mine.tokens else None,
        )

    def matches(
        self, credential: Credential | None, settings: Settings, grants: Mapping[str, Credential] | None = None
    ) -> bool:
        """Return whether a login with this credential would make the same session.

        Without a credential, the app ID does not matter. With the credentials of all accounts, it does not matter which
        account is in use.
        """
        here = self.target
        where = (settings.api, settings.server, settings.language)
        if self.end_reason is not None or where != (here.api, here.server, here.language):
            return False
        if credential is None:
            return True
        mine, all_mine = self.credential, {granted.token for granted in self.grants.values()}
        same = mine is not None and credential.token == mine.token
        same = same or (grants is not None and {granted.token for granted in grants.values()} == all_mine)
        return same and settings.app_id == here.app_id


def weakly(method: Callable[..., object]) -> Callable[..., None]:
    """Return a function that calls a method while its object lives, but does not keep the object alive."""
    there = weakref.WeakMethod(method)

    def call(*arguments: object) -> None:
        method = there()
        if method is not None:
            method(*arguments)

    return call
