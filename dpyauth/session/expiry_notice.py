"""Notify when a sign-in is about to end, and when it has ended."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from dpyauth.apis.expiry import Expiry

if TYPE_CHECKING:
    from dpyauth.apis.base import SignIn
    from dpyauth.session.core import Core

LOOK_EVERY = 5.0
"""Longest time between two checks of the clock, in seconds: a timer does not notice that the machine slept."""


def schedule(core: Core, sign_in: SignIn) -> None:
    """Notify the watchers of a session whenever the notice about the end of its sign-in changes."""
    if sign_in.dispatcher is None or sign_in.credential.tokens is None:
        return
    said: float | None = None
    watching = weakref.ref(core)  # a strong reference would keep a session that has no name any more

    def look() -> float | None:
        nonlocal said
        core = watching()
        # None ends the watch: the session is gone, or has signed in again and has its own watch for that.
        if core is None or sign_in is not core.sign_in:
            return None
        expiry = Expiry.of(sign_in)
        due = expiry.due if expiry else None
        if due != said:
            said = due
            if expiry and due is not None:
                what = "sign-in ended" if due == expiry.at else "sign-in ends soon"
                core.note_event(what, expiry.notice(due), None)
            core.notify()
        wait = expiry.wait if expiry else None
        return LOOK_EVERY if wait is None else min(LOOK_EVERY, wait)

    sign_in.dispatcher.watch(look)
