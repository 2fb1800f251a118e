"""Explain the error codes in replies over a WebSocket, by call, and what to do about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dpyauth.errors import ApiError, InputRefused, PermissionDenied, RateLimited
from dpyauth.texts import Either
from dpyauth.texts.said import Said, said

if TYPE_CHECKING:
    from dpyauth.catalog.calls import Call

Kind = tuple[type[ApiError], str | Callable[[], str]]
"""Type of the error for a code, and advice on what to do: the key of its text, or a function that returns it."""

PASSING = {"RateLimit", "WrongResponse", "InternalServerError", "InternalError", "Timeout", "CallError"}
"""Codes of errors that may be temporary."""

KINDS: Mapping[str, Kind] = {
    "PermissionDenied": (PermissionDenied, ""),
    "InputValidationFailed": (InputRefused, ""),
    "RateLimit": (RateLimited, "wait_a_minute"),
    "AuthorizationRequired": (ApiError, "sign_in_again"),
    "AlreadySubscribed": (ApiError, "same_stream_open"),
    **dict.fromkeys(PASSING - {"RateLimit"}, (ApiError, "may_be_temporary")),
}
"""Kinds of the codes that mean the same in every call."""

_APPS = {"app_delete", "app_get", "app_markup_details", "app_update", "revoke_oauth_app"}
_TRADERS = {"copy_start", "copy_stop"}
_TOKENS = {"tokens", "delete_token"}
_ACCOUNTS = {"account", "loginid", "account_id", "client_loginid"}


def meaning(
    code: str, call: Call | None, asked: Mapping[str, Any], kinds: Mapping[str, Kind], held: bool | None = None
) -> tuple[type[ApiError], str]:
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
    kind, key = kinds.get(code, (ApiError, ""))
    advice = key() if callable(key) else said(key) if key else ""
    if code == "PermissionDenied":
        advice = _permission(call, asked, held)
    elif code == "InvalidToken" and (other := _other_token(call, asked)):
        return ApiError, other
    elif code == "InvalidAppID" and call is not None and call.name in _APPS:
        return ApiError, said("no_such_app")
    return kind, advice


def _permission(call: Call | None, asked: Mapping[str, Any], held: bool | None) -> Said:
    named = any(isinstance(asked.get(name), str) and asked[name] not in {"", "all", "current"} for name in _ACCOUNTS)
    if named:
        return said("account_not_yours")
    if call is None or not call.scopes:
        return said("account_may_not")
    if held:
        return said("scope_held")
    return said("scope_wanted", scopes=Either(f"'{scope}'" for scope in call.scopes))


def _other_token(call: Call | None, asked: Mapping[str, Any]) -> str:
    """Return the advice if the refused token is not, or need not be, the session's; otherwise empty."""
    if call is None:
        return ""
    if asked.get("verification_code"):
        return said("mailed_code_refused")
    if call.name in _TRADERS or _TOKENS & asked.keys():
        return said("other_token_refused")
    return ""
