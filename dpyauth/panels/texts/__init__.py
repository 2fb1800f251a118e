"""Read the texts of the panels, one file per panel and language. To translate them, add a folder next to ``en``."""

from __future__ import annotations

import functools
import json
from pathlib import Path

_HERE = Path(__file__).parent


@functools.cache
def texts(panel: str, language: str = "EN", folder: Path = _HERE, *, app: bool = False) -> dict[str, str]:
    """Return the texts of a panel by key, in English if this language has none. ``{…}`` stands for a value.

    In an ``app`` the user cannot run cells, so texts whose key begins with ``app_`` replace the others there.
    """
    found: dict[str, str] = {}
    for each in ("en", language.lower()):
        for name in ("common", panel):
            file = folder / each / f"{name}.json"
            if file.is_file():
                found |= json.loads(file.read_text(encoding="utf-8"))
    own = {key.removeprefix("app_"): text for key, text in found.items() if app and key.startswith("app_")}
    return found | own
