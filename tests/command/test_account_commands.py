"""Test the commands about an account: their output for people, and as JSON."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from terminals import Run

import dpyauth
from dpyauth.command import frame_values
from dpyauth.report import FORMATS
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

Open = Callable[..., Session]


def test_the_status_as_text(signed_in: Run) -> None:
    said = signed_in("status", "--detail")
    assert (said.status, said.err) == (0, "")
    shown = dict(line.split("  ", 1) for line in said.out.splitlines())
    assert shown["login ID"].strip() == "DOT900003"
    assert shown["balance"].strip() == "9,969.39 USD"
    assert shown["at stake"].strip() == "19.00 USD"
    assert "UTC" in shown["last transaction"]


@pytest.mark.parametrize("columns", [40, 80, 100])
@pytest.mark.parametrize("command", [["status", "--account", "all"], ["accounts"], ["balance", "--account", "all"]])
def test_tables_fit(signed_in: Run, monkeypatch: pytest.MonkeyPatch, columns: int, command: list[str]) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    said = signed_in(*command)
    lines = said.out.splitlines()
    assert said.status == 0
    assert max(map(len, lines)) <= columns
    assert [line.split()[0] for line in lines[:4]] == ["login", "---------", "ROT900001", "DOT900003"]


def test_columns_that_do_not_fit_are_named(signed_in: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    said = " ".join(signed_in("balance", "--account", "all").out.split())
    assert "2 more columns do not fit: active, type. A wider terminal shows them, and so does --json." in said
    monkeypatch.setenv("COLUMNS", "200")  # wide enough for all columns
    assert "not fit" not in signed_in("status", "--account", "all", "--detail").out


def test_json_has_the_columns_and_values_of_the_frames(signed_in: Run, open_options: Open) -> None:
    session = open_options("rich")
    for said, frame in (
        (signed_in("status", "--json"), session.account_status()),
        (signed_in("status", "--detail", "--json"), session.account_status(detail=True)),
        (signed_in("status", "--account", "all", "--json"), session.account_status("all")),
        (signed_in("accounts", "--json"), session.accounts()),
        (signed_in("balance", "--json"), session.balance()),
    ):
        assert (said.status, said.err) == (0, "")
        assert [list(row) for row in said.json] == [list(frame.columns)] * len(frame)
        for name in frame.columns:
            for given, value in zip((row[name] for row in said.json), frame[name], strict=True):
                if isinstance(value, pd.Timestamp) and not pd.isna(value):
                    assert given.endswith("Z")
                    assert pd.Timestamp(given) == value
                elif isinstance(value, list):
                    assert given == value
                else:
                    assert given == (None if pd.isna(value) else value)


def test_values_that_json_does_not_have() -> None:
    from datetime import date, timedelta
    from decimal import Decimal

    import numpy as np

    given: list[Any] = [float("nan"), float("inf"), pd.NA, pd.NaT, None, np.bool_(True), np.int64(3), np.float64(0.5)]
    given += [Decimal("0.10"), date(2026, 11, 30), timedelta(seconds=90), [Decimal("1"), pd.NA], {1: pd.NaT}]
    given += [pd.Timestamp("2026-11-30 01:00", tz="Europe/Paris"), pd.Timestamp("2026-11-30"), pd.Timedelta(1, "s")]
    assert [frame_values.as_json(value) for value in given] == [
        *[None] * 5,
        True,
        3,
        0.5,
        "0.10",
        "2026-11-30",
        90.0,
        ["1", None],
        {"1": None},
        "2026-11-30T00:00:00Z",
        "2026-11-30T00:00:00Z",
        1.0,
    ]


def test_another_account(signed_in: Run) -> None:
    assert signed_in("balance", "--account", "rot900001", "--json").json[0]["loginid"] == "ROT900001"
    said = signed_in("balance", "--account", "DOT1")
    assert said.status == 1
    assert "DOT1" in said.err


def test_an_account_that_cannot_be_read(signed_in: Run, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other accounts are shown, the reason is printed, and the exit status is 1."""
    monkeypatch.setenv("DERIV_TOKEN", box.options_token("trouble").token)
    said = signed_in("status", "--detail", "--account", "all")
    assert said.status == 1
    assert "DOT900012" in said.out
    assert said.err.startswith("ROT900011: ")
    assert "This account is inactive" in said.err
    told = signed_in("status", "--detail", "--account", "all", "--json")
    assert told.status == 1
    assert [bool(row["remark"]) for row in told.json] == [True, False]


def test_the_older_api(box: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERIV_TOKEN", "sandbox-rich-all")
    said = run("status", "--server", box.url, "--app-id", box.app_id)
    assert said.status == 0
    assert "risk" in said.out
    assert max(map(len, said.out.splitlines())) <= 80


def test_a_report(signed_in: Run, tmp_path: Path) -> None:
    target = tmp_path / "report"
    said = signed_in("export", str(target), "--since", "2026-10-01", "--format", "csv")
    assert (said.status, said.out.strip()) == (0, str(target / "index.html"))
    assert (target / "statement.csv").exists()
    again = signed_in("export", str(target))
    assert again.status == 2
    assert "pass --overwrite to replace an earlier report" in again.err


def test_options_of_a_report(signed_in: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def export(session: Session, folder: str, **how: Any) -> Path:
        asked.append((session.loginid, folder, how))
        (tmp_path / "index.html").write_text("")
        return tmp_path / "index.html"

    monkeypatch.setattr("dpyauth.report.export", export)
    options = ["--overwrite", "--format", "csv", "--since", "2026-10-01", "--account", "ROT900001"]
    said = signed_in("export", "there", *options, "--json")
    page = str(tmp_path / "index.html")
    assert (said.status, said.json["folder"], said.json["page"]) == (0, str(tmp_path), page)
    assert "index.html" in said.json["files"]
    assert asked == [("ROT900001", "there", {"since": "2026-10-01", "format": "csv", "overwrite": True})]


def test_a_report_that_cannot_be_written(signed_in: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = signed_in("export", str(tmp_path / "file" / "report"), "--format", "csv")
    assert said.status == 1
    assert "Traceback" not in said.err
    assert str(tmp_path) in said.err


def test_the_formats_are_those_of_the_library(run: Run, signed_in: Run, tmp_path: Path) -> None:
    assert f"[{'|'.join(FORMATS)}]" in run("export", "--help").out
    said = signed_in("export", str(tmp_path / "report"), "--format", "pdf")
    assert said.status == 2
    assert "csv" in said.err


def test_the_sandbox_needs_no_sign_in(run: Run) -> None:
    said = run("whoami", "--sandbox")
    assert said.status == 0
    assert "nothing here is real" in said.out
    assert dpyauth.__version__ in run("--version").out
