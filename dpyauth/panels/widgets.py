"""Widgets over the panels' models: each shows its model's view, and hands on what the browser says."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets
from IPython.display import display

from dpyauth import _environment, _terminal
from dpyauth.panels import card_text

if TYPE_CHECKING:
    from dpyauth.panels.card import CardModel
    from dpyauth.panels.model import PanelModel
    from dpyauth.panels.stream_view import StreamModel
    from dpyauth.panels.switcher import SwitcherModel

_HERE = Path(__file__).parent


def _has_no_message(record: logging.LogRecord) -> bool:
    arguments = repr(record.args)
    return not ("'method': 'custom'" in arguments and "'do': " in arguments)


# At DEBUG these log whole messages, before a panel can take the secrets out of its own. What goes to the browser is
# logged by none of them.
for _name in ("Comm", "IPKernelApp", "traitlets"):
    logging.getLogger(_name).addFilter(_has_no_message)


def script(*names: str) -> str:
    """Return the JavaScript of a panel, what all of them share in front."""
    return "".join(_read("js", f"{name}.js") for name in ("common", *names))


def style(*names: str) -> str:
    """Return the style of all panels, and what one adds to it.

    Another panel on the page may bring the style of all after this one: what is added has more weight, and stays.
    """
    added = "".join(_read("css", f"{name}.css") for name in names)
    return _read("css", "common.css") + added.replace(".dpyauth-panel", ".dpyauth-panel.dpyauth-panel")


def _read(kind: str, name: str) -> str:
    return (_HERE / kind / name).read_text(encoding="utf-8")


class Panel(anywidget.AnyWidget):
    """Widget over the model of a panel.

    All that is synchronised is ``view``, what to show, and ``texts``, the words to say it in. What the user enters
    comes as messages, and is never part of the widget's state; nor is what the model sends.

    Parameters
    ----------
    model : PanelModel
        Model to show.
    """

    view = traitlets.Dict().tag(sync=True)
    texts = traitlets.Dict().tag(sync=True)

    _unwatch: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, model: PanelModel) -> None:
        self.model = model
        self._refreshing = threading.RLock()
        super().__init__(view=model.view(), texts=model.words)
        self.on_msg(self._on_message)
        model.changed = self._refresh
        model.send = self.send
        self._unwatch = model.session.core.watch(self._refresh)
        self._refresh()  # for what has changed meanwhile

    def __repr__(self) -> str:
        return self._line() if _environment.in_notebook() else _terminal.writable(self.as_text(), sys.stdout)

    def _line(self) -> str:
        return f"dpyauth {self.model.name} panel: {self.model.session!r}"

    def open(self) -> None:
        """Make the panel known to the browser; not in a run without a person, where its state would only be stored."""
        if not _environment.unattended():
            super().open()

    def show(self) -> None:
        """Show the panel in the cell that is running."""
        display(self)  # type: ignore[no-untyped-call]

    def as_text(self) -> str:
        """Return what stands for the panel where none is shown, and what to do instead."""
        instead = self.model.without_panel()
        where = "no_panel_here" if _environment.in_notebook() else "no_panel_in_terminal"
        return "\n".join([self._line(), *([self.model.text(where, instead=instead)] if instead else [])])

    def _repr_mimebundle_(self, **how: Any) -> Any:
        if _environment.unattended():
            return {"text/plain": self.as_text()}, {}
        data, metadata = super()._repr_mimebundle_(**how) or ({}, {})
        return {**data, "text/plain": self.as_text()}, metadata

    def close(self) -> None:
        """Take the panel away; the session stays."""
        self._unwatch()
        self.model.close()
        super().close()

    def _on_message(self, widget: object, content: Any, buffers: object) -> None:
        """Hand on what the browser says, taken out of the message, which the kernel keeps."""
        if isinstance(content, dict):
            message = content.copy()
            content.clear()
            self.model.receive(message)

    def _refresh(self) -> None:
        with self._refreshing:  # what one thread saw must not overwrite what another has seen since
            self.view = self.model.view()


class SignInPanel(Panel):
    """Panel that `dpyauth.login` shows in a notebook."""

    _esm = script("callback", "accounts", "sign_in")
    _css = style()


class SwitcherPanel(Panel):
    """Panel that ``session.switcher()`` shows in a notebook."""

    _esm = script("accounts", "switcher")
    _css = style()

    model: SwitcherModel

    def as_text(self) -> str:
        """Return the accounts as text."""
        return "\n".join(filter(None, (self.model.as_text(), self.model.without_panel())))


class CardPanel(Panel):
    """Panel that ``session`` and ``session.card()`` show in a notebook, with a still picture that stays with it."""

    _esm = script("accounts", "card")
    _css = style("card")

    model: CardModel

    def __init__(self, model: CardModel) -> None:
        self._picture: Any = None
        self._pictured: object = None
        super().__init__(model)

    def show(self) -> None:
        """Show the card in the cell that is running, and its still picture, which it hides while it is there."""
        self._pictured = self._subject()
        self._picture = display(self._still(), raw=True, display_id=True)  # type: ignore[no-untyped-call]
        if not _environment.unattended():
            super().show()

    def _repr_mimebundle_(self, **how: Any) -> Any:
        data, metadata = super()._repr_mimebundle_(**how) or ({}, {})
        # A front end that cannot show the panel has the picture beside it.
        return {**data, "text/plain": "", "text/html": ""}, metadata

    def _refresh(self) -> None:
        super()._refresh()
        with self._refreshing:
            if self._picture is not None and (subject := self._subject()) != self._pictured:
                self._pictured = subject
                self._picture.update(self._still(), raw=True)

    def _subject(self) -> object:
        """Return what the picture is of: with another account, or once all is known of it, there is a new one."""
        view = self.view
        account, known = view["account"], (*view["known"], bool(view["balance"]))
        return account and (account["loginid"], account["api"], view["complete"] and known)

    def _still(self) -> dict[str, str]:
        model = self.model
        return {"text/html": model.as_html() + card_text.hiding(model.picture), "text/plain": model.as_text()}


class StreamPanel(Panel):
    """Panel that `Stream.view` returns: the last line of a cell shows it.

    What the stream brings goes to the browser as messages, so the saved notebook does not grow.
    """

    _esm = script("files", "chart", "stream")
    _css = style("stream")

    model: StreamModel

    def _line(self) -> str:
        return f"dpyauth stream panel: {self.model.stream!r}"


class ExplorerPanel(Panel):
    """Panel that `explorer` returns. What is entered stays in the browser until it is sent."""

    _esm = script("json", "request", "files", "reply", "explorer")
    _css = style("explorer")


class TokensPanel(Panel):
    """Panel that `dpyauth.tokens` returns."""

    _esm = script("admin", "tokens")
    _css = style("admin", "tokens")


class AppsPanel(Panel):
    """Panel that `dpyauth.apps` returns."""

    _esm = script("admin", "callback", "apps")
    _css = style("admin", "apps")


def show(model: PanelModel) -> None:
    """Show the panel of a sign-in, a card or a switcher in the cell that is running."""
    panel_of(model).show()


def panel_of(model: PanelModel) -> Any:
    """Return a panel of a sign-in, a card or a switcher."""
    panels: dict[str, type[Any]] = {"sign-in": SignInPanel, "switcher": SwitcherPanel, "card": CardPanel}
    return panels[model.name](model)
