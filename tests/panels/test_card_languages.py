"""Test the account card in every language."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from dpyauth import frames
from dpyauth.panels.card import CardModel
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.users import Token
from dpyauth.session import Session
from dpyauth.texts import texts
from dpyauth.texts.languages import available

Open = Callable[..., Session]

LANGUAGES = sorted(available())
OTHERS = [language for language in LANGUAGES if language != "en"]
FILES = ("switcher", "card", "meanings")
DERIVS = "Read Trade Trading information Payments Admin Manage account Payment Sandbox Wallet"
"""Names of Deriv's that are the same in every language."""


def words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{3,}", re.sub(r"https?://\S+", "", text.lower())))


def english_in(session: Session, language: str) -> set[str]:
    """Return the words on a card that are English, and are in no text of the language."""
    spoken = words(" ".join(texts(*FILES, language=language).values()))
    english = words(" ".join(texts(*FILES, language="en").values())) - words(DERIVS)
    model = CardModel(session)
    model.prepare()
    session.language = language  # after it was read: what is known is said anew
    still = re.sub("<.*?>", " ", model.still(model.view()))
    shown = words(f"{model.as_text()} {still}") & english
    return shown if language == "en" else shown - spoken


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize(
    "token", ["sandbox-rich-all", "sandbox-rich-demo", "sandbox-trouble-read", "sandbox-new-read", "only-trade"]
)
def test_no_english_is_left(token: str, language: str, open_session: Open, box: Sandbox) -> None:
    box.world.issued["only-trade"] = Token("only-trade", "CR900001", ("trade",), "test")
    session = open_session(token)
    assert len(english_in(session, "en")) > 5
    assert english_in(session, language) == set()


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("user", ["rich", "rich, trading only", "trouble", "agent"])
def test_nor_on_the_options_api(user: str, language: str, open_options: Open) -> None:
    session = open_options(user)
    assert len(english_in(session, "en")) > 5
    assert english_in(session, language) == set()


def test_amounts_and_dates_are_written_as_the_language_writes_them(session: Session) -> None:
    model = CardModel(session)
    model.prepare()
    said = {}
    for language in LANGUAGES:
        session.language = language
        said[language] = model.as_text()
    assert {language: re.findall(r"\d.363.47 USD", text) for language, text in said.items()} == {
        "en": ["9,363.47 USD"],
        "es": ["9.363,47 USD"],
        "fr": ["9\u202f363,47 USD"],
        "pt-BR": ["9.363,47 USD"],
    }
    assert "Identité\xa0: en règle jusqu'au 15 déc. 2026".replace("\xa0", " ") in said["fr"]
    assert "Identidad: en regla hasta el 15 dic 2026" in said["es"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_amounts_stand_below_each_other(language: str, session: Session) -> None:
    session.language = language
    model = CardModel(session)
    model.prepare()
    amounts = [line for line in model.as_text().splitlines() if re.search(r"\d [A-Z]{3}$", line)][1:]
    assert len(amounts) == 4
    assert len({len(line) for line in amounts[:2]}) == len({len(line) for line in amounts[2:]}) == 1


def test_a_part_that_cannot_be_read_says_so_in_the_language_of_the_moment(session: Session, box: Sandbox) -> None:
    box.faults.edit(
        lambda reply: reply["statement"].update(transactions=[{"action_type": "sell"}]), "statement", times=9
    )
    model = CardModel(session)
    model.prepare()
    assert "Not available right now: profit: Deriv does not say when" in " ".join(model.as_text().split())
    session.language = "es"
    assert "ganancia: Deriv no indica cuándo se cerraron" in " ".join(model.as_text().split())


def test_rows_are_made_once_for_each_language(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are made of frames, and a live card is drawn many times a second."""
    model = CardModel(session)
    model.prepare()
    made: list[str] = []
    flags = frames.status_flags
    monkeypatch.setattr(frames, "status_flags", lambda *args: (made.append(session.language), flags(*args))[1])
    for language in ("en", "en", "es", "es", "fr"):
        session.language = language
        assert model.view()["rows"] == model.view()["rows"]
    assert made == ["en", "es", "fr"]
