"""Test the panels of tokens and of apps in JupyterLab and Notebook 7, used as a user does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, expect

if TYPE_CHECKING:
    from conftest import Lab, Notebook

    Opening = Callable[..., AbstractContextManager[Notebook]]

pytestmark = pytest.mark.browser

START = """
import logging
logging.basicConfig(filename="kernel.log", level=logging.DEBUG, force=True)
for name in ("Comm", "IPKernelApp", "traitlets", "ipykernel.comm", "dpyauth"):
    logging.getLogger(name).setLevel(logging.DEBUG)
    logging.getLogger(name).debug("all is logged")
from dpyauth.credentials import access_token, api_token
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.settings import settings
from dpyauth import apps, tokens

box = Sandbox(limits=None).start()
mine = Session(settings(box.app_id, box.url), timeout=10)

def sign_in(token="sandbox-rich-all"):
    mine.core.sign_in_and_wait(api_token(token, "a test"))

sign_in()
"""
TOKENS = "tokens(mine)"
APPS = "apps(mine)"
OPTIONS = """
other = Session(settings(box.options_app_id, box.rest, api="options"), timeout=10)
other.core.sign_in_and_wait(access_token(box.options_token("rich").token, "a test"))
"""
MEAN = "<script>alert(1)</script> \u202eright to left שלום " + "long" * 40
FIELDS = "() => [...document.querySelectorAll('input, textarea')].map((one) => one.value)"
MADE = "sandboxmade000"
"""The beginning of the sandbox's new tokens."""


def rows(panel: Locator, name: str) -> Locator:
    return panel.get_by_role("list", name=name).get_by_role("listitem")


def row(panel: Locator, name: str) -> Locator:
    return panel.locator("li.dpyauth-manage-row").filter(has_text=name)


