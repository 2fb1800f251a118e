"""Give advice on errors in replies over HTTP. The meaning of a code depends on the call."""

from __future__ import annotations

import re

from dpyauth.apis.options.requests import Request
from dpyauth.errors import ApiError, PermissionDenied, RateLimited
from dpyauth.net.messages import leaves_open


def advice(kind: type[ApiError], status: int, code: str, said: str, request: Request) -> str:
    """Return what to do about an error; empty if that is not known.

    Parameters
    ----------
    kind : type of ApiError
        Type of the error.
    status : int
        HTTP status.
    code, said : str
        Deriv's code, and its own words.
    request : Request
        Request that was refused.
    """
    if kind is PermissionDenied:
        return _why_denied(code, said, request)
    if kind is RateLimited:
        return "Wait a minute and run the cell again"
    asked = f"{request.call} {request.path}"
    for pattern, calls, what in _ADVICE:
        if re.match(pattern, f"{code}: {said}") and re.match(calls, asked):
            return what.format(look=request.look or "your account at Deriv")
    if (status >= 500 or status == 408 or leaves_open(code)) and not request.changes:
        return "This may be temporary: run the cell again"
    return ""


def _why_denied(code: str, said: str, request: Request) -> str:
    """Return what HTTP 403 may mean: a missing scope, or a reason that depends on the kind of call."""
    wanted = " or ".join(f"'{scope}'" for scope in request.scopes)
    need = f"This needs a token with the scope {wanted}" if wanted else "The token may not do this"
    scope = f"{need}. A token gets its scopes when it is created: create another one, and sign in with it"
    other = next((what for path, what in _DENIED if request.path.startswith(path)), "")
    if code == "HTTP403":
        return f"This code is not Deriv's own: most likely a company proxy or a firewall refused. Otherwise: {scope}"
    return f"{scope}. If yours has it, {other}" if other and "scope" not in said.lower() else scope


_DENIED = (
    ("/trading/v1/options/accounts/", "this is not your account: session.accounts() lists yours"),
    ("/wallet/v1/", "you have no such wallet: session.wallets() lists yours"),
    ("/payment-agents/v1/", "Deriv does not let you use payment agents, or you are not a payment agent yourself"),
    ("/partners/", "you are not registered with Deriv as a partner"),
    ("/applications/", "Deriv has no data about apps of yours"),
)
"""Other reasons for which Deriv may forbid a call, by the beginning of its path."""

_TRANSFER = "payment_agent_transfer "

_ADVICE = (
    ("MigrationPending:", "", "Deriv is still moving your account to its newer API. Try again later"),
    ("AccountNotFound:", ".* /trading/v1/options/", "session.accounts() lists your accounts"),
    (
        "(RequestIDUsed|DuplicateRequestID):",
        "",
        "This request_id has been used before. Look at {look} to see whether that request was carried out; money "
        "moves again only with another request_id",
    ),
    (
        "RequestIDNotFound:",
        r"\w+_status ",
        "Deriv has no record of a request with this request_id, so it was most likely not carried out",
    ),
    ("WalletFundsInsufficient:", "", "session.wallets() shows the balances of your wallets"),
    (
        "NoClientWallet:",
        _TRANSFER,
        "Either the recipient or you have no wallet in this currency: session.wallets() lists yours. Nothing was "
        "transferred",
    ),
    ("NoClientWallet:", "", "session.wallets() lists your wallets"),
    ("(HTTP404|NotFound):", ".* /wallet/", "session.wallets() lists your wallets"),
    (
        "(Agent(NotFound|Inactive|CurrencyUnsupported)|AgentIDInvalid|InvalidAgentID|HTTP404|NotFound):",
        f"({_TRANSFER}|.*/agents/me$)",
        "This is about you: Deriv does not know you as a payment agent, or not as one that may do this in this "
        "currency",
    ),
    (
        "(Agent(NotFound|Inactive|CurrencyUnsupported)|InvalidAgentID):",
        ".* /payment-agents/",
        'session.frame("payment_agent_list", currency="USD") lists the payment agents of a currency',
    ),
    ("AgentIDInvalid:", "", "Either you are not a payment agent, or the agent_id is not the ID of one"),
    ("NicknameNotFound:", _TRANSFER, "Check the nickname with the person it belongs to. Nothing was transferred"),
    ("(IdentityNotFound|BrandNotFound|HTTP404|NotFound):", "account_nickname ", "Deriv has no nickname for you yet"),
    (
        "(HTTP404|NotFound|AccountNotFound):",
        ".* /trading/v1/options/legacy/",
        "Deriv has no data about you from before the move to this API, or none for this login ID",
    ),
    (
        "(HTTP404|NotFound|AccountNotFound):",
        ".* /(partners|applications)/",
        "Deriv has no data for this: you may not be registered as a partner, or have no app with a markup",
    ),
    (
        "WithdrawalAmount(Minimum|Maximum):",
        "",
        'session.frame("payment_agent_get", id="…") shows the minimum and the maximum of a payment agent',
    ),
    (
        "(InvalidOTP|VerificationCodeFormatInvalid):",
        ".* /payment-agents/",
        "Use the code from the latest message, for the same agent, amount and currency; the call "
        "payment_agent_withdraw_verification sends another one",
    ),
    (
        r"(?i)(?=.*(quote|\brate|rate_?token|exchange_?rate))(?=.*(expire|invalid|stale|run out|mismatch|not found))",
        "wallet_transfer",
        "The quote has expired, or is for another transfer: get a new one with wallet_exchange_rate",
    ),
    (
        "(?i).*cursor",
        "wallet_transactions ",
        "Start again without page_cursor: a cursor is valid for a limited time, and only for its own list",
    ),
)
"""Advice, by patterns for the beginning of code and words, and of call and path. The first match counts."""
