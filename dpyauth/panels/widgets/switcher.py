"""The account switcher: a thin skin over a model."""

from __future__ import annotations

from IPython.display import display

from dpyauth.panels.switcher import SwitcherModel
from dpyauth.panels.widget import Panel, script, style


class SwitcherPanel(Panel):
    """What ``session.switcher()`` shows in a notebook.

    Parameters
    ----------
    model : SwitcherModel
        What does the switching.
    """

    _esm = script("accounts", "switcher")
    _css = style()

    model: SwitcherModel

    def text(self) -> str:
        """Return the accounts as text."""
        return "\n".join(filter(None, (self.model.text(), self.model.without_panel())))


def show(model: SwitcherModel) -> None:
    """Show a panel in the cell that is running."""
    display(SwitcherPanel(model))  # type: ignore[no-untyped-call]
