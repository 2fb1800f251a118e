"""Widgets over the panels' models: each shows its model's view, and hands on what the browser says."""

from __future__ import annotations

import logging
import re
import secrets
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets
from IPython.display import display

from dpyauth import _environment, _terminal
from dpyauth.panels.stills.markup import beside, without_tokens

if TYPE_CHECKING:
    from dpyauth.panels.card import CardModel
    from dpyauth.panels.model import PanelModel
    from dpyauth.panels.stream_view import StreamModel
    from dpyauth.panels.switcher import SwitcherModel

_HERE = Path(__file__).parent

IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+)\.js";\n', re.MULTILINE)
"""Import of names from another module of ``panels/js``."""
EXPORT = re.compile(r"^export (?!default )", re.MULTILINE)
"""Word before what other modules may import."""
_JSDOC = re.compile(r"^ */\*\*(?:(?!\*/).)*\*/\n", re.MULTILINE | re.DOTALL)


def _has_no_message(record: logging.LogRecord) -> bool:
    arguments = repr(record.args)
    return not ("'method': 'custom'" in arguments and "'do': " in arguments)


# At DEBUG these log whole messages, before a panel can take the secrets out of its own. What goes to the browser is
# logged by none of them.
for _name in ("Comm", "IPKernelApp", "traitlets"):
    logging.getLogger(_name).addFilter(_has_no_message)


def script(name: str) -> str:
    """Return the JavaScript of a panel: its module, after those that it imports, as one module."""
    # anywidget hands the browser one text, which cannot import another by a relative path. It is not made by a bundler,
    # or an installation from a clone would need Node. Our modules have one form of import and export, and no two names
    # that clash (tests/panels/test_scripts.py): without these words, and the comments for the type checker, they fit.
    texts: dict[str, str] = {}

    def join(name: str) -> None:
        if name not in texts:
            text = _read("js", f"{name}.js")
            for _, other in IMPORT.findall(text):
                join(other)
            texts[name] = _JSDOC.sub("", EXPORT.sub("", IMPORT.sub("", text)))

    join(name)
    return "\n".join(texts.values())


def style(*names: str) -> str:
    """Return the style of all panels, and what one adds to it.

    Another panel on the page may bring the style of all after this one: what is added has more weight, and stays.
    """
    added = "".join(_read("css", f"{name}.css") for name in names)
    return _read("css", "common.css") + added.replace(".dpyauth-panel", ".dpyauth-panel.dpyauth-panel")


def _read(kind: str, name: str) -> str:
    return (_HERE / kind / name).read_text(encoding="utf-8")


