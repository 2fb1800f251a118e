"""Test the callback page in Chromium: which windows it gives the result to, and which not."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from dpyauth.jupyter.callback import CallbackHandler
from dpyauth.texts import texts
from dpyauth.texts.languages import names

pytestmark = pytest.mark.browser

QUERY = "?acct1=CR900001&token1=a1-C4nary&cur1=USD&state="
NONCE = "a-nonce-of-the-panels_own"

# The script of a panel, with a record of all messages to its window.
OPENER = """() => {
  window.got = [];
  window.answers = {};
  addEventListener("message", ({ data, origin, source }) => {
    got.push([data, origin, source === popup]);
    for (const answer of answers[data.dpyauth] ?? []) source.postMessage(answer, location.origin);
  });
}"""
OPEN = "([address, name]) => { window.popup = window.open(address, name) }"


class Away(RequestHandler):
    """A page of another site that sends the browser on, as Deriv's does."""

    def get(self, policy: str) -> None:
        if policy == "alone":
            self.set_header("Cross-Origin-Opener-Policy", "same-origin")
        self.finish("<!doctype html><title>Away</title><p>Deriv, as it were</p>")


class Home(RequestHandler):
    """Any page of the server."""

    def get(self) -> None:
        self.finish("<!doctype html><title>Home</title><textarea></textarea>")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Run one server that is two sites to a browser: 127.0.0.1 and localhost."""
    (socket,) = bind_sockets(0, "127.0.0.1")
    started = threading.Event()
    stop: list[Any] = []

    async def serve() -> None:
        app = Application([("/base/dpyauth/callback/?", CallbackHandler), ("/away/(.*)", Away), ("/home", Home)])
        server = HTTPServer(app)
        server.add_sockets([socket])
        end = asyncio.Event()
        stop.extend([asyncio.get_running_loop(), end])
        started.set()
        await end.wait()
        server.stop()
        await server.close_all_connections()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    started.wait(10)
    yield socket.getsockname()[1]
    stop[0].call_soon_threadsafe(stop[1].set)
    thread.join(10)


@pytest.fixture
def callback(port: int) -> str:
    return f"http://127.0.0.1:{port}/base/dpyauth/callback"


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    one = chromium.new_context()
    one.set_default_timeout(10_000)
    yield one
    one.close()


@pytest.fixture
def home(context: BrowserContext, port: int) -> Page:
    """Open the notebook's window."""
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{port}/home")
    page.evaluate(OPENER)
    return page


def answer(home: Page, **answers: list[Any]) -> None:
    """Return what the notebook's window sends when it gets a message."""
    home.evaluate("given => { answers = given }", {name.replace("_", "-"): said for name, said in answers.items()})


def popup_at(home: Page, address: str) -> Page:
    with home.context.expect_page() as opened:
        home.evaluate(OPEN, [address, "_blank"])
    return opened.value


def status(page: Page) -> Any:
    return expect(page.get_by_role("status"))


def results(home: Page) -> list[Any]:
    return [message for message in home.evaluate("got") if message[0]["dpyauth"] == "result"]


def expect_clean(page: Page, callback: str) -> None:
    assert page.url == callback
    assert page.evaluate("location.href") == callback
    assert page.evaluate("history.state") is None
    assert "C4nary" not in page.content()
    assert page.evaluate("Object.keys(localStorage).length + Object.keys(sessionStorage).length") == 0
    assert page.evaluate("document.cookie") == ""


def test_the_notebook_gets_what_came_back(home: Page, callback: str, port: int) -> None:
    origin = f"http://127.0.0.1:{port}"
    answer(home, callback_ready=[{"dpyauth": "nonce", "nonce": NONCE}])
    popup = popup_at(home, f"http://localhost:{port}/away/open")
    popup.wait_for_load_state()
    with popup.expect_event("close"):
        popup.evaluate("address => { location = address }", callback + QUERY)
    assert home.evaluate("got") == [
        [{"dpyauth": "callback-ready"}, origin, True],
        [{"dpyauth": "result", "nonce": NONCE, "query": QUERY}, origin, True],
    ]


