"""The error that a reply of a WebSocket amounts to; both APIs word them alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from dpyauth.credentials import Secret, scrub
from dpyauth.errors import ApiError, InputRefused, PermissionDenied, RateLimited
from dpyauth.wire.replies import Reply, error_code

Kinds = Mapping[str, tuple[type[ApiError], str]]

PASSING = {"RateLimit", "WrongResponse", "InternalServerError", "InternalError", "Timeout", "CallError"}
"""Codes that may be gone a moment later."""

KINDS: Kinds = {
    "PermissionDenied": (PermissionDenied, "Sign in with a token that has this scope"),
    "InputValidationFailed": (InputRefused, ""),
    "RateLimit": (RateLimited, "Wait a minute and run the cell again"),
    **dict.fromkeys(("AuthorizationRequired", "InvalidToken"), (ApiError, "Sign in again with dpyauth.login()")),
    "AlreadySubscribed": (ApiError, "Another stream of this session has this already: use that one, or close it first"),
    **dict.fromkeys(PASSING - {"RateLimit"}, (ApiError, "It may be gone in a moment: run the cell again")),
}
"""The error for a code, and what to do."""


def api_error(reply: Reply, call: str, secrets: Collection[Secret], kinds: Kinds) -> ApiError | None:
    """The error that a reply amounts to, if it is one; secrets of the request that it repeats are blotted out."""
    code = error_code(reply)
    if code is None:
        return None
    raw = reply["error"] if isinstance(reply["error"], dict) else {}
    said = str(scrub(raw.get("message") or "", secrets)).strip().rstrip(".")
    details = raw.get("details")
    details = scrub(details, secrets) if isinstance(details, dict) else {}
    kind, advice = kinds.get(code, (ApiError, ""))
    reasons = "; ".join(f"{name}: {reason}" for name, reason in details.items()) if kind is InputRefused else ""
    parts = [f"Deriv answered '{call}' with {code}" + (f": {said}" if said else ""), reasons, advice]
    return kind(". ".join(part for part in parts if part) + ".", call=call, code=code, details=details)
