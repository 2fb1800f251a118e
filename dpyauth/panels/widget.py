"""What all panels share: a panel shows what its model says, and hands on what the reader does."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from dpyauth import _environment
from dpyauth.errors import DpyauthError

if TYPE_CHECKING:
    from dpyauth.panels.model import PanelModel

_HERE = Path(__file__).parent


def _not_for_a_panel(record: logging.LogRecord) -> bool:
    said = repr(record.args)
    return not ("'method': 'custom'" in said and "'do': " in said)


# At DEBUG these log whole messages, before a panel can take the secrets out of its own. What goes to the browser is
# logged by none of them.
for _name in ("Comm", "IPKernelApp", "traitlets"):
    logging.getLogger(_name).addFilter(_not_for_a_panel)


def script(*names: str) -> str:
    """The JavaScript of a panel, what all of them share in front."""
    return "".join(_read("js", f"{name}.js") for name in ("common", *names))


def style(*names: str) -> str:
    """The style of all panels, and what one adds to it.

    Another panel on the page may bring the style of all after this one: what is added has more weight, and stays.
    """
    added = "".join(_read("css", f"{name}.css") for name in names)
    return _read("css", "look.css") + added.replace(".dpyauth-panel", ".dpyauth-panel.dpyauth-panel")


def _read(kind: str, name: str) -> str:
    return (_HERE / kind / name).read_text(encoding="utf-8")


class Panel(anywidget.AnyWidget):
    """A panel over a model.

    All that is synchronised is ``view``, what to show, and ``texts``, the words to say it in. What a reader enters
    comes as messages, and is never part of the widget's state.

    Parameters
    ----------
    model : PanelModel
        What is behind it.
    """

    view = traitlets.Dict().tag(sync=True)
    texts = traitlets.Dict().tag(sync=True)

    _unwatch: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, model: PanelModel) -> None:
        self.model = model
        self._refreshing = threading.RLock()
        super().__init__(view=model.look(), texts=model.words)
        self.on_msg(self._on_message)
        model.changed = self._refresh
        model.tell = self.send
        self._unwatch = model.session.core.watch(self._refresh)
        self._refresh()  # for what has changed meanwhile

    def __repr__(self) -> str:
        return f"dpyauth {self.model.name} panel: {self.model.session!r}"

    def open(self) -> None:
        """Make the panel known to the browser; not in a run without a person, where its state would only be stored."""
        if not _environment.nobody_looks():
            super().open()

    def text(self) -> str:
        """Return what stands for the panel where none is shown, and what to do instead."""
        return "\n".join(filter(None, (repr(self), self.model.without_panel())))

    def _repr_mimebundle_(self, **how: Any) -> Any:
        if _environment.nobody_looks():
            return {"text/plain": self.text()}, {}
        data, metadata = super()._repr_mimebundle_(**how) or ({}, {})
        return {**data, "text/plain": self.text()}, metadata

    def close(self) -> None:
        """Take the panel away; the session stays."""
        self._unwatch()
        self.model.leave()
        super().close()

    def _on_message(self, widget: object, content: Any, buffers: object) -> None:
        """What the browser says; on any thread. It is taken out of the message, which the kernel keeps."""
        if not isinstance(content, dict):
            return
        said = content.copy()
        content.clear()
        try:
            self._do(said)
        except DpyauthError as error:
            self.model.fail(error)
        except Exception as error:  # ipywidgets would log it with all that it says
            self.model.broke(error)

    def _do(self, said: dict[str, Any]) -> None:
        match said:
            case {"do": "here"}:
                self.model.here()
            case {"do": "dismiss"}:
                self.model.dismiss()
            case _:
                self.model.do(said)

    def _refresh(self) -> None:
        with self._refreshing:  # what one thread saw must not overwrite what another has seen since
            self.view = self.model.look()
