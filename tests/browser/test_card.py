"""Test the account card and the account switcher in JupyterLab and in Notebook 7, and the saved notebook."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbformat.sign import NotebookNotary
from playwright.sync_api import Locator, expect

if TYPE_CHECKING:
    from conftest import Lab, Notebook

pytestmark = pytest.mark.browser

SETUP = """
from dpyauth.credentials import api_token
from dpyauth.sandbox import Sandbox
import dpyauth.signin  # gives sessions their panels
from dpyauth.session import Session
from dpyauth.settings import settings
from dpyauth.net.backoff import Backoff
Backoff.next_delay = lambda self, now: 0.05
box = Sandbox(limits=None).start()
def enter(token="sandbox-rich-all"):
    session = Session(settings(box.app_id, box.url))
    session.core.sign_in_and_wait(api_token(token, "a test"))
    return session
def several():
    grants = {loginid: api_token("a1-sandbox-rich-" + name, "a test") for loginid, name in
              {"CR900001": "usd", "CR900002": "btc", "VRTC900003": "demo"}.items()}
    session = Session(settings(box.app_id, box.url))
    session.core.sign_in_and_wait(grants["CR900001"], grants=grants)
    return session
session = enter()
"""
NASTY = """
session = enter("sandbox-rich-read")
said = "<img src=x onerror='document.title=1'> **bold** \\u202e" + "long" * 300
box.faults.error("Odd", "get_account_status", message=said)
core = session.core
core.active_account = core.active_account._replace(loginid="<script>document.title=1</script>" + "x" * 90)
session
"""


def picture(notebook: Notebook) -> Locator:
    """Return the still of the card."""
    return notebook.sheet.locator(".jp-RenderedHTMLCommon > div[class^='dpyauth-']")


def amount(notebook: Notebook) -> Locator:
    return notebook.panel.locator(".dpyauth-amount")


def run(notebook: Notebook, index: int, code: str) -> None:
    notebook.fill(index, code)
    notebook.run(index)


def test_the_card_is_live(opening: Callable[..., Any], lab: Lab) -> None:
    with opening(lab, "lab", (SETUP, "session", "")) as notebook:
        notebook.run(0)
        notebook.run(1)
        panel = notebook.panel
        expect(panel).to_contain_text("Sample account")
        expect(panel).to_contain_text("Identity: verified until Dec 15, 2026")
        expect(panel).to_contain_text("connected, last round trip")
        expect(picture(notebook)).to_be_hidden()
        notebook.expect_readable("card-real")

        run(notebook, 2, "box.pay('CR900001', 100)")
        expect(amount(notebook)).to_have_text("9,463.47")
        run(notebook, 2, "box.stop()")
        expect(panel).to_contain_text("reconnecting…")
        run(notebook, 2, "box.start()\nbox.pay('CR900001', 1)")
        expect(panel).to_contain_text("connected, last")
        expect(amount(notebook)).to_have_text("9,464.47")
        run(notebook, 2, "session.core.sign_out('You signed out.')")
        expect(panel).to_contain_text("You signed out.")
        run(notebook, 2, "session.core.sign_in_and_wait(api_token('sandbox-trouble-read', 'a test'))")
        expect(amount(notebook)).to_have_text("466.92")
        expect(panel).to_contain_text("The cashier is closed")
        expect(picture(notebook)).to_contain_text("The cashier is closed")  # the saved still is of that account too
        expect(picture(notebook)).to_be_hidden()
        notebook.expect_readable("card-trouble")
        run(notebook, 1, "session = enter('sandbox-new-read')\nsession")
        expect(panel).to_contain_text("no currency yet")
        notebook.expect_readable("card-new")

        run(notebook, 1, NASTY)
        expect(panel).to_contain_text("<script>")
        expect(panel).to_contain_text("onerror=")
        assert notebook.page.title() != "1"
        wide = panel.evaluate("(panel) => [panel.scrollWidth, panel.clientWidth, panel.parentElement.clientWidth]")
        assert wide[0] <= wide[1] <= wide[2]
        notebook.expect_readable("card-nasty")

        notebook.restart("kernelmenu:restart")
        notebook.wait_for_kernel()
        expect(panel).to_contain_text("The kernel was restarted")
        expect(panel.locator(".dpyauth-connection")).to_be_hidden()  # it is no longer connected
        expect(picture(notebook)).to_be_hidden()


def test_switching(opening: Callable[..., Any], lab: Lab) -> None:
    with opening(lab, "lab", (SETUP, "session = several()\nsession.card()", "")) as notebook:
        notebook.run(0)
        notebook.run(1)
        panel, page = notebook.panel, notebook.page
        panel.locator("summary").click()
        expect(panel.locator(".dpyauth-sibling")).to_have_count(3)
        expect(panel.locator(".dpyauth-sibling").nth(1)).to_contain_text("0.249345 BTC")
        panel.locator(".dpyauth-sibling").nth(2).click()
        expect(panel.locator(".dpyauth-loginid")).to_have_text("VRTC900003")
        expect(amount(notebook)).to_have_text("9,942.83")
        expect(panel).to_contain_text("none, this is demo money")
        panel.locator(".dpyauth-sibling").nth(1).press("Enter")
        expect(notebook.button("No, stay with VRTC900003")).to_be_focused()
        notebook.expect_readable("card-asking")
        notebook.button("No, stay with VRTC900003").focus()  # a change of theme may remove it
        page.keyboard.press("Enter")
        expect(panel).not_to_contain_text("Use sample account")
        expect(panel.locator(".dpyauth-loginid")).to_have_text("VRTC900003")
        panel.locator(".dpyauth-sibling").nth(1).click()
        notebook.button("Yes, use CR900002").click()
        expect(panel.locator(".dpyauth-loginid")).to_have_text("CR900002")

        run(notebook, 1, "session.switcher()")
        expect(panel.locator(".dpyauth-sibling").nth(0)).to_contain_text("9,363.47 USD")
        panel.locator(".dpyauth-sibling").nth(0).click()
        notebook.expect_readable("switcher-asking")
        notebook.button("Yes, use CR900001").click()
        expect(panel.locator(".dpyauth-sibling").nth(0)).to_contain_text("in use")
        panel.locator(".dpyauth-sibling").nth(2).click()
        expect(panel.locator(".dpyauth-sibling").nth(2)).to_contain_text("in use")
        panel.locator(".dpyauth-sibling").nth(0).click()  # asked once
        expect(panel.locator(".dpyauth-sibling").nth(0)).to_contain_text("in use")
        run(notebook, 2, "print(session.loginid)")
        expect(notebook.cell(2)).to_contain_text("CR900001")
        run(notebook, 1, "session = enter()\nsession.switcher()")
        expect(panel).to_contain_text("Sign in with Deriv")
        notebook.expect_readable("switcher-one")


def reopen(notebook: Notebook, lab: Lab) -> None:
    """Open the notebook as a user who has not run it."""
    notebook.reopen(lab)
    expect(picture(notebook)).to_be_visible()
    expect(picture(notebook)).to_contain_text("Identity: verified until Dec 15, 2026")
    expect(notebook.panel).to_have_count(0)


def test_the_saved_notebook(opening: Callable[..., Any], lab: Lab, tmp_path: Path) -> None:
    """The still is shown to users who trust the notebook, to those who do not, and in an exported page."""
    with opening(lab, "lab", (SETUP, "session")) as notebook:
        notebook.run(0)
        notebook.run(1)
        expect(notebook.panel).to_contain_text("Identity: verified")
        made = nbformat.reads(notebook.save(), 4)
        made.metadata.pop("widgets")  # most users have not saved it with the notebook
        outputs = str(made.cells[1].outputs)
        assert "sandbox-rich-all" not in outputs
        assert "Sandbox Rich" not in outputs
        nbformat.write(made, notebook.path)

        reopen(notebook, lab)  # changed by another user: not trusted
        expect(notebook.sheet.locator(".jp-mod-trusted .dpyauth-panel")).to_have_count(0)
        notebook.shot("card-picture-not-trusted")
        NotebookNotary(data_dir=str(lab.folder.parent / "jupyter_data_dir")).sign(made)
        reopen(notebook, lab)
        expect(notebook.sheet.locator(".jp-mod-trusted")).not_to_have_count(0)
        complaint = notebook.sheet.get_by_text("Error displaying widget")
        expect(complaint).to_have_count(1)
        expect(complaint).to_be_hidden()
        notebook.shot("card-picture-light")
        notebook.theme("Dark")
        notebook.shot("card-picture-dark")
        notebook.theme("Light")

        page = notebook.page.context.new_page()
        html, _ = HTMLExporter().from_filename(str(notebook.path))
        (tmp_path / "saved.html").write_text(html)
        page.goto((tmp_path / "saved.html").as_uri())
        expect(page.locator(".jp-RenderedHTMLCommon > div[class^='dpyauth-']")).to_be_visible()
        notebook.shot("card-picture-page", page)
        page.close()


def test_notebook_7(opening: Callable[..., Any], classic: Lab) -> None:
    with opening(classic, "notebook", (SETUP, "session", "box.pay('CR900001', 100)")) as notebook:
        notebook.run(0)
        notebook.run(1)
        expect(notebook.panel).to_contain_text("Identity: verified")
        expect(picture(notebook)).to_be_hidden()
        notebook.run(2)
        expect(amount(notebook)).to_have_text("9,463.47")
        notebook.shot("card-notebook-7")


CURRENT = """
from dpyauth.credentials import access_token
from dpyauth.sandbox import Sandbox
import dpyauth.signin  # gives sessions their panels
from dpyauth.session import Session
from dpyauth.settings import settings
box = Sandbox(limits=None).start()
def enter(label, **options):
    session = Session(settings(box.options_app_id, box.rest, api="options"))
    session.core.sign_in_and_wait(access_token(box.options_token(label).token, "a test"), **options)
    return session
