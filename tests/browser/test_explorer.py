"""Test the call explorer in JupyterLab and Notebook 7, used as a user does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from playwright.sync_api import Locator, expect

if TYPE_CHECKING:
    from conftest import Lab, Notebook

    Opening = Callable[..., AbstractContextManager[Notebook]]

pytestmark = pytest.mark.browser

START = """
from dpyauth.credentials import access_token, api_token
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.settings import settings
from dpyauth import explorer

box = Sandbox(limits=None).start()
"""
V3 = """
mine = Session(settings(box.app_id, box.url), timeout=10)
mine.core.sign_in_and_wait(api_token("sandbox-rich-{which}", "a test"))
explorer(mine)
"""
OPTIONS = """
mine = Session(settings(box.options_app_id, box.rest, api="options"), timeout=10)
mine.core.sign_in_and_wait(access_token(box.options_token("rich").token, "a test"))
mine.use(next(loginid for loginid in mine.core.grants if loginid.startswith("DOT")))
explorer(mine)
"""
MEAN = "<script>alert(1)</script> **bold** \u202eright to left שלום " + "long" * 300
RENAME = f"""
mine.core.active_account = mine.core.active_account._replace(loginid={MEAN!r})
mine.core.notify()
"""
COUNT = "sum(each.call == 'app_register' for each in box.received)"


def choose(notebook: Notebook, name: str) -> None:
    """Choose a call with the keyboard: type its name, press Enter."""
    search = notebook.panel.get_by_role("combobox", name="Search the calls")
    search.fill(name)
    search.press("Enter")
    expect(notebook.panel.locator(".dpyauth-name")).to_contain_text(name)


def field(notebook: Notebook, name: str) -> Locator:
    return notebook.panel.locator(f"[data-field='{name}']")


def region(notebook: Notebook, name: str) -> Locator:
    return notebook.panel.get_by_role("region", name=name, exact=True)


def json_of(notebook: Notebook) -> Locator:
    return notebook.panel.get_by_role("textbox", name="JSON", exact=True)


REPLY = "Python, for the raw reply"


def test_looks_up_fills_in_sends_and_shows(opening: Opening, lab: Lab) -> None:
    mean = f"box.faults.error('Mean', 'statement', message={MEAN!r})"
    with opening(lab, "lab", [START, V3.format(which="all"), mean, COUNT, RENAME]) as notebook:
        panel = notebook.panel
        notebook.run(0)
        notebook.run(1)
        expect(panel.get_by_role("option")).to_have_count(135)
        notebook.shot("explorer-start")

        search = panel.get_by_role("combobox", name="Search the calls")
        search.fill("no such thing")
        expect(panel.get_by_text("No call matches these words")).to_be_visible()
        search.fill("account transactions")  # by its purpose
        search.press("ArrowDown")
        expect(panel.locator(".dpyauth-active")).to_contain_text("statement")
        search.press("Enter")
        expect(panel.locator(".dpyauth-name")).to_contain_text("statement")
        expect(search).to_be_focused()

        # Fields with limits and defaults, and the request, while typing
        expect(field(notebook, "limit")).to_have_attribute("placeholder", "100 if left out")
        field(notebook, "limit").fill("x")
        expect(panel.get_by_text("takes a number from 0 to 999, not 'x'")).to_be_visible()
        notebook.button("Send").click()
        expect(field(notebook, "limit")).to_be_focused()
        field(notebook, "limit").fill("3000")
        expect(panel.get_by_text("Deriv may refuse this. A number from 0 to 999.")).to_be_visible()
        field(notebook, "limit").fill("3")
        field(notebook, "action_type").select_option("buy")
        expect(region(notebook, REPLY)).to_have_text('mine.call("statement", action_type="buy", limit=3)')
        field(notebook, "limit").press("Enter")
        expect(panel.locator(".dpyauth-reply")).to_contain_text('"transactions"')
        panel.get_by_role("tab", name="JSON").focus()
        notebook.page.keyboard.press("ArrowRight")
        expect(panel.locator("tbody tr")).to_have_count(3)
        expect(panel.get_by_role("tab", name="Frame")).to_be_focused()
        expect(field(notebook, "limit")).to_have_value("3")
        panel.get_by_role("tab", name="Frame").scroll_into_view_if_needed()
        notebook.expect_readable("explorer-frame", narrow=(480,))
        with notebook.page.expect_download() as saving:
            notebook.button("Save as Excel").click()
        assert re.fullmatch(r"dpyauth-statement-sandbox-[\d-]+Z\.xlsx", saving.value.suggested_filename)
        assert pd.read_excel(saving.value.path())["action_type"].tolist() == ["buy"] * 3
        expect(panel.get_by_text("xlsx: 3 rows,")).to_be_visible()

        # The same request as JSON: form and JSON follow each other, and errors are shown with their place
        request = json_of(notebook)
        expect(request).to_have_value(re.compile('"limit": 3'))
        request.fill('{\n  "statement": 1,\n  "limit": 2\n  "offset": 1\n}')
        expect(panel.get_by_text("Line 4, column 3: A comma or } is missing before this.")).to_be_visible()
        expect(field(notebook, "limit")).to_have_value("3")
        notebook.button("Send").click()
        expect(request).to_be_focused()
        notebook.expect_readable("explorer-json")
        assert request.input_value().endswith('"limit": 2\n  "offset": 1\n}')
        request.fill('{"limit": 2, "offset": 1}')
        expect(field(notebook, "limit")).to_have_value("2")
        expect(field(notebook, "action_type")).to_have_value("")
        expect(region(notebook, REPLY)).to_have_text('mine.call("statement", limit=2, offset=1)')
        field(notebook, "offset").fill("x")
        field(notebook, "offset").fill("0")
        expect(request).to_have_value('{\n  "statement": 1,\n  "limit": 2,\n  "offset": 0\n}')
        panel.get_by_role("button", name="Copy: JSON", exact=True).click()
        expect(panel.get_by_role("button", name="Copy: JSON", exact=True)).to_have_text(re.compile("Copied|Selected"))
        notebook.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
        panel.get_by_role("button", name=f"Copy: {REPLY}", exact=True).press("Enter")
        expect(panel.locator(".dpyauth-status")).to_have_text("Selected: press Ctrl+C")
        assert notebook.page.evaluate("String(getSelection())") == 'mine.call("statement", limit=2, offset=0)'
        field(notebook, "limit").fill("3")

        # Deriv's texts are shown unchanged, and are harmless
        notebook.run(2)
        notebook.button("Send").click()
        alert = panel.get_by_role("alert")
        expect(alert).to_contain_text(r"<script>alert(1)</script> **bold** \u202eright to left שלום")
        expect(alert).to_contain_text("Code: Mean")
        assert panel.locator("script, b").count() == 0
        notebook.shot("explorer-trouble")

        # A change on a real account: neither a double click nor anything but its login ID confirms it
        choose(notebook, "app_register")
        field(notebook, "name").fill("An app")
        field(notebook, "scopes").fill("read, trade")
        notebook.button("Send").dblclick()
        expect(panel.get_by_text("This changes something on a sample account: send it?")).to_be_visible()
        sure, typed = notebook.button("Yes, send it now"), panel.get_by_label("Type CR900001 to confirm")
        expect(typed).to_be_focused()
        expect(sure).to_be_disabled()
        typed.fill("CR900002")
        expect(sure).to_be_disabled()
        typed.fill("CR900001")
        expect(sure).to_be_enabled()
        notebook.expect_readable("explorer-ask")
        assert notebook.run(3).inner_text().endswith("0")
        request.fill("{")  # at once, although it cannot be read
        expect(sure).to_have_count(0)
        request.fill('{"app_register": 1, "name": "An app 2", "scopes": ["read"]}')
        expect(field(notebook, "name")).to_have_value("An app 2")
        notebook.button("Send").click()
        expect(sure).to_have_count(1)
        field(notebook, "name").fill("Another app")  # then the question no longer concerns the current request
        expect(sure).to_have_count(0)
        notebook.button("Send").click()
        typed.fill("CR900001")
        sure.click()
        expect(panel.get_by_text("Answered in")).to_be_visible()
        assert notebook.run(3).inner_text().endswith("1")

        # Neither a reply nor typed values are saved in the state of the widget
        saved = json.dumps(json.loads(notebook.save())["metadata"]["widgets"])
        assert "ExplorerPanel" in saved
        assert [word for word in ("Another app", "transaction_id") if word in saved] == []

        # An account with a hostile name, in a narrow window
        notebook.run(4)
        expect(panel.locator(".dpyauth-send bdi")).to_contain_text("<script>alert(1)</script> **bold**")
        notebook.page.set_viewport_size({"width": 820, "height": 1100})
        notebook.shot("explorer-narrow")
        assert panel.locator("script, b").count() == 0
        assert panel.evaluate("(panel) => panel.scrollWidth - panel.clientWidth") == 0

        notebook.restart("kernelmenu:restart")
        expect(panel.get_by_text("The kernel was restarted")).to_be_visible()
        expect(notebook.button("Send")).to_be_disabled()
        notebook.wait_for_kernel()


def test_calls_over_http_and_of_demo_accounts(opening: Opening, lab: Lab) -> None:
    with opening(lab, "lab", [START, OPTIONS, "mine.core.sign_out('a test')"]) as notebook:
        panel = notebook.panel
        notebook.run(0)
        notebook.run(1)
        choose(notebook, "get_accounts")
        expect(region(notebook, "HTTP")).to_have_text("GET /trading/v1/options/accounts")
        notebook.button("Send").click()
        panel.get_by_role("tab", name="Frame").click()
        expect(panel.locator("thead")).to_contain_text("account_id")

        choose(notebook, "reset_demo_balance")
        notebook.button("Send").click()
        expect(panel.get_by_text("Fill this in.")).to_be_visible()
        expect(field(notebook, "account_id")).to_be_focused()
        loginid = panel.locator(".dpyauth-send bdi").inner_text()
        field(notebook, "account_id").fill(loginid)
        expect(region(notebook, "HTTP")).to_have_text(f"POST /trading/v1/options/accounts/{loginid}/reset-demo-balance")
        field(notebook, "account_id").press("Enter")
        field(notebook, "account_id").press("Enter")
        sure = notebook.button("Yes, send it now")
        expect(sure).to_be_enabled()
        notebook.shot("explorer-demo")
        sure.click()
        expect(panel.get_by_text("Answered in")).to_be_visible()

        choose(notebook, "buy")
        panel.locator("summary", has_text="parameters").click()
        field(notebook, "parameters.amount").fill("10")
        notebook.expect_readable("explorer-buy")
        choose(notebook, "account_nickname")
        choose(notebook, "transaction")
        expect(region(notebook, "Python, for a stream")).to_contain_text('with mine.stream("transaction") as stream:')
        expect(notebook.button("Send")).to_have_count(0)
        notebook.run(2)
        expect(panel.get_by_text("Sign in first: run the cell with dpyauth.login().")).to_be_visible()


AGENT = OPTIONS.replace('"rich"', '"agent"')


def test_transfers_need_a_confirmation_and_dry_runs_do_not(opening: Opening, lab: Lab) -> None:
    with opening(lab, "lab", [START, AGENT, "mine.transfers()['request_id'].item()"]) as notebook:
        panel = notebook.panel
        notebook.run(0)
        notebook.run(1)
        choose(notebook, "payment_agent_transfer")
        for name, value in {"to_nickname": "sandbox_moved", "amount": "1.00", "currency": "USD"}.items():
            field(notebook, f"data.{name}").fill(value)
        expect(panel.get_by_text("Leave it empty to have one generated for you.")).to_be_visible()
        field(notebook, "data.dry_run").select_option("true")
        notebook.button("Send").click()
        expect(panel.get_by_text("Dry run: nothing was changed.")).to_be_visible()
        notebook.expect_readable("explorer-dry-run")
        field(notebook, "data.dry_run").select_option("")
        notebook.button("Send").click()
        expect(panel.get_by_text("This moves play money, whichever account is in use")).to_be_visible()
        request_id = re.search(r'"request_id": "([0-9a-f-]{36})"', panel.locator(".dpyauth-ask").inner_text())
        assert request_id
        sure = notebook.button("Yes, send it now")
        expect(sure).to_be_disabled()
        panel.get_by_label("to confirm").fill(panel.locator(".dpyauth-send bdi").inner_text())
        notebook.expect_readable("explorer-money")
        sure.click()
        expect(panel.get_by_text("Dry run")).to_have_count(0)
        expect(panel.get_by_text("Answered in")).to_be_visible()
        notebook.run(2)
        expect(notebook.page.get_by_text(request_id[1]).last).to_be_visible()


def test_hidden_fields_and_missing_scopes_in_notebook_7(opening: Opening, classic: Lab) -> None:
    with opening(classic, "notebook", [START, V3.format(which="read")]) as notebook:
        panel = notebook.panel
        notebook.run(0)
        notebook.run(1)
        choose(notebook, "mt5_password_check")
        expect(
            panel.get_by_text(re.compile("Your token lacks it. Its scopes: Read. Create a token with 'Admin'"))
        ).to_be_visible()
        expect(notebook.button("Send")).to_be_disabled()
        password = field(notebook, "password")
        expect(password).to_have_attribute("type", "password")
        password.fill("Canary-5up3r")
        expect(region(notebook, REPLY)).to_contain_text('password=getpass.getpass("password: ")')
        expect(json_of(notebook)).to_have_value(re.compile('"password": "•••"'))
        panel.get_by_label("Show what I type").check()
        expect(password).to_have_attribute("type", "text")
        json_of(notebook).fill('{"login": "MTR1000", "password": "Canary-of-json"}')  # nor through the JSON
        expect(field(notebook, "login")).to_have_value("MTR1000")
        expect(password).to_have_value("Canary-of-json")
        field(notebook, "login").focus()
        expect(json_of(notebook)).to_have_value(re.compile('"password": "•••"'))
        assert [frame for frame in (*notebook.sent, *notebook.got) if "Canary" in frame] == []
        notebook.shot("explorer-classic")
        choose(notebook, "ping")
        notebook.button("Send").click()
        panel.get_by_role("tab", name="Frame").click()
        with notebook.page.expect_download() as saving:
            notebook.button("Save as CSV").click()
        assert saving.value.path().read_bytes().startswith(b"\xef\xbb\xbfping")
