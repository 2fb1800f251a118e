"""Make calls with the token of a sign-in: renew it in time, and find out whether a refusal ends the sign-in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple, TypeVar

from dpyauth.apis.expiry import Expiry
from dpyauth.credentials import Credential, Secret, Tokens
from dpyauth.errors import ConnectionFailed, DpyauthError, SignInRefused
from dpyauth.net.pending import outcome_unknown
from dpyauth.texts.said import joined, said

CONFIRM_TIMEOUT = 15.0
"""Time limit for the call that confirms a refusal, in seconds."""

EARLY = 60.0
"""Time before its expiry at which a token is renewed, in seconds."""

REFUSING = frozenset(
    {
        "invalid_grant",
        "invalid_client",
        "unauthorized_client",
        "access_denied",
        "invalid_scope",
        "unsupported_grant_type",
    }
)
"""Error codes of the sign-in server after which a refresh token is useless; after others, a later try may succeed."""

T = TypeVar("T")
Ask = Callable[[float], Awaitable[T]]
"""Function that makes a call with the current token, within the given number of seconds."""


class Change(NamedTuple):
    """Call that changes something."""

    name: str
    look: str
    """Method that shows whether the change was made."""


class TokenAuth:
    """Make calls with a token. All methods must be used on the same event loop.

    Parameters
    ----------
    credential : Credential
        Token to begin with, and its refresh token.
    confirm : callable
        Function that makes a call which every valid token may make.
    on_refusal : callable
        Called when Deriv has refused the token for good.
    """

    def __init__(self, credential: Credential, confirm: Ask[object], on_refusal: Callable[[SignInRefused], None]):
        self.credential = credential
        self.has_worked = False
        """True once a sign-in with the token has succeeded."""
        self._confirm = confirm
        self._on_refusal = on_refusal
        self._renewing: asyncio.Task[bool | None] | None = None
        self._confirming: asyncio.Task[None] | None = None

    @property
    def expires_at(self) -> float | None:
        """Expiry of the sign-in, in seconds since 1970; None if it can be renewed, or if Deriv did not state it."""
        tokens = self.credential.tokens
        return tokens.expires_at if tokens and tokens.refresh is None else None

    async def ask(self, ask: Ask[T], timeout: float, change: Change | None = None) -> T:
        """Make a call within ``timeout`` seconds. If the token is refused, find out whether that ends the sign-in."""
        end = time.monotonic() + timeout
        try:
            return await self._ask(ask, timeout, change)
        except SignInRefused as refusal:
            # A cancellation only ends the wait: the caller must still get the refusal that has arrived.
            with suppress(asyncio.CancelledError):
                await self._wait_for_confirmation(end)
            raise refusal

    def cancel(self) -> None:
        """Stop the background tasks."""
        for task in (self._renewing, self._confirming):
            if task is not None:
                task.cancel()

    async def _ask(self, ask: Ask[T], timeout: float, change: Change | None = None) -> T:
        """Make a call, with a new token if the current one expires soon or Deriv says that it has expired.

        This machine's clock may be wrong, so a token that seems to have expired is still tried. A change is sent only
        once, whatever the result.
        """
        end = time.monotonic() + timeout
        tokens = self.credential.tokens
        if tokens and tokens.expires_at is not None and tokens.expires_at - time.time() < _early(tokens.life):
            with suppress(ConnectionFailed):  # then try the current token, which may still be valid
                await self._renew(end)
        used = self.credential.token
        try:
            return await ask(end - time.monotonic())
        except SignInRefused as refused:
            renewed, trouble = used != self.credential.token, ""  # another call may have renewed it in the meantime
            try:
                renewed = renewed or await self._renew(end)
            except ConnectionFailed as error:
                if change is None:
                    raise
                trouble = error.text
            if change is not None:
                # This case ends with OutcomeUnknown, for which `ask` does not check the sign-in. So check it here.
                if not renewed and refused.code.startswith("HTTP"):
                    await self._wait_for_confirmation(end)
                raise _change_refused(change, self._dated(refused), renewed, trouble) from None
            if not renewed:
                raise self._dated(refused) from None
        return await ask(end - time.monotonic())

    def _dated(self, refused: SignInRefused) -> SignInRefused:
        """Return an error that says when the sign-in ended, if that is why its token was refused."""
        ended, tokens = self.expires_at, self.credential.tokens
        expiry = None if ended is None else Expiry(ended, tokens.life if tokens else None)
        if expiry is None or not expiry.has_passed or not refused.about.startswith("token"):
            return refused
        return SignInRefused(
            said("sign_in_over", time=expiry.date_and_clock, code=refused.code),
            call=refused.call,
            code=refused.code,
            subcode=refused.subcode,
            details=refused.details,
            about=refused.about,
        )

    async def _wait_for_confirmation(self, end: float) -> None:
        """Let another call decide whether Deriv still accepts the sign-in, in the time that is left.

        One refusal is not enough to end a sign-in, because a single service or a proxy may be wrong. If the caller
        stops waiting, the decision is made all the same.
        """
        if self._confirming is None and self.has_worked:
            self._confirming = asyncio.create_task(self._confirmed())
        if self._confirming is not None:
            await asyncio.wait([self._confirming], timeout=max(0.0, end - time.monotonic()))

    async def _confirmed(self) -> None:
        refused: SignInRefused | None = None
        try:
            await self._ask(self._confirm, CONFIRM_TIMEOUT)
        except SignInRefused as refusal:
            refused = refusal
        except DpyauthError:
            pass  # the call shows neither
        finally:
            self._confirming = None
        # Without an error code, the refusal may come from something in between. A refused app ID does not count: it
        # was accepted at the sign-in.
        in_words = refused is not None and not refused.code.startswith("HTTP")
        if refused is not None and in_words and refused.about.startswith("token"):
            self._on_refusal(refused.copy())

    async def _renew(self, end: float) -> bool:
        """Get a new token, if possible, in half of the time that is left; return whether there is one."""
        tokens, renew = self.credential.tokens, self.credential.renew
        if tokens is None or tokens.refresh is None or renew is None:
            return False
        # A task of its own, shared by all callers. A refresh token may work only once: two requests with it would make
        # one of them fail, and a request that is cancelled with its caller could use it up and lose the new tokens.
        if self._renewing is None:
            self._renewing = asyncio.create_task(self._renewed(tokens, tokens.refresh, renew))
        renewing = self._renewing
        await asyncio.wait([renewing], timeout=(end - time.monotonic()) / 2)
        renewed = renewing.result() if renewing.done() else None
        if renewed is None:
            raise ConnectionFailed(said("renewal_unreachable"))
        return renewed

    async def _renewed(self, old: Tokens, refresh: Secret, renew: Callable[[Secret], Awaitable[Tokens]]) -> bool | None:
        """Return whether there is a new token; None if there may be one later."""
        try:
            new = await renew(refresh)
        except SignInRefused as refused:
            if refused.code not in REFUSING:
                return None
            new = replace(old, refresh=None)  # the access token stays valid until its own expiry
        except DpyauthError:
            return None
        finally:
            self._renewing = None
        tokens = replace(new, scopes=new.scopes or old.scopes)
        self.credential = self.credential._replace(token=new.access, tokens=tokens)
        return new.access != old.access


def _early(life: float | None) -> float:
    """Return how long before its expiry a token is renewed, in seconds; for a short-lived one, half of its life."""
    return EARLY if life is None else min(EARLY, life / 2)


def _change_refused(change: Change, refused: SignInRefused, renewed: bool, trouble: str) -> DpyauthError:
    """Return the error for a change that got HTTP 401."""
    if refused.code.startswith("HTTP"):  # no error code of Deriv's, so it may come from a gateway in between
        return outcome_unknown(change.name, joined(said("not_from_deriv", status="401"), trouble, by=". "), change.look)
    if not renewed:
        return refused
    return SignInRefused(
        said("refused_then_renewed", call=change.name, code=refused.code),
        call=change.name,
        code=refused.code,
    )
