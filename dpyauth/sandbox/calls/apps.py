"""Calls about API tokens and registered apps."""

from __future__ import annotations

from typing import Any, Final

from dpyauth.sandbox.calls.registry import Ask, answers
from dpyauth.sandbox.messages import Refusal
from dpyauth.sandbox.users import OWN_APP_ID, SCOPES, Grant

_RICH: Final = 9000001
_LINKS: Final = ("appstore", "github", "googleplay", "homepage", "verification_uri")


@answers("api_token")
def _api_token(ask: Ask) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    name, unwanted = ask.get("new_token"), ask.get("delete_token")
    if unwanted is not None:
        if not any(grant.token == unwanted for grant in _own(ask)):
            raise Refusal("InvalidToken", "This account has no such token.")
        ask.world.revoke(unwanted)
        shown["delete_token"] = 1
    if name is not None:
        if not 2 <= len(name) <= 32:
            raise Refusal(
                "InputValidationFailed", "Input validation failed: new_token", {"new_token": "2 to 32 characters."}
            )
        scopes = tuple(ask.get("new_token_scopes") or ("read",))
        ask.world.create_token(
            ask.account.loginid, name, scopes, "127.0.0.1" if ask.get("valid_for_current_ip_only") else ""
        )
        shown["new_token"] = 1
    return {**shown, "tokens": [_token_row(grant) for grant in _own(ask)]}


def _own(ask: Ask) -> list[Grant]:
    """The account's API tokens that work."""
    loginid = ask.account.loginid
    grants = ask.world.grants.values()
    return [grant for grant in grants if grant.loginid == loginid and grant.app_id is None and not grant.refusal]


def _token_row(grant: Grant) -> dict[str, Any]:
    return {
        "display_name": grant.name,
        "last_used": "",
        "scopes": list(grant.scopes),
        "token": grant.token,
        "valid_for_ip": grant.ip,
    }


def _apps(ask: Ask) -> list[dict[str, Any]]:
    if ask.user.user_id != _RICH:
        return []
    common = {
        "active": 1,
        "app_markup_percentage": 0,
        "redirect_uri": "http://127.0.0.1/callback",
        "scopes": list(SCOPES[:3]),
    }
    links = dict.fromkeys(_LINKS)
    return [
        {**common, **links, "app_id": OWN_APP_ID, "name": "Sandbox notebook"},
        {
            **common,
            **links,
            "app_id": OWN_APP_ID + 1,
            "name": "Sandbox spare",
            "active": 0,
            "app_markup_percentage": 1.5,
        },
    ]


@answers("app_list")
def _app_list(ask: Ask) -> list[dict[str, Any]]:
    return _apps(ask)


@answers("app_get")
def _app_get(ask: Ask) -> dict[str, Any]:
    for app in _apps(ask):
        if app["app_id"] == ask.request["app_get"]:
            return {**app, **{name: "" for name in _LINKS}}  # where the list says null, this says nothing
    raise Refusal("AppGet", "Not Found")


@answers("oauth_apps")
def _oauth_apps(ask: Ask) -> list[dict[str, Any]]:
    if not ask.user.name:
        return []
    used = "2026-10-31 12:00:00"
    common = {"app_markup_percentage": 0, "scopes": list(SCOPES[:4])}
    return [
        {**common, "app_id": OWN_APP_ID, "last_used": used, "name": "Sandbox notebook", "official": 0},
        {**common, "app_id": 16929, "last_used": None, "name": "Sandbox trader", "official": 1},
    ]
