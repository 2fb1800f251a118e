"""Explain the error codes in replies over a WebSocket, by call, and what to do about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dpyauth.errors import ApiError, InputRefused, PermissionDenied, RateLimited

if TYPE_CHECKING:
    from dpyauth.catalog.calls import Call

Kind = tuple[type[ApiError], str]
"""Type of the error for a code, and advice on what to do."""

PASSING = {"RateLimit", "WrongResponse", "InternalServerError", "InternalError", "Timeout", "CallError"}
"""Codes of errors that may be temporary."""

KINDS: Mapping[str, Kind] = {
    "PermissionDenied": (PermissionDenied, ""),
    "InputValidationFailed": (InputRefused, ""),
    "RateLimit": (RateLimited, "Wait a minute and run the cell again"),
    "AuthorizationRequired": (ApiError, "Sign in again with dpyauth.login()"),
    "AlreadySubscribed": (ApiError, "Another stream of this session is the same: use that one, or close it first"),
    **dict.fromkeys(PASSING - {"RateLimit"}, (ApiError, "This may be temporary: run the cell again")),
}
"""Kinds of the codes that mean the same in every call."""

_APPS = {"app_delete", "app_get", "app_markup_details", "app_update", "revoke_oauth_app"}
_TRADERS = {"copy_start", "copy_stop"}
_TOKENS = {"tokens", "delete_token"}
_ACCOUNTS = {"account", "loginid", "account_id", "client_loginid"}


def meaning(
    code: str, call: Call | None, asked: Mapping[str, Any], kinds: Mapping[str, Kind], held: bool | None = None
) -> Kind:
    """Return the type of the error for a code, and advice on what to do.

    Parameters
    ----------
    code : str
        Deriv's code.
    call : Call, optional
        Call that got this error, if it is known.
    asked : mapping
        Request, as the reply repeats it.
    kinds : mapping
        Kinds of the codes of this API.
    held : bool, optional
        True if the token is known to have the scope for the call.
    """
    kind, advice = kinds.get(code, (ApiError, ""))
    if code == "PermissionDenied":
        advice = _permission(call, asked, held)
    elif code == "InvalidToken" and (other := _other_token(call, asked)):
        return ApiError, other
    elif code == "InvalidAppID" and call is not None and call.name in _APPS:
        return ApiError, "You have no app with this ID: session.apps() lists yours"
    return kind, advice


def _permission(call: Call | None, asked: Mapping[str, Any], held: bool | None) -> str:
    named = any(isinstance(asked.get(name), str) and asked[name] not in {"", "all", "current"} for name in _ACCOUNTS)
    if named:
        return (
            "That account does not belong to this sign-in, or its token has no access to it: session.accounts() lists "
            "the accounts"
        )
    if call is None or not call.scopes:
        return "Deriv does not allow this account to do that"
    if held:
        return "Your token has the scope for it, so the reason is the account: not every kind of account may do this"
    scopes = " or ".join(f"'{scope}'" for scope in call.scopes)
    return f"Sign in with a token that has the scope {scopes}; if yours has it, this kind of account may not do that"


def _other_token(call: Call | None, asked: Mapping[str, Any]) -> str:
    """Return the advice if the refused token is not, or need not be, the session's; otherwise empty."""
    if call is None:
        return ""
    if asked.get("verification_code"):
        return (
            "Deriv does not accept the code from the e-mail: it is mistyped or too old. The call verify_email sends "
            "another one. You are still signed in"
        )
    if call.name in _TRADERS or _TOKENS & asked.keys():
        return "Deriv does not accept a token in the request. It is not the token that you signed in with"
    return ""
