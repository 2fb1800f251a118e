"""What is particular to Deriv's v3 API: how a socket becomes authorised, and what its errors mean."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from dpyauth.credentials import Credential, Secret, scrub
from dpyauth.errors import (
    ApiError,
    BadReply,
    DpyauthError,
    InputRefused,
    PermissionDenied,
    RateLimited,
    SignInRefused,
)
from dpyauth.wire.replies import Reply, error_code
from dpyauth.wire.state import Greeting

SCOPE_LABELS = {
    "read": "Read",
    "trade": "Trade",
    "trading_information": "Trading information",
    "payments": "Payments",
    "admin": "Admin",
}
"""Scopes, as they are called where one creates a token at Deriv."""

PASSING = {"RateLimit", "WrongResponse", "InternalServerError", "Timeout", "CallError"}
"""Codes that may be gone a moment later."""

_REFUSALS = {
    "InvalidToken": "Deriv does not accept this API token: it is mistyped, deleted, expired, limited to another "
    "internet address, or it belongs to another app ID. If Deriv has moved you to its newer API, old tokens no "
    "longer work. Create a new token at Deriv (Account settings, API token) and sign in with that",
    "InvalidAppID": "Deriv does not know this app ID. Check it where you registered your app; to try things with "
    "an API token, use 1089",
    "AccountDisabled": "Deriv has disabled this account. Only Deriv's support can change that",
    "DisabledClient": "Deriv has disabled this account. Only Deriv's support can change that",
    "SelfExclusion": "This account is excluded at its owner's own request, so Deriv lets nobody sign in until the "
    "exclusion ends",
}


@dataclass(frozen=True, slots=True)
class Account:
    """The account a session is signed in to. Holds no personal data beyond the login ID."""

    loginid: str
    currency: str
    demo: bool
    scopes: tuple[str, ...] | None
    """What the token may do; None when Deriv did not say."""
    rows: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    """One mapping per account of the same user, as Deriv lists them."""

    @property
    def kind(self) -> str:
        """``"demo"`` or ``"real"``."""
        return "demo" if self.demo else "real"


def greeting(credential: Credential) -> Greeting:
    """How a v3 socket becomes authorised: the ``authorize`` call."""
    return Greeting(
        "authorize",
        fields=lambda: {"authorize": credential.token.reveal()},
        judge=lambda reply: _judge(reply, [credential.token]),
    )


def account(reply: Reply) -> Account:
    """The account in the reply to ``authorize``. Every field may be missing."""
    payload = reply.get("authorize")
    payload = payload if isinstance(payload, dict) else {}
    scopes = payload.get("scopes")
    rows = payload.get("account_list")
    return Account(
        loginid=str(payload.get("loginid") or ""),
        currency=str(payload.get("currency") or ""),
        demo=bool(payload.get("is_virtual")),
        scopes=tuple(map(str, scopes)) if isinstance(scopes, list) else None,
        rows=tuple(row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else (),
    )


def error(reply: Reply, call: str, secrets: Collection[Secret] = ()) -> ApiError | None:
    """The error that a reply amounts to, if it is one; secrets of the request that it repeats are blotted out."""
    code = error_code(reply)
    if code is None:
        return None
    raw = reply["error"] if isinstance(reply["error"], dict) else {}
    said = str(scrub(raw.get("message") or "", secrets)).strip().rstrip(".")
    details = raw.get("details")
    details = scrub(details, secrets) if isinstance(details, dict) else {}
    kind, advice = _KINDS.get(code, (ApiError, ""))
    reasons = "; ".join(f"{name}: {reason}" for name, reason in details.items()) if kind is InputRefused else ""
    parts = [f"Deriv answered '{call}' with {code}" + (f": {said}" if said else ""), reasons, advice]
    return kind(". ".join(part for part in parts if part) + ".", call=call, code=code, details=details)


_KINDS: dict[str, tuple[type[ApiError], str]] = {
    "PermissionDenied": (PermissionDenied, "Sign in with a token that has this scope"),
    "InputValidationFailed": (InputRefused, ""),
    "RateLimit": (RateLimited, "Wait a minute and run the cell again"),
    "InvalidAppID": (SignInRefused, _REFUSALS["InvalidAppID"]),
    "AuthorizationRequired": (ApiError, "Sign in again with dpyauth.login()"),
    "UnrecognisedRequest": (ApiError, "Deriv may have withdrawn this call from v3"),
    **dict.fromkeys(PASSING - {"RateLimit"}, (ApiError, "It may be gone in a moment: run the cell again")),
}


def _judge(reply: Reply, secrets: Collection[Secret]) -> tuple[DpyauthError, bool] | None:
    """Whether the reply to ``authorize`` is a refusal, and whether it may pass."""
    code = error_code(reply)
    if code is None:
        if isinstance(reply.get("authorize"), dict):
            return None
        return BadReply("Deriv answered the sign-in with something unreadable. Try again.", call="authorize"), True
    general = error(reply, "authorize", secrets)
    assert general is not None
    if code in PASSING:
        return general, True
    text = _REFUSALS.get(code)
    if text is None:
        text = str(general).rstrip(".")
    # The server's own words are left out where ours say more: they may repeat what was sent.
    return SignInRefused(f"{text}. ({code})", call="authorize", code=code, details=general.details), False
