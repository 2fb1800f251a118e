"""Test signing in with Deriv from a notebook: to the sign-in pages, and back in each of the three ways."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from helpers import free_port
from playwright.sync_api import Page, expect

from dpyauth.sandbox import Sandbox
from dpyauth.texts import listed

if TYPE_CHECKING:
    from conftest import Lab, Notebook

pytestmark = pytest.mark.browser

LOGIN = """
import dpyauth, dpyauth.panels.browser_sign_in
dpyauth.panels.browser_sign_in.PATIENCE = 600.0
if "session" in globals():
    session.close()
session = dpyauth.login(oauth_host={pages!r}, **{options!r})
"""
CELLS = ("login", "session.account_status('all')[['loginid', 'error']]")
KEPT = """import threading
from dpyauth.storage import file
for thread in threading.enumerate():  # it is being kept when the panel says that the user is in
    if thread.name == "dpyauth-signed-in":
        thread.join()
print(list(file.read()))"""
RICH = ["CR900001", "CR900002", "VRTC900003"]
NOWHERE = "http://localhost/back"


@pytest.fixture(scope="module")
def deriv() -> Iterator[Sandbox]:
    """Run a Deriv in a process other than the kernel."""
    with Sandbox(limits=None) as running:
        yield running


@pytest.fixture(autouse=True)
def as_it_is(deriv: Sandbox) -> None:
    deriv.echo_state, deriv.redirect_denial = True, False


@pytest.fixture(scope="module")
def in_lab(opening: Callable[..., Any], lab: Lab) -> Iterator[Notebook]:
    with opening(lab, "lab", CELLS) as one:
        yield one


@pytest.fixture(scope="module")
def in_classic(opening: Callable[..., Any], classic: Lab) -> Iterator[Notebook]:
    with opening(classic, "notebook", CELLS) as one:
        yield one


class Reader:
    """A user with a notebook, an app, and accounts at Deriv."""

    def __init__(self, notebook: Notebook, server: Lab, deriv: Sandbox) -> None:
        self.notebook = notebook
        self.server = server
        self.deriv = deriv
        self.known = {*deriv.world.issued, *deriv.options.issued}
        notebook.sent.clear()
        notebook.got.clear()

    @property
    def callback(self) -> str:
        return f"{self.server.url}/dpyauth/callback"

    @property
    def tokens(self) -> list[str]:
        """Return the tokens that Deriv has issued since the test began."""
        return [token for token in (*self.deriv.world.issued, *self.deriv.options.issued) if token not in self.known]

    def register(self, redirect_url: str) -> int:
        return self.deriv.register_app("A notebook", redirect_url, ("read", "trading_information"))

    def login(self, app_id: int | str, **options: Any) -> None:
        options = {"server": self.deriv.url, "ask": True, "app_id": app_id} | options
        code = LOGIN.format(pages=self.deriv.oauth_host, options=options)
        self.notebook.fill(0, code.strip())
        self.notebook.run(0)
        expect(self.notebook.panel).to_have_attribute("data-phase", "form")

    def go(self) -> Page:
        """Go to Deriv; return the window."""
        with self.notebook.page.expect_popup() as opened:
            self.notebook.button("Sign in with Deriv").click()
        popup: Page = opened.value
        popup.wait_for_url(f"{self.deriv.oauth_host}/**")
        return popup

    def expect_accounts(self, *loginids: str) -> None:
        panel = self.notebook.panel
        demo = next((loginid for loginid in loginids if loginid.startswith("VR")), loginids[0])
        expect(panel.locator(".dpyauth-loginid")).to_have_text(demo)
        expect(panel.locator(".dpyauth-siblings .dpyauth-strong")).to_have_text(list(loginids))

    def expect_clean(self, least: int = 3) -> None:
        """Check that neither the page nor the server nor the notebook contains any of the tokens."""
        notebook = self.notebook
        assert len(self.tokens) >= least
        storage = "() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href])"
        places = [notebook.save(), notebook.page.content(), notebook.page.evaluate(storage), *notebook.got]
        assert [token for token in self.tokens for place in places if token in place] == []
        files = [path for path in self.server.folder.parent.rglob("*") if path.is_file()]
        assert self.server.log in files
        assert [path for path in files if any(token.encode() in path.read_bytes() for token in self.tokens)] == []


def choose(popup: Page, user: str) -> None:
    popup.get_by_role("button", name=user).click()
    popup.get_by_role("button", name="Allow").wait_for()


def allow(popup: Page) -> None:
    """Allow the app; the window then closes by itself."""
    with popup.expect_event("close"):
        popup.get_by_role("button", name="Allow").click()


def expect_closed(popup: Page) -> None:
    if not popup.is_closed():
        popup.wait_for_event("close")


def allow_to(popup: Page, back: str) -> str:
    """Allow the app; return the address that the browser ends at."""
    with popup.expect_request(lambda request: request.url.startswith(back)) as gone:
        popup.get_by_role("button", name="Allow").click()
    return str(gone.value.url)


def pasting(notebook: Notebook) -> Any:
    return notebook.panel.get_by_label("address after signing in")


@pytest.fixture
def reader(in_lab: Notebook, lab: Lab, deriv: Sandbox) -> Iterator[Reader]:
    """Open JupyterLab, with an app that returns to the callback page."""
    in_lab.theme("Light")
    yield Reader(in_lab, lab, deriv)
    for page in in_lab.page.context.pages:
        if page != in_lab.page:
            page.close()


@pytest.fixture(params=["lab", "notebook"])
def anywhere(request: pytest.FixtureRequest, deriv: Sandbox) -> Reader:
    """Run the test in JupyterLab, and in Notebook 7."""
    fixtures = ("in_lab", "lab") if request.param == "lab" else ("in_classic", "classic")
    return Reader(*(request.getfixturevalue(name) for name in fixtures), deriv)


@pytest.fixture
def ready(reader: Reader) -> Reader:
    """Wait for the form."""
    reader.login(reader.register(reader.callback))
    return reader


# The three ways


def test_returning_by_the_callback_page(anywhere: Reader) -> None:
    notebook = anywhere.notebook
    anywhere.login(anywhere.register(anywhere.callback))
    popup = anywhere.go()
    expect(notebook.panel).to_contain_text("This panel continues by itself")
    choose(popup, "Sandbox Rich")
    allow(popup)
    anywhere.expect_accounts(*RICH)
    assert sum(token in frame for token in anywhere.tokens for frame in notebook.sent) == 3  # once, all in one frame
    expect(notebook.run(1).locator("table.dataframe")).to_contain_text("VRTC900003")
    anywhere.expect_clean()


def test_returning_by_the_listener(anywhere: Reader) -> None:
    notebook = anywhere.notebook
    back = f"http://localhost:{free_port()}/back"
    anywhere.login(anywhere.register(back), redirect_url=back)
    popup = anywhere.go()
    expect(notebook.panel).to_contain_text("This panel continues by itself")
    choose(popup, "Sandbox Rich")
    allow(popup)
    anywhere.expect_accounts(*RICH)
    assert [token for token in anywhere.tokens for frame in notebook.sent if token in frame] == []
    anywhere.expect_clean()


def test_returning_by_pasting(anywhere: Reader) -> None:
    notebook = anywhere.notebook
    notebook.page.route("**/dpyauth/callback", lambda route: route.fulfill(status=404))  # a server without the page
    anywhere.login(anywhere.register(NOWHERE))
    popup = anywhere.go()
    expect(notebook.panel).to_contain_text("When you are done, paste the address")
    choose(popup, "Sandbox Rich")
    address = allow_to(popup, NOWHERE)
    field = pasting(notebook)
    expect(field).to_have_attribute("type", "password")
    field.fill(address)
    notebook.button("Use this address").click()
    anywhere.expect_accounts(*RICH)
    expect_closed(popup)
    anywhere.expect_clean()
    notebook.page.unroute("**/dpyauth/callback")


# On the way there


def test_the_look_of_the_browser_sign_in(ready: Reader) -> None:
    notebook = ready.notebook
    expect(notebook.panel).to_have_role("region")
    notebook.expect_readable("with-deriv-form")
    popup = ready.go()
    notebook.expect_readable("with-deriv-waiting")
    notebook.shot("with-deriv-popup", popup)
    choose(popup, "Sandbox Rich")
    notebook.shot("with-deriv-consent", popup)
    allow(popup)
    ready.expect_accounts(*RICH)
    money = notebook.panel.locator(".dpyauth-money")
    expect(money).to_have_text([re.compile(r"[\d,.]+ USD"), re.compile(r"[\d,.]+ BTC"), re.compile(r"[\d,.]+ USD")])
    notebook.expect_readable("with-deriv-accounts")


def test_without_an_app_no_window_is_left_open(reader: Reader) -> None:
    reader.login(1089)
    go = reader.notebook.button("Sign in with Deriv")
    expect(go).to_be_disabled()
    expect(go).to_have_accessible_description("This needs your app ID.")
    reader.notebook.app_id.fill("16.3")
    with reader.notebook.page.expect_popup() as opened:
        go.click()
    expect(reader.notebook.notice).to_contain_text("Check the app ID")
    expect(reader.notebook.app_id).to_have_attribute("aria-invalid", "true")
    expect_closed(opened.value)


def test_remember_is_ticked_for_this_way_too(ready: Reader) -> None:
    notebook = ready.notebook
    notebook.panel.get_by_role("checkbox", name="Remember me").check()
    popup = ready.go()
    choose(popup, "Sandbox Rich")
    allow(popup)
    ready.expect_accounts(*RICH)
    kept = ready.server.home / "dpyauth" / "credentials.json"
    notebook.fill(1, KEPT)
    expect(notebook.run(1)).to_contain_text(f"default@{ready.deriv.url}")
    assert all(token in kept.read_text() for token in ready.tokens)

    # The next kernel finds it, and shows the account.
    notebook.restart("kernelmenu:restart")
    notebook.wait_for_kernel()
    notebook.fill(0, f"import dpyauth\nsession = dpyauth.login(server={ready.deriv.url!r})")
    notebook.run(0)
    ready.expect_accounts(*RICH)
    expect(notebook.panel).to_contain_text("the sign-in remembered in the file")
    notebook.fill(1, "dpyauth.forget()")
    notebook.run(1)
    notebook.fill(1, CELLS[1])
    assert not kept.exists()
    ready.expect_clean()


def test_a_failure_to_remember_is_shown(ready: Reader) -> None:
    notebook = ready.notebook
    notebook.fill(
        1, "import dpyauth.storage as keep\ndef full(*a, **k): raise dpyauth.KeepingFailed('The disk is full.')\n"
    )
    notebook.run(1)
    notebook.fill(1, "real, keep.remember = keep.remember, full")
    notebook.run(1)
    notebook.panel.get_by_role("checkbox", name="Remember me").check()
    notebook.token.fill("sandbox-rich-read")
    notebook.token.press("Enter")
    expect(notebook.notice).to_contain_text("Signed in, but not remembered")
    expect(notebook.notice).to_contain_text("The disk is full.")
    expect(notebook.panel.locator(".dpyauth-loginid")).to_have_text("CR900001")
    notebook.expect_readable("not-remembered")
    notebook.fill(1, "keep.remember = real")
    notebook.run(1)
    notebook.fill(1, CELLS[1])


# On the way back


@pytest.mark.parametrize("answer", ["Yes, that was me", "No, cancel"])
def test_an_answer_without_state_needs_a_confirmation(ready: Reader, answer: str) -> None:
    ready.deriv.echo_state = False
    popup = ready.go()
    choose(popup, "Sandbox Rich")
    allow(popup)
    panel = ready.notebook.panel
    expect(panel).to_contain_text("Did you just sign in there yourself?")
    expect(panel).to_contain_text(listed(RICH, "en", "and"))
    if answer.startswith("Yes"):
        ready.notebook.expect_readable("with-deriv-vouch")
    ready.notebook.button(answer).click()
    if answer.startswith("Yes"):
        ready.expect_accounts(*RICH)
    else:
        expect(panel).to_have_attribute("data-phase", "form")


def test_denied(ready: Reader) -> None:
    """Deriv may tell the app, or only the user."""
    popup = ready.go()
    choose(popup, "Sandbox Rich")
    popup.get_by_role("button", name="Deny").click()
    expect(popup.locator("body")).to_contain_text("You did not give access")
    popup.close()
    ready.notebook.button("Cancel").click()
    expect(ready.notebook.panel).to_have_attribute("data-phase", "form")

    ready.deriv.redirect_denial = True
    popup = ready.go()
    choose(popup, "Sandbox Rich")
    with popup.expect_event("close"):
        popup.get_by_role("button", name="Deny").click()
    expect(ready.notebook.notice).to_contain_text("You did not give the app access")
    expect(ready.notebook.panel).to_have_attribute("data-phase", "form")


def test_a_blocked_window(ready: Reader) -> None:
    notebook = ready.notebook
    context = notebook.page.context
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=ready.server.url)
    notebook.page.evaluate("() => { window.reallyOpen = window.open; window.open = () => null }")
    notebook.button("Sign in with Deriv").click()
    link = notebook.panel.get_by_role("link", name="Open the sign-in page")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(notebook.panel).to_contain_text("Your browser blocked the window.")
    notebook.expect_readable("with-deriv-blocked")
    with context.expect_page() as opened:
        link.click()
    tab: Page = opened.value
    tab.wait_for_load_state()
    choose(tab, "Sandbox Rich")
    tab.get_by_role("button", name="Allow").click()
    tab.get_by_role("button", name="Copy the address").click()
    expect(tab.get_by_role("status")).to_contain_text("Copied.")
    tab.close()
    pasting(notebook).focus()
    notebook.page.keyboard.press("Control+V")
    notebook.page.keyboard.press("Enter")
    ready.expect_accounts(*RICH)
    notebook.page.evaluate("() => { navigator.clipboard.writeText('') ; window.open = window.reallyOpen }")
    ready.expect_clean()


def test_time_out(ready: Reader) -> None:
    notebook = ready.notebook
    notebook.fill(1, "dpyauth.panels.browser_sign_in.PATIENCE = 1.0")
    notebook.run(1)
    with notebook.page.expect_popup() as opened:
        notebook.button("Sign in with Deriv").click()
    expect_closed(opened.value)
    expect(notebook.notice).to_contain_text("The sign-in with Deriv took too long")
    expect(notebook.panel).to_have_attribute("data-phase", "form")
    notebook.expect_readable("with-deriv-too-long")
    notebook.fill(1, CELLS[1])


def test_restarted_half_way(ready: Reader) -> None:
    notebook = ready.notebook
    popup = ready.go()
    choose(popup, "Sandbox Rich")
    notebook.restart("kernelmenu:restart")
    notebook.wait_for_kernel()
    allow(popup)
    expect(notebook.panel.get_by_role("status").last).to_contain_text("The kernel was restarted")
    assert ready.tokens
    assert [token for token in ready.tokens for frame in notebook.sent if token in frame] == []
    expect(notebook.button("Cancel")).to_be_disabled()


def test_restarted_in_notebook_7(in_classic: Notebook, classic: Lab, deriv: Sandbox) -> None:
    """The panel says so at once in Notebook 7, too."""
    reader = Reader(in_classic, classic, deriv)
    reader.login(1089)
    in_classic.restart("kernelmenu:restart")
    expect(in_classic.panel.get_by_role("status")).to_contain_text("The kernel was restarted")
    expect(in_classic.token).to_be_disabled()
    in_classic.wait_for_kernel()


def test_two_notebooks_at_once(ready: Reader) -> None:
    """In one window, with the same app: each gets its own result, also when they return in the other order."""
    one = ready.notebook
    app_id = int(one.app_id.input_value())
    path = one.path.with_name("beside.ipynb")
    path.write_text(one.path.read_text())
    one.command("docmanager:open", path=path.name, options={"mode": "split-right"})
    other = Reader(type(one)(one.page, path, place=1), ready.server, ready.deriv)
    expect(other.notebook.cells).to_have_count(2)
    other.notebook.wait_for_kernel()
    other.login(app_id)
    first, second = ready.go(), other.go()
    choose(first, "Sandbox Rich")
    choose(second, "Sandbox Trouble")
    one.shot("with-deriv-two")
    allow(second)
    expect(other.notebook.panel.locator(".dpyauth-loginid")).to_have_text("CR900011")
    expect(one.panel).to_have_attribute("data-phase", "browser")
    allow(first)
    ready.expect_accounts(*RICH)
    expect(other.notebook.panel.locator(".dpyauth-loginid")).to_have_text("CR900011")
    other.notebook.command("docmanager:save")
    other.notebook.command("application:close")


# Answers that must be refused


def nonce_of(notebook: Notebook) -> str:
    found = re.findall(r'"nonce":\s*"([\w-]+)"', "".join(notebook.got))
    return str(found[-1])


def test_an_answer_of_an_earlier_sign_in(ready: Reader) -> None:
    """Whether it comes back through the window or is pasted."""
    notebook = ready.notebook
    popup = ready.go()
    choose(popup, "Sandbox Rich")
    stale = allow_to(popup, ready.callback)
    ready.expect_accounts(*RICH)
    notebook.button("Sign out").click()
    expect(notebook.notice).to_contain_text("You signed out.")
    asked = len(ready.deriv.received)

    popup = ready.go()
    with popup.expect_event("close"):
        popup.evaluate("address => { location = address }", stale)
    expect(notebook.notice).to_contain_text("This address belongs to another sign-in")
    expect(notebook.panel).to_have_attribute("data-phase", "browser")
    notebook.panel.evaluate("panel => { panel.querySelector('.dpyauth-notice').dataset.old = '' }")
    pasting(notebook).fill(stale)
    notebook.button("Use this address").click()
    expect(notebook.panel.locator(".dpyauth-notice:not([data-old])")).to_contain_text("belongs to another sign-in")
    expect(pasting(notebook)).to_have_value("")
    notebook.button("Cancel").click()
    expect(notebook.panel).to_have_attribute("data-phase", "form")
    assert len(ready.deriv.received) == asked


POST = """([said, many]) => {
  for (const message of said) for (const where of [window, parent, top]) where.postMessage(message, "*");
}"""


def test_messages_from_other_windows(ready: Reader) -> None:
    """Frames of this site and of others, and the page itself, even if they knew the nonce."""
    notebook, page = ready.notebook, ready.notebook.page
    popup = ready.go()
    choose(popup, "Sandbox Rich")
    nonce = nonce_of(notebook)
    query = "?acct1=CR900011&token1=a1-sandbox-trouble&cur1=usd"
    said = [{"dpyauth": "callback-ready"}, {"dpyauth": "result", "nonce": nonce, "query": query}]
    said += [{"dpyauth": "result", "nonce": wrong, "query": query} for wrong in ("", None, [nonce], "x" * 32)]
    said += [{"dpyauth": "nonce", "nonce": nonce}, None, "result", 5]
    page.evaluate("() => { window.heard = 0; addEventListener('message', ({ data }) => { heard += data === 5 }) }")
    for address in (f"http://localhost:{ready.deriv.port}/", f"{ready.server.url}/dpyauth/callback?x", "about:blank"):
        page.evaluate(
            """src => new Promise((done) => {
              const frame = Object.assign(document.createElement("iframe"), { src, onload: done, onerror: done });
              frame.className = "stranger";
              document.body.append(frame);
            })""",
            address,
        )
        page.frames[-1].evaluate(POST, [said, 1])
    page.evaluate(POST, [said, 1])
    page.wait_for_function("heard >= 7")
    # The window itself, while it is at another site.
    popup.evaluate("said => { for (const one of said) opener.postMessage(one, '*') }", [*said, 5])
    page.wait_for_function("heard >= 9")
    assert [frame for frame in notebook.sent if '"returned"' in frame] == []
    assert "a1-sandbox-trouble" not in "".join(notebook.sent)
    expect(notebook.panel).to_have_attribute("data-phase", "browser")
    page.evaluate("() => document.querySelectorAll('.stranger').forEach((frame) => frame.remove())")
    allow(popup)
    ready.expect_accounts(*RICH)


def test_the_mark_is_new_each_time(ready: Reader) -> None:
    marks = set()
    for _ in range(2):
        popup = ready.go()
        marks |= {dict(parse_qsl(urlsplit(popup.url).query))["state"], nonce_of(ready.notebook)}
        ready.notebook.button("Cancel").click()
        expect(ready.notebook.panel).to_have_attribute("data-phase", "form")
        expect_closed(popup)
    assert len(marks) == 4
    saved = ready.notebook.save()
    assert [mark for mark in marks if mark in saved] == []


# Several accounts


def test_choosing_an_account(ready: Reader) -> None:
    notebook = ready.notebook
    popup = ready.go()
    choose(popup, "Sandbox Rich")
    allow(popup)
    ready.expect_accounts(*RICH)
    panel, page = notebook.panel, notebook.page
    accounts = panel.get_by_role("list", name="Your accounts")
    expect(accounts.get_by_role("button", pressed=True)).to_contain_text("VRTC900003")
    expect(accounts.get_by_role("button", pressed=True)).to_be_disabled()

    # A real account needs a confirmation first, in a place where the keyboard and a screen reader find it.
    row = accounts.get_by_role("button", name=re.compile("CR900001"))
    row.focus()
    page.keyboard.press("Enter")
    question = panel.get_by_role("group", name="Use sample account CR900001?")
    expect(question).to_contain_text("calls act on real money")
    expect(notebook.button("No, stay with VRTC900003")).to_be_focused()
    notebook.expect_readable("account-asking")
    notebook.button("No, stay with VRTC900003").focus()  # a change of theme may remove it
    page.keyboard.press("Enter")
    expect(question).to_have_count(0)
    expect(panel.locator(".dpyauth-loginid")).to_have_text("VRTC900003")
    row.click()
    expect(notebook.button("No, stay with VRTC900003")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(notebook.button("Yes, use CR900001")).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel.locator(".dpyauth-loginid")).to_have_text("CR900001")
    expect(panel).to_contain_text("Sample account")
    expect(accounts.get_by_role("button", pressed=True)).to_contain_text("CR900001")

    # A demo account takes one press of a key.
    expect(panel.locator(".dpyauth-who")).to_be_focused()
    page.keyboard.press("Tab")
    expect(accounts.get_by_role("button", name=re.compile("CR900002"))).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(panel.locator(".dpyauth-loginid")).to_have_text("VRTC900003")
    expect(panel.locator(".dpyauth-who")).to_be_focused()

    # An account that is refused changes nothing.
    grants = ready.deriv.world.issued
    token = next(token for token in ready.tokens if grants[token].owner == "CR900002")
    ready.deriv.faults.revoke(token)
    accounts.get_by_role("button", name=re.compile("CR900002")).click()
    notebook.button("Yes, use CR900002").click()
    expect(notebook.notice).to_contain_text("Deriv refused the sign-in")
    expect(panel.locator(".dpyauth-loginid")).to_have_text("VRTC900003")
    assert json.loads(notebook.save())["nbformat"] == 4


def test_keyboard_alone(ready: Reader) -> None:
    notebook = ready.notebook
    cells = notebook.cells.count()
    notebook.button("Sign in with Deriv").focus()
    with notebook.page.expect_popup() as opened:
        notebook.page.keyboard.press("Enter")
    expect(notebook.panel).to_have_attribute("data-phase", "browser")
    notebook.page.bring_to_front()
    expect(notebook.panel.locator(".dpyauth-wait")).to_be_focused()
    notebook.page.keyboard.press("Tab")
    expect(pasting(notebook)).to_be_focused()
    notebook.page.keyboard.type("abddx00")
    notebook.page.keyboard.press("Tab")
    expect(notebook.button("Use this address")).to_be_focused()
    notebook.page.keyboard.press("Tab")
    notebook.page.keyboard.press("Enter")
    expect(notebook.panel).to_have_attribute("data-phase", "form")
    expect(notebook.token).to_be_focused()
    expect_closed(opened.value)
    assert notebook.cells.count() == cells


# The options API


OPTIONS = ["ROT900001", "DOT900003"]


class OptionsReader(Reader):
    """A user with an app of the options API."""

    def login(self, app_id: int | str, **options: Any) -> None:
        super().login(app_id, server=self.deriv.rest, **options)

    @property
    def secret(self) -> Any:
        return self.notebook.panel.get_by_label("Personal access token")

    def expect_accounts(self, *loginids: str) -> None:
        expect(self.notebook.panel.locator(".dpyauth-loginid")).to_have_text("DOT900003")
        expect(self.notebook.panel.locator(".dpyauth-siblings .dpyauth-strong")).to_have_text(list(loginids))


@pytest.fixture
def optional(reader: Reader) -> OptionsReader:
    return OptionsReader(reader.notebook, reader.server, reader.deriv)


def test_personal_access_token(optional: OptionsReader) -> None:
    notebook, token = optional.notebook, optional.deriv.options_token("rich").token
    optional.login(optional.deriv.options_app_id)
    expect(optional.secret).to_have_attribute("type", "password")
    optional.secret.fill(token[:40])
    optional.secret.press("Enter")
    expect(notebook.notice).to_contain_text("Deriv refused the sign-in (options API)")
    expect(notebook.notice).to_contain_text("part of it is missing")
    notebook.expect_readable("options-form")
    optional.secret.fill(token)
    optional.secret.press("Enter")
    optional.expect_accounts(*OPTIONS)
    expect(notebook.panel).to_contain_text("options API")
    expect(notebook.panel.locator(".dpyauth-money")).to_have_text([re.compile(r"[\d,]+\.\d\d USD")] * 2)
    notebook.expect_readable("options-account")
    notebook.panel.get_by_role("button", name=re.compile("ROT900001")).click()
    notebook.button("Yes, use ROT900001").click()
    expect(notebook.panel.locator(".dpyauth-loginid")).to_have_text("ROT900001")
    assert sum(token in frame for frame in notebook.sent) == 1
    assert [place for place in (notebook.save(), notebook.page.content(), *notebook.got) if token in place] == []


def test_code_by_the_callback_page(optional: OptionsReader) -> None:
    notebook, back = optional.notebook, optional.callback
    optional.login(optional.deriv.register_options_app("A notebook", back), redirect_url=back)
    popup = optional.go()
    expect(notebook.panel).to_contain_text("This panel continues by itself")
    choose(popup, "Sandbox Rich")
    notebook.shot("options-consent", popup)
    allow(popup)
    optional.expect_accounts(*OPTIONS)
    expect(notebook.panel).to_contain_text("Signed in with Deriv in the browser.")
    assert [token for token in optional.tokens for frame in notebook.sent if token in frame] == []
    optional.expect_clean(1)


def test_code_by_pasting(optional: OptionsReader) -> None:
    """With a redirect URL typed into the panel, if there is no callback page."""
    notebook, back = optional.notebook, "https://localhost/options-back"
    optional.login(optional.deriv.register_options_app("A notebook", back))
    with notebook.page.expect_popup() as opened:
        notebook.button("Sign in with Deriv").click()
    expect(notebook.notice).to_contain_text("needs the redirect URL of your app")
    expect_closed(opened.value)
    redirect_url = notebook.panel.get_by_label("Redirect URL")
    expect(redirect_url).to_have_attribute("aria-invalid", "true")
    notebook.expect_readable("redirect-url")
    redirect_url.fill(back)
    popup = optional.go()
    expect(notebook.panel).to_contain_text("When you are done, paste the address")
    choose(popup, "Sandbox Rich")
    address = allow_to(popup, back)
    pasting(notebook).fill(re.sub("state=[^&]*", "state=another", address))
    notebook.button("Use this address").click()
    expect(notebook.notice).to_contain_text("This address belongs to another sign-in")
    pasting(notebook).fill(address)
    notebook.button("Use this address").click()
    optional.expect_accounts(*OPTIONS)
    expect_closed(popup)
    optional.expect_clean(1)


def test_no_account_yet(optional: OptionsReader) -> None:
    notebook = optional.notebook
    optional.login(optional.deriv.options_app_id)
    optional.secret.fill(optional.deriv.options_token("new, no account").token)
    optional.secret.press("Enter")
    expect(notebook.notice).to_contain_text("no options account yet")
    notebook.expect_readable("options-no-account")
    notebook.button("Create a demo account").click()
    expect(notebook.panel.locator(".dpyauth-loginid")).to_have_text(re.compile("DOT90"))
    expect(notebook.notice).to_have_count(0)
