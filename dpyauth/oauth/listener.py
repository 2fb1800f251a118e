"""A listener on this machine that catches the browser on its way back from the sign-in.

It works where kernel and browser share a machine and the app's registered redirect URL points to it. It
speaks the few words of HTTP that takes, rather than use a web framework that might log an address.

A browser keeps the address of every page it shows in its history, and every address that redirected to it; a page
cannot take them out again. So where a panel has opened a window for the sign-in, the browser gets no answer until the
panel has had time to close that window: then nothing is kept. Elsewhere there must be a page. It has an address without
the query, and is sent as an error, because browsers do not suggest the address of an error.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar
from urllib.parse import SplitResult, quote, urlsplit

from dpyauth import _forks
from dpyauth._threads import Thread
from dpyauth.credentials import Secret
from dpyauth.errors import ListenerFailed, RedirectRefused
from dpyauth.oauth.implicit import FOREIGN
from dpyauth.settings import is_loopback

T = TypeVar("T")

_LONGEST = 65_536  # bytes of a request's head
_PATIENCE = 10.0  # seconds for a connection to say what it wants
_GRACE = 2.0  # seconds for the browser to fetch the page that says it is over
_NO_IPV6 = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT}

_PAGE_STATUS: Final = "404 Not Found"  # though it is one: see above
_HEADERS = (
    "Cache-Control: no-store\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Connection: close\r\n"
)
_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
    '<meta name="viewport" content="width=device-width"><title>dpyauth</title><h1>{}</h1><p>{}</p></html>\n'
)
_WAITING: Final = _PAGE.format(
    "Nothing has been signed in yet",
    "If Deriv sent you here, that was another sign-in than the one the notebook waits for: start again with the "
    "sign-in link in the notebook.",
)
_UNTIED: Final = _PAGE.format(
    "Please paste this page's address",
    "It does not say which sign-in it belongs to, so it was not taken by itself. Copy the whole text of the address "
    "bar, paste it into the notebook, and close this tab.",
)
_DONE: Final = _PAGE.format("The notebook has it", "You can close this tab and go back to the notebook.")
_REFUSED: Final = _PAGE.format("No access", "Close this tab and go back to the notebook; it says what happened.")


class Listener(Generic[T]):
    """Waits, from now on and in a thread of its own, for the browser to come back; once.

    Parameters
    ----------
    redirect_url : str
        The URL registered for the app: ``http://localhost…`` or ``http://127.0.0.1…``. Without a port it is
        port 80, which many systems keep for administrators; port 0 takes a free one.
    accept : callable
        Makes of a query (a Secret) what the future becomes, or raises RedirectRefused. What comes back without the
        mark of the sign-in that was begun must not be taken; the page then asks for its address to be pasted.
    timeout : float, optional
        Seconds to wait.
    hold : float, optional
        Seconds between the future's result and the answer to the browser, for whoever can close its window meanwhile.

    Attributes
    ----------
    url : str
        Where it listens.
    future : concurrent.futures.Future
        Becomes what was accepted, or an error: RedirectRefused when Deriv gave no access,
        ListenerFailed when nobody came in time. Cancelling it stops the listener.

    Raises
    ------
    ListenerFailed
        When it cannot listen at this URL: it is not on this machine, or the port is taken or not permitted.

    Examples
    --------
    >>> from dpyauth.oauth.listener import Listener
    >>> from dpyauth.oauth.implicit import new_state, parse
    >>> state = new_state()
    >>> accept = lambda query: parse(query, state=state, pasted=False)
    >>> with Listener("http://127.0.0.1:0/callback", accept) as listener:
    ...     listener.url.endswith("/callback")
    True
    """

    def __init__(
        self, redirect_url: str, accept: Callable[[Secret], T], timeout: float = 300.0, hold: float = 0.0
    ) -> None:
        parts = _checked(redirect_url)
        host = parts.hostname or ""
        self._sockets = sockets = _bind(host, 80 if parts.port is None else parts.port)
        _forks.own(self)
        port = sockets[0].getsockname()[1]
        name = f"[{host}]" if ":" in host else host
        self._path = quote(parts.path, safe="/%") or "/"
        self._hosts = {f"{name}:{port}", name} if port == 80 else {f"{name}:{port}"}
        self.url = f"http://{name}{'' if port == 80 else f':{port}'}{self._path}"
        self.future: Future[T] = Future()
        self._accept = accept
        self._timeout = timeout
        self._hold = hold
        self._outcome: tuple[T] | RedirectRefused | None = None
        self._told = False
        self._open: set[asyncio.Transport] = set()
        self._loop = _forks.new_event_loop()
        self._over = asyncio.Event()
        self._thread = Thread(lambda: self._run(sockets), "dpyauth-listener")
        self.future.add_done_callback(self._stop_if_cancelled)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<dpyauth listener at {self.url}{', over' if self.future.done() else ''}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def cancel(self) -> None:
        """Stop waiting, without waiting for the end of that; a browser that has come back still gets its answer."""
        self.future.cancel()

    def close(self) -> None:
        """Stop waiting; returns when nothing listens any more and the thread has ended."""
        self.cancel()
        if threading.current_thread() is not self._thread:
            self._stop()
            self._thread.join()

    def _forked(self) -> None:
        """Give up the port in a forked process: the parent could not give it up as long as that has it."""
        for one in self._sockets:
            one.close()

    def _stop_if_cancelled(self, future: Future[T]) -> None:
        if future.cancelled():
            self._stop()

    def _stop(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: it has stopped
            self._loop.call_soon_threadsafe(self._over.set)

    def _run(self, sockets: list[socket.socket]) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(sockets))

    async def _serve(self, sockets: list[socket.socket]) -> None:
        servers = [await self._loop.create_server(lambda: _Visit(self), sock=one) for one in sockets]
        try:
            async with asyncio.timeout(self._timeout):
                await self._over.wait()
        except TimeoutError:
            pass
        for server in servers:
            server.close()
        for transport in tuple(self._open):
            transport.abort()
        await asyncio.sleep(0)  # in which the transports close
        self._settle()

    def _settle(self) -> None:
        """Tell whoever waits, once: last of all, so that then everything is over; or before the browser is answered."""
        outcome = self._outcome
        if self._told:
            return
        self._told = True
        if not self.future.set_running_or_notify_cancel():
            return
        if isinstance(outcome, tuple):
            self.future.set_result(outcome[0])
        else:
            self.future.set_exception(
                outcome
                or ListenerFailed(
                    "Nobody came back from the browser sign-in in time. Start it again, or paste the address that "
                    "your browser ended at."
                )
            )

    def _answer(self, head: str) -> tuple[bytes, float]:
        """The response to a request, of which only the first line and the host matter; and in how many seconds."""
        waited_for = self._outcome is None
        response = self._respond(head)
        if not waited_for or self._outcome is None:
            return response, 0.0
        # This is the answer to the sign-in.
        self._loop.call_later(self._hold + _GRACE, self._over.set)
        if self._hold:
            self._loop.call_soon(self._settle)
        return response, self._hold

    def _respond(self, head: str) -> bytes:
        first, *lines = head.split("\r\n")
        words = first.split(" ")
        hosts = [line[5:].strip().lower() for line in lines if line[:5].lower() == "host:"]
        if len(words) != 3 or not words[2].startswith("HTTP/1.") or len(hosts) != 1:
            return _response("400 Bad Request")
        if hosts[0] not in self._hosts:  # some site's name, made to point to this machine
            return _response("421 Misdirected Request")
        path, mark, query = words[1].partition("?")
        if path != self._path:
            return _response("404 Not Found")
        if words[0] != "GET":
            return _response("405 Method Not Allowed", more="Allow: GET\r\n")
        if mark and self._outcome is None:
            try:
                self._outcome = (self._accept(Secret(query)),)
            except RedirectRefused as refused:
                if refused.code == "state_missing":
                    return _response(_PAGE_STATUS, _UNTIED)
                if refused.code not in FOREIGN:
                    self._outcome = refused.copy()  # without the traceback, and with it this frame
        if mark:  # away from the address with the tokens, so that the address bar and saved windows do not hold it
            return _response("303 See Other", more=f"Location: {self._path}\r\n")
        if self._outcome is None:
            return _response(_PAGE_STATUS, _WAITING)
        self._loop.call_soon(self._over.set)
        return _response(_PAGE_STATUS, _DONE if isinstance(self._outcome, tuple) else _REFUSED)


class _Visit(asyncio.Protocol):
    """One connection, good for one request."""

    def __init__(self, listener: Listener[Any]) -> None:
        self._listener = listener
        self._head = b""
        self._answered = False
        self._held = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._listener._open.add(transport)
        self._timer = self._listener._loop.call_later(_PATIENCE, transport.abort)

    def data_received(self, data: bytes) -> None:
        if self._answered:
            return  # the rest of a request is read, lest the answer be lost, but not looked at
        self._head += data
        head, end, _ = self._head.partition(b"\r\n\r\n")
        if end:
            self._answered, self._head = True, b""
            response, hold = self._listener._answer(head.decode("latin-1"))
            if hold:
                self._held = True
                self._timer.cancel()
                self._listener._loop.call_later(hold, self._send, response)
            else:
                self._send(response)
        elif len(head) > _LONGEST:
            self._transport.abort()

    def _send(self, response: bytes) -> None:
        self._held = False
        if not self._transport.is_closing():
            self._transport.write(response)
            self._transport.write_eof()

    def connection_lost(self, error: Exception | None) -> None:
        self._timer.cancel()
        self._listener._open.discard(self._transport)
        if self._held:  # the window is closed: no browser comes for a page any more
            self._listener._over.set()


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        here = is_loopback(parts.hostname or "")
        _ = parts.port
    except ValueError:
        here = False
    # What was given is not repeated: it may be a pasted address with tokens in it.
    if not here or parts.scheme != "http" or "@" in parts.netloc or parts.query or parts.fragment:
        raise ListenerFailed(
            "The way back from the browser sign-in can be caught only where the app's redirect URL is a plain "
            "http://localhost… or http://127.0.0.1… address. Paste the address that your browser ends at instead."
        )
    return parts


def _bind(host: str, port: int) -> list[socket.socket]:
    """The listening sockets; for localhost in both address families, lest somebody else listen in the other."""
    bound: list[socket.socket] = []
    try:
        if host != "localhost":
            return [_listen(host, port)]
        bound.append(_listen("127.0.0.1", port))
        try:
            bound.append(_listen("::1", bound[0].getsockname()[1]))
        except OSError as error:
            if socket.has_ipv6 and error.errno not in _NO_IPV6:
                raise
        return bound
    except OSError as error:
        for one in bound:
            one.close()
        reason = "another program has it" if error.errno == errno.EADDRINUSE else os.strerror(error.errno or 0)
        if isinstance(error, PermissionError):
            reason = "this needs an administrator's rights"
        raise ListenerFailed(
            f"Cannot listen at port {port} of this machine: {reason}. Paste the address that your browser ends at "
            "instead."
        ) from None


def _listen(address: str, port: int) -> socket.socket:
    return socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET)


def _response(status: str, page: str = "", more: str = "") -> bytes:
    body = page.encode()
    about = f"Content-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
    return f"HTTP/1.1 {status}\r\n{about}{_HEADERS}{more}\r\n".encode() + body
