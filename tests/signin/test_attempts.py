"""Sign-ins of several steps: one future, which API after all, and what is left behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any

import pytest

from dpyauth.credentials import Credential, Secret, checked
from dpyauth.errors import ConnectionFailed, InvalidCredential, SessionClosed, SignInRefused
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.settings import Settings, settings
from dpyauth.signin.attempts import Given, run, sign_in

PATIENCE = 10.0
V3 = "sandbox-rich-read"


@pytest.fixture
def session(open_session: Callable[..., Session]) -> Session:
    """Nobody is signed in."""
    return open_session(None)


@pytest.fixture
def options(box: Sandbox) -> Settings:
    return settings(box.options_app_id, box.rest, api="options")


def holding(token: str) -> Callable[[str], Given]:
    return lambda api: (checked(Secret(token), "a test", api), None)


# Running steps


def test_result_error_and_thread(nothing_left: None) -> None:
    async def where() -> str:
        return threading.current_thread().name

    async def wrong() -> None:
        raise SessionClosed("No.")

    assert run(where()).result(PATIENCE) == "dpyauth"
    assert isinstance(run(wrong()).exception(PATIENCE), SessionClosed)


def test_cancelled_steps_clear_up_on_the_same_loop(nothing_left: None) -> None:
    begun, over = threading.Event(), threading.Event()

    async def steps() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # the loop still runs
            over.set()

    future = run(steps())
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

    first, second = run(busy()), run(steps())
    assert second.cancel()
    hold.set()
    first.result(PATIENCE)
    assert begun == []


def test_steps_that_cancel_themselves(nothing_left: None) -> None:
    async def steps() -> None:
        raise asyncio.CancelledError

    with pytest.raises(CancelledError):
        run(steps()).result(PATIENCE)


# Signing in


def test_at_once(session: Session) -> None:
    account = run(sign_in(session, holding(V3), session._settings)).result(PATIENCE)
    assert account.loginid == session.loginid == "CR900001"
    assert session._remark == ""


def test_the_other_api_takes_it(session: Session, options: Settings) -> None:
    here = session._settings
    assert run(sign_in(session, holding(V3), options, here)).result(PATIENCE).loginid == "CR900001"
    assert session.api == "v3"
    assert session._remark.startswith("This token is of Deriv's v3 API, not of options, as it looked at first.")


def test_neither_takes_it(session: Session, options: Settings) -> None:
    with pytest.raises(SignInRefused) as refused:
        run(sign_in(session, holding("C4nary"), session._settings, options)).result(PATIENCE)
    assert (refused.value.call, refused.value.code) == ("authorize", "InvalidToken")
    assert refused.value.__notes__ == ["Deriv's options API does not take it either."]
    assert session.state == "signed out"


@pytest.mark.parametrize("trouble", ["no such token there", "unreachable"])
def test_an_other_that_cannot_be_asked_says_nothing(session: Session, options: Settings, trouble: str) -> None:
    def given(api: str) -> Given:
        if api == "options":
            raise InvalidCredential("No.") if trouble == "no such token there" else ConnectionFailed("No.")
        return Credential(Secret("C4nary"), "a test"), None

    with pytest.raises(SignInRefused) as refused:
        run(sign_in(session, given, session._settings, options)).result(PATIENCE)
    assert refused.value.call == "authorize"
    assert not hasattr(refused.value, "__notes__")


@pytest.mark.parametrize("token", ["sandbox-rich-disabled", "sandbox-rich-excluded"])
def test_where_the_token_is_right_the_other_is_not_asked(
    session: Session, box: Sandbox, options: Settings, token: str
) -> None:
    if token not in {sample.token for sample in box.tokens}:
        box.faults.error("SelfExclusion", "authorize")
    with pytest.raises(SignInRefused) as refused:
        run(sign_in(session, holding(token), session._settings, options)).result(PATIENCE)
    assert not hasattr(refused.value, "__notes__")


def test_no_account_is_no_reason_to_ask_the_other(session: Session, box: Sandbox, options: Settings) -> None:
    token = box.options_token("new, no account").token
    with pytest.raises(SignInRefused) as refused:
        run(sign_in(session, holding(token), options, session._settings)).result(PATIENCE)
    assert refused.value.code == "NoAccount"
    account = run(sign_in(session, holding(token), options, create_demo=True)).result(PATIENCE)
    assert account.kind == "demo"


def test_a_closed_session(session: Session, options: Settings) -> None:
    session.close()
    with pytest.raises(SessionClosed):
        run(sign_in(session, holding(V3), session._settings, options)).result(PATIENCE)


def test_called_off(session: Session, box: Sandbox, eventually: Any) -> None:
    box.faults.stall("authorize")
    future = run(sign_in(session, holding(V3), session._settings))
    assert box.wait_until(lambda box: any(each.call == "authorize" for each in box.received))
    future.cancel()
    eventually(lambda: box.connections_open == 0)
    box.faults.clear()
    assert session.state == "signed out"
