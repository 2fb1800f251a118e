"""Test that the advice for an error code fits the call that failed, and never misleads."""

from __future__ import annotations

from typing import Any

import pytest

from dpyauth.apis import options, v3
from dpyauth.apis.error_meanings import PASSING
from dpyauth.errors import ApiError, DpyauthError, PermissionDenied, SignInRefused
from dpyauth.registry import APIS
from dpyauth.session import Session

PUBLISHED = [
    *(
        "InvalidToken",
        "AuthorizationRequired",
        "PermissionDenied",
        "AccountDisabled",
        "DisabledClient",
        "SelfExclusion",
    ),
    *("InvalidAppID", "RateLimit", "InputValidationFailed", "OutputValidationFailed", "UnrecognisedRequest"),
    *(
        "WrongResponse",
        "InternalServerError",
        "Timeout",
        "ResponseTooLarge",
        "AlreadySubscribed",
        "CallError",
        "AppGet",
    ),
    *("InvalidSymbol", "MarketIsClosed", "InsufficientBalance", "CashierLocked", "ContractNotFound", "ValidationError"),
    *("NotFound", "Unauthorized", "InternalError"),
]
"""Codes that Deriv sends over the WebSockets of both APIs."""


def told(api: Any, call: str, code: str, held: bool | None = None, **asked: Any) -> ApiError:
    reply = {"error": {"code": code, "message": "No."}, "msg_type": call, "echo_req": {call: 1, **asked}}
    error = api.error(reply, call, held=held)
    assert error is not None
    return error  # type: ignore[no-any-return]


CODE = "the code from the e-mail"
THEIRS = "a token in the request"
SIGN_IN = "sign in again"
PAIRS: list[tuple[Any, str, str, dict[str, Any], str]] = [
    *[
        (v3, call, "InvalidToken", {"verification_code": "x"}, CODE)
        for call, known in v3.CATALOG.items()
        if "verification_code" in known.fields
    ],
    (v3, "cashier", "InvalidToken", {}, SIGN_IN),
    *[(v3, call, "InvalidToken", {}, SIGN_IN) for call in ("portfolio", "proposal_open_contract", "balance")],
    (v3, "api_token", "InvalidToken", {"delete_token": "x"}, THEIRS),
    (v3, "api_token", "InvalidToken", {}, SIGN_IN),
    (v3, "copy_start", "InvalidToken", {}, THEIRS),
    (v3, "copy_stop", "InvalidToken", {}, THEIRS),
    (v3, "buy_contract_for_multiple_accounts", "InvalidToken", {"tokens": ["x"]}, THEIRS),
    (v3, "sell_contract_for_multiple_accounts", "InvalidToken", {"tokens": ["x"]}, THEIRS),
    (options, "balance", "InvalidToken", {}, SIGN_IN),
    *[
        (v3, call, "InvalidAppID", {}, "no app with this ID")
        for call in ("app_get", "app_update", "app_delete", "revoke_oauth_app", "app_markup_details")
    ],
    (v3, "balance", "InvalidAppID", {}, "the app ID of this session"),
    (v3, "balance", "PermissionDenied", {"account": "CR1"}, "does not belong to this sign-in"),
    (v3, "statement", "PermissionDenied", {"loginid": "CR1"}, "does not belong to this sign-in"),
    (v3, "balance", "PermissionDenied", {"account": "all"}, "'read' or 'trading_information'"),
    (v3, "ping", "PermissionDenied", {}, "does not allow this account"),
    (options, "buy", "PermissionDenied", {}, "'trade'"),
]


@pytest.mark.parametrize(("api", "call", "code", "asked", "said"), PAIRS)
def test_what_a_code_means_in_a_call(api: Any, call: str, code: str, asked: dict[str, Any], said: str) -> None:
    text = str(told(api, call, code, **asked))
    assert said in text.replace("Sign in", "sign in")
    for other in {CODE, THEIRS, "no app with this ID"} - {said}:
        assert other not in text
    if said in {CODE, THEIRS}:
        assert SIGN_IN not in text


@pytest.mark.parametrize("api", [v3, options])
def test_no_error_names_a_scope_that_the_call_does_not_take(api: Any) -> None:
    calls = [(call, known) for call, known in api.CATALOG.items() if known.rest is None]
    for number, (call, known) in enumerate(calls):
        for code in {"PermissionDenied", *PUBLISHED[number % 5 :: 5]}:  # each code in a fifth of the calls
            error = told(api, call, code)
            named = [scope for scope in APIS[api.CATALOG.api].scopes if f"'{scope}'" in str(error)]
            assert set(named) == (set(known.scopes) if code == "PermissionDenied" else set()), (call, code)
            assert isinstance(error, PermissionDenied) == (code == "PermissionDenied")
            assert ("This may be temporary" in str(error)) == (code in PASSING - {"RateLimit"})
            assert ".." not in str(error)


def test_a_scope_that_the_token_has_is_not_the_cause() -> None:
    text = str(told(v3, "cashier", "PermissionDenied", held=True))
    assert "has the scope for it" in text
    assert "Sign in with a token" not in text


@pytest.mark.parametrize(("call", "kind"), [("app_get", ApiError), ("balance", SignInRefused)])
def test_an_app_of_another_user_does_not_mean_a_refused_sign_in(call: str, kind: type[DpyauthError]) -> None:
    assert type(told(v3, call, "InvalidAppID")) is kind


def test_a_session_says_that_its_token_has_the_scope(session: Session, box: Any) -> None:
    box.faults.error("PermissionDenied", "get_limits")
    with pytest.raises(PermissionDenied, match="has the scope for it"):
        session.call("get_limits")
