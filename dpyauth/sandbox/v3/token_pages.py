"""Sign-in pages of v3, which redirect to the app with a token for every account."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from tornado.web import RequestHandler

from dpyauth.sandbox.context import Context
from dpyauth.sandbox.page_flow import ConsentPage, OAuthError, SignInPage, Waiting, with_fields
from dpyauth.sandbox.page_html import Choice
from dpyauth.sandbox.registered_apps import App
from dpyauth.sandbox.users import User

_PASSED_ON: Final = ("app_id", "l", "brand", "affiliate_token", "state")
_LONGEST_STATE: Final = 512


class Authorize(SignInPage):
    """GET and POST /oauth2/authorize and /oauth2/signup."""

    consent_path = "/oauth2/consent"
    app: App
    scope_texts: ClassVar = {
        "read": "see your details, accounts, balances and history",
        "trade": "buy and sell contracts for you",
        "trading_information": "see your balance, statement and open contracts",
        "payments": "move money in and out of your accounts",
        "admin": "change your settings, and manage your tokens and apps",
    }

    def prepare(self) -> None:
        """Check the app's parameters."""
        self.app = _find_app(self.sandbox, self.get_query_argument("app_id", ""))
        self.scopes = self.app.scopes
        given = {name: self.get_query_argument(name, "") for name in _PASSED_ON}
        self.state = given["state"]
        if len(self.state) > _LONGEST_STATE:
            raise OAuthError(f"The state is longer than {_LONGEST_STATE} characters.")
        self.passed_on = urlencode({name: value for name, value in given.items() if value})
        wants_sign_up = self.request.method == "GET" and self.get_query_argument("signup_device", "")
        self.signs_up = self.request.path.endswith("/signup") or bool(wants_sign_up)

    def choices(self) -> Iterable[Choice]:
        """Return the users who can sign in."""
        return map(_choice, self.sandbox.world.users)

    def sign_up(self, email: str) -> Choice:
        """Make a new user."""
        return _choice(self.sandbox.world.sign_up(email))

    def address(self, signs_up: bool) -> str:
        """Return the address of the form to sign in or to sign up."""
        return f"/oauth2/{'signup' if signs_up else 'authorize'}?{self.passed_on}"

    def redirect_for(self, choice: Choice) -> Callable[[bool], str]:
        """Return a function that returns the next address, given whether the user allows the app."""
        sandbox, app_id, state = self.sandbox, str(self.app.app_id), self.state

        def redirect(allowed: bool) -> str:
            app = _find_app(sandbox, app_id)
            fields: dict[str, str] = {}
            if allowed:
                for number, grant in enumerate(sandbox.world.let_in(app, choice.holder), 1):
                    fields[f"acct{number}"], fields[f"token{number}"] = grant.owner, grant.value
                    fields[f"cur{number}"] = sandbox.world.account(grant.owner).currency.lower()
            elif sandbox.redirect_denial:
                fields |= {"error": "access_denied", "error_description": "The user denied the request."}
            else:
                return ""
            if state:
                fields["state"] = state if sandbox.echo_state else ""
            return with_fields(app.redirect_uri, fields)

        return redirect


def _find_app(sandbox: Context, app_id: str) -> App:
    known = app_id.isascii() and app_id.isdigit() and len(app_id) < 18
    app = sandbox.world.apps.find(int(app_id)) if known else None
    if app is None:
        raise OAuthError("No app with this app ID is registered with the sandbox.")
    if not app.redirect_uri:
        raise OAuthError("This app has no redirect URL, so the browser cannot return to it. Register an app with one.")
    return app


def _choice(user: User) -> Choice:
    accounts = (f"{account.loginid} ({account.currency or 'no currency yet'})" for account in user.accounts)
    return Choice(user, ", ".join(accounts), user)


class _Front(RequestHandler):
    """Page to show if the port is opened in a browser."""

    def initialize(self, sandbox: Context) -> None:
        self.sandbox = sandbox

    def get(self) -> None:
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"This is the dpyauth sandbox, which simulates Deriv's v3 API. Connect to {self.sandbox.url}\n")


def routes(sandbox: Context) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """Return the pages of a sandbox."""
    pages = {"sandbox": sandbox, "waiting": Waiting()}
    return [
        (r"/", _Front, {"sandbox": sandbox}),
        (r"/oauth2/(?:authorize|signup)", Authorize, pages),
        (r"/oauth2/consent", ConsentPage, pages),
    ]
