"""Open the panels that explore and manage: the call explorer, API tokens, apps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dpyauth import _environment

if TYPE_CHECKING:
    from dpyauth.panels.widgets import AppsPanel, ExplorerPanel, TokensPanel
    from dpyauth.session import Session


def explorer(session: Session) -> ExplorerPanel:
    """Open the call explorer of a session."""
    _environment.need_widgets()
    from dpyauth.panels.explorer import ExplorerModel
    from dpyauth.panels.widgets import ExplorerPanel

    return ExplorerPanel(ExplorerModel(session, _variable_of(session)))


def tokens(session: Session) -> TokensPanel:
    """Open the panel of API tokens of a session."""
    _environment.need_widgets()
    from dpyauth.panels.tokens import TokensModel
    from dpyauth.panels.widgets import TokensPanel

    return TokensPanel(TokensModel(session))


def apps(session: Session) -> AppsPanel:
    """Open the panel of apps of a session."""
    _environment.need_widgets()
    from dpyauth.panels.apps import AppsModel
    from dpyauth.panels.widgets import AppsPanel

    return AppsPanel(AppsModel(session))


def _variable_of(session: Session) -> str:
    """Return the name that the user's notebook has for a session."""
    names = getattr(_environment.kernel_shell(), "user_ns", {})
    own = [name for name, value in names.items() if value is session and not name.startswith("_")]
    return "session" if "session" in own or not own else own[0]
