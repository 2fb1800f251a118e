"""The panels' words are in one place: what is used is there, what is there is used, and nothing is elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import dpyauth
from dpyauth.panels.texts import texts
from dpyauth.panels.widgets import EXPORT, IMPORT, Panel

PACKAGE = Path(dpyauth.__file__).parent
WIDGETS = PACKAGE / "panels/js"
TEXTS = PACKAGE / "panels" / "texts"


def read(files: Iterator[Path]) -> dict[str, str]:
    return {file.stem: file.read_text("utf-8") for file in sorted(files)}


def code(script: str) -> str:
    """A script or a style without its comments."""
    return re.sub(r"(?m)(^|[^:\"'`\\])//.*$", r"\1", re.sub(r"(?s)/\*.*?\*/", "", script))


ENGLISH = {name: json.loads(text) for name, text in read((TEXTS / "en").glob("*.json")).items()}
SCRIPTS = {name: code(EXPORT.sub("", IMPORT.sub("", text))) for name, text in read(WIDGETS.glob("*.js")).items()}
STYLES = {name: code(text) for name, text in read((PACKAGE / "panels/css").glob("*.css")).items()}
PYTHON = "\n".join(file.read_text("utf-8") for file in PACKAGE.rglob("*.py"))


BESIDE = {"card": "switcher", "sign-in": "switcher"}
"""Whose words a panel has beside its own."""


def panels() -> dict[str, tuple[str, dict[str, str]]]:
    """The whole script of every panel, and the words that it can use."""
    found = {}
    for each in Panel.__subclasses__():
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", each.__name__.removesuffix("Panel")).lower()
        words = texts(BESIDE.get(name, name)) | texts(name)
        found[each.__name__] = (code(str(each._esm)), words)
    return found


PANELS = panels()
LITERAL = r'"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|' + r"'(?:[^'\\\n]|\\.)*'"
USE = re.compile(r"""\b(?:panel\.)?t\(\s*"([\w-]+)"\s*([,)])""")
HOLE = re.compile(r"{(\w*)}")


def parts(text: str) -> list[str]:
    """What commas separate, but not those within brackets."""
    depth, found = 0, [""]
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if depth < 0:
            break
        if letter == "," and depth == 0:
            found.append("")
        else:
            found[-1] += letter
    return [each.strip() for each in found if each.strip()]


def test_every_panel_is_looked_at() -> None:
    assert "SignInPanel" in PANELS
    assert len(PANELS) >= len(ENGLISH) - 1


# What is in the files


@pytest.mark.parametrize("name", ENGLISH)
def test_files(name: str) -> None:
    keys = [key for key, _ in json.loads((TEXTS / "en" / f"{name}.json").read_text("utf-8"), object_pairs_hook=list)]
    assert keys == list(ENGLISH[name])  # none of them twice
    for key, text in ENGLISH[name].items():
        assert re.fullmatch("[a-z][a-z0-9_]*", key), key
        assert isinstance(text, str), key
        assert text.strip(), key
        assert all(hole.isidentifier() for hole in HOLE.findall(text)), key  # for JavaScript and for Python
        assert not re.search("[{}]", HOLE.sub("", re.sub("{{|}}", "", text))), key


def test_every_language_fills_in_the_same() -> None:
    for file in TEXTS.glob("*/*.json"):
        for key, text in json.loads(file.read_text("utf-8")).items():
            assert set(HOLE.findall(text)) == set(HOLE.findall(ENGLISH[file.stem][key])), (file, key)


# What is used


@pytest.mark.parametrize("panel", PANELS)
def test_all_that_is_used_is_there(panel: str) -> None:
    script, words = PANELS[panel]
    assert [key for key, _ in USE.findall(script) if key not in words] == []


@pytest.mark.parametrize("panel", PANELS)
def test_what_is_filled_in(panel: str) -> None:
    """t("key", { name: … }) has a value for each {name} of the text; where it is written like that."""
    script, words = PANELS[panel]
    for use in USE.finditer(script):
        key, after = use.groups()
        given = script[use.end() :].lstrip() if after == "," else "{}"
        if given.startswith("{"):
            names = {re.split(r"\W", each)[0] for each in parts(given[1:])}
            assert names == set(HOLE.findall(words[key])), key


def test_all_that_is_there_is_used() -> None:
    """As it is, or put together with something: `${verb}_named`, f"title_{call}"."""
    sources = (*SCRIPTS.values(), PYTHON)
    literals = {each[1:-1] for source in sources for each in re.findall(LITERAL, source)}
    literals |= {each for source in sources for each in re.findall(r"""["'](\w+)["']""", source)}  # within others too
    made = [re.sub(r"\$?{[^{}]*}", "@", each) for each in literals if "{" in each]
    patterns = [
        re.escape(each).replace("@", r"\w+") for each in made if re.fullmatch("@?[a-z0-9_]+@?", each) and "_" in each
    ]
    made_of_them = re.compile("|".join(patterns))
    keys = {(name, key) for name, words in ENGLISH.items() for key in words}
    assert [each for each in keys if each[1] not in literals and not made_of_them.fullmatch(each[1])] == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_have_no_words_of_their_own(script: str) -> None:
    """Of more than one word, that is, and with a capital or a full stop."""
    found = [literal[1:-1] for literal in re.findall(LITERAL, SCRIPTS[script])]
    assert [each for each in found if re.search(r"\b[A-Z][a-z]+ [a-z$]|[a-z]{2} [a-z]+[.:…?!]$", each)] == []


# Another language


def test_english_where_a_language_has_no_words(tmp_path: Path) -> None:
    for folder, name, words in (
        ("en", "common", {"yes": "Yes", "no": "No", "title": "All"}),
        ("en", "card", {"title": "Card", "more": "More"}),
        ("de", "common", {"no": "Nein"}),
        ("de", "card", {"title": "Karte"}),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / f"{name}.json").write_text(json.dumps(words))
    assert texts("card", "DE", tmp_path) == {"yes": "Yes", "no": "Nein", "title": "Karte", "more": "More"}
    english = {"yes": "Yes", "no": "No", "title": "Card", "more": "More"}
    assert texts("card", folder=tmp_path) == texts("card", "PT", tmp_path) == english
    assert texts("", "DE", tmp_path) == {"yes": "Yes", "no": "Nein", "title": "All"}


# Nothing from elsewhere

FORBIDDEN = {
    "an address": r"(?i)\b(?:https?|wss?|ftp):(?:/|\\/){2}[\w$%]",
    "eval": r"\beval\s*\(|\bnew Function\b|\bset(?:Timeout|Interval)\(\s*[\"'`]",
    "HTML": r"\b(?:inner|outer)HTML\b|\bsrcdoc\b|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment",
    "loading": r"\bimport\b|XMLHttpRequest|\bWebSocket\b|EventSource|sendBeacon|\.src\b|\bsrc:",
    "keeping": r"\b(?:local|session)Storage\b|indexedDB|document\.cookie",
}
MEANT = ("https://developers.deriv.com/", "http://www.w3.org/2000/svg")  # where a link leads to; the name of a format


@pytest.mark.parametrize("what", FORBIDDEN)
@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_load_and_keep_nothing(script: str, what: str) -> None:
    text = SCRIPTS[script]
    for address in MEANT:
        text = text.replace(address, "")
    assert re.findall(FORBIDDEN[what], text) == []


def test_one_thing_is_asked_of_the_server() -> None:
    """Whether the callback page is there, at the notebook's own server."""
    assert [name for name, script in SCRIPTS.items() for _ in re.findall(r"\bfetch\b", script)] == ["callback"]
    assert "window.location.origin" in SCRIPTS["callback"]


@pytest.mark.parametrize("style", STYLES)
def test_styles_load_nothing_and_keep_to_the_panels(style: str) -> None:
    text = STYLES[style]
    assert re.findall(r"(?i)@import|@font-face|url\(|expression\(|https?:", text) == []
    text = re.sub(r"@keyframes[^{]*{(?:[^{}]*{[^{}]*})*\s*}", "", text)
    selectors = [
        each for found in re.findall(r"([^{}]+){", text) if not found.strip().startswith("@") for each in parts(found)
    ]
    assert selectors
    assert [each for each in selectors if ".dpyauth-" not in each] == []


def test_widgets_name_no_host() -> None:
    assert not re.search(r"https?://", (PACKAGE / "panels/widgets.py").read_text("utf-8"))
