"""Run one sign-in at a time, from start to end.

The states are: form (neither ``attempt`` nor ``browser_sign_in``), waiting for the browser (``browser_sign_in``),
busy (``attempt``), and signed in (the session has an account). Results arrive on any thread and may be late, such as
after the user has cancelled. So each result is compared with the current attempt, under ``_lock``, before it changes
anything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import TYPE_CHECKING, Any

from dpyauth._threads import Thread
from dpyauth.apis.base import Account
from dpyauth.errors import DpyauthError, KeepingFailed
from dpyauth.net.loop import background
from dpyauth.panels import sign_in_view
from dpyauth.panels.held_token import HeldToken
from dpyauth.panels.model import PanelModel

if TYPE_CHECKING:
    from dpyauth.credentials import Granted
    from dpyauth.oauth.flows import Result
    from dpyauth.panels.browser_sign_in import BrowserSignIn
    from dpyauth.session import Session
    from dpyauth.settings import Settings


class SignInAttempt(PanelModel):
    """Model of a sign-in in progress: with a token, with the browser, or to another account.

    Parameters
    ----------
    session : Session
        The session to sign in to.
    remember : bool
        Whether to remember the sign-in.
    profile : str
        The name under which the sign-in is remembered.
    loginid : str, optional
        The account to begin with, and no other.
    """

    def __init__(self, session: Session, *, remember: bool, profile: str, loginid: str | None) -> None:
        super().__init__(session)
        self.attempt: Future[Account] | None = None
        """Sign-in in progress, if there is one."""
        self.browser_sign_in: BrowserSignIn | None = None
        """Browser sign-in whose result has not arrived yet, if there is one."""
        self._remember = remember
        self._profile = profile
        self._loginid = loginid
        self._lock = threading.RLock()
        self._held = HeldToken(self._expired)
        self._asked = ""  # the API of the latest attempt
        self._typed = False  # whether the latest attempt used a token that the user entered
        self._again: Callable[[], None] | None = None  # repeats the latest attempt, and creates a demo account
        self._refused_there = False  # whether the API to which Deriv moves users has refused a sign-in
        self._balances: dict[str, object] = {}

    # Starting and stopping

    def _begin(
        self,
        given: Callable[[str], Granted],
        where: Settings,
        *,
        remember: bool,
        **options: Any,
    ) -> None:
        self._remember = remember
        options = {"loginid": self._loginid, **options}
        again = partial(self._begin, given, where, remember=remember, create_demo=True)
        self._follow(lambda: self.session.core.sign_in_with(given, where, **options), where.api, again)

    def _follow(
        self, steps: Callable[[], Coroutine[Any, Any, Account]], api: str, again: Callable[[], None] | None = None
    ) -> None:
        """Run the steps of a sign-in on the background thread; cancelling the attempt stops them."""
        attempt: Future[Account] = Future()
        with self._lock:  # otherwise a quick attempt could end before it is stored here
            before = self.attempt
            background.run(steps, attempt)
            self.attempt = attempt
            browser, self.browser_sign_in = self.browser_sign_in, None
            self._notice, self._asked, self._again = None, api, again
        if before is not None:
            before.cancel()
        if browser is not None:
            browser.end()
        self.changed()
        attempt.add_done_callback(self._ended)

    def _use(self, loginid: str) -> None:
        self._follow(lambda: self.session.core.switch_to(loginid), self.session.api)

    def cancel(self) -> None:
        """Stop the sign-in in progress."""
        with self._lock:
            attempt, self.attempt = self.attempt, None
        if attempt is not None:
            attempt.cancel()
        self.hand_over()
        self.changed()

    def hand_over(self) -> None:
        """Stop waiting for the browser, because a newer panel asks now.

        Two listeners on the same port cannot exist, and a result must not sign in the old session.
        """
        self._forget()
        with self._lock:
            browser, self.browser_sign_in = self.browser_sign_in, None
        if browser is not None:
            browser.end()
            self.changed()

    def close(self) -> None:
        """Close the panel for good."""
        super().close()
        self._forget()

    def _forget(self) -> None:
        """Forget the token that was entered."""
        self._held.drop()
        self._again = None

    def _expired(self) -> None:
        """Remove the button that needs the expired token; the text of the notice stays."""
        self._again = None
        if (notice := self._notice) is not None:
            self._notice = lambda: {name: said for name, said in notice().items() if name != "offer"}
        self.changed()

    # How it ends

    def _ended(self, attempt: Future[Account]) -> None:
        with self._lock:
            if attempt is not self.attempt:
                return
            if not attempt.cancelled() and attempt.exception() is None:
                # Use another thread: this may be the background thread, and waiting on it would block the connection.
                # Start it before the panel shows the sign-in, so that code that sees the sign-in can wait for it.
                Thread(self._afterwards, "dpyauth-signed-in").start()
            self.attempt = None
        try:
            attempt.result()
        except CancelledError:
            self.changed()
        except DpyauthError as error:
            if not sign_in_view.account_missing(error):
                self._again = None
            if sign_in_view.token_is_no_good(error):
                self._held.drop()
            self.fail(error)
        except Exception as error:
            self.report_defect(error)
        else:
            self._again, self._refused_there = None, False
            self._held.drop()
            self.changed()

    def _afterwards(self) -> None:
        session = self.session
        try:
            if self._remember:
                session.core.remember(self._profile)
        except KeepingFailed as error:
            self.fail(error)
        except DpyauthError:
            pass  # already signed out again
        try:
            account = session.core.active_account
            if len(session.core.grants) > 1 and account and not any("balance" in row for row in account.rows):
                balances = session.balance("all", decimal=True).set_index("loginid")["balance"].dropna()
                self._balances = {str(loginid): balance for loginid, balance in balances.items()}
        except DpyauthError:
            pass  # balances are an extra; the token may lack the scope
        self.changed()

    # How a browser sign-in ends

    def arrived(self, browser: BrowserSignIn, result: Result) -> None:
        """Sign in with the result."""

        async def steps() -> Account:
            given = await result.given()
            options = {"loginid": self._loginid, **browser.flow.options}
            return await self.session.core.sign_in_with(lambda api: given, browser.flow.settings, **options)

        with self._lock:
            if browser is not self.browser_sign_in or browser.taken:
                return  # the result came twice, or too late
            browser.taken = True
        self._remember = browser.remember
        self._follow(steps, browser.flow.settings.api)

    def over(self, browser: BrowserSignIn) -> None:
        """Return to the form, since the sign-in has ended without access."""
        if browser is self.browser_sign_in:
            self.cancel()

    def late(self, browser: BrowserSignIn) -> None:
        """Return to the form, and say that the sign-in took too long."""
        if browser is self.browser_sign_in:
            self.cancel()
            minutes = browser.timer.interval / 60
            self._notice = lambda: sign_in_view.late(minutes, self.words)
            self.changed()

    def failed(self, browser: BrowserSignIn, error: DpyauthError) -> None:
        """Show what is wrong with the result."""
        if browser is self.browser_sign_in:
            self.fail(error)
