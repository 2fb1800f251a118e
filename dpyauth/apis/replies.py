"""The error that a reply of a WebSocket amounts to; both APIs word them alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from dpyauth.apis.shapes import veiled
from dpyauth.credentials import Secret, scrub
from dpyauth.errors import ApiError, InputRefused, PermissionDenied, RateLimited
from dpyauth.wire.replies import Reply, error_code, error_of, leaves_open, subcode_of

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


def api_error(
    reply: Reply, call: str, secrets: Collection[Secret], kinds: Kinds, *, changes: bool = False
) -> ApiError | None:
    """Return the error that a reply amounts to, if it is one; what it repeats of secrets is blotted out.

    ``secrets`` are those of the request: of them, even short ones.
    """
    code = error_code(reply)
    if code is None:
        return None
    raw = error_of(reply) or {}
    code = str(scrub(code, secrets))
    kind, advice = kinds.get(code, (ApiError, ""))
    if changes and leaves_open(code):
        advice = ""  # to run it again is no advice where it may have happened
    subcode = subcode_of(raw, secrets)
    said = str(scrub(raw.get("message") or "", secrets)).strip().rstrip(".")
    details = raw.get("details")
    details = details if isinstance(details, dict) else {}
    if kind is not InputRefused:  # there they are reasons, by field
        details = veiled(details, None, call=call)
    details = scrub(details, secrets)
    reasons = "; ".join(f"{name}: {reason}" for name, reason in details.items()) if kind is InputRefused else ""
    shown = f"{code} ({subcode})" if subcode else code
    parts = [f"Deriv answered '{call}' with {shown}" + (f": {said}" if said else ""), reasons, advice]
    text = ". ".join(part for part in parts if part) + "."
    return kind(text, call=call, code=code, subcode=subcode, details=details)
