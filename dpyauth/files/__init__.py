"""Write frames to Excel, and convert them for files, databases and other libraries."""

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
    """Write a frame to an Excel file, or several frames to several sheets of one file.

    Money and other numbers are numbers, times are dates in UTC, flags are TRUE and FALSE, and missing values are empty
    cells. Nothing that Deriv sent becomes a formula. The file is written completely or not at all, and only you can
    read it.

    Parameters
    ----------
    frame : DataFrame or mapping of str to DataFrame
        Any frame of dpyauth or your own; or several, by the name of their sheet.
    path : str or path
        Path of the file; the name ends in ``.xlsx``. Missing folders are created.
    overwrite : bool
        Replace the file if it exists. A folder or a link is never replaced.

    Returns
    -------
    pathlib.Path
        The file. Each frame is a sheet with a heading that stays visible. A last sheet, ``about``, says which call each
        frame comes from, for which account and when. As Excel has fewer types than a frame:

        - times are written in UTC and without a zone, and their heading says so: ``transaction_time (UTC)``. A column
          with fractions of a millisecond, or with a year before 1900, becomes text such as
          ``2026-11-23 10:00:00.123456``;
        - lists and dicts become JSON text;
        - exact numbers (``decimal=True``) and whole numbers stay numbers if all values of the column have 15 digits or
          fewer, which Excel preserves; otherwise the whole column becomes text, with all digits;
        - an index that is more than a plain row number is put before the columns;
        - characters that a spreadsheet cannot hold become ``�``;
        - an empty row gets an invisible character, because `pandas.read_excel` skips empty rows.

        ``dpyauth.restored(pandas.read_excel(path, dtype=str, keep_default_na=False), frame)`` turns it back into a
        frame.

    Raises
    ------
    InvalidSetting
        The file exists, its name does not end in ``.xlsx``, or openpyxl is missing. Nothing was written.
    InvalidArgument
        The argument is not a frame or is too large for a sheet, the name of a sheet is not allowed, or lists are nested
        too deeply. Nothing was written.
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
    r"""Convert a frame for a file, a database or another library: what these cannot hold becomes text.

    ========================================  =============================================
    to                                        write
    ========================================  =============================================
    Parquet, Feather, Arrow, DuckDB, Polars   ``for_storage(frame)``
    SQL                                       ``for_storage(frame, lists=False)``
    CSV that a spreadsheet opens              ``for_storage(frame, spreadsheet=True)``
    Excel                                     `dpyauth.to_excel`, which converts by itself
    ========================================  =============================================

    Parquet and similar formats have exact numbers of up to 38 digits, and lists of texts or of numbers. They cannot
    hold dicts whose keys are data, or values of several types in one column. Such columns become JSON text, which
    ``json.loads`` reads; exact numbers with more digits become text unchanged.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame of dpyauth. It is not changed.
    lists : bool
        False if the target has no lists: lists become JSON text, and exact numbers text with all digits. Times are in
        UTC, and the name of a column is shortened to the 63 bytes that databases keep.
    spreadsheet : bool
        True if a spreadsheet will open the file. This is like ``lists=False``, with these differences: exact numbers
        stay numbers if all values of their column have 15 digits or fewer; times lose their zone, and their heading
        says that they are in UTC; a ``'`` is put before text that a spreadsheet would read as a formula, also inside a
        text where another separator could begin a cell; and line breaks within a text are ``\n``.

    Returns
    -------
    pandas.DataFrame
        The same rows, columns and ``attrs``. ``attrs["texts"]`` says which columns of Python objects became text. A
        frame without rows has its categories in ``attrs["categories"]``, because a file cannot hold them elsewhere.
        `dpyauth.restored` turns it back into the original frame. Without lists, an index that is more than a plain row
        number is put before the columns.

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
    """Restore the original types of a frame that was read from a file, a database or another library.

    Parameters
    ----------
    frame : pandas.DataFrame
        Frame as pandas has read it from the output of `dpyauth.for_storage`, `dpyauth.to_excel` or `dpyauth.export`. It
        is not changed.
        Read CSV and Excel with ``dtype=str, keep_default_na=False``, and SQL with
        ``dtype_backend="numpy_nullable"``: otherwise pandas guesses, and reads a text such as ``007`` as a number.
    like : pandas.DataFrame, optional
        Frame that was written, or another one from the same method. Parquet, Feather and Arrow do not need it.
    spreadsheet : bool
        The value that was passed to `dpyauth.for_storage`: True removes the ``'`` before texts.
    decimal : str
        Decimal separator of numbers that were read as text, such as ``","`` in a European CSV.

    Returns
    -------
    pandas.DataFrame
        The same rows and columns, with the dtypes of ``like``: times in their zone, lists and dicts as Python objects,
        exact numbers as `decimal.Decimal`, categories in their order with new ones after them. An empty text is
        missing. Columns that ``like`` does not have are not changed.

    Raises
    ------
    InvalidArgument
        A column contains a value that its dtype in ``like`` cannot hold, such as text instead of an amount.

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
    return text.encode("utf-8-sig", "replace")  # without this mark, Excel would not read the file as UTF-8
