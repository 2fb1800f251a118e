"""Test signing in with a found credential: only one API is tried, and nothing is left behind."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from dpyauth.apis.base import Account
from dpyauth.credentials import Granted, Secret, checked
from dpyauth.errors import SessionClosed, SignInRefused
from dpyauth.net.loop import background
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.settings import Settings, settings

PATIENCE = 10.0
V3 = "sandbox-rich-read"


@pytest.fixture
def session(open_session: Callable[..., Session]) -> Session:
    """Return a session without a sign-in."""
    return open_session(None)


@pytest.fixture
def options(box: Sandbox) -> Settings:
    return settings(box.options_app_id, box.rest, api="options")


def holding(token: str) -> Callable[[str], Granted]:
    return lambda api: (checked(Secret(token), "a test", api), None)


def started(session: Session, token: str, where: Settings | None = None, **options: Any) -> Future[Account]:
    """Start a sign-in on the background thread."""
    outcome: Future[Account] = Future()
    background.run(lambda: session.core.sign_in_with(holding(token), where or session.core.target, **options), outcome)
    return outcome


def test_at_once(session: Session) -> None:
    account = started(session, V3).result(PATIENCE)
    assert account.loginid == session.loginid == "CR900001"
    assert session.core.remark == ""


@pytest.mark.parametrize("to", ["v3", "options"])
def test_a_refused_token_is_not_tried_elsewhere(session: Session, box: Sandbox, options: Settings, to: str) -> None:
    with pytest.raises(SignInRefused) as refused:
        started(session, "C4nary", options if to == "options" else None).result(PATIENCE)
    assert not hasattr(refused.value, "__notes__")
    assert session.state == "signed out"
    asked = {each.call for each in box.received if each.call}
    assert asked == ({"authorize"} if to == "v3" else {"get_accounts"})


def test_a_demo_account_is_made_when_asked(session: Session, box: Sandbox, options: Settings) -> None:
    token = box.options_token("new, no account").token
    with pytest.raises(SignInRefused) as refused:
        started(session, token, options).result(PATIENCE)
    assert refused.value.code == "NoAccount"
    account = started(session, token, options, create_demo=True).result(PATIENCE)
    assert account.kind == "demo"


def test_a_closed_session(session: Session) -> None:
    session.close()
    with pytest.raises(SessionClosed):
        started(session, V3).result(PATIENCE)


def test_cancelled(session: Session, box: Sandbox, eventually: Any) -> None:
    box.faults.stall("authorize")
    future = started(session, V3)
    assert box.wait_until(lambda box: any(each.call == "authorize" for each in box.received))
    future.cancel()
    eventually(lambda: box.connections_open == 0)
    box.faults.clear()
    assert session.state == "signed out"
