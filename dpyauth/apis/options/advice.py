"""Give advice on errors in replies over HTTP. The meaning of a code depends on the call."""

from __future__ import annotations

import re

from dpyauth.apis.options.requests import Request
from dpyauth.errors import ApiError, PermissionDenied, RateLimited
from dpyauth.net.messages import leaves_open
from dpyauth.texts import Either
from dpyauth.texts.said import Said, joined, said


def advice(kind: type[ApiError], status: int, code: str, words: str, request: Request) -> str:
    """Return what to do about an error; empty if that is not known.

    Parameters
    ----------
    kind : type of ApiError
        Type of the error.
    status : int
        HTTP status.
    code, words : str
        Deriv's code, and its own words.
    request : Request
        Request that was refused.
    """
    if kind is PermissionDenied:
        return _why_denied(code, words, request)
    if kind is RateLimited:
        return said("wait_a_minute")
    asked = f"{request.call} {request.path}"
    for pattern, calls, key in _ADVICE:
        if re.match(pattern, f"{code}: {words}") and re.match(calls, asked):
            return said(key, look=request.look or said("your_account"), code=_CODE.get(key, ""))
    if (status >= 500 or status == 408 or leaves_open(code)) and not request.changes:
        return said("may_be_temporary")
    return ""


def _why_denied(code: str, words: str, request: Request) -> Said:
    """Return what HTTP 403 may mean: a missing scope, or a reason that depends on the kind of call."""
    scopes = Either(f"'{scope}'" for scope in request.scopes)
    scope = said("token_needs_scope", scopes=scopes) if scopes else said("token_may_not")
    if code == "HTTP403":
        return joined(said("forbidden_in_between"), scope)
    other = next((key for path, key in _DENIED if request.path.startswith(path)), "")
    return joined(scope, said(other)) if other and "scope" not in words.lower() else scope


_DENIED = (
    ("/trading/v1/options/accounts/", "or_not_your_account"),
    ("/wallet/v1/", "or_no_such_wallet"),
    ("/payment-agents/v1/", "or_no_payment_agents"),
    ("/partners/", "or_no_partner"),
    ("/applications/", "or_no_app_data"),
)
"""Other reasons for which Deriv may forbid a call, by the beginning of its path."""

_TRANSFER = "payment_agent_transfer "

_ADVICE = (
    ("MigrationPending:", "", "still_moving_you"),
    ("AccountNotFound:", ".* /trading/v1/options/", "accounts_lists_yours"),
    (
        "(RequestIDUsed|DuplicateRequestID):",
        "",
        "request_id_used",
    ),
    (
        "RequestIDNotFound:",
        r"\w+_status ",
        "request_id_unknown",
    ),
    ("WalletFundsInsufficient:", "", "wallets_shows_balances"),
    (
        "NoClientWallet:",
        _TRANSFER,
        "no_wallet_either",
    ),
    ("NoClientWallet:", "", "wallets_lists_yours"),
    ("(HTTP404|NotFound):", ".* /wallet/", "wallets_lists_yours"),
    (
        "(Agent(NotFound|Inactive|CurrencyUnsupported)|AgentIDInvalid|InvalidAgentID|HTTP404|NotFound):",
        f"({_TRANSFER}|.*/agents/me$)",
        "you_are_no_agent",
    ),
    (
        "(Agent(NotFound|Inactive|CurrencyUnsupported)|InvalidAgentID):",
        ".* /payment-agents/",
        "agents_listed",
    ),
    ("AgentIDInvalid:", "", "agent_id_invalid"),
    ("NicknameNotFound:", _TRANSFER, "check_nickname"),
    ("(IdentityNotFound|BrandNotFound|HTTP404|NotFound):", "account_nickname ", "no_nickname"),
    (
        "(HTTP404|NotFound|AccountNotFound):",
        ".* /trading/v1/options/legacy/",
        "nothing_from_before",
    ),
    (
        "(HTTP404|NotFound|AccountNotFound):",
        ".* /(partners|applications)/",
        "no_partner_data",
    ),
    (
        "WithdrawalAmount(Minimum|Maximum):",
        "",
        "agent_limits",
    ),
    (
        "(InvalidOTP|VerificationCodeFormatInvalid):",
        ".* /payment-agents/",
        "use_latest_code",
    ),
    (
        r"(?i)(?=.*(quote|\brate|rate_?token|exchange_?rate))(?=.*(expire|invalid|stale|run out|mismatch|not found))",
        "wallet_transfer",
        "quote_expired",
    ),
    (
        "(?i).*cursor",
        "wallet_transactions ",
        "cursor_expired",
    ),
)
"""Keys of advice, by patterns for the beginning of code and words, and of call and path. The first match counts."""

_CODE = {
    "agents_listed": 'session.frame("payment_agent_list", currency="USD")',
    "agent_limits": 'session.frame("payment_agent_get", id="…")',
}
"""Code in the advice, by its key."""
