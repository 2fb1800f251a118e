"""Test what Chromium stores of a sign-in: its history, and the rest of its profile."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from helpers import free_port
from playwright.sync_api import BrowserContext, Page, expect
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from dpyauth.jupyter.callback import CallbackHandler
from dpyauth.oauth.implicit import parse
from dpyauth.oauth.listener import Listener
from dpyauth.oauth.pkce import CodeSignIn
from dpyauth.sandbox import Sandbox

if TYPE_CHECKING:
    from conftest import Lab

pytestmark = pytest.mark.browser

CANARY = "C4naryC4nary"
ANSWERS = {
    "v3": f"acct1=CR900001&token1=a1-{CANARY}&cur1=usd",
    "options": f"code={CANARY}&scope=trade",
    "denied": f"error=access_denied&error_description={CANARY}",
}
ADMITTED = ("History", "Sessions", "segmentation_platform")
"""The files that may contain the address, according to security.md."""


class Profile:
    """A folder in which a Chromium stores its data, as it does for a user."""

    def __init__(self, folder: Path, context: BrowserContext) -> None:
        self.folder = folder
        self.context = context
        self.context.set_default_timeout(20_000)

    def close(self) -> None:
        """Close the browser, after which everything is on disk."""
        self.context.close()

    def addresses(self, *, hidden: bool) -> list[str]:
        """Return the addresses in the history: those that are shown and suggested, or those that are only stored."""
        with closing(sqlite3.connect(self.folder / "Default" / "History")) as history:
            return [url for (url,) in history.execute("SELECT url FROM urls WHERE hidden = ?", [hidden])]

    def files_with(self, *texts: str) -> list[str]:
        """Return the files that contain one of these texts."""
        wanted = [text.encode(coding) for text in texts for coding in ("utf-8", "utf-16-le")]
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        found = [path for path in files if any(text in path.read_bytes() for text in wanted)]
        return sorted(str(path.relative_to(self.folder)) for path in found)


@pytest.fixture
def profile(with_profile: Callable[[Path], BrowserContext], tmp_path: Path) -> Iterator[Profile]:
    folder = tmp_path / "profile"
    one = Profile(folder, with_profile(folder))
    yield one
    one.close()


def expect_neither_shown_nor_suggested(profile: Profile, page: str) -> None:
    """Check that the browser has visited this page, and stores what came back no more visibly than security.md says."""
    profile.close()
    known = [*profile.addresses(hidden=False), *profile.addresses(hidden=True)]
    assert [address for address in known if address.startswith(page)], "otherwise the rest would show nothing"
    assert [address for address in profile.addresses(hidden=False) if CANARY in address] == []
    others = [path for path in profile.files_with(CANARY) if not any(name in path for name in ADMITTED)]
    assert others == []


# The callback page


LEADS_BACK_TO: dict[str, str] = {}
"""The address to which Deriv leads back, by test."""


class Site(RequestHandler):
    """A page of the Jupyter server."""

    def get(self) -> None:
        self.finish("<!doctype html><title>Home</title>Home")


class Deriv(RequestHandler):
    """A page that leads back at once."""

    def get(self, number: str) -> None:
        self.set_header("Cache-Control", "no-store")
        self.redirect(LEADS_BACK_TO[number], status=302)


@pytest.fixture(scope="module")
def site() -> Iterator[int]:
    """Run a server that is two sites to a browser: 127.0.0.1 and localhost; return its port."""
    (socket,) = bind_sockets(0, "127.0.0.1")
    started = threading.Event()
    stop: list[Any] = []

    async def serve() -> None:
        pages = [("/base/dpyauth/callback/?", CallbackHandler), ("/deriv/(.*)", Deriv), ("/home", Site)]
        server = HTTPServer(Application(pages))
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


def deriv_to(site: int, back: str) -> str:
    """Return the address of a Deriv that leads back to this address."""
    number = str(len(LEADS_BACK_TO))
    LEADS_BACK_TO[number] = back
    return f"http://localhost:{site}/deriv/{number}"


def follow(page: Page, address: str) -> None:
    """Follow a link to an address."""
    page.evaluate("href => Object.assign(document.createElement('a'), { href }).click()", address)


def test_the_history_would_show_a_token(profile: Profile, site: int) -> None:
    """An ordinary page leaves what the tests below look for."""
    page = profile.context.new_page()
    page.goto(f"http://127.0.0.1:{site}/home?token1={CANARY}")
    profile.close()
    assert [address for address in profile.addresses(hidden=False) if CANARY in address]
    assert "Default/History" in profile.files_with(CANARY)


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("way", ["handed over", "by hand"])
def test_after_the_callback_page(way: str, answer: str, profile: Profile, site: int) -> None:
    callback = f"http://127.0.0.1:{site}/base/dpyauth/callback"
    deriv = deriv_to(site, f"{callback}?{ANSWERS[answer]}")
    home = profile.context.new_page()
    home.goto(f"http://127.0.0.1:{site}/home")
    if way == "by hand":
        follow(home, deriv)
        expect(home.get_by_role("button", name="Copy the address")).to_be_visible()
        assert home.url == callback
    else:
        home.evaluate(
            """deriv => {
              window.got = [];
              addEventListener("message", ({ data, source }) => {
                got.push(data.dpyauth);
                source.postMessage({ dpyauth: "nonce", nonce: "a-nonce-of-the-panels_own" }, location.origin);
              });
              window.popup = window.open(deriv);
            }""",
            deriv,
        )
        home.wait_for_function("popup.closed")
        assert home.evaluate("got") == ["callback-ready", "result"]
    expect_neither_shown_nor_suggested(profile, callback)


# The listener


@pytest.mark.parametrize("answer", ANSWERS)
def test_after_the_listener_in_a_window_that_stays_open(answer: str, profile: Profile, site: int) -> None:
    sign_in = CodeSignIn("app", "http://127.0.0.1/back", ["trade"])
    state = sign_in.state

    def accept(query: Any) -> Any:
        return parse(query, state=state, pasted=False) if answer == "v3" else sign_in.accept(query)

    page = profile.context.new_page()
    page.goto(f"http://127.0.0.1:{site}/home")
    with Listener("http://127.0.0.1:0/back", accept) as listener:
        follow(page, deriv_to(site, f"{listener.url}?{ANSWERS[answer]}&state={state.reveal()}"))
        expect(page.locator("h1")).to_have_text("No access" if answer == "denied" else "Sign-in received")
        assert page.url == listener.url
        assert page.evaluate("performance.getEntriesByType('navigation')[0].name") == listener.url
    expect_neither_shown_nor_suggested(profile, listener.url)


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_address_that_is_to_be_pasted_can_be_copied(answer: str, profile: Profile, site: int) -> None:
    sign_in = CodeSignIn("app", "http://127.0.0.1/back", ["trade"])

    def accept(query: Any) -> Any:
        return parse(query, state=sign_in.state, pasted=False) if answer == "v3" else sign_in.accept(query)

    page = profile.context.new_page()
    page.goto(f"http://127.0.0.1:{site}/home")
    with Listener("http://127.0.0.1:0/back", accept) as listener:
        follow(page, deriv_to(site, f"{listener.url}?{ANSWERS[answer]}"))
        expect(page.locator("h1")).to_have_text("Please paste this page's address")
        assert page.url == f"{listener.url}?{ANSWERS[answer]}"
    expect_neither_shown_nor_suggested(profile, listener.url)


def test_an_address_without_a_page(profile: Profile, site: int) -> None:
    back = f"http://localhost:{free_port()}/back"
    page = profile.context.new_page()
    page.goto(f"http://127.0.0.1:{site}/home")
    with page.expect_event("requestfailed", lambda request: request.url.startswith(back)):
        follow(page, deriv_to(site, f"{back}?{ANSWERS['v3']}"))
    expect(page.locator("body")).to_contain_text("localhost")  # the browser's own page
    assert page.evaluate("document.URL").startswith("chrome-error:")
    profile.close()
    assert [one for hidden in (False, True) for one in profile.addresses(hidden=hidden) if CANARY in one] == []
    assert [path for path in profile.files_with(CANARY) if "Sessions" not in path] == []


LOGIN = """
import dpyauth, dpyauth.panels.browser_sign_in
dpyauth.panels.browser_sign_in.HOLD = 60.0  # however busy the machine, the panel comes first
session = dpyauth.login(oauth_host={pages!r}, ask=True, **{options!r})
"""


@pytest.mark.parametrize(("api", "choice"), [("v3", "allow"), ("options", "deny")])
def test_after_the_listener_nothing_is_left(
    api: str, choice: str, profile: Profile, lab: Lab, opening: Callable[..., Any]
) -> None:
    """If the panel has opened the window, it closes it before the browser has loaded an address with a token."""
    back = f"http://localhost:{free_port()}/back"
    with Sandbox(limits=None) as deriv:
        deriv.redirect_denial = True
        known = {*deriv.world.issued, *deriv.options.issued}
        v3 = api == "v3"
        app = (
            deriv.register_app("A notebook", back, ("read",)) if v3 else deriv.register_options_app("A notebook", back)
        )
        pages, server = deriv.oauth_host, deriv.url if v3 else deriv.rest
        login = LOGIN.format(pages=pages, options={"server": server, "app_id": app, "redirect_url": back})
        came: list[str] = []
        with opening(lab, "lab", (login.strip(),), profile.context) as notebook:
            notebook.run(0)
            with notebook.page.expect_popup() as opened:
                notebook.button("Sign in with Deriv").click()
            popup: Page = opened.value
            popup.on("request", lambda request: came.append(request.url) if request.url.startswith(back) else None)
            popup.get_by_role("button", name="Sandbox Rich").click()
            with popup.expect_event("close"):
                popup.locator(f"button[value={choice}]").click()
            if choice == "allow":
                expect(notebook.panel.locator(".dpyauth-loginid")).to_be_visible()
            else:
                expect(notebook.notice).to_contain_text("You did not give the app access")
        tokens = [token for token in (*deriv.world.issued, *deriv.options.issued) if token not in known]
        assert bool(tokens) is (choice == "allow")
    visited = [*profile.addresses(hidden=False), *profile.addresses(hidden=True)]
    assert [url for url in visited if url.startswith(pages)]
    assert [url for url in visited if url.startswith(back)] == []
    assert profile.files_with(came[0], f"{back}?", *tokens) == []
