"""Test that the command speaks the user's language on the way in, and that its advice stays about commands."""

from __future__ import annotations

import io
import sys

import pytest
from terminals import Run

from dpyauth.command import output
from dpyauth.errors import CallTimeout
from dpyauth.sandbox import Sandbox
from dpyauth.texts import read
from dpyauth.texts.languages import available
from dpyauth.texts.said import said

TRANSLATED = [each for each in available() if each != "en"]


@pytest.fixture(params=TRANSLATED)
def language(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Set the language of the environment."""
    language: str = request.param
    monkeypatch.setenv("LANG", f"{language.replace('-', '_')}.UTF-8")
    return language


def text(language: str, key: str, file: str = "command", **values: object) -> str:
    return " ".join(str(read(language, file)[key]).format(**values).split())


def shown(text: str) -> str:
    return " ".join(text.split())


def test_a_sign_in(box: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    sample = box.options_token("rich").token
    monkeypatch.setattr(sys, "stdin", io.StringIO(sample))
    ran = run("login", "--with-token", "--app-id", box.options_app_id, "--server", box.rest)
    assert ran.status == 0, ran.err
    opening = text(language, "signed_in_as", account="").rstrip(". ")
    assert shown(ran.out).startswith(opening)
    assert f"({text(language, 'of_kind_demo')}, " in ran.out
    assert f"`dpyauth status --server {box.rest}`" in shown(ran.err)
    assert "The token" not in ran.err


def test_without_a_sign_in(run: Run, language: str) -> None:
    assert shown(run("status").err) == text(language, "log_in_first", options="")
    expected = text(language, "log_in_with_profile", profile="work", options=" --profile work")
    assert shown(run("status", "--profile", "work").err) == expected


def test_input_that_is_empty(run: Run, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    ran = run("login", "--with-token", "--app-id", "33abc")
    assert (ran.status, shown(ran.err)) == (1, text(language, "input_empty"))


def test_doctor(run: Run, language: str) -> None:
    ran = run("doctor", "--server", "http://127.0.0.1:9")
    assert ran.status == 1
    assert text(language, "group_network", "doctor") in ran.out
    ran = run("doctor", "balance")
    assert text(language, "add_replies", call="balance") in shown(ran.err)
    assert text(language, "see_help", command="dpyauth doctor") in shown(ran.err)
    ran = run("doctor", "--sandbox", "--oauth-host", "http://127.0.0.1:9")
    assert (ran.status, shown(ran.err)) == (2, text(language, "oauth_host_alone"))


def test_advice_is_about_commands_in_every_language(language: str) -> None:
    error = CallTimeout(said("http_timed_out", call="time", seconds=5))
    told = output.advice(error)
    assert text(language, "the_command") in told
    assert text(language, "the_cell") not in told
    assert "timeout=" not in told
    assert told.endswith(".")
