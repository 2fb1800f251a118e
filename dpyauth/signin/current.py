"""The sessions of this kernel, one for each profile: the one a login replaces, and the one meant if none is named."""

from __future__ import annotations

import atexit
import threading
import weakref
from typing import TYPE_CHECKING

from dpyauth import _environment, _forks

if TYPE_CHECKING:
    from dpyauth.panels.sign_in import SignInModel
    from dpyauth.session import Session
    from dpyauth.settings import Settings

DEFAULT_PROFILE = "default"


class _Profiles:
    """Session and sign-in panel of each profile.

    Those of the default profile are kept until they are replaced. Those of any other last for as long as a variable or
    a panel holds on to them.
    """

    def __init__(self) -> None:
        self.sessions: weakref.WeakValueDictionary[str, Session] = weakref.WeakValueDictionary()
        self.panels: weakref.WeakValueDictionary[str, SignInModel] = weakref.WeakValueDictionary()
        self.locks: dict[str, threading.RLock] = {}
        self.default_session: Session | None = None
        self.default_panel: SignInModel | None = None


_of_process = _Profiles()
_of_thread = threading.local()


def _here() -> _Profiles:
    """Return the profiles of the user: in a marimo app each visitor has a thread, and all share the process."""
    if not _environment.shares_process():
        return _of_process
    if not _environment.in_marimo():
        return _Profiles()  # a thread that the app has started may work for any visitor: it finds and leaves nothing
    if not hasattr(_of_thread, "profiles"):
        _of_thread.profiles = _Profiles()
    found: _Profiles = _of_thread.profiles
    return found


def lock(profile: str) -> threading.RLock:
    """Return the lock of a profile: logins of one profile come one after the other, those of several side by side."""
    return _here().locks.setdefault(profile, threading.RLock())  # one step, which needs no lock of its own


def session_of(profile: str) -> Session | None:
    """Return the session of a profile, if it has one."""
    return _here().sessions.get(profile)


def is_signed_in(profile: str, target: Settings) -> bool:
    """Return whether a profile has a session that is signed in where a login without a credential would sign in."""
    session = session_of(profile)
    return session is not None and session.loginid is not None and session.core.matches(None, target)


def put_session(profile: str, session: Session) -> None:
    """Make a session the one of a profile."""
    if profile == DEFAULT_PROFILE:
        _here().default_session = session
    _here().sessions[profile] = session


def panel_of(profile: str) -> SignInModel | None:
    """Return the sign-in panel of a profile, if it has one."""
    return _here().panels.get(profile)


def put_panel(profile: str, panel: SignInModel) -> None:
    """Make a sign-in panel the one of a profile."""
    if profile == DEFAULT_PROFILE:
        _here().default_panel = panel
    _here().panels[profile] = panel


def meant() -> Session | None:
    """Return the session that is meant if none is named: that of the default profile, else the only one there is.

    A closed one is meant only if no other is open.
    """
    default, there = session_of(DEFAULT_PROFILE), open_sessions()
    if not there or default in there:
        return default
    return there[0] if len(there) == 1 else None


def open_sessions() -> list[Session]:
    """Return the kernel's sessions that are not closed, that of the default profile first."""
    names = sorted(list(_here().sessions), key=lambda name: name != DEFAULT_PROFILE)
    found = [_here().sessions.get(name) for name in names]
    return [session for session in found if session is not None and session.core.end_reason is None]


@atexit.register
def close_sessions() -> None:
    """Close all sessions of this kernel, and forget them and their sign-in panels."""
    for session in open_sessions():
        session.close()
    _forget()


@_forks.in_child
def _forget() -> None:
    global _of_process, _of_thread
    _of_process, _of_thread = _Profiles(), threading.local()  # another thread of the parent may have held a lock
