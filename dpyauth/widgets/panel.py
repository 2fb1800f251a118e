"""What all panels share: a panel shows what its desk says, and hands on what the reader does."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from dpyauth.errors import DpyauthError

if TYPE_CHECKING:
    from dpyauth.panels.base import PanelDesk

_HERE = Path(__file__).parent

_SECRET = ("'sign-in'", "'returned'", "'pasted'", "'send'")
"""What a message is about that may hold a secret."""


def _without_secrets(record: logging.LogRecord) -> bool:
    said = repr(record.args)
    return not any(kind in said for kind in _SECRET)


# At DEBUG these log whole messages, before the panel can take the secrets out of its own.
for _name in ("Comm", "IPKernelApp"):
    logging.getLogger(_name).addFilter(_without_secrets)


def script(name: str) -> str:
    """The JavaScript of a panel, what all of them share in front."""
    return _read("common.js") + _read(f"{name}.js")


def style(name: str = "") -> str:
    """The style of all panels, and what one adds to it."""
    return _read("look.css") + (_read(f"{name}.css") if name else "")


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


class Panel(anywidget.AnyWidget):
    """A panel over a desk.

    All that is synchronised is ``view``, what to show, and ``texts``, the words to say it in. What a reader enters
    comes as messages, and is never part of the widget's state.

    Parameters
    ----------
    desk : PanelDesk
        What is behind it.
    """

    view = traitlets.Dict().tag(sync=True)
    texts = traitlets.Dict().tag(sync=True)

    def __init__(self, desk: PanelDesk) -> None:
        self._desk = desk
        self._refreshing = threading.RLock()
        super().__init__(view=desk.look(), texts=desk.words)
        self.on_msg(self._on_message)
        desk.changed = self._refresh
        desk.tell = self.send
        self._unwatch = desk.session._watch(self._refresh)

    def __repr__(self) -> str:
        return f"dpyauth {self._desk.name} panel: {self._desk.session!r}"

    def close(self) -> None:
        """Take the panel away; the session stays."""
        self._unwatch()
        self._desk.leave()
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
            self._desk.fail(error)

    def _do(self, said: dict[str, Any]) -> None:
        match said:
            case {"do": "here"}:
                self._desk.here()
            case {"do": "dismiss"}:
                self._desk.dismiss()
            case _:
                self._desk.do(said)

    def _refresh(self) -> None:
        with self._refreshing:  # what one thread saw must not overwrite what another has seen since
            self.view = self._desk.look()
