"""Model the sign-in panel: handle what the user enters and clicks, and return what to show."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dpyauth import _environment
from dpyauth.credentials import Secret, checked
from dpyauth.errors import ApiUnavailable, DpyauthError, InvalidCredential, SignInRefused
from dpyauth.panels import account_view, sign_in_view
from dpyauth.panels.account_choice import AccountChoice
from dpyauth.panels.sign_in_attempt import SignInAttempt
from dpyauth.panels.stills import account_tables as stills
from dpyauth.registry import APIS, DEFAULT
from dpyauth.targets import Targets
from dpyauth.texts.languages import names, negotiated
from dpyauth.texts.said import said

if TYPE_CHECKING:
    from dpyauth.sandbox import Sandbox
    from dpyauth.session import Session

_SOURCE = said("source_panel")


class SignInModel(SignInAttempt):
    """Model of the sign-in panel.

    Parameters
    ----------
    session : Session
        The session to sign in to.
    sandbox : Sandbox, optional
        The sandbox, if the session uses one.
    api : str, optional
        The API, if the user has chosen one; the panel then offers no other.
    redirect_url : str, optional
        The redirect URL registered for the app, if it leads to this machine or is for the options API.
    oauth_host : str, optional
        Another address of Deriv's sign-in pages.
    remember : bool
        Whether the box to remember the sign-in is ticked at first.
    profile : str
        The name under which the sign-in is remembered.
    loginid : str, optional
        The account to begin with, and no other.
    """

    name = "sign-in"
    beside = ("switcher", "samples")

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
        self._may_remember = not _environment.is_app()  # in an app, the machine is not the visitor's
        super().__init__(session, remember=remember and self._may_remember, profile=profile, loginid=loginid)
        self._sandbox = sandbox
        here = session.core.target
        elsewhere = sandbox is None and here.server not in {facts.server for facts in APIS.values()}
        self._server = here.server if elsewhere else None
        self._there = [here.api] if elsewhere else list(APIS)
        self._apis = [api] if api in self._there else self._there  # the APIs that the panel offers
        self._unavailable = ""  # the API that has turned out to be unavailable
        self._samples = _samples(sandbox) if sandbox is not None else {}
        self._redirect_url = redirect_url
        self._oauth_host = oauth_host
        self._choosing = AccountChoice(session, self._use, super().dismiss)

    @property
    def _choice(self) -> Targets:
        """Servers to sign in to, with the language that the user has chosen last."""
        return Targets(self._sandbox, self._server, self.session.language)

    # What the user does

    def handle(self, message: dict[str, Any]) -> None:
        """Handle a message from the browser. Tokens are removed from the message, which the kernel keeps."""
        api, app_id = _text(message, "api"), _text(message, "app_id")
        remember = self._may_remember and message.get("remember") is True
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
                    self.send({"browser": begun})  # None after an error, so that the panel closes its window
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
        """Sign in with a token, or, if it is empty, with the token kept from the attempt before.

        ``api`` is the API in whose fields the token was entered; by default, the first. The token is kept until Deriv
        has accepted or refused it: after a wrong app ID or a network failure the user need not enter it again, which
        matters because Deriv shows a token only once.
        """
        api = api if api in self._apis else self._apis[0]
        given = token if token.reveal().strip() else self._held.get(api) or token
        self.dismiss()  # otherwise the same mistake again would not change the view, and the panel would seem dead
        self._asked, self._typed = api, True
        mine = self._choice.kind(given, likely=True)
        if mine in self._apis and mine != api:
            self._held.keep(given, mine)
            self._notice = lambda: sign_in_view.of_another_api(mine, api, self.words)
            self.changed()
            return
        self._held.keep(given, api)
        where = self._choice.complete(api, app_id)
        try:
            checked(given, _SOURCE, api)
        except InvalidCredential:
            self._held.drop()
            raise
        self._begin(lambda api: (checked(given, _SOURCE, api), None), where, remember=remember)

    def sample(self, name: str, api: str = "") -> None:
        """Sign in with one of the sandbox's sample tokens."""
        api = api or self._apis[0]
        token = self._samples.get(api, {}).get(name)
        if token is not None:
            self.token(Secret(token), "", api=api)

    def create_demo(self) -> None:
        """Repeat the sign-in that failed because there is no account, and create a demo account."""
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
        """Start to sign in with the browser.

        ``callback`` is the address of the Jupyter server's callback page, if there is one. ``closable`` says that the
        panel has opened a window and will close it when the result has arrived. Returns the address to open, the nonce
        by which the panel recognises its own window, and whether that window can return by itself.
        """
        from dpyauth.oauth.flows import FLOWS, Options, leads_to
        from dpyauth.panels.browser_sign_in import BrowserSignIn

        self.cancel()
        api = api if api in self._apis else self._apis[0]
        self._asked, self._typed = api, False
        back = redirect_url.strip() or self._redirect_url
        options = Options(self._oauth_host, back, callback, create_demo)
        flow = FLOWS[api](self._choice, app_id, options)
        self.session.core.check_reachable(flow.settings)
        browser = BrowserSignIn(flow, self, remember=remember, closable=closable)
        self.browser_sign_in, self._notice = browser, None
        browser.start()
        if browser.trouble:
            trouble = browser.trouble
            self._notice = lambda: sign_in_view.unheard(trouble, self.words)
        self.changed()
        leads = browser.flow.redirect_url
        comes_back = callback is not None and (leads is None or leads_to(leads, callback))
        return {"url": browser.flow.url, "nonce": browser.nonce.reveal(), "automatic": comes_back}

    def returned(self, nonce: str, query: Secret) -> None:
        """Handle the query that arrived at the callback page."""
        if (browser := self.browser_sign_in) is not None:
            browser.returned(nonce, query)

    def confirm(self) -> None:
        """Use the result that the user has confirmed."""
        if (browser := self.browser_sign_in) is not None:
            browser.confirm()

    def pasted(self, address: Secret) -> None:
        """Handle the address that the user has pasted."""
        if (browser := self.browser_sign_in) is not None:
            self.dismiss()
            browser.pasted(address)

    def dismiss(self) -> None:
        """Remove the notice, and the token that was kept for another try."""
        self._forget()
        self._notice = None
        self.session.core.dismiss_remarks()
        self.changed()

    def sign_out(self) -> None:
        """Sign out; the credential stays valid at Deriv."""
        self._notice = self._again = None
        self.session.core.sign_out(said("you_signed_out"))

    def fail(self, error: DpyauthError) -> None:
        """Show what went wrong, and offer a button that may help."""
        offer = ""
        if not self._held.api:
            self._again = None  # the token that it needs has been dropped
        if sign_in_view.account_missing(error):
            offer = "demo" if self._again else "" if self._typed else "demo with Deriv"
        elif (sign_in_view.token_refused(error) or isinstance(error, ApiUnavailable)) and DEFAULT in self._there:
            self._apis = self._there  # Deriv has probably moved the user to the other API
            offer = "" if self._refused_there else "move"
        elif isinstance(error, SignInRefused) and self._asked == DEFAULT:
            self._refused_there = True
        if isinstance(error, ApiUnavailable):
            self._unavailable = error.api
        tried = self._refused_there and self._asked != DEFAULT
        asked, typed, error = self._asked, self._typed, error.copy()  # without frames, which may hold a secret

        def notice() -> dict[str, str]:
            told = sign_in_view.trouble(error, asked, offer, self.words, typed=typed, tried=tried)
            return {**self.noticed(error, {}), **told}

        self._notice = notice
        self.changed()

    # What there is to show

    def view(self) -> dict[str, Any]:
        """Return everything that the panel shows; it holds no secret."""
        session = self.session
        account, state, notice = (
            account_view.account(session, self.words["lang"]),
            session.state,
            self._notice and self._notice(),
        )
        with self._lock:  # read both at once: in between, a browser sign-in can become an attempt
            attempt, browser = self.attempt, self.browser_sign_in
        if notice is None and attempt is None:
            notice = account_view.news(session, self.words)
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
            "kept": self._held.api,
            "redirect_url": self._redirect_url or "",
            "samples": {api: self._sample_names(api) for api in self._apis if api in self._samples},
            "account": account,
            "scopes": account_view.scopes(session, self.words),
            "accounts": account_view.accounts(session, self._balances, self.words["lang"]),
            "asking": self._choosing.asking,
            "remember": self._remember,
            "may_remember": self._may_remember,
            "held": list(browser.loginids) if browser else [],
            "listening": browser is not None and browser.listener is not None,
            "notice": notice,
            "ended": self._why_closed(),
            "back": self._way_back(),
            "languages": dict(names()),
            "language": negotiated(session.language),
        }

    def without_panel(self) -> str:
        """Return how to sign in in a front end that shows no panels."""
        return "" if self.session.loginid is not None else self._prompt()

    def _prompt(self) -> str:
        """Return how to sign in at the prompt instead."""
        where = "sandbox=True, " if self._sandbox is not None else ""
        where = f'server="{self._choice.server}", ' if self._choice.server else where
        line, place = f'session = dpyauth.login({where}ask="prompt")', _environment.secrets_place()
        if "prompt" not in _environment.ways_to_ask():
            return self.words["no_panel_no_prompt"]
        return self.text("no_panel_secrets" if place else "no_panel", line=line, place=place)

    def subject(self, view: dict[str, Any]) -> object:
        """Return the parts that a new still depends on: the account and the scopes."""
        notice = view["notice"] if view["account"] else None
        return view["state"] == "closed", view["account"], self._stated(view), notice

    def still(self, view: dict[str, Any]) -> str:
        """Return the still, in HTML."""
        view = {**view, "scopes": self._stated(view)}
        return stills.sign_in(view, self.words, self.text("no_panel_here", instead=self._prompt()))

    # Inside

    def _stated(self, view: dict[str, Any]) -> list[dict[str, str]]:
        """Return the scopes if Deriv states them. Those learned from replies change too often for a still."""
        account = self.session.core.active_account
        return view["scopes"] if account is not None and account.scopes is not None else []

    def _sample_names(self, api: str) -> dict[str, str]:
        """Return the names of sample tokens by label."""
        return {label: self.words.get(re.sub(r"\W+", "_", label).lower(), label) for label in self._samples[api]}

    def _form(self, api: str) -> dict[str, Any]:
        """Return the fields of one API: their initial values, and where to get an app ID and a token."""
        facts, here = APIS[api], self.session.core.target
        usual = self._choice.settings(api, None).app_id
        said = here.api == api and here.app_id != usual
        return {
            "api": api,
            "title": facts.title.said_in(self.words["lang"]),
            "app_id": (here.app_id if here.api == api else usual) or "",
            "shared": facts.shared_app_id or "",
            "registers": self._sandbox is not None,  # the sandbox registers an app for every sign-in with the browser
            "names_redirect": facts.names_redirect and self._sandbox is None,
            "open": said and api != self._unavailable,
            "scope": facts.scopes[facts.smallest_scope],
            "apps": facts.pages.apps,
            "tokens": facts.pages.tokens,
            "account": facts.pages.account,
        }


def _text(message: dict[str, Any], name: str) -> str:
    value = message.get(name)
    return value if isinstance(value, str) else ""


def _taken(message: dict[str, Any], name: str) -> Secret:
    return Secret(str(message.pop(name, "")))


def _samples(sandbox: Sandbox) -> dict[str, dict[str, str]]:
    """Return the sandbox's sample tokens by API and label. Only the labels are sent to the browser."""
    return {api: {sample.label: sample.token for sample in sandbox.side(api).tokens} for api in APIS}
