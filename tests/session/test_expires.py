"""Test the end of a sign-in: how the session, its health and its card show it, and when."""

from __future__ import annotations

import asyncio
import html
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import keyring
import numpy as np
import pandas as pd
import pytest
from keyring.backends.fail import Keyring as FailKeyring

from dpyauth.apis import expiry
from dpyauth.apis.options import auth
from dpyauth.credentials import Credential, Secret, Tokens, access_token
from dpyauth.errors import ApiError, NotSignedIn, SignInRefused
from dpyauth.oauth import tokens
from dpyauth.oauth.pkce import CodeSignIn
from dpyauth.oauth.tokens import exchange, http_client, refresh
from dpyauth.panels import account_view
from dpyauth.panels.card import CardModel
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session, expiry_notice
from dpyauth.settings import settings
from dpyauth.storage import recall
from dpyauth.texts import texts

WORDS = texts("card", language="en")
Eventually = Callable[..., None]

DEMO, REAL = "DOT900003", "ROT900001"
BACK = "http://localhost/back"
SCOPES = ("trade", "account_manage")
NOW = datetime(2026, 11, 3, 13, 5, tzinfo=UTC)
HOUR, MONTH = 3600, 2_591_999
"""Seconds of a sign-in: according to Deriv's documentation, and as observed."""


class Clock:
    """Replaces the module `time` where the time of day is read. It stands still, and can jump."""

    monotonic = staticmethod(time.monotonic)

    def __init__(self) -> None:
        self.now = NOW

    def time(self) -> float:
        return self.now.timestamp()


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Simulate a time of day that jumps, as on a machine that has slept; notices look at it all the time."""
    made = Clock()
    for module in (expiry, tokens, auth):
        monkeypatch.setattr(module, "time", made)
    monkeypatch.setattr(expiry_notice, "LOOK_EVERY", 0.02)
    return made


class Visitor:
    """A user who signs in with the browser."""

    def __init__(self, box: Sandbox, open_options: Callable[..., Session]) -> None:
        self.box = box
        self.app_id = box.register_options_app("A test", BACK, SCOPES)
        self.open = open_options

    def sign_in(self, life: float = HOUR, *, renewable: bool = False, session: Session | None = None) -> Session:
        """Sign in for this many seconds, with PKCE."""
        session = session or self.open(None, app_id=self.app_id)
        session.core.sign_in_and_wait(self.credential(life, renewable=renewable))
        return session

    def credential(self, life: float = HOUR, *, renewable: bool = False) -> Credential:
        self.box.options.expires_in, self.box.options.gives_refresh_tokens = life, renewable
        begun = CodeSignIn(self.app_id, BACK, SCOPES, host=self.box.auth_host)

        async def given() -> Tokens:
            async with http_client(self.box.auth_host) as http:
                return await exchange(begun.accept(self.allow(begun.url)), http)

        brought = asyncio.run(given())
        return Credential(brought.access, "a test", brought, self.renew)

    def allow(self, url: str) -> str:
        """Confirm on Deriv's pages; return the final address."""
        with httpx.Client(base_url=self.box.auth_host, trust_env=False, timeout=10) as http:
            answer = http.get(url)
            for typed in ({"user": "9000001"}, {"choice": "allow"}):
                action = html.unescape(re.findall('<form method="post" action="([^"]*)"', answer.text)[-1])
                hidden = re.findall('<input type="hidden" name="([^"]*)" value="([^"]*)"', answer.text)
                fields = {name: html.unescape(value) for name, value in hidden} | typed
                answer = http.post(action, data=fields)
            return str(answer.headers["location"])

    async def renew(self, token: Secret) -> Tokens:
        async with http_client(self.box.auth_host) as http:
            return await refresh(self.app_id, token, http, self.box.auth_host)

    def expire(self, session: Session) -> None:
        """Make Deriv refuse the session's token from now on."""
        access = session.core.sign_in
        assert access is not None
        self.box.expire(access.credential.token.reveal())


@pytest.fixture
def visitor(box: Sandbox, open_options: Callable[..., Session]) -> Visitor:
    return Visitor(box, open_options)


def ends(life: float) -> datetime:
    return NOW + timedelta(seconds=life)


