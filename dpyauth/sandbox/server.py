"""The server: a tornado application on loopback, in a thread and an event loop of its own."""

from __future__ import annotations

import asyncio
import concurrent.futures
import errno
import functools
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from decimal import Decimal
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

from tornado.httpserver import HTTPServer

from dpyauth import _forks
from dpyauth._threads import Thread
from dpyauth.arguments import public
from dpyauth.arguments.words import shown
from dpyauth.catalog.descriptions import unknown_choice
from dpyauth.errors import InvalidSetting
from dpyauth.names import Names
from dpyauth.sandbox import options, registered_apps, signin
from dpyauth.sandbox.faults import Fault, Faults
from dpyauth.sandbox.guard import Guarded
from dpyauth.sandbox.limits import Limits, Meter
from dpyauth.sandbox.users import OWN_APP_ID, SAMPLES, SampleToken
from dpyauth.sandbox.websocket import Socket
from dpyauth.sandbox.world import World

T = TypeVar("T")
_HOST = "127.0.0.1"
_HIGHEST_PORT = 65_535
_MOST = 1_000_000_000  # of money, and of seconds
_REMEMBERED = 10_000
_GRACE = 0.3  # seconds for clients to close their side when the sandbox stops


class Received(NamedTuple):
    """One request the sandbox got: the call's name (``?`` if there is no such call), req_id, connection."""

    call: str
    req_id: int | None
    connection: int


class Side(NamedTuple):
    """What one API of the sandbox is used with."""

    server: str
    """Where it is, in place of Deriv's own server."""
    auth_host: str
    """Where its sign-in pages are, in place of Deriv's own."""
    app_id: str
    tokens: tuple[SampleToken, ...]
    """Tokens that a user could have made."""


