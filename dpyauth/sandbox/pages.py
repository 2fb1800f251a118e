"""The sign-in pages as HTML. Everything from outside is escaped here, once, on its way in."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from typing import Final

from dpyauth.sandbox.registered_apps import App
from dpyauth.sandbox.users import User

TITLE: Final = "Sandbox sign-in (not Deriv)"
SCOPES: Final = {
    "read": "see your details, accounts, balances and history",
    "trade": "buy and sell contracts for you",
    "trading_information": "see your balance, statement and open contracts",
    "payments": "move money in and out of your accounts",
    "admin": "change your settings, and manage your tokens and apps",
}
_CSS: Final = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; }
main { max-width: 26rem; margin: 4vh auto; padding: 0 1.25rem; }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { font-size: 1rem; margin: 2rem 0 .5rem; }
.note { border: 1px solid; border-radius: .4rem; padding: .5rem .75rem; margin: 0 0 1.5rem; font-size: .9rem; }
.wrong { border-color: #d33; }
label { display: block; margin: .75rem 0 .25rem; }
input, button { font: inherit; box-sizing: border-box; width: 100%; padding: .55rem .7rem; border-radius: .4rem; }
input { border: 1px solid #888; }
button { margin-top: .75rem; border: 1px solid #888; background: none; color: inherit; text-align: left; }
button.main { background: #0b57d0; border-color: #0b57d0; color: #fff; text-align: center; font-weight: 600; }
button.plain { text-align: center; }
small { display: block; opacity: .75; }
"""
_DIGEST: Final = base64.b64encode(hashlib.sha256(_CSS.encode()).digest()).decode()


def policy(redirect_uri: str = "") -> str:
    """The content security policy of a page whose form may lead to this redirect URL."""
    scheme, _, rest = redirect_uri.partition("://")
    place = f" {scheme}://{rest.split('/')[0]}" if scheme in ("http", "https") else f" {scheme}:" if scheme else ""
    return (
        f"default-src 'none'; style-src 'sha256-{_DIGEST}'; form-action 'self'{place}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def sign_in(app: App, users: Iterable[User], query: str, token: str, wrong: str = "") -> str:
    """Who are you? `token` is the hidden field against forged forms, here and below."""
    choices = "".join(
        f'<button name="user" value="{user.user_id}">{escape(name_of(user))}<small>{escape(_accounts(user))}</small>'
        "</button>"
        for user in users
    )
    return page(
        f"Sign in to continue to {app.name}",
        wrong_note(wrong),
        f'<form method="post" action="{_to("authorize", query)}">{token}',
        f"<h2>As one of the sample users</h2>{choices}</form>",
        f'<form method="post" action="{_to("authorize", query)}">{token}',
        "<h2>Or by e-mail</h2>",
        credentials_form(),
        '<button class="main">Sign in</button></form>',
        f'<p>No account? <a href="{_to("signup", query)}">Sign up</a></p>',
    )


def sign_up(app: App, query: str, token: str, wrong: str = "") -> str:
    """A form for a new demo account."""
    return page(
        f"Sign up to continue to {app.name}",
        wrong_note(wrong),
        f'<form method="post" action="{_to("signup", query)}">{token}',
        "<p>You get a new demo account with 10,000 USD. It lives as long as the sandbox runs.</p>",
        credentials_form(),
        '<button class="main">Create a demo account</button></form>',
        f'<p>Have an account? <a href="{_to("authorize", query)}">Sign in</a></p>',
    )


def consent(app: App, user: User, ticket: str, token: str) -> str:
    """May the app do all this?"""
    wishes = "".join(f"<li>{SCOPES[scope]} <small>{scope}</small></li>" for scope in app.scopes)
    return page(
        f"Give {app.name} access?",
        f"<p>You are signed in as {escape(name_of(user))}. {escape(app.name)} would be able to:</p><ul>{wishes}</ul>",
        f"<p>With these accounts: {escape(_accounts(user))}</p>",
        f'<form method="post" action="/oauth2/consent">{token}<input type="hidden" name="ticket" value="{ticket}">',
        '<button class="main" name="choice" value="allow">Allow</button>',
        '<button class="plain" name="choice" value="deny">Deny</button></form>',
    )


def message(heading: str, text: str) -> str:
    """A page that only says something."""
    return page(heading, f"<p>{escape(text)}</p>")


def page(heading: str, *parts: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{TITLE}</title><style>{_CSS}</style></head><body>'
        '<main><p class="note">This is the sandbox of dpyauth on your own computer, not Deriv. Never type a real '
        f"password here.</p><h1>{escape(heading)}</h1>{''.join(parts)}</main></body></html>\n"
    )


def credentials_form() -> str:
    return (
        '<label for="email">E-mail</label>'
        '<input id="email" name="email" type="email" maxlength="254" required autocomplete="off">'
        '<label for="password">Password (any will do)</label>'
        '<input id="password" name="password" type="password" required autocomplete="off">'
    )


def wrong_note(text: str) -> str:
    return f'<p class="note wrong" role="alert">{escape(text)}</p>' if text else ""


def _to(page: str, query: str) -> str:
    return f"/oauth2/{page}?{escape(query)}"


def name_of(user: User) -> str:
    return user.name or user.email


def _accounts(user: User) -> str:
    return ", ".join(f"{account.loginid} ({account.currency or 'no currency yet'})" for account in user.accounts)
