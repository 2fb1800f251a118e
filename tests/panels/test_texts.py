"""Test that all texts of the panels are in one place: every text that is used exists, and every text is used."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import dpyauth
from dpyauth.panels.widgets import EXPORT, IMPORT, Panel
from dpyauth.texts import Words, texts
from dpyauth.texts import read as stored
from dpyauth.texts.said import FILES

PACKAGE = Path(dpyauth.__file__).parent
WIDGETS = PACKAGE / "panels/js"
TEXTS = PACKAGE / "texts"


def read(files: Iterator[Path]) -> dict[str, str]:
    return {file.stem: file.read_text("utf-8") for file in sorted(files)}


def code(script: str) -> str:
    """Return a script or a style without its comments."""
    return re.sub(r"(?m)(^|[^:\"'`\\])//.*$", r"\1", re.sub(r"(?s)/\*.*?\*/", "", script))


NOT_OF_PANELS = {
    "calls",
    "command",
    "doctor",
    "errors",
    "fields",
    "meanings",
    "pages",
    "prompt",
    "samples",
    "session",
    "summaries",
}
ENGLISH = {
    name: {key: text if isinstance(text, str) else text["other"] for key, text in json.loads(content).items()}
    for name, content in read((TEXTS / "en").glob("*.json")).items()
    if name not in NOT_OF_PANELS
}
SCRIPTS = {name: code(EXPORT.sub("", IMPORT.sub("", text))) for name, text in read(WIDGETS.glob("*.js")).items()}
STYLES = {name: code(text) for name, text in read((PACKAGE / "panels/css").glob("*.css")).items()}
PYTHON = "\n".join(file.read_text("utf-8") for file in PACKAGE.rglob("*.py"))


BESIDE = {"card": "switcher", "sign-in": "switcher"}
"""Panels whose texts a panel uses in addition to its own."""


def panels() -> dict[str, tuple[str, Words]]:
    """Yield the whole script of every panel, and the texts that it can use."""
    found = {}
    for each in Panel.__subclasses__():
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", each.__name__.removesuffix("Panel")).lower()
        words = texts(BESIDE.get(name, name), name, language="en")
        found[each.__name__] = (code(str(each._esm)), words)
    return found


PANELS = panels()
LITERAL = r'"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|' + r"'(?:[^'\\\n]|\\.)*'"
USE = re.compile(r"""\b(?:panel\.)?t\(\s*"([\w-]+)"\s*([,)])""")
HOLE = re.compile(r"{(\w*)}")


def parts(text: str) -> list[str]:
    """Split at commas, but not inside brackets."""
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


def test_every_panel_is_checked() -> None:
    assert "SignInPanel" in PANELS
    assert len(PANELS) >= len({*ENGLISH} - {"plots", "report"}) - 1


# The files


@pytest.mark.parametrize("name", ENGLISH)
def test_files(name: str) -> None:
    keys = [key for key, _ in json.loads((TEXTS / "en" / f"{name}.json").read_text("utf-8"), object_pairs_hook=list)]
    assert keys == list(ENGLISH[name])  # no key twice
    for key, text in ENGLISH[name].items():
        assert re.fullmatch("[a-z][a-z0-9_]*", key), key
        assert isinstance(text, str), key
        assert text.strip(), key
        assert all(hole.isidentifier() for hole in HOLE.findall(text)), key  # for JavaScript and for Python
        assert not re.search("[{}]", HOLE.sub("", re.sub("{{|}}", "", text))), key


def test_texts_that_are_found_by_their_key_alone_have_one_of_their_own() -> None:
    """One key in two of these files would say the text of the wrong one."""
    keys = [key for name in ("common", *FILES) for key in stored("en", name)]
    assert sorted(key for key in set(keys) if keys.count(key) > 1) == []


# Use


@pytest.mark.parametrize("panel", PANELS)
def test_every_used_text_exists(panel: str) -> None:
    script, words = PANELS[panel]
    assert [key for key, _ in USE.findall(script) if key not in words] == []


@pytest.mark.parametrize("panel", PANELS)
def test_placeholders_have_values(panel: str) -> None:
    """Check that t("key", { name: … }) has a value for each {name} of the text, for calls written in this form."""
    script, words = PANELS[panel]
    for use in USE.finditer(script):
        key, after = use.groups()
        given = script[use.end() :].lstrip() if after == "," else "{}"
        if given.startswith("{"):
            names = {re.split(r"\W", each)[0] for each in parts(given[1:])}
            assert names == set(HOLE.findall(words[key])), key


def test_every_text_is_used() -> None:
    """Keys may be written literally or composed: `${verb}_named`, f"title_{call}"."""
    sources = (*SCRIPTS.values(), PYTHON)
    literals = {each[1:-1] for source in sources for each in re.findall(LITERAL, source)}
    # Inside other texts too:
    literals |= {each for source in sources for each in re.findall(r"""["'](\w+)["']""", source)}
    made = [re.sub(r"\$?{[^{}]*}", "@", each) for each in literals if "{" in each]
    patterns = [
        re.escape(each).replace("@", r"\w+") for each in made if re.fullmatch("@?[a-z0-9_]+@?", each) and "_" in each
    ]
    made_of_them = re.compile("|".join(patterns))
    keys = {(name, key) for name, words in ENGLISH.items() for key in words}
    assert [each for each in keys if each[1] not in literals and not made_of_them.fullmatch(each[1])] == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_contain_no_texts(script: str) -> None:
    """Only texts of more than one word, with a capital letter or a full stop, count."""
    found = [literal[1:-1] for literal in re.findall(LITERAL, SCRIPTS[script])]
    assert [each for each in found if re.search(r"\b[A-Z][a-z]+ [a-z$]|[a-z]{2} [a-z]+[.:…?!]$", each)] == []


# Nothing is loaded from elsewhere

FORBIDDEN = {
    "an address": r"(?i)\b(?:https?|wss?|ftp):(?:/|\\/){2}[\w$%]",
    "eval": r"\beval\s*\(|\bnew Function\b|\bset(?:Timeout|Interval)\(\s*[\"'`]",
    "HTML": r"\b(?:inner|outer)HTML\b|\bsrcdoc\b|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment",
    "loading": r"\bimport\b|XMLHttpRequest|\bWebSocket\b|EventSource|sendBeacon|\.src\b|\bsrc:",
    "keeping": r"\b(?:local|session)Storage\b|indexedDB|document\.cookie",
}
MEANT = ("https://developers.deriv.com/", "http://www.w3.org/2000/svg")  # the address of a link; the name of a format


@pytest.mark.parametrize("what", FORBIDDEN)
@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_load_and_store_nothing(script: str, what: str) -> None:
    text = SCRIPTS[script]
    for address in MEANT:
        text = text.replace(address, "")
    assert re.findall(FORBIDDEN[what], text) == []


def test_the_only_request_to_the_server() -> None:
    """The only request asks the notebook's own server whether the callback page exists."""
    assert [name for name, script in SCRIPTS.items() for _ in re.findall(r"\bfetch\b", script)] == ["callback"]
    assert "window.location.origin" in SCRIPTS["callback"]


@pytest.mark.parametrize("style", STYLES)
def test_styles_load_nothing_and_apply_only_to_panels(style: str) -> None:
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
