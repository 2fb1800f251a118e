"""Listen on this machine for the redirect that ends a browser sign-in.

This works if kernel and browser are on the same machine and the app's registered redirect URL points to it.

A browser keeps in its history the address of every page that it shows, and every address that redirected to it; a page
cannot remove them. With v3 these addresses contain tokens. So if a panel has opened a window for the sign-in, the
browser gets no response until the panel has had time to close that window: then the history keeps nothing. Otherwise
there must be a page. It has an address without the query, and is sent with an error status, because browsers do not
suggest addresses of error pages.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from html import escape
from http import HTTPStatus
from types import MappingProxyType, TracebackType
from typing import Any, Final, Generic, NamedTuple, Self, TypeVar
from urllib.parse import quote

from tornado.http1connection import HTTP1Connection
from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import StreamClosedError
from tornado.log import gen_log

from dpyauth import _forks
from dpyauth._threads import Thread
from dpyauth.credentials import Secret
from dpyauth.errors import ListenerFailed, RedirectRefused
from dpyauth.oauth.implicit import FOREIGN
from dpyauth.oauth.loopback import bind, checked
from dpyauth.texts import texts
from dpyauth.texts.languages import from_header, negotiated
from dpyauth.texts.said import said

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds in which a connection must send its request."""

GRACE = 2.0
"""Seconds for the browser to fetch the last page before the listener stops."""

_NAME = "dpyauth-listener"
_LONGEST = 65_536  # bytes of the head of a request
_LARGEST = 16 * 1024 * 1024  # bytes of the body of a request, which is not kept
_HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}
_PAGE: Final = (
    '<!doctype html><html lang="{lang}" dir="{dir}"><meta charset="utf-8"><meta name="color-scheme" '
    'content="light dark"><meta name="viewport" content="width=device-width"><title>dpyauth</title><h1>{title}</h1>'
    "<p>{text}</p></html>\n"
)


class _Response(NamedTuple):
    """Response to the browser."""

    status: HTTPStatus
    page: str = ""
    """Name of the page, which is the key of its text."""
    headers: Mapping[str, str] = MappingProxyType({})


def _shown(page: str) -> _Response:
    return _Response(HTTPStatus.NOT_FOUND, page)  # an error status on purpose: see the docstring of the module


def _html(page: str, accepted: str) -> str:
    """Return a page in the language that a browser prefers, according to its header ``Accept-Language``."""
    words = texts("pages", language=negotiated(from_header(accepted)))
    shown = {"lang": words["lang"], "dir": words["dir"], "title": words[f"{page}_title"], "text": words[page]}
    return _PAGE.format_map({name: escape(text) for name, text in shown.items()})


