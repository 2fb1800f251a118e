"""The credential a session signs in with."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from dpyauth import _pasted
from dpyauth.errors import InvalidCredential
from dpyauth.registry import APIS, by_token
from dpyauth.secret import Secret as Secret
from dpyauth.secret import scrub as scrub

_V3_TOKEN = re.compile(r"[\w\-]{1,128}", re.ASCII)
_NO_ACCESS = {"ory_rt_": "a refresh token", "ory_ac_": "the code of a browser sign-in"}


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens that a sign-in in the browser returned."""

    access: Secret
    refresh: Secret | None
    """Renews them. Deriv gives one to few apps."""
    expires_at: float | None
    """End of the access token, in seconds since 1970; None if Deriv did not say."""
    scopes: tuple[str, ...] | None
    """Scopes of the access token; None if Deriv did not say, which means those that were asked for."""
    life: float | None = None
    """Lifetime that Deriv gave the access token, in seconds; None if it did not say."""


class Credential(NamedTuple):
    """Token that a session signs in with, and where it came from."""

    token: Secret
    source: str
    tokens: Tokens | None = None
    """End of the token and what renews it, if signing in with Deriv said so (options API)."""
    renew: Callable[[Secret], Awaitable[Tokens]] | None = None
    """Gets new tokens for a refresh token."""


Granted = tuple[Credential, Mapping[str, Credential] | None]
"""Credential to sign in with, and those of all accounts by login ID, where there are several."""


def bare(entered: Secret) -> Secret:
    """Return a token without what came along when it was copied: blanks, marks of the paste, quotes, ``Bearer``."""
    return Secret(_pasted.bare(entered.reveal()))


def api_of(token: Secret, *, likely: bool = False) -> str | None:
    """Return the API that a token is of, as far as its looks tell; see `dpyauth.registry.by_token`."""
    return by_token(token.reveal(), likely=likely)


def checked(entered: str | Secret, source: str, api: str) -> Credential:
    """Return a credential for one of the APIs from what the user entered: a token goes only where its kind belongs.

    Raises
    ------
    InvalidCredential
        When Deriv could not possibly take it, or when it is of the other API. The text never repeats what was entered.
    """
    token = bare(entered if isinstance(entered, Secret) else Secret(entered))
    if _pasted.has_controls(token.reveal()):
        raise InvalidCredential(
            "This cannot be a token: it has control characters in it, as keys such as Ctrl+V, the arrows or Backspace "
            "leave where they do nothing else. Nothing was sent. Paste the token again, by right-click or from the "
            "menu Edit."
        )
    mine = api_of(token)
    if api in APIS and mine not in (None, api):
        raise InvalidCredential(
            f"This token is of Deriv's {mine} API, and what was chosen is {api}: nothing was sent. Choose {mine} "
            f'instead (dpyauth.login(api="{mine}"), or DERIV_API={mine} where that variable is set), or give a '
            f"{APIS[api].credential} of {api}, made at {APIS[api].pages.tokens}"
        )
    kind = next((kind for start, kind in _NO_ACCESS.items() if token.reveal().startswith(start)), None)
    if kind is not None:
        raise InvalidCredential(f"This is {kind}, which opens no account: nothing was sent. Give an access token.")
    return _CHECKS.get(api, access_token)(token, source)


def access_token(entered: str | Secret, source: str) -> Credential:
    """Return a credential for the options API: a personal access token, or one that signing in with Deriv gave.

    Deriv does not say what its tokens look like, so nearly all are let pass.
    """
    token = Secret((entered if isinstance(entered, Secret) else Secret(entered)).reveal().strip())
    if not token.reveal():
        raise InvalidCredential("The token is empty. Paste the token that Deriv showed you when you created it.")
    if not re.fullmatch(r"[!-~]{1,4096}", token.reveal()):
        raise InvalidCredential(
            "This cannot be a token: it has blanks or unusual characters in it, or is far too long. Copy the token "
            "alone, without the text round it."
        )
    return Credential(token, source)


def api_token(entered: str | Secret, source: str) -> Credential:
    """Return a credential for v3 from what the user entered: blanks around it are dropped, the rest is checked.

    Raises
    ------
    InvalidCredential
        When Deriv's v3 API could not possibly take it. The text never repeats what was entered.
    """
    entered = entered if isinstance(entered, Secret) else Secret(entered)
    token = Secret(entered.reveal().strip())
    if not token.reveal():
        raise InvalidCredential("The API token is empty. Paste the token that Deriv showed you when you created it.")
    if _V3_TOKEN.fullmatch(token.reveal()):
        return Credential(token, source)
    if len(token.reveal()) > 128:
        raise InvalidCredential(
            f"This cannot be an API token: it has {len(token.reveal())} characters, Deriv's have at most 128. "
            "Copy the token alone, without the text round it."
        )
    if "." in token.reveal():
        raise InvalidCredential(
            "This cannot be an API token of Deriv's v3 API: it has a dot in it. Tokens with dots belong to "
            "Deriv's newer API; v3 needs one made under Account settings, API token."
        )
    raise InvalidCredential(
        "This cannot be an API token: Deriv's have only letters, digits, '-' and '_'. "
        "Copy the token again, without blanks or quotes."
    )


_CHECKS: Mapping[str, Callable[[Secret, str], Credential]] = {"options": access_token, "v3": api_token}
"""Checks of a token, by API."""
