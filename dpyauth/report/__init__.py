"""A report of an account: its frames as files, and one page to read."""

from __future__ import annotations

import importlib.util
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dpyauth.arguments import public
from dpyauth.catalog.descriptions import unknown_choice
from dpyauth.errors import (
    ApiError,
    BadReply,
    InvalidSetting,
    MissingScope,
    NotInThisApi,
    SessionClosed,
)
from dpyauth.files import as_csv, as_excel, for_storage
from dpyauth.files.load_openpyxl import load_openpyxl
from dpyauth.files.place import PREFIX, located, naming, write
from dpyauth.report.parts import BOOK, parts
from dpyauth.session.history.periods import When, period

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.report.page import Report
    from dpyauth.session import Session

PAGE = "index.html"
FORMATS = ("parquet", "csv", "xlsx")

_OURS = {PAGE, ".DS_Store"} | {part.file(suffix) for part in parts() for suffix in FORMATS}


@public
def export(
    session: Session,
    folder: str | os.PathLike[str],
    *,
    since: When = None,
    format: str | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a report of the account signed in to: every frame as a file, and a page that shows them.

    What the token may not see is listed on the page, with the reason. The page needs no internet and no other file.
    Pictures are on it where matplotlib is installed. Tokens and personal data are not in the report: they read
    ``•••``, and so do payment details, whatever was written to transfers, and who paid or was paid. The folder is for
    your eyes only, and it is there whole or not at all.

    Parameters
    ----------
    session : Session
        Signed in, on either API. See `Session.statement`, `Session.profit_table`, `Session.limits` and so on for
        the calls it stands on.
    folder : str or path
        Where to put it; a new folder.
    since : date, datetime, str or timedelta, optional
        How far back statement, closed contracts and what went in and out of wallets go, as for `Session.statement`;
        to the beginning if left out. What apps and partners have earned always goes as far back as Deriv tells it.
    format : {"parquet", "csv", "xlsx"}, optional
        What files the frames become; if left out, Parquet where pyarrow is installed and CSV where it is not. The
        page says which, and why. Parquet keeps every dtype; the categories of a frame without rows are in its
        ``attrs``, from where `dpyauth.restored` takes them. CSV opens in a spreadsheet, and so does ``"xlsx"``: one
        Excel workbook, with a sheet for each frame. In both, times are in UTC and their heading says so, and lists
        are JSON texts; in CSV, texts that a spreadsheet would take for a formula get a ``'`` before them.
    overwrite : bool
        Replace an earlier report. A folder that holds anything else is never replaced.

    Returns
    -------
    pathlib.Path
        The page, ``index.html``; the files beside it are named after their frames, such as ``statement.parquet`` or
        ``statement.csv``; a workbook is called ``report.xlsx``.

    Raises
    ------
    InvalidSetting
        There is such a folder, or no such format, or Parquet was asked for and pyarrow is missing, or a workbook and
        openpyxl is missing. Nothing was asked or written.
    InvalidArgument
        A frame is too large for a sheet of Excel. Nothing was written.
    InvalidRequest
        A time that cannot be right. Nothing was asked or written.
    NotSignedIn, SessionClosed, ConnectionLost, CallTimeout
        As for `Session.call`, and nothing was written.
    OSError
        The folder could not be written.

    Examples
    --------
    >>> import dpyauth, tempfile
    >>> session = dpyauth.login(sandbox=True)
    >>> with tempfile.TemporaryDirectory() as place:
    ...     page = dpyauth.export(session, f"{place}/report", since="2026-10-01", format="csv")
    ...     (page.parent / "statement.csv").exists()
    True
    """
    target = located(folder)
    suffix, reason = _choose(format)
    _check(target, overwrite)
    report = _gathered(session, since, suffix, reason)
    target.parent.mkdir(parents=True, exist_ok=True)
    with naming(target):
        made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=target.parent))  # for the owner alone, until it is whole
        try:
            for name, content in _files(report):
                write(made / name, content)
            _move(made, target, overwrite)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
    return target / PAGE


def _choose(format: str | None) -> tuple[str, str]:
    """Return what files the frames become, and why, as a sentence for the page."""
    if format not in (None, *FORMATS):
        raise InvalidSetting(unknown_choice("format", format, FORMATS), field="format")
    if format == "csv":
        return "csv", "The files are CSV, as asked for."
    if format == "xlsx":
        load_openpyxl()
        return "xlsx", "The tables are sheets of one Excel workbook, as asked for."
    lack = _lack_of_parquet()
    if lack is None:
        return "parquet", "The files are Parquet, which keeps the type of every column."
    reason, command = lack
    if format is None:
        return "csv", f"The files are CSV, because {reason}. For Parquet, which keeps more, run {command}."
    raise InvalidSetting(
        f"There can be no Parquet files here, because {reason}. Run {command}, or leave format out: the files are then "
        "CSV."
    )


def _lack_of_parquet() -> tuple[str, str] | None:
    """Return why Parquet files cannot be written here and the command that helps, or None where they can."""
    if importlib.util.find_spec("pyarrow") is None:
        return "pyarrow is not installed", "pip install pyarrow"
    import pandas as pd

    try:
        pd.DataFrame().to_parquet(io.BytesIO(), engine="pyarrow")
    except Exception as error:  # too old for this pandas, or built for another numpy: each fails in its own way
        said = str(error).partition("\n")[0] or type(error).__name__
        return f"the installed pyarrow does not work ({said})", "pip install --upgrade pyarrow"
    return None


def _check(target: Path, overwrite: bool) -> None:
    """See to it that nothing is lost."""
    if not os.path.lexists(target):
        return
    if not overwrite:
        raise InvalidSetting(
            f"There is a folder or file {target} already. Choose another name, or replace the earlier report with "
            "overwrite=True."
        )
    if target.is_symlink() or not target.is_dir():
        raise InvalidSetting(f"{target} is not a dpyauth report, so it was not overwritten. Choose another name.")
    found = {entry.name for entry in target.iterdir()}
    if others := sorted(found - _OURS) or sorted(found - {PAGE})[: PAGE not in found]:
        raise InvalidSetting(
            f"{target} holds something that is no report of dpyauth ({others[0]}), so it was not replaced. Choose "
            "another name."
        )


def _gathered(session: Session, since: When, suffix: str, reason: str) -> Report:
    """Ask for all that the token may see; say why it may not see the rest."""
    from dpyauth.report.page import Report

    account = session.core.active_account
    first, _ = period(session.core.catalog.find("statement"), since, None)
    report = Report(
        loginid=account.loginid if account else "",
        currency=account.currency if account else "",
        kind=session.core.kind_of(demo=account.demo) if account else "",
        sandbox=session.sandbox,
        api=session.api,
        made=datetime.now(UTC),
        since=None if first is None else datetime.fromtimestamp(first, UTC),
        suffix=suffix,
        reason=reason,
    )
    for part in parts():
        try:
            report.frames[part] = part.ask(session, since)
        except NotInThisApi:
            report.lacking.append(part)
        except (ApiError, BadReply, MissingScope) as error:
            report.refused[part] = str(error)
    if session.loginid != report.loginid:
        raise SessionClosed("The session left the account while the report was made. Run the cell again.")
    return report


def _files(report: Report) -> Iterator[tuple[str, bytes]]:
    from dpyauth.report.page import page
    from dpyauth.report.pictures import pictures

    if report.suffix == "xlsx":
        yield BOOK, as_excel({part.name: frame for part, frame in report.frames.items()})
    else:
        for part, frame in report.frames.items():
            yield part.file(report.suffix), _parquet(frame) if report.suffix == "parquet" else as_csv(frame)
    yield PAGE, page(report, pictures(report.frames)).encode("utf-8", "replace")


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    for_storage(frame).to_parquet(buffer, engine="pyarrow")
    return buffer.getvalue()


def _move(made: Path, target: Path, overwrite: bool) -> None:
    """Put the folder in its place; one that was there goes only when the new one is there."""
    _check(target, overwrite)
    if not os.path.lexists(target):
        os.rename(made, target)
        return
    before = made.with_name(f"{made.name}-before")
    os.rename(target, before)
    try:
        os.rename(made, target)
    except BaseException:
        os.rename(before, target)
        raise
    shutil.rmtree(before, ignore_errors=True)
