"""Test the stills of all seven panels: hidden beside the live ones, and shown without a kernel or a network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbformat.sign import NotebookNotary
from playwright.sync_api import Browser, Locator, Page, expect

if TYPE_CHECKING:
    from conftest import Lab, Notebook

pytestmark = pytest.mark.browser

SETUP = 'import dpyauth\nsession = dpyauth.login(sandbox=True, api="v3")'
CELLS = {
    SETUP: ("Signed in to Deriv", "CR900001"),
    "session": ("Identity: verified until Dec 15, 2026", "9,363.47 USD"),
    "session.switcher()": ("Your accounts", "9,363.47 USD"),
    "session.tokens_panel()": ("rich, every scope", "Trading information"),
    "session.apps_panel()": ("Sandbox notebook", "Apps that may use your accounts"),
    "explorer = session.explorer()\nexplorer": ("Request: balance", '"loginid": "CR900001"'),
    'live = session.stream("ticks", ticks="R_100")\nlive.view()': ("R_100, ticks", "The stream has ended"),
}
"""Each panel, and parts of its still's text."""
HEADINGS = {
    "es": ("Sesión iniciada", "Identidad", "Tus cuentas", "Tokens de API", "Apps", "Solicitud", "La transmisión"),
    "en": ("Signed in", "Identity", "Your accounts", "API tokens", "Apps", "Request", "The stream"),
}
"""A part of each still's text in two languages."""
SENT = 'explorer.model.receive({"do": "send", "call": "balance", "fields": {}})\nlive.next(timeout=20)\nlive.close()'


def stills(page: Page | Locator) -> Locator:
    return page.locator(".jp-RenderedHTMLCommon > div[class^='dpyauth-']")


def expect_stills(page: Page | Locator) -> None:
    """Check that all seven are visible, without a live panel or a complaint beside them."""
    expect(stills(page)).to_have_count(len(CELLS))
    for place, texts in enumerate(CELLS.values()):
        still = stills(page).nth(place)
        expect(still).to_be_visible()
        for text in (*texts, "As of 20"):
            expect(still).to_contain_text(text)
    picture = stills(page).last.get_by_role("img", name="Chart of R_100, ticks")
    assert picture.evaluate("(img) => img.decode().then(() => img.naturalWidth)") == 480
    for other in (".dpyauth-panel", "text=/Error displaying widget|Loading widget/"):
        for each in page.locator(other).all():
            expect(each).to_be_hidden()


def reopen_with_panels(notebook: Notebook, lab: Lab) -> None:
    """Open it until the panels of the saved state are there, and check what its user sees each time.

    ipywidgets looks for them in the kernel and in the notebook, and does not show them if the kernel is the faster one.
    """
    missing = notebook.sheet.get_by_text("Error displaying widget: model not found")
    for _ in range(5):
        notebook.reopen(lab)
        expect(notebook.panel.or_(missing)).to_have_count(len(CELLS))
        expect_stills(notebook.sheet)
        if not missing.count():
            return
    pytest.fail("the panels were never made from the saved state")


def test_live_or_still(opening: Callable[..., Any], lab: Lab, chromium: Browser, tmp_path: Path) -> None:
    with opening(lab, "lab", (*CELLS, SENT)) as notebook:
        for place in range(len(CELLS) + 1):
            notebook.run(place)
        expect(notebook.panel).to_have_count(len(CELLS))
        expect(stills(notebook.sheet)).to_have_count(len(CELLS))
        for place, texts in enumerate(CELLS.values()):
            expect(notebook.panel.nth(place)).to_be_visible()
            for text in texts:
                expect(stills(notebook.sheet).nth(place)).to_contain_text(text)
            expect(stills(notebook.sheet).nth(place)).to_be_hidden()
        for label, code in (("Language", "es"), ("Idioma", "en")):  # chosen in one panel, for all of the session
            notebook.panel.first.get_by_label(label, exact=True).select_option(code)
            expect(notebook.sheet.locator(f".dpyauth-panel[lang={code}]")).to_have_count(len(CELLS))
            for place, heading in enumerate(HEADINGS[code]):
                expect(stills(notebook.sheet).nth(place)).to_contain_text(heading)
        made = nbformat.reads(notebook.save(), 4)
        assert made.metadata.widgets

        reopen_with_panels(notebook, lab)  # the state of the panels was saved with it, and no kernel knows them

        made.metadata.pop("widgets")  # most users have not saved it with the notebook
        nbformat.write(made, notebook.path)
        notebook.reopen(lab)  # changed by another user: not trusted
        expect_stills(notebook.sheet)
        NotebookNotary(data_dir=str(lab.folder.parent / "jupyter_data_dir")).sign(made)
        notebook.reopen(lab)
        expect(notebook.sheet.get_by_text("Error displaying widget")).to_have_count(len(CELLS))
        expect_stills(notebook.sheet)
        notebook.page.set_viewport_size({"width": 1250, "height": 3800})
        notebook.shot("stills-light")
        notebook.theme("Dark")
        notebook.shot("stills-dark")
        notebook.theme("Light")

        html, _ = HTMLExporter().from_notebook_node(made)
        (tmp_path / "saved.html").write_text(html)
        for scheme in ("light", "dark"):
            offline = chromium.new_context(offline=True, color_scheme=scheme, viewport={"width": 900, "height": 900})
            page = offline.new_page()
            page.goto((tmp_path / "saved.html").as_uri())
            expect_stills(page)
            notebook.shot(f"stills-page-{scheme}", page)
            offline.close()
