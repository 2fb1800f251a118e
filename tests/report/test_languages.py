"""Test that the page of a report is in the user's language, except for codes, names of columns and of Deriv."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

import dpyauth
from dpyauth.errors import MissingScope
from dpyauth.registry import APIS
from dpyauth.report import export
from dpyauth.texts import texts
from dpyauth.texts.languages import available
from dpyauth.texts.said import said

Open = Callable[..., dpyauth.Session]
Report = Callable[..., Path]

OTHERS = sorted(available().keys() - {"en"})
KEPT = {"a", "style", "td", "th"}
"""Elements with data and the names of columns and files."""


class Prose(HTMLParser):
    """What a page says in its own words, and its cells."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.within: list[str] = []
        self.html: dict[str, str | None] = {}
        self.cells: list[str] = []
        self.said: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.html = self.html or told
        self.said += [text for name in ("alt", "aria-label") if (text := told.get(name))]
        if tag not in ("br", "img", "meta"):
            self.within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.within.pop()

    def handle_data(self, data: str) -> None:
        if not KEPT.intersection(self.within):
            self.said.append(data)
        elif self.within[-1] == "td":
            self.cells.append(data)


def words_of(*told: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{2,}", re.sub(r"{\w+}", " ", " ".join(told)).lower()))


def vocabulary(language: str) -> set[str]:
    """Return the words that pages in a language consist of."""
    card = {
        key: text for key, text in texts("card", language=language).items() if key.startswith(("check_", "status_"))
    }
    others = (texts(file, language=language).values() for file in ("report", "plots"))
    return words_of(*card.values(), *(text for file in others for text in file)) - {"out"}  # October in Portuguese


@pytest.fixture
def report(open_session: Open, open_options: Open, tmp_path: Path) -> Report:
    """Make a report on an API in a language, each in a session of its own, or the rate limits would make it wait."""

    def make(api: str, language: str, since: str = "2026-10-20") -> Path:
        session = {"v3": open_session, "options": open_options}[api]()
        session.language = language
        return export(session, tmp_path / language, since=since, format="csv")

    return make


@pytest.mark.parametrize("api", APIS)
def test_no_english_word_is_left(api: str, report: Report) -> None:
    before = Prose(report(api, "en"))
    assert before.html["lang"] == "en"
    for language in OTHERS:
        after = Prose(report(api, language))
        english = vocabulary("en") - vocabulary(language)
        assert len(words_of(*before.said) & english) > 30
        assert words_of(*after.said) & english == set(), language
        assert len(after.said) == len(before.said)
        assert after.html["lang"] == language


def test_cells_have_numbers_of_the_language_and_the_files_do_not(report: Report) -> None:
    page, english = report("v3", "es"), report("v3", "en")
    assert {"9.363,47", "sí"} <= {*Prose(page).cells}
    assert {"9,363.47", "yes"} <= {*Prose(english).cells}
    assert {file.name for file in page.parent.iterdir()} == {file.name for file in english.parent.iterdir()}
    for name in ("balance.csv", "profit_table.csv", "statement.csv", "currencies.csv"):
        assert page.with_name(name).read_bytes() == english.with_name(name).read_bytes()


def test_dates_and_counts_are_written_as_the_language_does(report: Report) -> None:
    told = " ".join(Prose(report("v3", "fr", "2025-02-01")).said)
    assert "Trading depuis le 1 févr. 2025 à 00:00 UTC." in told
    assert re.search(r"\b1\u202f\d{3} lignes\u202f; les 50 dernières sont affichées", told)


def test_the_reason_for_a_missing_part_is_in_the_language(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    why = said("other_account")

    def refuse(session: dpyauth.Session) -> pd.DataFrame:
        raise MissingScope(why)

    monkeypatch.setattr(dpyauth.Session, "balance", refuse)
    cells = Prose(report("v3", "es")).cells
    assert why.said_in("es") in cells
    assert why not in cells
