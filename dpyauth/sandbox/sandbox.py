"""The sandbox as its users have it: started and stopped, and told what is to happen."""

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
_MOST: Final = 1_000_000_000  # of money, and of seconds


class Side(NamedTuple):
    """Addresses, app ID and tokens to use one API of the sandbox with."""

    server: str
    """Address, in place of Deriv's own server."""
    auth_host: str
    """Address of its sign-in pages, in place of Deriv's own."""
    app_id: str
    tokens: tuple[SampleToken, ...]
    """Tokens that a user could have made."""


class Sandbox(Names, Context):
    """Deriv's two APIs on this machine, with made-up users, for lessons and tests.

    Any client of Deriv's v3 can connect to `url` with one of `tokens`, and any client of the Options API to
    `rest` with one of `options_tokens`; nothing leaves the machine.

    Parameters
    ----------
    port : int, optional
        Where to listen on 127.0.0.1; 0 takes a free port, which `start` after `stop` uses again.
    limits : Limits, bool or None, optional
        Rate limits; True for those Deriv is known by, None or False for none (of the Options API neither).
    idle_timeout : float, optional
        Seconds without a request after which a connection is closed, as Deriv does; None for never.
    ping_interval : float, optional
        Seconds between protocol pings; a client that does not answer within as many is dropped.
    token_lifetime : float, optional
        Seconds after which a token from the sign-in pages expires; None for never.
    compress : bool, optional
        Compress replies for clients that take that, on sockets (permessage-deflate) and over HTTP (gzip).
    clock : callable, optional
        Returns the time in epoch seconds.
    hosts : collection of str, optional
        Names under which it may be asked for, besides those of this machine: where something in front of it passes
        requests on. All others are refused, and so are web pages from elsewhere (``Origin``), for a browser lets any
        page talk to this machine.

    Attributes
    ----------
    app_id : int
        The app ID to connect with (1089, which Deriv has for tests, works too).
    tokens : tuple of SampleToken
        The tokens there are.
    options : Options
        The Options API's side: how it behaves can be set there.
    options_app_id : str
        The app ID to use with `options_tokens`.
    options_tokens : tuple of SampleToken
        Personal access tokens for the Options API, new ones in every sandbox.
    faults : Faults
        Things that can be made to go wrong.
    echo_state : bool
        Whether the sign-in pages send an app's ``state`` back; it is not known whether Deriv does.
    redirect_denial : bool
        Whether they tell the app when a user denies it access; Deriv is not known to.
    connections_opened : int
        How many clients have connected so far.

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
                f"A port is a number from 0 to {_HIGHEST_PORT}, where 0 is a free one; not {shown(port)}.", field="port"
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
        """Return the address of the sign-in pages: in place of https://oauth.deriv.com."""
        return f"http://{HOST}:{self.port}"

    @property
    def rest(self) -> str:
        """Return the address of the Options API: in place of https://api.derivws.com."""
        return self.oauth_host

    @property
    def auth_host(self) -> str:
        """Return the address of the Options API's sign-in pages: in place of https://auth.deriv.com."""
        return self.oauth_host

    @property
    def connections_open(self) -> int:
        """Return how many clients are connected now."""
        return len(self.sockets)

    @public
    def start(self) -> Self:
        """Listen, in a background thread; return once clients can connect.

        Raises
        ------
        InvalidSetting
            The port is taken, or this machine does not let it be used.
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

        It is checked when a request comes in and when a connection opens or closes.

        Examples
        --------
        >>> sandbox = Sandbox()
        >>> sandbox.wait_until(lambda sandbox: sandbox.connections_open == 0)
        True
        """
        return self.wait_for(lambda: condition(self), timeout)

    @public
    def pay(self, loginid: str, amount: float | Decimal, action: str = "deposit") -> None:
        """Book a deposit (or, with a negative amount, a withdrawal) so that streams have something to tell.

        Parameters
        ----------
        loginid : str
            The account.
        amount : float or Decimal
            How much, in its currency.
        action : str, optional
            What the statement calls it.

        Raises
        ------
        InvalidSetting
            There is no such account, it does not hold what is to be withdrawn, or that is no amount of money.
        """
        size: Any = abs(amount)
        if not size < _MOST:
            raise InvalidSetting(f"amount takes an amount of money below {_MOST}, not {shown(amount)}.", field="amount")
        self._asked(functools.partial(self._pay, loginid, amount, action))

    @public
    def register_app(self, name: str, redirect_uri: str, scopes: Collection[str] = ("read",)) -> int:
        """Register an app, also with a redirect URL that Deriv would not take, such as one with a port.

        Parameters
        ----------
        name : str
            What the sign-in pages call it.
        redirect_uri : str
            Where they lead back to.
        scopes : collection of str, optional
            What they ask for.

        Returns
        -------
        int
            Its app ID.

        Raises
        ------
        InvalidSetting
            Says what cannot be right.
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
            What the sign-in pages call it.
        redirect_uri : str, optional
            Where they lead back to, letter by letter; also one that Deriv would not take. A PAT app needs none.
        scopes : collection of str, optional
            What it may ask for.
        kind : {"oauth", "pat"}, optional
            The kind of token it works with.

        Returns
        -------
        str
            Its app ID, which is its OAuth client ID.

        Raises
        ------
        InvalidSetting
            Says what cannot be right.
        """
        scopes = list(scopes)
        return self._asked(lambda: self.options.register(name, redirect_uri, scopes, kind)).app_id

    @public
    def options_token(self, label: str) -> SampleToken:
        """Return the first of `options_tokens` whose label begins like this.

        Raises
        ------
        InvalidSetting
            There is none; the text says which there are.

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
        """Return what one of its APIs, ``"options"`` or ``"v3"``, is used with."""
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
        """Return the API that one of its sample tokens is of; None for any other."""
        if any(sample.token == token for sample in self.tokens):
            return "v3"
        return "options" if any(sample.token == token for sample in self.options_tokens) else None

    @public
    def expire(self, token: str) -> None:
        """Let a token expire, also where a client is signed in with it."""
        self._asked(lambda: None if self.options.expire(token) else self.world.expire(token))

    def _asked(self, action: Callable[[], T]) -> T:
        """Do what the user asks for, and say what cannot be right of it."""
        try:
            return self.run(action)
        except KeyError:  # it may be a token, and is not repeated
            raise InvalidSetting("The sandbox has no account, token or app of this name.") from None
        except ValueError as error:
            raise InvalidSetting(str(error)) from None

    def _pay(self, loginid: str, amount: float | Decimal, action: str) -> None:
        account = self.world.account(loginid)
        self.world.book(account, action, round(amount * 10**account.digits))
