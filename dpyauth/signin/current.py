"""Keep the sessions of this kernel, one for each profile, and choose one where the user names none."""

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

    Those of the default profile are kept until they are replaced. Those of any other profile last as long as a variable
    or a panel refers to them.
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
    """Return the profiles of this user.

    In a marimo app all visitors share one process, and each has a thread. Without a store for each thread, one visitor
    would find the session of another.
    """
    if not _environment.shares_process():
        return _of_process
    if not _environment.in_marimo():
        return _Profiles()  # a thread that the app has started may work for any visitor: give it an empty store
    if not hasattr(_of_thread, "profiles"):
        _of_thread.profiles = _Profiles()
    found: _Profiles = _of_thread.profiles
    return found


def lock(profile: str) -> threading.RLock:
    """Return the lock of a profile: logins of one profile run one at a time, others in parallel."""
    return _here().locks.setdefault(profile, threading.RLock())  # setdefault is atomic, so it needs no lock


def session_of(profile: str) -> Session | None:
    """Return the session of a profile, if it has one."""
    return _here().sessions.get(profile)


def is_signed_in(profile: str, target: Settings) -> bool:
    """Return whether a profile has a session that is signed in to the server and API that a login would use now."""
    session = session_of(profile)
    return session is not None and session.loginid is not None and session.core.matches(None, target)


def put_session(profile: str, session: Session) -> None:
    """Store the session of a profile, in place of an earlier one."""
    if profile == DEFAULT_PROFILE:
        _here().default_session = session
    _here().sessions[profile] = session


def panel_of(profile: str) -> SignInModel | None:
    """Return the sign-in panel of a profile, if it has one."""
    return _here().panels.get(profile)


def put_panel(profile: str, panel: SignInModel) -> None:
    """Store the sign-in panel of a profile, in place of an earlier one."""
    if profile == DEFAULT_PROFILE:
        _here().default_panel = panel
    _here().panels[profile] = panel


def meant() -> Session | None:
    """Return the session to use if the user names none: that of the default profile, else the only open one.

    Returns a closed session only if no other is open.
    """
    default, there = session_of(DEFAULT_PROFILE), open_sessions()
    if not there or default in there:
        return default
    return there[0] if len(there) == 1 else None


def open_sessions() -> list[Session]:
    """Return the open sessions of this kernel, that of the default profile first."""
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
    # New ones, because another thread of the parent may hold a lock of the old ones.
    _of_process, _of_thread = _Profiles(), threading.local()
