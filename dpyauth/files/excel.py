"""Write frames as an Excel workbook."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from dpyauth._version import __version__
from dpyauth.catalog.descriptions import short
from dpyauth.errors import InvalidArgument
from dpyauth.files.load_openpyxl import load_openpyxl
from dpyauth.files.storable import EMPTY_ROW, FORMULA, SHOWN, converted, missing
from dpyauth.texts.said import said

ROWS, COLUMNS, LETTERS, NAME = 1_048_576, 16_384, 32_767, 31
"""Most rows (with the heading) and columns of a sheet; most characters of a cell, and of the name of a sheet."""

ABOUT = "about"
_TOLD = ("call", "api", "loginid", "fetched", "request", "note")
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]|^'|'$|[\x00-\x1f]")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_RISKY = re.compile(FORMULA)
_WIDEST = 60
_DECIMALS = 10
"""Most decimals that a number format shows; for a column with more, Excel chooses the format."""


def workbook(frames: pd.DataFrame | Mapping[str, pd.DataFrame]) -> bytes:
    """Return the content of a workbook with a sheet for each frame, and a sheet about them.

    Raises
    ------
    InvalidSetting
        openpyxl is missing.
    InvalidArgument
        The argument is not a frame or is too large for a sheet, or the name of a sheet is not allowed.
    """
    openpyxl, sheets = load_openpyxl(), _sheets(frames)
    tables = {name: converted(frame, lists=False, spreadsheet=True, guarded=False) for name, frame in sheets.items()}
    for name, table in tables.items():
        _check(name, table)
    if (about := _about(sheets)) is not None:
        free = ABOUT if ABOUT not in {name.lower() for name in tables} else f"{ABOUT}_dpyauth"
        tables[free] = about
    book = openpyxl.Workbook(write_only=True)
    book.properties.creator = f"dpyauth {__version__}"
    for name, table in tables.items():
        _write(book.create_sheet(name), table)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _sheets(frames: Any) -> dict[str, pd.DataFrame]:
    """Return frames by the name of their sheet; a single one is named after its call."""
    if isinstance(frames, pd.DataFrame):
        call = frames.attrs.get("call")
        name = _FORBIDDEN.sub("_", str(call))[:NAME] if call else "frame"
        return {name if name.lower() != "history" else "frame": frames}
    if isinstance(frames, pd.Series):
        raise InvalidArgument("to_excel() takes a frame, not a Series. Convert it with series.to_frame().")
    if not isinstance(frames, Mapping) or not all(isinstance(frame, pd.DataFrame) for frame in frames.values()):
        raise InvalidArgument('to_excel() takes a frame, or several as {"name of the sheet": frame}.')
    if not frames:
        raise InvalidArgument("to_excel() takes at least one frame: a workbook needs a sheet.")
    taken: set[str] = set()
    for name in frames:
        if not isinstance(name, str) or not name.strip():
            raise InvalidArgument("The name of a sheet must be a text that is not empty.")
        shown = ascii(name) if _ILLEGAL.search(name) else repr(name)
        if (units := _units(name)) > NAME:
            raise InvalidArgument(f"The name of a sheet may have at most {NAME} characters, and {shown} has {units}.")
        if _FORBIDDEN.search(name) or _ILLEGAL.search(name) or name.lower() == "history":
            raise InvalidArgument(
                rf"Excel does not allow {shown} as the name of a sheet: leave out [ ] : * ? / \ and a ' at either end, "
                "and do not call it History."
            )
        if name.lower() in taken:
            raise InvalidArgument(f"Two sheets are named {shown}: Excel ignores the case of letters in their names.")
        taken.add(name.lower())
    return dict(frames)


def _check(name: str, table: pd.DataFrame) -> None:
    """Refuse a frame that does not fit into a sheet."""
    rows, columns = len(table) + 1, len(table.columns)
    if rows > ROWS:
        raise InvalidArgument(said("excel_rows", most=ROWS, name=repr(name), rows=rows - 1))
    if columns > COLUMNS:
        raise InvalidArgument(said("excel_columns", most=COLUMNS, name=repr(name), columns=columns))
    for heading, column in table.items():
        texts = [str(heading), *(column.dropna() if column.dtype == "string" else ())]
        if any(len(text) > LETTERS // 2 and _units(text) > LETTERS for text in texts):
            raise InvalidArgument(said("excel_letters", most=LETTERS, column=short(heading)))


def _units(text: str) -> int:
    """Return the number of characters of a text as Excel counts them, in UTF-16."""
    return len(text.encode("utf-16-le", "replace")) // 2


def _about(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame | None:
    """Return a table of where the frames come from, as far as their ``attrs`` say so."""
    rows = [{"sheet": name, **{key: frame.attrs.get(key) for key in _TOLD}} for name, frame in frames.items()]
    table = pd.DataFrame(rows, dtype=object).dropna(axis="columns", how="all")
    if len(table.columns) == 1:
        return None
    if "fetched" in table:
        fetched = pd.to_datetime(table["fetched"], utc=True, errors="coerce")
        table["fetched"] = fetched.astype("datetime64[us, UTC]")
    return converted(table, lists=False, spreadsheet=True, guarded=False)


def _write(sheet: Any, table: pd.DataFrame) -> None:
    """Write a frame to an empty sheet."""
    openpyxl = load_openpyxl()
    new, letter = partial(openpyxl.cell.WriteOnlyCell, sheet), openpyxl.utils.get_column_letter

    columns = [[None if missing(value) else value for value in column.tolist()] for _, column in table.items()]
    formats = [_format(column, values) for (_, column), values in zip(table.items(), columns, strict=True)]
    for place, (heading, values, shown) in enumerate(zip(table.columns, columns, formats, strict=True), 1):
        sheet.column_dimensions[letter(place)].width = _width(heading, values, shown)
    sheet.freeze_panes = "A2"
    if columns:
        sheet.auto_filter.ref = f"A1:{letter(len(columns))}{len(table) + 1}"
    cells, quoted = [], []
    for shown in formats:  # one cell object per column, used for every row: creating them takes most of the time
        cell = new()
        cell.number_format = shown
        cells.append(cell)
        quoted.append(new())
        quoted[-1].quotePrefix = True  # Excel keeps it a text even when it is edited
    head = []
    for heading in table.columns:
        head.append(_text(new(), heading))
        head[-1].font = openpyxl.styles.Font(bold=True)
        head[-1].quotePrefix = bool(_RISKY.match(heading))
    sheet.append(head)
    for row in zip(*columns, strict=True):
        if all(value is None or value == "" for value in row):
            sheet.append([_text(cells[0], EMPTY_ROW)])
            continue
        sheet.append(
            [
                _filled(value, cell, risky) if value is not None else None
                for value, cell, risky in zip(row, cells, quoted, strict=True)
            ]
        )


def _filled(value: Any, cell: Any, risky: Any) -> Any:
    """Return a cell with a value in it. A text never becomes a formula."""
    if isinstance(value, str):
        return _text(risky if _RISKY.match(value) else cell, value)
    if isinstance(value, float):
        cell.value = repr(value)  # openpyxl itself writes 16 digits, and a float can have 17
        cell.data_type = "n" if math.isfinite(value) else "s"
        return cell
    cell.value = value
    return cell


def _text(cell: Any, text: str) -> Any:
    cell.value = _ILLEGAL.sub("�", text.replace("\r\n", "\n").replace("\r", "\n"))
    cell.data_type = "s"
    return cell


def _format(column: pd.Series[Any], values: list[Any]) -> str:
    """Return a number format that shows all values of a column, aligned."""
    kind = column.dtype
    if kind == np.dtype(object):
        return "yyyy-mm-dd"  # dates: all other objects have become text
    if kind.kind == "M":
        times = column.dropna()
        if (times == times.dt.normalize()).all():
            return "yyyy-mm-dd"
        return "yyyy-mm-dd hh:mm:ss" + (".000" if times.dt.microsecond.any() else "")
    if kind.kind in "iu":
        return "0"  # without separators, because most whole numbers are IDs
    if kind.kind == "f":
        return _decimals({value for value in values if value is not None and math.isfinite(value)})
    return "General"


def _decimals(numbers: set[float]) -> str:
    exact = [Decimal(repr(number)).normalize() for number in numbers]
    most = max((-int(number.as_tuple().exponent) for number in exact), default=0)
    if most > _DECIMALS or any(number.adjusted() >= SHOWN for number in exact):
        return "General"
    return "#,##0.00" + "#" * (most - 2)


def _width(heading: str, values: list[Any], shown: str) -> float:
    """Return the width of a column, in characters, with room for the filter button in the heading."""
    told = [value for value in values[:1000] if value is not None]
    if shown.startswith("yyyy"):
        longest = len(shown)
    elif shown.startswith("#"):
        longest = max((len(f"{value:,.2f}") + max(0, len(shown) - 8) for value in told), default=0)
    else:
        longest = max((max(map(len, str(value).split("\n"))) for value in told), default=0)
    return min(_WIDEST, max(longest + 2, len(heading) + 4))
