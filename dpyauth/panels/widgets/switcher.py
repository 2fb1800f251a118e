"""The account switcher: a thin skin over a desk."""

from __future__ import annotations

from IPython.display import display

from dpyauth.panels.switcher import SwitcherModel
from dpyauth.panels.widget import Panel, script, style


class SwitcherPanel(Panel):
    """What ``session.switcher()`` shows in a notebook.

    Parameters
    ----------
    desk : SwitcherModel
        What does the switching.
    """

    _esm = script("accounts", "switcher")
    _css = style()

    _desk: SwitcherModel

    def text(self) -> str:
        """Return the accounts as text."""
        return "\n".join(filter(None, (self._desk.text(), self._desk.without_panel())))


def show(desk: SwitcherModel) -> None:
    """Show a panel in the cell that is running."""
    display(SwitcherPanel(desk))  # type: ignore[no-untyped-call]
