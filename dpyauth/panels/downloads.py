"""Make a file of what a panel shows, for the browser to save."""

from __future__ import annotations

import importlib.util
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dpyauth.errors import DpyauthError

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.panels.model import PanelModel

MOST = 25_000_000
"""Bytes of the largest file that goes to the browser: more would hold it up."""

TYPES = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
"""Formats of files, and how a browser calls them."""


def formats() -> list[str]:
    """Return the formats that can be made here."""
    return [kind for kind in TYPES if kind != "xlsx" or importlib.util.find_spec("openpyxl")]


def download(model: PanelModel, message: dict[str, Any], frame: pd.DataFrame | None, what: str, python: str) -> None:
    """Send the browser that asked for it a file of a frame: once, as a message that nobody stores.

    Parameters
    ----------
    model : PanelModel
        Model of the panel that shows the frame.
    message : dict
        What the browser asks: the format, and by which name it knows itself.
    frame : pandas.DataFrame or None
        Frame to save; None where there is none any more.
    what : str
        What it is of, for the file's name.
    python : str
        Python that saves the same frame, for one that is too large to go through the browser.
    """
    asked, kind = str(message.get("asked")), str(message.get("format"))
    if kind not in formats():
        return
    try:
        held = b"" if frame is None else _bytes(frame, kind)
    except DpyauthError as error:  # such as too many rows for a sheet
        model.send({"file": {"asked": asked, "trouble": str(error)}})
        return
    size = _size(len(held))
    if frame is None or len(held) > MOST:
        key = "download_gone" if frame is None else "download_large"
        model.send({"file": {"asked": asked, "trouble": model.text(key, size=size, python=python)}})
        return
    file = {"asked": asked, "name": _name(model, what, kind), "type": TYPES[kind], "size": size, "rows": len(frame)}
    model.send({"file": file}, [held])


def _bytes(frame: pd.DataFrame, kind: str) -> bytes:
    from dpyauth.files import as_csv, as_excel

    return as_excel(frame) if kind == "xlsx" else as_csv(frame)


def _name(model: PanelModel, what: str, kind: str) -> str:
    """Return a name that tells what, of which kind of account, and when; but not whose."""
    session = model.session
    account = session.core.active_account
    of = "sandbox" if session.sandbox else account.kind if account else ""
    parts = [re.sub(r"\W+", "_", part, flags=re.ASCII)[:60] for part in (what, of)]
    return "-".join(filter(None, ("dpyauth", *parts, f"{datetime.now(UTC):%Y%m%d-%H%M%S}Z"))) + f".{kind}"


def _size(count: int) -> str:
    """Return a number of bytes as it is read."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(1, round(count / 1e3))} kB"
