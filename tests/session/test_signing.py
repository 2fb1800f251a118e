"""Signing in and out, on both APIs alike."""

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

from dpyauth.credentials import Credential, Secret, access_token, api_token
from dpyauth.errors import CallTimeout, DpyauthError, NotSignedIn, SessionClosed, SignInRefused
from dpyauth.keep import recall
from dpyauth.oauth.tokens import Tokens
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.settings import settings
from dpyauth.wire.background import background

Eventually = Callable[..., None]
RICH = {
    "CR900001": "a1-sandbox-rich-usd",
    "CR900002": "a1-sandbox-rich-btc",
    "VRTC900003": "a1-sandbox-rich-demo",
}


class Place:
    """One of the APIs, and how one signs in to it."""

    def __init__(self, api: str, box: Sandbox, open_one: Callable[..., Session]) -> None:
        self.api = api
        self.box = box
        self.open = open_one
        self.first = "get_accounts" if api == "options" else "authorize"
        """The call that a sign-in begins with."""
        self.loginids = ["ROT900001", "DOT900003"] if api == "options" else list(RICH)

    def grants(self) -> dict[str, Credential]:
        if self.api == "options":
            return dict.fromkeys(self.loginids, self.wanted())
        return {loginid: Credential(Secret(token), "a test") for loginid, token in RICH.items()}

    def wanted(self) -> Credential:
        return access_token(self.box.options_token("rich").token, "a test")

    def sign_in(self, session: Session) -> Any:
        """Start to sign in, to the first of the accounts."""
        grants = self.grants()
        return session._sign_in(grants[self.loginids[0]], grants=grants, loginid=self.loginids[0])

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


# Switching, and what may come between


def test_switching_keeps_the_sign_in(place: Place) -> None:
    session = place.session()
    access, grants = session._access, session._grants
    session.use(place.loginids[-1])
    assert session._access is access
    assert session._grants == grants
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
def test_a_switch_that_is_overtaken(
    place: Place, between: str, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    """It must not bring back a sign-in that is over."""
    session = place.session()
    access = session._access
    assert access is not None
    entrance = access.entrance(place.loginids[1])
    waits, go_on = threading.Event(), asyncio.Event()

    async def address() -> str:
        waits.set()
        await go_on.wait()
        return entrance.address if isinstance(entrance.address, str) else await entrance.address()

    held = type(entrance)(address, entrance.greeting, entrance.account)
    monkeypatch.setattr(access, "entrance", lambda loginid: held)
    switching = session._switch(place.loginids[1])
    assert waits.wait(5)
    if between == "signed out":
        session._sign_out("a test")
    elif between == "closed":
        session.close()
    else:
        session._sign_in_and_wait(place.somebody_else())
    new = session._access
    if between != "closed":
        background.post(lambda _: go_on.set())
    assert isinstance(switching.exception(5), SessionClosed)
    assert session._access is new
    assert session.state == {"signed out": "signed out", "closed": "closed"}.get(between, "signed in")
    eventually(lambda: place.box.connections_open == (between == "signed in anew"))


def test_a_sign_in_anew_ends_everything_of_the_one_before(place: Place, eventually: Eventually) -> None:
    session = place.session()
    session.portfolio(place.loginids[1])
    before = session._access
    assert before is not None
    assert place.box.connections_open == 2
    session._sign_in_and_wait(place.somebody_else())
    assert session._others == {}
    assert before.errands is None or not before.errands.alive
    eventually(lambda: place.box.connections_open == 1)


# Calling off, and running out of time


def test_a_sign_in_that_is_called_off(place: Place, eventually: Eventually) -> None:
    session = place.open(None)
    place.box.faults.stall(place.first)
    future = place.sign_in(session)
    assert place.box.wait_until(lambda box: count(box, place.first))
    assert future.cancel()
    eventually(lambda: place.box.connections_open == 0 and not session._beginning)
    eventually(lambda: not [one for one in threading.enumerate() if one.name == "dpyauth"])
    assert session.state == "signed out"


def test_a_sign_in_that_takes_too_long(place: Place) -> None:
    session = place.open(None, timeout=0.2)
    place.box.faults.stall(place.first)
    with pytest.raises(CallTimeout, match=r"within 0\.(2|16) s") as late:  # in all, or for a question of it
        session._sign_in_and_wait(place.somebody_else())
    assert late.value.call in {"authorize", "get_accounts"}


def test_signing_in_to_a_closed_session(place: Place) -> None:
    session = place.open(None)
    session.close()
    with pytest.raises(SessionClosed):
        place.sign_in(session)


def test_switching_with_nobody_signed_in(place: Place) -> None:
    with pytest.raises(NotSignedIn, match="Sign in first"):
        place.open(None)._switch(place.loginids[0])


def test_the_last_of_several_sign_ins_counts(place: Place) -> None:
    session = place.open(None)
    for future in [place.sign_in(session) for _ in range(3)]:
        future.result(10)
    assert session.balance()["loginid"].tolist() == [place.loginids[0]]
    assert place.box.wait_until(lambda box: box.connections_open == 1)


# Being signed out


def test_when_deriv_ends_it(place: Place, at_once: None, eventually: Eventually) -> None:
    session = place.session()
    session.portfolio(place.loginids[1])
    credential, access = session._credential, session._access
    assert credential is not None
    assert access is not None
    told = threading.Event()
    session._watch(lambda: told.set() if session.state == "signed out" else None)
    place.box.faults.revoke(credential.token.reveal())
    place.box.faults.drop()
    assert told.wait(5)
    assert (session._access, session._others, session._grants, session.loginid) == (None, {}, {}, None)
    assert access.errands is None or not access.errands.alive
    with pytest.raises(NotSignedIn, match="does not accept this"):
        session.balance()
    eventually(lambda: place.box.connections_open == 0)


def test_a_session_that_was_signed_out_can_be_signed_in_again(place: Place) -> None:
    session = place.session()
    session._sign_out("a test")
    assert session._signed_out_because == "a test"
    place.sign_in(session).result(10)
    assert session._signed_out_because == ""
    assert session.balance()["loginid"].tolist() == [place.loginids[0]]


def test_closing_twice(place: Place) -> None:
    session = place.session()
    session.close()
    session.close()
    assert session.state == "closed"


# Who watches


def test_watchers(place: Place, caplog: pytest.LogCaptureFixture, eventually: Eventually) -> None:
    session = place.open(None)
    told: list[str] = []

    def fail() -> None:
        raise ValueError("C4nary")

    ends = [session._watch(fail), session._watch(lambda: told.append(session.state))]
    place.sign_in(session).result(10)
    eventually(lambda: "signed in" in told)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] != []
    assert "C4nary" not in caplog.text
    for end in (*ends, *ends):
        end()
    told.clear()
    session.logout()
    assert told == []


