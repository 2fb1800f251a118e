"""Test how an answer over HTTP is judged: as a reply, or as which error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.apis.options.errors import judge, limits_one_thing
from dpyauth.apis.options.requests import Request, Response
from dpyauth.catalog.calls import load
from dpyauth.credentials import Secret
from dpyauth.errors import (
    ApiError,
    BadReply,
    DpyauthError,
    InputRefused,
    PermissionDenied,
    RateLimited,
    SignInRefused,
)

TOKEN = "C4nary-r1ght-t0ken"
PAGE = b"<!doctype html><html><title>Blocked</title><h1>No</h1></html>"


CALLS = load("options")


def asked(call: str = "get_accounts", path: str = "", **changes: Any) -> Request:
    rest = CALLS[call].rest
    assert rest is not None
    options: dict[str, Any] = {"scopes": ("trade",), "app_id": "33AbcDefGhiJkl", "token": Secret(TOKEN)}
    return Request(call, rest.method, path or rest.path, **(options | changes))


def answered(status: int, body: Any = b"", kind: str = "application/json") -> Response:
    return Response(status, kind, body if isinstance(body, bytes) else json.dumps(body).encode())


def listed(status: int, code: str, message: str | None = None, field: str | None = None, **more: Any) -> Response:
    """Return a response that lists an error as Deriv sends it."""
    entry = {"status": status, "code": code, "message": message, "field": field, **more}
    entry = {name: value for name, value in entry.items() if value is not None}
    return answered(status, {"errors": [entry], "meta": {"endpoint": "/accounts", "method": "GET", "timing": 23}})


@pytest.mark.parametrize(
    "body",
    [
        {"data": [], "meta": {"timing": 1}},
        {"data": {"nickname": "n"}, "errors": [], "metadata": {"timing": 0.01}},
        {"status": "complete"},
        {"errors": None},
    ],
)
@pytest.mark.parametrize("status", [200, 201])
def test_a_good_answer(status: int, body: Any) -> None:
    assert judge(answered(status, body), asked()) is None


def test_an_answer_that_is_empty_on_purpose() -> None:
    response = answered(204)
    assert judge(response, asked()) is None
    assert response.reply == {}


def test_plain_text_is_an_answer_only_for_calls_without_sign_in() -> None:
    response = answered(200, b"OK\n", "text/plain; charset=utf-8")
    assert response.text == "OK"
    assert judge(response, asked(scopes=(), token=None)) is None
    assert isinstance(judge(response, asked()), BadReply)
    assert isinstance(judge(answered(200, PAGE, "text/html"), asked(scopes=(), token=None)), BadReply)


def test_errors_inside_a_successful_answer() -> None:
    error = judge(answered(200, {"data": {}, "errors": [{"status": 403, "code": "AccessDenied"}]}), asked())
    assert type(error) is PermissionDenied
    error = judge(answered(200, {"data": {}, "errors": ["no"]}), asked())
    assert type(error) is ApiError
    assert error.code == "HTTP400"
    assert ": no." in str(error)


KINDS = [
    (listed(400, "ValidationError", "must be a date", "date_from"), InputRefused),
    (listed(400, "FieldIsRequired", "is missing"), InputRefused),
    (listed(400, "BadInputRequest"), InputRefused),
    (listed(400, "Whatever", "no", "currency"), InputRefused),
    (listed(422, "Whatever"), InputRefused),
    (listed(400, "InputError"), InputRefused),
    (listed(400, "InvalidAgentID"), InputRefused),
    (listed(401, "InputError"), SignInRefused),
    (listed(403, "InputError"), PermissionDenied),
    (listed(400, "RequestIDNotFound"), ApiError),
    (listed(400, "OtpValidationRateLimitExceeded"), RateLimited),
    (listed(400, "AgentCurrencyUnsupported"), ApiError),
    (listed(401, "Unauthorized", "Invalid or expired token"), SignInRefused),
    (listed(401, "UnauthorizedAccess"), SignInRefused),
    (listed(403, "AccessDenied", "Insufficient scope"), PermissionDenied),
    (listed(404, "AccountNotFound", "no such account"), ApiError),
    (listed(409, "MigrationPending"), ApiError),
    (listed(429, "RateLimit"), RateLimited),
    (listed(400, "OtpRateLimitExceeded", detail={"message": "Too many", "next_request_at": 1}), RateLimited),
    (listed(500, "InternalServerError"), ApiError),
    (listed(504, "InternalError"), ApiError),
    (answered(401, PAGE, "text/html"), SignInRefused),
    (answered(401), SignInRefused),
    (answered(403, b"Forbidden", "text/plain"), PermissionDenied),
    (answered(403, {"message": "Forbidden"}), PermissionDenied),
    (answered(429, PAGE, "text/html"), RateLimited),
    (answered(503, PAGE, "text/html"), ApiError),
    (answered(502), ApiError),
    (answered(403, PAGE, "text/html"), BadReply),
    (answered(404), BadReply),
    (answered(407, PAGE, "text/html"), BadReply),
    (answered(200, PAGE, "text/html"), BadReply),
    (answered(200), BadReply),
    (answered(200, [1]), BadReply),
    (answered(302), BadReply),
    (answered(307, {"location": "elsewhere"}), BadReply),
]


@pytest.mark.parametrize(("response", "kind"), KINDS)
def test_the_kind_of_an_error(response: Response, kind: type[DpyauthError]) -> None:
    error = judge(response, asked())
    assert type(error) is kind
    assert error.call == "get_accounts"
    assert "'get_accounts'" in str(error) or kind is SignInRefused
    assert str(error).endswith((".", ")"))
    if isinstance(error, ApiError):
        code = response.reply["errors"][0]["code"] if response.reply and "errors" in response.reply else None
        assert error.code == (code or f"HTTP{response.status_code}")
        assert error.code in str(error)


def test_what_deriv_says_is_kept() -> None:
    error = judge(listed(404, "AccountNotFound", "There is no\n such account."), asked())
    assert isinstance(error, ApiError)
    assert str(error).startswith(
        "Deriv answered 'get_accounts' with AccountNotFound (HTTP 404): There is no such account. "
    )
    assert "session.accounts()" in str(error)


def test_every_field_that_was_refused_is_named() -> None:
    entries = [
        {"status": 400, "code": "ValidationError", "message": "must be a date", "field": "date_from"},
        {"status": 400, "code": "FieldIsRequired", "field": "date_to"},
    ]
    error = judge(answered(400, {"errors": entries}), asked())
    assert isinstance(error, InputRefused)
    assert error.details == {"date_from": "must be a date", "date_to": "FieldIsRequired"}
    assert "date_from: must be a date; date_to: FieldIsRequired" in str(error)


def test_details_are_kept() -> None:
    detail = {"message": "Too many.", "next_request_at": 1781547816, "deep": {"er": 1}}
    error = judge(listed(400, "OtpRateLimitExceeded", detail=detail), asked())
    assert isinstance(error, RateLimited)
    assert error.details == {"message": "Too many", "next_request_at": 1781547816}
    assert ": Too many. Wait" in str(error)


NOW = 1_790_000_000


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ({"next_request_at": NOW + 43}, "Wait 43 s, until 14:14:03 UTC, and"),
        ({"next_request_at": str(NOW + 43)}, "Wait 43 s, until 14:14:03 UTC, and"),
        ({"next_request_at": (NOW + 43) * 1000}, "Wait 43 s, until 14:14:03 UTC, and"),
        ({"expires_at": NOW + 600}, "Wait 10 minutes, until 14:23:20 UTC, and"),
        ({"next_request_at": NOW + 43, "expires_at": NOW + 600}, "Wait 43 s"),
        ({"next_request_at": NOW - 1}, "Wait a minute"),
        ({"next_request_at": 10**30}, "Wait a minute"),
        ({"next_request_at": True}, "Wait a minute"),
        ({"next_request_at": "soon"}, "Wait a minute"),
        ({}, "Wait a minute"),
        (None, "Wait a minute"),
    ],
)
@pytest.mark.parametrize("code", ["OtpRateLimitExceeded", "OtpValidationRateLimitExceeded"])
def test_a_limit_of_one_call_says_until_when(code: str, detail: Any, said: str) -> None:
    error = judge(listed(400, code, detail=detail), asked(), now=NOW)
    assert isinstance(error, RateLimited)
    assert said in str(error)
    assert limits_one_thing(error)
    assert not limits_one_thing(RateLimited("", code="RateLimit"))


FLAT = {"errors": [{"status": 400, "code": "Odd", "message": "No."}]}


@pytest.mark.parametrize(
    "body",
    [
        FLAT,
        {"errors": FLAT["errors"][0]},
        {"data": {}, **FLAT, "metadata": {"endpoint": "/", "method": "POST", "timing": 0.1}},
        {"errors": [{"status": 400, "code": "Odd", "detail": {"message": "No."}}]},
        {"error": {"code": "Odd", "message": "No."}},
        {"code": "Odd", "message": "No."},
        {"code": "Odd", "detail": "No."},
        {"code": "Odd", "error": "No."},
        {"code": "Odd", "title": "No."},
    ],
)
def test_an_error_may_come_in_any_envelope(body: Any) -> None:
    error = judge(answered(400, body), asked())
    assert type(error) is ApiError
    assert error.code == "Odd"
    assert str(error) == "Deriv answered 'get_accounts' with Odd (HTTP 400): No."


@pytest.mark.parametrize(
    ("call", "code", "message", "advice"),
    [
        (
            "payment_agent_transfer",
            "RequestIDUsed",
            None,
            "Look at your ledger to see whether that request was carried out; money",
        ),
        ("wallet_transfer_platforms", "DuplicateRequestID", None, "Look at your ledger to see whether"),
        ("payment_agent_withdraw_status", "RequestIDNotFound", None, "most likely not carried out"),
        ("payment_agent_withdraw", "WalletFundsInsufficient", None, "session.wallets() shows"),
        ("payment_agent_withdraw", "NoClientWallet", None, "session.wallets() lists your wallets"),
        ("payment_agent_transfer", "NoClientWallet", None, "Either the recipient or you"),
        ("payment_agent_withdraw", "AgentInactive", None, 'session.frame("payment_agent_list"'),
        ("payment_agent_transfer", "AgentInactive", None, "This is about you"),
        ("payment_agent_transfer", "AgentIDInvalid", None, "This is about you"),
        ("payment_agent_transfer", "AgentCurrencyUnsupported", None, "This is about you"),
        ("payment_agent_withdraw", "AgentIDInvalid", None, "Either you are not a payment agent, or the agent_id"),
        ("payment_agent_withdraw", "InvalidOTP", None, "payment_agent_withdraw_verification sends another one"),
        ("payment_agent_withdraw", "WithdrawalAmountMaximum", None, "payment_agent_get"),
        ("payment_agent_transfer", "NicknameNotFound", None, "Check the nickname"),
        ("wallet_transfer_exchange", "RateTokenExpired", None, "get a new one with wallet_exchange_rate"),
        ("wallet_transfer", "InvalidExchangeRate", None, "get a new one with wallet_exchange_rate"),
        ("wallet_transfer_platforms", "BadRequest", "The quote has expired", "get a new one with wallet_exchange"),
        ("wallet_transactions", "BadRequest", "Unknown page_cursor", "Start again without page_cursor"),
        ("reset_demo_balance", "AccountNotFound", None, "session.accounts()"),
        ("account_nickname", "IdentityNotFound", None, "no nickname for you"),
        ("legacy_statement", "NotFound", None, "before the move"),
        ("legacy_statement", "MigrationPending", None, "still moving your account"),
        ("wallet_transactions", "NotFound", None, "session.wallets()"),
        ("partners_analytics_overview", "NotFound", None, "registered as a partner"),
        ("markup_statistics", "NotFound", None, "no app with a markup"),
    ],
)
def test_what_to_do_is_said(call: str, code: str, message: str | None, advice: str) -> None:
    request = asked(call, changes=True, look="your ledger")
    assert advice in str(judge(listed(400, code, message), request))


def test_the_users_own_profile_as_a_payment_agent() -> None:
    path = "/payment-agents/v1/agents/me"
    assert "This is about you" in str(judge(listed(404, "AgentNotFound"), asked("payment_agent_get", path)))
    assert "lists the payment agents" in str(judge(listed(404, "AgentNotFound"), asked("payment_agent_get")))


ELSEWHERE = {
    "Start again": ("BadRequest", "Unknown page_cursor", {"wallet_transactions"}),
    "get a new one": (
        "BadRequest",
        "The quote has expired",
        {name for name in CALLS if name.startswith("wallet_transfer")},
    ),
    "wallets()": ("NoClientWallet", None, None),
    "Check the nickname": ("NicknameNotFound", None, {"payment_agent_transfer"}),
    "carried out": ("RequestIDNotFound", None, {name for name in CALLS if name.endswith("_status")}),
    "verification sends": ("InvalidOTP", None, {name for name in CALLS if name.startswith("payment_agent")}),
    "accounts()": ("AccountNotFound", None, {"get_accounts", "create_account", "reset_demo_balance"}),
}


@pytest.mark.parametrize("word", ELSEWHERE)
def test_no_other_call_gets_this_advice(word: str) -> None:
    code, message, calls = ELSEWHERE[word]
    for call, known in CALLS.items():
        if known.rest is None or "legacy" in call:
            continue
        said = word in str(judge(listed(400, code, message), asked(call, changes=True)))
        assert said == (calls is None or call in calls), call


@pytest.mark.parametrize(
    ("call", "other"),
    [
        ("reset_demo_balance", "not your account"),
        ("wallet_list", "no such wallet"),
        ("payment_agent_list", "payment agents"),
        ("partners_analytics_overview", "registered with Deriv as a partner"),
        ("markup_statistics", "apps of yours"),
    ],
)
def test_what_else_a_refusal_may_mean(call: str, other: str) -> None:
    request = asked(call, scopes=CALLS[call].scopes)
    text = str(judge(listed(403, "AccessDenied"), request))
    assert f"'{CALLS[call].scopes[0]}'" in text
    assert other in text
    assert text.index("scope") < text.index(other)
    assert other not in str(judge(listed(403, "AccessDenied", "The token lacks the scope"), request))


def test_a_refusal_without_a_code_is_most_likely_not_derivs() -> None:
    text = str(judge(answered(403, b"Forbidden", "text/plain"), asked()))
    assert text.index("a company proxy") < text.index("scope")
    text = str(judge(answered(401), asked()))
    assert "a company proxy in between requires its own sign-in" in text
    assert "company proxy" not in str(judge(listed(401, "Unauthorized", "Invalid application"), asked()))


@pytest.mark.parametrize("code", ["AgentSelfTransfer", "ClientCountryUnsupported", "SomethingNew"])
def test_an_error_without_a_message(code: str) -> None:
    assert str(judge(listed(400, code), asked())) == f"Deriv answered 'get_accounts' with {code} (HTTP 400)."


@pytest.mark.parametrize(
    ("scopes", "said"),
    [(("trade",), "scope 'trade'"), (("trade", "payment"), "'trade' or 'payment'"), ((), "may not do this")],
)
def test_a_missing_scope_is_named(scopes: tuple[str, ...], said: str) -> None:
    assert said in str(judge(listed(403, "AccessDenied"), asked(scopes=scopes)))


@pytest.mark.parametrize(
    ("message", "app_id", "said"),
    [
        ("Deriv-App-ID header is required for PAT tokens", None, "needs your app ID as well as the token"),
        ("Invalid application", "33AbcDefGhiJkl", "an OAuth app for a browser sign-in. (Unauthorized)"),
        ("Invalid application", "1089", "consists only of digits belongs to Deriv's older API"),
        ("Invalid token format", "33AbcDefGhiJkl", "part of it is missing"),
        ("Invalid or expired token", "33AbcDefGhiJkl", "mistyped, deleted or expired, or of another kind"),
        ("Something new", "33AbcDefGhiJkl", "same kind as the token. (Unauthorized)"),
        ("Something new", "1089", "consists only of digits belongs to Deriv's older API"),
        ("Something new", None, "(no app ID was passed)"),
        (None, "33AbcDefGhiJkl", "Either the token is mistyped"),
    ],
)
def test_why_a_token_is_refused(message: str | None, app_id: str | None, said: str) -> None:
    error = judge(listed(401, "Unauthorized", message), asked(app_id=app_id))
    assert isinstance(error, SignInRefused)
    assert said in str(error)
    assert error.code == "Unauthorized"


def test_a_code_that_blames_the_token() -> None:
    assert "mistyped, deleted or expired, or" in str(judge(listed(401, "InvalidToken"), asked()))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_secrets_in_a_message_are_removed(status: int) -> None:
    request = asked(secrets=(Secret("C4nary-other"),))
    said = f"You sent Bearer {TOKEN} and C4nary-other" + TOKEN * 100
    for response in (
        listed(status, "Odd", said, field=TOKEN, detail={TOKEN: said, "message": said}),
        listed(status, TOKEN, None, detail={"message": said}),
        answered(status, {"error": {"message": said}}),
        answered(status, said.encode()[:200], "text/plain"),
    ):
        error = judge(response, request)
        assert error is not None
        assert "C4nary" not in f"{error} {vars(error)}"


def test_a_long_message_is_cut() -> None:
    assert len(str(judge(listed(404, "Odd", "very " * 10_000), asked()))) < 600


def test_many_errors_are_not_all_repeated() -> None:
    entries = [{"code": "ValidationError", "message": "no", "field": f"field_{number}"} for number in range(1000)]
    error = judge(answered(400, {"errors": entries}), asked())
    assert "field_19: no" in str(error)
    assert "field_20" not in str(error)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(TOKEN),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["errors", "error", "code", "message", "field", "status", "detail", "data", TOKEN, "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
BODIES = st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode())
STATUSES = st.integers(200, 599) | st.sampled_from([200, 204, 400, 401, 403, 429, 500])
CONTENT_TYPES = st.sampled_from(["application/json", "text/plain", "text/html", ""])


@given(STATUSES, BODIES, CONTENT_TYPES, st.sampled_from([(), ("trade",)]), st.sampled_from([None, "1089", "33Abc"]))
def test_anything_at_all_is_an_answer_or_an_error(
    status: int, body: bytes, kind: str, scopes: tuple[str, ...], app_id: str | None
) -> None:
    response, request = Response(status, kind, body), asked(scopes=scopes, app_id=app_id)
    error = judge(response, request)
    if error is None:
        assert 200 <= status < 300
        assert response.reply is not None or response.text
    else:
        assert isinstance(error, BadReply | ApiError)
        assert TOKEN not in f"{error!r} {vars(error)}"
        assert len(str(error)) < 20_000


def test_deep_nesting() -> None:
    deep = b'{"errors": [{"code": "Odd", "detail": ' + b'{"detail":' * 700 + b"1" + b"}" * 700 + b"}]}"
    assert isinstance(judge(answered(400, deep), asked()), ApiError)
