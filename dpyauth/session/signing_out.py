"""Sign a session out, close it, and close everything it has opened."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from dpyauth.errors import DpyauthError, NotSignedIn
from dpyauth.net.connector import CLOSE_TIMEOUT
from dpyauth.net.loop import background
from dpyauth.session.core import Core, not_signed_in

if TYPE_CHECKING:
    from dpyauth.apis.base import SignIn


class SigningOut(Core):
    """Core that signs out."""

    def sign_out(self, because: str, error: DpyauthError | None = None, of: SignIn | None = None) -> None:
        """Sign out; with ``of``, only if that sign-in is still in use. Open calls and streams end with the error.

        ``because`` is a sentence; `Said`, so that panels can translate it.
        """
        self._end_sign_in(error or NotSignedIn(not_signed_in(because)), because, of)
        self.notify()

    def _end_sign_in(self, error: DpyauthError, because: str = "", of: SignIn | None = None) -> None:
        """Close everything that the sign-in has opened, on the background thread, and wait for that."""

        # One step on the background thread, because an interrupt could stop the user's thread halfway: the session
        # would then look signed out while its connection stays open.
        def end(_: None) -> None:
            with self._lock:
                if of not in (None, self.sign_in):
                    ended.set()
                    return  # the session has signed in again since; the new sign-in must stay
                self.signed_out_because = because or self.signed_out_because
                self._detach()
                # Signing out leaves sign-ins in progress alone; closing the session ends them, too.
                if self.end_reason is not None:
                    self._closing += self._beginning
            for each in self._closing:
                each.end(error.copy())  # a copy for each: several threads may raise it, and tracebacks would mix
            ended.set()

        ended = threading.Event()
        if background.inside():
            end(None)  # this thread cannot wait for itself
        else:
            background.post(end)
            ended.wait(CLOSE_TIMEOUT)
        self._close_rest(error)

    def _detach(self) -> None:
        """Forget the sign-in and its connections, without closing them."""
        self._put_aside(all_of_it=True)
        self.connection = self.sign_in = self.active_account = None
        self.other_connections = {}
        self._secrets.clear()

    def _put_aside(self, *, all_of_it: bool) -> None:
        """Add the active account's connection, or the whole sign-in, to the list of things to close."""
        rest = (*self.other_connections.values(), self.sign_in) if all_of_it else ()
        self._closing += [each for each in (self.connection, *rest) if each is not None]

    def _close_rest(self, error: DpyauthError) -> None:
        """Close everything on the list and wait for that.

        Each item is removed only once it is closed: what an interrupt leaves on the list is closed the next time.
        """
        for each in list(self._closing):
            each.close(error.copy())
            if each in self._closing:
                self._closing.remove(each)

    def end(self, error: DpyauthError) -> None:
        """Close the session; later calls end with this error."""
        is_news = self.end_reason is None
        self.end_reason = self.end_reason or error
        if self.connection or self.sign_in or self.other_connections or self._beginning or self._closing:
            self._end_sign_in(self.end_reason)
        if is_news:
            self.notify()
