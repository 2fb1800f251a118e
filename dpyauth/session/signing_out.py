"""Sign a session out, close it, and close what it has opened."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from dpyauth.errors import DpyauthError, NotSignedIn
from dpyauth.net.connector import CLOSE_TIMEOUT
from dpyauth.net.loop import background
from dpyauth.session.core import Core, how_to_sign_in

if TYPE_CHECKING:
    from dpyauth.apis.base import SignIn


class SigningOut(Core):
    """Core that signs out."""

    def sign_out(self, because: str, error: DpyauthError | None = None, of: SignIn | None = None) -> None:
        """Sign out, perhaps only ``of`` one sign-in; open calls and streams end with this error."""
        self._end_sign_in(error or NotSignedIn(f"Signed out ({because}). {how_to_sign_in()}"), because, of)
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
