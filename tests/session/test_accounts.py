"""Test the accounts of one sign-in: switching, and asking accounts that are not in use."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from dpyauth.credentials import Credential, Secret, api_token
from dpyauth.errors import (
    CallTimeout,
    ConnectionFailed,
    DpyauthError,
    InvalidRequest,
    NotSignedIn,
    SessionClosed,
    SignInRefused,
)
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.settings import settings

RICH = ["CR900001", "CR900002", "VRTC900003"]
TOKENS = ["a1-sandbox-rich-usd", "a1-sandbox-rich-btc", "a1-sandbox-rich-demo"]


@pytest.fixture
def session(open_session: Callable[..., Session]) -> Session:
    """Sign in with Deriv as the rich user with three accounts."""
    made = open_session(None)
    grants = {loginid: Credential(Secret(token), "a test") for loginid, token in zip(RICH, TOKENS, strict=True)}
    made.core.sign_in_and_wait(grants["CR900001"], grants=grants)
    return made


def whose(session: Session) -> Any:
    return session.call("balance")["balance"]["loginid"]


# Switching


def test_use(session: Session, box: Sandbox) -> None:
    session.use("VRTC900003")
    assert session.loginid == "VRTC900003"
    assert repr(session) == "<dpyauth session: signed in, VRTC900003 (USD, demo)>"
    assert whose(session) == "VRTC900003"
    assert session.account_status()["loginid"].tolist() == ["VRTC900003"]
    session.use("cr900002")
    assert whose(session) == "CR900002"
    assert box.wait_until(lambda box: box.connections_open == 1)


def test_use_the_one_in_use(session: Session, box: Sandbox) -> None:
    session.use("CR900001")
    assert box.connections_opened == 1


def test_use_awaited(session: Session) -> None:
    asyncio.run(session.aio.use("VRTC900003"))
    assert session.loginid == "VRTC900003"


@pytest.mark.parametrize("loginid", ["CR1", "", "all", "current"])
def test_use_an_unknown_account(session: Session, loginid: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"only to: CR900001, CR900002, VRTC900003\.") as refused:
        session.use(loginid)
    assert refused.value.call == "authorize"
    assert whose(session) == "CR900001"


def test_an_api_token_belongs_to_one_account(open_session: Callable[..., Session]) -> None:
    session = open_session()
    with pytest.raises(InvalidRequest, match="An API token belongs to one account"):
        session.use("CR900002")
    session.use("CR900001")


def test_use_without_a_sign_in(open_session: Callable[..., Session]) -> None:
    with pytest.raises(NotSignedIn):
        open_session(None).use("CR900001")


def test_use_that_fails_changes_nothing(session: Session, box: Sandbox) -> None:
    box.faults.revoke(TOKENS[1])
    with pytest.raises(SignInRefused, match="InvalidToken"):
        session.use("CR900002")
    assert whose(session) == "CR900001"
    assert session.use("VRTC900003") is None
    assert whose(session) == "VRTC900003"


def test_streams_and_calls_of_the_account_before_end(session: Session, box: Sandbox) -> None:
    box.faults.swallow("get_limits")
    failed: list[DpyauthError] = []

    def ask() -> None:
        try:
            session.call("get_limits")
        except DpyauthError as error:
            failed.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert box.wait_until(lambda box: any(each.call == "get_limits" for each in box.received))
    session.use("VRTC900003")
    thread.join(10)
    assert [type(error) for error in failed] == [SessionClosed]


# A token of one app


def test_a_token_of_another_app_is_explained(open_session: Callable[..., Session], box: Sandbox) -> None:
    """Deriv's answer does not say so, but the error must."""
    session = open_session(None)
    session.core.target = settings("1089", box.url, api="v3")
    with pytest.raises(SignInRefused, match="belongs to another app ID") as refused:
        session.core.sign_in_and_wait(Credential(Secret(TOKENS[0]), "a test"))
    assert refused.value.code == "InvalidToken"


# Asking the others


def test_status_of_all(session: Session, box: Sandbox) -> None:
    frame = session.account_status("all")
    assert frame["loginid"].tolist() == RICH
    assert frame["error"].isna().all()
    assert frame.attrs["loginid"] == ", ".join(RICH)
    one = session.account_status()
    assert list(frame.columns) == [*one.columns, "error"]
    assert frame.drop(columns="error").dtypes.astype(str).tolist() == one.dtypes.astype(str).tolist()
    assert box.connections_opened == 3
    session.account_status("all")  # over the same connections
    assert box.connections_opened == 3
    assert session.loginid == "CR900001"


def test_status_of_all_awaited(session: Session) -> None:
    async def both() -> Any:
        return await asyncio.gather(session.aio.account_status("all"), session.aio.account_status("CR900002"))

    everything, one = asyncio.run(both())
    assert everything["loginid"].tolist() == RICH
    assert one["loginid"].tolist() == ["CR900002"]


def test_balance_of_all(session: Session, box: Sandbox) -> None:
    """Deriv may answer for all accounts at once; otherwise they are asked one by one."""
    at_once = session.balance("all")
    at_once = at_once[at_once["loginid"].isin(RICH)]  # includes MT5 accounts
    assert box.connections_opened == 1
    box.faults.error("PermissionDenied", "balance")
    one_by_one = session.balance("all")
    assert box.connections_opened == 3
    assert at_once["loginid"].tolist() == one_by_one["loginid"].tolist() == RICH
    assert at_once["balance"].tolist() == one_by_one["balance"].tolist()
    assert one_by_one["error"].isna().all()


