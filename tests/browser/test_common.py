"""Test the scripts that all panels share, on a plain page with a simulated kernel: what is kept, and when they draw."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from dpyauth.panels.widgets import script, style
from dpyauth.texts import texts

pytestmark = pytest.mark.browser

MADE_UP = """
const heardBy = {};
window.sent = [];
window.dead = false;
window.state = { texts: TEXTS, view: { state: "signed in" } };
const model = {
  get: (name) => state[name],
  send(message) {
    if (dead) throw new Error("no kernel");
    sent.push(message);
  },
  on: (what, listener) => (heardBy[what] ??= new Set()).add(listener),
  off: (what, listener) => heardBy[what]?.delete(listener),
};
window.happens = (what, ...with_) => [...(heardBy[what] ?? [])].forEach((listener) => listener(...with_));
window.show = (view) => {
  state.view = { state: "signed in", ...view };
  happens("change:view");
};
window.listeners = () => Object.values(heardBy).reduce((sum, each) => sum + each.size, 0);
window.open_ = (body, more = {}) => {
  const el = document.createElement("div");
  document.body.append(el);
  return (window.panel = mount({ model, el, label: "title", body: (view) => body(view, panel), ...more }));
};
Object.assign(window, { element, button, badge, changeQuestion });
"""

COUNTER = """() => {
  window.drawn = 0;
  window.clicks = [];
  open_((view, panel) => {
    drawn += 1;
    return element("div", {},
      panel.header("Title", view),
      panel.notice(view),
      element("input", { id: "name", type: "text" }),
      element("input", { id: "known", type: "text", value: view.known ?? "", "data-set": true }),
      element("input", { id: "tick", type: "checkbox" }),
      element("select", { id: "one" },
        (view.choices ?? ["a", "b"]).map((each) => element("option", { value: each }, each))),
      element("details", { id: "more" }, element("summary", {}, "More"), "folded"),
      element("div", { id: "long", "data-scroll": true, tabindex: "0", style: "height: 40px; overflow: auto" },
        element("div", { style: "height: 400px" }, "long")),
      button("First", () => clicks.push("first")),
      button("Second", () => clicks.push("second")),
      view.gone ? null : button("Third", () => clicks.push("third")),
      element("input", { id: "secret", type: "password" }),
      element("p", { id: "fallback", tabindex: "-1" }, String(view.n ?? "")));
  });
}"""


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    context.set_default_timeout(5_000)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    page.set_content("<!doctype html><html lang='en'><title>A page</title><body></body></html>")
    page.add_style_tag(content=style())
    modules = script("explorer").removesuffix("export default { render };\n")
    words = texts("sign-in", language="en")
    page.add_script_tag(type="module", content=modules + MADE_UP.replace("TEXTS", json.dumps(words)))
    page.wait_for_function("typeof window.open_ === 'function'")
    yield page
    context.close()
    assert faults == []


@pytest.fixture
def counter(page: Page) -> Page:
    page.evaluate(COUNTER)
    page.wait_for_function("drawn === 1")
    return page


def show(page: Page, **view: Any) -> None:
    page.evaluate("view => show(view)", view)


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.textContent"))


def says(page: Page) -> Any:
    return expect(page.locator(".dpyauth-status"))


# What is kept on redrawing


def test_entered_values_stay(counter: Page) -> None:
    counter.fill("#name", "half a na")
    counter.fill("#known", "mine")
    counter.check("#tick")
    counter.select_option("#one", "b")
    counter.click("summary")
    counter.evaluate("document.querySelector('#long').scrollTop = 77")
    counter.focus("#name")
    counter.evaluate("document.activeElement.setSelectionRange(2, 5)")
    show(counter, n=2, known="Python's")
    expect(counter.locator("#fallback")).to_have_text("2")
    expect(counter.locator("#name")).to_have_value("half a na")
    expect(counter.locator("#known")).to_have_value("Python's")
    expect(counter.locator("#tick")).to_be_checked()
    expect(counter.locator("#one")).to_have_value("b")
    expect(counter.locator("details")).to_have_attribute("open", "")
    assert counter.evaluate("document.querySelector('#long').scrollTop") == 77
    assert focused(counter) == "name"
    assert counter.evaluate("[document.activeElement.selectionStart, document.activeElement.selectionEnd]") == [2, 5]


def test_a_choice_that_no_longer_exists(counter: Page) -> None:
    counter.select_option("#one", "b")
    show(counter, choices=["c", "d"])
    expect(counter.locator("#one")).to_have_value("c")


@pytest.mark.parametrize(
    ("at", "view", "then"),
    [("Second", {"n": 2}, "Second"), ("Third", {"gone": True}, "fallback"), ("First", {"gone": True}, "First")],
)
def test_the_focus_stays_on_a_button(counter: Page, at: str, view: dict[str, Any], then: str) -> None:
    counter.get_by_role("button", name=at).focus()
    show(counter, **view)
    assert focused(counter) == then


def test_the_focus_is_not_taken_from_elsewhere(counter: Page) -> None:
    show(counter, n=2)
    assert counter.evaluate("document.activeElement === document.body")


def test_a_press_is_not_lost(counter: Page) -> None:
    """Updates that come while the mouse button is down are shown after it is released."""
    box = counter.get_by_role("button", name="Second").bounding_box()
    assert box is not None
    counter.mouse.move(box["x"] + 5, box["y"] + 5)
    counter.mouse.down()
    show(counter, n=2)
    show(counter, n=3)
    assert counter.evaluate("drawn") == 1
    counter.mouse.up()
    counter.clock.run_for(1)
    expect(counter.locator("#fallback")).to_have_text("3")
    assert counter.evaluate("[clicks, drawn]") == [["second"], 2]


# Messages to the user


def test_a_notice_is_announced_once(counter: Page) -> None:
    notice = counter.locator(".dpyauth-notice")
    told = {"kind": "error", "title": "No.", "text": "<b>really</b>"}
    show(counter, notice=told)
    expect(notice).to_have_role("alert")
    expect(notice).not_to_have_attribute("aria-live", "off")
    expect(notice).to_contain_text("<b>really</b>")
    show(counter, notice=told, n=2)
    expect(notice).to_have_attribute("aria-live", "off")
    show(counter, notice=told | {"text": "Again."})
    expect(notice).not_to_have_attribute("aria-live", "off")
    show(counter)
    expect(notice).to_have_count(0)


def test_no_answer(counter: Page) -> None:
    counter.evaluate("panel.send({ do: 'something' })")
    counter.clock.run_for(3_900)
    says(counter).to_be_hidden()
    counter.clock.run_for(200)
    says(counter).to_contain_text("No answer from the kernel yet")
    show(counter, n=2)
    says(counter).to_be_hidden()
    counter.evaluate("panel.send({ do: 'something' }); happens('msg:custom', {})")
    counter.clock.run_for(5_000)
    says(counter).to_be_hidden()


@pytest.mark.parametrize("how", ["told", "cannot send"])
def test_the_kernel_has_gone(counter: Page, how: str) -> None:
    counter.fill("#secret", "C4nary")
    if how == "told":
        counter.evaluate("happens('comm_live_update')")
    else:
        counter.evaluate("dead = true; panel.send({ do: 'something' })")
    says(counter).to_contain_text("The kernel was restarted or shut down")
    expect(counter.locator("#secret")).to_have_value("")
    counter.evaluate("dead = false; sent.length = 0; panel.draw()")
    counter.clock.run_for(60_000)
    for each in counter.locator("button, input, select").all():
        expect(each).to_be_disabled()
    says(counter).to_contain_text("The kernel was restarted or shut down")
    assert counter.evaluate("[panel.send({ do: 'something' }), sent]") == [False, []]


# Asking before a change


def test_a_change_can_be_confirmed_after_a_moment(page: Page) -> None:
    page.evaluate(
        """() => {
          open_((view, panel) => question.node(view, view.n));
          window.question = changeQuestion({ panel, dropped: () => {} });
        }"""
    )
    page.clock.run_for(1)
    asked = {"nonce": "made up", "loginid": "CR1", "typed": "CR1", "call": "buy", "money": False, "json": "{}"}
    yes = page.locator("[id$=-yes]")
    page.evaluate("asked => question.ask(asked)", asked)
    page.clock.run_for(700)
    page.evaluate("asked => question.ask(asked)", asked)  # another one: its moment begins anew
    page.locator("[id$=-typed]").fill("CR1")
    page.clock.run_for(700)
    expect(yes).to_be_disabled()
    page.clock.run_for(200)
    expect(yes).to_be_enabled()
    show(page, n="drawn anew")
    expect(yes).to_be_enabled()  # it still counts
    page.locator("[id$=-typed]").fill("CR2")
    expect(yes).to_be_disabled()
    show(page, n="and again")
    expect(yes).to_be_disabled()
    page.locator("[id$=-typed]").fill("CR1")
    yes.click()
    expect(yes).to_have_count(0)
    said = page.evaluate("sent.filter((each) => each.do !== 'here')")
    assert said == [{"do": "confirm", "nonce": "made up", "typed": "CR1"}]


# Visibility


def heartbeats(page: Page) -> int:
    return int(page.evaluate("sent.filter((each) => each.do === 'here').length"))


def test_visibility_is_reported(counter: Page) -> None:
    counter.wait_for_function("sent.length >= 1")  # at once
    before = heartbeats(counter)
    counter.clock.run_for(30_000)
    assert heartbeats(counter) == before + 3
    counter.evaluate("new IntersectionObserver(([now]) => (window.shown = now.isIntersecting)).observe(panel.root)")
    counter.evaluate("panel.root.parentElement.style.display = 'none'")  # a tab behind another one
    counter.wait_for_function("window.shown === false")  # the browser reports visibility when it draws, so let it draw
    counter.clock.run_for(30_000)
    assert heartbeats(counter) == before + 3
    counter.evaluate("panel.root.parentElement.style.display = ''")
    counter.wait_for_function(f"sent.length > {before + 3}")  # at once
    says(counter).to_be_hidden()


def test_a_panel_without_need_does_not_report_visibility(page: Page) -> None:
    page.evaluate("open_(() => element('p', {}, 'Text'), { live: false })")
    page.clock.run_for(30_000)
    expect(page.locator("p").first).to_have_text("Text")
    assert page.evaluate("sent") == []


def test_the_end(counter: Page) -> None:
    counter.evaluate("panel.send({ do: 'something' }); panel.end(); sent.length = 0")
    show(counter, n=2)
    counter.clock.run_for(60_000)
    assert counter.evaluate("[sent, drawn, listeners()]") == [[], 1, 0]
    says(counter).to_be_hidden()


def test_keys_do_not_reach_the_notebook(counter: Page) -> None:
    counter.evaluate("() => { window.keys = []; addEventListener('keydown', (event) => keys.push(event.key)) }")
    counter.get_by_role("button", name="First").focus()
    for key in ("d", "d", "Control+s"):
        counter.keyboard.press(key)
    assert counter.evaluate("keys") == ["s"]  # the shortcut for saving
