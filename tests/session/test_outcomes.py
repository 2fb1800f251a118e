"""Test changes with inconclusive answers: the change may have happened, so the cell must not simply be run again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from dpyauth.errors import ApiError, OutcomeUnknown, RateLimited, SignInRefused
from dpyauth.net.messages import leaves_open
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

OPEN = [
    "Timeout",
    "WrongResponse",
    "CallError",
    "InternalError",
    "InternalServerError",
    "RequestTimeout",
    "GATEWAY_TIMEOUT",
    "BadGateway",
    "ServiceUnavailable",
    "UpstreamTimedOut",
    "UnknownError",
    "",
]
CLOSED = [
    "InputValidationFailed",
    "InsufficientBalance",
    "PermissionDenied",
    "MarketIsClosed",
    "RateLimit",
    "OutOfTime",
]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeat reads almost at once."""
    monkeypatch.setattr("dpyauth.net.retries.pause", lambda tries, rng: 0.02)


REGISTER = {"name": "Mine", "scopes": ["read"]}


@pytest.mark.parametrize("code", OPEN)
def test_an_inconclusive_error(session: Session, box: Sandbox, code: str) -> None:
    box.faults.error(code, "app_register")
    with pytest.raises(OutcomeUnknown, match=r"may or may not have happened.*session\.apps\(\)") as told:
        session.call("app_register", **REGISTER)
    assert "run the cell again" not in str(told.value).lower()
    assert f"Deriv answered 'app_register' with {code}" in str(told.value)
    assert "Deriv answered" not in told.value.in_language("es")
    assert sum(received.call == "app_register" for received in box.received) == 1


@pytest.mark.parametrize("more", [{}, {"error": None}, {"app_register": None}])
def test_an_empty_answer(session: Session, box: Sandbox, more: dict[str, Any]) -> None:
    box.faults.edit(lambda reply: (reply.pop("app_register"), reply.update(more)), "app_register")
    with pytest.raises(OutcomeUnknown, match=r"the reply is empty.*session\.apps\(\)"):
        session.call("app_register", **REGISTER)
    assert sum(received.call == "app_register" for received in box.received) == 1


@pytest.mark.parametrize("code", OPEN)
def test_a_read_is_repeated(session: Session, box: Sandbox, code: str, quick: None) -> None:
    box.faults.error(code, "app_list", times=2)
    assert session.call("app_list")["app_list"]
    assert sum(received.call == "app_list" for received in box.received) == 3


@pytest.mark.parametrize("code", OPEN[:5])
def test_the_last_error_of_a_read_is_raised(session: Session, box: Sandbox, code: str, quick: None) -> None:
    box.faults.error("CallError", "app_list", times=1)
    box.faults.error(code, "app_list", times=1000)
    for attempt in (
        lambda: session.call("app_list", timeout=0.3),
        lambda: asyncio.run(session.aio.call("app_list", timeout=0.3)),
    ):
        with pytest.raises(ApiError, match=f"answered 'app_list' with {code}.*run the cell again"):
            attempt()


@pytest.mark.parametrize("code", CLOSED)
def test_a_conclusive_error(session: Session, box: Sandbox, code: str) -> None:
    assert not leaves_open(code)
    box.faults.error(code, "app_register")
    with pytest.raises(ApiError) as told:
        session.call("app_register", **REGISTER)
    assert told.value.code == code


def test_frames_of_a_change_say_so_too(session: Session, box: Sandbox) -> None:
    box.faults.error("WrongResponse", "app_register", times=2)
    with pytest.raises(OutcomeUnknown, match="app_register"):
        session.frame("app_register", **REGISTER)
    with pytest.raises(OutcomeUnknown, match="app_register"):
        asyncio.run(session.aio.frame("app_register", **REGISTER))


@pytest.mark.parametrize(
    ("call", "where"),
    [
        ("buy", "portfolio"),
        ("sell", "portfolio"),
        ("transfer_between_accounts", "statement"),
        ("paymentagent_withdraw", "statement"),
        ("topup_virtual", "balance"),
        ("new_account_real", "accounts"),
        ("set_settings", "settings"),
        ("set_self_exclusion", "get_self_exclusion"),
        ("mt5_deposit", "mt5_accounts"),
        ("api_token", "api_tokens"),
        ("p2p_order_create", "your account at Deriv"),
    ],
)
def test_the_error_says_what_to_check(session: Session, box: Sandbox, call: str, where: str) -> None:
    assert where in session.core.catalog[call].look({})


@pytest.mark.parametrize("body", ["json", "page"])
def test_over_http_nothing_is_sent_again_after_a_refused_token(
    open_options: Callable[..., Session], box: Sandbox, body: str
) -> None:
    """A personal access token cannot be renewed: a change refused by Deriv did not happen; after others it may have."""
    session = open_options("rich")
    account = next(loginid for loginid in session.core.grants if loginid.startswith("DOT"))
    kind: type[Exception] = SignInRefused
    if body == "json":
        box.faults.http(401, "reset_demo_balance", body='{"errors": [{"status": 401, "code": "Unauthorized"}]}')
    else:
        box.faults.http(401, "reset_demo_balance")
        kind = OutcomeUnknown
    with pytest.raises(kind):
        session.call("reset_demo_balance", account_id=account)
    assert sum(received.call == "reset_demo_balance" for received in box.received) == 1
    assert session.state == "signed in"


def test_a_rate_limit_is_conclusive(session: Session, box: Sandbox) -> None:
    box.faults.error("RateLimit", "app_register")
    with pytest.raises(RateLimited):
        session.call("app_register", **REGISTER)
