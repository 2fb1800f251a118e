"""Start a Chromium, and check pages with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from helpers import chromium_path
from playwright.sync_api import Browser, sync_playwright

VIEWS = [(1366, "light"), (683, "dark"), (480, "light")]
"""683 px is a window of 1366 px at 200 %. Colours do not depend on the width, nor the layout on the colours."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def faults(chromium: Browser) -> Callable[[Path], list[object]]:
    """Find what axe-core rates as serious, and what is cut off, in every view of a page."""

    def find(page: Path) -> list[object]:
        found: list[object] = []
        tab = chromium.new_page()
        tab.goto(page.as_uri())
        for width, theme in VIEWS:
            tab.emulate_media(color_scheme=theme)
            tab.set_viewport_size({"width": width, "height": 900})
            tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            if tab.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                found.append((page.name, width, theme, "is wider than the window"))
            found += [
                (page.name, width, theme, each["id"], each["nodes"][0]["html"])
                for each in Axe().run(tab).response["violations"]
                if each["impact"] in ("serious", "critical")
            ]
        tab.close()
        return found

    return find
