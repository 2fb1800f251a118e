"""The panel of API tokens: a thin skin over a model."""

from __future__ import annotations

from dpyauth.panels.tokens import TokensModel
from dpyauth.panels.widget import Panel, script, style


class TokensPanel(Panel):
    """What `dpyauth.tokens` returns."""

    _esm = script("managing", "tokens")
    _css = style("managing", "tokens")

    model: TokensModel
