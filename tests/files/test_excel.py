"""Test Excel files: their contents, and that a file is written whole or not at all."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from helpers import without
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import same_values

import dpyauth
from dpyauth import to_excel
from dpyauth.errors import InvalidArgument, InvalidSetting
from dpyauth.files import as_excel
from dpyauth.frames import balance, health

EVIL = ['=HYPERLINK("http://x")', "+1", "-1+1", "@SUM(1)", "#REF!", "'=1", " lead", "NA", "007", "None", "<b>&amp;"]
TIME = "datetime64[us, UTC]"


def read(path: Path) -> pd.DataFrame:
    return pd.read_excel(path, dtype=str, keep_default_na=False)


def again(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    return dpyauth.restored(read(to_excel(table, path, overwrite=True)), table)


def times(*texts: str | None) -> pd.Series[Any]:
    return pd.Series(pd.to_datetime(list(texts), utc=True, format="ISO8601")).astype(TIME)


def test_no_text_becomes_a_formula(tmp_path: Path) -> None:
    table = pd.DataFrame({"=longcode": pd.array(EVIL, dtype="string"), "nickname": pd.Categorical(EVIL)})
    table.attrs = {"call": "=1+1", "note": "=2+2"}
    path = to_excel({"=sheet": table}, tmp_path / "x.xlsx")
    with zipfile.ZipFile(path) as file:
        sheets = [name for name in file.namelist() if "worksheets" in name]
        assert len(sheets) == 2
        assert [name for name in sheets if b"<f" in file.read(name)] == []
    cells = [cell for row in openpyxl.load_workbook(path)["=sheet"].iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.value for cell in cells[2::2]] == EVIL
    assert [cells[0].quotePrefix, cells[1].quotePrefix, cells[2].quotePrefix] == [True, False, True], (
        "once it is edited"
    )
    same_values(table, again(table, path))


def test_every_value_has_the_right_type_of_cell(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "amount": [0.1 + 0.2, None],
            "contract_id": pd.array([600_010_000_001, None], dtype="Int64"),
            "flag": pd.array([True, None], dtype="boolean"),
            "time": times("2026-11-23 10:00:00.250", None),
            "day": times("2026-11-23", None),
            "exact": pd.Series([Decimal("10.50"), None], dtype=object),
            "list": pd.Series([["a"], []], dtype=object),
        }
    )
    path = to_excel(table, tmp_path / "x.xlsx")
    sheet = openpyxl.load_workbook(path).active
    head, full, *empty = sheet.iter_rows()
    assert [cell.value for cell in head][3:5] == ["time (UTC)", "day (UTC)"]
    assert "".join(cell.data_type for cell in full) == "nnbddns"
    assert full[0].value == 0.1 + 0.2
    assert [cell.number_format for cell in full][1:6] == [
        "0",
        "General",
        "yyyy-mm-dd hh:mm:ss.000",
        "yyyy-mm-dd",
        "#,##0.00",
    ]
    assert [cell.value for cell in empty[0]][:6] == [None] * 6
    assert sheet.freeze_panes == "A2"
    assert sheet.column_dimensions["D"].width > 22
    same_values(table, again(table, path))


def test_numbers_that_excel_would_round_are_text(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "id": pd.array([2**62 + 1, 1], dtype="Int64"),
            "exact": pd.Series([Decimal("0.123456789012345678"), Decimal(1)], dtype=object),
            "time": times("2026-11-23 10:00:00.123456", "2026-11-23"),
            "old": times("1899-12-31", None),
        }
    )
    path = to_excel(table, tmp_path / "x.xlsx")
    rows = list(openpyxl.load_workbook(path).active.iter_rows(min_row=2))
    assert "".join(cell.data_type for cell in rows[0]) == "ssss"
    same_values(table, again(table, path))


def test_characters_that_no_sheet_can_contain_are_replaced(tmp_path: Path) -> None:
    table = pd.DataFrame({"note": pd.array(["a\x00\x1b[31mb\uffff", "one\r\ntwo"], dtype="string")})
    assert read(to_excel(table, tmp_path / "x.xlsx"))["note"].tolist() == ["a��[31mb�", "one\ntwo"]


plain_texts = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), min_size=1)
cells = st.none() | plain_texts | st.sampled_from(EVIL)


@given(
    st.lists(
        st.tuples(
            cells,
            st.none() | st.floats(allow_nan=False),
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20),
            st.none() | st.datetimes(min_value=pd.Timestamp("1680-01-01"), max_value=pd.Timestamp("2260-01-01")),
        ),
        max_size=4,
    )
)
@settings(max_examples=15, deadline=None)
def test_any_table_comes_back_equal(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    text, number, whole, exact, time = zip(*rows, strict=True) if rows else ((),) * 5
    table = pd.DataFrame(
        {
            "text": pd.array(list(text), dtype="string"),
            "number": pd.Series(number, dtype="float64"),
            "whole": pd.array(list(whole), dtype="Int64"),
            "exact": pd.Series(exact, dtype=object),
            "time": pd.Series(pd.to_datetime(pd.Series(time, dtype=object), utc=True)).astype(TIME),
        }
    )
    same_values(table, again(table, tmp_path_factory.getbasetemp() / "any.xlsx"))


@pytest.mark.parametrize("columns", [1, 2, 6])
def test_empty_rows_come_back(columns: int, tmp_path: Path) -> None:
    kinds = ["string", "float64", "Int64", "boolean", TIME, "object"][:columns]
    row = ["x", 1.5, 2, True, pd.Timestamp("2026-11-23", tz="UTC"), ["x"]]
    for rows in ([0, 1, 0, 0], [0, 0], [1, 0]):
        table = pd.DataFrame(
            {
                kind: pd.Series([value if held else None for held in rows], dtype=kind)
                for kind, value in zip(kinds, row, strict=False)
            }
        )
        for frame in (table, table.iloc[:, ::-1]):
            frame = frame.where(frame.notna(), np.nan) if "object" in frame else frame
            same_values(frame, again(frame, tmp_path / "x.xlsx"))


def test_a_text_that_looks_like_a_time_stays_a_text(tmp_path: Path) -> None:
    """Pandas reads more texts as times than it writes, and warns about an unknown time zone."""
    values = [pd.Timestamp("2026-11-30T18:00Z"), "NaT", "2026-11-30 10:00 ABC", "now", "2026-99-99 10:00:00", 1]
    table = pd.DataFrame({"a": pd.Series(values, dtype=object)})
    assert again(table, to_excel(table, tmp_path / "x.xlsx"))["a"].tolist() == values


@pytest.mark.parametrize("signed_in_for", [None, pd.Timestamp("2026-11-30 18:00:00.5", tz="UTC")])
def test_a_series_of_values_of_all_kinds_comes_back(signed_in_for: Any, tmp_path: Path) -> None:
    how = {"state": "signed in", "uptime": None, "expires": signed_in_for, "round_trips": [0.5], "left": {"a": 2}}
    table = health(**how, reconnects=0, stray_replies=1, streams=0).to_frame()  # type: ignore[arg-type]
    same_values(table, again(table, tmp_path / "x.xlsx"))
    stored = dpyauth.for_storage(table, spreadsheet=True).to_csv(index=False)
    read_again = pd.read_csv(io.StringIO(stored), dtype=str, keep_default_na=False)
    same_values(table, dpyauth.restored(read_again, table, spreadsheet=True))
    for like in (None, table):
        stored = dpyauth.for_storage(table).to_parquet(None)
        same_values(table, dpyauth.restored(pd.read_parquet(io.BytesIO(stored)), like))


def test_nan_and_infinity_are_texts(tmp_path: Path) -> None:
    odd = [Decimal("sNaN"), Decimal("-Infinity"), Decimal(1)]
    table = pd.DataFrame({"exact": pd.Series(odd, dtype=object)})
    assert list(map(repr, again(table, tmp_path / "x.xlsx")["exact"])) == list(map(repr, odd))


def nested(depth: int) -> list[Any]:
    made: list[Any] = []
    for _ in range(depth):
        made = [made]
    return made


def test_the_properties_name_the_source_and_the_time_only(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [1]})
    table.attrs = {"call": "balance", "loginid": "CR1", "fetched": "2026-11-23T10:00:00+00:00", "own": "c4nary"}
    path = to_excel(table, tmp_path / "x.xlsx")
    assert openpyxl.load_workbook(path).sheetnames == ["balance", "about"]
    about = pd.read_excel(path, sheet_name="about", dtype=str).iloc[0].to_dict()
    told = {"sheet": "balance", "call": "balance", "loginid": "CR1", "fetched (UTC)": "2026-11-23 10:00:00"}
    assert about == told
    with zipfile.ZipFile(path) as file:
        assert [name for name in file.namelist() if b"c4nary" in file.read(name)] == []


def test_an_index_with_a_meaning_is_a_column(tmp_path: Path) -> None:
    table = pd.DataFrame({"price": [1.5]}, index=pd.DatetimeIndex(["2026-11-23"], tz="UTC", name="time").as_unit("us"))
    assert list(read(to_excel(table, tmp_path / "x.xlsx"))) == ["time (UTC)", "price"]
    same_values(table, again(table, tmp_path / "x.xlsx"))


def test_an_existing_file_is_replaced_only_on_request(tmp_path: Path) -> None:
    place = tmp_path / "new" / "x.xlsx"
    table = pd.DataFrame({"a": [1]})
    assert to_excel(table, str(place)) == place
    before = place.read_bytes()
    with pytest.raises(InvalidSetting, match="overwrite=True"):
        to_excel(table, place)
    assert place.read_bytes() == before
    to_excel(pd.DataFrame({"a": [2]}), place, overwrite=True)
    assert read(place)["a"].tolist() == ["2"]
    folder = tmp_path / "folder.xlsx"
    folder.mkdir()
    with pytest.raises(InvalidSetting, match="not a file"):
        to_excel(table, folder, overwrite=True)
    with pytest.raises(InvalidSetting, match=r'write "statement\.xlsx"'):
        to_excel(table, tmp_path / "statement.xls")
    assert sorted(os.listdir(place.parent)) == ["x.xlsx"]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    path = to_excel(pd.DataFrame({"a": [1]}), tmp_path / "x.xlsx")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_interrupt_leaves_the_existing_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = to_excel(pd.DataFrame({"a": [1]}), tmp_path / "x.xlsx")
    before = path.read_bytes()

    def interrupt(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        to_excel(pd.DataFrame({"a": [2]}), path, overwrite=True)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["x.xlsx"]


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ([1, 2], 'several as {"name of the sheet": frame}'),
        (pd.Series([1]), "series.to_frame()"),
        ({}, "at least one frame"),
        ({"a/b": pd.DataFrame()}, "leave out"),
        ({"x" * 32: pd.DataFrame()}, "31 characters"),
        ({"A": pd.DataFrame(), "a": pd.DataFrame()}, "ignores the case of letters"),
        ({"History": pd.DataFrame()}, "History"),
        ({"": pd.DataFrame()}, "not empty"),
        (pd.DataFrame({"a": range(1_048_576)}), "Split it into several sheets"),
        (pd.DataFrame({"a": pd.array(["x" * 32_768], dtype="string")}), "32,767 characters"),
        (pd.DataFrame({"a": pd.array(["\U0001f600" * 16_384], dtype="string")}), "32,767 characters"),
        (pd.DataFrame({"x" * 32_768: [1]}), "32,767 characters"),
        ({"\U0001f600" * 16: pd.DataFrame()}, "31 characters"),
        (pd.DataFrame({"a": pd.Series([nested(100_000)], dtype=object)}), "The column 'a' contains lists or dicts"),
    ],
)
def test_invalid_sheets_are_explained(frames: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument) as caught:
        to_excel(frames, tmp_path / "x.xlsx")
    assert words in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_without_openpyxl_the_error_says_what_to_install(tmp_path: Path) -> None:
    code = without("openpyxl") + (
        "import dpyauth, pandas\ntry:\n    dpyauth.to_excel(pandas.DataFrame(), 'x.xlsx')\n"
        "except dpyauth.InvalidSetting as error:\n    print(error)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert "Run pip install openpyxl, or write CSV" in ran.stdout, ran.stderr
    assert os.listdir(tmp_path) == []


def test_a_table_read_with_guessed_types_is_refused(tmp_path: Path) -> None:
    table = pd.DataFrame({"code": pd.array(["007"], dtype="string")})
    path = to_excel(table, tmp_path / "x.xlsx")
    with pytest.raises(InvalidArgument, match="dtype=str, keep_default_na=False"):
        dpyauth.restored(pd.read_excel(path), table)


def test_a_category_that_is_new_is_kept() -> None:
    like = pd.DataFrame({"kind": pd.Categorical(["b"], categories=["b", "a"], ordered=True)})
    back = dpyauth.restored(pd.DataFrame({"kind": ["a", "new"]}), like)["kind"]
    assert back.tolist() == ["a", "new"]
    assert back.cat.categories.tolist() == ["b", "a", "new"]


def test_a_download_has_the_same_content(tmp_path: Path) -> None:
    table = balance({"loginid": "CR1", "balance": 5.0})
    (tmp_path / "x.xlsx").write_bytes(as_excel(table))
    same_values(table, dpyauth.restored(read(tmp_path / "x.xlsx"), table))
