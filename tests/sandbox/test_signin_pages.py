"""Test the sign-in pages with a simulated browser, and once with a real one."""

from __future__ import annotations

import http.client
import logging
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from helpers import chromium_path

from dpyauth.credentials import Secret
from dpyauth.oauth.implicit import Grant, authorize_url, new_state, parse
from dpyauth.oauth.listener import Listener
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.page_html import TITLE, policy

BACK = "http://localhost:9/callback"
BAD = '"><script>alert(1)</script>&amp;'


class Page(HTMLParser):
    """The visible text of a page, and its forms: hidden fields and buttons by their text."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        super().__init__()
        self.status = answer.status
        self.headers = answer.headers
        self.source = answer.read().decode()
        self.forms: list[dict[str, Any]] = []
        self.links: dict[str, str] = {}
        self.tags: list[str] = []
        self.text = ""
        self._at: dict[str, str | None] = {}
        self.feed(self.source)

    @property
    def location(self) -> str:
        return self.headers["Location"]

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.tags.append(tag)
        at = dict(attributes)
        self._at = {"tag": tag, **at}
        if tag == "form":
            self.forms.append({"action": at["action"], "hidden": {}, "buttons": {}, "inputs": []})
        elif tag == "input":
            self.forms[-1]["inputs"].append(at["name"])
            if at.get("type") == "hidden":
                self.forms[-1]["hidden"][at["name"]] = at["value"]
        elif tag == "button" and self.forms:
            self.forms[-1]["buttons"][at.get("value")] = {at["name"]: at["value"]} if "name" in at else {}

    def handle_data(self, text: str) -> None:
        self.text += text
        if self._at["tag"] == "a":
            self.links[text] = self._at["href"] or ""


class Browser:
    """A minimal browser: it handles cookies and forms, and stops where a redirect leads elsewhere."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.cookies: dict[str, str] = {}

    def open(self, path: str, form: dict[str, str] | None = None) -> Page:
        connection = http.client.HTTPConnection("127.0.0.1", self.box.port, timeout=10)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if form is None:
            connection.request("GET", path, headers=headers)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request("POST", path, urlencode(form), headers)
        page = Page(connection.getresponse())
        connection.close()
        for line in page.headers.get_all("Set-Cookie", ()):
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return page

    def submit(self, page: Page, form: int = 0, button: str | None = None, **typed: str) -> Page:
        one = page.forms[form]
        return self.open(one["action"], {**one["hidden"], **typed, **one["buttons"][button]})


@pytest.fixture
def browser(box: Sandbox) -> Browser:
    return Browser(box)


@pytest.fixture
def app_id(box: Sandbox) -> int:
    return box.register_app("A notebook", BACK, ["read", "trade"])


def start(app_id: int, **more: str) -> str:
    return f"/oauth2/authorize?{urlencode({'app_id': app_id, **more})}"


def consent(browser: Browser, app_id: int, user: str = "9000001", **more: str) -> Page:
    page = browser.submit(browser.open(start(app_id, **more)), button=user)
    assert "access?" in page.text
    return page


def query(url: str) -> dict[str, str]:
    assert url.startswith(f"{BACK}?")
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True))


