"""Test signing in on the v3 API: reading the account, and judging errors and first replies."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.apis import v3
from dpyauth.apis.error_meanings import PASSING
from dpyauth.credentials import Secret, api_token
from dpyauth.errors import (
    ApiError,
    BadReply,
    DpyauthError,
    InputRefused,
    PermissionDenied,
    RateLimited,
    SignInRefused,
)
from dpyauth.registry import APIS

TOKEN = "C4nary-t0ken"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
GREETING = v3.greeting(api_token(TOKEN, "a test"))


def failed(code: Any, message: Any = "No.", **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **more}, "msg_type": "x"}


def verdict(reply: dict[str, Any]) -> tuple[DpyauthError, bool]:
    given = GREETING.check(reply)
    assert given is not None
    return given


# The account


def test_an_account() -> None:
    rows = [{"loginid": "CR1"}, {"loginid": "VRTC2"}]
    account = v3.account(
        {
            "authorize": {
                "loginid": "CR1",
                "currency": "USD",
                "is_virtual": 0,
                "scopes": ["read", "trade"],
                "account_list": rows,
                "email": "someone@example.com",
                "fullname": "Some One",
            }
        }
    )
    assert account == v3.Account("CR1", "USD", False, ("read", "trade"), tuple(rows))
    assert account.kind == "real"
    assert "CR1" in repr(account)
    assert "example.com" not in repr(account)
    assert "VRTC2" not in repr(account)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        None,
        [],
        "text",
        {"loginid": None, "currency": None, "is_virtual": None, "scopes": None, "account_list": None},
        {"scopes": "read", "account_list": "x"},
        {"account_list": {}},
    ],
)
def test_every_field_may_be_missing(payload: Any) -> None:
    assert v3.account({"authorize": payload}) == v3.Account("", "", False, None, ())
    assert v3.account({}) == v3.Account("", "", False, None, ())


def test_no_scopes_differ_from_unknown_scopes() -> None:
    assert v3.account({"authorize": {"scopes": []}}).scopes == ()
    assert v3.account({"authorize": {"scopes": [1, None]}}).scopes == ("1", "None")


def test_invalid_rows_are_left_out() -> None:
    assert v3.account({"authorize": {"account_list": [1, {"a": 1}, None]}}).rows == ({"a": 1},)


def test_a_demo_account() -> None:
    assert v3.account({"authorize": {"is_virtual": 1}}).kind == "demo"


# Errors


def test_a_reply_without_error_gives_no_error() -> None:
    assert v3.error({"ping": "pong"}, "ping") is None
    assert v3.error({"error": None}, "ping") is None


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("PermissionDenied", PermissionDenied),
        ("InputValidationFailed", InputRefused),
        ("RateLimit", RateLimited),
        ("InvalidAppID", SignInRefused),
        ("AuthorizationRequired", ApiError),
        ("InternalServerError", ApiError),
        ("NobodyKnowsThis", ApiError),
    ],
)
def test_codes_become_errors(code: str, kind: type[ApiError]) -> None:
    error = v3.error(failed(code, "It did not work.", details={"a": "b"}), "buy")
    assert type(error) is kind
    assert error.call == "buy"
    assert error.code == code
    assert error.details == {"a": "b"}
    assert f"'buy' with {code}: It did not work. " in f"{error} "
    assert ".." not in str(error)


def test_refused_fields_are_named_with_their_reasons() -> None:
    error = v3.error(failed("InputValidationFailed", "Bad.", details={"limit": "Too much.", "sort": "?"}), "statement")
    assert "limit: Too much; sort: ?" in str(error)


@pytest.mark.parametrize("code", sorted(PASSING))
def test_temporary_errors_may_be_retried(code: str) -> None:
    assert "again" in str(v3.error(failed(code), "ping"))


@pytest.mark.parametrize(
    "broken", ["text", 5, [], {}, {"code": 5}, {"code": None, "message": None, "details": []}, True]
)
def test_malformed_errors(broken: Any) -> None:
    error = v3.error({"error": broken}, "ping")
    assert error is not None
    assert error.code == "UnknownError"
    assert ("text" in str(error)) == (broken == "text")
    assert error.details == {}


def test_secrets_in_a_reply_are_removed() -> None:
    reply = failed("Odd", f"I do not like {TOKEN}", details={f"x {TOKEN}": [TOKEN]})
    error = v3.error(reply, "copy_start", [Secret(TOKEN)])
    assert TOKEN not in f"{error}{vars(error)}"
    assert error is not None
    assert error.details == {"x <secret>": ["<secret>"]}


@given(st.dictionaries(st.sampled_from(["error", "authorize", "x"]), JSON), st.lists(st.text(max_size=3), max_size=3))
def test_no_reply_makes_it_fail(reply: dict[str, Any], secrets: list[str]) -> None:
    error = v3.error(reply, "ping", [Secret(text) for text in secrets])
    assert (error is None) == (reply.get("error") is None)
    v3.account(reply)
    judged = GREETING.check(reply)
    assert judged is None or isinstance(judged[0], DpyauthError)


# The sign-in


def test_every_connection_gets_a_new_greeting() -> None:
    assert GREETING.call == "authorize"
    assert GREETING.fields() == {"authorize": TOKEN}
    assert TOKEN not in f"{GREETING}{vars(GREETING.fields)}"


def test_a_good_reply_is_accepted() -> None:
    assert GREETING.check({"authorize": {"loginid": "CR1"}}) is None


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"authorize": None},
        {"authorize": 1},
        {"msg_type": "authorize"},
        {"authorize": {}},
        {"authorize": {"loginid": ["CR1"]}},
    ],
)
def test_an_unreadable_reply_may_be_retried(reply: dict[str, Any]) -> None:
    error, may_pass = verdict(reply)
    assert type(error) is BadReply
    assert may_pass


@pytest.mark.parametrize("code", [*sorted(PASSING), "NobodyKnowsThis", "PermissionDenied", "", None, 5, {}])
def test_temporary_refusals(code: Any) -> None:
    error, may_pass = verdict(failed(code))
    assert may_pass
    assert isinstance(error, ApiError)
    assert not isinstance(error, SignInRefused)
    assert error.code == (code if isinstance(code, str) else "UnknownError")


@pytest.mark.parametrize("odd", ["text", [], [1], {}, 5, True, False, "", 0.5])
def test_a_malformed_error_may_be_retried(odd: Any) -> None:
    error, may_pass = verdict({"error": odd, "authorize": {"loginid": "CR1"}})
    assert may_pass
    assert not isinstance(error, SignInRefused)


def test_an_error_of_null_is_no_error() -> None:
    assert v3.greeting(api_token(TOKEN, "a test")).check({"error": None, "authorize": {"loginid": "CR1"}}) is None


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AuthorizationRequired", "does not accept this API token for signing in"),
        ("InvalidToken", "does not accept this API token"),
        ("InvalidAppID", "does not know the app ID of this session"),
        ("AccountDisabled", "disabled this account"),
        ("DisabledClient", "disabled this account"),
        ("SelfExclusion", "excluded"),
    ],
)
def test_final_refusals(code: str, said: str) -> None:
    error, may_pass = verdict(failed(code, details={"until": 5}))
    assert not may_pass
    assert type(error) is SignInRefused
    assert error.code == code
    assert error.call == "authorize"
    assert error.details == {"until": 5}
    assert said in str(error)
    assert f"({code})" in str(error)


def test_a_token_of_another_api_is_refused_but_may_be_retried() -> None:
    error, may_pass = verdict(failed("InputValidationFailed", details={"authorize": "no"}))
    assert type(error) is SignInRefused
    assert may_pass
    assert "answered 'authorize' with InputValidationFailed: No" in str(error)


@pytest.mark.parametrize(
    ("named", "known", "first", "code"),
    [
        (None, None, "CR1", None),
        (None, "cr1", "CR1", None),
        ("CR1", None, "CR1", None),
        (None, "CR1", "CR2", "AnotherAccount"),
        ("CR1", "CR1", "CR2", "AccountNotFound"),
    ],
)
def test_the_account_of_the_token_must_stay_the_same(
    named: str | None, known: str | None, first: str, code: str | None
) -> None:
    greeting = v3.greeting(api_token(TOKEN, "a test"), named, known)
    refusal = greeting.check({"authorize": {"loginid": first}})
    if code is not None:
        assert refusal is not None
        assert isinstance(refusal[0], SignInRefused)
        assert (refusal[0].code, refusal[1]) == (code, False)
        return
    assert refusal is None
    later = greeting.check({"authorize": {"loginid": "CR9"}})
    assert later is not None
    assert not later[1]
    assert "account CR9 instead of" in str(later[0])
    assert greeting.check({"authorize": {"loginid": "CR1"}}) is None


@pytest.mark.parametrize("code", ["InvalidToken", "RateLimit", "NobodyKnowsThis", None])
def test_no_refusal_repeats_the_token(code: str | None) -> None:
    error, _ = verdict(failed(code, f"Token {TOKEN} is bad", details={"token": TOKEN, TOKEN: 1}))
    assert TOKEN not in f"{error}{vars(error)}"


@pytest.mark.parametrize("token", ["e", "a", "code", "error", "authorize", "InvalidToken"])
def test_a_token_that_is_also_a_word_of_the_protocol(token: str) -> None:
    greeting = v3.greeting(api_token(token, "a test"))
    assert greeting.check({"authorize": {"loginid": "CR1"}}) is None
    judged = greeting.check(failed("InvalidToken", "The token is invalid."))
    assert judged is not None
    assert "does not accept this API token" in str(judged[0])


def test_what_scopes_are_called() -> None:
    from dpyauth.catalog.calls import load

    assert {scope for call in load("v3").values() for scope in call.scopes} <= set(APIS["v3"].scopes)
