"""The account switcher: a thin skin over a desk."""

from __future__ import annotations

from typing import Any

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

    def _repr_mimebundle_(self, **how: Any) -> Any:
        data, metadata = super()._repr_mimebundle_(**how) or ({}, {})
        return {**data, "text/plain": self._desk.text()}, metadata


def show(desk: SwitcherDesk) -> None:
    """Show a panel in the cell that is running."""
    display(SwitcherPanel(desk))  # type: ignore[no-untyped-call]
