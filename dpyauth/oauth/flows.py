"""Both APIs' ways to sign in with the browser, behind one face: where it begins, and what comes of what comes back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

from dpyauth.apis.base import by_looks, choose
from dpyauth.credentials import Secret, Tokens, checked
from dpyauth.errors import InvalidSetting, RedirectRefused
from dpyauth.oauth import implicit, pkce
from dpyauth.registry import APIS
from dpyauth.settings import Settings, is_loopback

if TYPE_CHECKING:
    from dpyauth.credentials import Granted
    from dpyauth.oauth.implicit import Grant
    from dpyauth.oauth.pkce import Code
    from dpyauth.targets import Targets

SOURCE = "signing in with Deriv"

_LESSONS = "dpyauth lessons"
_NOWHERE = "http://localhost/dpyauth"


@dataclass(frozen=True, slots=True)
class Options:
    """How somebody wants to sign in."""

    host: str | None = None
    """Another place of the sign-in pages."""
    redirect_url: str | None = None
    """Where the app leads back to, as far as it was said."""
    callback: str | None = None
    """The address of the callback page that the Jupyter server has, if it has one."""
    create_demo: bool = False
    """Make a demo account for those who have no account."""

    @property
    def back(self) -> str:
        """Where an app leads back to that is made for this sign-in, as only the sandbox lets one."""
        return self.redirect_url or self.callback or _NOWHERE


@dataclass(frozen=True, slots=True)
class Result:
    """What came back, and can be used."""

    loginids: tuple[str, ...]
    """Whose it is, as far as one can tell."""
    given: Callable[[], Awaitable[Granted]]
    """Gets what there is to sign in with."""


class Flow(Protocol):
    """One sign-in with the browser."""

    settings: Settings
    options: Mapping[str, Any]
    """Further options of the API's sign-in."""
    url: str
    """The address to open."""
    state: Secret
    """The mark by which what comes back is known again."""
    redirect_url: str | None
    """Where it comes back to, where that is certain."""
    listen_at: str | None
    """Where to wait for it on this machine, if anywhere."""

    def read(self, address: Secret, *, pasted: bool) -> Result:
        """Take what came back, or raise RedirectRefused; ``pasted``: a person has brought it."""


class ImplicitFlow:
    """The way of v3: tokens of all accounts, in the address itself."""

    options: Mapping[str, Any] = {}
    redirect_url: str | None = None

    def __init__(self, choice: Targets, app_id: str | None, wish: Options) -> None:
        sandbox = choice.sandbox
        if sandbox is not None:  # the sandbox lets everybody register an app; at Deriv one does it beforehand
            try:
                app_id = str(sandbox.register_app(_LESSONS, wish.back, ("read", "trading_information")))
            except InvalidSetting as error:
                raise RedirectRefused(str(error), code="redirect_url") from None
        self.settings = choice.settings("v3", app_id)
        self.state = implicit.new_state()
        self.listen_at = wish.redirect_url
        self.url = implicit.authorize_url(
            self.settings.app_id,
            host=wish.host or (sandbox.side("v3").auth_host if sandbox else implicit.HOST),
            language=self.settings.language,
            state=self.state,
        )

    def read(self, address: Secret, *, pasted: bool) -> Result:
        """The tokens in the address."""
        grants = implicit.parse(address, state=self.state, pasted=pasted)
        return Result(tuple(grant.loginid for grant in grants), partial(self._given, grants))

    async def _given(self, grants: tuple[Grant, ...]) -> Granted:
        credentials = {grant.loginid: checked(grant.token, SOURCE, "v3") for grant in grants}
        return credentials[choose(by_looks(credentials), loginid=None, kept=None).loginid], credentials


class CodeFlow:
    """The way of the options API: a code in the address, which is exchanged for one token for all accounts."""

    def __init__(self, choice: Targets, app_id: str | None, wish: Options) -> None:
        sandbox, back = choice.sandbox, wish.redirect_url
        self._scopes = ("trade", "account_manage") if wish.create_demo else ("trade",)
        if sandbox is not None:
            back = wish.back
            try:
                app_id = sandbox.register_options_app(_LESSONS, back, self._scopes)
            except InvalidSetting as error:
                raise RedirectRefused(str(error), code="redirect_url") from None
        self.settings = choice.settings("options", app_id)
        if self.settings.app_id is not None and not back:
            raise RedirectRefused(
                "To sign you in with the browser, Deriv needs the redirect URL of your app. Enter it letter by letter, "
                f"as you registered it at {APIS['options'].pages.apps}",
                code="redirect_url",
            )
        self._begun = pkce.CodeSignIn(
            self.settings.app_id or "",
            back or "",
            self._scopes,
            host=wish.host or (sandbox.side("options").auth_host if sandbox else pkce.HOST),
            language=self.settings.language,
        )
        self.options: Mapping[str, Any] = {"create_demo": True} if wish.create_demo else {}
        self.url, self.state = self._begun.url, self._begun.state
        self.redirect_url = back
        own = leads_to(wish.redirect_url or "", wish.callback)
        self.listen_at = wish.redirect_url if not own and _is_here(wish.redirect_url) else None

    def read(self, address: Secret, *, pasted: bool) -> Result:
        """The code in the address. It must bear the mark of this sign-in, whoever has brought it."""
        return Result((), partial(self._given, self._begun.accept(address)))

    async def _given(self, came: Code) -> Granted:
        from dpyauth.oauth.tokens import exchange, http_client

        async with http_client(came.host) as http:
            tokens = await exchange(came, http)
        tokens = replace(tokens, scopes=tokens.scopes or self._scopes)

        async def renew(refresh_token: Secret) -> Tokens:
            return await _renewed(came.client_id, refresh_token, came.host)

        return checked(tokens.access, SOURCE, "options")._replace(tokens=tokens, renew=renew), None


WAYS: Mapping[str, Callable[[Targets, str | None, Options], Flow]] = {"v3": ImplicitFlow, "options": CodeFlow}
"""The way of each API."""


async def _renewed(client_id: str, refresh_token: Secret, host: str) -> Tokens:
    from dpyauth.oauth.tokens import http_client, refresh

    async with http_client(host) as http:
        return await refresh(client_id, refresh_token, http, host)


def leads_to(url: str, callback: str | None) -> bool:
    """Return whether a redirect URL leads to the callback page, however its letters are written.

    A hub may have ``@`` in the addresses of a user where a redirect URL has ``%40``. The page answers to both, with a
    slash at its end and without.
    """
    try:
        return callback is not None and _plain(url) == _plain(callback)
    except ValueError:
        return False


def _plain(url: str) -> tuple[str, str | None, int | None, str, str]:
    parts = urlsplit(url.strip())
    port = {"http": 80, "https": 443}.get(parts.scheme) if parts.port is None else parts.port
    return parts.scheme, parts.hostname, port, unquote(parts.path).rstrip("/"), parts.query


def _is_here(url: str | None) -> bool:
    """Whether one can listen there: a plain address of this machine."""
    try:
        parts = urlsplit((url or "").strip())
        return parts.scheme == "http" and is_loopback(parts.hostname or "")
    except ValueError:
        return False
