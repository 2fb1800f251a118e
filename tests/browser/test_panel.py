"""The sign-in panel in JupyterLab, used as a reader uses it: with the mouse, and with the keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from dpyauth.sandbox.users import SAMPLES

if TYPE_CHECKING:
    from conftest import Lab, Notebook

pytestmark = pytest.mark.browser

ASK = """
import dpyauth
from dpyauth.sandbox import shared
shared().start().faults.clear()
if "session" in globals():
    session.close()
session = dpyauth.login(sandbox=True, ask=True)
"""
STATUS = "session.account_status()"
STALL = "shared().faults.stall('authorize')"
CLEAR = "shared().faults.clear()"
RIGHT = SAMPLES[0].token
WRONG = "Canary-7f3a91-wrong"


@pytest.fixture(scope="module")
def notebook(opening: Callable[..., Any], lab: Lab) -> Iterator[Notebook]:
    with opening(lab, "lab", (ASK, STATUS, STALL, CLEAR)) as one:
        yield one


@pytest.fixture
def form(notebook: Notebook) -> Notebook:
    """The notebook, whose first cell has shown the form; nothing is left of what was before."""
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
    expect(form.app_id).to_have_value("16303")
    expect(form.token).to_have_attribute("type", "password")
    expect(form.token).to_have_attribute("autocomplete", "off")
    form.shot("form-light")
    sign_in(form, RIGHT)
    expect_account(form, "CR900001")
    expect(form.panel).to_contain_text("Real account")
    expect(form.panel).to_contain_text("connected")
    expect(form.token).to_have_count(0)
    expect(form.run(1).locator("table.dataframe")).to_contain_text("CR900001")
    form.shot("account-light")
    form.theme("Dark")
    form.shot("account-dark")


def test_wrong_token_then_right_one(form: Notebook) -> None:
    sign_in(form, WRONG)
    expect(form.notice).to_contain_text("Deriv did not let you in")
    expect(form.notice).to_contain_text("does not accept this API token")
    expect(form.notice).to_have_role("alert")
    expect(form.token).to_have_value("")
    expect(form.token).to_be_focused()
    form.shot("refused-light")
    form.theme("Dark")
    form.shot("refused-dark")
    sign_in(form, RIGHT)
    expect_account(form, "CR900001")
    expect(form.notice).to_have_count(0)


def test_mistakes(form: Notebook) -> None:
    form.button("Sign in").click()
    expect(form.notice).to_contain_text("The API token is empty")
    # The same again is answered again, and is not taken for a kernel that does not answer.
    form.page.evaluate("() => { document.querySelector('.dpyauth-notice').dataset.old = '' }")
    form.button("Sign in").click()
    expect(form.panel.locator(".dpyauth-notice:not([data-old])")).to_contain_text("The API token is empty")

    # A wrong app ID stays in its field, to be mended.
    form.app_id.fill("16.3")
    sign_in(form, RIGHT)
    expect(form.notice).to_contain_text("Check what you entered")
    expect(form.app_id).to_have_value("16.3")
    form.app_id.fill("1089")
    sign_in(form, RIGHT)
    expect_account(form, "CR900001")


def test_sample_by_name_another_token_and_back(form: Notebook) -> None:
    samples = form.panel.get_by_label("Sample tokens of the sandbox")
    samples.select_option("rich, the demo account")
    form.button("Use this sample").click()
    expect_account(form, "VRTC900003")
    expect(form.panel).to_contain_text("Demo account")

    form.button("Use another token").click()
    expect(form.token).to_be_focused()
    form.button("Keep the present account").click()
    expect_account(form, "VRTC900003")

    form.button("Use another token").click()
    sign_in(form, WRONG)
    expect(form.notice).to_contain_text("Deriv did not let you in")
    form.button("Keep the present account").click()
    expect_account(form, "VRTC900003")
    expect(form.notice).to_have_count(0)

    form.button("Use another token").click()
    expect(form.notice).to_have_count(0)
    sign_in(form, "sandbox-rich-btc")
    expect_account(form, "CR900002")
    expect(form.run(1).locator("table.dataframe")).to_contain_text("CR900002")


def test_both_apis(form: Notebook) -> None:
    """The reader chooses, or the token and the app ID do. What was sent to one is not sent to the other."""
    form.panel.locator("summary").click()
    choice = form.panel.get_by_label("Deriv API")
    expect(choice).to_have_value("")
    choice.focus()
    choice.select_option("options (personal access token)")
    expect(form.panel.get_by_label("Personal access token", exact=True)).to_be_visible()
    expect(choice).to_be_focused()
    expect(form.panel.locator("summary")).to_contain_text("options")
    expect(form.app_id).to_have_value(re.compile("^33"))
    form.expect_readable("both-apis-form")
    choice.select_option("automatic")
    form.panel.get_by_label("Sample tokens of the sandbox").select_option("options:rich, every scope")
    form.button("Use this sample").click()
    expect_account(form, "DOT900003")
    expect(form.panel.locator(".dpyauth-api")).to_have_text("options API")
    expect(form.run(3).locator(".jp-OutputArea-output")).to_have_count(0)
    form.fill(3, "session.balance()")
    expect(form.run(3).locator("table.dataframe")).to_contain_text("DOT900003")

    form.button("Use another token").click()
    form.app_id.fill("SomeApp0fMine")  # letters: of options, as it looks
    form.panel.get_by_label("Personal access token", exact=True).fill(RIGHT)
    form.page.keyboard.press("Enter")
    expect(form.notice).to_contain_text("Deriv did not let you in (options API)")
    expect(form.notice).to_contain_text("it is a token of the older API, v3")
    form.expect_readable("both-apis-refused")
    form.app_id.fill("16303")
    form.token.fill(RIGHT)
    form.page.keyboard.press("Enter")
    expect_account(form, "CR900001")


def test_moved_to_the_newer_api(form: Notebook) -> None:
    sign_in(form, WRONG)
    form.button("Sign in on options instead").click()
    secret = form.panel.get_by_label("Personal access token", exact=True)
    expect(secret).to_be_focused()
    expect(form.notice).to_have_count(0)
    expect(form.panel.get_by_label("Deriv API")).to_have_value("options")


def test_sign_out(form: Notebook) -> None:
    sign_in(form, RIGHT)
    expect_account(form, "CR900001")
    form.button("Sign out").click()
    expect(form.notice).to_contain_text("You signed out.")
    expect(form.notice).to_have_role("status")
    expect(form.token).to_have_value("")
    expect(form.run(1)).to_contain_text("NotSignedIn")
    form.shot("signed-out-light")


def test_query_before_sign_in(form: Notebook) -> None:
    output = form.run(1)
    expect(output).to_contain_text("NotSignedIn: Nobody is signed in")
    assert len(output.inner_text().strip().splitlines()) <= 3


def test_cancel(form: Notebook) -> None:
    form.run(2)
    sign_in(form, RIGHT)
    expect(form.panel).to_contain_text("Signing in at the sandbox")
    form.shot("busy-light")
    form.button("Cancel").click()
    expect(form.token).to_be_visible()
    expect(form.notice).to_have_count(0)
    form.run(3)
    sign_in(form, RIGHT)
    expect_account(form, "CR900001")


def test_break_is_shown(form: Notebook) -> None:
    sign_in(form, RIGHT)
    expect_account(form, "CR900001")
    # The break may be over in a moment: note down all that the panel says meanwhile.
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


def test_what_is_typed_outlives_news_from_the_session(form: Notebook) -> None:
    """A break while the next token is being typed must not wipe it."""
    sign_in(form, RIGHT)
    expect_account(form, "CR900001")
    form.button("Use another token").click()
    form.token.press_sequentially("half a tok")
    form.page.evaluate("() => { document.activeElement.dataset.mine = '' }")
    form.fill(3, "shared().stop()")
    form.run(3)
    form.fill(3, "session.state")
    expect(form.run(3)).to_contain_text("reconnecting")
    expect(form.token).to_have_value("half a tok")


def test_busy_kernel(form: Notebook) -> None:
    """The panel says that it is waiting, and what was sent meanwhile still works afterwards."""
    form.fill(3, "import time; time.sleep(6)")
    form.cell(3).locator(".cm-content").press("Control+Enter")
    expect(form.cell(3).locator(".jp-InputPrompt").first).to_have_text("[*]:")
    sign_in(form, RIGHT)
    expect(form.panel.get_by_role("status")).to_contain_text("No answer from the kernel yet")
    form.shot("waiting-light")
    expect_account(form, "CR900001")
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


def test_dead_kernel(form: Notebook) -> None:
    """The server starts it again by itself."""
    form.fill(3, "import os; os._exit(1)")
    form.cell(3).locator(".cm-content").press("Control+Enter")
    form.page.get_by_role("dialog").get_by_role("button", name="Ok").click()
    expect(form.panel.get_by_role("status")).to_contain_text("The kernel was restarted or ended")
    form.wait_for_kernel()


def test_another_kernel(form: Notebook) -> None:
    """The one before has closed the session on its way out."""
    form.page.evaluate("() => jupyterapp.shell.currentWidget.context.sessionContext.changeKernel({ name: 'python3' })")
    expect(form.panel).to_contain_text("This session is closed")
    form.wait_for_kernel()


# Keyboard


def test_keyboard_alone(form: Notebook) -> None:
    cells = form.cells.count()
    form.token.focus()
    for letter in "abddxzy0":  # in command mode these add, delete, cut cells ... and "00" restarts the kernel
        form.page.keyboard.press(letter)
    form.page.keyboard.press("0")
    expect(form.token).to_have_value("abddxzy00")
    form.page.keyboard.press("Tab")
    expect(form.app_id).to_be_focused()
    for letter in "abm":
        form.page.keyboard.press(letter)
    expect(form.app_id).to_have_value(re.compile("abm"))
    assert form.cells.count() == cells
    expect(form.page.get_by_role("dialog")).to_have_count(0)
    form.page.keyboard.press("Tab")
    expect(form.panel.locator("summary")).to_be_focused()
    form.page.keyboard.press("Tab")
    remember = form.panel.get_by_role("checkbox", name="Remember me")
    expect(remember).to_be_focused()
    form.page.keyboard.press("Space")
    expect(remember).to_be_checked()
    form.page.keyboard.press("Space")
    # JupyterLab spares text fields by itself, but not buttons and lists.
    for name in ("Sign in", "Sign in with Deriv", "Sign up"):
        form.page.keyboard.press("Tab")
        expect(form.button(name)).to_be_focused()
        for letter in "abdd":
            form.page.keyboard.press(letter)
    form.page.keyboard.press("Tab")
    samples = form.panel.get_by_label("Sample tokens of the sandbox")
    expect(samples).to_be_focused()
    form.page.keyboard.press("r")  # to the next choice with that letter; the notebook makes a raw cell of it
    expect(samples).to_have_value("v3:rich, read only")
    assert form.code.count() == cells

    form.app_id.focus()
    form.page.keyboard.press("Control+a")
    form.page.keyboard.type("16303")
    form.page.keyboard.press("Shift+Tab")
    form.page.keyboard.press("Control+a")
    form.page.keyboard.type(RIGHT)
    for _ in range(4):
        form.page.keyboard.press("Tab")
    form.page.keyboard.press("Space")
    expect_account(form, "CR900001")
    expect(form.panel.locator(".dpyauth-who")).to_be_focused()
    form.page.keyboard.press("Tab")
    expect(form.button("Use another token")).to_be_focused()
    form.page.keyboard.press("Enter")
    expect(form.token).to_be_focused()
    for _ in range(5):
        form.page.keyboard.press("Tab")
    expect(form.button("Keep the present account")).to_be_focused()


def test_every_text_can_be_read(form: Notebook) -> None:
    sign_in(form, WRONG)
    expect(form.notice).to_be_visible()
    form.expect_readable()
    for sample in ("rich, the demo account", "rich, every scope"):
        form.panel.get_by_label("Sample tokens of the sandbox").select_option(sample)
        form.button("Use this sample").click()
        expect(form.panel.locator(".dpyauth-who")).to_be_visible()
        form.expect_readable()
        form.button("Use another token").click()


# Secrets


def test_token_leaves_the_page_once_and_is_kept_nowhere(form: Notebook, lab: Lab) -> None:
    right = "Canary-7f3a91-right"
    parts = right.rsplit("-", 1)  # or the cell that makes it known would hold it
    form.fill(3, f"grants = shared().world.grants; grants['-'.join({parts})] = grants['sandbox-rich-read']")
    form.run(3)
    tokens = (WRONG, right)
    sign_in(form, WRONG)
    expect(form.notice).to_be_visible()
    form.run(1)
    saved = form.save()
    sign_in(form, right)
    expect_account(form, "CR900001")
    form.run(1)
    saved += form.save()
    kept = form.page.evaluate("() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])")
    assert "SignInPanel" in saved  # the widget's state is in there
    assert [sum(token in frame for frame in form.sent) for token in tokens] == [1, 1]
    assert [token for token in tokens for seen in (saved, kept, form.page.content(), *form.got) if token in seen] == []
    assert lab.log.stat().st_size > 0
    files = [path for path in lab.folder.parent.rglob("*") if path.is_file()]
    assert [path for path in files for token in tokens if token.encode() in path.read_bytes()] == []
