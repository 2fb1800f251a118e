"""Read the data files with the made-up people and things of the sandbox."""

from __future__ import annotations

import functools
import json
import os
from typing import Any, Final

_FOLDER: Final = os.path.join(os.path.dirname(__file__), "data")


def read(name: str) -> Any:
    """Return the content of a file, as a new object each time because a sandbox may change it."""
    return json.loads(_text(name))


@functools.cache
def _text(name: str) -> str:
    with open(os.path.join(_FOLDER, f"{name}.json"), encoding="utf-8") as file:
        return file.read()
