"""Signing in by more steps than one, on the background thread, with one future for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from dpyauth.errors import DpyauthError, SignInRefused
from dpyauth.wire.background import background

if TYPE_CHECKING:
    from dpyauth.apis.access import Account
    from dpyauth.credentials import Credential
    from dpyauth.session import Session
    from dpyauth.settings import Settings

T = TypeVar("T")

Given = tuple["Credential", Mapping[str, "Credential"] | None]
"""The credential to sign in with, and those of all accounts by login ID, where there are several."""

_KNOWN = {"NoAccount", "AccountDisabled", "DisabledClient", "SelfExclusion"}
"""Refusals of somebody whose token is right."""


def run(steps: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
    """Carry these steps out on the background thread; cancelling the future calls them off."""
    outcome: Future[T] = Future()
    background.run(steps, outcome)
    return outcome


async def sign_in(
    session: Session,
    given: Callable[[str], Given],
    where: Settings,
    other: Settings | None = None,
    **options: Any,
) -> Account:
    """Sign in; where this API does not take the token and the other one does, there.

    Parameters
    ----------
    session : Session
        The session to sign in to.
    given : callable
        What there is to sign in with, for the name of an API; may raise InvalidCredential.
    where : Settings
        The Deriv that it looks made for.
    other : Settings, optional
        The other one, if it may be tried: once, and the session's remark says so.
    **options
        Further options of the first API's sign-in.

    Returns
    -------
    Account

    Raises
    ------
    SignInRefused
        What the first one said; a note tells that the other one was asked as well.
    InvalidCredential, InvalidSetting, ConnectionFailed, SessionClosed, BadReply
        As the sign-in itself.

    Examples
    --------
    >>> import dpyauth
    >>> from dpyauth.signin.attempts import run, sign_in
    >>> session = dpyauth.login(sandbox=True)
    >>> credential = session._credential
    >>> run(lambda: sign_in(session, lambda api: (credential, None), session._settings)).result().loginid
    'CR900001'
    """
    credential, grants = given(where.api)
    try:
        return await asyncio.wrap_future(session._sign_in(credential, where, grants, **options))
    except SignInRefused as refusal:
        if other is None or refusal.code in _KNOWN:
            raise
        try:
            credential, grants = given(other.api)
            account = await asyncio.wrap_future(session._sign_in(credential, other, grants))
        except SignInRefused:
            refusal.add_note(f"Deriv's {other.api} API does not take it either.")
            raise refusal from None
        except DpyauthError:
            raise refusal from None
    session._remark = (
        f"This token is of Deriv's {other.api} API, not of {where.api}, as it looked at first. "
        f'Say dpyauth.login(api="{other.api}") to spare the detour.'
    )
    return account