def test_balance_of_all_with_an_api_token(open_session: Callable[..., Session], box: Sandbox) -> None:
    session = open_session()
    box.faults.error("PermissionDenied", "balance")
    frame = session.balance(account="all")  # of the one account that the token belongs to
    assert frame["loginid"].tolist() == ["CR900001"]
    assert frame["error"].isna().all()


def test_asking_one_other_account(session: Session) -> None:
    assert session.account_status("vrtc900003")["loginid"].item() == "VRTC900003"
    assert session.account_status("CR900001")["loginid"].item() == "CR900001"
    with pytest.raises(InvalidRequest, match="no access to an account 'CR1'") as refused:
        session.account_status("CR1")
    assert refused.value.code == "no_access_to"
    assert refused.value.in_language("es").startswith(
        "Este inicio de sesión no da acceso a una cuenta 'CR1', solo a: CR"
    )
    assert session.loginid == "CR900001"


def test_with_an_api_token_all_means_one_account(open_session: Callable[..., Session]) -> None:
    frame = open_session().account_status("all")
    assert frame["loginid"].tolist() == ["CR900001"]
    assert frame["error"].isna().all()


def test_asking_without_a_sign_in(open_session: Callable[..., Session]) -> None:
    session = open_session(None)
    for account in ("current", "all", "CR900001"):
        with pytest.raises(NotSignedIn):
            session.account_status(account)


def test_an_account_that_fails_is_a_row(session: Session, box: Sandbox) -> None:
    box.faults.revoke(TOKENS[1])
    frame = session.account_status("all")
    assert frame["loginid"].tolist() == RICH
    assert frame["error"].isna().tolist() == [True, False, True]
    assert "InvalidToken" in frame["error"][1]
    assert TOKENS[1] not in frame.to_string()
    row = frame.drop(columns=["loginid", "error"]).iloc[1]
    assert all(pd.isna(value) or value in ((), [], frozenset()) for value in row), row
    assert (
        frame.drop(columns="error").dtypes.astype(str).tolist() == session.account_status().dtypes.astype(str).tolist()
    )


def test_a_call_that_fails_is_a_row(session: Session, box: Sandbox) -> None:
    session.account_status("all")
    box.faults.error("Odd", "get_account_status", message="I will not")
    frame = session.account_status("all")
    assert frame["error"].notna().tolist() == [True, False, False]
    assert "I will not" in frame["error"][0]


def test_a_failed_account_is_tried_again(session: Session, box: Sandbox) -> None:
    grant = box.world.issued[TOKENS[2]]
    box.faults.revoke(TOKENS[2])
    assert session.account_status("all")["error"].notna().tolist() == [False, False, True]
    box.world.issued[TOKENS[2]] = grant
    assert session.account_status("all")["error"].isna().all()


def test_the_server_disappears(session: Session, box: Sandbox) -> None:
    box.faults.refuse(503, times=50)
    with pytest.raises((ConnectionFailed, CallTimeout)):
        session.account_status("VRTC900003")
    assert whose(session) == "CR900001"


def test_a_break_is_repaired(session: Session, box: Sandbox, at_once: None) -> None:
    session.account_status("all")
    box.faults.drop()
    assert session.account_status("all")["error"].isna().all()
    assert box.wait_until(lambda box: box.connections_open == 3)


# Clean-up


@pytest.mark.parametrize("how", ["close", "sign out", "logout", "another sign-in", "revoked"])
def test_extra_connections_end_with_the_sign_in(
    session: Session, box: Sandbox, at_once: None, how: str, eventually: Callable[..., None]
) -> None:
    session.account_status("all")
    assert box.connections_open == 3
    match how:
        case "close":
            session.close()
        case "sign out":
            session.core.sign_out("a test")
        case "logout":
            session.logout()
        case "another sign-in":
            session.core.sign_in_and_wait(api_token("sandbox-rich-read", "a test"))
        case "revoked":
            box.faults.revoke(TOKENS[0])
            box.faults.drop()
    left = 1 if how == "another sign-in" else 0
    # Dropped connections are gone for a moment before they are reopened.
    eventually(lambda: session.core.other_connections == {} and box.connections_open == left)
    assert list(session.core.grants) == (["CR900001"] if left else [])
    if not left:
        with pytest.raises((NotSignedIn, SessionClosed)):
            session.account_status("all")


def test_another_sign_in_with_several_accounts(session: Session, box: Sandbox) -> None:
    session.account_status("all")
    grants = {"CR900011": Credential(Secret("a1-sandbox-trouble"), "a test")}
    session.core.sign_in_and_wait(grants["CR900011"], grants=grants)
    assert box.wait_until(lambda box: box.connections_open == 1)
    assert session.core.other_connections == {}
    assert session.account_status("all")["loginid"].tolist() == ["CR900011"]


def test_switching_keeps_the_others(session: Session, box: Sandbox) -> None:
    session.account_status("all")
    session.use("CR900002")
    assert session.account_status("all")["error"].isna().all()
    assert session.account_status("all")["loginid"].tolist() == RICH
    session.close()
    assert box.wait_until(lambda box: box.connections_open == 0)
