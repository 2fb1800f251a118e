"""The sign-in panel: a thin skin over a model."""

from __future__ import annotations

from typing import Any

from IPython.display import display

from dpyauth.credentials import Secret
from dpyauth.panels.sign_in import SignInModel
from dpyauth.panels.widget import Panel, script, style


class SignInPanel(Panel):
    """What `dpyauth.login` shows in a notebook.

    The browser sends a token once, as a message, and forgets it; it is never part of the widget's state.

    Parameters
    ----------
    model : SignInModel
        What does the signing in.
    """

    _esm = script("callback", "accounts", "signin")
    _css = style()

    model: SignInModel

    def _do(self, said: dict[str, Any]) -> None:
        model = self.model
        api, app_id, remember = _text(said, "api"), _text(said, "app_id"), said.get("remember") is True
        match said:
            case {"do": "sign-in"}:
                model.token(_taken(said, "token"), app_id, api=api, remember=remember)
            case {"do": "sample", "name": str(name)}:
                model.sample(name, api)
            case {"do": "create-demo"}:
                model.create_demo()
            case {"do": "browser"}:
                begun = None
                try:
                    begun = model.browser(
                        app_id,
                        _text(said, "callback") or None,
                        api=api,
                        redirect_url=_text(said, "redirect_url"),
                        create_demo=said.get("create_demo") is True,
                        closable=said.get("window") is True,
                        remember=remember,
                    )
                finally:
                    self.send({"browser": begun})  # or nothing: then the window can close
            case {"do": "returned", "nonce": str(nonce)}:
                model.returned(nonce, _taken(said, "query"))
            case {"do": "pasted"}:
                model.pasted(_taken(said, "address"))
            case {"do": "confirm"}:
                model.confirm()
            case {"do": "cancel"}:
                model.cancel()
            case {"do": "sign-out"}:
                model.sign_out()
            case _:
                super()._do(said)


def _text(said: dict[str, Any], name: str) -> str:
    value = said.get(name)
    return value if isinstance(value, str) else ""


def _taken(said: dict[str, Any], name: str) -> Secret:
    return Secret(str(said.pop(name, "")))


def show(model: SignInModel) -> None:
    """Show a panel in the cell that is running."""
    display(SignInPanel(model))  # type: ignore[no-untyped-call]
