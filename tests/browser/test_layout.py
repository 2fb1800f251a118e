"""Test the layout of every panel at several widths: side by side on one page, with a simulated kernel behind each."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect
from side_by_side import MISPLACED, narrow

pytestmark = pytest.mark.browser

WIDTHS = (320, 480, 768, 1250)
DARK = {
    "--jp-ui-font-color1": "rgba(255, 255, 255, 0.87)",
    "--jp-layout-color0": "#111",
    "--jp-layout-color1": "#212121",
    "--jp-border-color1": "#616161",
    "--jp-content-link-color": "#64b5f6",
}
"""Colours of JupyterLab's dark theme."""


@pytest.mark.parametrize("width", WIDTHS)
def test_narrow_columns(page: Page, width: int) -> None:
    """Each panel adapts to the width of its column, in a window with room for more."""
    narrow(page, width)
    assert page.evaluate(MISPLACED) == []
    side_by_side = page.locator("#card .dpyauth-rows > *").evaluate_all("([dt, dd]) => dd.offsetLeft > dt.offsetLeft")
    assert side_by_side == (width > 544)


def test_a_row_of_widgets(page: Page) -> None:
    """Panels share a row, whether or not the row asks them for their width."""
    narrow(page, 1250)
    page.evaluate("() => (document.querySelector('main').style.display = 'flex')")
    widths = page.locator("#switcher .dpyauth-panel, #card .dpyauth-panel").evaluate_all(
        "(all) => all.map((each) => each.clientWidth)"
    )
    page.evaluate("() => (document.querySelector('main').style.display = '')")
    assert min(widths) > 280


@pytest.mark.parametrize("width", [480, 1250])
def test_right_to_left(page: Page, width: int) -> None:
    """Texts that run from right to left mirror the panel; login IDs, amounts and tokens stay as they are."""
    narrow(page, width)
    page.evaluate(
        """() => {
          for (const [name, { state, told, render }] of Object.entries(rooms))
            place(`${name}-turned`, { ...state, texts: { ...state.texts, dir: "rtl", lang: "he" } }, told, render);
        }"""
    )
    expect(page.locator("#stream-turned .dpyauth-panel > *").nth(1)).to_be_attached()
    assert page.evaluate(MISPLACED) == []
    row = page.locator("#switcher-turned .dpyauth-sibling").first
    login, money = row.locator(".dpyauth-strong"), row.locator(".dpyauth-money")
    assert row.evaluate("(row) => getComputedStyle(row).direction") == "rtl"
    for each in (
        login,
        money,
        page.locator("#card-turned .dpyauth-amount"),
        page.locator("#tokens-turned .dpyauth-loginid"),
    ):
        assert each.evaluate("(node) => getComputedStyle(node).direction") == "ltr"
    assert place(login) > place(money)
    page.evaluate(
        """() => {
          for (const name of Object.keys(rooms).filter((name) => name.endsWith("-turned"))) {
            document.querySelector(`#${name}`).remove();
            delete rooms[name];
          }
        }"""
    )


def place(text: Locator) -> float:
    """Return where a text ends on the right."""
    return float(
        text.evaluate(
            """(node) => {
              const range = document.createRange();
              range.selectNodeContents(node);
              return range.getBoundingClientRect().right;
            }"""
        )
    )


def found(page: Page) -> list[Any]:
    report = Axe().run(page, "main", {"resultTypes": ["violations"]})
    serious = [each for each in report.response["violations"] if each["impact"] in ("serious", "critical")]
    return [[each["id"], *(node["html"][:200] for node in each["nodes"])] for each in serious]


@pytest.mark.parametrize(("theme", "width", "zoom"), [("light", 1250, 1), ("dark", 480, 1), ("light", 1250, 2)])
def test_accessible(page: Page, theme: str, width: int, zoom: int) -> None:
    """No serious finding of axe-core in any panel: in both themes, in a narrow column, and at 200 %."""
    narrow(page, width)
    page.set_viewport_size({"width": 1366 // zoom, "height": 1000 // zoom})
    page.evaluate("([dark, names]) => dress(dark, names)", [theme == "dark", DARK])
    assert found(page) == []
    page.evaluate("([dark, names]) => dress(dark, names)", [False, DARK])
    page.set_viewport_size({"width": 1366, "height": 1000})
