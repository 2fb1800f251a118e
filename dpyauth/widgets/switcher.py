"""The account switcher: a thin skin over a desk."""

from __future__ import annotations

from IPython.display import display

from dpyauth.panels.switcher import SwitcherDesk
from dpyauth.widgets.panel import Panel, script, style


class SwitcherPanel(Panel):
    """What ``session.switcher()`` shows in a notebook.

    Parameters
    ----------
    desk : SwitcherDesk
        What does the switching.
    """

    _esm = script("accounts", "switcher")
    _css = style()

    _desk: SwitcherDesk

    def text(self) -> str:
        """Return the accounts as text."""
        return "\n".join(filter(None, (self._desk.text(), self._desk.without_panel())))


def show(desk: SwitcherDesk) -> None:
    """Show a panel in the cell that is running."""
    display(SwitcherPanel(desk))  # type: ignore[no-untyped-call]
