"""Send a recognisable token through everything, and check that it turns up nowhere."""

from __future__ import annotations

import copy
import gc
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from canaries import clean, held, shown, told

import dpyauth
from dpyauth.catalog.request import seal
from dpyauth.errors import ApiError, DpyauthError, InvalidCredential, SignInRefused
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.users import Token
from dpyauth.session import Session
from dpyauth.session.steps import Request

RIGHT = "C4nary-r1ght-t0ken"
WRONG = "C4nary-wr0ng-t0ken"
Check = Callable[..., None]


@pytest.fixture
def place(box: Sandbox) -> dict[str, Any]:
    """Run a sandbox that knows the right token."""
    box.world.issued[RIGHT] = Token(RIGHT, "CR900001", ("read", "trade", "admin"), "canary")
    return {"server": box.url, "app_id": box.app_id, "ask": False, "timeout": 5}


def sign_in(by: str, token: str, place: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Session:
    if by == "argument":
        return dpyauth.login(token, **place)
    monkeypatch.setenv("DERIV_TOKEN", token)
    return dpyauth.login(**place)


@pytest.mark.parametrize("by", ["argument", "environment"])
def test_a_right_token(
    by: str, place: Any, box: Sandbox, monkeypatch: pytest.MonkeyPatch, logged: Any, capfd: Any, at_once: None
) -> None:
    session = sign_in(by, RIGHT, place, monkeypatch)
    connection = session.core.connection
    assert connection is not None
    frames = [session.account_status(), session.balance(), session.accounts(), session.status_flags()]
    box.faults.drop("balance")
    frames.append(session.balance())  # after signing in again
    with pytest.raises(DpyauthError) as refused:
        session.call("statement", limit=5000)
    clean(told(refused.value))
    box.faults.error("Odd", "time", message=f"You said {RIGHT}", details={"you": [RIGHT], RIGHT: 1})
    with pytest.raises(DpyauthError, match="You said <secret>") as refused:
        session.call("time")  # not the call that the token belongs to
    clean(told(refused.value))
    for thing in (session, connection, connection.protocol, session.core.credential, session.aio):
        clean(shown(thing))
    assert held(session) == []
    for frame in frames:
        clean(frame.to_string())
        clean(str(frame.attrs))
    for thing in (session, session.core.credential, connection):
        with pytest.raises(TypeError):
            pickle.dumps(thing)
    clean(shown(copy.copy(session.core.credential)))
    session.close()
    clean(shown(session))
    clean("".join(capfd.readouterr()))
    assert box.faults.take("*") is None  # every fault was used


@pytest.mark.parametrize("by", ["argument", "environment"])
@pytest.mark.parametrize("token", [WRONG, f"{WRONG}.x", f"{WRONG} {WRONG}", WRONG * 10, f'"{WRONG}"'])
def test_a_wrong_token(
    by: str, token: str, place: Any, monkeypatch: pytest.MonkeyPatch, logged: Any, capfd: Any
) -> None:
    with pytest.raises((SignInRefused, InvalidCredential)) as refused:
        sign_in(by, token, place, monkeypatch)
    clean(told(refused.value))
    clean("".join(capfd.readouterr()))


@pytest.mark.parametrize("trouble", ["swallow", "reset", "garbage", "drop"])
def test_a_sign_in_that_goes_wrong(
    trouble: str, place: Any, box: Sandbox, logged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    getattr(box.faults, trouble)("authorize")
    with pytest.raises(DpyauthError) as failed:
        dpyauth.login(RIGHT, **(place | {"timeout": 0.2}))
    clean(told(failed.value))


def test_a_server_that_repeats_it(place: Any, box: Sandbox, logged: Any) -> None:
    box.faults.error("Odd", "authorize", message=f"I do not know {WRONG}")
    with pytest.raises(ApiError, match="I do not know <secret>") as refused:
        dpyauth.login(WRONG, **place)
    clean(told(refused.value))


SECRET_CALLS = [
    ("mt5_password_check", {"login": "MTR1", "password": RIGHT, "password_type": "main"}),
    ("mt5_password_check", {"login": "MTR1", "password": RIGHT, "nonsense": 1}),
    ("mt5_password_change", {"login": "MTR1", "old_password": RIGHT, "new_password": WRONG, "password_type": "main"}),
    ("copy_start", {"copy_start": RIGHT}),
    ("buy_contract_for_multiple_accounts", {"buy_contract_for_multiple_accounts": "x", "price": 1, "tokens": [RIGHT]}),
    ("mt5_pasword_check", {"password": RIGHT}),
    ("mt5_password_check", {"login": "MTR1", "pasword": RIGHT, "password_type": "main"}),
    ("cashier", {"cashier": "withdraw", "verification_code": RIGHT}),
    ("cashier", {"cashier": "withdraw", "totp": RIGHT}),
    ("cashier", {"cashier": {"totp": RIGHT}}),
    ("api_token", {"delete_token": RIGHT}),
    ("statement", {"limit": 5, "totp": RIGHT}),
    ("ping", {"passthrough": {"deep": [{"accessToken": RIGHT}]}}),
    ("authorize", {"authorize": RIGHT}),
]


@pytest.mark.parametrize(("call", "fields"), SECRET_CALLS)
@pytest.mark.parametrize("interrupt", [False, True])
def test_secrets_in_other_calls(
    call: str, fields: Any, interrupt: bool, session: Session, box: Sandbox, logged: Any, request: Any
) -> None:
    box.faults.error("Odd", call, message="I do not like it")
    if interrupt:
        request.getfixturevalue("interrupted")
    with pytest.raises((DpyauthError, KeyboardInterrupt)) as failed:
        session.call(call, **fields)
    clean(told(failed.value))


def test_a_call_that_waits_does_not_show_it(session: Session, box: Sandbox) -> None:
    box.faults.swallow("copy_start")
    ticket = session.core.begin(Request("copy_start", seal(None, {"copy_start": RIGHT})), lambda pending: None)
    ticket.submit()
    clean(repr(ticket))
    clean(repr(ticket.pending))
    ticket.leave(KeyboardInterrupt())


def test_a_leak_would_be_found() -> None:
    """The search would be useless if it never found anything."""

    class Leaky:
        def __init__(self) -> None:
            self.token = RIGHT

    with pytest.raises(AssertionError):
        clean(shown(Leaky()))
    with pytest.raises(ValueError) as failed:  # noqa: PT011
        exec(compile("def leak(token): raise ValueError\nleak(RIGHT)", "elsewhere.py", "exec"), {"RIGHT": RIGHT})
    with pytest.raises(AssertionError):
        clean(told(failed.value))


def test_nothing_keeps_the_text_of_the_sign_in(place: Any) -> None:
    session = dpyauth.login(RIGHT, **place)
    session.call("ping")
    gc.collect()
    kept = [
        thing
        for thing in gc.get_objects()
        if isinstance(thing, dict | list | tuple)
        and any(
            isinstance(item, str) and RIGHT in item and item != RIGHT
            for item in (
                list(thing.values()) if isinstance(thing, dict) else list(thing)
            )  # copied, because other threads go on
        )
    ]
    assert [thing for thing in kept if "authorize" in str(thing)[:2000] and "req_id" in str(thing)[:2000]] == []
