"""Pages to sign in with a browser, for both APIs: who are you, may this app in, and back to the app."""

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

_REMEMBERED: Final = 100  # sign-ins that wait for an answer to "may this app in?"

SETTINGS: Final[dict[str, Any]] = {
    "xsrf_cookies": True,
    # Cookies do not know of ports: Jupyter's own _xsrf, on the same host, must not be overwritten.
    "xsrf_cookie_name": "dpyauth_sandbox_xsrf",
    "xsrf_cookie_kwargs": {"path": "/oauth2", "httponly": True, "samesite": "Lax"},
}


class App(Protocol):
    """An app of either API."""

    @property
    def name(self) -> str:
        """Return the name that the pages show."""

    @property
    def redirect_uri(self) -> str:
        """Return the address that they lead back to."""


class OAuthError(HTTPError):
    """A request that cannot be served, and why, for the user in front of the browser."""

    def __init__(self, text: str) -> None:
        super().__init__(400)
        self.text = text


Waiting = OrderedDict[str, Callable[[bool], str]]
"""Sign-ins that wait for the answer to "may this app in?", by ID: each returns the address to go on at, if any."""


class Page(RequestHandler):
    """A page of the sign-in."""

    def initialize(self, sandbox: Context, waiting: Waiting) -> None:
        self.sandbox = sandbox
        self.waiting = waiting

    def set_default_headers(self) -> None:
        self.set_header("Content-Security-Policy", page_html.policy())
        self.set_header("Cache-Control", "no-store")
        # Not "no-referrer": browsers then say of the forms on these pages that they come from nowhere.
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.clear_header("Server")

    def log_exception(self, *args: Any) -> None:
        """Log nothing: tornado would log the address, and what is in it."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None))[1]
        text = error.text if isinstance(error, OAuthError) else "Go back to the app and start the sign-in again."
        self.finish(page_html.message("The sandbox cannot sign you in", text))


class SignInPage(Page):
    """A page that an app sends a browser to: who are you? Each API says what it takes from the app."""

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
        """Return where the form to sign in, or to sign up, is."""
        raise NotImplementedError

    def redirect_for(self, choice: Choice) -> Callable[[bool], str]:
        """Return what makes the address to go on at, from whether the user lets the app in."""
        raise NotImplementedError

    def get(self) -> None:
        self._show()

    def post(self) -> None:
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
        """Return what was typed as e-mail; empty when that is none."""
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
        """Ask a user who has signed in whether the app may in."""
        consent_id = secrets.token_urlsafe(16)
        self.waiting[consent_id] = self.redirect_for(choice)
        while len(self.waiting) > _REMEMBERED:
            self.waiting.popitem(last=False)
        self.set_header("Content-Security-Policy", page_html.policy(self.app.redirect_uri))
        scopes = {scope: self.scope_texts[scope] for scope in self.scopes}
        token = self.xsrf_form_html()
        self.finish(page_html.consent(self.app.name, choice, scopes, self.consent_path, consent_id, token, self.deny))


class ConsentPage(Page):
    """The answer to "may this app in?"."""

    def post(self) -> None:
        redirect = self.waiting.pop(self.get_body_argument("consent_id", ""), None)
        if redirect is None:
            text = "This page has been used, or it is too old. Go back to the app and start the sign-in again."
            raise OAuthError(text)
        address = redirect(self.get_body_argument("choice", "") == "allow")
        if address:
            self.redirect(address, status=302)
        else:
            self.finish(page_html.message("You did not give access", "The app got nothing. You can close this tab."))


def with_fields(address: str, fields: Mapping[str, str]) -> str:
    """Return a redirect URL with fields in its query."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode(fields)}"
