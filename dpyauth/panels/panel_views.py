"""Provide the views of a session. The modules of a panel are imported when it is shown, so that `login` stays fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dpyauth import _environment
from dpyauth.session import Session
from dpyauth.session.stream import Stream
from dpyauth.session.views import Shown, View

if TYPE_CHECKING:
    from anywidget import AnyWidget

    from dpyauth.names import Names
    from dpyauth.panels.switcher import SwitcherModel
    from dpyauth.panels.widgets import AppsPanel, ExplorerPanel, StreamPanel, TokensPanel
    from dpyauth.session.payloads import Questions


class PanelViews:
    """Panels of a session and of a stream, for `dpyauth.session.views.Views`."""

    def card(self, session: Questions) -> Shown:
        """Show the account card."""
        from dpyauth.panels.card import CardModel

        return Shown(lambda: _view(CardModel(_session(session))))

    def switcher(self, session: Questions) -> Shown:
        """Show the account switcher."""
        from dpyauth.panels.switcher import SwitcherModel

        return Shown(lambda: _view(SwitcherModel(_session(session))))

    def explorer(self, session: Questions) -> ExplorerPanel:
        """Open the call explorer."""
        _environment.need_widgets()
        from dpyauth.panels.explorer import ExplorerModel
        from dpyauth.panels.widgets import ExplorerPanel

        return ExplorerPanel(ExplorerModel(_session(session), _variable_of(session)))

    def tokens(self, session: Questions) -> TokensPanel:
        """Open the panel of API tokens."""
        _environment.need_widgets()
        from dpyauth.panels.tokens import TokensModel
        from dpyauth.panels.widgets import TokensPanel

        return TokensPanel(TokensModel(_session(session)))

    def apps(self, session: Questions) -> AppsPanel:
        """Open the panel of apps."""
        _environment.need_widgets()
        from dpyauth.panels.apps import AppsModel
        from dpyauth.panels.widgets import AppsPanel

        return AppsPanel(AppsModel(_session(session)))

    def stream(self, session: Questions, stream: Names) -> StreamPanel:
        """Show a stream live."""
        _environment.need_widgets()
        from dpyauth.panels.stream_view import StreamModel
        from dpyauth.panels.widgets import StreamPanel

        assert isinstance(stream, Stream)
        return StreamPanel(StreamModel(_session(session), stream))


def _session(questions: Questions) -> Session:
    """Return the session that a group of methods belongs to."""
    assert isinstance(questions, Session)
    return questions


def _view(model: SwitcherModel) -> View:
    """Prepare the view of a card or switcher."""
    model.prepare()

    def show() -> None:
        from dpyauth.panels import widgets

        widgets.show(model)

    def panel() -> AnyWidget:
        from dpyauth.panels import widgets

        made: AnyWidget = widgets.panel_of(model)
        return made

    return View(lambda: "\n".join(filter(None, (model.as_text(), model.without_panel()))), show, panel)


def _variable_of(session: object) -> str:
    """Return the name that the user's notebook has for a session."""
    names = getattr(_environment.kernel_shell(), "user_ns", {})
    own = [name for name, value in names.items() if value is session and not name.startswith("_")]
    return "session" if "session" in own or not own else own[0]
