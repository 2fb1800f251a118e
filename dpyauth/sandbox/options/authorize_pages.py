"""Signing in with the browser: who are you, may this app in, and back to the app with a code."""

from __future__ import annotations

import re
import secrets
from collections import OrderedDict
from typing import Final, NamedTuple
from urllib.parse import urlencode

from dpyauth.sandbox.context import Context
from dpyauth.sandbox.options import pages
from dpyauth.sandbox.options.api import OptionsApp
from dpyauth.sandbox.options.persons import Person
from dpyauth.sandbox.pages import policy
from dpyauth.sandbox.signin import Page, Told

_REMEMBERED: Final = 100  # sign-ins that wait for an answer to "may this app in?"
_LONGEST: Final = 2048
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9\-_]{43}", re.ASCII)
_PASSED_ON: Final = (
    *("response_type", "client_id", "redirect_uri", "scope", "state"),
    *("code_challenge", "code_challenge_method"),
)


class Waiting(NamedTuple):
    """Somebody who has signed in and has not yet said whether the app may in."""

    person: Person
    app: OptionsApp
    scopes: tuple[str, ...]
    state: str
    challenge: str


class _Ours(Page):
    """What both pages do."""

    def initialize(self, sandbox: Context, asked: OrderedDict[str, Waiting]) -> None:  # type: ignore[override]
        super().initialize(sandbox, OrderedDict())
        self.asked = asked

    def back(self, app: OptionsApp, **fields: str) -> None:
        """Lead the browser back to the app."""
        mark = "&" if "?" in app.redirect_uri else "?"
        self.redirect(f"{app.redirect_uri}{mark}{urlencode(fields)}", status=302)


class Authorize(_Ours):
    """GET /oauth2/auth: the page an app sends a browser to."""

    def prepare(self) -> None:
        """Look at what the app says: what cannot be trusted is told here, the rest goes back to the app."""
        given = {name: self.get_query_argument(name, "", strip=False) for name in _PASSED_ON}
        app = self.sandbox.options.apps.get(given["client_id"])
        if app is None:
            raise Told("No app with this client_id is registered with the sandbox.")
        if app.kind != "oauth":
            raise Told("This app is registered for personal access tokens; nobody can sign in to it here.")
        if given["redirect_uri"] != app.redirect_uri:
            raise Told("The redirect_uri is not, letter by letter, the one that was registered.")
        if any(len(value) > _LONGEST for value in given.values()):
            raise Told(f"A parameter is longer than {_LONGEST} characters.")
        self.app, self.state, self.challenge = app, given["state"], given["code_challenge"]
        self.scopes = tuple(dict.fromkeys(given["scope"].split()))
        self.passed_on = urlencode(given)
        if wrong := self._wrong(given):
            self.back(app, error=wrong[0], error_description=wrong[1], **({"state": self.state} if self.state else {}))

    def get(self) -> None:
        self._show()

    def post(self) -> None:
        email = self._email()
        if self._signs_up():
            if not email:
                self._show("This is not an e-mail address.")
            elif any(email == person.user.email.lower() for person in self.sandbox.options.people):
                self._show("Somebody with this e-mail lives in the sandbox already. Sign in instead.")
            else:
                self._go_on(self.sandbox.options.sign_up(email))
            return
        chosen = self.get_body_argument("user", "")
        for person in self.sandbox.options.people:
            if chosen == str(person.user.user_id) or (email and email == person.user.email.lower()):
                self._go_on(person)
                return
        self._show("Nobody with this e-mail lives in the sandbox. Choose somebody, or sign up.")

    def _wrong(self, given: dict[str, str]) -> tuple[str, str] | None:
        if given["response_type"] != "code":
            return "unsupported_response_type", "The response_type must be code."
        if not self.state:
            return "invalid_request", "The state is missing."
        if given["code_challenge_method"] != "S256" or not _CHALLENGE.fullmatch(self.challenge):
            return "invalid_request", "A code_challenge with the method S256 is needed."
        for scope in self.scopes:
            if scope not in self.app.scopes:
                return "invalid_scope", f"The OAuth 2.0 Client is not allowed to request scope '{scope}'."
        if not self.scopes:
            return "invalid_scope", "No scope is asked for."
        if self.get_query_argument("prompt", "") == "none":
            return "login_required", "The sandbox keeps nobody signed in."
        return None

    def _signs_up(self) -> bool:
        return self.get_query_argument("prompt", "") == "registration"

    def _email(self) -> str:
        """What was typed as e-mail; empty when that is none."""
        email = self.get_body_argument("email", "").lower()
        name, _, domain = email.partition("@")
        return email if name and domain and email.isprintable() and len(email) <= 254 else ""

    def _show(self, wrong: str = "") -> None:
        token = self.xsrf_form_html()
        if self._signs_up():
            self.finish(pages.sign_up(self.app, self.passed_on, token, wrong))
        else:
            self.finish(pages.sign_in(self.app, self.sandbox.options.people, self.passed_on, token, wrong))

    def _go_on(self, person: Person) -> None:
        """Ask somebody who has signed in whether the app may in."""
        ticket = secrets.token_urlsafe(16)
        self.asked[ticket] = Waiting(person, self.app, self.scopes, self.state, self.challenge)
        while len(self.asked) > _REMEMBERED:
            self.asked.popitem(last=False)
        self.set_header("Content-Security-Policy", policy(self.app.redirect_uri))
        self.finish(pages.consent(self.app, person, self.scopes, ticket, self.xsrf_form_html()))


class Consent(_Ours):
    """POST /oauth2/auth/consent: the answer to that question."""

    def post(self) -> None:
        asked = self.asked.pop(self.get_body_argument("ticket", ""), None)
        if asked is None:
            raise Told("This page has been used, or it is too old. Go back to the app and start the sign-in again.")
        if self.get_body_argument("choice", "") == "allow":
            code = self.sandbox.options.authorize(asked.app, asked.person, asked.scopes, asked.challenge)
            self.back(asked.app, code=code, scope=" ".join(asked.scopes), state=asked.state)
        else:
            told = "The resource owner denied the request."
            self.back(asked.app, error="access_denied", error_description=told, state=asked.state)