def test_tokens(opening: Opening, lab: Lab) -> None:
    with opening(lab, "lab", [START, TOKENS, ""]) as notebook:
        page, panel = notebook.page, notebook.panel
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        notebook.run(0)
        notebook.run(1)
        expect(rows(panel, "API tokens")).to_have_count(3)
        expect(panel.locator(".dpyauth-who")).to_contain_text("CR900001")
        expect(panel.locator(".dpyauth-sample")).to_be_visible()
        expect(row(panel, "rich, every scope")).to_contain_text("in use here")
        notebook.expect_readable("tokens-list")

        # A preset, and its scopes.
        notebook.button("Create a token").click()
        name = panel.get_by_label("Name", exact=True)
        expect(name).to_be_focused()
        name.fill("My notebook")
        preview = panel.locator(".dpyauth-tokens-preview")
        expect(preview.locator(".dpyauth-tokens-yes li")).to_have_count(1)
        panel.get_by_label("Move money", exact=True).check()
        expect(preview).to_contain_text("can move your money")
        notebook.expect_readable("tokens-form")
        panel.get_by_label("Something else", exact=True).check()
        notebook.button("Create the token").click()
        notebook.button("Create it for CR900001").click()
        expect(panel.get_by_role("alert")).to_contain_text("Tick at least one scope")
        expect(name).to_have_value("My notebook")
        panel.get_by_label("Trading information", exact=True).check()
        expect(panel.get_by_label("Trading information", exact=True)).to_be_focused()
        name.fill("My-notebook")
        notebook.button("Create the token").click()
        notebook.button("Create it for CR900001").click()
        expect(panel.get_by_role("alert")).to_contain_text("2 to 32 letters")
        panel.get_by_label("See money and trades", exact=True).check()
        name.fill("My notebook")
        notebook.button("Create the token").click()
        expect(panel).to_contain_text("for the sample account CR900001?")
        expect(notebook.button("No, go back")).to_be_focused()
        expect(name).to_be_disabled()
        notebook.shot("tokens-sure")
        page.keyboard.press("Enter")
        expect(notebook.button("Create the token")).to_be_visible()
        expect(rows(panel, "API tokens")).to_have_count(3)
        notebook.button("Create the token").click()
        notebook.button("Create it for CR900001").click()

        # It is shown once.
        once = panel.locator(".dpyauth-tokens-once")
        secret = panel.get_by_label("API token", exact=True)
        expect(once).to_be_visible()
        expect(secret).to_have_attribute("type", "password")
        token = secret.input_value()
        assert token.startswith(MADE)
        expect(row(panel, "My notebook")).to_contain_text("Trading information")
        notebook.expect_readable("tokens-made")
        notebook.button("Copy").click()
        expect(panel.get_by_role("status").last).to_contain_text("Copied")
        assert page.evaluate("() => navigator.clipboard.readText()") == token
        page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()) }")
        page.evaluate("() => { document.execCommand = () => false }")
        notebook.button("Copy").click()
        expect(panel.get_by_role("status").last).to_contain_text("Ctrl+C")
        expect(secret).to_have_attribute("type", "text")
        assert page.evaluate("() => getSelection().toString()") == token
        notebook.button("Hide").click()
        expect(secret).to_have_attribute("type", "password")
        saved = notebook.save() + page.content()
        before = len(notebook.got)
        notebook.button("Refresh").click()
        notebook.wait_until(lambda: any('"busy": false' in frame for frame in notebook.got[before:]))
        expect(secret).to_have_value(token)
        notebook.button("Done").click()
        expect(once).to_have_count(0)
        expect(notebook.button("Create a token")).to_be_focused()
        assert page.evaluate(FIELDS).count(token) == 0

        # It works, and is not stored anywhere.
        notebook.fill(2, "mine.api_tokens()")
        notebook.run(2)
        saved += notebook.save() + page.content()
        kept = page.evaluate("() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])")
        assert "TokensPanel" in saved  # the widget's state is in there
        assert sum(token in frame for frame in notebook.got) == 1
        assert [seen for seen in (saved, kept, *notebook.sent) if token in seen] == []
        log = lab.folder / "kernel.log"
        assert "all is logged" in log.read_text()
        assert lab.log.stat().st_size > 0
        files = [path for path in lab.folder.parent.rglob("*") if path.is_file()]
        assert [path for path in files if token.encode() in path.read_bytes()] == []

        # Revoking takes a second click.
        panel.get_by_role("button", name="Revoke “\u2068My notebook\u2069”", exact=True).click()
        notebook.expect_readable("tokens-revoke")
        notebook.button("No, go back").click()
        expect(panel.get_by_role("button", name="Revoke “\u2068My notebook\u2069”", exact=True)).to_be_focused()
        page.keyboard.press("Enter")
        panel.get_by_role("button", name="for good").click()
        expect(notebook.notice).to_contain_text("no longer works")
        expect(rows(panel, "API tokens")).to_have_count(3)

        # Names from outside, and revoking the token in use.
        notebook.fill(
            2,
            f"_ = box.world.create_token('CR900001', {MEAN!r}, ('read',), '1.2.3.4')\n"
            "sign_in(box.world.create_token('CR900001', 'Its own end', ('read', 'admin'), '').value)",
        )
        notebook.run(2)
        notebook.button("Refresh").click()
        expect(row(panel, "Its own end")).to_contain_text("in use here")
        row(panel, "Its own end").get_by_role("button").click()
        expect(panel).to_contain_text("the session ends")
        notebook.shot("tokens-own")
        panel.get_by_role("button", name="for good").click()
        expect(notebook.notice).to_contain_text("revoked the token")
        expect(panel).to_contain_text("You are not signed in")

        notebook.fill(2, "sign_in('sandbox-rich-read')")
        notebook.run(2)
        expect(notebook.notice).to_contain_text("Your token may not manage tokens")
        notebook.expect_readable("tokens-denied")
        notebook.fill(1, OPTIONS + "tokens(other)")
        notebook.run(1)
        expect(notebook.notice).to_contain_text("developers.deriv.com")
        notebook.expect_readable("tokens-options")
        notebook.restart("kernelmenu:restart")
        notebook.wait_for_kernel()
        expect(panel.get_by_role("status").last).to_contain_text("The kernel was restarted")


