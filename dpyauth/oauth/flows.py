"""Browser sign-in for each API, with one interface: the address to open, and the credentials that result."""

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
from dpyauth.texts.said import said

if TYPE_CHECKING:
    from dpyauth.credentials import Granted
    from dpyauth.oauth.implicit import Grant
    from dpyauth.oauth.pkce import Code
    from dpyauth.targets import Targets

SOURCE = said("source_browser")

_LESSONS = "dpyauth lessons"
_NOWHERE = "http://localhost/dpyauth"


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a sign-in, as the user has chosen them."""

    host: str | None = None
    """Address of sign-in pages other than Deriv's."""
    redirect_url: str | None = None
    """Redirect URL of the app, if the user passed it."""
    callback: str | None = None
    """Address of the Jupyter server's callback page, if it has one."""
    create_demo: bool = False
    """True to create a demo account if the user has no account."""

    @property
    def back(self) -> str:
        """Redirect URL for an app that is registered for this sign-in, which only the sandbox allows."""
        return self.redirect_url or self.callback or _NOWHERE


@dataclass(frozen=True, slots=True)
class Result:
    """Result of a browser sign-in."""

    loginids: tuple[str, ...]
    """Login IDs of its accounts, if they are known."""
    given: Callable[[], Awaitable[Granted]]
    """Function that fetches the credentials."""


class Flow(Protocol):
    """One sign-in with the browser."""

    settings: Settings
    options: Mapping[str, Any]
    """Further options for the sign-in of the API."""
    url: str
    """Address to open in the browser."""
    state: Secret
    """State, which ties the redirect to this sign-in."""
    redirect_url: str | None
    """Redirect URL, if it is known for certain."""
    listen_at: str | None
    """Address on this machine to listen at, if there is one."""

    def read(self, address: Secret, *, pasted: bool) -> Result:
        """Read the address of the redirect, or raise RedirectRefused. ``pasted`` is True if the user pasted it."""


class ImplicitFlow:
    """Browser sign-in of v3: the address of the redirect contains the tokens of all accounts."""

    options: Mapping[str, Any] = {}
    redirect_url: str | None = None

    def __init__(self, targets: Targets, app_id: str | None, wanted: Options) -> None:
        sandbox = targets.sandbox
        if sandbox is not None:  # at Deriv, the user has registered the app already
            try:
                app_id = str(sandbox.register_app(_LESSONS, wanted.back, ("read", "trading_information")))
            except InvalidSetting as error:
                raise RedirectRefused(error.text, code="redirect_url") from None
        self.settings = targets.settings("v3", app_id)
        self.state = implicit.new_state()
        self.listen_at = wanted.redirect_url
        self.url = implicit.authorize_url(
            self.settings.app_id,
            host=wanted.host or (sandbox.side("v3").auth_host if sandbox else implicit.HOST),
            language=self.settings.language,
            state=self.state,
        )

    def read(self, address: Secret, *, pasted: bool) -> Result:
        """Read the tokens in the address."""
        grants = implicit.parse(address, state=self.state, pasted=pasted)
        return Result(tuple(grant.loginid for grant in grants), partial(self._given, grants))

    async def _given(self, grants: tuple[Grant, ...]) -> Granted:
        credentials = {grant.loginid: checked(grant.token, SOURCE, "v3") for grant in grants}
        return credentials[choose(by_looks(credentials), loginid=None, kept=None).loginid], credentials


class CodeFlow:
    """Browser sign-in of the options API: the redirect brings a code, exchanged for one token for all accounts."""

    def __init__(self, targets: Targets, app_id: str | None, wanted: Options) -> None:
        sandbox, back = targets.sandbox, wanted.redirect_url
        self._scopes = ("trade", "account_manage") if wanted.create_demo else ("trade",)
        if sandbox is not None:
            back = wanted.back
            try:
                app_id = sandbox.register_options_app(_LESSONS, back, self._scopes)
            except InvalidSetting as error:
                raise RedirectRefused(error.text, code="redirect_url") from None
        self.settings = targets.settings("options", app_id)
        if self.settings.app_id is not None and not back:
            needed = said("redirect_url_needed", page=APIS["options"].pages.apps)
            raise RedirectRefused(needed, code="redirect_url")
        self._begun = pkce.CodeSignIn(
            self.settings.app_id or "",
            back or "",
            self._scopes,
            host=wanted.host or (sandbox.side("options").auth_host if sandbox else pkce.HOST),
            language=self.settings.language,
        )
        self.options: Mapping[str, Any] = {"create_demo": True} if wanted.create_demo else {}
        self.url, self.state = self._begun.url, self._begun.state
        self.redirect_url = back
        # The callback page of a local Jupyter server is on this machine as well. The server itself answers at that
        # port, so a listener is neither needed nor possible there.
        own = leads_to(wanted.redirect_url or "", wanted.callback)
        self.listen_at = wanted.redirect_url if not own and _is_here(wanted.redirect_url) else None

    def read(self, address: Secret, *, pasted: bool) -> Result:
        """Read the code in the address. It must have the state of this sign-in, even if the user pasted it.

        On v3, a pasted address may come without a state, as Deriv does not promise to send it back there. OAuth 2.0
        obliges a server to do so.
        """
        return Result((), partial(self._given, self._begun.accept(address)))

    async def _given(self, came: Code) -> Granted:
        from dpyauth.oauth.tokens import exchange, http_client

        async with http_client(came.host) as http:
            tokens = await exchange(came, http)
        tokens = replace(tokens, scopes=tokens.scopes or self._scopes)  # none in the reply: those that were requested

        async def renew(refresh_token: Secret) -> Tokens:
            return await _renewed(came.client_id, refresh_token, came.host)

        return checked(tokens.access, SOURCE, "options")._replace(tokens=tokens, renew=renew), None


FLOWS: Mapping[str, Callable[[Targets, str | None, Options], Flow]] = {"v3": ImplicitFlow, "options": CodeFlow}
"""Flow of each API, by the API's name."""


async def _renewed(client_id: str, refresh_token: Secret, host: str) -> Tokens:
    from dpyauth.oauth.tokens import http_client, refresh

    async with http_client(host) as http:
        return await refresh(client_id, refresh_token, http, host)


def leads_to(url: str, callback: str | None) -> bool:
    """Return whether a redirect URL leads to the callback page, even if it is spelled differently.

    A hub may have ``@`` in a user's addresses where the redirect URL has ``%40``. The page answers to both, with and
    without a slash at the end.
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
    """Return whether a URL is a plain http address on this machine, so that a listener can serve it."""
    try:
        parts = urlsplit((url or "").strip())
        return parts.scheme == "http" and is_loopback(parts.hostname or "")
    except ValueError:
        return False
