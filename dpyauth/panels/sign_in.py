"""Model the sign-in panel: what the user enters and clicks, and what there is to show."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import TYPE_CHECKING, Any

from dpyauth._threads import Thread
from dpyauth.apis.base import Account
from dpyauth.credentials import Secret, checked
from dpyauth.errors import ApiUnavailable, DpyauthError, InvalidCredential, KeepingFailed, SignInRefused
from dpyauth.panels import sign_in_view
from dpyauth.panels.account_choice import AccountChoice
from dpyauth.panels.attempts import reach, run, sign_in
from dpyauth.panels.held_token import HeldToken
from dpyauth.panels.model import PanelModel
from dpyauth.panels.texts import texts
from dpyauth.registry import APIS, DEFAULT
from dpyauth.targets import Targets

if TYPE_CHECKING:
    from dpyauth.credentials import Granted
    from dpyauth.oauth.flows import Result
    from dpyauth.panels.browser_sign_in import Browsing
    from dpyauth.sandbox import Sandbox
    from dpyauth.session import Session
    from dpyauth.settings import Settings

_SOURCE = "the sign-in panel"


class SignInModel(PanelModel):
    """Model of the sign-in panel.

    Parameters
    ----------
    session : Session
        The session to sign in to.
    sandbox : Sandbox, optional
        The sandbox it is a session with, if it is.
    api : str, optional
        The API, where the user has chosen one: the panel asks for nothing else.
    redirect_url : str, optional
        The redirect URL registered for the app, where it leads to this machine or the options API is meant.
    oauth_host : str, optional
        Another place for Deriv's sign-in pages.
    remember : bool
        Whether the box to remember the sign-in is ticked from the start.
    profile : str
        The name it is remembered under.
    loginid : str, optional
        The account to begin with, and no other.
    """

    name = "sign-in"

    def __init__(
        self,
        session: Session,
        *,
        sandbox: Sandbox | None = None,
        api: str | None = None,
        redirect_url: str | None = None,
        oauth_host: str | None = None,
        remember: bool = False,
        profile: str = "default",
        loginid: str | None = None,
    ) -> None:
        super().__init__(session)
        self.words = texts("switcher", session.core.target.language) | self.words
        self._sandbox = sandbox
        here = session.core.target
        server = (
            None if sandbox is not None or here.server in {facts.server for facts in APIS.values()} else here.server
        )
        self._choice = Targets(sandbox, server, here.language)
        self._there = list(APIS) if server is None else [here.api]
        self._apis = [api] if api in self._there else self._there  # those that the panel asks for
        self._unavailable = ""  # the one that has turned out to be
        self._refused_there = False  # whether the API to which Deriv moves people has refused
        self._samples = sign_in_view.samples(sandbox) if sandbox is not None else {}
        self._redirect_url = redirect_url
        self._oauth_host = oauth_host
        self._remember = remember
        self._profile = profile
        self._loginid = loginid
        self._choosing = AccountChoice(session, self._use, super().dismiss)
        self._lock = threading.RLock()
        self._kept = HeldToken(self._expired)
        self._attempt: Future[Account] | None = None
        self._asked = ""  # the API of the latest attempt
        self._typed = False  # whether that is one with a token that was entered
        self._again: Callable[[], None] | None = None  # the latest attempt, but with a demo account made for it
        self._browser: Browsing | None = None
        self._balances: dict[str, str] = {}

    # What the user does

    def handle(self, message: dict[str, Any]) -> None:
        """Do what the user did in the browser; a token is taken out of the message."""
        api, app_id, remember = _text(message, "api"), _text(message, "app_id"), message.get("remember") is True
        match message:
            case {"do": "sign-in"}:
                self.token(_taken(message, "token"), app_id, api=api, remember=remember)
            case {"do": "sample", "name": str(name)}:
                self.sample(name, api)
            case {"do": "create-demo"}:
                self.create_demo()
            case {"do": "browser"}:
                begun = None
                try:
                    begun = self.browser(
                        app_id,
                        _text(message, "callback") or None,
                        api=api,
                        redirect_url=_text(message, "redirect_url"),
                        create_demo=message.get("create_demo") is True,
                        closable=message.get("window") is True,
                        remember=remember,
                    )
                finally:
                    self.send({"browser": begun})  # or nothing: then the window can close
            case {"do": "returned", "nonce": str(nonce)}:
                self.returned(nonce, _taken(message, "query"))
            case {"do": "pasted"}:
                self.pasted(_taken(message, "address"))
            case {"do": "confirm"}:
                self.confirm()
            case {"do": "cancel"}:
                self.cancel()
            case {"do": "sign-out"}:
                self.sign_out()
            case _:
                self._choosing.handle(message)

    def token(self, token: Secret, app_id: str, *, api: str = "", remember: bool = False) -> None:
        """Sign in with a token, or with the one that is kept where this one is empty.

        ``api``: the API whose fields it was entered in; without one, the first. The token is kept until Deriv has
        taken or refused it, so that a wrong app ID or a break of the network costs no token.
        """
        api = api if api in self._apis else self._apis[0]
        given = token if token.reveal().strip() else self._kept.get(api) or token
        self.dismiss()  # or the same mistake twice would change nothing, and look like no answer
        self._asked, self._typed = api, True
        mine = self._choice.kind(given, likely=True)
        if mine in self._apis and mine != api:
            self._kept.keep(given, mine)
            self._notice = sign_in_view.of_another_api(mine, api, self.words)
            self.changed()
            return
        self._kept.keep(given, api)
        where = self._choice.complete(api, app_id)
        try:
            checked(given, _SOURCE, api)
        except InvalidCredential:
            self._kept.drop()
            raise
        self._begin(lambda api: (checked(given, _SOURCE, api), None), where, remember=remember)

    def sample(self, name: str, api: str = "") -> None:
        """Sign in with one of the sandbox's sample tokens."""
        api = api or self._apis[0]
        token = self._samples.get(api, {}).get(name)
        if token is not None:
            self.token(Secret(token), "", api=api)

    def create_demo(self) -> None:
        """Sign in again with what was refused because there is no account, and have a demo account created."""
        again, self._again = self._again, None
        if again is not None:
            again()

    def browser(
        self,
        app_id: str,
        callback: str | None,
        *,
        remember: bool,
        api: str = "",
        redirect_url: str = "",
        create_demo: bool = False,
        closable: bool = False,
    ) -> dict[str, Any]:
        """Begin to sign in with the browser.

        ``callback`` is the address of the callback page that the Jupyter server has, if it has one; ``closable`` says
        that the panel has opened a window for it, and will close it when something has come back. Returns the
        address to open, the nonce by which the panel knows its own window again, and whether that window may come
        back by itself.
        """
        from dpyauth.oauth.flows import WAYS, Options, leads_to
        from dpyauth.panels.browser_sign_in import Browsing

        self.cancel()
        api = api if api in self._apis else self._apis[0]
        self._asked, self._typed = api, False
        back = redirect_url.strip() or self._redirect_url
        wish = Options(self._oauth_host, back, callback, create_demo)
        way = WAYS[api](self._choice, app_id, wish)
        reach(self.session, way.settings)
        browser = Browsing(way, self, remember=remember, closable=closable)
        self._browser, self._notice = browser, None
        browser.start()
        if browser.trouble:
            self._notice = sign_in_view.unheard(browser.trouble, self.words)
        self.changed()
        leads = browser.way.redirect_url
        comes_back = callback is not None and (leads is None or leads_to(leads, callback))
        return {"url": browser.way.url, "nonce": browser.nonce.reveal(), "automatic": comes_back}

    def returned(self, nonce: str, query: Secret) -> None:
        """Take what came back at the callback page."""
        if (browser := self._browser) is not None:
            browser.returned(nonce, query)

    def confirm(self) -> None:
        """Accept what came back, for which the user vouches."""
        if (browser := self._browser) is not None:
            browser.confirm()

    def pasted(self, address: Secret) -> None:
        """Take the address at which the sign-in ended, as the user has pasted it."""
        if (browser := self._browser) is not None:
            self.dismiss()
            browser.pasted(address)

    def _use(self, loginid: str) -> None:
        self._follow(lambda: run(lambda: self.session.core.switch_to(loginid)), self.session.api)

    def cancel(self) -> None:
        """Stop what is under way."""
        with self._lock:
            attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.cancel()
        self.hand_over()
        self.changed()

    def hand_over(self) -> None:
        """Leave the browser's return to another panel, which asks now."""
        self._forget()
        with self._lock:
            browser, self._browser = self._browser, None
        if browser is not None:
            browser.end()
            self.changed()

    def close(self) -> None:
        """Take the panel away for good."""
        super().close()
        self._forget()

    def dismiss(self) -> None:
        """Take away the notice, and the token that was kept for another try."""
        self._forget()
        self._notice = None
        self.session.core.dismiss_remarks()
        self.changed()

    def sign_out(self) -> None:
        """Sign out; the credential stays valid at Deriv."""
        self._notice = self._again = None
        self.session.core.sign_out("you signed out")

    def fail(self, error: DpyauthError) -> None:
        """Show what went wrong, and offer what may help."""
        offer = ""
        if not self._kept.api:
            self._again = None  # what it takes has been dropped meanwhile
        if sign_in_view.account_missing(error):
            offer = "demo" if self._again else "" if self._typed else "demo with Deriv"
        elif (sign_in_view.token_refused(error) or isinstance(error, ApiUnavailable)) and DEFAULT in self._there:
            self._apis = self._there  # Deriv has probably moved the user to the other one
            offer = "" if self._refused_there else "move"
        elif isinstance(error, SignInRefused) and self._asked == DEFAULT:
            self._refused_there = True
        if isinstance(error, ApiUnavailable):
            self._unavailable = error.api
        tried = self._refused_there and self._asked != DEFAULT
        self._notice = sign_in_view.trouble(error, self._asked, offer, self.words, typed=self._typed, tried=tried)
        self.changed()

    # What there is to show

    def view(self) -> dict[str, Any]:
        """Return everything that the panel shows; it holds no secret."""
        session = self.session
        account, state, notice = sign_in_view.account(session), session.state, self._notice
        with self._lock:  # for a moment there must be neither
            attempt, browser = self._attempt, self._browser
        if notice is None and attempt is None:
            notice = sign_in_view.news(session, self.words)
        if state == "closed":
            self._forget()
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
            "host": session.core.target.host,
            "elsewhere": self._choice.server is not None,
            "sandbox": self._sandbox is not None,
            "forms": [self._form(api) for api in self._apis],
            "kept": self._kept.api,
            "redirect_url": self._redirect_url or "",
            "samples": {api: list(self._samples[api]) for api in self._apis if api in self._samples},
            "account": account,
            "scopes": sign_in_view.scopes(session, self.words),
            "accounts": sign_in_view.accounts(session, self._balances),
            "asking": self._choosing.asking,
            "remember": self._remember,
            "held": list(browser.loginids) if browser else [],
            "listening": browser is not None and browser.listener is not None,
            "notice": notice,
        }

    def without_panel(self) -> str:
        """Say how to sign in where the front end shows no panels."""
        return "" if self.session.loginid is not None else self.text("no_panel")

    # What becomes of a browser sign-in

    def arrived(self, browsing: Browsing, brought: Result) -> None:
        """Sign in with what came back."""

        async def steps() -> Account:
            given = await brought.given()
            options = {"loginid": self._loginid, **browsing.way.options}
            return await sign_in(self.session, lambda api: given, browsing.way.settings, **options)

        with self._lock:
            if browsing is not self._browser or browsing.taken:
                return  # it came twice, or too late
            browsing.taken = True
        self._remember = browsing.remember
        self._follow(lambda: run(steps), browsing.way.settings.api)

    def over(self, browsing: Browsing) -> None:
        """Return to the form: it has ended without access."""
        if browsing is self._browser:
            self.cancel()

    def late(self, browsing: Browsing) -> None:
        """Return to the form, and say that nothing came back in time."""
        if browsing is self._browser:
            self.cancel()
            self._notice = sign_in_view.late(browsing.timer.interval, self.words)
            self.changed()

    def failed(self, browsing: Browsing, error: DpyauthError) -> None:
        """Show what is wrong with what came back."""
        if browsing is self._browser:
            self.fail(error)

    # Inside

    def _forget(self) -> None:
        """Forget the token that was entered."""
        self._kept.drop()
        self._again = None

    def _expired(self) -> None:
        """Take away the button that needs the token, whose time is over; what is said stays."""
        self._again = None
        self._notice = self._notice and {name: said for name, said in self._notice.items() if name != "offer"}
        self.changed()

    def _form(self, api: str) -> dict[str, Any]:
        form = sign_in_view.form(api, self._choice, self.session.core.target)
        return form | {"open": form["open"] and api != self._unavailable}

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
        self._follow(lambda: run(lambda: sign_in(self.session, given, where, **options)), where.api, again)

    def _follow(self, start: Callable[[], Future[Account]], api: str, again: Callable[[], None] | None = None) -> None:
        with self._lock:  # or a quick one would be over before it is known here
            before = self._attempt
            attempt = self._attempt = start()
            browser, self._browser = self._browser, None
            self._notice, self._asked, self._again = None, api, again
        if before is not None:
            before.cancel()
        if browser is not None:
            browser.end()
        self.changed()
        attempt.add_done_callback(self._ended)

    def _ended(self, attempt: Future[Account]) -> None:
        with self._lock:
            if attempt is not self._attempt:
                return
            if not attempt.cancelled() and attempt.exception() is None:
                # It may take a while, and this may be the thread that the connection needs. Before the panel says that
                # the user is in: who sees that may wait for the rest.
                Thread(self._afterwards, "dpyauth-signed-in").start()
            self._attempt = None
        try:
            attempt.result()
        except CancelledError:
            self.changed()
        except DpyauthError as error:
            if not sign_in_view.account_missing(error):
                self._again = None
            if sign_in_view.token_is_no_good(error):
                self._kept.drop()
            self.fail(error)
        except Exception as error:
            self.report_defect(error)
        else:
            self._again, self._refused_there = None, False
            self._kept.drop()
            self.changed()

    def _afterwards(self) -> None:
        session = self.session
        try:
            if self._remember:
                session.core.remember(self._profile)
        except KeepingFailed as error:
            self.fail(error)
        except DpyauthError:
            pass  # signed out again already
        try:
            account = session.core.active_account
            if len(session.core.grants) > 1 and account and not any("balance" in row for row in account.rows):
                balances = session.balance("all", decimal=True).set_index("loginid")["balance"].dropna()
                self._balances = {str(loginid): sign_in_view.money(balance) for loginid, balance in balances.items()}
        except DpyauthError:
            pass  # an extra; a token may not be allowed to see them
        self.changed()


def _text(message: dict[str, Any], name: str) -> str:
    value = message.get(name)
    return value if isinstance(value, str) else ""


def _taken(message: dict[str, Any], name: str) -> Secret:
    return Secret(str(message.pop(name, "")))