def test_all_the_way(box: Sandbox, browser: Browser, app_id: int, client: Any) -> None:
    page = browser.open(start(app_id, state="s t&te", l="EN", brand="deriv", affiliate_token="x"))
    assert page.status == 200
    assert TITLE in page.source
    assert "Sign in to continue to A notebook" in page.text
    asked = browser.submit(page, button="9000001")
    assert "see your details" in asked.text
    assert "buy and sell" in asked.text
    assert "move money" not in asked.text
    assert "CR900001 (USD), CR900002 (BTC), VRTC900003 (USD)" in asked.text
    back = browser.submit(asked, button="allow")
    assert back.status == 302
    said = query(back.location)
    assert list(said) == [f"{what}{n}" for n in (1, 2, 3) for what in ("acct", "token", "cur")] + ["state"]
    assert said["state"] == "s t&te"
    assert (said["acct2"], said["cur2"]) == ("CR900002", "btc")
    assert all(re.fullmatch(r"a1-\w{20,}", said[f"token{n}"]) for n in (1, 2, 3))
    one = client(app_id=app_id)
    answer = one.ask(authorize=said["token2"])["authorize"]
    assert (answer["loginid"], answer["scopes"]) == ("CR900002", ["read", "trade"])
    assert one.ask(login_history=1)["login_history"][0]["action"] == "login"
    assert app_id in [row["app_id"] for row in one.ask(oauth_apps=1)["oauth_apps"]]
    assert client().code(authorize=said["token1"]) == "InvalidToken"  # another app
    again = query(browser.submit(consent(browser, app_id), button="allow").location)
    assert {again[f"token{n}"] for n in (1, 2, 3)}.isdisjoint(said.values())
    assert "authorize" in client(app_id=app_id).ask(authorize=said["token1"])


def test_the_redirect_can_be_read(box: Sandbox, browser: Browser, app_id: int) -> None:
    state = new_state()
    url = authorize_url(app_id, host=box.oauth_host, state=state)
    assert url.startswith(box.oauth_host)
    page = browser.submit(browser.open(url.removeprefix(box.oauth_host)), button="9000001")
    back = browser.submit(page, button="allow").location
    grants = parse(back, state=state, pasted=False)
    assert [(grant.loginid, grant.currency) for grant in grants] == [
        ("CR900001", "USD"),
        ("CR900002", "BTC"),
        ("VRTC900003", "USD"),
    ]
    box.echo_state = False
    page = browser.submit(browser.open(url.removeprefix(box.oauth_host)), button="9000021")
    back = browser.submit(page, button="allow").location
    assert query(back)["state"] == ""
    assert [grant.currency for grant in parse(back, state=state, pasted=True)] == [""]


def test_by_email(browser: Browser, app_id: int) -> None:
    page = browser.open(start(app_id))
    assert "No user" in browser.submit(page, 1, email="someone@example.com", password="x").text
    assert "No user" in browser.submit(page, 1, email="", password="x").text
    asked = browser.submit(page, 1, email="Sandbox.Trouble@example.com", password="anything")
    assert "CR900011" in asked.text


def test_signing_up(box: Sandbox, browser: Browser, app_id: int, client: Any) -> None:
    page = browser.open(start(app_id, state="abc"))
    form = browser.open(page.links["Sign up"])
    assert "already" in browser.submit(form, email="sandbox.rich@EXAMPLE.com", password="x").text
    assert "not an e-mail" in browser.submit(form, email="nothing", password="x").text
    asked = browser.submit(form, email="someone@example.com", password="x")
    said = query(browser.submit(asked, button="allow").location)
    assert {name: value for name, value in said.items() if "token" not in name} == {
        "acct1": "VRTC900101",
        "cur1": "usd",
        "state": "abc",
    }
    one = client(app_id=app_id)
    account = one.ask(authorize=said["token1"])["authorize"]
    assert (account["email"], account["balance"], account["is_virtual"]) == ("someone@example.com", 10_000, 1)
    assert one.ask(statement=1)["statement"]["count"] == 1
    assert "VRTC900101" in browser.submit(page, 1, email="someone@example.com", password="other").text
    assert "VRTC900101" in browser.open(start(app_id)).text
    other = browser.open(browser.open(start(app_id)).links["Sign up"])
    assert "VRTC900102" in browser.submit(other, email="other@example.com", password="x").text
    with Sandbox() as fresh:
        fresh_app = fresh.register_app("x", BACK)
        form = Browser(fresh).open(start(fresh_app, signup_device="desktop"))
        assert "Create a demo account" in form.text
        assert "VRTC" not in Browser(fresh).open(start(fresh_app)).text.replace("VRTC900003", "").replace(
            "VRTC900021", ""
        )


