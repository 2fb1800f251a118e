"""Sign-ins of several steps: one future, one API, and what is left behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any

import pytest

from dpyauth.credentials import Granted, Secret, checked
from dpyauth.errors import SessionClosed, SignInRefused
from dpyauth.panels.attempts import run, sign_in
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.settings import Settings, settings

PATIENCE = 10.0
V3 = "sandbox-rich-read"


@pytest.fixture
def session(open_session: Callable[..., Session]) -> Session:
    """Nobody is signed in."""
    return open_session(None)


@pytest.fixture
def options(box: Sandbox) -> Settings:
    return settings(box.options_app_id, box.rest, api="options")


def holding(token: str) -> Callable[[str], Granted]:
    return lambda api: (checked(Secret(token), "a test", api), None)


# Running steps


def test_result_error_and_thread(nothing_left: None) -> None:
    async def where() -> str:
        return threading.current_thread().name

    async def wrong() -> None:
        raise SessionClosed("No.")

    assert run(where).result(PATIENCE) == "dpyauth"
    assert isinstance(run(wrong).exception(PATIENCE), SessionClosed)


def test_cancelled_steps_clear_up_on_the_same_loop(nothing_left: None) -> None:
    begun, over = threading.Event(), threading.Event()

    async def steps() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # the loop still runs
            over.set()

    future = run(steps)
    assert begun.wait(PATIENCE)
    assert future.cancel()
    assert over.wait(PATIENCE)
    with pytest.raises(CancelledError):
        future.result(PATIENCE)


def test_cancelled_before_they_begin(nothing_left: None) -> None:
    hold, begun = threading.Event(), []

    async def busy() -> None:
        hold.wait(PATIENCE)

    async def steps() -> None:
        begun.append(True)

    first, second = run(busy), run(steps)
    assert second.cancel()
    hold.set()
    first.result(PATIENCE)
    assert begun == []


def test_steps_that_cancel_themselves(nothing_left: None) -> None:
    async def steps() -> None:
        raise asyncio.CancelledError

    with pytest.raises(CancelledError):
        run(steps).result(PATIENCE)


# Signing in


def test_at_once(session: Session) -> None:
    account = run(lambda: sign_in(session, holding(V3), session.core.target)).result(PATIENCE)
    assert account.loginid == session.loginid == "CR900001"
    assert session.core.remark == ""


@pytest.mark.parametrize("to", ["v3", "options"])
def test_a_token_that_is_refused_is_tried_nowhere_else(
    session: Session, box: Sandbox, options: Settings, to: str
) -> None:
    with pytest.raises(SignInRefused) as refused:
        run(lambda: sign_in(session, holding("C4nary"), options if to == "options" else session.core.target)).result(
            PATIENCE
        )
    assert not hasattr(refused.value, "__notes__")
    assert session.state == "signed out"
    asked = {each.call for each in box.received if each.call}
    assert asked == ({"authorize"} if to == "v3" else {"get_accounts"})


def test_a_demo_account_is_made_when_asked(session: Session, box: Sandbox, options: Settings) -> None:
    token = box.options_token("new, no account").token
    with pytest.raises(SignInRefused) as refused:
        run(lambda: sign_in(session, holding(token), options)).result(PATIENCE)
    assert refused.value.code == "NoAccount"
    account = run(lambda: sign_in(session, holding(token), options, create_demo=True)).result(PATIENCE)
    assert account.kind == "demo"


def test_a_closed_session(session: Session) -> None:
    session.close()
    with pytest.raises(SessionClosed):
        run(lambda: sign_in(session, holding(V3), session.core.target)).result(PATIENCE)


def test_called_off(session: Session, box: Sandbox, eventually: Any) -> None:
    box.faults.stall("authorize")
    future = run(lambda: sign_in(session, holding(V3), session.core.target))
    assert box.wait_until(lambda box: any(each.call == "authorize" for each in box.received))
    future.cancel()
    eventually(lambda: box.connections_open == 0)
    box.faults.clear()
    assert session.state == "signed out"
