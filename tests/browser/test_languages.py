"""Test every panel in every language: whether the words fit, whether all follow a change, and whether all are there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from side_by_side import MISPLACED, Panels, narrow, wait_for

from dpyauth.texts import languages, read, texts
from dpyauth.texts.languages import FOLDER, available

pytestmark = pytest.mark.browser

PSEUDO, LONGEST = "en-IE", "en-NZ"
"""English with strange letters, longer and in brackets; and for each text the longest that any language has."""
LANGUAGES = tuple(each for each in available() if each != "en")
HOLE = re.compile(r"{{|}}|{\w*}")
STRANGE = str.maketrans("aceinouyACEINOUY", "åçéîñöüýÅÇÉÎÑÖÜÝ")
NOT_WORDS = ("dir", "language_name")

# Everything that is too wide for its place: of texts in fields and choices, too.
CUT = """() => {
  const pen = document.createElement("canvas").getContext("2d");
  const found = [];
  const note = (what, node, text) =>
    found.push([what, `${node.closest("main > div").id}: ${node.tagName}.${node.className}`, text.slice(0, 60)]);
  for (const node of document.querySelectorAll(".dpyauth-panel *")) {
    if (!node.checkVisibility() || node.closest(".dpyauth-unseen, option")) continue;
    const style = getComputedStyle(node);
    const scrolls = ["auto", "scroll"].includes(style.overflowX);
    if (node.matches("select, input[placeholder]")) {
      pen.font = style.font;
      const text = node.placeholder ?? node.selectedOptions[0]?.text ?? "";
      const arrow = node.matches("select") ? 20 : 0;
      const room = node.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) - arrow;
      if (pen.measureText(text).width > room + 1) note("cut off", node, text);
    } else if (!scrolls && !node.title && node.clientWidth && node.scrollWidth > node.clientWidth + 1) {
      note("too wide", node, node.textContent);
    }
  }
  return found;
}"""

# All words that can be seen, heard or pointed at; what is folded away, too. Not what the user or Deriv has written as
# code.
SAID = """() => {
  const found = [];
  const code = "pre, code, .dpyauth-table, .dpyauth-dtype, [dir=ltr]:not(.dpyauth-panel), style";
  for (const room of document.querySelectorAll("main > div")) {
    const walker = document.createTreeWalker(room, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const { data, parentElement } = walker.currentNode;
      const spoken = !parentElement.closest(`${code}, [hidden]`) && parentElement.value !== data;
      if (data.trim() && spoken) found.push([room.id, data.trim()]);
    }
    for (const node of room.querySelectorAll("*"))
      for (const name of ["aria-label", "placeholder", "title", "alt"])
        if (node.getAttribute(name)) found.push([room.id, node.getAttribute(name)]);
  }
  return found;
}"""

Speak = Callable[[str], None]


def stretched(text: str) -> str:
    """Return a text in strange letters, longer by two fifths, in brackets. Its placeholders stay."""
    parts = re.split(f"({HOLE.pattern})", text)
    strange = "".join(part if HOLE.fullmatch(part) else part.translate(STRANGE) for part in parts)
    words = ["öñé", "tŵô", "þréé", "ƒöûŕ", "ƒîvé", "šîx", "šévéñ", "éîĝĥţ", "ñîñé", "ţéñ", ""]
    more, nth = "", 0
    while len(more) < len(text) * 0.4:
        more += f" {words[nth % len(words)]}"
        nth += 1
    return f"[{strange}{more}]"


def changed(found: dict[str, Any], change: Callable[[list[str], str], str], path: tuple[str, ...] = ()) -> Any:
    """Return a file of texts with a change made to each text; `change` gets the path to it and the text."""
    return {
        key: value
        if key in NOT_WORDS
        else changed(value, change, (*path, key))
        if isinstance(value, dict)
        else change([*path, key], value)
        for key, value in found.items()
    }


def longest(file: str, path: list[str], english: str) -> str:
    """Return the longest of what the languages say."""
    said = [english]
    for language in LANGUAGES:
        found: Any = read(language, file)
        for key in path:
            found = found.get(key, {})
        said.append(found or "")
    return max(said, key=len)


@pytest.fixture(scope="module", autouse=True)
def more_languages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Add two languages, as a translator would: in folders beside the others."""
    folder = tmp_path_factory.mktemp("texts")
    for name, each in available().items():
        (folder / name).symlink_to(each)
    for file in (FOLDER / "en").glob("*.json"):
        english = json.loads(file.read_text("utf-8"))
        made = {
            PSEUDO: changed(english, lambda path, text: stretched(text)),
            LONGEST: changed(english, lambda path, text, name=file.stem: longest(name, path, text)),  # type: ignore[misc]
        }
        for language, found in made.items():
            (folder / language).mkdir(exist_ok=True)
            (folder / language / file.name).write_text(json.dumps(found), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for function in (available.__wrapped__, languages.negotiated, read.__wrapped__):
            patch.setattr(function, "__defaults__", (folder,))
        patch.setitem(texts.__wrapped__.__kwdefaults__, "folder", folder)  # type: ignore[arg-type]
        available.cache_clear()
        yield
    available.cache_clear()


@pytest.fixture
def speak(page: Page, models: Panels) -> Iterator[Speak]:
    """Changes the language of all sessions, and brings the panels what their widgets and models say then."""

    def speak(language: str) -> None:
        page.evaluate("() => Object.values(rooms).forEach(({ sent }) => sent.splice(0))")
        for name, (_, model, told) in models.items():
            model.session.core.speak(language)
            page.evaluate(
                "([name, state]) => change(name, state)", [name, {"texts": model.words, "view": model.view()}]
            )
            asked = page.evaluate("(name) => rooms[name].sent.splice(0)", name)
            told.clear()
            for message in asked:
                model.receive(message)
            if any(each["do"] == "replay" for each in asked):
                wait_for(lambda told=told: told)  # type: ignore[misc]
            page.evaluate("([name, told]) => tell(name, told)", [name, told])

    yield speak
    speak("en")


@pytest.mark.parametrize("language", [*LANGUAGES, PSEUDO, LONGEST])
def test_words_fit(page: Page, speak: Speak, language: str) -> None:
    """In a narrow column nothing sticks out, overlaps or is cut off, whatever the language."""
    narrow(page, 480)
    speak(language)
    expect(page.locator("#card .dpyauth-panel")).to_have_attribute("lang", language)
    found = page.evaluate(MISPLACED) + page.evaluate(CUT)
    print(f"{language}: {len(found)} overflows")
    assert found == []


MOMENTS: dict[str, dict[str, Any]] = {
    "busy": {"phase": "busy"},
    "in the browser": {"phase": "browser"},
    "back by itself": {"phase": "browser", "listening": True},
    "from the browser": {"phase": "browser", "held": ["CR900001", "CR900002", "VRTC900003"]},
}
"""Moments of a sign-in that pass by, as what the view has then."""


@pytest.mark.parametrize("language", [*LANGUAGES, PSEUDO, LONGEST])
def test_words_of_moments_fit(page: Page, speak: Speak, models: Panels, language: str) -> None:
    """The same for a sign-in that is under way."""
    narrow(page, 480)
    speak(language)
    foreign = vocabulary("en") - vocabulary(language) if language in LANGUAGES else set()
    for moment, more in MOMENTS.items():
        view = {**models["sign-in"][1].view(), **more}
        page.evaluate("(view) => change('sign-in', { view })", view)
        assert page.evaluate(MISPLACED) + page.evaluate(CUT) == [], moment
        said = [
            text for room, text in page.evaluate(SAID) if room == "sign-in" and text not in languages.names().values()
        ]
        assert len(said) > 3
        assert [text for text in said if words(text) & foreign] == []


def words(text: str) -> set[str]:
    """Return the words of a text, in small letters, without code, addresses and numbers."""
    found = set()
    for chunk in HOLE.sub(" ", text).split():
        plain = re.sub(r"^\W+|\W+$", "", chunk)
        if not re.search(r"[\d_()=/@]|\w\.\w", plain):
            found |= set(re.findall(r"[^\W\d_]{2,}", plain.lower()))
    return found


def vocabulary(language: str) -> set[str]:
    """Return the words of all texts of a language."""

    def spoken(found: Mapping[str, Any]) -> Iterator[str]:
        for value in found.values():
            yield from spoken(value) if isinstance(value, dict) else [value]

    files = (FOLDER / language).glob("*.json")
    return set().union(*(words(text) for file in files for text in spoken(read(language, file.stem))))


def names(models: Panels) -> Iterator[str]:
    """Yield what Deriv, or the user, calls things: it stays as it is in every language."""
    for _, model, _ in models.values():
        view = model.view()
        yield from model.session.core.api_facts.scopes.values()
        yield from ("Sandbox Wallet", *languages.names().values())
        for found in ("tokens", "registered", "connected", "calls"):
            yield from (each["name"] for each in view.get(found, ()))
        call = view.get("call")
        yield from (each["name"] for each in (call["fields"] if isinstance(call, dict) else ()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_english_is_left(page: Page, speak: Speak, models: Panels, language: str) -> None:
    """Whatever a panel says, to the eye or to a screen reader, follows a change of the language."""
    speak(language)
    foreign = vocabulary("en") - vocabulary(language)
    known = re.compile(
        "|".join(rf"(?<!\w){re.escape(each)}(?!\w)" for each in sorted(set(names(models)), key=len)[::-1] if each)
    )
    said = page.evaluate(SAID)
    left = [[room, text, sorted(found)] for room, text in said if (found := words(known.sub(" ", text)) & foreign)]
    checked = [word for _, text in said for word in words(text)]
    print(f"{language}: {len(said)} texts with {len(checked)} words, {len(left)} with English words")
    assert len(checked) > 1000
    assert left == []


def test_what_is_typed_stays(page: Page, speak: Speak) -> None:
    """The panel has other words, and the user goes on where they were."""
    panel = page.locator("#sign-in")
    token, app_id = panel.get_by_label("Personal access token"), panel.get_by_label("App ID").first
    app_id.fill("mine")
    token.fill("half a tok")
    page.locator("#explorer").locator("input[type=search]").fill("stat")
    page.locator("#tokens").get_by_label("Name").fill("my notebook")
    page.locator("#tokens").get_by_label("Trade", exact=True).check()
    token.focus()
    token.evaluate("(field) => field.setSelectionRange(4, 6)")
    speak("fr")
    token = panel.get_by_label("Token d'accès personnel")
    expect(token).to_have_value("half a tok")
    expect(token).to_be_focused()
    assert token.evaluate("(field) => [field.selectionStart, field.selectionEnd]") == [4, 6]
    expect(panel.get_by_label("ID d'application").first).to_have_value("mine")
    expect(page.locator("#explorer").locator("input[type=search]")).to_have_value("stat")
    expect(page.locator("#explorer").get_by_role("textbox", name="JSON")).to_have_value('{"statement": ')
    expect(page.locator("#tokens").get_by_label("Nom", exact=True)).to_have_value("my notebook")
    expect(page.locator("#tokens input[type=radio]:checked")).to_have_attribute("id", re.compile("for-trade$"))
    language = panel.get_by_label("Langue")
    expect(language).to_have_value("fr")
    language.focus()
    language.select_option("pt-BR")
    assert {"do": "language", "language": "pt-BR"} in page.evaluate("() => rooms['sign-in'].sent")
    speak("pt-BR")
    expect(panel.get_by_label("Idioma")).to_be_focused()
    expect(panel.get_by_label("Idioma")).to_have_value("pt-BR")


def test_a_question_takes_the_focus_where_it_was_asked_for(page: Page) -> None:
    """In another view of the panel, which was opened before or meanwhile, the user stays where they are."""
    page.evaluate(
        """() => {
          place("again", { ...rooms.switcher.state }, [], rooms.switcher.render);
          const beside = document.createElement("div");
          beside.id = "beside";
          document.querySelector("main").append(beside);
          window.endBeside = rooms.again.render({ model: rooms.again.model, el: beside });
        }"""
    )
    again, beside = page.locator("#again"), page.locator("#beside")
    for each in (again, beside):
        expect(each.locator(".dpyauth-asking")).to_be_visible()
    search = page.locator("#explorer").locator("input[type=search]")
    search.focus()
    page.evaluate("() => change('again', { view: { ...rooms.again.state.view } })")
    expect(search).to_be_focused()
    loginid = page.evaluate("() => rooms.again.state.view.asking")
    for view in (again, beside, again):
        page.evaluate("() => change('again', { view: { ...rooms.again.state.view, asking: null } })")
        view.locator(f"[id$='-use-{loginid}']").click()
        page.evaluate("(asking) => change('again', { view: { ...rooms.again.state.view, asking } })", loginid)
        expect(view.locator("[id$='-no']")).to_be_focused()
    page.evaluate(
        """() => {
          endBeside();
          document.getElementById("again").remove();
          document.getElementById("beside").remove();
          delete rooms.again;
        }"""
    )
