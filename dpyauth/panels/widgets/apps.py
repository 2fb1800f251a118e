"""The panel of apps: a thin skin over a model."""

from __future__ import annotations

from dpyauth.panels.apps import AppsModel
from dpyauth.panels.widget import Panel, script, style


class AppsPanel(Panel):
    """What `dpyauth.apps` returns."""

    _esm = script("managing", "callback", "apps")
    _css = style("managing", "apps")

    model: AppsModel
