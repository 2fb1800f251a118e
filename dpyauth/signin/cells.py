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
    """Run the cells that use a session again whenever the user signs in.

    marimo runs all cells when it opens a notebook, so cells below the panel have stopped with `NotSignedIn` by the time
    the user signs in. marimo can run the cells that refer to a variable again, but has no public API for it. If another
    version does this differently, nothing breaks: the user runs the cell with `login` again.
    """
    if not _environment.in_marimo() or _environment.unattended():
        return
    # A marimo thread belongs to the cell that created it, which is why it is created here and not at the sign-in. It
    # also says whether that cell has been run again. The thread that notices the sign-in starts it, whichever that is.
    thread = sys.modules["marimo"].Thread(target=lambda: _run_again(session), daemon=True)
    was_signed_in = session.loginid is not None

    def ran_again() -> bool:
        return getattr(thread, "should_exit", False)  # missing in older versions

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
    run_again_when_signed_in(session)  # for the next sign-in, since a thread can be started only once
    with suppress(Exception):
        session.allow_self_loops = False  # type: ignore[attr-defined]  # marimo reads it
        importlib.import_module("marimo._runtime.context").get_context().register_state_update(session)
