"""Sign-in pages of the Options API, which redirect to the app with a code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import ClassVar, Final
from urllib.parse import urlencode

from dpyauth.sandbox.options.api import OptionsApp
from dpyauth.sandbox.options.persons import Person
from dpyauth.sandbox.page_flow import OAuthError, SignInPage, with_fields
from dpyauth.sandbox.page_html import Choice

_LONGEST: Final = 2048
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9\-_]{43}", re.ASCII)
_PASSED_ON: Final = (
    *("response_type", "client_id", "redirect_uri", "scope", "state"),
    *("code_challenge", "code_challenge_method"),
)


class Authorize(SignInPage):
    """GET and POST /oauth2/auth."""

    consent_path = "/oauth2/auth/consent"
    deny = "Cancel"
    app: OptionsApp
    scope_texts: ClassVar = {
        "trade": "trade for you, and see your accounts, balances and history",
        "account_manage": "open accounts for you and see your nickname",
        "payment": "see your wallets and move money",
        "application_read": "see what your apps have earned",
    }

    def prepare(self) -> None:
        """Check the app's parameters. Errors go to the redirect URL, or are shown here if that cannot be trusted."""
        given = {name: self.get_query_argument(name, "", strip=False) for name in _PASSED_ON}
        app = self.sandbox.options.apps.get(given["client_id"])
        if app is None:
            raise OAuthError("No app with this client_id is registered with the sandbox.")
        if app.kind != "oauth":
            raise OAuthError("This app is registered for personal access tokens; users cannot sign in to it here.")
        if given["redirect_uri"] != app.redirect_uri:
            raise OAuthError("The redirect_uri is not exactly the registered one.")
        if any(len(value) > _LONGEST for value in given.values()):
            raise OAuthError(f"A parameter is longer than {_LONGEST} characters.")
        self.app, self.state, self.challenge = app, given["state"], given["code_challenge"]
        self.scopes = tuple(dict.fromkeys(given["scope"].split()))
        self.passed_on = urlencode(given)
        self.signs_up = self.get_query_argument("prompt", "") == "registration"
        if wrong := self._wrong(given):
            fields = {"error": wrong[0], "error_description": wrong[1], "state": self.state}
            if not self.state:
                del fields["state"]
            self.redirect(with_fields(app.redirect_uri, fields), status=302)

    def choices(self) -> Iterable[Choice]:
        """Return the users who can sign in."""
        return map(_choice, self.sandbox.options.people)

    def sign_up(self, email: str) -> Choice:
        """Make a new user."""
        return _choice(self.sandbox.options.sign_up(email.lower()))

    def address(self, signs_up: bool) -> str:
        """Return the address of the form to sign in or to sign up."""
        return f"/oauth2/auth?{self.passed_on}{'&prompt=registration' if signs_up else ''}"

    def redirect_for(self, choice: Choice) -> Callable[[bool], str]:
        """Return a function that returns the next address, given whether the user allows the app."""
        options, app, scopes, state, challenge = self.sandbox.options, self.app, self.scopes, self.state, self.challenge

        def redirect(allowed: bool) -> str:
            if allowed:
                code = options.authorize(app, choice.holder, scopes, challenge)
                fields = {"code": code, "scope": " ".join(scopes)}
            else:
                description = "The resource owner denied the request."
                fields = {"error": "access_denied", "error_description": description}
            return with_fields(app.redirect_uri, {**fields, "state": state})

        return redirect

    def _wrong(self, given: dict[str, str]) -> tuple[str, str] | None:
        if given["response_type"] != "code":
            return "unsupported_response_type", "The response_type must be code."
        if not self.state:
            return "invalid_request", "The state is missing."
        if given["code_challenge_method"] != "S256" or not _CHALLENGE.fullmatch(self.challenge):
            return "invalid_request", "A code_challenge with the method S256 is required."
        for scope in self.scopes:
            if scope not in self.app.scopes:
                return "invalid_scope", f"The OAuth 2.0 Client is not allowed to request scope '{scope}'."
        if not self.scopes:
            return "invalid_scope", "No scope is requested."
        if self.get_query_argument("prompt", "") == "none":
            return "login_required", "The sandbox does not keep users signed in."
        return None


def _choice(person: Person) -> Choice:
    return Choice(person.user, ", ".join(account.loginid for account in person.accounts) or "none yet", person)