# What it is kept as, and whether it fits


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home folder with nothing in it, and no keyring."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(keyring, "get_keyring", FailKeyring)


@pytest.mark.usefixtures("home")
def test_keeping(place: Place) -> None:
    with pytest.raises(NotSignedIn):
        place.open(None)._keep("x")
    session = place.session()
    session.use(place.loginids[1])
    session._keep("x")
    kept = recall("x")
    assert kept is not None
    assert (kept.api, kept.active, list(kept.tokens)) == (place.api, place.loginids[1], place.loginids)
    assert kept.tokens == {loginid: credential.token for loginid, credential in place.grants().items()}


@pytest.mark.usefixtures("home")
def test_what_is_kept_is_the_token_of_the_moment(open_options: Any, box: Sandbox) -> None:
    first, second = (box.options_token(label).token for label in ("rich, trading", "rich, every"))

    async def renew(token: Secret) -> Tokens:
        return Tokens(Secret(second), None, None, None)

    tokens = Tokens(Secret(first), Secret("again"), time.time() + 1, ("trade",))
    session = open_options(Credential(tokens.access, "a test", tokens, renew))
    session._keep("x")
    kept = recall("x")
    assert kept is not None
    assert set(kept.tokens.values()) == {Secret(second)}
    assert session._fits(Credential(Secret(second), "a test"), session._settings)


def test_whether_it_fits(place: Place) -> None:
    session = place.session()
    mine, other = place.grants()[place.loginids[0]], place.somebody_else()
    here = place.settings()
    assert session._fits(None, here)
    assert session._fits(mine, here)
    assert not session._fits(other, here)
    assert session._fits(None, place.settings(app_id=place.other_app_id))
    assert not session._fits(mine, place.settings(app_id=place.other_app_id))
    assert not session._fits(None, place.settings(language="ES"))
    assert not session._fits(None, settings(app_id=place.settings().app_id, api=place.api))
    assert not session._fits(None, settings(api="v3" if place.api == "options" else "options"))
    session.logout()
    assert session._fits(None, here)
    assert not session._fits(mine, here)
    session.close()
    assert not session._fits(None, here)


def test_a_refused_sign_in_says_nothing_of_the_token(place: Place) -> None:
    session = place.open(None)
    token = f"pat_{'ab' * 32}" if place.api == "options" else "nobody-s-token"
    with pytest.raises(SignInRefused) as refused:
        session._sign_in_and_wait(Credential(Secret(token), "a test"))
    assert token not in f"{refused.value}{vars(refused.value)}"
    assert session.state == "signed out"
