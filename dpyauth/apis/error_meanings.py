"""Meaning of the error codes of a WebSocket's replies, by call, and what to do about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dpyauth.errors import ApiError, InputRefused, PermissionDenied, RateLimited

if TYPE_CHECKING:
    from dpyauth.catalog.calls import Call

Kind = tuple[type[ApiError], str]
"""The error for a code, and what to do."""

PASSING = {"RateLimit", "WrongResponse", "InternalServerError", "InternalError", "Timeout", "CallError"}
"""Codes that may be gone a moment later."""

KINDS: Mapping[str, Kind] = {
    "PermissionDenied": (PermissionDenied, ""),
    "InputValidationFailed": (InputRefused, ""),
    "RateLimit": (RateLimited, "Wait a minute and run the cell again"),
    "AuthorizationRequired": (ApiError, "Sign in again with dpyauth.login()"),
    "AlreadySubscribed": (ApiError, "Another stream of this session has this already: use that one, or close it first"),
    **dict.fromkeys(PASSING - {"RateLimit"}, (ApiError, "It may be gone in a moment: run the cell again")),
}
"""By code, where it means the same in every call."""

_APPS = {"app_delete", "app_get", "app_markup_details", "app_update", "revoke_oauth_app"}
_TRADERS = {"copy_start", "copy_stop"}
_TOKENS = {"tokens", "delete_token"}
_ACCOUNTS = {"account", "loginid", "account_id", "client_loginid"}


def meaning(
    code: str, call: Call | None, asked: Mapping[str, Any], kinds: Mapping[str, Kind], held: bool | None = None
) -> Kind:
    """Return the error for a code, and what to do.

    Parameters
    ----------
    code : str
        Deriv's code.
    call : Call, optional
        The call that was answered with it, where it is known.
    asked : mapping
        The request, as the reply repeats it.
    kinds : mapping
        What codes mean on this API.
    held : bool, optional
        Whether the token is known to have the scope for the call.
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
        return "That is no account of this sign-in, or its token may not see it: session.accounts() lists the accounts"
    if call is None or not call.scopes:
        return "Deriv does not let this account do that"
    if held:
        return "Your token has the scope for it, so it is the account: not every kind of account may do this"
    scopes = " or ".join(f"'{scope}'" for scope in call.scopes)
    return f"Sign in with a token that has the scope {scopes}; if yours has it, this kind of account may not do that"


def _other_token(call: Call | None, asked: Mapping[str, Any]) -> str:
    """Return what to do where the token that is refused is not the session's, or need not be."""
    if call is None:
        return ""
    if asked.get("verification_code"):
        return (
            "It is the code from the e-mail that Deriv does not accept, mistyped or too old: the call verify_email "
            "sends another one. You are still signed in"
        )
    if call.name in _TRADERS or _TOKENS & asked.keys():
        return "It is a token in the request that Deriv does not accept. The one that you signed in with is another"
    return ""
