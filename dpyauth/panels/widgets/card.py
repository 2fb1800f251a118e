"""The account card: a thin skin over a model, and the still picture of it that stays with the notebook."""

from __future__ import annotations

from typing import Any

from IPython.display import display

from dpyauth import _environment
from dpyauth.panels import card_text
from dpyauth.panels.card import CardModel
from dpyauth.panels.widget import Panel, script, style


class CardPanel(Panel):
    """What ``session`` and ``session.card()`` show in a notebook.

    Parameters
    ----------
    model : CardModel
        What knows the account.
    """

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
        if not _environment.nobody_looks():
            display(self)  # type: ignore[no-untyped-call]

    def _repr_mimebundle_(self, **how: Any) -> Any:
        data, metadata = super()._repr_mimebundle_(**how) or ({}, {})
        # Whoever cannot show the panel has the picture beside it.
        return {**data, "text/plain": "", "text/html": ""}, metadata

    def _refresh(self) -> None:
        super()._refresh()
        with self._refreshing:
            if self._picture is not None and (subject := self._subject()) != self._pictured:
                self._pictured = subject
                self._picture.update(self._still(), raw=True)

    def _subject(self) -> object:
        """What the picture is of: with another account, or once all is known of it, there is a new one."""
        view = self.view
        account, known = view["account"], (*view["known"], bool(view["balance"]))
        return account and (account["loginid"], account["api"], view["complete"] and known)

    def _still(self) -> dict[str, str]:
        model = self.model
        return {"text/html": model.html() + card_text.hiding(model.picture), "text/plain": model.text()}


def show(model: CardModel) -> None:
    """Show a card in the cell that is running."""
    CardPanel(model).show()
