"""Give the kernels that nbval starts sockets in a folder: a plugin of pytest, for `make run-lessons`.

See `helpers.own_line` for the reason.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import nbval.kernel
from jupyter_client.manager import KernelManager

from tests.helpers import own_line

_folder = tempfile.TemporaryDirectory(prefix="lessons-")


def _manager(**given: Any) -> KernelManager:
    return KernelManager(**given, **own_line(Path(_folder.name)))


nbval.kernel.KernelManager = _manager