class Panel(anywidget.AnyWidget):
    """Widget over the model of a panel, with a still beside it that stays with the notebook.

    All that is synchronised is ``view``, what to show, ``texts``, the words to say it in, and ``still``, the class of
    the still, which the panel hides while it is there. What the user enters comes as messages, and is never part of
    the widget's state; nor is what the model sends.

    Parameters
    ----------
    model : PanelModel
        Model to show.
    """

    view = traitlets.Dict().tag(sync=True)
    texts = traitlets.Dict().tag(sync=True)
    still = traitlets.Unicode().tag(sync=True)

    _unwatch: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, model: PanelModel) -> None:
        self.model = model
        self._refreshing = threading.RLock()
        self._place: Any = None  # of the still, in the notebook
        self._subject: object = None
        name = secrets.token_hex(16)
        super().__init__(view=model.view(), texts=model.words, still=f"dpyauth-{name}", model_id=name)
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
        if _environment.unattended():
            return
        super().open()
        if _environment.kernel_shell() is not None:
            # A comm of its own accord lets IPython end each message like a cell, on whatever thread it came: matplotlib
            # would draw the figures of the cell that is running a second time, at the same time.
            self.comm.handle_msg = self._handle_msg

    def show(self) -> None:
        """Show the panel in the cell that is running, and its still, which it hides while it is there."""
        if _environment.kernel_shell() is None and _environment.in_marimo():
            display(self)  # type: ignore[no-untyped-call]  # marimo keeps no outputs with the notebook
            return
        live = not _environment.unattended()
        if not live:
            self.model.prepare_still()
        with self._refreshing:
            self._refresh()
            self._subject = self.model.subject(self.view)
            place = display(self._still(), raw=True, display_id=self.still)  # type: ignore[no-untyped-call]
            self._place = place if live or self.model.goes_on else None
        if live:
            data, metadata = self._repr_mimebundle_()
            # A front end that cannot show the panel has the still beside it.
            data = {**data, "text/plain": "", "text/html": ""}
            display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]

    def as_text(self) -> str:
        """Return what stands for the panel where none is shown, and what to do instead."""
        instead = self.model.without_panel()
        where = "no_panel_here" if _environment.in_notebook() else "no_panel_in_terminal"
        return "\n".join([self._line(), *([self.model.text(where, instead=instead)] if instead else [])])

    def _ipython_display_(self) -> None:
        if _environment.kernel_shell() is None or not _environment.shows_panels():
            raise NotImplementedError  # then IPython goes on to the text
        self.show()

    def _repr_mimebundle_(self, **how: Any) -> Any:
        if _environment.unattended():
            return self._still(), {}
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
            with self.hold_sync():  # together: the browser shows the view in these words
                if self.texts != self.model.words:
                    self.texts, self._subject = self.model.words, None
                self.view = self.model.view()
            if self._place is None:
                return
            subject = self.model.subject(self.view)
            if subject is not None and subject != self._subject:
                self._subject = subject
                self._place.update(self._still(), raw=True)

    def _still(self) -> dict[str, str]:
        html = without_tokens(self.model.still(self.view))
        if not _environment.unattended():
            html = beside(self.still, html)
        return {"text/html": html, "text/plain": without_tokens(self.as_text())}


class SignInPanel(Panel):
    """Panel that `dpyauth.login` shows in a notebook."""

    _esm = script("sign_in")
    _css = style()


class SwitcherPanel(Panel):
    """Panel that ``session.switcher()`` shows in a notebook."""

    _esm = script("switcher")
    _css = style()

    model: SwitcherModel

    def as_text(self) -> str:
        """Return the accounts as text."""
        return "\n".join(filter(None, (self.model.as_text(), self.model.without_panel())))


class CardPanel(Panel):
    """Panel that ``session`` and ``session.card()`` show in a notebook, as long as it is looked at."""

    _esm = script("card")
    _css = style("card")

    model: CardModel

    def as_text(self) -> str:
        """Return the card as text."""
        return self.model.still_text()


class StreamPanel(Panel):
    """Panel that `Stream.view` returns: the last line of a cell shows it.

    What the stream brings goes to the browser as messages, so the saved notebook does not grow.
    """

    _esm = script("stream")
    _css = style("stream")

    model: StreamModel

    def _line(self) -> str:
        return f"dpyauth stream panel: {self.model.stream!r}"


class ExplorerPanel(Panel):
    """Panel that `explorer` returns. What is entered stays in the browser until it is sent."""

    _esm = script("explorer")
    _css = style("explorer")


class TokensPanel(Panel):
    """Panel that `dpyauth.tokens` returns."""

    _esm = script("tokens")
    _css = style("admin", "tokens")


class AppsPanel(Panel):
    """Panel that `dpyauth.apps` returns."""

    _esm = script("apps")
    _css = style("admin", "apps")


def show(model: PanelModel) -> None:
    """Show the panel of a sign-in, a card or a switcher in the cell that is running."""
    panel_of(model).show()


def panel_of(model: PanelModel) -> Any:
    """Return a panel of a sign-in, a card or a switcher."""
    panels: dict[str, type[Any]] = {"sign-in": SignInPanel, "switcher": SwitcherPanel, "card": CardPanel}
    return panels[model.name](model)
