"""Advice on errors that Deriv answers over HTTP. A code means what it means in the call that gets it."""

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
        The error.
    status : int
        The HTTP status.
    code, said : str
        Deriv's code, and its words.
    request : Request
        The request.
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
        return "It may be gone in a moment: run the cell again"
    return ""


def _why_denied(code: str, said: str, request: Request) -> str:
    """Say what HTTP 403 may mean: the scope, or something else that differs from one family of calls to the other."""
    wanted = " or ".join(f"'{scope}'" for scope in request.scopes)
    need = f"It takes a token with the scope {wanted}" if wanted else "The token may not do this"
    scope = f"{need}. A token gets its scopes when it is made: make another one, and sign in with that"
    other = next((what for path, what in _DENIED if request.path.startswith(path)), "")
    if code == "HTTP403":
        return f"That is no code of Deriv's: most likely a company proxy or a firewall has refused. Else: {scope}"
    return f"{scope}. If yours has it, {other}" if other and "scope" not in said.lower() else scope


_DENIED = (
    ("/trading/v1/options/accounts/", "this is not your account: session.accounts() lists yours"),
    ("/wallet/v1/", "you have no such wallet: session.wallets() lists yours"),
    ("/payment-agents/v1/", "Deriv does not let you use payment agents, or you are none yourself"),
    ("/partners/", "you are not registered with Deriv as a partner"),
    ("/applications/", "Deriv keeps nothing for apps of yours"),
)
"""Further reasons why Deriv may forbid something, by the beginning of the path."""

_TRANSFER = "payment_agent_transfer "

_ADVICE = (
    ("MigrationPending:", "", "Deriv is still moving your account to its newer API. Try again later"),
    ("AccountNotFound:", ".* /trading/v1/options/", "session.accounts() lists your accounts"),
    (
        "(RequestIDUsed|DuplicateRequestID):",
        "",
        "A request with this request_id has been made before. Look at {look} for what became of it; only another "
        "request_id moves money again",
    ),
    (
        "RequestIDNotFound:",
        r"\w+_status ",
        "Deriv knows no request with this request_id, so it was most likely not carried out",
    ),
    ("WalletFundsInsufficient:", "", "session.wallets() shows what your wallets hold"),
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
        "It is about you: Deriv does not know you as a payment agent, or not as one that may do this in this currency",
    ),
    (
        "(Agent(NotFound|Inactive|CurrencyUnsupported)|InvalidAgentID):",
        ".* /payment-agents/",
        'session.frame("payment_agent_list", currency="USD") lists the payment agents of a currency',
    ),
    ("AgentIDInvalid:", "", "Either you are no payment agent, or the agent_id is not that of one"),
    ("NicknameNotFound:", _TRANSFER, "Check the nickname with the person it belongs to. Nothing was transferred"),
    ("(IdentityNotFound|BrandNotFound|HTTP404|NotFound):", "account_nickname ", "Deriv has no nickname for you yet"),
    (
        "(HTTP404|NotFound|AccountNotFound):",
        ".* /trading/v1/options/legacy/",
        "Deriv keeps nothing of you from before the move to this API, or not of this login ID",
    ),
    (
        "(HTTP404|NotFound|AccountNotFound):",
        ".* /(partners|applications)/",
        "Deriv keeps nothing for this: you may not be registered as a partner, or have no app with a markup",
    ),
    (
        "WithdrawalAmount(Minimum|Maximum):",
        "",
        'session.frame("payment_agent_get", id="…") shows the least and the most of a payment agent',
    ),
    (
        "(InvalidOTP|VerificationCodeFormatInvalid):",
        ".* /payment-agents/",
        "Take the code of the latest message, for the same agent, amount and currency; the call "
        "payment_agent_withdraw_verification sends another one",
    ),
    (
        r"(?i)(?=.*(quote|\brate|rate_?token|exchange_?rate))(?=.*(expire|invalid|stale|run out|mismatch|not found))",
        "wallet_transfer",
        "The quote has run out, or is not the one for this: ask for a new one with wallet_exchange_rate",
    ),
    (
        "(?i).*cursor",
        "wallet_transactions ",
        "Begin again without page_cursor: a cursor is good for a while, and for its own list only",
    ),
)
"""Advice, by the beginning of code and words, and of call and path. The first that fits counts."""
