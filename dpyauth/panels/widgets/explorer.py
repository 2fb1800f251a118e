"""The call explorer: a thin skin over its model."""

from __future__ import annotations

from dpyauth.panels.explorer import ExplorerModel
from dpyauth.panels.widget import Panel, script, style


class ExplorerPanel(Panel):
    """What `explorer` shows.

    What is entered stays in the browser until it is sent; replies are never part of the widget's state.

    Parameters
    ----------
    model : ExplorerModel
        What is behind it.
    """

    _esm = script("explorer")
    _css = style("explorer")

    model: ExplorerModel
