"""Test files of a panel's contents, as a browser receives them."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from dpyauth.files import excel
from dpyauth.panels import downloads
from dpyauth.panels.explorer import ExplorerModel
from dpyauth.panels.model import PanelModel
from dpyauth.panels.stream_view import StreamModel
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

Eventually = Callable[..., None]


class Browser:
    """A browser that shows a panel, and saves files."""

    def __init__(self, model: PanelModel) -> None:
        self.model = model
        self.told: list[tuple[dict[str, Any], Any]] = []
        model.send = lambda message, buffers=None: self.told.append((message, buffers))

    def files(self) -> list[tuple[dict[str, Any], Any]]:
        return [(message["file"], buffers) for message, buffers in self.told if "file" in message]

    def ask(self, kind: str = "csv") -> None:
        self.model.receive({"do": "download", "format": kind, "asked": "me"})


@pytest.fixture
def browser(session: Session) -> Browser:
    return Browser(ExplorerModel(session))


def replied(browser: Browser, eventually: Eventually, call: str, fields: dict[str, str]) -> None:
    """Send a call, and wait for its reply."""
    browser.model.receive({"do": "send", "call": call, "fields": fields})
    eventually(lambda: any("reply" in message for message, _ in browser.told))


def test_the_frame_of_a_reply(browser: Browser, eventually: Eventually) -> None:
    replied(browser, eventually, "statement", {"limit": "3"})
    browser.ask()
    eventually(browser.files)
    file, (content,) = browser.files()[0]
    assert (file["asked"], file["type"], file["count"]) == ("me", "text/csv", 3)
    assert re.fullmatch(r"dpyauth-statement-sandbox-\d{8}-\d{6}Z\.csv", file["name"])
    assert len(pd.read_csv(io.BytesIO(content))) == 3
    assert "balance_after" in content.decode("utf-8-sig").splitlines()[0]


def test_an_excel_file(browser: Browser, eventually: Eventually) -> None:
    replied(browser, eventually, "statement", {"limit": "3"})
    browser.ask("xlsx")
    eventually(browser.files)
    file, (content,) = browser.files()[0]
    assert re.fullmatch(r"dpyauth-statement-sandbox-\d{8}-\d{6}Z\.xlsx", file["name"])
    assert pd.read_excel(io.BytesIO(content))["amount"].lt(0).any()


def test_tables_too_large_for_a_sheet_are_explained(
    browser: Browser, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel, "ROWS", 3)
    replied(browser, eventually, "statement", {"limit": "3"})
    browser.ask("xlsx")
    eventually(browser.files)
    assert browser.files()[0][0]["trouble"].startswith("An Excel sheet has 3 rows, including the heading, and")
    browser.model.session.language = "es"
    browser.ask("xlsx")
    eventually(lambda: len(browser.files()) == 2)
    assert browser.files()[1][0]["trouble"].startswith("Una hoja de Excel tiene 3 filas, con el encabezado incluido")


def test_secret_and_personal_values_are_masked_in_the_file(browser: Browser, eventually: Eventually) -> None:
    replied(browser, eventually, "get_settings", {})
    browser.ask()
    eventually(browser.files)
    row = pd.read_csv(io.BytesIO(browser.files()[0][1][0])).iloc[0]
    assert (row["first_name"], row["email"]) == ("•••", "•••")


def test_nothing_to_save(browser: Browser, eventually: Eventually) -> None:
    browser.ask()
    eventually(browser.files)
    assert browser.files() == [({"asked": "me", "trouble": "There is nothing left to save."}, None)]


def test_unknown_formats_are_not_made(browser: Browser, eventually: Eventually) -> None:
    browser.ask("exe")
    eventually(lambda: not browser.model.view()["busy"])
    assert browser.told == []


def test_files_too_large_for_a_browser_are_explained(
    browser: Browser, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MOST", 1000)
    replied(browser, eventually, "active_symbols", {"active_symbols": "brief"})
    browser.ask()
    eventually(browser.files)
    file, buffers = browser.files()[0]
    assert buffers is None
    assert re.search(r"At \d+ kB", file["trouble"])
    assert '.frame("active_symbols", active_symbols="brief").to_csv("active_symbols.csv")' in file["trouble"]


def test_all_stored_updates_of_a_stream(session: Session, box: Sandbox, eventually: Eventually) -> None:
    with session.stream("ticks", ticks="1HZ100V") as stream:
        next(stream)
        browser = Browser(StreamModel(session, stream))
        browser.ask()
        eventually(browser.files)
    file, (content,) = browser.files()[0]
    assert file["name"].startswith("dpyauth-ticks_1HZ100V-sandbox-")
    assert pd.read_csv(io.BytesIO(content))["symbol"].eq("1HZ100V").all()


def test_the_file_name_contains_nothing_unsafe_from_a_symbol(session: Session) -> None:
    browser = Browser(ExplorerModel(session))
    downloads.download(browser.model, {"format": "csv", "asked": "me"}, pd.DataFrame({"a": [1]}), "../x\u202e y", "")
    assert re.fullmatch(r"dpyauth-_x_y-sandbox-\d{8}-\d{6}Z\.csv", browser.files()[0][0]["name"])