def told(session: Session) -> list[str]:
    """Return the events of the session about the end of its sign-in."""
    events = session.events()
    return events.loc[events["what"].str.startswith("sign-in"), "what"].tolist()


# The time of the end


@pytest.mark.parametrize("life", [HOUR, MONTH])
def test_the_end_comes_from_deriv(visitor: Visitor, life: int) -> None:
    session = visitor.sign_in(life)
    assert session.expires == ends(life)
    assert session.expires is not None
    assert session.expires.utcoffset() == timedelta(0)
    session.use(REAL)
    assert session.expires == ends(life)
    assert session.events()["time"].gt(session.expires).dtype == bool  # it can be compared with times in frames


def test_the_end_is_in_utc_in_any_time_zone(visitor: Visitor, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        session = visitor.sign_in()
        assert session.expires == ends(HOUR)
        assert "ends 14:05 UTC" in repr(session)
        clock.now = ends(HOUR)
        assert "at 14:05 UTC" in session.core.remarks
    finally:
        monkeypatch.undo()
        time.tzset()


def test_no_end_if_deriv_names_none(visitor: Visitor, session: Session, open_options: Callable[..., Session]) -> None:
    with_pat, silent = open_options("rich"), visitor.open(None, app_id=visitor.app_id)
    credential = visitor.credential()
    silent.core.sign_in_and_wait(credential._replace(tokens=Tokens(credential.token, None, None, SCOPES)))
    for one in (session, with_pat, silent):
        assert one.state == "signed in"
        assert one.expires is None


def test_no_end_before_and_after_a_sign_in(visitor: Visitor) -> None:
    session = visitor.open(None, app_id=visitor.app_id)
    assert session.expires is None
    visitor.sign_in(session=session)
    session.logout()
    assert session.expires is None
    visitor.sign_in(session=session)
    session.close()
    assert session.expires is None
    assert repr(session) == "<dpyauth session: closed>"


def test_a_renewable_sign_in_has_no_end(visitor: Visitor, clock: Clock) -> None:
    session = visitor.sign_in(renewable=True)
    assert session.expires is None
    clock.now = ends(HOUR + 5)
    session.accounts()
    assert session.expires is None
    assert session.core.remarks == ""
    assert repr(session) == f"<dpyauth session: signed in, {DEMO} (USD, demo)>"


def test_a_sign_in_that_can_no_longer_be_renewed_has_an_end(
    visitor: Visitor, clock: Clock, eventually: Eventually
) -> None:
    session = visitor.sign_in(renewable=True)
    clock.now = ends(HOUR - 200)
    visitor.box.faults.error("invalid_grant", "token")
    visitor.box.faults.error("Unauthorized", "legacy_migration_status")  # causes a renewal
    with pytest.raises(ApiError):
        session.migration()
    assert session.expires == ends(HOUR)
    eventually(lambda: told(session) == ["sign-in ends soon"])


@pytest.mark.parametrize("renewable", [False, True])
def test_the_end_is_remembered_and_the_refresh_token_is_not(
    visitor: Visitor, renewable: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(keyring, "get_keyring", FailKeyring)
    visitor.sign_in(renewable=renewable).core.remember("x")
    kept = recall("x")
    assert kept is not None
    assert kept.expires_at == ends(HOUR).timestamp()


# Display


@pytest.mark.parametrize("life", [HOUR, MONTH, 9_000_000_000])
def test_health_has_the_end(visitor: Visitor, life: int) -> None:
    session = visitor.sign_in(life)
    health = session.health()
    assert isinstance(health["expires"], pd.Timestamp)
    assert health["expires"] == session.expires == ends(life)
    assert health.dtype == object


def test_health_without_an_end(session: Session) -> None:
    health = session.health()
    assert health["expires"] is np.nan
    assert health.dtype == object


@pytest.mark.parametrize(
    ("now", "shown"),
    [
        (NOW, ""),
        (ends(MONTH) - timedelta(days=1), ""),
        (ends(MONTH) - timedelta(hours=23), ", ends 2026-12-03 13:04 UTC"),
        (ends(MONTH) - timedelta(seconds=1), ", ends 13:04 UTC"),
        (ends(MONTH), ", ended 13:04 UTC"),
        (ends(MONTH) + timedelta(days=2), ", ended 2026-12-03 13:04 UTC"),
    ],
)
def test_the_repr_shows_the_end_on_the_last_day(visitor: Visitor, clock: Clock, now: datetime, shown: str) -> None:
    session = visitor.sign_in(MONTH)
    clock.now = now
    assert repr(session) == f"<dpyauth session: signed in, {DEMO} (USD, demo){shown}>"


@pytest.mark.parametrize(
    ("now", "tone", "shown"),
    [
        (NOW, "plain", "until 2026-12-03 13:04 UTC"),
        (ends(MONTH) - timedelta(hours=2), "plain", "until 13:04 UTC"),
        (ends(MONTH) - timedelta(minutes=2), "act", "until 13:04 UTC"),
        (ends(MONTH), "act", "ended at 13:04 UTC: sign in again"),
        (ends(MONTH) + timedelta(days=2), "act", "ended at 2026-12-03 13:04 UTC: sign in again"),
    ],
)
def test_the_card_has_the_end(visitor: Visitor, clock: Clock, now: datetime, tone: str, shown: str) -> None:
    card = CardModel(visitor.sign_in(MONTH))
    card.prepare()
    clock.now = now
    row = next(row for row in card.view()["rows"] if row["name"] == "Sign-in")
    assert [(light["tone"], light["text"]) for light in row["lights"]] == [(tone, shown)]
    assert shown in card.as_text()
    assert shown in card.still(card.view())


def test_the_card_without_an_end(session: Session) -> None:
    card = CardModel(session)
    card.prepare()
    assert "Sign-in" not in [row["name"] for row in card.view()["rows"]]


# Notices


def test_a_sign_in_of_an_hour_has_one_notice(visitor: Visitor, clock: Clock, eventually: Eventually) -> None:
    session = visitor.sign_in()
    seen: list[str] = []
    session.core.watch(lambda: seen.append(session.core.remarks))
    clock.now = ends(HOUR - 301)
    assert session.core.remarks == ""
    session.accounts()
    assert told(session) == []
    clock.now = ends(HOUR - 300)
    eventually(lambda: told(session) == ["sign-in ends soon"])
    assert "This sign-in ends within 5 minutes, at 14:05 UTC. Sign in again" in session.core.remarks
    eventually(lambda: seen and seen[-1] == session.core.remarks)
    assert session.events()["why"].iloc[-1] == session.core.remarks
    session.use(REAL)
    assert "This sign-in ends within" in session.core.remarks
    assert told(session) == ["sign-in ends soon"]


def test_a_sign_in_of_a_month_has_two_notices_and_each_is_dismissed_alone(
    visitor: Visitor, clock: Clock, eventually: Eventually
) -> None:
    session = visitor.sign_in(MONTH)
    clock.now = ends(MONTH - 3601)
    assert session.core.remarks == ""
    clock.now = ends(MONTH - 3600)
    assert session.core.remarks.startswith("This sign-in ends within an hour, at 13:04 UTC.")
    eventually(lambda: told(session) == ["sign-in ends soon"])
    session.core.dismiss_remarks()
    clock.now = ends(MONTH - 301)
    assert session.core.remarks == ""
    clock.now = ends(MONTH - 299)
    assert session.core.remarks.startswith("This sign-in ends within 5 minutes, at 13:04 UTC.")
    eventually(lambda: told(session) == ["sign-in ends soon"] * 2)
    session.core.dismiss_remarks()
    assert session.core.remarks == ""
    clock.now = ends(MONTH)
    assert session.core.remarks.startswith("This sign-in ended at 13:04 UTC.")
    eventually(lambda: told(session) == ["sign-in ends soon", "sign-in ends soon", "sign-in ended"])
    session.core.dismiss_remarks()
    assert session.core.remarks == ""


def test_a_notice_is_shown_once(visitor: Visitor, clock: Clock, eventually: Eventually) -> None:
    session = visitor.sign_in()
    clock.now = ends(HOUR - 100)
    eventually(lambda: told(session) == ["sign-in ends soon"])
    session.core.dismiss_remarks()
    for day in range(3):  # the end is written with its date and without
        clock.now = ends(HOUR) + timedelta(days=day)
        assert bool(session.core.remarks) is (day == 0)
        session.core.dismiss_remarks()
    session.use(REAL)
    session.accounts()
    assert session.core.remarks == ""
    eventually(lambda: told(session) == ["sign-in ends soon", "sign-in ended"])


def test_a_dismissed_notice_stays_away_over_midnight(visitor: Visitor, clock: Clock) -> None:
    clock.now = datetime(2026, 11, 3, 22, 1, tzinfo=UTC)
    session = visitor.sign_in(2 * HOUR)
    clock.now = datetime(2026, 11, 3, 23, 58, tzinfo=UTC)
    assert "ends within 5 minutes, at 2026-11-04 00:01 UTC" in session.core.remarks
    session.core.dismiss_remarks()
    clock.now = datetime(2026, 11, 4, 0, 0, tzinfo=UTC)
    assert session.core.remarks == ""


def test_after_a_sleep_only_the_latest_notice_is_shown(visitor: Visitor, clock: Clock, eventually: Eventually) -> None:
    session = visitor.sign_in(MONTH)
    seen: list[str] = []
    session.core.watch(lambda: seen.append(session.core.remarks))
    clock.now = ends(MONTH + 100)
    assert session.core.remarks.startswith("This sign-in ended at")  # at once, whenever it is read
    eventually(lambda: seen and seen[-1].startswith("This sign-in ended at"))
    assert told(session) == ["sign-in ended"]
    assert session.balance()["loginid"].tolist() == [DEMO]  # the WebSocket goes on
    visitor.sign_in(session=session)
    clock.now = NOW
    assert session.core.remarks == ""


def test_a_notice_belongs_to_its_own_sign_in(
    visitor: Visitor, box: Sandbox, clock: Clock, eventually: Eventually
) -> None:
    session = visitor.sign_in()
    clock.now = ends(HOUR - 100)
    eventually(lambda: told(session) == ["sign-in ends soon"])
    session.core.sign_in_and_wait(
        access_token(box.options_token("rich").token, "a test"),
        settings=settings(box.options_app_id, box.rest, api="options"),
    )
    clock.now = ends(HOUR)
    session.accounts()
    assert (session.expires, session.core.remarks) == (None, "")
    assert told(session) == ["sign-in ends soon"]


# Errors after the end


@pytest.mark.parametrize("call", [("account_nickname", {}), ("reset_demo_balance", {"account_id": DEMO})])
def test_a_call_that_is_refused_after_the_end_says_when_that_was(
    visitor: Visitor, clock: Clock, call: tuple[str, dict[str, Any]]
) -> None:
    session = visitor.sign_in()
    clock.now = ends(HOUR + 60)
    visitor.expire(session)
    with pytest.raises(SignInRefused, match=r"^This sign-in ended at 2026-11-03 14:05 UTC, and Deriv no longer"):
        session.call(call[0], **call[1])
    with pytest.raises(NotSignedIn, match=r"ended at 2026-11-03 14:05 UTC"):
        session.balance()
    notice = account_view.news(session, WORDS)
    assert notice is not None
    assert (notice["title"], "Open connections" in notice["text"]) == ("Signed out", False)


def test_a_reconnection_that_is_refused_after_the_end_says_when_that_was(
    visitor: Visitor, clock: Clock, at_once: None, eventually: Eventually
) -> None:
    session = visitor.sign_in()
    clock.now = ends(HOUR + 60)
    visitor.expire(session)
    visitor.box.faults.drop()
    eventually(lambda: session.state == "signed out")
    with pytest.raises(NotSignedIn, match=r"ended at 2026-11-03 14:05 UTC"):
        session.balance()


def test_a_refusal_before_the_end_does_not_name_the_end(visitor: Visitor) -> None:
    session = visitor.sign_in()
    visitor.expire(session)  # another program has ended the sign-in
    with pytest.raises(SignInRefused) as refused:
        session.call("account_nickname")
    assert "14:05" not in str(refused.value)


def test_an_unrelated_error_does_not_name_the_end(visitor: Visitor, clock: Clock) -> None:
    session = visitor.sign_in()
    clock.now = ends(HOUR + 60)
    visitor.box.faults.http(401, "account_nickname", body="<html>", times=9)
    with pytest.raises(SignInRefused) as refused:
        session.call("account_nickname")
    assert "ended at" not in str(refused.value)
    assert session.state == "signed in"