@pytest.mark.parametrize(
    "query", ["?error=access_denied", "#acct1=CR1&token1=C4nary", "?a=1#acct1=CR1", "?%ff=%zz&x=%3C"]
)
def test_the_notebook_gets_any_query(query: str, home: Page, callback: str) -> None:
    answer(home, callback_ready=[{"dpyauth": "nonce", "nonce": NONCE}])
    home.evaluate(OPEN, [callback + query, "_blank"])
    home.wait_for_function("popup.closed")
    assert [message[0]["query"] for message in results(home)] == [query]


def test_the_result_is_sent_once(home: Page, callback: str) -> None:
    again = {"dpyauth": "nonce", "nonce": NONCE}
    answer(home, callback_ready=[again, again, again | {"nonce": "another-nonce-0123456789"}], result=[again])
    home.evaluate(OPEN, [callback + QUERY, "_blank"])
    home.wait_for_function("popup.closed")
    assert [message[0]["nonce"] for message in results(home)] == [NONCE]


WRONG: list[Any] = [
    None,
    "nonce",
    5,
    [],
    {"dpyauth": "nonce"},
    {"dpyauth": "nonce", "nonce": ""},
    {"dpyauth": "nonce", "nonce": "too-short"},
    {"dpyauth": "nonce", "nonce": "x" * 129},
    {"dpyauth": "nonce", "nonce": "with blanks and <tags>"},
    {"dpyauth": "nonce", "nonce": NONCE + "\n"},
    {"dpyauth": "nonce", "nonce": [NONCE]},
    {"dpyauth": "nonce", "nonce": {"toString": NONCE}},
    {"dpyauth": "result", "nonce": NONCE},
    {"dpyauth": ["nonce"], "nonce": NONCE},
    {"nonce": NONCE},
]


def test_a_wrong_nonce_gets_nothing(home: Page, callback: str) -> None:
    answer(home, callback_ready=WRONG)
    popup = popup_at(home, callback + QUERY)
    expect(popup.get_by_role("button", name="Copy the address")).to_be_focused()  # no window has asked in time
    assert results(home) == []
    expect_clean(popup, callback)
    # A right one, although late, gets it.
    with popup.expect_event("close"):
        home.evaluate("nonce => popup.postMessage({ dpyauth: 'nonce', nonce }, location.origin)", NONCE)
    assert len(results(home)) == 1


def test_other_windows_get_nothing(home: Page, callback: str) -> None:
    popup = popup_at(home, callback + QUERY)
    expect(popup.get_by_role("button", name="Copy the address")).to_be_visible()
    popup.evaluate("() => { window.heard = 0; addEventListener('message', () => { heard += 1 }) }")
    # A frame inside the notebook's window.
    home.evaluate(
        """src => new Promise((done) => {
          document.body.append(Object.assign(document.createElement("iframe"), { src, onload: done }));
        })""",
        home.url,
    )
    home.frames[-1].evaluate("nonce => top.popup.postMessage({ dpyauth: 'nonce', nonce }, location.origin)", NONCE)
    popup.wait_for_function("heard === 1")
    # The page itself.
    popup.evaluate("nonce => postMessage({ dpyauth: 'nonce', nonce }, location.origin)", NONCE)
    popup.wait_for_function("heard === 2")
    assert results(home) == []
    status(popup).to_contain_text("copy the address")


def test_an_opener_of_another_site_gets_nothing(context: BrowserContext, callback: str, port: int) -> None:
    page = context.new_page()
    page.goto(f"http://localhost:{port}/home")
    page.evaluate(OPENER)
    popup = popup_at(page, callback + QUERY)
    expect(popup.get_by_role("button", name="Copy the address")).to_be_visible()
    popup.evaluate("() => { window.heard = 0; addEventListener('message', () => { heard += 1 }) }")
    page.evaluate("nonce => popup.postMessage({ dpyauth: 'nonce', nonce }, '*')", NONCE)
    popup.wait_for_function("heard === 1")
    assert page.evaluate("got") == []
    expect_clean(popup, callback)


