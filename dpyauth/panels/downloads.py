"""Turn the frame that a panel shows into a file that the browser saves."""

from __future__ import annotations

import importlib.util
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dpyauth.errors import DpyauthError
from dpyauth.texts import locale

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.panels.model import PanelModel

MOST = 25_000_000
"""Size in bytes of the largest file sent to the browser; more would block it."""

TYPES = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
"""Formats of files, and their MIME types."""


def formats() -> list[str]:
    """Return the formats that the installed packages can write."""
    return [kind for kind in TYPES if kind != "xlsx" or importlib.util.find_spec("openpyxl")]


def download(model: PanelModel, message: dict[str, Any], frame: pd.DataFrame | None, what: str, python: str) -> None:
    """Send a frame as a file to the browser that asked for it, in a message that is not stored with the notebook.

    Parameters
    ----------
    model : PanelModel
        Model of the panel that shows the frame.
    message : dict
        Request of the browser: the format, and the name of the view that asked.
    frame : pandas.DataFrame or None
        Frame to save; None if there is none any more.
    what : str
        Subject of the frame, for the name of the file.
    python : str
        Python that saves the same frame, to show if it is too large for the browser.
    """
    asked, kind = str(message.get("asked")), str(message.get("format"))
    if kind not in formats():
        return
    try:
        held = b"" if frame is None else _bytes(frame, kind)
    except DpyauthError as error:  # such as too many rows for a sheet
        model.send({"file": {"asked": asked, "trouble": model.said(error)}})
        return
    size = _size(len(held), model.words["lang"])
    if frame is None or len(held) > MOST:
        key = "download_gone" if frame is None else "download_large"
        model.send({"file": {"asked": asked, "trouble": model.text(key, size=size, python=python)}})
        return
    file = {"asked": asked, "name": _name(model, what, kind), "type": TYPES[kind], "size": size, "count": len(frame)}
    model.send({"file": file}, [held])


def _bytes(frame: pd.DataFrame, kind: str) -> bytes:
    from dpyauth.files import as_csv, as_excel

    return as_excel(frame) if kind == "xlsx" else as_csv(frame)


def _name(model: PanelModel, what: str, kind: str) -> str:
    """Return a file name with the subject, the kind of account and the time, but without the login ID."""
    session = model.session
    account = session.core.active_account
    of = "sandbox" if session.sandbox else account.kind if account else ""
    parts = [re.sub(r"\W+", "_", part, flags=re.ASCII)[:60] for part in (what, of)]
    return "-".join(filter(None, ("dpyauth", *parts, f"{datetime.now(UTC):%Y%m%d-%H%M%S}Z"))) + f".{kind}"


def _size(count: int, language: str) -> str:
    """Return a size in kB or MB."""
    from babel.units import format_unit

    unit, size, pattern = ("megabyte", count / 1e6, "0.0") if count >= 1e6 else ("kilobyte", max(1, count / 1e3), "0")
    return format_unit(size, unit, "short", pattern, locale(language))