session = enter("rich, every scope")
"""
BUY = """
terms = {"contract_type": "CALL", "amount": 5.5, "basis": "stake", "currency": "USD", "underlying_symbol": "R_100"}
reply = session.call("buy", buy="1", price=5.5, parameters={**terms, "duration": 60, "duration_unit": "m"})
"""
SELL = """
bought = reply["buy"]["contract_id"]
with session.stream("proposal_open_contract", contract_id=bought) as stream:
    while not stream.next(timeout=10)["proposal_open_contract"].get("is_valid_to_sell"):
        pass
reply = session.call("sell", sell=bought, price=0)
"""


def test_money(opening: Callable[..., Any], lab: Lab) -> None:
    with opening(lab, "lab", (CURRENT, "session", "")) as notebook:
        notebook.run(0)
        notebook.run(1)
        panel = notebook.panel
        expect(panel).to_contain_text("In 2 open contracts 19.00 USD")
        expect(panel).to_contain_text("0.01279291 BTC")
        expect(panel).to_contain_text("being moved")
        notebook.page.set_viewport_size({"width": 1366, "height": 1000})
        notebook.expect_readable("card-money-1366")
        run(notebook, 2, BUY)
        expect(panel).to_contain_text("In 3 open contracts 24.50 USD")
        expect(amount(notebook)).to_have_text("9,963.89")
        run(notebook, 2, SELL)
        expect(panel).to_contain_text("In 2 open contracts 19.00 USD")
        expect(panel.locator(".dpyauth-money-bad")).to_have_count(2)
        notebook.command("application:toggle-left-area")
        notebook.page.set_viewport_size({"width": 400, "height": 1300})
        wide = panel.evaluate("(panel) => [panel.scrollWidth, panel.clientWidth, panel.parentElement.clientWidth]")
        assert wide[0] <= wide[1] <= wide[2]
        notebook.expect_readable("card-money-400")
        notebook.page.set_viewport_size({"width": 1250, "height": 1100})
        notebook.command("application:toggle-left-area")
        run(notebook, 1, "session = enter('trouble')\nsession")
        expect(panel).to_contain_text("this needs a token with the scope Payment")
        expect(panel).to_contain_text("could not be moved")
        notebook.expect_readable("card-money-trouble")
        run(notebook, 1, "session = enter('new', create_demo=True)\nsession")
        expect(panel).to_contain_text("no wallet yet")
        notebook.expect_readable("card-money-new")
