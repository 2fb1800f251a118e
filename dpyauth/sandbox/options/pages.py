"""The pages of a sign-in with the Options API, in the look of the others."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

from dpyauth.sandbox.options.api import OptionsApp
from dpyauth.sandbox.options.persons import Person
from dpyauth.sandbox.pages import credentials_form, name_of, page, wrong_note

_PATH: Final = "/oauth2/auth"
_SCOPES: Final = {
    "trade": "trade for you, and see your accounts, balances and history",
    "account_manage": "open accounts for you and see your nickname",
    "payment": "see your wallets and move money",
    "application_read": "see what your apps have earned",
}


def sign_in(app: OptionsApp, people: Iterable[Person], query: str, token: str, wrong: str = "") -> str:
    """Who are you? `token` is the hidden field against forged forms, here and below."""
    choices = "".join(
        f'<button name="user" value="{person.user.user_id}">{escape(name_of(person.user))}'
        f"<small>{escape(_accounts(person))}</small></button>"
        for person in people
    )
    action = f"{_PATH}?{escape(query)}"
    return page(
        f"Sign in to continue to {app.name}",
        wrong_note(wrong),
        f'<form method="post" action="{action}">{token}<h2>As one of the sample users</h2>{choices}</form>',
        f'<form method="post" action="{action}">{token}<h2>Or by e-mail</h2>',
        credentials_form(),
        '<button class="main">Sign in</button></form>',
        f'<p>No account? <a href="{action}&amp;prompt=registration">Sign up</a></p>',
    )


def sign_up(app: OptionsApp, query: str, token: str, wrong: str = "") -> str:
    """A form for a new demo account."""
    action = f"{_PATH}?{escape(query)}"
    return page(
        f"Sign up to continue to {app.name}",
        wrong_note(wrong),
        f'<form method="post" action="{action}&amp;prompt=registration">{token}',
        "<p>You get a new demo account with 10,000 USD. It lives as long as the sandbox runs.</p>",
        credentials_form(),
        '<button class="main">Create a demo account</button></form>',
        f'<p>Have an account? <a href="{action}">Sign in</a></p>',
    )


def consent(app: OptionsApp, person: Person, scopes: Iterable[str], ticket: str, token: str) -> str:
    """May the app do all this?"""
    wishes = "".join(f"<li>{_SCOPES[scope]} <small>{scope}</small></li>" for scope in scopes)
    who = escape(name_of(person.user))
    return page(
        f"Give {app.name} access?",
        f"<p>You are signed in as {who}. {escape(app.name)} would be able to:</p><ul>{wishes}</ul>",
        f"<p>With these accounts: {escape(_accounts(person))}</p>",
        f'<form method="post" action="{_PATH}/consent">{token}<input type="hidden" name="ticket" value="{ticket}">',
        '<button class="main" name="choice" value="allow">Allow</button>',
        '<button class="plain" name="choice" value="deny">Cancel</button></form>',
    )


def _accounts(person: Person) -> str:
    return ", ".join(account.loginid for account in person.accounts) or "none yet"