@pytest.mark.parametrize("way", ["by hand", "without opener", "parted on the way"])
def test_without_an_opener_there_is_a_button(
    way: str, context: BrowserContext, home: Page, callback: str, port: int
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=f"http://127.0.0.1:{port}")
    if way == "by hand":
        page = context.new_page()
        page.goto(callback + QUERY)
    elif way == "without opener":
        with context.expect_page() as opened:
            home.evaluate("address => { window.open(address, '_blank', 'noopener') }", callback + QUERY)
        page = opened.value
    else:
        page = popup_at(home, f"http://localhost:{port}/away/alone")
        page.wait_for_load_state()
        page.evaluate("address => { location = address }", callback + QUERY)
        page.wait_for_url(callback)
    button = page.get_by_role("button", name="Copy the address")
    status(page).to_contain_text("copy the address of this page and paste it into the sign-in panel")
    expect(button).to_be_focused()
    expect_clean(page, callback)
    page.keyboard.press("Enter")
    status(page).to_contain_text("Copied.")
    expect_clean(page, callback)
    assert page.evaluate("navigator.clipboard.readText()") == callback + QUERY
    assert results(home) == []


def test_copying_on_an_insecure_page(context: BrowserContext, home: Page, callback: str) -> None:
    page = context.new_page()
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.goto(callback + QUERY)
    page.get_by_role("button", name="Copy the address").click()
    status(page).to_contain_text("Copied.")
    home.locator("textarea").focus()
    home.keyboard.press("Control+V")
    expect(home.locator("textarea")).to_have_value(callback + QUERY)


def test_copying_where_it_is_not_allowed(context: BrowserContext, callback: str) -> None:
    page = context.new_page()
    page.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', { value: undefined }); document.execCommand = () => false"
    )
    page.goto(callback + QUERY)
    page.get_by_role("button", name="Copy the address").click()
    status(page).to_contain_text("does not let the page copy")
    expect_clean(page, callback)


@pytest.mark.parametrize("again", [False, True], ids=["opened by hand", "loaded again"])
def test_nothing_came_back(again: bool, context: BrowserContext, home: Page, callback: str) -> None:
    page = popup_at(home, callback + (QUERY if again else ""))
    if again:
        expect(page.get_by_role("button", name="Copy the address")).to_be_visible()
        page.reload()
    status(page).to_contain_text("Nothing came back with this page")
    expect(page.get_by_role("button")).to_have_count(0)
    assert results(home) == []


def test_the_page_loads_nothing_and_follows_its_own_policy(context: BrowserContext, callback: str) -> None:
    page = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(callback + QUERY)
    expect(page.get_by_role("button", name="Copy the address")).to_be_visible()
    assert asked == [callback + QUERY]
    # The page itself is sent with an error status.
    assert [one for one in complaints if "status of 404" not in one] == []
    assert page.evaluate("getComputedStyle(document.querySelector('button')).backgroundColor") == "rgb(11, 107, 203)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(scheme: Any, context: BrowserContext, callback: str) -> None:
    page = context.new_page()
    page.emulate_media(color_scheme=scheme)
    page.goto(callback + QUERY)
    text = page.evaluate("getComputedStyle(document.querySelector('p')).color")
    assert text == {"light": "rgb(0, 0, 0)", "dark": "rgb(255, 255, 255)"}[scheme]


def test_without_javascript(chromium: Browser, callback: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(callback + QUERY)
    expect(page.locator("main")).to_contain_text("copy the full address from the address bar")
    assert "C4nary" not in page.locator("body").inner_text()
    context.close()


@pytest.mark.parametrize("language", names())
def test_the_page_speaks_the_language_of_the_browser(language: str, chromium: Browser, callback: str) -> None:
    words = texts("pages", language=language)
    context = chromium.new_context(locale=language)
    page = context.new_page()
    page.goto(callback)
    status(page).to_have_text(words["nothing_back"])
    page.goto(callback + QUERY)
    status(page).to_have_text(words["please_copy"])
    expect(page.get_by_role("button")).to_have_text(words["copy"])
    expect(page.get_by_role("heading")).to_have_text(words["back_title"])
    assert page.evaluate("document.documentElement.lang") == language
    context.close()
