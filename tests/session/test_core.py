"""Test signing in and out on both APIs."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backends.fail import Keyring as FailKeyring

from dpyauth.credentials import Credential, Secret, Tokens, access_token, api_token
from dpyauth.errors import CallTimeout, DpyauthError, NotSignedIn, SessionClosed, SignInRefused
from dpyauth.net.loop import background
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.settings import settings
from dpyauth.storage import recall

Eventually = Callable[..., None]
RICH = {
    "CR900001": "a1-sandbox-rich-usd",
    "CR900002": "a1-sandbox-rich-btc",
    "VRTC900003": "a1-sandbox-rich-demo",
}


class Place:
    """One of the APIs, and how to sign in to it."""

    def __init__(self, api: str, box: Sandbox, open_one: Callable[..., Session]) -> None:
        self.api = api
        self.box = box
        self.open = open_one
        self.first = "get_accounts" if api == "options" else "authorize"
        """The first call of a sign-in."""
        self.loginids = ["ROT900001", "DOT900003"] if api == "options" else list(RICH)

    def grants(self) -> dict[str, Credential]:
        if self.api == "options":
            return dict.fromkeys(self.loginids, self.wanted())
        return {loginid: Credential(Secret(token), "a test") for loginid, token in RICH.items()}

    def wanted(self) -> Credential:
        return access_token(self.box.options_token("rich").token, "a test")

    def sign_in(self, session: Session) -> Any:
        """Start to sign in to the first of the accounts."""
        grants = self.grants()
        return session.core.start_sign_in(grants[self.loginids[0]], grants=grants, loginid=self.loginids[0])

    def session(self) -> Session:
        session = self.open(None)
        self.sign_in(session).result(10)
        assert session.loginid == self.loginids[0]
        return session

    def somebody_else(self) -> Credential:
        if self.api == "options":
            return access_token(self.box.options_token("trouble").token, "a test")
        return api_token("sandbox-trouble-read", "a test")

    def settings(self, **more: Any) -> Any:
        if self.api == "options":
            return settings(**{"app_id": self.box.options_app_id, "server": self.box.rest, "api": "options"} | more)
        return settings(**{"app_id": self.box.app_id, "server": self.box.url, "api": "v3"} | more)

    @property
    def other_app_id(self) -> str:
        return "33OtherApp" if self.api == "options" else "5"


@pytest.fixture(params=["v3", "options"])
def place(request: pytest.FixtureRequest, box: Sandbox, open_session: Any, open_options: Any) -> Place:
    return Place(request.param, box, open_options if request.param == "options" else open_session)


def count(box: Sandbox, call: str) -> int:
    return [received.call for received in box.received].count(call)


# Switching, and interruptions of it


def test_switching_keeps_the_sign_in(place: Place) -> None:
    session = place.session()
    access, grants = session.core.sign_in, session.core.grants
    session.use(place.loginids[-1])
    assert session.core.sign_in is access
    assert session.core.grants == grants
    assert session.loginid == place.loginids[-1]


def test_a_switch_that_fails_changes_nothing(place: Place, eventually: Eventually) -> None:
    session = place.session()
    place.box.faults.drop("authorize" if place.api == "v3" else "balance")
    with pytest.raises(DpyauthError):
        session.use(place.loginids[1])
    assert session.loginid == place.loginids[0]
    assert session.balance()["loginid"].tolist() == [place.loginids[0]]
    eventually(lambda: place.box.connections_open == 1)


@pytest.mark.parametrize("between", ["signed out", "signed in anew", "closed"])
def test_a_switch_overtaken_by_another_sign_in(
    place: Place, between: str, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    """It must not restore a sign-in that has ended."""
    session = place.session()
    access = session.core.sign_in
    assert access is not None
    endpoint = access.endpoint(place.loginids[1])
    waits, go_on = threading.Event(), asyncio.Event()

    async def address() -> str:
        waits.set()
        await go_on.wait()
        return endpoint.address if isinstance(endpoint.address, str) else await endpoint.address()

    held = type(endpoint)(address, endpoint.greeting, endpoint.account)
    monkeypatch.setattr(access, "endpoint", lambda loginid: held)
    switching = session.core.start_switch(place.loginids[1])
    assert waits.wait(5)
    if between == "signed out":
        session.core.sign_out("a test")
    elif between == "closed":
        session.close()
    else:
        session.core.sign_in_and_wait(place.somebody_else())
    new = session.core.sign_in
    if between != "closed":
        background.post(lambda _: go_on.set())
    assert isinstance(switching.exception(5), SessionClosed)
    assert session.core.sign_in is new
    assert session.state == {"signed out": "signed out", "closed": "closed"}.get(between, "signed in")
    eventually(lambda: place.box.connections_open == (between == "signed in anew"))


def test_a_new_sign_in_ends_everything_of_the_previous_one(place: Place, eventually: Eventually) -> None:
    session = place.session()
    session.portfolio(place.loginids[1])
    before = session.core.sign_in
    assert before is not None
    assert place.box.connections_open == 2
    session.core.sign_in_and_wait(place.somebody_else())
    assert session.core.other_connections == {}
    assert before.dispatcher is None or not before.dispatcher.alive
    eventually(lambda: place.box.connections_open == 1)


# Cancelling and timeouts


def test_a_cancelled_sign_in(place: Place, eventually: Eventually) -> None:
    session = place.open(None)
    place.box.faults.stall(place.first)
    future = place.sign_in(session)
    assert place.box.wait_until(lambda box: count(box, place.first))
    assert future.cancel()
    eventually(lambda: place.box.connections_open == 0 and not session.core._beginning)
    eventually(lambda: not [one for one in threading.enumerate() if one.name == "dpyauth"])
    assert session.state == "signed out"


def test_a_sign_in_that_takes_too_long(place: Place) -> None:
    session = place.open(None, timeout=0.2)
    place.box.faults.stall(place.first)
    with pytest.raises(CallTimeout, match=r"within 0\.(2|16) s") as late:  # in total, or of one request
        session.core.sign_in_and_wait(place.somebody_else())
    assert late.value.call in {"authorize", "get_accounts"}


def test_signing_in_to_a_closed_session(place: Place) -> None:
    session = place.open(None)
    session.close()
    with pytest.raises(SessionClosed):
        place.sign_in(session)


def test_switching_without_a_sign_in(place: Place) -> None:
    with pytest.raises(NotSignedIn, match="Sign in first"):
        place.open(None).core.start_switch(place.loginids[0])


def test_the_last_of_several_sign_ins_counts(place: Place) -> None:
    session = place.open(None)
    for future in [place.sign_in(session) for _ in range(3)]:
        future.result(10)
    assert session.balance()["loginid"].tolist() == [place.loginids[0]]
    assert place.box.wait_until(lambda box: box.connections_open == 1)


# Being signed out


def test_deriv_ends_the_sign_in(place: Place, at_once: None, eventually: Eventually) -> None:
    session = place.session()
    session.portfolio(place.loginids[1])
    credential, access = session.core.credential, session.core.sign_in
    assert credential is not None
    assert access is not None
    told = threading.Event()
    session.core.watch(lambda: told.set() if session.state == "signed out" else None)
    place.box.faults.revoke(credential.token.reveal())
    place.box.faults.drop()
    assert told.wait(5)
    assert (session.core.sign_in, session.core.other_connections, session.core.grants, session.loginid) == (
        None,
        {},
        {},
        None,
    )
    assert access.dispatcher is None or not access.dispatcher.alive
    with pytest.raises(NotSignedIn, match="does not accept this"):
        session.balance()
    eventually(lambda: place.box.connections_open == 0)


def test_a_session_that_was_signed_out_can_be_signed_in_again(place: Place) -> None:
    session = place.session()
    session.core.sign_out("a test")
    assert session.core.signed_out_because == "a test"
    place.sign_in(session).result(10)
    assert session.core.signed_out_because == ""
    assert session.balance()["loginid"].tolist() == [place.loginids[0]]


def test_closing_twice(place: Place) -> None:
    session = place.session()
    session.close()
    session.close()
    assert session.state == "closed"


# Watchers


def test_watchers(place: Place, caplog: pytest.LogCaptureFixture, eventually: Eventually) -> None:
    session = place.open(None)
    told: list[str] = []

    def fail() -> None:
        raise ValueError("C4nary")

    ends = [session.core.watch(fail), session.core.watch(lambda: told.append(session.state))]
    place.sign_in(session).result(10)
    eventually(lambda: "signed in" in told)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] != []
    assert "C4nary" not in caplog.text
    for end in (*ends, *ends):
        end()
    told.clear()
    session.logout()
    assert told == []


# Remembering and matching


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Create an empty home folder, without a keyring."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(keyring, "get_keyring", FailKeyring)


@pytest.mark.usefixtures("home")
def test_remembering(place: Place) -> None:
    with pytest.raises(NotSignedIn):
        place.open(None).core.remember("x")
    session = place.session()
    session.use(place.loginids[1])
    session.core.remember("x")
    kept = recall("x")
    assert kept is not None
    assert (kept.api, kept.active, list(kept.tokens)) == (place.api, place.loginids[1], place.loginids)
    assert kept.tokens == {loginid: credential.token for loginid, credential in place.grants().items()}


@pytest.mark.usefixtures("home")
def test_the_current_token_is_remembered(open_options: Any, box: Sandbox) -> None:
    first, second = (box.options_token(label).token for label in ("rich, trading", "rich, every"))

    async def renew(token: Secret) -> Tokens:
        return Tokens(Secret(second), None, None, None)

    tokens = Tokens(Secret(first), Secret("again"), time.time() + 1, ("trade",))
    session = open_options(Credential(tokens.access, "a test", tokens, renew))
    session.core.remember("x")
    kept = recall("x")
    assert kept is not None
    assert set(kept.tokens.values()) == {Secret(second)}
    assert session.core.matches(Credential(Secret(second), "a test"), session.core.target)


def test_whether_a_session_matches_a_login(place: Place) -> None:
    session = place.session()
    mine, other = place.grants()[place.loginids[0]], place.somebody_else()
    here = place.settings()
    assert session.core.matches(None, here)
    assert session.core.matches(mine, here)
    assert not session.core.matches(other, here)
    assert session.core.matches(None, place.settings(app_id=place.other_app_id))
    assert not session.core.matches(mine, place.settings(app_id=place.other_app_id))
    assert not session.core.matches(None, place.settings(language="ES"))
    assert not session.core.matches(None, settings(app_id=place.settings().app_id, api=place.api))
    assert not session.core.matches(None, settings(api="v3" if place.api == "options" else "options"))
    session.logout()
    assert session.core.matches(None, here)
    assert not session.core.matches(mine, here)
    session.close()
    assert not session.core.matches(None, here)


def test_a_refused_sign_in_says_nothing_of_the_token(place: Place) -> None:
    session = place.open(None)
    token = f"pat_{'ab' * 32}" if place.api == "options" else "nobody-s-token"
    with pytest.raises(SignInRefused) as refused:
        session.core.sign_in_and_wait(Credential(Secret(token), "a test"))
    assert token not in f"{refused.value}{vars(refused.value)}"
    assert session.state == "signed out"
