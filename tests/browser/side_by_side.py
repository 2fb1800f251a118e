"""Every panel side by side on one page, with a simulated kernel behind each: for tests of their layout and words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from dpyauth.credentials import access_token, api_token
from dpyauth.panels import widgets
from dpyauth.panels.apps import AppsModel
from dpyauth.panels.card import CardModel
from dpyauth.panels.explorer import ExplorerModel
from dpyauth.panels.model import PanelModel
from dpyauth.panels.sign_in import SignInModel
from dpyauth.panels.stream_view import StreamModel
from dpyauth.panels.switcher import SwitcherModel
from dpyauth.panels.tokens import TokensModel
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.settings import settings

Panels = dict[str, tuple[type[widgets.Panel], PanelModel, list[Any]]]
"""Widget, model, and what the model has sent to the browser, by name."""

KERNEL = """
window.dress = (dark, names) => {
  document.body.dataset.jpThemeLight = String(!dark);
  const { style } = document.documentElement;
  for (const [name, value] of Object.entries(names)) {
    if (dark) style.setProperty(name, value);
    else style.removeProperty(name);
  }
};
window.rooms = {};
window.place = (name, state, told, render) => {
  const heardBy = {};
  const sent = [];
  const model = {
    get: (key) => state[key],
    set: () => undefined,
    save_changes: () => undefined,
    on: (what, listener) => (heardBy[what] ??= new Set()).add(listener),
    off: (what, listener) => heardBy[what]?.delete(listener),
    send(message) {
      if (model.gone) throw new Error("no kernel");
      sent.push(message);
      if (message.do === "replay") told.forEach((each) => model.happens("msg:custom", each));
    },
    happens: (what, ...more) => [...(heardBy[what] ?? [])].forEach((listener) => listener(...more)),
  };
  const el = document.createElement("div");
  el.id = name;
  document.querySelector("main").append(el);
  render({ model, el });
  window.rooms[name] = { model, state, told, sent, render };
};
window.change = (name, state) => {
  Object.assign(rooms[name].state, state);
  for (const each of Object.keys(state)) rooms[name].model.happens(`change:${each}`);
};
window.tell = (name, told) => told.forEach((each) => rooms[name].model.happens("msg:custom", each));
"""
# Find parts that stick out of their panel or are cut off without scrolling, texts that overlap, and buttons, fields
# and boxes that touch.
MISPLACED = """() => {
  const found = [];
  const note = (what, node) => {
    const name = `${node.closest("main > div").id}: ${node.tagName}.${node.className}`;
    found.push([what, name, node.textContent.slice(0, 40), node.scrollWidth, node.clientWidth]);
  };
  const box = (node) => node.getBoundingClientRect();
  const shown = (node) => node.checkVisibility() && !node.closest(".dpyauth-unseen, option");
  const overlap = (one, other) =>
    Math.min(one.right, other.right) - Math.max(one.left, other.left) > 1 &&
    Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 1;
  const rows = ["sibling", "header", "who", "row", "manage-row", "by-token", "pairs"].map((each) => `.dpyauth-${each}`);
  const apart = (one, other) =>
    Math.max(one.left - other.right, other.left - one.right, one.top - other.bottom, other.top - one.bottom);
  for (const panel of document.querySelectorAll(".dpyauth-panel")) {
    const boxes = [...panel.querySelectorAll("button, input, select, textarea, pre, .dpyauth-notice, .dpyauth-scroll")];
    const single = boxes.filter(shown);
    for (const [i, node] of single.entries())
      for (const other of single.slice(i + 1))
        if (!node.contains(other) && apart(box(node), box(other)) < 3.5) note("touches", other);
    if (panel.scrollWidth > panel.clientWidth) note("wider than its panel", panel);
    const within = box(panel);
    for (const node of [...panel.querySelectorAll("*")].filter(shown)) {
      const { left, right } = box(node);
      const out = left < within.left - 1 || right > within.right + 1;
      if (out && !node.parentElement.closest("[data-scroll], .dpyauth-scroll, pre")) note("sticks out", node);
      const hides = !["visible", "auto", "scroll"].includes(getComputedStyle(node).overflowX);
      const cut = hides && node.scrollWidth > node.clientWidth + 1;
      if (cut && !node.title && !node.matches("input, select")) note("cut off", node);
      const parts = node.matches(rows.join()) ? [...node.children].filter(shown).map(box) : [];
      if (parts.some((one, i) => parts.slice(i + 1).some((other) => overlap(one, other)))) note("overlap", node);
    }
  }
  return found;
}"""


def wait_for(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture(scope="module")
def models() -> Iterator[Panels]:
    """Create the model of every panel with data of a sandbox, and collect what each has sent to its browser."""
    with Sandbox(limits=None) as box:
        names = {"CR900001": "usd", "CR900002": "btc", "VRTC900003": "demo"}
        grants = {loginid: api_token(f"a1-sandbox-rich-{name}", "a test") for loginid, name in names.items()}
        older = Session(settings(box.app_id, box.url), timeout=10)
        older.core.sign_in_and_wait(grants["VRTC900003"], grants=grants)
        admin = Session(settings(box.app_id, box.url), timeout=10)
        admin.core.sign_in_and_wait(api_token("sandbox-rich-all", "a test"))
        current = Session(settings(box.options_app_id, box.rest, api="options"), timeout=10)
        current.core.sign_in_and_wait(access_token(box.options_token("rich, every").token, "a test"))
        nobody = Session(settings(box.options_app_id, box.rest, api="options"))
        elsewhere = Session(settings(None, None, api="options"))
        stream = admin.stream("ticks", ticks="R_100", keep=100)
        wait_for(lambda: stream.feed.count >= 2)
        made: dict[str, tuple[type[widgets.Panel], PanelModel]] = {
            "sign-in": (widgets.SignInPanel, SignInModel(nobody, sandbox=box)),
            "at-deriv": (widgets.SignInPanel, SignInModel(elsewhere)),
            "refused": (widgets.SignInPanel, SignInModel(elsewhere)),
            "signed-in": (widgets.SignInPanel, SignInModel(older, sandbox=box)),
            "switcher": (widgets.SwitcherPanel, SwitcherModel(older)),
            "card": (widgets.CardPanel, CardModel(older)),
            "card-money": (widgets.CardPanel, CardModel(current)),
            "tokens": (widgets.TokensPanel, TokensModel(admin)),
            "apps": (widgets.AppsPanel, AppsModel(admin)),
            "explorer": (widgets.ExplorerPanel, ExplorerModel(admin)),
            "asking": (widgets.ExplorerPanel, ExplorerModel(admin)),
            "stream": (widgets.StreamPanel, StreamModel(admin, stream)),
        }
        told: dict[str, list[Any]] = {}
        for name, (_, model) in made.items():
            told[name] = []
            model.send = told[name].append
            if isinstance(model, SwitcherModel):
                model.prepare()
            if isinstance(model, ExplorerModel):
                call, fields = (
                    ("statement", {"limit": "5"}) if name == "explorer" else ("api_token", {"new_token": "mine"})
                )
                model.receive({"do": "choose", "call": call})
                model.receive({"do": "send", "call": call, "fields": fields})
            if name == "refused":  # a token of the other API, entered in a field of this one
                model.receive({"do": "sign-in", "api": "options", "token": "a1b2c3d4e5f6g7h", "app_id": "ABC123"})
            model.receive({"do": "replay" if name == "stream" else "here"})
            if name in ("switcher", "signed-in", "card"):
                model.receive({"do": "use", "loginid": "CR900001"})
        wait_for(lambda: all(made[name][1].view()["loaded"] for name in ("tokens", "apps")))
        wait_for(lambda: told["stream"] and any("reply" in each for each in told["explorer"]))
        yield {name: (kind, model, told[name]) for name, (kind, model) in made.items()}
        for _, model in made.values():
            model.close()
        for session in (older, admin, current, nobody, elsewhere):
            session.close()


@pytest.fixture(scope="module")
def page(chromium: Browser, models: Panels) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1366, "height": 1000})
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.set_content("<!doctype html><html lang='en'><title>A page</title><body><main></main></body></html>")
    page.add_script_tag(content=KERNEL)
    for name, (kind, model, told) in models.items():
        page.add_style_tag(content=str(kind._css))
        state = json.dumps({"still": "dpyauth-none", "view": model.view(), "texts": model.words})
        call = f"place({json.dumps(name)}, {state}, {json.dumps(told)}, render)"
        page.add_script_tag(type="module", content=str(kind._esm).replace("export default { render };", call))
        expect(page.locator(f"#{name} .dpyauth-panel > *").nth(1)).to_be_attached()
    for name in ("explorer", "asking"):
        page.evaluate("([name, told]) => tell(name, told)", [name, models[name][2]])
    expect(page.locator("#asking .dpyauth-ask")).to_be_visible()
    page.locator("#explorer").get_by_role("textbox", name="JSON").fill('{"statement": ')
    expect(page.get_by_role("button", name="Reset to the form")).to_be_visible()
    page.locator("#tokens").get_by_role("button", name="Create a token").click()
    page.locator("#apps").get_by_role("button", name="Register an app").click()
    for each in page.locator("#sign-in details, #at-deriv details").all():
        each.locator("summary").click()
    yield page
    context.close()
    assert faults == []


def narrow(page: Page, width: int) -> None:
    """Give every panel a column that is narrower than the window."""
    page.evaluate("(width) => (document.querySelector('main').style.width = `${width}px`)", width)
