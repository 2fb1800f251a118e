"""Sign-in pages for both APIs: choose a user, allow the app, and return to the app."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Final, Protocol
from urllib.parse import urlencode

from tornado.web import HTTPError, RequestHandler

from dpyauth.sandbox import page_html
from dpyauth.sandbox.context import Context
from dpyauth.sandbox.page_html import Choice

_REMEMBERED: Final = 100  # most sign-ins that wait for the user's consent

SETTINGS: Final[dict[str, Any]] = {
    "xsrf_cookies": True,
    # Cookies ignore ports: the name must not be _xsrf, which would overwrite Jupyter's cookie on the same host.
    "xsrf_cookie_name": "dpyauth_sandbox_xsrf",
    "xsrf_cookie_kwargs": {"path": "/oauth2", "httponly": True, "samesite": "Lax"},
}


class App(Protocol):
    """App of either API."""

    @property
    def name(self) -> str:
        """Return the name that the pages show."""

    @property
    def redirect_uri(self) -> str:
        """Return the address to which they return."""


class OAuthError(HTTPError):
    """Request that cannot be served, with the reason to show to the user."""

    def __init__(self, text: str) -> None:
        super().__init__(400)
        self.text = text


Waiting = OrderedDict[str, Callable[[bool], str]]
"""Sign-ins that wait for the user's consent, by ID. Each value returns the next address, if there is one."""


class Page(RequestHandler):
    """Page of the sign-in."""

    def initialize(self, sandbox: Context, waiting: Waiting) -> None:
        """Keep the sandbox, and the sign-ins that wait for an answer."""
        self.sandbox = sandbox
        self.waiting = waiting

    def set_default_headers(self) -> None:
        """Send headers that keep the page out of caches and frames."""
        self.set_header("Content-Security-Policy", page_html.policy())
        self.set_header("Cache-Control", "no-store")
        # Not "no-referrer": browsers would then send "Origin: null" with these forms, which `guard` refuses.
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.clear_header("Server")

    def log_exception(self, *args: Any) -> None:
        """Do nothing: tornado would log the address, which may contain secrets."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Show an error as a page."""
        error = kwargs.get("exc_info", (None, None))[1]
        text = error.text if isinstance(error, OAuthError) else "Go back to the app and start the sign-in again."
        self.finish(page_html.message("The sandbox cannot sign you in", text))


class SignInPage(Page):
    """Page to which an app sends the browser, where the user signs in. Each API has its own parameters for it."""

    consent_path: ClassVar[str]
    scope_texts: ClassVar[Mapping[str, str]]
    deny: ClassVar[str] = "Deny"

    app: App
    scopes: tuple[str, ...]
    signs_up = False

    def choices(self) -> Iterable[Choice]:
        """Return the users who can sign in."""
        raise NotImplementedError

    def sign_up(self, email: str) -> Choice:
        """Make a new user."""
        raise NotImplementedError

    def address(self, signs_up: bool) -> str:
        """Return the address of the form to sign in or to sign up."""
        raise NotImplementedError

    def redirect_for(self, choice: Choice) -> Callable[[bool], str]:
        """Return a function that returns the next address, given whether the user allows the app."""
        raise NotImplementedError

    def get(self) -> None:
        """Show the form."""
        self._show()

    def post(self) -> None:
        """Take the form: sign a user in or up, and ask for consent."""
        email = self._email()
        choices = list(self.choices())
        known = next((choice for choice in choices if choice.user.email.lower() == email.lower()), None)
        if not self.signs_up:
            wanted = self.get_body_argument("user", "")
            known = next((choice for choice in choices if wanted == str(choice.user.user_id)), known)
            if known is None:
                self._show("No user of the sandbox has this e-mail. Choose a user, or sign up.")
            else:
                self._ask(known)
        elif not email:
            self._show("This is not an e-mail address.")
        elif known is not None:
            self._show("A user of the sandbox has this e-mail already. Sign in instead.")
        else:
            self._ask(self.sign_up(email))

    def _email(self) -> str:
        """Return the e-mail address that was typed; empty if it is not valid."""
        email = self.get_body_argument("email", "")
        name, _, domain = email.partition("@")
        return email if name and domain and email.isprintable() and len(email) <= 254 else ""

    def _show(self, wrong: str = "") -> None:
        here, there, token = self.address(self.signs_up), self.address(not self.signs_up), self.xsrf_form_html()
        if self.signs_up:
            self.finish(page_html.sign_up(self.app.name, here, there, token, wrong))
        else:
            self.finish(page_html.sign_in(self.app.name, self.choices(), here, there, token, wrong))

    def _ask(self, choice: Choice) -> None:
        """Ask a user who has signed in for consent."""
        consent_id = secrets.token_urlsafe(16)
        self.waiting[consent_id] = self.redirect_for(choice)
        while len(self.waiting) > _REMEMBERED:
            self.waiting.popitem(last=False)
        self.set_header("Content-Security-Policy", page_html.policy(self.app.redirect_uri))
        scopes = {scope: self.scope_texts[scope] for scope in self.scopes}
        token = self.xsrf_form_html()
        self.finish(page_html.consent(self.app.name, choice, scopes, self.consent_path, consent_id, token, self.deny))


class ConsentPage(Page):
    """Handler of the user's answer to the request for consent."""

    def post(self) -> None:
        """Take the answer, and send the browser back to the app."""
        redirect = self.waiting.pop(self.get_body_argument("consent_id", ""), None)
        if redirect is None:
            text = "This page has been used already, or is too old. Go back to the app and start the sign-in again."
            raise OAuthError(text)
        address = redirect(self.get_body_argument("choice", "") == "allow")
        if address:
            self.redirect(address, status=302)
        else:
            self.finish(page_html.message("You did not give access", "The app got no access. You can close this tab."))


def with_fields(address: str, fields: Mapping[str, str]) -> str:
    """Return a redirect URL with fields added to its query."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode(fields)}"
