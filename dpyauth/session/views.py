"""Give sessions access to their panels, which a higher layer installs here.

The session may not import panels: they are built on it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dpyauth import _environment, _terminal
from dpyauth.errors import DpyauthError

if TYPE_CHECKING:
    from anywidget import AnyWidget

    from dpyauth.names import Names
    from dpyauth.session.payloads import Questions


class View(NamedTuple):
    """Prepared panel: functions that return its text, show it in the running cell, and return its widget."""

    text: Callable[[], str]
    show: Callable[[], None]
    panel: Callable[[], AnyWidget]


class Shown:
    """Panel in a notebook, the same as text elsewhere.

    Parameters
    ----------
    prepare : callable
        Function that prepares a view. Each view is shown only once.
    """

    def __init__(self, prepare: Callable[[], View]) -> None:
        self._prepare = prepare
        self._view = prepare()
        self._displayed = False

    def __repr__(self) -> str:
        return _terminal.writable(self._view.text(), sys.stdout)

    def _ipython_display_(self) -> None:
        if not _environment.shows_panels():
            raise NotImplementedError  # IPython then shows the text
        self._next().show()

    def _display_(self) -> Any:
        """Return what marimo displays."""
        if _environment.shows_panels() and not _environment.unattended():
            return self._next().panel()
        return sys.modules["marimo"].plain_text(repr(self))

    def _next(self) -> View:
        if self._displayed:
            self._view = self._prepare()
        self._displayed = True
        return self._view


class Views(Protocol):
    """Panels of a session and of a stream."""

    def card(self, session: Questions) -> Shown:
        """See `Session.card`."""

    def switcher(self, session: Questions) -> Shown:
        """See `Session.switcher`."""

    def explorer(self, session: Questions) -> AnyWidget:
        """See `Session.explorer`."""

    def tokens(self, session: Questions) -> AnyWidget:
        """See `Session.tokens_panel`."""

    def apps(self, session: Questions) -> AnyWidget:
        """See `Session.apps_panel`."""

    def stream(self, session: Questions, stream: Names) -> AnyWidget:
        """See `Stream.view`."""


_installed: Views | None = None


def install(views: Views) -> None:
    """Use these views for all sessions."""
    global _installed
    _installed = views


def there_are() -> bool:
    """Return whether views are installed."""
    return _installed is not None


def installed() -> Views:
    """Return the installed views, or raise an error."""
    if _installed is None:
        raise DpyauthError(
            "No panels are loaded. Create the session with dpyauth.login(), or import dpyauth.signin first."
        )
    return _installed
