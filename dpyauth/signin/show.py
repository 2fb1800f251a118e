"""Show the result of a login."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from dpyauth import _environment, _terminal
from dpyauth.signin.current import panel_of, put_panel

if TYPE_CHECKING:
    from dpyauth.sandbox import Sandbox
    from dpyauth.session import Session


def show(session: Session, sandbox: Sandbox | None, *, name: str, **options: Any) -> None:
    """Show who is signed in: with the panel in a notebook, with a line of text elsewhere."""
    credential = session.core.credential
    if "IPython" in sys.modules:
        from dpyauth import completion

        completion.install()
    if _environment.shows_panels():
        from dpyauth.panels.sign_in import SignInModel
        from dpyauth.panels.widgets import show as show_panel

        panel = SignInModel(session, sandbox=sandbox, **options)
        before = panel_of(name)
        put_panel(name, panel)
        if before is not None:
            before.hand_over()
        show_panel(panel)
    elif credential is not None:
        _terminal.say(f"{session!r} using {credential.source}")
        if session.core.remarks:
            _terminal.say(session.core.remarks)
    else:
        _terminal.say(f"Not signed in: {session.core.signed_out_because}.")
