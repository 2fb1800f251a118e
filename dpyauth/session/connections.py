"""Open the connections of a session, choose among them, and close them."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from dpyauth.apis.base import named
from dpyauth.apis.retiring import unavailable
from dpyauth.errors import DpyauthError, NotSignedIn, SessionClosed
from dpyauth.net.connection import Connection
from dpyauth.net.connector import CLOSE_TIMEOUT
from dpyauth.net.loop import background
from dpyauth.net.state import State
from dpyauth.registry import APIS
from dpyauth.session.core import ASK, Core

if TYPE_CHECKING:
    from dpyauth.apis.base import Endpoint, SignIn
    from dpyauth.apis.options.dispatcher import HttpDispatcher
    from dpyauth.catalog.calls import Call
    from dpyauth.settings import Settings


class Connections(Core):
    """Core that opens and closes connections."""

    def connect(self, endpoint: Endpoint | None, settings: Settings) -> Connection:
        """Return a new connection to an endpoint, or to the public one; it does not connect yet."""
        facts, api = APIS[settings.api], named(settings.api)
        made = Connection(
            endpoint.address if endpoint else api.public(settings),
            endpoint.greeting if endpoint else None,
            direct=settings.loopback,
            when_off=partial(unavailable, facts) if facts.retiring else None,
            crowded=facts.crowded,
            rate_limits=self.rate_limits_of(settings.api),
            on_event=weakly(self.note_event),
            on_change=weakly(self._on_change),
            ids=self._ids,
            calls=api.CATALOG,
        )
        self._opened.add(made)
        return made

    def forget(self, connection: Connection) -> None:
        """Forget a connection whose sign-in has come to nothing."""
        with self._lock:
            self._beginning.discard(connection)

    def dispatcher_for(self, call: Call) -> HttpDispatcher:
        """Return the dispatcher for a call over HTTP."""
        sign_in = self.sign_in
        if sign_in is None or sign_in.dispatcher is None:
            raise self.not_signed_in(call.name)
        return sign_in.dispatcher

    def connection_for(self, call: Call, loginid: str | None) -> Connection:
        """Return the connection for a call; it connects with its first call."""
        with self._lock:
            if self.end_reason is not None:
                raise self.end_reason.copy(call.name)
            account = self.active_account
            if account is None and call.needs_auth:
                raise self.not_signed_in(call.name)
            if account is not None and loginid is not None and loginid != account.loginid:
                other = self.other_connections.get(loginid)
                if other is None:
                    raise SessionClosed(
                        "The session was switched to another account meanwhile. Run the cell again.", call=call.name
                    )
                return other
            if self.connection is None or self.connection.failure is not None:
                if self.connection is not None:
                    self.connection.end(SessionClosed("replaced"))
                self.connection = self.connect(None, self.target)  # for calls that need no sign-in
            return self.connection

    def _on_change(self, connection: Connection, state: State) -> None:
        """Handle a change of a connection's state, on the background thread."""
        if connection is self.connection:
            if self.active_account is not None and connection.failure is not None:
                self.sign_out(str(connection.failure).rstrip("."))
            else:
                self.notify()

    def sign_out(self, because: str, error: DpyauthError | None = None, of: SignIn | None = None) -> None:
        """Sign out, perhaps only ``of`` one sign-in; open calls and streams end with this error."""
        self._end_sign_in(error or NotSignedIn(f"Signed out ({because}). {ASK}"), because, of)
        self.notify()

    def _end_sign_in(self, error: DpyauthError, because: str = "", of: SignIn | None = None) -> None:
        """Close all that the sign-in has opened, on the background thread, and wait for that."""

        def end(_: None) -> None:
            with self._lock:
                if of not in (None, self.sign_in):
                    ended.set()
                    return  # the session has signed in anew since
                self.signed_out_because = because or self.signed_out_because
                self._detach()
                if self.end_reason is not None:
                    self._closing += self._beginning
            for each in self._closing:
                each.end(error.copy())
            ended.set()

        ended = threading.Event()
        if background.inside():
            end(None)
        else:
            background.post(end)
            ended.wait(CLOSE_TIMEOUT)
        self._close_rest(error)

    def _detach(self) -> None:
        """Forget who is signed in."""
        self._put_aside(all_of_it=True)
        self.connection = self.sign_in = self.active_account = None
        self.other_connections = {}
        self._secrets.clear()

    def _put_aside(self, *, all_of_it: bool) -> None:
        """Put the connection of the account in use, or all of the sign-in, on the list of what is to be closed."""
        rest = (*self.other_connections.values(), self.sign_in) if all_of_it else ()
        self._closing += [each for each in (self.connection, *rest) if each is not None]

    def _close_rest(self, error: DpyauthError) -> None:
        """Close all that is on the list; what an interrupt leaves there is closed the next time."""
        for each in list(self._closing):
            each.close(error.copy())
            if each in self._closing:
                self._closing.remove(each)

    def end(self, error: DpyauthError) -> None:
        """Close the session; calls from now on end with this error."""
        is_news = self.end_reason is None
        self.end_reason = self.end_reason or error
        if self.connection or self.sign_in or self.other_connections or self._beginning or self._closing:
            self._end_sign_in(self.end_reason)
        if is_news:
            self.notify()


def weakly(method: Callable[..., object]) -> Callable[..., None]:
    """Return a function that calls a method for as long as its object lives, without keeping it alive."""
    there = weakref.WeakMethod(method)

    def call(*arguments: object) -> None:
        method = there()
        if method is not None:
            method(*arguments)

    return call
