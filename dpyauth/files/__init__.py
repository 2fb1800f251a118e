"""Take frames elsewhere: to Excel, and in a form that files, databases and other libraries can hold."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dpyauth.arguments import public
from dpyauth.files.place import check, located, put

if TYPE_CHECKING:
    import pandas as pd


@public
def to_excel(
    frame: pd.DataFrame | Mapping[str, pd.DataFrame], path: str | os.PathLike[str], *, overwrite: bool = False
) -> Path:
    """Write a frame to an Excel file, or several frames to the sheets of one.

    Money and other numbers are numbers, times are dates in UTC, and flags are TRUE and FALSE; what is missing is an
    empty cell. Nothing that Deriv sent becomes a formula. The file is there whole or not at all, and only you can
    read it.

    Parameters
    ----------
    frame : DataFrame or mapping of str to DataFrame
        Any frame of dpyauth or your own; or several, by the name of their sheet.
    path : str or path
        Where to put it; the name ends in ``.xlsx``. Folders on the way are made.
    overwrite : bool
        Replace the file if there is one. A folder or a link is never replaced.

    Returns
    -------
    pathlib.Path
        The file. Each frame is a sheet, with a heading that stays in sight; a last sheet, ``about``, says which call
        each frame is of, for which account and when. As Excel has fewer types than a frame has:

        - times are written in UTC and without a zone, and their heading says so: ``transaction_time (UTC)``. A column
          with a part of a millisecond, or with a year before 1900, becomes texts such as
          ``2026-11-23 10:00:00.123456``;
        - lists and dicts become JSON texts;
        - exact numbers (``decimal=True``) and whole numbers stay numbers if all of a column have 15 digits or fewer,
          which is what Excel keeps; else all of the column become texts, digit by digit;
        - an index that does not just count is put before the columns;
        - characters that a spreadsheet cannot hold become ``�``;
        - a row that holds nothing gets an invisible character, because `pandas.read_excel` leaves empty rows out.

        ``dpyauth.restored(pandas.read_excel(path, dtype=str, keep_default_na=False), frame)`` makes a frame of it.

    Raises
    ------
    InvalidSetting
        There is such a file, or its name does not end in ``.xlsx``, or openpyxl is missing. Nothing was written.
    InvalidArgument
        It is no frame, or too large for a sheet, or a sheet cannot have such a name, or lists lie too deep within
        each other. Nothing was written.
    OSError
        The file could not be written.

    Examples
    --------
    >>> import dpyauth, pandas, tempfile
    >>> session = dpyauth.login(sandbox=True)
    >>> table = session.statement(since="2026-11-01")
    >>> with tempfile.TemporaryDirectory() as place:
    ...     path = dpyauth.to_excel(table, f"{place}/statement.xlsx")
    ...     read = pandas.read_excel(path, dtype=str, keep_default_na=False)
    >>> dpyauth.restored(read, table).equals(table)
    True
    """
    target = located(path)
    check(target, ".xlsx", overwrite)
    content = as_excel(frame)
    put(target, content, overwrite)
    return target


@public
def for_storage(frame: pd.DataFrame, *, lists: bool = True, spreadsheet: bool = False) -> pd.DataFrame:
    r"""Make a frame fit for a file, a database or another library: what that cannot hold becomes texts.

    ========================================  =============================================
    to                                        write
    ========================================  =============================================
    Parquet, Feather, Arrow, DuckDB, Polars   ``for_storage(frame)``
    SQL                                       ``for_storage(frame, lists=False)``
    CSV that a spreadsheet opens              ``for_storage(frame, spreadsheet=True)``
    Excel                                     `dpyauth.to_excel`, which does it by itself
    ========================================  =============================================

    Parquet and its like have exact numbers of up to 38 digits, and lists of texts or of numbers. They have no place
    for dicts whose keys are data, nor for values of several kinds in one column. Such columns become JSON, each value
    a text that ``json.loads`` reads; exact numbers of more digits become texts as they are.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame of dpyauth. It is not changed.
    lists : bool
        False if the target has no lists: lists become JSON, and exact numbers texts, digit by digit. Times are in
        UTC, and the name of a column is shortened to the 63 bytes that databases keep.
    spreadsheet : bool
        True if a spreadsheet is going to open it. It is as with ``lists=False``, but exact numbers stay numbers if
        all of their column have 15 digits or fewer, times lose their zone and their heading says that they are UTC,
        a text that a spreadsheet would take for a formula gets a ``'`` before it, also within a text where one with
        other separators would begin a cell, and a line within a text ends in ``\n``.

    Returns
    -------
    pandas.DataFrame
        The same rows, columns and ``attrs``; ``attrs["texts"]`` says which columns of Python objects became texts. A
        frame without rows has its categories in ``attrs["categories"]``: a file cannot hold them elsewhere.
        `dpyauth.restored` makes the frame of it that it was. Without lists, an index that does not just count is put
        before the columns.

    Examples
    --------
    >>> import dpyauth, pandas as pd
    >>> dpyauth.for_storage(pd.DataFrame({"rates": [{"EUR": 0.9}, {}]}))["rates"].tolist()
    ['{"EUR": 0.9}', '{}']
    """
    from dpyauth.files.storable import converted

    return converted(frame, lists=lists and not spreadsheet, spreadsheet=spreadsheet, guarded=spreadsheet)


@public
def restored(
    frame: pd.DataFrame, like: pd.DataFrame | None = None, *, spreadsheet: bool = False, decimal: str = "."
) -> pd.DataFrame:
    """Give a frame that was read from a file, a database or another library the types that it had.

    Parameters
    ----------
    frame : pandas.DataFrame
        As pandas reads what was made of `dpyauth.for_storage`, `dpyauth.to_excel` or a report of `dpyauth.export`. It
        is not changed.
        Read CSV and Excel with ``dtype=str, keep_default_na=False``, and SQL with
        ``dtype_backend="numpy_nullable"``: otherwise pandas guesses, and takes a text such as ``007`` for a number.
    like : pandas.DataFrame, optional
        The frame that was written, or another one of the same question. Parquet, Feather and Arrow need none.
    spreadsheet : bool
        As it was for `dpyauth.for_storage`: True takes the ``'`` before texts away again.
    decimal : str
        What stands before the decimals of numbers that were read as texts, such as ``","`` for a European CSV.

    Returns
    -------
    pandas.DataFrame
        The same rows and columns, with the dtypes of ``like``: times in their zone, lists and dicts as such, exact
        numbers as `decimal.Decimal`, categories in their order and further ones behind them. An empty text is missing.
        Columns that ``like`` does not have stay as they are.

    Raises
    ------
    InvalidArgument
        A column holds what one of ``like`` cannot hold, such as a text in place of an amount.

    Examples
    --------
    >>> import dpyauth, io, pandas as pd
    >>> table = pd.DataFrame({"rates": [{"EUR": 0.9}, {}]})
    >>> file = io.BytesIO(dpyauth.for_storage(table).to_parquet(None))
    >>> dpyauth.restored(pd.read_parquet(file))["rates"].tolist()
    [{'EUR': 0.9}, {}]
    """
    from dpyauth.files.restore import restore

    return restore(frame, like, quoted=spreadsheet, decimal=decimal)


def as_excel(frame: pd.DataFrame | Mapping[str, pd.DataFrame]) -> bytes:
    """Return the content of the file that `dpyauth.to_excel` writes, for a download."""
    from dpyauth.files.excel import workbook

    return workbook(frame)


def as_csv(frame: pd.DataFrame) -> bytes:
    """Return a frame as CSV that a spreadsheet opens, for a download."""
    text = for_storage(frame, spreadsheet=True).to_csv(index=False, lineterminator="\n")
    return text.encode("utf-8-sig", "replace")  # by this sign a spreadsheet knows the encoding
