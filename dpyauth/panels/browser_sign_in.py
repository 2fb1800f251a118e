"""Wait for the result of a browser sign-in, and check it.

The result arrives in one of three ways: from the callback page of the Jupyter server, through the panel; at a listener
on this machine; or as an address that the user pastes. Two of them can happen at once, on different threads, so the
receiver must accept only the first.
"""

from __future__ import annotations

import secrets
import threading
from concurrent.futures import Future
from functools import partial
from typing import Protocol

from dpyauth.credentials import Secret, bare
from dpyauth.errors import DpyauthError, ListenerFailed, RedirectRefused
from dpyauth.oauth.flows import Flow, Result
from dpyauth.oauth.implicit import FOREIGN
from dpyauth.oauth.listener import Listener

PATIENCE = 600.0
"""Longest time for a browser sign-in, in seconds."""

HOLD = 2.0
"""Seconds for which the listener delays its page, so that the panel can close the window first.

A window closed before its page has loaded leaves no address with a token in the browser's history."""

_NO_GOOD = FOREIGN | {"damaged"}
"""Error codes after which the user may give another address. After any other code, the sign-in has ended."""

_TWICE = "used"
"""Error code of a result that has arrived twice, in two ways at once."""


class SignInReceiver(Protocol):
    """Receiver of the result of a browser sign-in.

    Its methods may be called from any thread, and after the sign-in has been cancelled.
    """

    def arrived(self, browser: BrowserSignIn, result: Result) -> None:
        """Handle the result."""

    def changed(self) -> None:
        """Show the accounts that came back, for the user to confirm."""

    def over(self, browser: BrowserSignIn) -> None:
        """Handle the end of a sign-in without access."""

    def late(self, browser: BrowserSignIn) -> None:
        """Handle the timeout."""

    def failed(self, browser: BrowserSignIn, error: DpyauthError) -> None:
        """Show what is wrong with the result. It came to the listener, so there is no other place to report it."""


class BrowserSignIn:
    """Browser sign-in in progress.

    Parameters
    ----------
    flow : Flow
        Sign-in flow of the API.
    receiver : SignInReceiver
        Object that handles the result.
    remember : bool
        Whether to remember the sign-in.
    closable : bool
        Whether it runs in a window that the panel has opened and will close when the result has arrived.
    """

    def __init__(self, flow: Flow, receiver: SignInReceiver, *, remember: bool = False, closable: bool = False) -> None:
        self.flow = flow
        self.remember = remember
        self.taken = False
        """True once a result is being used. A second one must not start another sign-in."""
        self.nonce = Secret(secrets.token_urlsafe(24))
        """Nonce by which the panel recognises its own window. A result with another nonce is ignored."""
        self.loginids: tuple[str, ...] = ()
        """Accounts that came back without ``state``, until the user confirms them.

        Without ``state``, the result could be a sign-in that an attacker has started for an account of their own."""
        self.trouble: ListenerFailed | None = None
        """Reason why the listener could not start, if it should have."""
        self.listener: Listener[Result] | None = None
        self._receiver = receiver
        self._hold = HOLD if closable else 0.0
        self._unmarked: Result | None = None
        self.timer = threading.Timer(PATIENCE, lambda: receiver.late(self))
        self.timer.daemon = True

    def start(self) -> None:
        """Start waiting for the result."""
        if self.flow.listen_at is not None:
            try:
                read = partial(self.flow.read, pasted=False)
                self.listener = Listener(self.flow.listen_at, read, PATIENCE, self._hold)
            except ListenerFailed as error:
                self.trouble = error.copy()  # not fatal: the user can still paste the address
            else:
                self.listener.future.add_done_callback(self._caught)
        self.timer.start()

    def end(self) -> None:
        """Stop waiting."""
        self.timer.cancel()
        if self.listener is not None:
            self.listener.cancel()

    def returned(self, nonce: str, query: Secret) -> None:
        """Handle the query that arrived at the callback page."""
        if Secret(nonce) != self.nonce:
            return  # from another sign-in
        try:
            self._take(query, pasted=False)
        except RedirectRefused as error:
            if error.code != "state_missing":
                raise
            # It came from the panel's own window, but without `state`, so only the user can confirm that it is theirs.
            self._unmarked = self.flow.read(query, pasted=True)
            self.loginids = self._unmarked.loginids
            self._receiver.changed()

    def confirm(self) -> None:
        """Use the result that the user has confirmed."""
        if self._unmarked is not None:
            self._receiver.arrived(self, self._unmarked)

    def pasted(self, address: Secret) -> None:
        """Handle the address that the user has pasted."""
        self._take(bare(address), pasted=True)

    def _take(self, address: Secret, *, pasted: bool) -> None:
        try:
            result = self.flow.read(address, pasted=pasted)
        except RedirectRefused as error:
            if error.code == _TWICE:
                return
            self._refused(error)
            raise
        self._receiver.arrived(self, result)

    def _refused(self, error: RedirectRefused) -> None:
        if error.code not in _NO_GOOD:
            self._receiver.over(self)

    def _caught(self, caught: Future[Result]) -> None:
        if caught.cancelled():
            return
        error = caught.exception()
        if error is None:
            self._receiver.arrived(self, caught.result())
        elif isinstance(error, RedirectRefused):
            if error.code != _TWICE:
                self._receiver.failed(self, error)
                self._refused(error)
        else:
            self._receiver.late(self)
