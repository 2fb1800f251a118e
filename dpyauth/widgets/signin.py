"""The sign-in panel: a thin skin over a desk."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from IPython.display import display

from dpyauth.apis.access import NAMES
from dpyauth.credentials import Secret
from dpyauth.desk import Desk
from dpyauth.errors import DpyauthError

_HERE = Path(__file__).parent

_SECRET = ("'sign-in'", "'returned'", "'pasted'")


def _without_secrets(record: logging.LogRecord) -> bool:
    said = repr(record.args)
    return not any(kind in said for kind in _SECRET)


# At DEBUG these log whole messages, before the panel can take the secrets out of its own.
for _name in ("Comm", "IPKernelApp"):
    logging.getLogger(_name).addFilter(_without_secrets)


class SignInPanel(anywidget.AnyWidget):
    """What `dpyauth.login` shows in a notebook.

    The browser sends a token once, as a message, and forgets it; it is never part of the widget's state. All that
    is synchronised is ``view``: what to show.

    Parameters
    ----------
    desk : Desk
        What does the signing in.
    """

    _esm = (_HERE / "signin.js").read_text(encoding="utf-8")
    _css = (_HERE / "signin.css").read_text(encoding="utf-8")

    view = traitlets.Dict().tag(sync=True)

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._refreshing = threading.RLock()
        super().__init__(view=desk.look())
        self.on_msg(self._on_message)
        desk.changed = self._refresh
        self._unwatch = desk.session._watch(self._refresh)

    def __repr__(self) -> str:
        return f"dpyauth sign-in panel: {self._desk.session!r}"

    def close(self) -> None:
        """Take the panel away; the session stays."""
        self._unwatch()
        super().close()

    def _on_message(self, widget: object, content: Any, buffers: object) -> None:
        """What the browser says; on any thread. It is taken out of the message, which the kernel keeps."""
        if not isinstance(content, dict):
            return
        said, desk = content.copy(), self._desk
        content.clear()
        app_id, remember = _text(said, "app_id"), said.get("remember") is True
        api = api if (api := _text(said, "api")) in NAMES else None if "api" not in said else ""
        try:
            match said:
                case {"do": "sign-in"}:
                    desk.token(_taken(said, "token"), app_id, api=api, remember=remember)
                case {"do": "sample", "name": str(name)}:
                    desk.sample(name, api or "v3")
                case {"do": "create-demo"}:
                    desk.create_demo()
                case {"do": "browser"}:
                    begun = None
                    try:
                        begun = desk.browser(
                            app_id,
                            _text(said, "callback") or None,
                            api=api,
                            redirect_url=_text(said, "redirect_url"),
                            signup=said.get("signup") is True,
                            create_demo=said.get("create_demo") is True,
                            remember=remember,
                        )
                    finally:
                        self.send({"browser": begun})  # or nothing: then the window can close
                case {"do": "returned", "nonce": str(nonce)}:
                    desk.returned(nonce, _taken(said, "query"))
                case {"do": "pasted"}:
                    desk.pasted(_taken(said, "address"))
                case {"do": "confirm"}:
                    desk.confirm()
                case {"do": "choose", "loginid": str(loginid)}:
                    desk.choose(loginid)
                case {"do": "cancel"}:
                    desk.cancel()
                case {"do": "dismiss"}:
                    desk.dismiss()
                case {"do": "sign-out"}:
                    desk.sign_out()
        except DpyauthError as error:
            desk.fail(error)

    def _refresh(self) -> None:
        with self._refreshing:  # what one thread saw must not overwrite what another has seen since
            self.view = self._desk.look()


def _text(said: dict[str, Any], name: str) -> str:
    value = said.get(name)
    return value if isinstance(value, str) else ""


def _taken(said: dict[str, Any], name: str) -> Secret:
    return Secret(str(said.pop(name, "")))


def show(desk: Desk) -> None:
    """Show a panel in the cell that is running."""
    display(SignInPanel(desk))  # type: ignore[no-untyped-call]
