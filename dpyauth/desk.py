"""Signing in as the panel goes through it: what the reader does, and what there is to show. No widgets here."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dpyauth import environment
from dpyauth.apis.v3 import SCOPE_LABELS, Account
from dpyauth.credentials import Credential, Secret, api_token
from dpyauth.errors import (
    ConnectionFailed,
    DpyauthError,
    InvalidCredential,
    InvalidSetting,
    KeepingFailed,
    ListenerFailed,
    RedirectRefused,
    SignInRefused,
)
from dpyauth.oauth.listener import Listener
from dpyauth.oauth.redirect import FOREIGN, HOST, Grant, authorize_url, new_state, parse
from dpyauth.settings import settings

if TYPE_CHECKING:
    from dpyauth.sandbox import Sandbox
    from dpyauth.session import Session

PATIENCE = 600.0
"""How long a browser sign-in may take, in seconds."""

_TITLES: dict[type[DpyauthError], str] = {
    InvalidCredential: "Check the API token",
    InvalidSetting: "Check the app ID",
    RedirectRefused: "The sign-in with Deriv did not work",
    SignInRefused: "Deriv did not let you in",
    ConnectionFailed: "Deriv cannot be reached",
    KeepingFailed: "Signed in, but not remembered",
}

_NO_GOOD = FOREIGN | {"damaged"}

_ELSEWHERE = (
    " This notebook runs on another machine than your own: a token that is limited to your internet address does not "
    "work here."
)


@dataclass(slots=True)
class _Browser:
    """A browser sign-in that is under way."""

    state: Secret
    nonce: Secret
    app_id: str
    remember: bool
    timer: threading.Timer
    listener: Listener | None = None
    taken: bool = False
    """What came back is being used."""
    held: tuple[Grant, ...] = ()
    """What came back without the mark of this sign-in, until the reader says that it is theirs."""


class Desk:
    """One reader signing in to one session.

    Its methods may be called from any thread and return at once; ``changed`` is called after every change.

    Parameters
    ----------
    session : Session
        The session to sign in to.
    box : Sandbox, optional
        The sandbox it is a session with, if it is.
    redirect_url : str, optional
        The redirect URL registered for the app, where it leads to this machine.
    oauth_host : str, optional
        Another place for Deriv's sign-in pages.
    remember : bool
        Whether the box to remember the sign-in is ticked from the start.
    profile : str
        The name it is remembered under.
    """

    def __init__(
        self,
        session: Session,
        *,
        box: Sandbox | None = None,
        redirect_url: str | None = None,
        oauth_host: str | None = None,
        remember: bool = False,
        profile: str = "default",
    ) -> None:
        self.changed: Callable[[], None] = lambda: None
        self.session = session
        self._box = box
        self._samples = {sample.label: sample for sample in box.tokens if sample.kind == "api"} if box else {}
        self._redirect_url = redirect_url
        self._oauth_host = oauth_host or (box.oauth_host if box else HOST)
        self._remember = remember
        self._profile = profile
        self._lock = threading.RLock()
        self._attempt: Future[Account] | None = None
        self._browser: _Browser | None = None
        self._notice: dict[str, str] | None = None
        self._balances: dict[str, str] = {}

    # What the reader does

    def token(self, token: Secret, app_id: str, *, remember: bool = False) -> None:
        """Sign in with an API token."""
        self.dismiss()  # or the same mistake twice would change nothing, and look like no answer
        self._begin({"": api_token(token, "the sign-in panel")}, app_id, remember)

    def sample(self, name: str) -> None:
        """Sign in with one of the sandbox's sample tokens."""
        if name in self._samples:
            self.token(Secret(self._samples[name].token), self.session._settings.app_id)

    def browser(self, app_id: str, callback: str | None, *, signup: bool, remember: bool) -> dict[str, str]:
        """Begin to sign in with the browser.

        ``callback`` is the address of the callback page that the Jupyter server has, if it has one. Returns the
        address to open, and the nonce by which the panel knows its own window again.
        """
        self.cancel()
        if self._box is not None:  # the sandbox lets everybody register an app; at Deriv one does it beforehand
            back = self._redirect_url or callback or "http://localhost/dpyauth"
            try:
                app_id = str(self._box.register_app("dpyauth lessons", back, ("read", "trading_information")))
            except ValueError as error:
                raise RedirectRefused(str(error), code="redirect_url") from None
        state, nonce = new_state(), Secret(secrets.token_urlsafe(24))
        url = authorize_url(
            app_id, host=self._oauth_host, language=self.session._settings.language, signup=signup, state=state
        )
        timer = threading.Timer(PATIENCE, lambda: self._too_late(browser))
        timer.daemon = True
        self._notice = None
        self._browser = browser = _Browser(state, nonce, app_id, remember, timer)
        self._listen(browser)
        timer.start()
        self.changed()
        return {"url": url, "nonce": nonce.reveal()}

    def returned(self, nonce: str, query: Secret) -> None:
        """The callback page has handed over what came back."""
        browser = self._browser
        if browser is None or Secret(nonce) != browser.nonce:
            return  # of another sign-in, or of nobody's
        try:
            self._accept(parse(query, state=browser.state, pasted=False), browser)
        except RedirectRefused as error:
            if error.code != "state_missing":
                self._refused(error, browser)
                raise
            # It came from the window that the panel opened, but only a person may vouch for it.
            browser.held = parse(query, state=browser.state, pasted=True)
            self.changed()

    def confirm(self) -> None:
        """The reader vouches for what came back."""
        browser = self._browser
        if browser is not None and browser.held:
            self._accept(browser.held, browser)

    def pasted(self, address: Secret, app_id: str, *, remember: bool) -> None:
        """The reader has pasted the address at which the sign-in ended."""
        self.dismiss()
        browser = self._browser
        if browser is None:
            self._accept_grants(parse(address, state=None, pasted=True), app_id, remember)
            return
        try:
            self._accept(parse(address, state=browser.state, pasted=True), browser)
        except RedirectRefused as error:
            self._refused(error, browser)
            raise

    def choose(self, loginid: str) -> None:
        """Use another account of the same sign-in."""
        grants = self.session._grants
        if loginid in grants:
            self._follow(self.session._sign_in(grants[loginid], grants=grants))

    def cancel(self) -> None:
        """Call off what is under way."""
        with self._lock:
            attempt, self._attempt = self._attempt, None
            browser, self._browser = self._browser, None
        if attempt is not None:
            attempt.cancel()
        if browser is not None:
            _end(browser)
        self.changed()

    def hand_over(self) -> None:
        """Another desk asks now: the browser comes back to that one."""
        with self._lock:
            browser, self._browser = self._browser, None
        if browser is not None:
            _end(browser)
            self.changed()

    def dismiss(self) -> None:
        """Take away what was said."""
        self._notice = None
        self.changed()

    def sign_out(self) -> None:
        """Sign out; the credential stays valid at Deriv."""
        self._notice = None
        self.session._sign_out("you signed out")

    def fail(self, error: DpyauthError) -> None:
        """Say what went wrong."""
        title = next((title for kind, title in _TITLES.items() if isinstance(error, kind)), "That did not work")
        text = str(error)
        if isinstance(error, SignInRefused) and error.code == "InvalidToken" and environment.on_hosted_server():
            text += _ELSEWHERE
        self._notice = {"title": title, "text": text, "kind": "error"}
        self.changed()

    # What there is to show

    def look(self) -> dict[str, Any]:
        """Everything that the panel shows; holds no secret."""
        session = self.session
        account, state, notice = session._account, session.state, self._notice
        with self._lock:  # for a moment there must be neither
            attempt, browser = self._attempt, self._browser
        if notice is None and attempt is None and state == "signed out" and session._signed_out_because:
            because = session._signed_out_because
            notice = {"title": "Signed out", "text": f"{because[0].upper()}{because[1:]}.", "kind": "info"}
        if state == "closed":
            phase = "closed"
        elif attempt is not None:
            phase = "busy"
        elif browser is not None:
            phase = "browser"
        else:
            phase = "in" if account else "form"
        return {
            "phase": phase,
            "state": state,
            "host": session._settings.host,
            "sandbox": self._box is not None,
            "app_id": session._settings.app_id,
            "samples": list(self._samples),
            "account": self._shown(account) if account else None,
            "accounts": self._siblings(account) if account else [],
            "remember": self._remember,
            "held": [grant.loginid for grant in browser.held] if browser else [],
            "listening": browser is not None and browser.listener is not None,
            "notice": notice,
        }

    def _shown(self, account: Account) -> dict[str, Any]:
        scopes = account.scopes or ()
        return {
            "loginid": account.loginid,
            "currency": account.currency,
            "kind": account.kind,
            "source": credential.source if (credential := self.session._credential) else "",
            "scopes": [SCOPE_LABELS.get(scope, scope) for scope in scopes],
        }

    def _siblings(self, account: Account) -> list[dict[str, Any]]:
        """The accounts to choose from, when the sign-in gave access to several."""
        granted = self.session._grants
        if len(granted) < 2:
            return []
        listed = {str(row.get("loginid")): row for row in account.rows}
        return [
            {
                "loginid": loginid,
                "currency": str(listed.get(loginid, {}).get("currency") or ""),
                "kind": "demo" if _is_demo(loginid, listed.get(loginid, {})) else "real",
                "balance": self._balances.get(loginid, ""),
                "current": loginid == account.loginid,
            }
            for loginid in granted
        ]

    # Inside

    def _listen(self, browser: _Browser) -> None:
        if self._redirect_url is None:
            return
        try:
            listener = Listener(self._redirect_url, browser.state, PATIENCE)
        except ListenerFailed as error:
            # The address can still be pasted, so this is no failure of the sign-in.
            self._notice = {"title": "Paste the address when you are back", "text": str(error), "kind": "info"}
            return
        browser.listener = listener
        listener.future.add_done_callback(lambda caught: self._caught(caught, browser))

    def _caught(self, caught: Future[tuple[Grant, ...]], browser: _Browser) -> None:
        if caught.cancelled() or browser is not self._browser:
            return
        error = caught.exception()
        if isinstance(error, RedirectRefused):
            self._refused(error, browser)
            self.fail(error)
        elif error is not None:
            self._too_late(browser)
        else:
            try:
                self._accept(caught.result(), browser)
            except DpyauthError as failure:  # the session was closed meanwhile
                self.fail(failure)

    def _refused(self, error: RedirectRefused, browser: _Browser) -> None:
        """Where it was Deriv that gave no access, the sign-in has ended; an address that is no good may be mended."""
        if error.code not in _NO_GOOD and browser is self._browser:
            self.cancel()

    def _accept(self, grants: tuple[Grant, ...], browser: _Browser) -> None:
        with self._lock:
            if browser is not self._browser or browser.taken:
                return  # it came twice, or too late
            browser.taken = True
        try:
            self._accept_grants(grants, browser.app_id, browser.remember)
        except DpyauthError:
            self.cancel()
            raise

    def _accept_grants(self, grants: tuple[Grant, ...], app_id: str, remember: bool) -> None:
        self._begin(
            {grant.loginid: Credential(grant.token, "signing in with Deriv") for grant in grants}, app_id, remember
        )

    def _begin(self, credentials: dict[str, Credential], app_id: str, remember: bool) -> None:
        """Sign in with the first of these; ``""`` stands for an account that is not known yet."""
        now = self.session._settings
        where = settings(app_id, now.server, now.language)
        grants = credentials if "" not in credentials else None
        first = next(iter(credentials.values()))
        self._remember = remember
        self._follow(self.session._sign_in(first, where, grants))

    def _follow(self, attempt: Future[Account]) -> None:
        with self._lock:
            before, self._attempt = self._attempt, attempt
            browser, self._browser = self._browser, None
            self._notice = None
        if before is not None:
            before.cancel()
        if browser is not None:
            _end(browser)
        self.changed()
        attempt.add_done_callback(self._ended)

    def _ended(self, attempt: Future[Account]) -> None:
        with self._lock:
            if attempt is not self._attempt:
                return
            self._attempt = None
        try:
            attempt.result()
        except CancelledError:
            self.changed()
        except DpyauthError as error:
            self.fail(error)
        else:
            self.changed()
            # Both may take a while, and this may be the thread that the connection needs.
            threading.Thread(target=self._afterwards, name="dpyauth-desk", daemon=True).start()

    def _afterwards(self) -> None:
        session = self.session
        try:
            if self._remember:
                session._keep(self._profile)
        except KeepingFailed as error:
            self.fail(error)
        except DpyauthError:
            pass  # signed out again already
        try:
            if len(session._grants) > 1:
                balances = session.balance("all", decimal=True).set_index("loginid")["balance"].dropna()
                self._balances = {str(loginid): f"{balance:,f}" for loginid, balance in balances.items()}
        except DpyauthError:
            pass  # an extra; a token may not be allowed to see them
        self.changed()

    def _too_late(self, browser: _Browser) -> None:
        if browser is self._browser:
            self.cancel()
            minutes = PATIENCE / 60
            self._notice = {
                "title": "The sign-in with Deriv took too long",
                "text": f"Nothing came back within {minutes:.0f} minutes. Start again when you are ready.",
                "kind": "info",
            }
            self.changed()


def _end(browser: _Browser) -> None:
    browser.timer.cancel()
    if browser.listener is not None:
        browser.listener.cancel()


def _is_demo(loginid: str, row: Any) -> bool:
    said = row.get("is_virtual")
    return bool(said) if said is not None else loginid.startswith("VR")