class Sandbox(Names):
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
        Whether the sign-in pages send an app's ``state`` back; nobody knows whether Deriv does.
    redirect_denial : bool
        Whether they tell the app when somebody denies it access; nobody knows of Deriv doing so.
    connections_opened : int
        How many clients have connected so far.

    Examples
    --------
    >>> from dpyauth.sandbox import Sandbox
    >>> with Sandbox() as box:
    ...     box.url.startswith("ws://127.0.0.1:")
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
        self.app_id = OWN_APP_ID
        self.tokens: tuple[SampleToken, ...] = SAMPLES
        self.faults = Faults(self._strike, self._revoke)
        self.echo_state = True
        self.redirect_denial = False
        self.world = World(clock, token_lifetime)
        self.world.tell = self._tell
        self.options = options.Options(self.world, clock, token_lifetime, limited=bool(limits))
        self.options_app_id = self.options.app_id
        self.options_tokens = self.options.tokens
        self.meter = Meter(Limits() if limits is True else limits or None)
        self.idle_timeout = idle_timeout
        self.ping_interval = ping_interval
        self.compress = compress
        self.clock = clock
        self.sockets: set[Socket] = set()
        self.connections_opened = 0
        self._port = self._wanted = self._bound = port  # where it is, where it was to be, where it begins again
        self._hosts = tuple(hosts)
        self._received: deque[Received] = deque(maxlen=_REMEMBERED)
        self._changed = threading.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self._stopping: asyncio.Event | None = None
        _forks.own(self)

    def __repr__(self) -> str:
        return f"<dpyauth sandbox {'at ' + self.url if self._thread else 'not running'}>"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    @property
    def url(self) -> str:
        """The WebSocket address, still without ``?app_id=``."""
        return f"ws://{_HOST}:{self._port}/websockets/v3"

    @property
    def oauth_host(self) -> str:
        """Where the sign-in pages are: in place of https://oauth.deriv.com."""
        return f"http://{_HOST}:{self._port}"

    @property
    def rest(self) -> str:
        """Where the Options API is: in place of https://api.derivws.com."""
        return f"http://{_HOST}:{self._port}"

    @property
    def auth_host(self) -> str:
        """Where one signs in to the Options API: in place of https://auth.deriv.com."""
        return f"http://{_HOST}:{self._port}"

    @property
    def received(self) -> list[Received]:
        """The latest requests, oldest first; never with any value a client sent."""
        with self._changed:
            return list(self._received)

    @property
    def connections_open(self) -> int:
        """How many clients are connected now."""
        return len(self.sockets)

    @public
    def start(self) -> Self:
        """Listen, in a background thread; returns once clients can connect.

        Raises
        ------
        InvalidSetting
            The port is taken, or this machine does not let it be used.
        """
        if self._thread is not None:
            return self
        listening: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = Thread(lambda: self._run(listening), "dpyauth-sandbox")
        self._thread.start()
        try:
            listening.result()
        except Exception as error:
            self._thread = self._loop = None
            if not isinstance(error, OSError):
                raise
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
            raise InvalidSetting(
                f"The port {self._bound} of this machine {why}. Choose another, or 0 for a free one.", field="port"
            ) from None
        return self

    @public
    def stop(self) -> None:
        """Close every connection and stop listening; returns when the thread has ended."""
        if self._thread is None:
            return
        self._now(self._stop_now)
        self._thread.join()
        self._thread = self._loop = None

    def _forked(self) -> None:
        """Stop in a forked process, which has a copy of what it holds: it goes on in the parent, at its address."""
        self._thread = self._loop = self._stopping = None
        self._changed = threading.Condition()
        self._bound = self._wanted
        self.sockets = set()
        self.faults._forked()

    @public
    def wait_until(self, condition: Callable[[Sandbox], object], timeout: float = 5.0) -> bool:
        """Block until a condition on this sandbox holds; False when it did not within ``timeout`` seconds.

        It is checked when a request comes in and when a connection opens or closes.

        Examples
        --------
        >>> box = Sandbox()
        >>> box.wait_until(lambda box: box.connections_open == 0)
        True
        """
        with self._changed:
            return bool(self._changed.wait_for(lambda: condition(self), timeout))

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
        if wrong := registered_apps.trouble(redirect_uri, scopes):
            raise InvalidSetting(wrong)
        return self._now(lambda: self.world.apps.register(name, redirect_uri, scopes)).app_id

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
        """The first of `options_tokens` whose label begins like this.

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
        """What one of its APIs, ``"options"`` or ``"v3"``, is used with."""
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
        """The API that one of its sample tokens is of; None for any other."""
        if any(sample.token == token for sample in self.tokens):
            return "v3"
        return "options" if any(sample.token == token for sample in self.options_tokens) else None

    @public
    def expire(self, token: str) -> None:
        """Let a token's time be over, also where someone is signed in with it."""
        self._asked(lambda: None if self.options.expire(token) else self.world.expire(token))

    def note(self, call: str = "", req_id: int | None = None, connection: int = 0) -> None:
        """Remember a request, or only that something changed, and wake up whoever waits."""
        with self._changed:
            if call:
                self._received.append(Received(call, req_id, connection))
            self._changed.notify_all()

    def _run(self, listening: concurrent.futures.Future[None]) -> None:
        with asyncio.Runner(loop_factory=_forks.new_event_loop) as runner:
            runner.run(self._serve(listening))

    async def _serve(self, listening: concurrent.futures.Future[None]) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        try:
            listener = socket.create_server((_HOST, self._bound))
        except Exception as error:
            listening.set_exception(error)
            return
        server = HTTPServer(self._application())
        listener.setblocking(False)
        server.add_socket(listener)
        self._port = self._bound = listener.getsockname()[1]
        ticker = asyncio.create_task(self._tick())
        listening.set_result(None)
        await self._stopping.wait()
        ticker.cancel()
        server.stop()
        await self._disconnect()
        await server.close_all_connections()

    async def _disconnect(self) -> None:
        """Close every connection, by force where a client does not close its side."""
        for client in tuple(self.sockets):
            client.end(1001)
        until = time.monotonic() + _GRACE
        while self.sockets and time.monotonic() < until:
            await asyncio.sleep(0.005)
        for client in tuple(self.sockets):
            client.abort()
        self.sockets.clear()

    def _application(self) -> Guarded:
        return Guarded(
            [(r"/websockets/v3", Socket, {"box": self}), *signin.routes(self), *options.routes(self)],
            self._hosts,
            websocket_ping_interval=self.ping_interval,
            websocket_ping_timeout=self.ping_interval,
            websocket_max_message_size=1 << 20,
            compress_response=self.compress,
            log_function=lambda handler: None,
            **signin.SETTINGS,
        )

    async def _tick(self) -> None:
        """Tell the streams of every new second."""
        last = int(self.clock())
        while True:
            await asyncio.sleep(1.0 - self.clock() % 1.0)
            now = int(self.clock())
            if now != last:
                self.world.settle()
                self._publish("second", now)
                last = now

    def _publish(self, topic: str, event: Any) -> None:
        for client in tuple(self.sockets):
            client.publish(topic, event)

    def _tell(self, topic: str, event: object) -> None:
        """Tell the streams of an event, after the reply to the request that brought it about."""
        if self._loop is not None:
            self._loop.call_soon(self._publish, topic, event)

    def _pay(self, loginid: str, amount: float | Decimal, action: str) -> None:
        account = self.world.account(loginid)
        self.world.book(account, action, round(amount * 10**account.digits))

    def _revoke(self, token: str) -> None:
        self._now(lambda: self.options.revoke(token) or self.world.revoke(token))

    def _strike(self, fault: Fault) -> None:
        self._now(functools.partial(self._strike_now, fault))

    def _strike_now(self, fault: Fault) -> None:
        if fault.kind == "site":
            self.world.site = {"site_status": fault.args[0]}
            if fault.args[0] != "up":
                self.world.site["message"] = "The sandbox is under maintenance, as it was asked to be."
            self._publish("site", None)
            return
        if fault.kind == "move":
            self.options.move(*fault.args)
            return
        for client in tuple(self.sockets):
            client.strike(fault)

    def _stop_now(self) -> None:
        assert self._stopping is not None
        self._stopping.set()

    def _asked(self, action: Callable[[], T]) -> T:
        """Do what the user asks for, and say what cannot be right of it."""
        try:
            return self._now(action)
        except KeyError:  # it may be a token, and is not repeated
            raise InvalidSetting("The sandbox has no account, token or app of this name.") from None
        except ValueError as error:
            raise InvalidSetting(str(error)) from None

    def _now(self, action: Callable[[], T]) -> T:
        """Run something in the server's thread and wait for it; here, when the server is not running."""
        if self._loop is None or threading.current_thread() is self._thread:
            return action()
        done: concurrent.futures.Future[T] = concurrent.futures.Future()

        def run() -> None:
            try:
                done.set_result(action())
            except Exception as error:
                done.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return done.result()