@pytest.mark.parametrize("told", [False, True])
def test_denying(box: Sandbox, browser: Browser, app_id: int, told: bool) -> None:
    box.redirect_denial = told
    tokens = set(box.world.issued)
    page = browser.submit(consent(browser, app_id, state="abc"), button="deny")
    if told:
        said = query(page.location)
        assert (said["error"], said["state"]) == ("access_denied", "abc")
    else:
        assert (page.status, "You did not give access" in page.text) == (200, True)
    assert set(box.world.issued) == tokens


def test_an_answer_counts_once(box: Sandbox, browser: Browser, app_id: int) -> None:
    asked = consent(browser, app_id)
    assert browser.submit(asked, button="allow").status == 302
    tokens = set(box.world.issued)
    for page in (browser.submit(asked, button="allow"), browser.submit(asked, button="deny")):
        assert (page.status, "has been used" in page.text) == (400, True)
    assert set(box.world.issued) == tokens


def test_old_sign_ins_are_forgotten(browser: Browser, app_id: int) -> None:
    first = consent(browser, app_id)
    for _ in range(100):
        last = consent(browser, app_id)
    assert browser.submit(first, button="allow").status == 400
    assert browser.submit(last, button="allow").status == 302


def test_an_app_deleted_during_the_sign_in(box: Sandbox, browser: Browser, app_id: int) -> None:
    asked = consent(browser, app_id)
    box.world.apps.delete(app_id)
    assert browser.submit(asked, button="allow").status == 400


@pytest.mark.parametrize("path", ["/oauth2/authorize", "/oauth2/signup"])
@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("", "No app"),
        ("?app_id=", "No app"),
        ("?app_id=99", "No app"),
        ("?app_id=١", "No app"),
        ("?app_id=" + "9" * 5000, "No app"),
        ("?app_id=16304", "No app"),  # not active
        ("?app_id=1089", "no redirect URL"),
        ("?app_id=16303&state=" + "x" * 513, "longer than"),
        ("?app_id=16303&state=%ff", "start the sign-in again"),
    ],
)
def test_requests_that_cannot_be_served(browser: Browser, path: str, query: str, why: str) -> None:
    page = browser.open(path + query.replace("١", "%D9%A1"))
    assert page.status == 400
    assert why in page.text
    assert TITLE in page.source
    assert not page.forms


def test_methods_that_are_not_allowed(browser: Browser) -> None:
    assert browser.open("/oauth2/consent").status == 405


@pytest.mark.parametrize("change", ["field", "cookie", "other cookie"])
def test_forged_forms(box: Sandbox, browser: Browser, app_id: int, change: str) -> None:
    page, asked = browser.open(start(app_id)), consent(browser, app_id)
    tokens = set(box.world.issued)
    for one, button in ((page, "9000001"), (asked, "allow")):
        if change == "field":
            del one.forms[0]["hidden"]["_xsrf"]
        elif change == "cookie":
            browser.cookies.clear()
        else:
            browser.cookies["dpyauth_sandbox_xsrf"] = "2|00000000|00000000000000000000000000000000|1"
        assert browser.submit(one, button=button).status == 403
    assert set(box.world.issued) == tokens


def test_markup_from_outside_is_escaped(box: Sandbox, browser: Browser) -> None:
    app_id = box.register_app(BAD, BACK)
    for email in (f"{BAD}@x", "a@x"):
        page = browser.open(f"/oauth2/signup?app_id={app_id}")
        form = browser.submit(page, email=email, password=BAD)
        pages = [page, form, browser.open(start(app_id, state=BAD, l=BAD, brand=BAD, affiliate_token=BAD))]
        pages.append(browser.submit(form, button="deny"))
        for one in pages:
            assert "<script" not in one.source
            assert "script" not in one.tags
    back = browser.submit(consent(browser, app_id, state=BAD), button="allow")
    assert query(back.location)["state"] == BAD
    assert "\n" not in back.location
    assert "script>" not in back.location


