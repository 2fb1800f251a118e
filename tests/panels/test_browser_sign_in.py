"""Test a browser sign-in under way, with a simulated flow; the real ones are tested with the model."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from dpyauth.credentials import Credential, Granted, Secret
from dpyauth.errors import DpyauthError, RedirectRefused
from dpyauth.oauth.flows import Result
from dpyauth.panels import browser_sign_in as module
from dpyauth.panels.browser_sign_in import BrowserSignIn
from dpyauth.settings import Settings

OTHERS = ["access_denied", "expired", "server_error"]
NO_GOOD = ["not_a_redirect", "unreadable", "state_mismatch", "damaged"]


class MadeUp:
    """A flow that accepts "good", asks the user about "unmarked", and refuses anything else with that code."""

    settings = Settings()
    options: Mapping[str, Any] = {}
    url = "https://deriv.example/"
    redirect_url: str | None = None

    def __init__(self, listen_at: str | None = None) -> None:
        self.state = Secret("state")
        self.listen_at = listen_at

    def read(self, address: Secret, *, pasted: bool) -> Result:
        text = address.reveal()
        if text == "good" or (text == "unmarked" and pasted):
            return Result(("CR1",), self._given)
        raise RedirectRefused("No.", code="state_missing" if text == "unmarked" else text)

    async def _given(self) -> Granted:
        return Credential(Secret("token"), "a test"), None


class Waiter:
    """Records what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def arrived(self, browser: BrowserSignIn, result: Result) -> None:
        self.told.append("arrived")

    def changed(self) -> None:
        self.told.append("changed")

    def over(self, browser: BrowserSignIn) -> None:
        self.told.append("over")

    def late(self, browser: BrowserSignIn) -> None:
        self.told.append("late")

    def failed(self, browser: BrowserSignIn, error: DpyauthError) -> None:
        self.told.append(f"failed {error}")


@pytest.fixture
def waiter() -> Waiter:
    return Waiter()


@pytest.fixture
def under_way(waiter: Waiter) -> Iterator[BrowserSignIn]:
    one = BrowserSignIn(MadeUp(), waiter)
    one.start()
    yield one
    one.end()
    one.timer.join(5)


@pytest.fixture
def listened(waiter: Waiter) -> Iterator[BrowserSignIn]:
    one = BrowserSignIn(MadeUp("http://127.0.0.1:0/back"), waiter)
    one.start()
    yield one
    one.end()
    one.timer.join(5)
    assert one.listener is not None
    one.listener.close()


def come_back(browser: BrowserSignIn, query: str) -> int:
    assert browser.listener is not None
    connection = http.client.HTTPConnection(browser.listener.url.split("/")[2], timeout=5)
    try:
        for path in (f"/back?{query}", "/back"):
            connection.request("GET", path)
            status = connection.getresponse().status
            connection.close()
            if status != 303:
                return status
    except ConnectionRefusedError:
        pass  # it was over already
    return status


def test_good(under_way: BrowserSignIn, waiter: Waiter) -> None:
    under_way.pasted(Secret("good"))
    under_way.returned(under_way.nonce.reveal(), Secret("good"))
    assert waiter.told == ["arrived", "arrived"]  # the model makes sure that an answer counts once


def test_of_another_window(under_way: BrowserSignIn, waiter: Waiter) -> None:
    under_way.returned("nonce", Secret("good"))
    assert waiter.told == []


def test_unmarked(under_way: BrowserSignIn, waiter: Waiter) -> None:
    under_way.confirm()
    under_way.returned(under_way.nonce.reveal(), Secret("unmarked"))
    assert (waiter.told, under_way.loginids) == (["changed"], ("CR1",))
    under_way.confirm()
    assert waiter.told[1:] == ["arrived"]


def test_a_required_mark(under_way: BrowserSignIn, waiter: Waiter) -> None:
    """If no confirmation is allowed, the answer is refused."""
    for give in (under_way.pasted, lambda query: under_way.returned(under_way.nonce.reveal(), query)):
        with pytest.raises(RedirectRefused):
            give(Secret("state_missing"))
    under_way.confirm()
    assert waiter.told == []


@pytest.mark.parametrize("code", NO_GOOD + OTHERS)
def test_refused(under_way: BrowserSignIn, waiter: Waiter, code: str) -> None:
    with pytest.raises(RedirectRefused):
        under_way.pasted(Secret(code))
    assert waiter.told == (["over"] if code in OTHERS else [])


def test_twice_is_no_news(under_way: BrowserSignIn, waiter: Waiter) -> None:
    under_way.pasted(Secret("used"))
    under_way.returned(under_way.nonce.reveal(), Secret("used"))
    assert waiter.told == []


def test_late(waiter: Waiter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.02)
    one = BrowserSignIn(MadeUp(), waiter)
    one.start()
    one.timer.join(5)
    assert waiter.told == ["late"]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("good", ["arrived"]),
        ("access_denied", ["failed No.", "over"]),
        ("damaged", ["failed No."]),
        ("used", []),
    ],
)
def test_the_listener(listened: BrowserSignIn, waiter: Waiter, query: str, told: list[str], eventually: Any) -> None:
    assert come_back(listened, "state_mismatch") == 404
    assert waiter.told == []
    come_back(listened, query)
    assert listened.listener is not None
    eventually(listened.listener.future.done)
    listened.listener.close()
    assert waiter.told == told


def test_the_listener_offers_no_confirmation(listened: BrowserSignIn, waiter: Waiter) -> None:
    assert come_back(listened, "unmarked") == 404
    assert waiter.told == []


def test_an_address_where_listening_is_impossible(waiter: Waiter) -> None:
    one = BrowserSignIn(MadeUp("https://example.org/back"), waiter)
    one.start()
    assert "Paste the address" in str(one.trouble)
    assert one.listener is None
    one.end()
    one.timer.join(5)
