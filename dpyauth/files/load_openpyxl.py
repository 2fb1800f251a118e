"""Find openpyxl, which writes Excel files; nothing here needs pandas."""

from __future__ import annotations

from typing import Any

from dpyauth import _imports
from dpyauth.errors import InvalidSetting


def load_openpyxl() -> Any:
    """Return the package openpyxl.

    Raises
    ------
    InvalidSetting
        It is missing, or does not work.
    """
    try:
        _imports.load("openpyxl")
        import openpyxl  # type: ignore[import-untyped]
    except ImportError:
        raise InvalidSetting(
            "Excel files are written by openpyxl, which is not installed. Run pip install openpyxl, or write CSV, "
            "which a spreadsheet opens, too: dpyauth.for_storage(frame, spreadsheet=True).to_csv(...)."
        ) from None
    return openpyxl
