"""Server of the sandbox: a tornado application on this machine, with its own thread and event loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import errno
import socket
import time
from collections.abc import Collection
from typing import Final

from tornado.httpserver import HTTPServer

from dpyauth import _forks
from dpyauth._threads import Thread
from dpyauth.errors import InvalidSetting
from dpyauth.sandbox.context import HOST, Context
from dpyauth.sandbox.guard import Guarded
from dpyauth.sandbox.options import routes as options
from dpyauth.sandbox.page_flow import SETTINGS
from dpyauth.sandbox.v3 import token_pages
from dpyauth.sandbox.websocket import Socket

_GRACE: Final = 0.3  # seconds in which clients may close their side when the sandbox stops


class Server:
    """Server of a sandbox at a port of this machine.

    Parameters
    ----------
    context : Context
        The sandbox.
    port : int
        Port to listen on; 0 takes a free port, which is used again after a stop.
    hosts : collection of str
        Host names that it accepts in addition to those of this machine.
    ping_interval : float or None
        Seconds between protocol pings.
    """

    def __init__(self, context: Context, port: int, hosts: Collection[str], ping_interval: float | None) -> None:
        self._context = context
        self._wanted = self._bound = context.port = port  # the requested port, and the one to use at the next start
        self._hosts = tuple(hosts)
        self._ping_interval = ping_interval
        self._thread: Thread | None = None
        self._stopping: asyncio.Event | None = None
        _forks.own(self)

    def _forked(self) -> None:
        """Stop in a forked process. The server goes on in the parent, at the same address."""
        self._thread = self._stopping = None
        self._bound = self._wanted

    @property
    def is_running(self) -> bool:
        """Return whether it is running."""
        return self._thread is not None

    def start(self) -> None:
        """Start to listen, in a background thread; return when clients can connect.

        Raises
        ------
        InvalidSetting
            The port is taken, or using it is not permitted.
        """
        if self._thread is not None:
            return
        listening: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = Thread(lambda: self._run(listening), "dpyauth-sandbox")
        self._thread.start()
        try:
            listening.result()
        except Exception as error:
            self._thread = None
            self._context.begin(None)
            if not isinstance(error, OSError):
                raise
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
            raise InvalidSetting(
                f"The port {self._bound} of this machine {why}. Choose another, or 0 for a free one.", field="port"
            ) from None

    def stop(self) -> None:
        """Close every connection and stop listening; return when the thread has ended."""
        if self._thread is None:
            return
        assert self._stopping is not None
        self._context.run(self._stopping.set)
        self._thread.join()
        self._thread = None
        self._context.begin(None)

    def _run(self, listening: concurrent.futures.Future[None]) -> None:
        with asyncio.Runner(loop_factory=_forks.new_event_loop) as runner:
            runner.run(self._serve(listening))

    async def _serve(self, listening: concurrent.futures.Future[None]) -> None:
        self._context.begin(asyncio.get_running_loop())
        self._stopping = asyncio.Event()
        try:
            listener = socket.create_server((HOST, self._bound))
        except Exception as error:
            listening.set_exception(error)
            return
        server = HTTPServer(self._application())
        listener.setblocking(False)
        server.add_socket(listener)
        self._context.port = self._bound = listener.getsockname()[1]
        ticker = asyncio.create_task(self.tick())
        listening.set_result(None)
        await self._stopping.wait()
        ticker.cancel()
        server.stop()
        await self._disconnect()
        await server.close_all_connections()

    async def _disconnect(self) -> None:
        """Close every connection, by force if a client does not close its side."""
        sockets = self._context.sockets
        for client in tuple(sockets):
            client.end(1001)
        until = time.monotonic() + _GRACE
        while sockets and time.monotonic() < until:
            await asyncio.sleep(0.005)
        for client in tuple(sockets):
            client.abort()
        sockets.clear()

    def _application(self) -> Guarded:
        return Guarded(
            [
                (r"/websockets/v3", Socket, {"sandbox": self._context}),
                *token_pages.routes(self._context),
                *options.routes(self._context),
            ],
            self._hosts,
            websocket_ping_interval=self._ping_interval,
            websocket_ping_timeout=self._ping_interval,
            websocket_max_message_size=1 << 20,
            compress_response=self._context.compress,
            log_function=lambda handler: None,
            **SETTINGS,
        )

    async def tick(self) -> None:
        """Send every new second to the streams."""
        clock = self._context.clock
        last = int(clock())
        while True:
            await asyncio.sleep(1.0 - clock() % 1.0)
            now = int(clock())
            if now != last:
                self._context.world.settle()
                self._context.publish("second", now)
                last = now
