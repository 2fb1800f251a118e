"""Load openpyxl, which writes Excel files. This module works without pandas."""

from __future__ import annotations

from typing import Any

from dpyauth import _imports
from dpyauth.errors import InvalidSetting


def load_openpyxl() -> Any:
    """Return the package openpyxl.

    Raises
    ------
    InvalidSetting
        openpyxl is missing, or cannot be imported.
    """
    try:
        _imports.load("openpyxl")
        import openpyxl  # type: ignore[import-untyped]
    except ImportError:
        raise InvalidSetting(
            "Excel files need the package openpyxl, which is not installed. Run pip install openpyxl, or write CSV, "
            "which spreadsheets can open as well: dpyauth.for_storage(frame, spreadsheet=True).to_csv(...)."
        ) from None
    return openpyxl
