"""Test how texts are chosen and filled in, in the ways of several languages."""

from __future__ import annotations

import datetime
import itertools
import json
import pickle
import string
import threading
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.texts import date, listed, locale, number, texts
from dpyauth.texts.languages import from_header, negotiated, tag


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with three languages, one of them incomplete."""
    rows = {"one": "{count} row of {whose}", "other": "{count} rows of {whose}"}
    for language, name, held in (
        ("en", "common", {"yes": "Yes", "no": "No", "title": "All", "app_back": "Reload."}),
        ("en", "card", {"title": "Card", "more": "More", "rows": rows, "back": "Run the cell."}),
        ("de", "common", {"no": "Nein"}),
        ("de", "card", {"title": "Karte", "rows": "{count} Zeilen von {whose}"}),
        ("pl", "common", {}),
        ("pl", "card", {"rows": {"one": "{count} wiersz", "few": "{count} wiersze", "other": "{count} wierszy"}}),
    ):
        (tmp_path / language).mkdir(exist_ok=True)
        (tmp_path / language / f"{name}.json").write_text(json.dumps(held), encoding="utf-8")
    return tmp_path


def test_missing_translations_are_english(folder: Path) -> None:
    words = texts("card", language="de", folder=folder)
    assert (words["no"], words["title"], words["yes"], words["more"]) == ("Nein", "Karte", "Yes", "More")
    assert texts("card", language="ja", folder=folder)["title"] == "Card"
    assert texts("no-such-panel", language="de", folder=folder)["title"] == "All"


def test_a_translation_without_plural_forms_hides_the_english_ones(folder: Path) -> None:
    assert texts("card", language="de", folder=folder)("rows", count=1, whose="A") == "1 Zeilen von A"


@pytest.mark.parametrize(("count", "said"), [(1, "1 wiersz"), (3, "3 wiersze"), (5, "5 wierszy"), (22, "22 wiersze")])
def test_plurals_of_another_language(folder: Path, count: int, said: str) -> None:
    assert texts("card", language="pl", folder=folder)("rows", count=count, whose="A") == said


def test_an_app_has_texts_of_its_own(folder: Path) -> None:
    assert texts("card", language="en", folder=folder)["back"] == "Run the cell."
    assert texts("card", language="en", folder=folder, app=True)["back"] == "Reload."


def test_the_language_of_texts_keeps_the_region() -> None:
    assert texts("card", language="es-MX")["lang"] == "es-MX"
    assert texts("card", language="es-MX")["balance"] == texts("card", language="es")["balance"]
    assert texts("card", language="ja")["lang"] == "en"


@pytest.mark.parametrize(
    ("language", "zero", "one", "many"),
    [
        ("en", "0 rows", "1 row", "12,345 rows"),
        ("es", "0 filas", "1 fila", "12.345 filas"),
        ("fr", "0 ligne", "1 ligne", "12\u202f345 lignes"),
        ("pt-BR", "0 linha", "1 linha", "12.345 linhas"),
    ],
)
def test_plurals_and_numbers(language: str, zero: str, one: str, many: str) -> None:
    words = texts("card", language=language)
    said = [words("downloaded", name="f", count=count, size="1 kB") for count in (0, 1, 12345)]
    assert [text.partition(" ")[2].partition(",")[0] for text in said[:2]] == [zero, one]
    assert many in said[2]


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", "-1,234,567.80"),
        ("es", "-1.234.567,80"),
        ("es-MX", "-1,234,567.80"),
        ("pt-BR", "-1.234.567,80"),
        ("fr", "-1\u202f234\u202f567,80"),
    ],
)
def test_exact_numbers(language: str, written: str) -> None:
    with localcontext() as context:
        context.prec = 2  # the user's own business
        assert number(Decimal("-1234567.8"), language, places=2) == written


@given(st.decimals(allow_nan=False, allow_infinity=False, places=12) | st.integers() | st.floats(-1e15, 1e15))
def test_no_digit_is_lost(value: Any) -> None:
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    assert Decimal(number(value, "en").replace(",", "")) == exact


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity")])
def test_what_is_no_number_does_not_fail(value: Any) -> None:
    assert number(value, "es") == str(value)


@pytest.mark.parametrize(
    ("language", "commas", "last_or", "on"),
    [
        ("en", "a, b, c", "a, b, or c", "Jan 31, 2026"),
        ("es", "a, b, c", "a, b o c", "31 ene 2026"),
        ("pt-BR", "a, b, c", "a, b ou c", "31 de jan. de 2026"),
        ("fr", "a, b, c", "a, b ou c", "31 janv. 2026"),
        ("ja", "a、b、c", "a、b、またはc", "2026/01/31"),
    ],
)
def test_lists_and_dates(language: str, commas: str, last_or: str, on: str) -> None:
    assert listed("abc", language) == commas
    assert listed("abc", language, "or") == last_or
    assert date(datetime.date(2026, 1, 31), language) == on
    assert listed([], language) == ""


def test_values_are_not_filled_in_twice() -> None:
    words = texts("card", language="en")
    assert words("light", check="{word}", word="{check}") == "{word}: {check}"


# Which language


@pytest.mark.parametrize(
    ("code", "found"),
    [("ES", "es"), ("pt", "pt-BR"), ("pt-PT", "pt-BR"), ("pt_br.UTF-8", "pt-BR"), ("fr-CA", "fr"), ("de", "en")],
)
def test_the_closest_language(code: str, found: str) -> None:
    assert negotiated(tag(code)) == found


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", "en"),
        ("es-MX,es;q=0.9,en;q=0.8", "es-MX"),
        ("de-DE,de;q=0.9,fr;q=0.5,en;q=0.7", "en"),
        ("en;q=0.2, pt-BR;q=0.8", "pt-BR"),
        ("fr;q=0", "en"),
        ("*", "en"),
        ("fr;q=nan, es;q=inf", "en"),
        ("fr;q=, es", "fr"),
        ("en ; q=0.1, fr; q=0.2", "fr"),
        ("fr;q=2, fr;q=-1, fr;q=1e0, fr;q=0_1, es;q=0.001", "es"),
        (f"{'de,' * 1000}fr", "en"),
        ("es" * 100_000, "en"),
        ("\x00;q=1;q=1,,,;;", "en"),
    ],
)
def test_the_language_that_a_browser_prefers(header: str, found: str) -> None:
    assert from_header(header) == found


@given(st.text())
def test_any_text_as_a_code_or_a_header_is_harmless(text: str) -> None:
    assert tag(text) == tag(tag(text))
    assert negotiated(from_header(text)) in {"en", "es", "fr", "pt-BR"}


def test_texts_of_several_threads() -> None:
    made: list[Any] = []
    threads = [threading.Thread(target=lambda: made.append(texts("card", language="fr"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(words) for words in made}) <= 8
    assert all(words == made[0] for words in made)
    assert pickle.loads(pickle.dumps(made[0])) == made[0]


def test_tags_that_nobody_needs_do_not_pile_up() -> None:
    for first, second in itertools.product(string.ascii_uppercase, repeat=2):
        assert texts("card", language=f"es-{first}{second}")["lang"] == f"es-{first}{second}"
        assert locale(f"es-{first}{second}").language == "es"
    assert texts.cache_info().currsize <= 100
    assert locale.cache_info().currsize <= 100


def test_numbers_of_numpy() -> None:
    assert number(np.float64(-1234.5), "es", places=2) == "-1.234,50"