def test_headers(browser: Browser, app_id: int) -> None:
    pages = [browser.open(start(app_id)), consent(browser, app_id), browser.open("/oauth2/authorize")]
    pages.append(browser.submit(pages[1], button="allow"))
    for page in pages:
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "same-origin"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert "Server" not in page.headers
    cookie = SimpleCookie(pages[0].headers["Set-Cookie"])["dpyauth_sandbox_xsrf"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/oauth2", True, "Lax")


@pytest.mark.parametrize(
    ("redirect_uri", "place"),
    [("http://localhost:9/x", " http://localhost:9"), ("myapp://callback", " myapp:"), ("", "")],
)
def test_targets_of_forms(redirect_uri: str, place: str) -> None:
    assert f"form-action 'self'{place};" in policy(redirect_uri)


def test_a_redirect_url_with_a_query(box: Sandbox, browser: Browser) -> None:
    app_id = box.register_app("x", f"{BACK}?a=b")
    assert browser.submit(consent(browser, app_id), button="allow").location.startswith(f"{BACK}?a=b&acct1=")


def test_every_field_has_a_label(browser: Browser, app_id: int) -> None:
    for page in (browser.open(start(app_id)), browser.open(f"/oauth2/signup?app_id={app_id}")):
        shown = [name for form in page.forms for name in form["inputs"] if name not in form["hidden"]]
        assert shown == ["email", "password"]
        assert all(f'<label for="{name}">' in page.source for name in shown)


def test_nothing_is_logged(browser: Browser, app_id: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.NOTSET)
    location = browser.submit(consent(browser, app_id, state="C4nary"), button="allow").location
    browser.open("/oauth2/authorize?app_id=C4nary")
    browser.open(start(app_id, state="C4nary") + "%ff")
    browser.open(start(app_id, state="C4nary"), {"user": "1"})
    tokens = [value for name, value in query(location).items() if "token" in name]
    for record in caplog.records:
        text = f"{record.getMessage()} {vars(record)}"
        assert "C4nary" not in text
        assert not any(token in text for token in tokens)


@pytest.fixture
def chromium() -> Iterator[Callable[[Callable[[Any], None]], None]]:
    """Return a function that runs code with a page of a real browser, in a thread without another test's event loop."""
    path = chromium_path()

    def run(look: Callable[[Any], None]) -> None:
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            page = browser.new_page()
            page.set_default_timeout(15_000)
            look(page)
            browser.close()

    with ThreadPoolExecutor(1) as thread:
        yield lambda look: thread.submit(run, look).result(timeout=90)


@pytest.mark.browser
def test_in_a_real_browser(box: Sandbox, chromium: Any) -> None:
    state = new_state()

    def accept(query: Secret) -> tuple[Grant, ...]:
        return parse(query, state=state, pasted=False)

    with Listener("http://localhost:0/callback", accept, timeout=60) as listener:
        app_id = box.register_app("A notebook", listener.url, ["read"])
        said: list[str] = []

        def look(page: Any) -> None:
            page.on("console", lambda message: said.append(message.text))
            page.goto(authorize_url(app_id, host=box.oauth_host, state=state))
            page.get_by_label("E-mail").fill("sandbox.rich@example.com")
            page.get_by_label("Password").fill("anything")
            assert (
                page.evaluate("getComputedStyle(document.querySelector('button.main')).color") == "rgb(255, 255, 255)"
            )
            page.get_by_role("button", name="Sign in", exact=True).click()
            page.get_by_role("button", name="Allow").click()
            page.get_by_role("heading", name="Sign-in received").wait_for()
            assert page.url == listener.url
            assert page.evaluate("document.referrer") == ""
            assert page.evaluate("history.length") <= 4

        chromium(look)
        grants = listener.future.result(timeout=10)
        assert not [text for text in said if "Content Security Policy" in text]
    assert [grant.loginid for grant in grants] == ["CR900001", "CR900002", "VRTC900003"]
    assert box.world.grant(grants[0].token.reveal(), app_id).scopes == ("read",)
