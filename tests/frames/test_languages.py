"""Test that the meanings in frames follow the language, and nothing else does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import dpyauth
from dpyauth import frames
from dpyauth.catalog.calls import load
from dpyauth.frames import Context
from dpyauth.frames.cashier import REASONS
from dpyauth.frames.flags import FLAGS
from dpyauth.notes import PeriodWarning
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.texts import read, texts
from dpyauth.texts.languages import available

OTHERS = sorted(available().keys() - {"en"})
CODES = [code for codes in REASONS.values() for code in codes]
FIELDS = [name.removeprefix("field_") for name in read("en", "meanings") if name.startswith("field_")]

BUILD: dict[str, Callable[[Context | None], pd.DataFrame]] = {
    "flags": lambda context: frames.status_flags({"status": [*FLAGS, "flag_of_tomorrow"]}, context),
    "cashier": lambda context: frames.cashier_problems(
        {"cashier_validation": [*CODES, "CodeOfTomorrow"], "cashier_missing_fields": [*FIELDS, "shoe_size"]}, context
    ),
    "limits": lambda context: frames.limits({"payout": 1, "limit_of_tomorrow": 2}, context),
}


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", BUILD)
def test_only_the_meanings_follow_the_language(name: str, language: str) -> None:
    english, other = (BUILD[name](Context("any", language=tag)) for tag in ("en", language))
    pd.testing.assert_frame_equal(english.drop(columns="meaning"), other.drop(columns="meaning"))
    pd.testing.assert_series_equal(english["meaning"].isna(), other["meaning"].isna())
    known = english["meaning"].notna()
    assert (english["meaning"] != other["meaning"])[known].all()


@pytest.mark.parametrize("name", BUILD)
def test_without_a_language_meanings_are_in_english(name: str) -> None:
    english = BUILD[name](Context("any", language="en"))["meaning"]
    for context in (None, Context("any"), Context("any", language="tlh")):
        pd.testing.assert_series_equal(BUILD[name](context)["meaning"], english)


def test_every_text_is_the_meaning_of_something() -> None:
    shown = pd.concat([build(None)["meaning"] for build in BUILD.values()]).dropna().tolist()
    words = texts("meanings", language="en")
    missing = words["cashier_missing"]
    fields = {name: missing.format(field=words[name]) for name in words if name.startswith("field_")}
    named = {key for key in read("en", "meanings") if key.startswith(("flag_", "cashier_", "field_", "limit_"))}
    for key in named - {"cashier_missing"}:
        assert fields.get(key, words[key]) in shown, key


def test_a_field_that_is_not_known_keeps_its_code() -> None:
    problems = BUILD["cashier"](Context("any", language="es"))
    assert problems["meaning"].iloc[-1] == "Completa este campo en tus datos personales de Deriv: shoe_size."


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("api", ["v3", "options"])
def test_the_purpose_of_every_call_follows_the_language(api: str, language: str) -> None:
    english, other = (frames.calls(load(api), lambda call: None, language=tag) for tag in ("en", language))
    pd.testing.assert_frame_equal(english.drop(columns="summary"), other.drop(columns="summary"))
    assert (english["summary"] != other["summary"]).mean() > 0.95  # some are the same word


QUESTIONS: dict[str, Callable[[Any], Any]] = {
    "status_flags": lambda session: session.status_flags(),
    "limits": lambda session: session.limits(),
    "limits of all": lambda session: session.limits(account="all"),
    "calls": lambda session: session.calls(),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_session_answers_in_its_language(session: Session, question: str) -> None:
    said = []
    for language in ("en", "es", "en"):
        session.language = language
        frame = QUESTIONS[question](session)
        said.append(frame["summary" if question == "calls" else "meaning"].dropna().tolist())
    assert said[0] == said[2]
    assert said[0] != said[1] != []


def test_so_does_an_asynchronous_one(session: Session) -> None:
    session.language = "fr"
    meanings = asyncio.run(_limits(session))["meaning"].dropna().tolist()
    assert meanings[0] == read("fr", "meanings")["limit_account_balance"]


async def _limits(session: Session) -> pd.DataFrame:
    return await session.aio.limits()


def test_so_does_a_fleet(box: Sandbox) -> None:
    place: dict[str, Any] = {"server": box.url, "app_id": box.app_id}
    with dpyauth.fleet({"Ann": "sandbox-rich-all"}, language="pt_BR", **place) as members:
        meanings = members.limits()["meaning"].dropna().tolist()
    assert meanings[0] == read("pt-BR", "meanings")["limit_account_balance"]


def test_a_note_on_a_frame_is_in_the_language_and_its_warning_in_english() -> None:
    rows = [{"id": name, "created_time": second} for name, second in (("a", 1_767_312_000), ("b", 1_767_398_400))]
    reply = {"echo_req": {"date_from": "2026-01-02", "date_to": "2026-01-02"}, "p2p_order_list": {"list": rows}}
    with pytest.warns(PeriodWarning, match="Deriv also sent 1 row from outside the period asked for; it was left out"):
        frame = frames.generic(load("v3")["p2p_order_list"], reply, Context("p2p_order_list", api="v3", language="es"))
    assert frame.attrs["note"] == "Deriv envió también 1 fila de fuera del periodo pedido; se omitió."
    assert type(frame.attrs["note"]) is str  # to be read back where dpyauth is not installed
