"""Have marimo run the cells that use a session again, once the user has signed in."""

from __future__ import annotations

import importlib
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from dpyauth import _environment

if TYPE_CHECKING:
    from dpyauth.session import Session


def run_again_when_signed_in(session: Session) -> None:
    """Run the cells that use a session again whenever the user signs in: without that, they stop with `NotSignedIn`.

    marimo takes for a state whatever a variable holds, but has no public name for that. Where a version of it does this
    differently, the user runs the cell with `login` again.
    """
    if not _environment.in_marimo() or _environment.unattended():
        return
    # Such a thread belongs to the cell that is running, and says when that has been run again. It is started when it
    # is needed, by whatever thread has seen the sign-in.
    thread = sys.modules["marimo"].Thread(target=lambda: _run_again(session), daemon=True)
    was_signed_in = session.loginid is not None

    def ran_again() -> bool:
        return getattr(thread, "should_exit", False)  # older versions do not say it

    def changed() -> None:
        nonlocal was_signed_in
        signed_in, before = session.loginid is not None, was_signed_in
        was_signed_in = signed_in
        if ran_again() or (signed_in and not before):
            unwatch()
        if signed_in and not before and not ran_again():
            thread.start()

    unwatch = session.core.watch(changed)


def _run_again(session: Session) -> None:
    run_again_when_signed_in(session)  # after the next sign-in, too
    with suppress(Exception):
        session.allow_self_loops = False  # type: ignore[attr-defined]  # marimo asks for it
        importlib.import_module("marimo._runtime.context").get_context().register_state_update(session)
