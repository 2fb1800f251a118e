"""Sign-in pages as HTML. Everything that comes from outside is escaped here."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, Final, NamedTuple

from dpyauth.sandbox.users import User

TITLE: Final = "Sandbox sign-in (not Deriv)"
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
_CREDENTIALS: Final = (
    '<label for="email">E-mail</label>'
    '<input id="email" name="email" type="email" maxlength="254" required autocomplete="off">'
    '<label for="password">Password (any will do)</label>'
    '<input id="password" name="password" type="password" required autocomplete="off">'
)


def policy(redirect_uri: str = "") -> str:
    """Return the content security policy of a page whose form may redirect to this URL."""
    scheme, _, rest = redirect_uri.partition("://")
    place = f" {scheme}://{rest.split('/')[0]}" if scheme in ("http", "https") else f" {scheme}:" if scheme else ""
    return (
        f"default-src 'none'; style-src 'sha256-{_DIGEST}'; form-action 'self'{place}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


class Choice(NamedTuple):
    """User to sign in as."""

    user: User
    accounts: str
    holder: Any
    """User object of one of the APIs."""

    @property
    def name(self) -> str:
        """Return the name of the user."""
        return self.user.name or self.user.email


def sign_in(app: str, choices: Iterable[Choice], action: str, sign_up: str, token: str, wrong: str = "") -> str:
    """Return the page to choose a user; `token` is the hidden field against forged forms, here and below."""
    buttons = "".join(
        f'<button name="user" value="{choice.user.user_id}">{escape(choice.name)}'
        f"<small>{escape(choice.accounts)}</small></button>"
        for choice in choices
    )
    form = f'<form method="post" action="{escape(action)}">{token}'
    return _page(
        f"Sign in to continue to {app}",
        _wrong(wrong),
        f"{form}<h2>As one of the sample users</h2>{buttons}</form>",
        f"{form}<h2>Or by e-mail</h2>{_CREDENTIALS}",
        '<button class="main">Sign in</button></form>',
        f'<p>No account? <a href="{escape(sign_up)}">Sign up</a></p>',
    )


def sign_up(app: str, action: str, sign_in: str, token: str, wrong: str = "") -> str:
    """Return a form for a new demo account."""
    return _page(
        f"Sign up to continue to {app}",
        _wrong(wrong),
        f'<form method="post" action="{escape(action)}">{token}',
        "<p>You get a new demo account with 10,000 USD. It exists as long as the sandbox runs.</p>",
        _CREDENTIALS,
        '<button class="main">Create a demo account</button></form>',
        f'<p>Have an account? <a href="{escape(sign_in)}">Sign in</a></p>',
    )


def consent(
    app: str, choice: Choice, scopes: Mapping[str, str], action: str, consent_id: str, token: str, deny: str
) -> str:
    """Return the page that asks for consent to the app's scopes."""
    wishes = "".join(f"<li>{text} <small>{scope}</small></li>" for scope, text in scopes.items())
    return _page(
        f"Give {app} access?",
        f"<p>You are signed in as {escape(choice.name)}. {escape(app)} would be able to:</p><ul>{wishes}</ul>",
        f"<p>With these accounts: {escape(choice.accounts)}</p>",
        f'<form method="post" action="{action}">{token}<input type="hidden" name="consent_id" value="{consent_id}">',
        '<button class="main" name="choice" value="allow">Allow</button>',
        f'<button class="plain" name="choice" value="deny">{deny}</button></form>',
    )


def message(heading: str, text: str) -> str:
    """Return a page with only a message."""
    return _page(heading, f"<p>{escape(text)}</p>")


def _page(heading: str, *parts: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{TITLE}</title><style>{_CSS}</style></head><body>'
        '<main><p class="note">This is the sandbox of dpyauth on your own computer, not Deriv. Never type a real '
        f"password here.</p><h1>{escape(heading)}</h1>{''.join(parts)}</main></body></html>\n"
    )


def _wrong(text: str) -> str:
    return f'<p class="note wrong" role="alert">{escape(text)}</p>' if text else ""
