"""Where in the reader's own code an error happened. Imported only when one is shown."""

from __future__ import annotations

import os
import sysconfig
import traceback
from pathlib import Path
from types import TracebackType

_HERE = str(Path(__file__).parent) + os.sep
_PYTHON = sysconfig.get_path("stdlib") + os.sep


def places(trace: TracebackType | None) -> list[str]:
    """One line per frame of the reader's code; those inside libraries would bury the one sentence that helps."""
    return [
        f"    {_place(frame)}: {frame.line}"
        for frame in traceback.extract_tb(trace)
        if frame.line
        and not frame.filename.startswith((_HERE, _PYTHON, "<frozen"))
        and "site-packages" not in frame.filename
    ]


def _place(frame: traceback.FrameSummary) -> str:
    in_cell = "ipykernel" in frame.filename or frame.filename.startswith("<")
    return f"line {frame.lineno} of the cell" if in_cell else f"{Path(frame.filename).name}, line {frame.lineno}"
