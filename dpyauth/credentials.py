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
from dpyauth.texts.said import said

_V3_TOKEN = re.compile(r"[\w\-]{1,128}", re.ASCII)
_NO_ACCESS = {"ory_rt_": "refresh_token", "ory_ac_": "sign_in_code"}
"""Keys of the errors for what Deriv gives out besides access tokens, by its beginning."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens that a browser sign-in returned."""

    access: Secret
    refresh: Secret | None
    """Refresh token, which gets new tokens. Deriv gives one to few apps."""
    expires_at: float | None
    """Time at which the access token expires, in seconds since 1970; None if Deriv did not state it."""
    scopes: tuple[str, ...] | None
    """Scopes of the access token; None if Deriv did not state them, which means those that were requested."""
    life: float | None = None
    """Lifetime of the access token, in seconds; None if Deriv did not state it."""


class Credential(NamedTuple):
    """Token that a session signs in with, and where it came from."""

    token: Secret
    source: str
    tokens: Tokens | None = None
    """All tokens of a browser sign-in (options API), with the expiry and the refresh token."""
    renew: Callable[[Secret], Awaitable[Tokens]] | None = None
    """Function that gets new tokens for a refresh token."""


Granted = tuple[Credential, Mapping[str, Credential] | None]
"""Credential to sign in with, and the credentials of all accounts by login ID, if there are several."""


def bare(entered: Secret) -> Secret:
    """Return a token without the blanks, paste marks, quotes and ``Bearer`` that were copied with it."""
    return Secret(_pasted.bare(entered.reveal()))


def api_of(token: Secret, *, likely: bool = False) -> str | None:
    """Return the API that a token belongs to, if its form shows it; see `dpyauth.registry.by_token`."""
    return by_token(token.reveal(), likely=likely)


def checked(entered: str | Secret, source: str, api: str) -> Credential:
    """Return a credential for one of the APIs from what the user entered. A token is never sent to the other API.

    Raises
    ------
    InvalidCredential
        Deriv could not possibly accept it, or it belongs to the other API. The text never repeats what was entered.
    """
    token = bare(entered if isinstance(entered, Secret) else Secret(entered))
    if _pasted.has_controls(token.reveal()):
        raise InvalidCredential(said("token_control_characters"))
    mine = api_of(token)
    if api in APIS and mine not in (None, api):
        facts = APIS[api]
        raise InvalidCredential(
            said("token_of_other_api", mine=mine, api=api, credential=facts.credential, page=facts.pages.tokens)
        )
    key = next((key for start, key in _NO_ACCESS.items() if token.reveal().startswith(start)), None)
    if key is not None:
        raise InvalidCredential(said(key))
    return _CHECKS.get(api, access_token)(token, source)


def access_token(entered: str | Secret, source: str) -> Credential:
    """Return a credential for the options API, from a personal access token or the token of a browser sign-in.

    Deriv does not document what its tokens look like, so nearly every text is accepted.
    """
    token = Secret((entered if isinstance(entered, Secret) else Secret(entered)).reveal().strip())
    if not token.reveal():
        raise InvalidCredential(said("token_empty"))
    if not re.fullmatch(r"[!-~]{1,4096}", token.reveal()):
        raise InvalidCredential(said("token_characters"))
    return Credential(token, source)


def api_token(entered: str | Secret, source: str) -> Credential:
    """Return a credential for v3 from what the user entered; blanks around it are removed.

    Raises
    ------
    InvalidCredential
        Deriv's v3 API could not possibly accept it. The text never repeats what was entered.
    """
    entered = entered if isinstance(entered, Secret) else Secret(entered)
    token = Secret(entered.reveal().strip())
    if not token.reveal():
        raise InvalidCredential(said("api_token_empty"))
    if _V3_TOKEN.fullmatch(token.reveal()):
        return Credential(token, source)
    if len(token.reveal()) > 128:
        raise InvalidCredential(said("api_token_long", length=len(token.reveal())))
    raise InvalidCredential(said("api_token_dot" if "." in token.reveal() else "api_token_characters"))


_CHECKS: Mapping[str, Callable[[Secret, str], Credential]] = {"options": access_token, "v3": api_token}
"""Functions that check a token, by API."""
