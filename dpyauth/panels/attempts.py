"""Sign in by several steps on the background thread, with one future for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from dpyauth.apis.base import by_looks, by_name_only
from dpyauth.errors import DpyauthError, SessionClosed, SignInRefused
from dpyauth.net.connector import OPEN_TIMEOUT
from dpyauth.net.loop import background
from dpyauth.registry import APIS

if TYPE_CHECKING:
    from dpyauth.apis.base import Account
    from dpyauth.credentials import Granted
    from dpyauth.session import Session
    from dpyauth.settings import Settings

T = TypeVar("T")

_OF_THE_ACCOUNT = {"AccountDisabled", "DisabledClient", "SelfExclusion"}
"""Codes of refusals that are about one account while its token is right, where each account has a token of its own."""


def run(steps: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
    """Carry out these steps on the background thread; cancelling the future stops them."""
    outcome: Future[T] = Future()
    background.run(steps, outcome)
    return outcome


def reach(session: Session, where: Settings) -> None:
    """Connect once where Deriv may have switched the API off, so that no user goes through a sign-in for nothing.

    Raises
    ------
    ConnectionFailed, SignInRefused
        As signing in would.
    """
    if not APIS[where.api].retiring:
        return
    connection = session.core.connect(None, where)
    connection.start()
    try:
        connection.ready.result(OPEN_TIMEOUT)
    except TimeoutError:
        pass  # nothing is known
    finally:
        connection.close(SessionClosed("It was opened to see whether it can be."))


async def sign_in(session: Session, given: Callable[[str], Granted], where: Settings, **options: Any) -> Account:
    """Sign in to the API that is meant; a token is never tried on another.

    Parameters
    ----------
    session : Session
        The session to sign in to.
    given : callable
        What there is to sign in with, for the name of an API; may raise InvalidCredential.
    where : Settings
        The Deriv to sign in to.
    **options
        Further options of the API's sign-in: ``loginid``, the account to begin with and no other; ``kept``, the one
        that was remembered. Where v3 has closed that one, a demo account of the same sign-in stands in for it.

    Returns
    -------
    Account

    Raises
    ------
    SignInRefused
        Deriv does not take the token, the account or the app ID.
    InvalidCredential, InvalidSetting, ConnectionFailed, SessionClosed, BadReply
        As the sign-in itself.

    Examples
    --------
    >>> import dpyauth
    >>> from dpyauth.panels.attempts import run, sign_in
    >>> session = dpyauth.login(sandbox=True)
    >>> credential = session.core.credential
    >>> run(lambda: sign_in(session, lambda api: (credential, None), session.core.target)).result().loginid
    'DOT900003'
    """
    credential, grants = given(where.api)
    try:
        return await asyncio.wrap_future(session.core.start_sign_in(credential, where, grants, **options))
    except SignInRefused as refusal:
        if refusal.code not in _OF_THE_ACCOUNT or options.get("loginid") or not grants:
            raise
        demos = [account.loginid for account in by_looks(grants) if account.demo]
        real = [loginid for loginid in grants if loginid not in demos]
        tried = next((loginid for loginid in demos if grants[loginid] is credential), None)
        if tried is not None and real:
            refusal.add_note(by_name_only(tried, real))
        if tried is not None or not demos:
            raise
        try:
            return await asyncio.wrap_future(session.core.start_sign_in(grants[demos[0]], where, grants, **options))
        except DpyauthError:
            raise refusal from None