class Listener(Generic[T]):
    """Listener on a separate thread that waits for one redirect of the browser.

    Parameters
    ----------
    redirect_url : str
        URL registered for the app: ``http://localhost…`` or ``http://127.0.0.1…``. Without a port it is port 80,
        which many systems reserve for administrators; port 0 takes a free one.
    accept : callable
        Function that turns a query (a Secret) into the result of the future, or raises RedirectRefused. It must not
        accept a query without the state of the sign-in; the page then asks the user to paste its address.
    timeout : float, optional
        Seconds to wait.
    hold : float, optional
        Seconds between the future's result and the response to the browser, in which its window can be closed.

    Attributes
    ----------
    url : str
        Address at which it listens.
    future : concurrent.futures.Future
        Its result is what was accepted. Its error is RedirectRefused if Deriv gave no access, and ListenerFailed if
        the browser did not come back in time. Cancelling it stops the listener.

    Raises
    ------
    ListenerFailed
        It cannot listen at this URL: the URL is not on this machine, or the port is taken or not permitted.

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
        parts = checked(redirect_url)
        host = parts.hostname or ""
        self._sockets = bind(host, 80 if parts.port is None else parts.port)
        _forks.own(self)
        port = self._sockets[0].getsockname()[1]
        name = f"[{host}]" if ":" in host else host
        self._path = quote(parts.path, safe="/%") or "/"  # in the form in which browsers request it
        # Browsers leave the port out of `Host` if it is 80.
        self._hosts = {f"{name}:{port}", name} if port == 80 else {f"{name}:{port}"}
        self.url = f"http://{name}{'' if port == 80 else f':{port}'}{self._path}"
        self.future: Future[T] = Future()
        self._accept = accept
        self._timeout = timeout
        self._hold = hold
        self._outcome: tuple[T] | RedirectRefused | None = None
        self._told = False
        self._loop = _forks.new_event_loop()
        self._over = asyncio.Event()
        self._thread = Thread(self._run, _NAME)
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
        """Stop listening, and return at once; a browser that has come back still gets its response."""
        self.future.cancel()

    def close(self) -> None:
        """Stop listening, and return when the port is free and the thread has ended."""
        self.cancel()
        if threading.current_thread() is not self._thread:
            self._stop()
            self._thread.join()

    def _forked(self) -> None:
        """Give up the port in a forked process, which would keep it taken after the parent has closed it."""
        for listening in self._sockets:
            listening.close()

    def end(self) -> None:
        """Stop listening, on the listener's own thread."""
        self._over.set()

    def _stop_if_cancelled(self, future: Future[T]) -> None:
        if future.cancelled():
            self._stop()

    def _stop(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: it has stopped
            self._loop.call_soon_threadsafe(self._over.set)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = HTTPServer(
            _Connections(self),
            no_keep_alive=True,
            idle_connection_timeout=PATIENCE,
            body_timeout=PATIENCE,
            max_header_size=_LONGEST,
            max_buffer_size=2 * _LONGEST,
            max_body_size=_LARGEST,
        )
        server.add_sockets(self._sockets)
        try:
            async with asyncio.timeout(self._timeout):
                await self._over.wait()
        except TimeoutError:
            pass
        server.stop()
        await server.close_all_connections()
        self._settle()

    def _settle(self) -> None:
        """Set the result, once.

        This happens after the listener has stopped, so that the port is free when the caller goes on; with ``hold``, it
        happens before the browser gets its response.
        """
        outcome = self._outcome
        if self._told:
            return
        self._told = True
        if not self.future.set_running_or_notify_cancel():
            return
        if isinstance(outcome, tuple):
            self.future.set_result(outcome[0])
        else:
            self.future.set_exception(outcome or ListenerFailed(said("sign_in_late")))

    def answer(self, request: RequestStartLine, hosts: list[str]) -> tuple[_Response, float]:
        """Return the response to a request, and the seconds to wait before sending it."""
        waited_for = self._outcome is None
        response = self._respond(request, hosts)
        if not waited_for or self._outcome is None:
            return response, 0.0
        # This request has ended the sign-in. Stop after a while even if the browser never fetches the last page.
        self._loop.call_later(self._hold + GRACE, self._over.set)
        if self._hold:
            self._loop.call_soon(self._settle)
        return response, self._hold

    def _respond(self, request: RequestStartLine, hosts: list[str]) -> _Response:
        if len(hosts) != 1:
            return _Response(HTTPStatus.BAD_REQUEST)
        # DNS rebinding: a site can make its own name point to 127.0.0.1, and would then be allowed by the browser to
        # read what this listener sends.
        if hosts[0].lower() not in self._hosts:
            return _Response(HTTPStatus.MISDIRECTED_REQUEST)
        path, mark, query = request.path.partition("?")
        if path != self._path:
            return _Response(HTTPStatus.NOT_FOUND)
        if request.method != "GET":
            return _Response(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "GET"})
        if mark and self._outcome is None:
            try:
                self._outcome = (self._accept(Secret(query)),)
            except RedirectRefused as refused:
                if refused.code == "state_missing":
                    return _shown("untied")
                if refused.code not in FOREIGN:  # else any page could end the sign-in with a request of its own
                    self._outcome = refused.copy()  # without the traceback, which would keep this frame alive
        if mark:  # redirect to the address without tokens, for the address bar and for windows that are restored
            return _Response(HTTPStatus.SEE_OTHER, headers={"Location": self._path})
        if self._outcome is None:
            return _shown("waiting")
        self._loop.call_soon(self._over.set)
        return _shown("received" if isinstance(self._outcome, tuple) else "no_access")


class _Connections(HTTPServerConnectionDelegate):
    """Connections to a listener, each for one request."""

    def __init__(self, listener: Listener[Any]) -> None:
        self._listener = listener

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        assert isinstance(request_conn, HTTP1Connection)
        return _Request(self._listener, request_conn)


class _Request(HTTPMessageDelegate):
    """Request, of which only the first line, the host and the language matter.

    The body is read and thrown away: if a connection is closed with unread data, the browser may not get the response.
    """

    def __init__(self, listener: Listener[Any], connection: HTTP1Connection) -> None:
        self._listener = listener
        self._connection = connection

    def headers_received(self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders) -> None:
        assert isinstance(start_line, RequestStartLine)
        self._line, self._hosts = start_line, headers.get_list("Host")
        self._accepted = headers.get("Accept-Language", "")

    def finish(self) -> None:
        response, hold = self._listener.answer(self._line, self._hosts)
        if not hold:
            self._send(response)
            return
        # If the window is closed in the meantime, the browser does not fetch another page, so stop at once.
        self._connection.set_close_callback(self._listener.end)
        asyncio.get_running_loop().call_later(hold, self._send, response)

    def _send(self, response: _Response) -> None:
        body = _html(response.page, self._accepted).encode() if response.page else b""
        headers = HTTPHeaders({**_HEADERS, "Content-Length": str(len(body)), **response.headers})
        self._connection.set_close_callback(None)
        with suppress(StreamClosedError):
            self._connection.write_headers(
                ResponseStartLine("", response.status, response.status.phrase), headers, body
            )
            self._connection.finish()


def _is_not_ours(record: logging.LogRecord) -> bool:
    """Return False for log records of tornado about a listener's requests, because they may repeat parts of them."""
    return threading.current_thread().name != _NAME


gen_log.addFilter(_is_not_ours)
