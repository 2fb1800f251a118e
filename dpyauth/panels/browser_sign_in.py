"""Wait for a browser sign-in that is under way, and check what comes back."""

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
"""Seconds that a browser sign-in may take."""

HOLD = 2.0
"""Seconds that the panel has to close its window before that gets the listener's page."""

_NO_GOOD = FOREIGN | {"damaged"}
"""Codes of a bad address, after which another may be given. After all others, the sign-in has ended."""

_TWICE = "used"
"""Code of what arrived twice, by two ways at once."""


class SignInReceiver(Protocol):
    """Receiver of a browser sign-in. It may be called from any thread, and too late."""

    def arrived(self, browser: BrowserSignIn, result: Result) -> None:
        """Take what came back."""

    def changed(self) -> None:
        """Show whose accounts came back, for the user to confirm."""

    def over(self, browser: BrowserSignIn) -> None:
        """Note that it has ended without access."""

    def late(self, browser: BrowserSignIn) -> None:
        """Note that nothing came back in time."""

    def failed(self, browser: BrowserSignIn, error: DpyauthError) -> None:
        """Show what is wrong with what came back: nothing else will."""


class BrowserSignIn:
    """Browser sign-in under way.

    Parameters
    ----------
    flow : Flow
        Flow of the API.
    receiver : SignInReceiver
        Object that waits for it.
    remember : bool
        Whether the sign-in is to be remembered.
    closable : bool
        Whether it goes on in a window that the panel has opened, and closes when something has come back.
    """

    def __init__(self, flow: Flow, receiver: SignInReceiver, *, remember: bool = False, closable: bool = False) -> None:
        self.flow = flow
        self.remember = remember
        self.taken = False
        """True once what came back is being used."""
        self.nonce = Secret(secrets.token_urlsafe(24))
        """Mark by which the panel recognises its own window."""
        self.loginids: tuple[str, ...] = ()
        """Accounts that came back without the mark of this sign-in, until the user confirms that they are theirs."""
        self.trouble = ""
        """Reason that no listener waits for it on this machine, where one should."""
        self.listener: Listener[Result] | None = None
        self._receiver = receiver
        self._hold = HOLD if closable else 0.0
        self._unmarked: Result | None = None
        self.timer = threading.Timer(PATIENCE, lambda: receiver.late(self))
        self.timer.daemon = True

    def start(self) -> None:
        """Begin to wait for it."""
        if self.flow.listen_at is not None:
            try:
                read = partial(self.flow.read, pasted=False)
                self.listener = Listener(self.flow.listen_at, read, PATIENCE, self._hold)
            except ListenerFailed as error:
                self.trouble = str(error)  # the address can still be pasted, so this is no failure of the sign-in
            else:
                self.listener.future.add_done_callback(self._caught)
        self.timer.start()

    def end(self) -> None:
        """Stop waiting."""
        self.timer.cancel()
        if self.listener is not None:
            self.listener.cancel()

    def returned(self, nonce: str, query: Secret) -> None:
        """Take what came back at the callback page."""
        if Secret(nonce) != self.nonce:
            return  # of another sign-in, or of none
        try:
            self._take(query, pasted=False)
        except RedirectRefused as error:
            if error.code != "state_missing":
                raise
            # It came from the window that the panel opened, but only a person may vouch for it; where they may.
            self._unmarked = self.flow.read(query, pasted=True)
            self.loginids = self._unmarked.loginids
            self._receiver.changed()

    def confirm(self) -> None:
        """Accept what came back, for which the user vouches."""
        if self._unmarked is not None:
            self._receiver.arrived(self, self._unmarked)

    def pasted(self, address: Secret) -> None:
        """Take the address at which the sign-in ended, as the user has pasted it."""
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
