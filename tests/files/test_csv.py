"""Test CSV files for spreadsheets: no cell is a formula, and reading a file is safe."""

from __future__ import annotations

import io
import re
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow  # type: ignore[import-untyped]
import pytest
from tables import same_values

from dpyauth.errors import InvalidArgument
from dpyauth.files import as_csv, for_storage, restored


def lines(frame: pd.DataFrame) -> list[str]:
    return as_csv(frame).decode("utf-8-sig").splitlines()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t1", "\uff1d1+1", "\uff20SUM(A1)"])
def test_no_text_and_no_heading_is_a_formula(text: str) -> None:
    categories = pd.Series([text], dtype="category")
    frame = pd.DataFrame({"note": pd.Series([text], dtype="string"), "kind": categories, text: [1]})
    assert lines(frame) == [f"note,kind,'{text}", f"'{text},'{text},1"]


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_no_line_of_a_long_text_can_be_a_formula(end: str) -> None:
    text = f"note{end}=1+1"
    frame = pd.DataFrame({"note": pd.Series([text, f"{end}=1"], dtype="string"), f"{end}heading": 1})
    written = for_storage(frame, spreadsheet=True).to_csv(index=False)
    assert written == 'note,"\'\nheading"\n"note\n\'=1+1",1\n"\'\n\'=1",1\n'
    read = pd.read_csv(io.StringIO(written), dtype=str, keep_default_na=False)
    assert restored(read, frame, spreadsheet=True)["note"].tolist() == ["note\n=1+1", "\n=1"]


SPLIT = ["a;=1", "a,=1", "a\t-1", "a\n@b", 'a;"=1"', "a;'=1", ";;=1", ";=1;'+2", "\t=1", "a;b", "a,b - c"]


@pytest.mark.parametrize(("own", "other"), [(",", ";"), (";", ","), (",", "\t")])
def test_a_spreadsheet_with_another_separator_finds_no_formula(own: str, other: str) -> None:
    """For example a European Excel, which opens a file with commas and splits its lines at semicolons."""
    lists = pd.Series([[text] for text in SPLIT], dtype=object)
    frame = pd.DataFrame({"n": 1, "a;=h": pd.array(SPLIT, dtype="string"), "list": lists})
    written = for_storage(frame, spreadsheet=True).to_csv(index=False, sep=own)
    cells = [cell for line in written.splitlines() for cell in re.split(f"[{other}{own}]", line)]
    assert [cell for cell in cells if re.match(r"[\"\s]*[=+\-@]", cell)] == []
    read = pd.read_csv(io.StringIO(written), sep=own, dtype=str, keep_default_na=False)
    same_values(frame, restored(read, frame, spreadsheet=True))


def test_a_text_that_needs_no_guard_has_none() -> None:
    texts = ["a;b", "Win, if it is higher", '["a", -1]', "2 - 1", "it's; 'so'"]
    stored = for_storage(pd.DataFrame({"a": pd.array(texts, dtype="string")}), spreadsheet=True)
    assert stored["a"].tolist() == texts


def test_arrow_texts_are_guarded_too() -> None:
    held = pd.ArrowDtype(pyarrow.string())
    assert lines(pd.DataFrame({"note": pd.array(["=1", None], dtype=held), "n": 1})) == ["note,n", "'=1,1", ",1"]


def test_numbers_below_zero_stay_numbers() -> None:
    frame = pd.DataFrame({"float": [-1.5], "count": pd.array([-2], dtype="Int64"), "exact": [Decimal("-12.50")]})
    assert lines(frame) == ["float,count,exact", "-1.5,-2,-12.5"]


def test_numbers_below_zero_that_became_texts_are_numbers_again() -> None:
    """A spreadsheet would round numbers with more than 15 digits, so the column holds texts, and texts are guarded."""
    frame = pd.DataFrame(
        {"count": pd.array([10**17, -1, None], dtype="Int64"), "exact": [Decimal(f"{10**16}.5"), Decimal(-1), None]}
    )
    read = pd.read_csv(io.BytesIO(as_csv(frame)), dtype=str, keep_default_na=False)
    assert read["count"].tolist() == [f"{10**17}", "'-1", ""]
    same_values(frame, restored(read, frame, spreadsheet=True))


def test_an_index_with_a_name_is_a_column() -> None:
    index = pd.DatetimeIndex(["2026-11-30T08:00:00Z"], name="time")
    assert lines(pd.DataFrame({"price": [1.5]}, index=index)) == ["time (UTC),price", "2026-11-30 08:00:00,1.5"]


def test_lists_are_json_and_the_frame_stays_as_it_is() -> None:
    frame = pd.DataFrame({"list": [["=a", "b"]]})
    assert lines(frame) == ["list", '"[""=a"", ""b""]"']
    assert frame["list"].tolist() == [["=a", "b"]]


@pytest.mark.parametrize(
    ("text", "like"), [("1E+9999999", pd.Series([1])), ("[" * 200_000, pd.Series([{"EUR": 0.9}], dtype=object))]
)
def test_values_that_would_use_all_memory_are_refused(text: str, like: pd.Series[Any]) -> None:
    with pytest.raises(InvalidArgument, match="The column 'a'"):
        restored(pd.DataFrame({"a": [text]}), pd.DataFrame({"a": like}))
