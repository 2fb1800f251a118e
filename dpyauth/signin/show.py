"""Show the result of a login."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from dpyauth import _environment, _terminal
from dpyauth.signin.current import panel_of, put_panel
from dpyauth.texts import texts
from dpyauth.texts.said import in_language

if TYPE_CHECKING:
    from dpyauth.sandbox import Sandbox
    from dpyauth.session import Session


def show(session: Session, sandbox: Sandbox | None, *, name: str, **options: Any) -> None:
    """Show who is signed in: with the panel in a notebook, with a line of text elsewhere."""
    credential, language = session.core.credential, session.core.target.language
    words = texts("prompt", language=language)
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
        _terminal.say(words("signed_in", session=repr(session), source=in_language(credential.source, language)))
        if session.core.remarks:
            _terminal.say(in_language(session.core.remarks, language))
    else:
        _terminal.say(words("not_signed_in", why=in_language(session.core.signed_out_because, language)))
