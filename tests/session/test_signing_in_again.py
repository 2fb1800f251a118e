"""Test sessions whose sign-in gets odd answers after a break, on both APIs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from dpyauth.credentials import Credential
from dpyauth.errors import ApiError, BadReply, DpyauthError, NotSignedIn, SignInRefused
from dpyauth.net import rate_limits
from dpyauth.sandbox import Sandbox
from dpyauth.secret import Secret
from dpyauth.session import Session

Edit = Callable[[dict[str, Any]], object]
Eventually = Callable[..., None]

RICH = {
    "CR900001": "a1-sandbox-rich-usd",
    "VRTC900003": "a1-sandbox-rich-demo",
}
REAL, DEMO = "ROT900001", "DOT900003"


def error(value: Any) -> Edit:
    return lambda reply: reply.update(error=value)


def without_payload(**more: Any) -> Edit:
    return lambda reply: (reply.pop("authorize"), reply.update(more))


def payload(value: Any) -> Edit:
    return lambda reply: reply.update(authorize=value)


ODD: dict[str, Edit] = {
    "an unknown code": error({"code": "NobodyKnowsThis", "message": "?"}),
    "a missing scope": error({"code": "PermissionDenied", "message": "?"}),
    "a token of no known form": error({"code": "InputValidationFailed", "details": {"authorize": "?"}}),
    "a code of no form": error({"code": 5}),
    "a code that is null": error({"code": None}),
    "the code of a refusal elsewhere": error({"message": "InvalidToken"}),
    "a text": error("InvalidToken"),
    "a list": error([{"code": "InvalidToken"}]),
    "a list of an app ID's": error([{"code": "InvalidAppID"}]),
    "an empty object": error({}),
    "false": error(False),
    "no payload": without_payload(),
    "no payload and no error": without_payload(error=None),
    "another payload": without_payload(balance={"balance": 1}),
    "another kind": without_payload(msg_type="balance"),
    "an empty payload": payload({}),
    "a payload that is a list": payload([]),
    "a login ID that is none": payload({"loginid": 5}),
}


def breaks(box: Sandbox, session: Session, eventually: Eventually) -> None:
    """Break the connection; return once it is reopened and known to be, or the session has ended."""
    before = session.health()["reconnects"]
    box.faults.drop()
    eventually(
        lambda: (
            (session.health()["reconnects"] > before and session.state == "signed in") or session.state == "signed out"
        )
    )


def test_answers_that_do_not_refuse_the_token_are_temporary(
    box: Sandbox, session: Session, at_once: None, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dpyauth.net.protocol.HANDSHAKE_TIMEOUT", 0.2)
    loginid, told = session.loginid, []
    for what, change in ODD.items():
        box.faults.edit(change, "authorize")
        breaks(box, session, eventually)
        told.append((what, session.state, session.loginid))
    for what, fault in {"no reply": box.faults.swallow, "no JSON": box.faults.garbage}.items():
        fault("authorize")
        breaks(box, session, eventually)
        told.append((what, session.state, session.loginid))
    assert told == [(what, "signed in", loginid) for what, _, _ in told]
    assert session.balance()["loginid"].tolist() == [loginid]


def test_odd_answers_in_a_row_are_temporary_too(
    box: Sandbox, session: Session, at_once: None, eventually: Eventually
) -> None:
    box.faults.error("NobodyKnowsThis", "authorize", times=4)
    breaks(box, session, eventually)
    assert session.state == "signed in"


@pytest.mark.parametrize("code", ["InvalidToken", "AuthorizationRequired", "AccountDisabled", "DisabledClient"])
def test_answers_that_refuse_the_token_sign_out(
    box: Sandbox, session: Session, at_once: None, eventually: Eventually, code: str
) -> None:
    box.faults.error(code, "authorize")
    breaks(box, session, eventually)
    eventually(lambda: session.state == "signed out")
    with pytest.raises(NotSignedIn, match=code):
        session.balance()


@pytest.mark.parametrize(
    "what", ["an unknown code", "a text", "no payload", "an empty payload", "a login ID that is none"]
)
def test_a_first_sign_in_ends_with_the_error_received(box: Sandbox, open_session: Any, what: str) -> None:
    box.faults.edit(ODD[what], "authorize")
    with pytest.raises(DpyauthError, match=r"authorize|the sign-in") as raised:
        open_session()
    assert type(raised.value) in {ApiError, BadReply}


def test_another_account_for_the_same_token(
    box: Sandbox, session: Session, at_once: None, eventually: Eventually
) -> None:
    box.faults.edit(lambda reply: reply["authorize"].update(loginid="CR77"), "authorize")
    received = len(box.received)
    breaks(box, session, eventually)
    eventually(lambda: session.state == "signed out")
    with pytest.raises(NotSignedIn, match="opened the account CR77 instead of CR900001"):
        session.balance()
    assert {one.call for one in list(box.received)[received:]} == {"authorize"}


def test_a_switch_that_opens_another_account_changes_nothing(
    box: Sandbox, open_session: Any, open_options: Any
) -> None:
    grants = {loginid: Credential(Secret(token), "a test") for loginid, token in RICH.items()}
    v3, first = open_session(None), next(iter(grants))
    v3.core.start_sign_in(grants[first], grants=grants).result(10)
    current = open_options()
    box.faults.edit(lambda reply: reply["authorize"].update(loginid="CR77"), "authorize")
    box.faults.edit(lambda reply: reply["balance"].update(loginid=DEMO), "balance")
    for session, other in ((v3, list(grants)[1]), (current, REAL)):
        before = session.loginid
        with pytest.raises(SignInRefused, match=f"instead of {other}"):
            session.use(other)
        assert (session.state, session.loginid) == ("signed in", before)


# The options API


def failed(status: int, code: str | None = None) -> dict[str, Any]:
    """Return an answer with an error of the API itself, or without a text of its own."""
    entry = {"status": status, **({"code": code} if code else {})}
    return {"status": status, "body": json.dumps({"errors": [entry]})}


OTP: dict[str, list[dict[str, Any]]] = {
    "a page": [{"status": status} for status in (200, 302, 400, 401, 403, 404, 429, 500, 502, 520)],
    "no word of the API": [failed(status) for status in (400, 401, 403, 404, 409, 422, 429, 500, 503)],
    "JSON of another": [{"status": status, "body": '{"error": "no"}'} for status in (200, 400, 401, 403, 404, 500)],
    "a code": [
        failed(401, "InvalidToken"),
        failed(401, "Unauthorized"),
        failed(403, "AccessDenied"),
        failed(404, "AccountNotFound"),
        failed(400, "ValidationError"),
        failed(409, "NobodyKnowsThis"),
        failed(429, "RateLimit"),
    ],
    "no address": [{"status": 200, "body": body} for body in ("{}", "[]", "null", '{"data": {"url": 5}}', "", "5")],
    "an address elsewhere": [{"status": 200, "body": '{"data": {"url": "wss://example.com/ws/demo?otp=1"}}'}],
}


@pytest.mark.parametrize("kind", OTP)
def test_no_answer_for_one_connection_refuses_the_token(
    box: Sandbox,
    open_options: Any,
    at_once: None,
    eventually: Eventually,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rate_limits, "PENALTIES", (0.01,))
    session, told = open_options(), []
    for answer in OTP[kind]:
        box.faults.http(answer["status"], "otp", **({"body": answer["body"]} if "body" in answer else {}))
        breaks(box, session, eventually)
        told.append((answer, session.state, session.loginid))
    assert told == [(answer, "signed in", DEMO) for answer, _, _ in told]
    assert session.balance()["loginid"].tolist() == [DEMO]


def test_several_answers_for_one_connection_do_not_refuse_the_token(
    box: Sandbox, open_options: Any, at_once: None, eventually: Eventually
) -> None:
    session = open_options()
    box.faults.http(times=4, call="otp", **failed(401, "InvalidToken"))
    box.faults.refuse(401, times=7)
    box.faults.error("PermissionDenied", "balance", times=2)
    breaks(box, session, eventually)
    assert session.state == "signed in"


def test_an_answer_to_the_list_of_accounts_refuses_the_token(
    box: Sandbox, open_options: Any, at_once: None, eventually: Eventually
) -> None:
    session = open_options()
    box.faults.http(times=4, call="otp", **failed(401, "InvalidToken"))
    box.faults.http(times=4, call="get_accounts", **failed(401, "InvalidToken"))
    box.faults.drop()
    eventually(lambda: session.state == "signed out")
    with pytest.raises(NotSignedIn, match="InvalidToken"):
        session.balance()


@pytest.mark.parametrize("body", ['{"errors": [{"status": 401}]}', '{"error": "no"}', "<p>Sign in to this network"])
def test_an_answer_of_a_gateway_does_not_refuse_the_token(
    box: Sandbox, open_options: Any, at_once: None, eventually: Eventually, body: str
) -> None:
    session = open_options()
    for call in ("otp", "get_accounts"):
        box.faults.http(401, call, times=2, body=body)
    breaks(box, session, eventually)
    assert session.state == "signed in"


@pytest.mark.parametrize("rows", [[], [{"account_id": DEMO, "status": "inactive"}]])
def test_an_account_that_is_gone_ends_the_sign_in(
    box: Sandbox, open_options: Any, at_once: None, eventually: Eventually, rows: list[Any]
) -> None:
    session = open_options()
    box.faults.http(times=4, call="otp", **failed(404, "AccountNotFound"))
    box.faults.edit(lambda reply: reply.update(data=rows), "get_accounts")
    box.faults.drop()
    eventually(lambda: session.state == "signed out")
    with pytest.raises(NotSignedIn, match="AccountNotFound"):
        session.balance()


def test_another_account_on_options(box: Sandbox, open_options: Any, at_once: None, eventually: Eventually) -> None:
    session = open_options()
    box.faults.edit(lambda reply: reply["balance"].update(loginid=REAL), "balance")
    box.faults.drop()
    eventually(lambda: session.state == "signed out")
    with pytest.raises(NotSignedIn, match=f"opened the account {REAL} instead of {DEMO}"):
        session.balance()


def test_an_address_of_the_other_kind_is_not_used(
    box: Sandbox, open_options: Any, at_once: None, eventually: Eventually
) -> None:
    session = open_options()
    box.faults.edit(lambda reply: reply["data"].update(url=reply["data"]["url"].replace("demo", "real")), "otp")
    breaks(box, session, eventually)
    assert (session.state, session.loginid) == ("signed in", DEMO)
    reasons = session.events()["why"].tolist()
    assert any(f"the address of a real account for {DEMO}" in str(why) for why in reasons)
