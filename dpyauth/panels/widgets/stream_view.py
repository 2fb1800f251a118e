"""The live view of a stream: a thin skin over a model."""

from __future__ import annotations

from dpyauth.panels.stream_view import StreamModel
from dpyauth.panels.widget import Panel, script, style


class StreamPanel(Panel):
    """What `Stream.view` returns: the last line of a cell shows it.

    What the stream brings goes to the browser as messages, and is never part of the widget's state: the saved
    notebook does not grow.

    Parameters
    ----------
    model : StreamModel
        What hands it over.
    """

    _esm = script("chart", "stream")
    _css = style("stream")

    model: StreamModel

    def __repr__(self) -> str:
        return f"dpyauth stream panel: {self.model.stream!r}"
