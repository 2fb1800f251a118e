"""The sessions of this kernel, one for each profile: which one a login replaces, and which it leaves alone."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dpyauth.panels.sign_in import SignInModel
    from dpyauth.session import Session

DEFAULT_PROFILE = "default"


class Beside:
    """The sessions of profiles other than the default one, for as long as a name or a panel holds on to them."""

    def __init__(self) -> None:
        self._sessions: weakref.WeakValueDictionary[str, Session] = weakref.WeakValueDictionary()
        self._models: weakref.WeakValueDictionary[str, SignInModel] = weakref.WeakValueDictionary()
        self._locks: dict[str, threading.RLock] = {}

    def lock(self, profile: str) -> threading.RLock:
        """Return the lock of a profile: two logins of one profile come one after the other, others side by side."""
        return self._locks.setdefault(profile, threading.RLock())  # one step, which needs no lock of its own

    def session(self, profile: str) -> Session | None:
        """Return the session of a profile, where there is one."""
        return self._sessions.get(profile)

    def put(self, profile: str, session: Session) -> None:
        """Make a session the one of a profile."""
        self._sessions[profile] = session

    def model(self, profile: str, model: SignInModel) -> SignInModel | None:
        """Make this the model that a profile signs in at; return the one before."""
        before = self._models.get(profile)
        self._models[profile] = model
        return before

    def open(self) -> list[Session]:
        """Return the sessions that are not closed."""
        found = [self._sessions.get(profile) for profile in list(self._sessions)]
        return [session for session in found if session is not None and session.core.end_reason is None]
