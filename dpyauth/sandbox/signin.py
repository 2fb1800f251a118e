"""The sign-in pages: who are you, may this app in, and back to the app with a token for every account."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from tornado.web import HTTPError, RequestHandler

from dpyauth.sandbox import pages
from dpyauth.sandbox.context import Context
from dpyauth.sandbox.registered_apps import App
from dpyauth.sandbox.users import User

_REMEMBERED: Final = 100  # sign-ins that wait for an answer to "may this app in?"
_PASSED_ON: Final = ("app_id", "l", "brand", "affiliate_token", "state")
_LONGEST_STATE: Final = 512

SETTINGS: Final[dict[str, Any]] = {
    "xsrf_cookies": True,
    # Cookies do not know of ports: Jupyter's own _xsrf, on the same host, must not be overwritten.
    "xsrf_cookie_name": "dpyauth_sandbox_xsrf",
    "xsrf_cookie_kwargs": {"path": "/oauth2", "httponly": True, "samesite": "Lax"},
}


class _Waiting(NamedTuple):
    """Somebody who has signed in and has not yet said whether the app may in."""

    user: User
    app_id: str
    state: str


class Told(HTTPError):
    """A request that cannot be served, and why, for the person in front of the browser."""

    def __init__(self, text: str) -> None:
        super().__init__(400)
        self.text = text


class Page(RequestHandler):
    """What every page does."""

    def initialize(self, sandbox: Context, waiting: OrderedDict[str, _Waiting]) -> None:
        self.sandbox = sandbox
        self.waiting = waiting

    def set_default_headers(self) -> None:
        self.set_header("Content-Security-Policy", pages.policy())
        self.set_header("Cache-Control", "no-store")
        # Not "no-referrer": browsers then say of the forms on these pages that they come from nowhere.
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.clear_header("Server")

    def log_exception(self, *args: Any) -> None:
        """Log nothing: tornado would log the address, and what is in it."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None))[1]
        text = error.text if isinstance(error, Told) else "Go back to the app and start the sign-in again."
        self.finish(pages.message("The sandbox cannot sign you in", text))

    def find_app(self, app_id: str) -> App:
        """The app that asks."""
        known = app_id.isascii() and app_id.isdigit() and len(app_id) < 18
        app = self.sandbox.world.apps.find(int(app_id)) if known else None
        if app is None:
            raise Told("No app with this app ID is registered with the sandbox.")
        if not app.redirect_uri:
            raise Told("This app has no redirect URL, so there is no way back to it. Register one that has.")
        return app


class _Asked(Page):
    """A page that an app sends a browser to."""

    def prepare(self) -> None:
        """Look at what the app says."""
        self.app = self.find_app(self.get_query_argument("app_id", ""))
        given = {name: self.get_query_argument(name, "") for name in _PASSED_ON}
        self.state = given["state"]
        if len(self.state) > _LONGEST_STATE:
            raise Told(f"The state is longer than {_LONGEST_STATE} characters.")
        self.passed_on = urlencode({name: value for name, value in given.items() if value})

    def go_on(self, user: User) -> None:
        """Ask somebody who has signed in whether the app may in."""
        ticket = secrets.token_urlsafe(16)
        self.waiting[ticket] = _Waiting(user, str(self.app.app_id), self.state)
        while len(self.waiting) > _REMEMBERED:
            self.waiting.popitem(last=False)
        self.set_header("Content-Security-Policy", pages.policy(self.app.redirect_uri))
        self.finish(pages.consent(self.app, user, ticket, self.xsrf_form_html()))

    def email(self) -> str:
        """What was typed as e-mail; empty when that is none."""
        email = self.get_body_argument("email", "")
        name, _, domain = email.partition("@")
        return email if name and domain and email.isprintable() and len(email) <= 254 else ""


class _SignIn(_Asked):
    def get(self) -> None:
        if self.get_query_argument("signup_device", ""):
            self.finish(pages.sign_up(self.app, self.passed_on, self.xsrf_form_html()))
        else:
            self._show()

    def post(self) -> None:
        chosen, email = self.get_body_argument("user", ""), self.email().lower()
        for user in self.sandbox.world.users:
            if chosen == str(user.user_id) or (email and email == user.email.lower()):
                self.go_on(user)
                return
        self._show("Nobody with this e-mail lives in the sandbox. Choose somebody, or sign up.")

    def _show(self, wrong: str = "") -> None:
        self.finish(pages.sign_in(self.app, self.sandbox.world.users, self.passed_on, self.xsrf_form_html(), wrong))


class _SignUp(_Asked):
    def get(self) -> None:
        self._show()

    def post(self) -> None:
        email = self.email()
        if not email:
            self._show("This is not an e-mail address.")
        elif any(email.lower() == user.email.lower() for user in self.sandbox.world.users):
            self._show("Somebody with this e-mail lives in the sandbox already. Sign in instead.")
        else:
            self.go_on(self.sandbox.world.sign_up(email))

    def _show(self, wrong: str = "") -> None:
        self.finish(pages.sign_up(self.app, self.passed_on, self.xsrf_form_html(), wrong))


class _Consent(Page):
    def post(self) -> None:
        waiting = self.waiting.pop(self.get_body_argument("ticket", ""), None)
        if waiting is None:
            raise Told("This page has been used, or it is too old. Go back to the app and start the sign-in again.")
        app = self.find_app(waiting.app_id)
        fields: list[tuple[str, str]] = []
        if self.get_body_argument("choice", "") == "allow":
            for number, grant in enumerate(self.sandbox.world.let_in(app, waiting.user), 1):
                currency = self.sandbox.world.account(grant.loginid).currency.lower()
                fields += [(f"acct{number}", grant.loginid), (f"token{number}", grant.token)]
                fields += [(f"cur{number}", currency)]
        elif self.sandbox.redirect_denial:
            fields += [("error", "access_denied"), ("error_description", "The user denied the request.")]
        else:
            self.finish(pages.message("You did not give access", "The app got nothing. You can close this tab."))
            return
        if waiting.state:
            fields.append(("state", waiting.state if self.sandbox.echo_state else ""))
        mark = "&" if "?" in app.redirect_uri else "?"
        self.redirect(f"{app.redirect_uri}{mark}{urlencode(fields)}", status=302)


class _Front(RequestHandler):
    """A page for whoever opens the port in a browser."""

    def initialize(self, sandbox: Context) -> None:
        self.sandbox = sandbox

    def get(self) -> None:
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"This is the dpyauth sandbox, a Deriv v3 that is not Deriv. Connect to {self.sandbox.url}\n")


def routes(sandbox: Context) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """The pages of a sandbox."""
    shared = {"sandbox": sandbox, "waiting": OrderedDict[str, _Waiting]()}
    return [
        (r"/", _Front, {"sandbox": sandbox}),
        (r"/oauth2/authorize", _SignIn, shared),
        (r"/oauth2/signup", _SignUp, shared),
        (r"/oauth2/consent", _Consent, shared),
    ]
