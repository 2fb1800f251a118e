"""Test the sign-in panel in JupyterLab as a user uses it: with the mouse, and with the keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Locator, expect

from dpyauth.registry import APIS

if TYPE_CHECKING:
    from conftest import Lab, Notebook

pytestmark = pytest.mark.browser

ASK = """
import dpyauth
from dpyauth.sandbox import shared
shared().start().faults.clear()
passes = shared().options.issued
passes["pat_" + "5a" * 32] = passes[shared().options_token("rich, every").token]
if "session" in globals():
    session.close()
session = dpyauth.login(sandbox=True, ask=True)
"""
LIST = "session.accounts()"
STALL = "shared().faults.stall('balance')"
CLEAR = "shared().faults.clear()"
RIGHT = "pat_" + "5a" * 32
OLD = "sandbox-rich-btc"
WRONG = "Canary-7f3a91-wrong"


@pytest.fixture(scope="module")
def notebook(opening: Callable[..., Any], lab: Lab) -> Iterator[Notebook]:
    with opening(lab, "lab", (ASK, LIST, STALL, CLEAR)) as one:
        yield one


@pytest.fixture
def form(notebook: Notebook) -> Notebook:
    """Open the notebook, whose first cell has shown the form; clear the state of the previous test."""
    notebook.theme("Light")
    notebook.sent.clear()
    notebook.got.clear()
    notebook.fill(3, CLEAR)
    notebook.run(0)
    expect(notebook.panel).to_have_attribute("data-phase", "form")
    return notebook


def sign_in(notebook: Notebook, token: str) -> None:
    notebook.token.fill(token)
    notebook.token.press("Enter")


def expect_account(notebook: Notebook, loginid: str) -> None:
    expect(notebook.panel.locator(".dpyauth-loginid")).to_have_text(loginid)


def test_token_and_enter(form: Notebook) -> None:
    expect(form.panel).to_contain_text("nothing here is real")
    expect(form.app_id).to_have_value(re.compile("^33"))
    expect(form.token).to_have_attribute("type", "password")
    expect(form.token).to_have_attribute("autocomplete", "off")
    form.shot("form-light")
    sign_in(form, RIGHT)
    expect_account(form, "DOT900003")
    expect(form.panel).to_contain_text("Demo account")
    expect(form.panel).to_contain_text("connected")
    expect(form.token).to_have_count(0)
    expect(form.run(1).locator("table.dataframe")).to_contain_text("ROT900001")
    form.shot("account-light")
    form.theme("Dark")
    form.shot("account-dark")


def test_wrong_token_then_right_one(form: Notebook) -> None:
    sign_in(form, WRONG)
    expect(form.notice).to_contain_text("Deriv refused the sign-in")
    expect(form.notice).to_contain_text("part of it is missing")
    expect(form.notice).to_have_role("alert")
    expect(form.token).to_have_value("")
    expect(form.token).to_be_focused()
    expect(form.token).to_have_attribute("aria-invalid", "true")
    form.shot("refused-light")
    form.theme("Dark")
    form.shot("refused-dark")
    sign_in(form, RIGHT)
    expect_account(form, "DOT900003")
    expect(form.notice).to_have_count(0)


def test_mistakes(form: Notebook) -> None:
    form.button("Sign in").click()
    expect(form.notice).to_contain_text("The token is empty")
    expect(form.token).to_be_focused()
    # The same mistake is answered again, and is not taken for a kernel that does not answer.
    form.page.evaluate("() => { document.querySelector('.dpyauth-notice').dataset.old = '' }")
    form.button("Sign in").click()
    expect(form.panel.locator(".dpyauth-notice:not([data-old])")).to_contain_text("The token is empty")


def test_the_token_is_kept_after_a_wrong_app_id(form: Notebook) -> None:
    """It is marked and stays in its field to be corrected, and the kernel keeps the token in the meantime."""
    form.app_id.fill("My app")
    sign_in(form, RIGHT)
    expect(form.notice).to_contain_text("Check the app ID")
    expect(form.app_id).to_be_focused()
    expect(form.app_id).to_have_value("My app")
    expect(form.app_id).to_have_attribute("aria-invalid", "true")
    expect(form.app_id).to_have_accessible_description(re.compile("^Check the app ID.*not its name"))
    expect(form.token).not_to_have_attribute("aria-invalid", "true")
    expect(form.token).to_have_value("")
    expect(form.token).to_have_attribute("placeholder", "kept for another try")
    form.expect_readable("wrong-app-id")

    form.app_id.fill("SomeApp0fMine")  # has a valid form, but Deriv does not know it
    form.app_id.press("Enter")
    expect(form.notice).to_contain_text("Deriv refused the sign-in (options API)")
    expect(form.app_id).to_be_focused()
    expect(form.app_id).to_have_attribute("aria-invalid", "true")
    form.app_id.fill("")  # in the sandbox, the sandbox's own app ID is used
    form.button("Try again").click()
    expect_account(form, "DOT900003")
    assert sum(RIGHT in frame for frame in form.sent) == 1


def test_the_token_is_kept_without_an_answer(form: Notebook) -> None:
    form.fill(3, "shared().faults.http(503, 'get_accounts', times=100)")
    form.run(3)
    sign_in(form, RIGHT)
    expect(form.notice).to_contain_text("503", timeout=60_000)  # it is repeated before that
    expect(form.button("Try again")).to_be_focused()
    form.shot("try-again-light")
    form.fill(3, CLEAR)
    form.run(3)
    form.button("Try again").click()
    expect_account(form, "DOT900003")
    assert sum(RIGHT in frame for frame in form.sent) == 1


def test_sample_by_name_another_token_and_back(form: Notebook) -> None:
    """Samples of the current API come first; those of the older one are folded with it."""
    samples = form.panel.get_by_label("Sample tokens of the sandbox")
    expect(samples.first).to_have_value("rich, every scope")
    form.button("Use this sample").click()
    expect_account(form, "DOT900003")
    form.button("Use another token").click()
    expect(form.token).to_be_focused()
    form.panel.locator("summary").click()
    samples.last.select_option("rich, the demo account")
    form.button("Use this sample").last.click()
    expect_account(form, "VRTC900003")
    expect(form.panel).to_contain_text("Demo account")

    form.button("Use another token").click()
    expect(form.token).to_be_focused()
    form.button("Keep the current account").click()
    expect_account(form, "VRTC900003")

    form.button("Use another token").click()
    sign_in(form, WRONG)
    expect(form.notice).to_contain_text("Deriv refused the sign-in")
    form.button("Keep the current account").click()
    expect_account(form, "VRTC900003")
    expect(form.notice).to_have_count(0)

    form.button("Use another token").click()
    expect(form.notice).to_have_count(0)
    sign_in(form, RIGHT)
    expect_account(form, "DOT900003")
    expect(form.run(1).locator("table.dataframe")).to_contain_text("DOT900003")


def test_an_old_token(form: Notebook) -> None:
    """It is recognized before anything is sent, and one button continues with the older API."""
    sign_in(form, OLD)
    expect(form.notice).to_contain_text("This looks like a token for Deriv's older API (v3)")
    expect(form.notice).to_contain_text("Nothing was sent")
    expect(form.token).to_be_focused()
    link = form.notice.get_by_role("link")
    expect(link).to_have_attribute("href", "https://developers.deriv.com/dashboard/tokens/")
    expect(link).to_have_attribute("rel", "noopener")
    form.expect_readable("old-token")
    form.button("Continue with Deriv's older API (v3)").click()
    expect_account(form, "CR900002")
    expect(form.panel.locator(".dpyauth-api")).to_have_text("v3 API")
    assert sum(OLD in frame for frame in form.sent) == 1


def test_the_older_api_is_folded_away(form: Notebook) -> None:
    old = form.panel.get_by_label("API token", exact=True)
    expect(old).to_be_hidden()
    form.panel.locator("summary").click()
    expect(old).to_be_visible()
    app_id = form.panel.get_by_label("App ID").nth(1)
    expect(app_id).to_have_value("16303")
    form.expect_readable("older-api")

    app_id.fill("no number")
    old.fill(OLD)
    old.press("Enter")
    expect(form.notice).to_contain_text("Check the app ID")
    expect(app_id).to_be_focused()
    expect(old).to_have_attribute("placeholder", "kept for another try")
    app_id.fill("1089")
    app_id.press("Enter")
    expect_account(form, "CR900002")


def test_moved_to_the_current_api(form: Notebook) -> None:
    """v3 only says that such a token is invalid."""
    form.panel.locator("summary").click()
    old = form.panel.get_by_label("API token", exact=True)
    old.fill("Kx9Lm2Qw8Rt5Yz1")
    old.press("Enter")
    expect(form.notice).to_contain_text("Deriv refused the sign-in (v3 API)")
    expect(old).to_be_focused()
    form.button("Sign in there instead").click()
    expect(form.token).to_be_focused()
    expect(form.notice).to_have_count(0)


# At Deriv itself


@pytest.fixture
def at_deriv(form: Notebook) -> Iterator[Notebook]:
    """Show what a new user sees. Nothing is sent."""
    form.fill(0, "session.close()\nsession = dpyauth.login(ask=True)")
    form.run(0)
    expect(form.panel).to_have_attribute("data-phase", "form")
    yield form
    form.page.set_viewport_size({"width": 1250, "height": 1100})
    form.fill(0, ASK.strip())


def test_what_a_new_user_sees(at_deriv: Notebook) -> None:
    """Two empty fields, each with a hint where to get the value, and of the older API only the way to it."""
    panel, pages = at_deriv.panel, APIS["options"].pages
    expect(at_deriv.app_id).to_have_value("")
    expect(at_deriv.token).to_have_value("")
    for name, address in (
        ("Register an app (type PAT)", pages.apps),
        ("Create a token (scope: Trade)", pages.tokens),
        ("Open one at Deriv", pages.account),
    ):
        link = panel.get_by_role("link", name=name)
        expect(link).to_have_attribute("href", address)
        expect(link).to_have_attribute("target", "_blank")
        expect(link).to_have_attribute("rel", "noopener")
    shown = panel.inner_text()
    assert [word for word in ("derivws", "1089", "options", "wss:") if word in shown] == []
    assert shown.count("v3") == 1
    at_deriv.expect_readable("new-user")
    at_deriv.page.set_viewport_size({"width": 760, "height": 1100})
    expect(panel.get_by_role("link", name="Register an app (type PAT)")).to_be_visible()
    assert panel.evaluate("(panel) => panel.scrollWidth <= panel.clientWidth")
    at_deriv.shot("new-user-narrow")


def test_signing_in_with_deriv_waits_for_the_app_id(at_deriv: Notebook) -> None:
    go = at_deriv.button("Sign in with Deriv")
    expect(go).to_be_disabled()
    expect(go).to_have_accessible_description("This needs your app ID.")
    at_deriv.app_id.press_sequentially("33abcDEF")
    expect(go).to_be_enabled()
    expect(go).not_to_have_accessible_description("This needs your app ID.")
    at_deriv.app_id.fill(" ")
    expect(go).to_be_disabled()


def test_a_token_without_an_app_id(at_deriv: Notebook) -> None:
    sign_in(at_deriv, RIGHT)
    expect(at_deriv.notice).to_contain_text("needs your app ID")
    expect(at_deriv.app_id).to_be_focused()
    expect(at_deriv.notice.get_by_role("link")).to_have_attribute("href", APIS["options"].pages.apps)
    expect(at_deriv.button("Try again")).to_be_visible()


def test_only_the_requested_api(at_deriv: Notebook) -> None:
    at_deriv.fill(0, "session.close()\nsession = dpyauth.login(api='v3', ask=True)")
    at_deriv.run(0)
    expect(at_deriv.panel.get_by_label("API token", exact=True)).to_be_visible()
    expect(at_deriv.panel.get_by_label("Personal access token")).to_have_count(0)
    expect(at_deriv.app_id).to_have_value("1089")
    expect(at_deriv.button("Sign in with Deriv")).to_be_disabled()
    at_deriv.expect_readable("v3-alone")


def test_sign_out(form: Notebook) -> None:
    sign_in(form, RIGHT)
    expect_account(form, "DOT900003")
    form.button("Sign out").click()
    expect(form.notice).to_contain_text("You signed out.")
    expect(form.notice).to_have_role("status")
    expect(form.token).to_have_value("")
    expect(form.run(1)).to_contain_text("NotSignedIn")
    form.shot("signed-out-light")


def test_query_before_sign_in(form: Notebook) -> None:
    output = form.run(1)
    expect(output).to_contain_text("NotSignedIn: You are not signed in")
    assert len(output.inner_text().strip().splitlines()) <= 3


def test_cancel(form: Notebook) -> None:
    form.run(2)
    sign_in(form, RIGHT)
    expect(form.panel).to_contain_text("Signing in to the sandbox")
    form.shot("busy-light")
    form.button("Cancel").click()
    expect(form.token).to_be_visible()
    expect(form.notice).to_have_count(0)
    form.run(3)
    sign_in(form, RIGHT)
    expect_account(form, "DOT900003")


def test_break_is_shown(form: Notebook) -> None:
    sign_in(form, RIGHT)
    expect_account(form, "DOT900003")
    # The break may be over in a moment, so record everything that the panel shows.
    form.panel.evaluate(
        """(panel) => {
          window.said = [];
          new MutationObserver(() => window.said.push(panel.innerText)).observe(panel, { childList: true });
        }"""
    )
    form.fill(3, "shared().faults.drop()")
    form.run(3)
    form.page.wait_for_function("() => window.said.length >= 2")
    expect(form.panel.locator(".dpyauth-on")).to_be_visible()
    assert "reconnecting" in form.page.evaluate("() => window.said.join()")


def test_typed_text_survives_updates_of_the_session(form: Notebook) -> None:
    """A break while the next token is being typed must not delete it."""
    sign_in(form, RIGHT)
    expect_account(form, "DOT900003")
    form.button("Use another token").click()
    form.token.press_sequentially("half a tok")
    form.page.evaluate("() => { document.activeElement.dataset.mine = '' }")
    form.fill(3, "shared().stop()")
    form.run(3)
    form.fill(3, "session.state")
    expect(form.run(3)).to_contain_text("reconnecting")
    expect(form.token).to_have_value("half a tok")


def test_busy_kernel(form: Notebook) -> None:
    """The panel says that it is waiting, and what was sent in the meantime still works afterwards."""
    form.fill(3, "import time; time.sleep(6)")
    form.cell(3).locator(".cm-content").press("Control+Enter")
    expect(form.cell(3).locator(".jp-InputPrompt").first).to_have_text("[*]:")
    sign_in(form, RIGHT)
    expect(form.panel.get_by_role("status")).to_contain_text("No answer from the kernel yet")
    form.shot("waiting-light")
    expect_account(form, "DOT900003")
    expect(form.panel.get_by_role("status")).to_be_hidden()


def test_restarted_kernel(form: Notebook) -> None:
    """The panel says so at once, and keeps nothing of what was typed."""
    form.token.fill(WRONG)
    form.restart("kernelmenu:restart")
    expect(form.panel.get_by_role("status")).to_contain_text("The kernel was restarted")
    expect(form.token).to_have_value("")
    expect(form.token).to_be_disabled()
    expect(form.button("Sign in")).to_be_disabled()
    form.wait_for_kernel()
    assert WRONG not in "".join(form.sent)
    form.expect_readable("restarted")


def number(notebook: Notebook, index: int) -> str:
    """Return the number of a cell, in brackets."""
    return notebook.cell(index).locator(".jp-InputPrompt").first.inner_text().rstrip(":")


def test_the_panel_names_the_cells_to_run(form: Notebook) -> None:
    """After a later login, and after a restart, when only the browser can say what to run."""
    sign_in(form, RIGHT)
    expect_account(form, "DOT900003")
    form.fill(1, "session.switcher()")
    form.fill(2, "newer = dpyauth.login(sandbox=True, api='v3')")
    signs_in, mine, later = (form.cell(index).locator(".dpyauth-panel") for index in (0, 1, 2))
    try:
        form.run(1)
        expect(mine.locator(".dpyauth-sibling")).to_have_count(2)
        form.run(2)
        expect(later.locator(".dpyauth-loginid")).to_be_visible()
        for panel in (signs_in, mine):
            expect(panel).to_contain_text(
                f"A later login(), in cell {number(form, 2)}, replaced this session. Use the panel there"
            )
        expect(mine.locator(".dpyauth-sibling")).to_have_count(0)
        form.shot("replaced")
        first, second, third = (number(form, index) for index in range(3))
        form.restart("kernelmenu:restart")
        expect(mine.get_by_role("status").last).to_contain_text(
            f"Run cell {first}, which signs in, then this one, {second}."
        )
        expect(later.get_by_role("status").last).to_contain_text(f"Run this cell, {third}, again.")
        form.wait_for_kernel()
        form.shot("the-way-back")
    finally:
        form.fill(1, LIST)
        form.fill(2, STALL)
        form.page.evaluate("() => jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")


def test_dead_kernel(form: Notebook) -> None:
    """The server restarts it by itself."""
    form.fill(3, "import os; os._exit(1)")
    form.cell(3).locator(".cm-content").press("Control+Enter")
    form.page.get_by_role("dialog").get_by_role("button", name="Ok").click()
    expect(form.panel.get_by_role("status")).to_contain_text("The kernel was restarted or shut down")
    form.wait_for_kernel()


def test_another_kernel(form: Notebook) -> None:
    """The previous kernel has closed the session while shutting down."""
    form.page.evaluate("() => jupyterapp.shell.currentWidget.context.sessionContext.changeKernel({ name: 'python3' })")
    expect(form.panel).to_contain_text("This session is closed")
    form.wait_for_kernel()


# Keyboard


def test_keyboard_alone(form: Notebook) -> None:
    cells = form.cells.count()

    def tab_to(where: Locator, letters: str = "") -> None:
        form.page.keyboard.press("Tab")
        expect(where).to_be_focused()
        for letter in letters:  # in command mode, these keys add, delete and cut cells, and "00" restarts the kernel
            form.page.keyboard.press(letter)

    form.app_id.focus()
    form.page.keyboard.press("End")
    for letter in "abm":
        form.page.keyboard.press(letter)
    expect(form.app_id).to_have_value(re.compile("abm$"))
    tab_to(form.token, "abddxzy00")
    expect(form.token).to_have_value("abddxzy00")
    # JupyterLab ignores keys in text fields by itself, but not on buttons and lists.
    tab_to(form.button("Sign in"), "abdd")
    tab_to(form.button("Sign in with Deriv"), "abdd")
    remember = form.panel.get_by_role("checkbox", name="Remember me")
    tab_to(remember)
    form.page.keyboard.press("Space")
    expect(remember).to_be_checked()
    form.page.keyboard.press("Space")
    samples = form.panel.get_by_label("Sample tokens of the sandbox").first
    tab_to(samples, "r")  # to the next choice with that letter; in the notebook it would make a raw cell
    expect(samples).to_have_value("rich, trading only")
    tab_to(form.button("Use this sample"))
    tab_to(form.panel.locator("summary"))
    assert (form.cells.count(), form.code.count()) == (cells, cells)
    expect(form.page.get_by_role("dialog")).to_have_count(0)

    form.app_id.focus()
    form.page.keyboard.press("Control+a")
    form.page.keyboard.press("Delete")
    form.page.keyboard.press("Tab")
    form.page.keyboard.press("Control+a")
    form.page.keyboard.type(RIGHT)
    form.page.keyboard.press("Tab")
    form.page.keyboard.press("Space")
    expect_account(form, "DOT900003")
    expect(form.panel.locator(".dpyauth-who")).to_be_focused()
    form.button("Use another token").focus()
    form.page.keyboard.press("Enter")
    expect(form.token).to_be_focused()
    for _ in range(4):
        form.page.keyboard.press("Tab")
    expect(form.button("Keep the current account")).to_be_focused()


def test_every_text_is_readable(form: Notebook) -> None:
    sign_in(form, WRONG)
    expect(form.notice).to_be_visible()
    form.expect_readable()
    for sample in ("rich, trading only", "rich, every scope"):
        form.panel.get_by_label("Sample tokens of the sandbox").first.select_option(sample)
        form.button("Use this sample").click()
        expect(form.panel.locator(".dpyauth-who")).to_be_visible()
        form.expect_readable()
        form.button("Use another token").click()


# Secrets


def test_token_leaves_the_page_once_and_is_kept_nowhere(form: Notebook, lab: Lab) -> None:
    tokens = (WRONG, RIGHT)
    sign_in(form, WRONG)
    expect(form.notice).to_be_visible()
    form.run(1)
    saved = form.save()
    sign_in(form, RIGHT)
    expect_account(form, "DOT900003")
    form.run(1)
    saved += form.save()
    kept = form.page.evaluate("() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])")
    assert "SignInPanel" in saved  # the widget's state is in there
    assert [sum(token in frame for frame in form.sent) for token in tokens] == [1, 1]
    assert [token for token in tokens for seen in (saved, kept, form.page.content(), *form.got) if token in seen] == []
    assert lab.log.stat().st_size > 0
    files = [path for path in lab.folder.parent.rglob("*") if path.is_file()]
    assert [path for path in files for token in tokens if token.encode() in path.read_bytes()] == []
