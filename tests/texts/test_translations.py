"""Test that every language says what English says: nothing missing, nothing left over, the same placeholders.

Each finding names the file and the key. For a new language, add its folder to ``dpyauth/texts``, and run this.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from babel import Locale

from dpyauth.texts.languages import available, names

FOLDERS = dict(available())
ENGLISH = FOLDERS.pop("en")
FILES = sorted(file.stem for file in ENGLISH.glob("*.json"))
CATEGORIES = frozenset({"zero", "one", "two", "few", "many", "other"})
HOLE = re.compile(r"{(\w+)}")

Forms = dict[str, str]


def flat(found: dict[str, Any], path: str = "") -> Iterator[tuple[str, Forms]]:
    """Yield the forms of each text by its key. A text without plural forms has only ``other``."""
    for key, text in found.items():
        if isinstance(text, str):
            yield path + key, {"other": text}
        elif set(text) <= CATEGORIES:
            yield path + key, text
        else:
            yield from flat(text, f"{path}{key}: ")


def read(language: str, name: str) -> dict[str, Forms]:
    file = {**FOLDERS, "en": ENGLISH}[language] / f"{name}.json"
    return dict(flat(json.loads(file.read_text(encoding="utf-8")))) if file.is_file() else {}


def holes(text: str) -> list[str]:
    return sorted(set(HOLE.findall(text)))


def needed(language: str) -> set[str]:
    """Return the plural categories that whole numbers have in a language."""
    plural = Locale.parse(language, sep="-").plural_form
    return {plural(count) for count in range(1001)}


each_language = pytest.mark.parametrize("language", FOLDERS)
each_file = pytest.mark.parametrize("name", FILES)


def test_there_are_several_languages() -> None:
    assert {"en", "es", "fr", "pt-BR"} <= set(names())
    assert len(set(names().values())) == len(names())


@pytest.mark.parametrize("language", [*FOLDERS, "en"])
def test_a_folder_is_named_by_a_tag_that_babel_knows(language: str) -> None:
    assert str(Locale.parse(language, sep="-")) == language.replace("-", "_")


@each_language
def test_a_language_has_no_other_files(language: str) -> None:
    assert sorted(file.name for file in FOLDERS[language].iterdir()) == [f"{name}.json" for name in FILES]


@each_file
@each_language
def test_every_text_is_translated(language: str, name: str) -> None:
    theirs, ours = read(language, name), read("en", name)
    assert [key for key in ours if key not in theirs] == []


@each_file
@each_language
def test_no_text_is_left_over(language: str, name: str) -> None:
    theirs, ours = read(language, name), read("en", name)
    assert [key for key in theirs if key not in ours] == []


@each_file
@each_language
def test_the_placeholders_are_the_same(language: str, name: str) -> None:
    theirs, ours = read(language, name), read("en", name)
    wrong = [
        f"{key}: {form}"
        for key, forms in theirs.items()
        for category, form in forms.items()
        # A form for one certain number may leave that number out.
        if key in ours and holes(form) != holes(ours[key]["other"])
        if category == "other" or {*holes(form), "count"} != {*holes(ours[key]["other"]), "count"}
    ]
    assert wrong == []


@each_file
@each_language
def test_plurals_have_the_forms_of_the_language(language: str, name: str) -> None:
    theirs, ours = read(language, name), read("en", name)
    plural = {key for key, forms in ours.items() if len(forms) > 1}
    assert {key: set(theirs[key]) for key in plural & theirs.keys() if not needed(language) <= set(theirs[key])} == {}
    assert [key for key in theirs if len(theirs[key]) > 1 and key not in plural] == []


@each_file
@each_language
def test_no_sentence_is_still_in_english(language: str, name: str) -> None:
    theirs, ours = read(language, name), read("en", name)
    same = [key for key, forms in theirs.items() if forms["other"] == ours.get(key, {}).get("other")]
    same = [key for key in same if not key.endswith("_code")]  # Python
    assert [key for key in same if len(re.findall(r"[a-z]{2,}", HOLE.sub("", ours[key]["other"]))) > 2] == []


@each_file
@pytest.mark.parametrize("language", [*FOLDERS, "en"])
def test_texts_are_whole(language: str, name: str) -> None:
    """Check that a text is not empty, has no stray braces or spaces, and ends as it does in English."""
    ours = read("en", name)
    for key, forms in read(language, name).items():
        for category, form in forms.items():
            english = ours[key].get(category, ours[key]["other"])
            assert form.strip() == form != "", key
            assert "  " not in form, key
            assert not re.search("[{}]", HOLE.sub("", re.sub("{{|}}", "", form))), key
            assert form.count("\n") == english.count("\n"), key
            assert (form[-1] in ".?!…:") == (english[-1] in ".?!…:"), key


@each_file
@pytest.mark.parametrize("language", [*FOLDERS, "en"])
def test_no_key_is_written_twice(language: str, name: str) -> None:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys)), [key for key in keys if keys.count(key) > 1]
        return dict(pairs)

    file = {**FOLDERS, "en": ENGLISH}[language] / f"{name}.json"
    if file.is_file():
        json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=once)
