"""Public interface of the sandbox: start and stop it, and control what happens in it."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Collection
from decimal import Decimal
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, TypeVar

from dpyauth.arguments import public
from dpyauth.arguments.words import shown
from dpyauth.catalog.descriptions import unknown_choice
from dpyauth.errors import InvalidSetting
from dpyauth.names import Names
from dpyauth.sandbox.context import HOST, Context
from dpyauth.sandbox.limits import Limits
from dpyauth.sandbox.registered_apps import problem_with
from dpyauth.sandbox.server import Server
from dpyauth.sandbox.users import OWN_APP_ID, SAMPLES, SampleToken

T = TypeVar("T")
_HIGHEST_PORT: Final = 65_535
_MOST: Final = 1_000_000_000  # largest amount of money, and largest number of seconds


class Side(NamedTuple):
    """Addresses, app ID and tokens for one API of the sandbox."""

    server: str
    """Address of the server, instead of Deriv's."""
    auth_host: str
    """Address of its sign-in pages, instead of Deriv's."""
    app_id: str
    tokens: tuple[SampleToken, ...]
    """Tokens like those that a user creates."""


class Sandbox(Names, Context):
    """Deriv's two APIs on this machine, with made-up users, for lessons and tests.

    Any client of Deriv's v3 can connect to `url` with one of `tokens`, and any client of the Options API to
    `rest` with one of `options_tokens`; nothing leaves the machine.

    Parameters
    ----------
    port : int, optional
        Port to listen on, on 127.0.0.1; 0 takes a free port, which `start` uses again after `stop`.
    limits : Limits, bool or None, optional
        Rate limits; True for Deriv's known limits, None or False for none (also in the Options API).
    idle_timeout : float, optional
        Seconds without a request after which a connection is closed, as at Deriv; None for never.
    ping_interval : float, optional
        Seconds between protocol pings; a client that does not answer within this time is dropped.
    token_lifetime : float, optional
        Seconds after which a token from the sign-in pages expires; None for never.
    compress : bool, optional
        Compress replies for clients that support it, on sockets (permessage-deflate) and over HTTP (gzip).
    clock : callable, optional
        Function that returns the time in epoch seconds.
    hosts : collection of str, optional
        Host names that it accepts in addition to those of this machine, for use behind a proxy. Requests under other
        names are refused, and so are those of other web pages (``Origin``), because a browser lets every page send
        requests to this machine.

    Attributes
    ----------
    app_id : int
        App ID to connect with (1089, which Deriv provides for tests, works as well).
    tokens : tuple of SampleToken
        Sample tokens.
    options : Options
        Options API of the sandbox, with settings for its behaviour.
    options_app_id : str
        App ID to use with `options_tokens`.
    options_tokens : tuple of SampleToken
        Personal access tokens for the Options API, which differ between sandboxes.
    faults : Faults
        Faults that can be caused.
    echo_state : bool
        Whether the sign-in pages return an app's ``state``; it is not known whether Deriv does.
    redirect_denial : bool
        Whether they tell the app if a user denies it access; Deriv is not known to do so.
    connections_opened : int
        Number of clients that have connected so far.

    Examples
    --------
    >>> from dpyauth.sandbox import Sandbox
    >>> with Sandbox() as sandbox:
    ...     sandbox.url.startswith("ws://127.0.0.1:")
    True
    """

    _called = "A sandbox"

    @public
    def __init__(
        self,
        port: int = 0,
        *,
        limits: Limits | bool | None = True,
        idle_timeout: float | None = 120.0,
        ping_interval: float | None = None,
        token_lifetime: float | None = None,
        compress: bool = False,
        clock: Callable[[], float] = time.time,
        hosts: Collection[str] = (),
    ) -> None:
        if not 0 <= port <= _HIGHEST_PORT:
            raise InvalidSetting(
                f"The port must be a number from 0 to {_HIGHEST_PORT} (0 takes a free one), not {shown(port)}.",
                field="port",
            )
        for name, seconds in (
            ("idle_timeout", idle_timeout),
            ("ping_interval", ping_interval),
            ("token_lifetime", token_lifetime),
        ):
            if seconds is not None and not abs(seconds) < _MOST:
                raise InvalidSetting(
                    f"{name} takes a number of seconds, or None for never; not {shown(seconds)}.", field=name
                )
        super().__init__(clock, Limits() if limits is True else limits or None, token_lifetime)
        self.app_id = OWN_APP_ID
        self.tokens: tuple[SampleToken, ...] = SAMPLES
        self.options_app_id = self.options.app_id
        self.options_tokens = self.options.tokens
        self.idle_timeout = idle_timeout
        self.compress = compress
        self._server = Server(self, port, hosts, ping_interval)

    def __repr__(self) -> str:
        return f"<dpyauth sandbox {'at ' + self.url if self._server.is_running else 'not running'}>"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def oauth_host(self) -> str:
        """Return the address of the sign-in pages, instead of https://oauth.deriv.com."""
        return f"http://{HOST}:{self.port}"

    @property
    def rest(self) -> str:
        """Return the address of the Options API, instead of https://api.derivws.com."""
        return self.oauth_host

    @property
    def auth_host(self) -> str:
        """Return the address of the Options API's sign-in pages, instead of https://auth.deriv.com."""
        return self.oauth_host

    @property
    def connections_open(self) -> int:
        """Return the number of connected clients."""
        return len(self.sockets)

    @public
    def start(self) -> Self:
        """Start to listen, in a background thread; return when clients can connect.

        Raises
        ------
        InvalidSetting
            The port is taken, or using it is not permitted.
        """
        self._server.start()
        return self

    @public
    def stop(self) -> None:
        """Close every connection and stop listening; return when the thread has ended."""
        self._server.stop()

    @public
    def wait_until(self, condition: Callable[[Sandbox], object], timeout: float = 5.0) -> bool:
        """Block until a condition on this sandbox holds; return False if it does not within ``timeout`` seconds.

        The condition is checked at every request, and when a connection opens or closes.

        Examples
        --------
        >>> sandbox = Sandbox()
        >>> sandbox.wait_until(lambda sandbox: sandbox.connections_open == 0)
        True
        """
        return self.wait_for(lambda: condition(self), timeout)

    @public
    def pay(self, loginid: str, amount: float | Decimal, action: str = "deposit") -> None:
        """Book a deposit (or a withdrawal, if the amount is negative), which streams report.

        Parameters
        ----------
        loginid : str
            The account.
        amount : float or Decimal
            Amount in the account's currency.
        action : str, optional
            Name of the transaction in the statement.

        Raises
        ------
        InvalidSetting
            The account does not exist or its balance is too low, or the amount is not valid.
        """
        size: Any = abs(amount)
        if not size < _MOST:
            raise InvalidSetting(
                f"amount must be an amount of money below {_MOST}, not {shown(amount)}.", field="amount"
            )
        self._asked(functools.partial(self._pay, loginid, amount, action))

    @public
    def register_app(self, name: str, redirect_uri: str, scopes: Collection[str] = ("read",)) -> int:
        """Register an app, even with a redirect URL that Deriv would not accept, such as one with a port.

        Parameters
        ----------
        name : str
            Name of the app on the sign-in pages.
        redirect_uri : str
            Address to which the sign-in pages return.
        scopes : collection of str, optional
            Scopes that they request.

        Returns
        -------
        int
            Its app ID.

        Raises
        ------
        InvalidSetting
            An argument is not valid; the text says which.
        """
        scopes = list(scopes)
        if wrong := problem_with(redirect_uri, scopes):
            raise InvalidSetting(wrong)
        return self.run(lambda: self.world.apps.register(name, redirect_uri, scopes)).app_id

    @public
    def register_options_app(
        self, name: str, redirect_uri: str = "", scopes: Collection[str] = ("trade",), kind: str = "oauth"
    ) -> str:
        """Register an app with the Options API.

        Parameters
        ----------
        name : str
            Name of the app on the sign-in pages.
        redirect_uri : str, optional
            Address to which the sign-in pages return, which must match exactly; also one that Deriv would not accept. A
            PAT app needs none.
        scopes : collection of str, optional
            Scopes that it may request.
        kind : {"oauth", "pat"}, optional
            Kind of token that it works with.

        Returns
        -------
        str
            Its app ID, which is its OAuth client ID.

        Raises
        ------
        InvalidSetting
            An argument is not valid; the text says which.
        """
        scopes = list(scopes)
        return self._asked(lambda: self.options.register(name, redirect_uri, scopes, kind)).app_id

    @public
    def options_token(self, label: str) -> SampleToken:
        """Return the first of `options_tokens` whose label begins like this.

        Raises
        ------
        InvalidSetting
            There is no such token; the text lists the labels.

        Examples
        --------
        >>> Sandbox().options_token("rich").scopes[0]
        'trade'
        """
        for sample in self.options_tokens:
            if sample.label.startswith(label):
                return sample
        labels = [sample.label for sample in self.options_tokens]
        raise InvalidSetting(unknown_choice("label", label, labels), field="label")

    @public
    def side(self, api: str) -> Side:
        """Return the addresses, app ID and tokens for one of its APIs, ``"options"`` or ``"v3"``."""
        made = tuple(sample for sample in self.tokens if sample.kind == "api")
        sides = {
            "options": Side(self.rest, self.auth_host, self.options_app_id, self.options_tokens),
            "v3": Side(self.url, self.oauth_host, str(self.app_id), made),
        }
        if api not in sides:
            raise InvalidSetting(unknown_choice("API", api, sides), field="api")
        return sides[api]

    @public
    def api_of(self, token: str) -> str | None:
        """Return the API of one of its sample tokens; None for any other token."""
        if any(sample.token == token for sample in self.tokens):
            return "v3"
        return "options" if any(sample.token == token for sample in self.options_tokens) else None

    @public
    def expire(self, token: str) -> None:
        """Let a token expire, even if a client is signed in with it."""
        self._asked(lambda: None if self.options.expire(token) else self.world.expire(token))

    def _asked(self, action: Callable[[], T]) -> T:
        """Run an action of the user, and turn its errors into InvalidSetting."""
        try:
            return self.run(action)
        except KeyError:  # the text does not repeat the key, which may be a token
            raise InvalidSetting("The sandbox has no account, token or app of this name.") from None
        except ValueError as error:
            raise InvalidSetting(str(error)) from None

    def _pay(self, loginid: str, amount: float | Decimal, action: str) -> None:
        account = self.world.account(loginid)
        self.world.book(account, action, round(amount * 10**account.digits))
