"""Hold the views of a session: the panels that show it, which the rooms above hand in."""

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
    """A panel that has been prepared: its text, and functions that show it in the cell that is running or make it."""

    text: Callable[[], str]
    show: Callable[[], None]
    panel: Callable[[], AnyWidget]


class Shown:
    """Something to look at: a live panel where a notebook shows it, elsewhere the same as text.

    Parameters
    ----------
    prepare : callable
        Function that prepares a view. Each is shown once.
    """

    def __init__(self, prepare: Callable[[], View]) -> None:
        self._prepare = prepare
        self._view = prepare()
        self._displayed = False

    def __repr__(self) -> str:
        return _terminal.writable(self._view.text(), sys.stdout)

    def _ipython_display_(self) -> None:
        if not _environment.shows_panels():
            raise NotImplementedError  # then IPython goes on to the text
        self._next().show()

    def _display_(self) -> Any:
        """Return what marimo shows."""
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

    def card(self, session: Questions) -> Shown: ...
    def switcher(self, session: Questions) -> Shown: ...
    def explorer(self, session: Questions) -> AnyWidget: ...
    def tokens(self, session: Questions) -> AnyWidget: ...
    def apps(self, session: Questions) -> AnyWidget: ...
    def stream(self, session: Questions, stream: Names) -> AnyWidget: ...


_installed: Views | None = None


def install(views: Views) -> None:
    """Have all sessions show themselves by these views."""
    global _installed
    _installed = views


def there_are() -> bool:
    """Return whether views are installed."""
    return _installed is not None


def installed() -> Views:
    """Return the views that are installed."""
    if _installed is None:
        raise DpyauthError(
            "No panels are loaded: make the session with dpyauth.login(), or import dpyauth.signin first."
        )
    return _installed
