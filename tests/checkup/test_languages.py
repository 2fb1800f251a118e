"""Test that the check-up speaks the user's language: nothing in English is left, and codes stay as they are."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import dpyauth
from dpyauth import _environment
from dpyauth.catalog.calls import load
from dpyauth.checkup import Checkup, asking, doctor, drift, hosts, machine, notebook, samples
from dpyauth.checkup.asking import Asked
from dpyauth.checkup.check_rows import Row, clauses, guarded, heard
from dpyauth.checkup.drift import Comparison, Finding
from dpyauth.checkup.result import replies_row
from dpyauth.errors import DpyauthError, InvalidRequest, InvalidSetting, NotSignedIn
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.texts import read
from dpyauth.texts.languages import available
from dpyauth.texts.said import FILES, said

Open = Callable[..., Session]

TRANSLATED = [each for each in available() if each != "en"]
SOURCES = Path(dpyauth.__file__).parent
each_language = pytest.mark.parametrize("language", TRANSLATED)

CODES = re.compile(
    r"`[^`]*`|https?://\S+|socks5h://|@[\w/-]+|\w+\.\w+\([^)]*\)|print\(_\)|[A-Z]+(_[A-Z]+)+|\S*[._]\S*[\w]|“[^”]*”|«[^»]*»"
    r"|ask=\S+|pip install ipywidgets anywidget"
)
"""Pattern of code, addresses, names of packages and fields, and quoted names."""


def words_of(text: object) -> set[str]:
    return {word.casefold() for word in re.findall(r"[^\W\d_]{3,}", CODES.sub(" ", str(text)))}


def vocabulary(language: str) -> set[str]:
    """Return all words of the texts in a language."""
    found: set[str] = set()
    for name in ("common", *FILES):
        found |= words_of(" ".join(flat(read(language, name))))
    return found


def flat(found: Any) -> Iterator[str]:
    for text in found.values():
        yield from flat(text) if isinstance(text, dict) else [re.sub(r"{\w*}", " ", text)]


def in_english(language: str, text: object) -> set[str]:
    """Return the words of a text that are in our English texts and in none of this language."""
    packages = words_of(re.sub(r"[^\w\n-].*", "", "\n".join(metadata.requires("dpyauth") or [])))
    return (words_of(text) & vocabulary("en")) - vocabulary(language) - packages


def everything(checkup: Checkup) -> str:
    page = re.sub(r"<[^>]*>", " ", checkup._repr_html_())
    frames = [
        checkup.checks[["group", "check", "found", "advice"]],
        checkup.calls[["why"]],
        checkup.findings[["field", "documented", "found"]],
    ]
    return " ".join([str(checkup), page, *(text for frame in frames for text in frame.stack().dropna())])


# Which language


def test_the_language_of_the_session_then_of_the_environment(
    open_options: Open, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "fr_FR.UTF-8")
    assert " problème, " in str(doctor(server=box.rest))
    session = open_options("rich")
    session.language = "pt-BR"
    assert "Versões" in str(doctor(session))
    assert "Versiones" in str(doctor(session, language="ES"))
    assert "Versions" in str(doctor(session, language="en"))


def test_a_language_that_is_none(box: Sandbox) -> None:
    with pytest.raises(InvalidSetting, match="language must be a code"):
        doctor(server=box.rest, language="Klingon, please")
    assert "Versions" in str(doctor(server=box.rest, language="ja"))


# What is in it


@each_language
def test_a_real_check_up_is_in_the_language(box: Sandbox, open_options: Open, language: str) -> None:
    session = open_options("rich")
    box.faults.edit(lambda reply: reply["data"][0].update(tier="gold", currency=5), "get_accounts")
    box.faults.error("PermissionDenied", "time")
    checkup = doctor(session, replies=True, language=language)
    assert len(checkup.findings) == 2
    assert in_english(language, everything(checkup)) <= load("options").keys()


@each_language
def test_every_check_of_the_machine_is_in_the_language(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    monkeypatch.setattr(machine.metadata, "version", lambda name: "0.1")
    monkeypatch.setattr(machine, "system_has_roots", lambda: False)
    monkeypatch.setattr(asyncio, "_nest_patched", True, raising=False)
    monkeypatch.setattr("dpyauth.nested.version_numbers", lambda name: (7, 4) if name == "ipykernel" else ())
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for variable, value in {"HTTP_PROXY": "x", "HTTPS_PROXY": "socks5://a:1", "WSS_PROXY": "a?b@c"}.items():
        monkeypatch.setenv(variable, value)
    rows = [*machine.versions(), *machine.network()]
    assert {row.result for row in rows} == {"ok", "problem"}
    assert in_english(language, everything(Checkup(rows, None, language=language))) == set()


@each_language
@pytest.mark.parametrize("attended", [True, False])
def test_every_front_end_is_in_the_language(monkeypatch: pytest.MonkeyPatch, language: str, attended: bool) -> None:
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *parts: ["/nowhere"])
    monkeypatch.setattr(_environment, "has_user", lambda: attended)
    outside = list(notebook.looks())
    monkeypatch.setattr(
        _environment, "kernel_shell", lambda: SimpleNamespace(kernel=SimpleNamespace(_allow_stdin=attended))
    )
    monkeypatch.setenv("SSH_CONNECTION", "1")
    rows = [*outside, *notebook.looks(), asyncio.run(notebook.callback_page(1.0))]
    assert len(rows) == 7
    assert in_english(language, everything(Checkup(rows, None, language=language))) == set()


# What stays


@each_language
def test_codes_names_and_numbers_stay(language: str) -> None:
    came = Comparison()
    came.findings[Finding("data[].tier", "unknown field", "", drift._FOUND["string"])] += 3
    asked = [
        Asked("ping", "asked"),
        Asked("wallets", "asked", "", came),
        Asked("balance", "refused", "PermissionDenied"),
        Asked("time", "no answer", "CallTimeout"),
        Asked("logout", "skipped", said("why_streams")),
        Asked("buy", "left out", said("why_changes")),
    ]
    rows = [Row("A", "b", "problem", "c"), replies_row(asked, "Deriv")]
    english, theirs = Checkup(rows, asked, now=0), Checkup(rows, asked, now=0, language=language)
    for one in (english, theirs):
        assert one.problems == 2
        assert one.checks["result"].tolist() == ["problem", "problem"]
        assert one.calls["outcome"].tolist() == ["asked", "asked", "refused", "no answer", "skipped", "left out"]
        assert one.findings["finding"].tolist() == ["unknown field"]
        assert one.calls["why"].tolist()[2:4] == ["PermissionDenied", "CallTimeout"]
    assert english.to_dict().keys() == theirs.to_dict().keys()
    assert english.to_dict()["at"] == theirs.to_dict()["at"] == "1970-01-01 00:00 UTC"
    assert theirs.findings["found"].tolist() == [{"es": "texto", "fr": "texte", "pt-BR": "texto"}[language]]
    assert str(theirs) != str(english)


def test_plurals_and_numbers() -> None:
    def title(language: str, count: int) -> str:
        return str(Checkup([Row("", "a", "problem", "b")] * count, None, now=0, language=language)).splitlines()[0]

    assert title("en", 0).endswith(": 0 problems, 0 notes")
    assert title("fr", 0).endswith("\u00a0: 0 problème, 0 remarque")
    assert title("es", 1).endswith(": 1 problema, 0 avisos")
    assert title("pt-BR", 2).endswith(": 2 problemas, 0 aviso")
    clock = hosts.Clock(ahead=-1234567.8)
    assert hosts.clock_row(clock).found == "is 1,234,568 s behind Deriv's"
    assert "1.234.568 s" in hosts.clock_row(clock).in_language("es").found
    assert "1\u202f234\u202f568 s" in hosts.clock_row(clock).in_language("fr").found


# Nothing private or hostile gets through


@each_language
def test_hostile_values_stay_escaped_and_nobody_is_named(language: str) -> None:
    hostile = said("replies_with_error", code="<img src=x onerror=alert(1)> jane@example.org CR900001 {count}")
    came = Comparison()
    came.findings[Finding("<b>.{}", "unknown field", "", "<script>")] += 1
    asked = [Asked("<i>", "refused", "<u>", came), Asked("x", "asked", "", came)]
    rows = [Row("<s>", said("check_http", host="<a href=x>"), "note", heard(hostile), heard(hostile))]
    checkup = Checkup(rows, asked, language=language)
    page = checkup._repr_html_()
    for tag in ("<img", "<b>", "<script", "<i>", "<u>", "<s>", "<a "):
        assert tag not in page
    assert "&lt;img src=x" in page
    for word in ("jane", "example.org", "CR900001"):
        assert word not in f"{page}{checkup}{json.dumps(checkup.to_dict())}"


@each_language
def test_the_home_folder_is_not_named_in_another_language(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    def fail() -> Iterator[Row]:
        yield Row("A", "b", "note", clauses(said("package_missing", package=f"{Path.home()}/x"), "y"))

    (row,) = guarded("A", "b", fail)
    assert "~/x" in row.in_language(language).found
    assert str(Path.home()) not in row.in_language(language).found


# Errors and the command line


@each_language
@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"server": "http://127.0.0.1:9", "replies": True}, "nothing_to_compare"),
        ({"replies": []}, "replies_not_calls"),
    ],
)
def test_errors_are_translated_and_have_codes(language: str, options: dict[str, Any], code: str) -> None:
    with pytest.raises((NotSignedIn, InvalidSetting)) as raised:
        doctor(**options)
    error: DpyauthError = raised.value
    assert error.code == code
    assert str(error) == read("en", "doctor")[code]
    assert error.in_language(language) == read(language, "doctor")[code]


def test_a_call_that_changes_something(open_options: Open) -> None:
    with pytest.raises(InvalidRequest) as raised:
        asking.ask_all(open_options("rich"), ["buy"])
    assert raised.value.code == "doctor_only_reads"
    assert "“buy”" in raised.value.in_language("es")


# The texts


def test_every_text_of_the_check_up_and_the_command_is_used() -> None:
    code = "\n".join(
        file.read_text("utf-8") for room in ("checkup", "command") for file in (SOURCES / room).glob("*.py")
    )
    code += (SOURCES / "nested.py").read_text("utf-8")
    used = set(re.findall(r'"(\w+)"', code)) | {*samples.NOT_ASKED.values()}
    made = ("result_", "outcome_", "finding_", "column_", "state_", "account_", "kind_", "of_kind_")
    texts = {**read("en", "doctor"), **read("en", "command")}
    assert [key for key in texts if key not in used and not key.startswith(made)] == []