def test_apps(opening: Opening, lab: Lab) -> None:
    with opening(lab, "lab", [START, APPS, ""]) as notebook:
        panel = notebook.panel
        notebook.run(0)
        notebook.run(1)
        expect(rows(panel, "Apps that you have registered")).to_have_count(2)
        expect(rows(panel, "Apps that may use your accounts")).to_have_count(2)
        notebook.expect_readable("apps-list")

        notebook.button("Register an app").click()
        name, url = panel.get_by_label("Name", exact=True), panel.get_by_label("Redirect URL", exact=True)
        expect(name).to_be_focused()
        name.fill("My notebook")
        url.fill("http://localhost:8888/callback")
        notebook.button("Register it").click()
        expect(panel.get_by_role("alert")).to_contain_text("Deriv does not accept a port")
        expect(url).to_have_attribute("aria-invalid", "true")
        expect(url).to_have_value("http://localhost:8888/callback")
        notebook.expect_readable("apps-form")
        notebook.button("Use this").click()
        expect(url).to_have_value("http://localhost/dpyauth")
        notebook.button("Register it").click()
        expect(notebook.notice).to_contain_text("dpyauth.login(app_id=")
        expect(rows(panel, "Apps that you have registered")).to_have_count(3)
        notebook.shot("apps-registered")

        mine = row(panel, "My notebook")
        mine.get_by_role("button", name="Change").click()
        expect(notebook.notice).to_have_count(0)
        name.fill("Renamed")
        panel.get_by_label("Trade", exact=True).check()
        notebook.button("Save").click()
        expect(panel).to_contain_text("have to sign in again")
        panel.get_by_role("button", name="sign out all users").click()
        expect(row(panel, "Renamed")).to_contain_text("Trade")
        row(panel, "Renamed").get_by_role("button", name="Delete").click()
        expect(notebook.button("No, go back")).to_be_focused()
        notebook.expect_readable("apps-delete")
        panel.get_by_role("button", name="for good").click()
        expect(rows(panel, "Apps that you have registered")).to_have_count(2)

        trader = row(panel, "Sandbox trader")
        trader.get_by_role("button", name="Withdraw access").click()
        trader.get_by_role("button", name="Withdraw the access").click()
        expect(rows(panel, "Apps that may use your accounts")).to_have_count(1)

        notebook.fill(2, f"box.world.apps.register({MEAN!r}, '', ('read',), 9000001)\nsign_in('sandbox-rich-read')")
        notebook.run(2)
        expect(panel).to_contain_text("look, but not change")
        notebook.button("Refresh").click()
        expect(rows(panel, "Apps that you have registered")).to_have_count(3)
        expect(panel.get_by_role("button")).to_have_count(1)
        notebook.expect_readable("apps-look")


def test_in_notebook_7(opening: Opening, classic: Lab) -> None:
    with opening(classic, "notebook", [START, TOKENS, APPS]) as notebook:
        notebook.run(0)
        notebook.run(1)
        expect(rows(notebook.panel, "API tokens")).to_have_count(3)
        notebook.run(2)
        expect(notebook.panel.nth(1).get_by_role("list")).to_have_count(2)
        notebook.button("Create a token").click()
        notebook.panel.get_by_label("Name", exact=True).fill("abdd x")  # keys that are shortcuts elsewhere
        notebook.button("Create the token").click()
        notebook.button("Create it for CR900001").click()
        expect(notebook.panel.get_by_label("API token", exact=True)).to_be_visible()
        notebook.button("Done").click()
        expect(row(notebook.panel.first, "abdd x")).to_be_visible()
