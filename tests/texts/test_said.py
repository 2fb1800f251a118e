"""Test texts of errors: English for a search, and the same in the user's language."""

from __future__ import annotations

import ast
import copy
import json
import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dpyauth
from dpyauth.errors import ApiError, DpyauthError, InvalidSetting, RedirectRefused
from dpyauth.secret import Secret
from dpyauth.settings import settings
from dpyauth.texts import listed, texts
from dpyauth.texts.languages import FOLDER, names
from dpyauth.texts.said import FILES, Said, in_language, said

PACKAGE = Path(dpyauth.__file__).parent
HOLE = re.compile(r"{(\w+)}")


def english() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("common", *FILES):
        file = FOLDER / "en" / f"{name}.json"
        held = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        assert found.keys() & held.keys() == set()  # a code means one thing
        found |= held
    return found


ENGLISH = english()


def uses() -> Iterator[tuple[str, ast.Call]]:
    """Yield each place of the package that says a text by its key."""
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "said" and node.args:
                yield f"{file.relative_to(PACKAGE)}:{node.lineno}", node


def test_every_text_that_is_said_exists_and_gets_its_values() -> None:
    wrong = []
    for where, node in uses():
        key = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
        if not isinstance(key, str) or any(each.arg is None for each in node.keywords):
            continue  # a key or values that are made of others
        text = ENGLISH.get(key)
        forms = text.values() if isinstance(text, dict) else [text or ""]
        holes = {hole for form in forms for hole in HOLE.findall(form)}
        given = {each.arg for each in node.keywords}
        if text is None or holes - given or given - holes - {"count"}:
            wrong.append(f"{where}: {key} has {sorted(holes)}, gets {sorted(map(str, given))}")
    assert wrong == []


def test_every_text_is_said() -> None:
    source = "\n".join(file.read_text("utf-8") for file in PACKAGE.rglob("*.py"))
    literals = set(re.findall(r"""["']([a-z][a-z0-9_]*)["']""", source))
    made = [re.escape(each) for each in re.findall(r"""f["']([a-z0-9_{}.]*_[a-z0-9_{}.\[\]]*)["']""", source)]
    made_of_them = re.compile("|".join(re.sub(r"\\{.*?\\}", r"\\w+", each) for each in made) or "(?!)")
    assert [key for key in ENGLISH if key not in literals and not made_of_them.fullmatch(key)] == []


def test_an_error_keeps_its_english_text_and_has_a_code() -> None:
    error = DpyauthError(said("internal", error="KeyError"))
    assert str(error) == "Internal error in dpyauth: KeyError. Try again."
    assert error.code == "internal"
    assert error.in_language("en") == str(error)
    for language in names():
        assert "KeyError" in error.in_language(language)
    assert error.in_language("es") != str(error)
    assert error.in_language("es-MX") == error.in_language("es")
    assert error.in_language("de") == str(error)


def test_an_error_of_other_words_stays_as_it_is() -> None:
    error = DpyauthError("Deriv says so.")
    assert (error.code, error.in_language("es")) == ("", "Deriv says so.")


def test_derivs_code_wins() -> None:
    text = said("internal", error="x")
    assert ApiError(text, code="InvalidToken").code == "InvalidToken"
    assert RedirectRefused(text, code="expired").code == "expired"
    assert ApiError(text).code == "internal"


def test_notes_are_translated_too() -> None:
    error = DpyauthError("First.")
    error.add_note(said("other_account"))
    error.add_note("As it is.")
    spanish = in_language(said("other_account"), "es")
    assert error.in_language("es") == f"First. {spanish} As it is."


def test_texts_within_texts() -> None:
    inner = said("other_account")
    text = said("internal", error=[inner, "x"])
    assert in_language(text, "fr").count(in_language(inner, "fr")) == 1
    assert inner in text


def test_a_text_within_the_text_of_a_panel() -> None:
    inner = said("other_account")
    assert texts("card", language="es")("light", check=inner, word="x") == f"{in_language(inner, 'es')}: x"
    assert listed([inner, "x"], "es", "or") == f"{in_language(inner, 'es')} o x"


@pytest.mark.parametrize("language", ["en", "es", "fr", "pt-BR"])
def test_no_secret_in_any_language(language: str) -> None:
    secret = Secret("canary-in-a-text")
    error = DpyauthError(said("internal", error=["canary-in-a-text", said("internal", error="canary-in-a-text")]))
    error.add_note(said("internal", error="canary-in-a-text"))
    for copied in (error, error.copy(), pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert "canary" not in copied.in_language(language)
        assert "canary" not in repr(copied.__dict__)
    assert secret.reveal() == "canary-in-a-text"


def test_a_text_survives_copies() -> None:
    text = said("internal", error="x")
    for copied in (copy.copy(text), copy.deepcopy(text), pickle.loads(pickle.dumps(text))):
        assert isinstance(copied, Said)
        assert (copied, copied.key, in_language(copied, "es")) == (text, "internal", in_language(text, "es"))
    error = pickle.loads(pickle.dumps(InvalidSetting(text, field="x")))
    assert (error.code, error.field, error.in_language("es")) == ("internal", "x", in_language(text, "es"))


def test_a_wrong_language_says_what_to_write() -> None:
    with pytest.raises(InvalidSetting, match="'ES' or 'pt-BR'"):
        settings(language="Spanish")


def test_no_secret_in_a_value_of_another_type() -> None:
    secret = Secret("canary-in-a-path")
    error = DpyauthError(said("internal", error=Path("canary-in-a-path")))
    assert error.code == "internal"
    for told in (str(error), error.in_language("es"), repr(error.copy().__dict__)):
        assert "canary" not in told
    assert secret.reveal() == "canary-in-a-path"
