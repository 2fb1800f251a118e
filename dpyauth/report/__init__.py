"""Export a report of an account: every frame as a file, and one page to read."""

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
from dpyauth.texts import texts

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

    The page lists what the token may not see, with the reason. It needs no internet and no other file. If matplotlib is
    installed, it has pictures. It is in the language of the session; names of columns, codes and what Deriv sent stay
    as they are. Tokens and personal data are not in the report: they appear as ``•••``, and so do
    payment details, notes on transfers, and the names of who paid or was paid. On Linux and macOS, only your user
    account can read the folder. It is written completely or not at all.

    Parameters
    ----------
    session : Session
        Signed in, on either API. The report uses the calls of `Session.statement`, `Session.profit_table`,
        `Session.limits` and so on.
    folder : str or path
        Folder to create.
    since : date, datetime, str or timedelta, optional
        Start of the statement, the closed contracts and the wallet transactions, as for `Session.statement`; if left
        out, they go back to the beginning. Earnings of apps and partners always go back as far as Deriv reports them.
    format : {"parquet", "csv", "xlsx"}, optional
        Format of the files; if left out, Parquet if pyarrow is installed, else CSV. The page says which, and why.
        Parquet keeps every dtype; the categories of a frame without rows are in its ``attrs``, from which
        `dpyauth.restored` restores them. CSV opens in a spreadsheet, and so does ``"xlsx"``: one Excel workbook with a
        sheet for each frame. In both, times are in UTC, which their heading says, and lists are JSON texts. In CSV,
        texts that a spreadsheet would read as a formula start with a ``'``.
    overwrite : bool
        Replace an earlier report. A folder that holds anything else is never overwritten.

    Returns
    -------
    pathlib.Path
        The page, ``index.html``; the files beside it are named after their frames, such as ``statement.parquet`` or
        ``statement.csv``; a workbook is called ``report.xlsx``.

    Raises
    ------
    InvalidSetting
        The folder exists already, the format is unknown, or the library for it is missing (pyarrow for Parquet,
        openpyxl for a workbook). Nothing was requested or written.
    InvalidArgument
        A frame is too large for a sheet of Excel. Nothing was written.
    InvalidRequest
        The time is invalid. Nothing was requested or written.
    NotSignedIn, SessionClosed, ConnectionLost, CallTimeout
        As for `Session.call`. Nothing was written.
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
    suffix, reason = _choose(format, session.core.target.language)
    _check(target, overwrite)
    report = _gathered(session, since, suffix, reason)
    target.parent.mkdir(parents=True, exist_ok=True)
    with naming(target):
        # mkdtemp makes a folder that only its owner can read, and it stays so.
        made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=target.parent))
        try:
            for name, content in _files(report):
                write(made / name, content)
            _move(made, target, overwrite)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
    return target / PAGE


def _choose(format: str | None, language: str) -> tuple[str, str]:
    """Return the format of the files, and the reason as a sentence for the page."""
    if format not in (None, *FORMATS):
        raise InvalidSetting(unknown_choice("format", format, FORMATS), field="format")
    words = texts("report", language=language)
    if format == "csv":
        return "csv", words["files_csv"]
    if format == "xlsx":
        load_openpyxl()
        return "xlsx", words["files_xlsx"]
    lack = _lack_of_parquet()
    if lack is None:
        return "parquet", words["files_parquet"]
    why, command = lack
    if format is None:
        return "csv", words("files_bad_pyarrow" if why else "files_no_pyarrow", why=why, command=command)
    reason = f"the installed pyarrow does not work ({why})" if why else "pyarrow is not installed"
    raise InvalidSetting(
        f"Parquet files cannot be written here, because {reason}. Run {command}, or leave format out to get CSV files."
    )


def _lack_of_parquet() -> tuple[str, str] | None:
    """Return what is wrong with pyarrow, empty if it is not installed, and the command that helps; None if it works."""
    if importlib.util.find_spec("pyarrow") is None:
        return "", "pip install pyarrow"
    import pandas as pd

    try:
        pd.DataFrame().to_parquet(io.BytesIO(), engine="pyarrow")
    except Exception as error:  # it may be too old for this pandas, or built for another numpy; each raises its own
        return str(error).partition("\n")[0] or type(error).__name__, "pip install --upgrade pyarrow"
    return None


def _check(target: Path, overwrite: bool) -> None:
    """Raise an error if writing to this folder would overwrite anything but a report."""
    if not os.path.lexists(target):
        return
    if not overwrite:
        raise InvalidSetting(
            f"{target} already exists. Choose another name, or pass overwrite=True to replace an earlier report."
        )
    if target.is_symlink() or not target.is_dir():
        raise InvalidSetting(f"{target} is not a dpyauth report, so it was not overwritten. Choose another name.")
    found = {entry.name for entry in target.iterdir()}
    if others := sorted(found - _OURS) or sorted(found - {PAGE})[: PAGE not in found]:
        raise InvalidSetting(
            f"{target} holds something that is not part of a dpyauth report ({others[0]}), so it was not overwritten. "
            "Choose another name."
        )


def _gathered(session: Session, since: When, suffix: str, reason: str) -> Report:
    """Fetch everything that the token may see, and note why the rest is missing."""
    from dpyauth.report.page import Report

    account, language = session.core.active_account, session.core.target.language
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
        language=language,
    )
    for part in parts():
        try:
            report.frames[part] = part.ask(session, since)
        except NotInThisApi:
            report.lacking.append(part)
        except (ApiError, BadReply, MissingScope) as error:
            report.refused[part] = error.in_language(language)
    if session.loginid != report.loginid:
        raise SessionClosed(
            "The session signed out or switched to another account while the report was made. Run the cell again."
        )
    return report


def _files(report: Report) -> Iterator[tuple[str, bytes]]:
    from dpyauth.report.page import page
    from dpyauth.report.pictures import pictures

    if report.suffix == "xlsx":
        yield BOOK, as_excel({part.name: frame for part, frame in report.frames.items()})
    else:
        for part, frame in report.frames.items():
            yield part.file(report.suffix), _parquet(frame) if report.suffix == "parquet" else as_csv(frame)
    yield PAGE, page(report, pictures(report.frames, report.language)).encode("utf-8", "replace")


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    for_storage(frame).to_parquet(buffer, engine="pyarrow")
    return buffer.getvalue()


def _move(made: Path, target: Path, overwrite: bool) -> None:
    """Move the folder to its place. An earlier report is deleted only once the new one is there."""
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
