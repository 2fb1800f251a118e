"""Answer calls about API tokens and registered apps."""

from __future__ import annotations

from typing import Any

from dpyauth.sandbox.encoding import Refusal
from dpyauth.sandbox.registered_apps import LINKS, App, problem_with
from dpyauth.sandbox.users import Token
from dpyauth.sandbox.v3.handlers import Ask, answers


@answers("api_token")
def _api_token(ask: Ask) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    name, unwanted = ask.get("new_token"), ask.get("delete_token")
    if unwanted is not None:
        if not any(grant.value == unwanted for grant in _own(ask)):
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


def _own(ask: Ask) -> list[Token[str]]:
    """Return the account's valid API tokens."""
    loginid = ask.account.loginid
    grants = ask.world.issued.values()
    return [grant for grant in grants if grant.owner == loginid and grant.app_id is None and not grant.refusal]


def _token_row(grant: Token[str]) -> dict[str, Any]:
    return {
        "display_name": grant.name,
        "last_used": "",
        "scopes": list(grant.scopes),
        "token": grant.value,
        "valid_for_ip": grant.ip,
    }


@answers("app_list")
def _app_list(ask: Ask) -> list[dict[str, Any]]:
    return [app.row(nothing=None) for app in _registered(ask)]


@answers("app_get")
def _app_get(ask: Ask) -> dict[str, Any]:
    return _own_app(ask, "AppGet").row()  # this call leaves out fields for which the list has null


@answers("app_register")
def _app_register(ask: Ask) -> dict[str, Any]:
    _check_app(ask, "AppRegister")
    app = ask.world.apps.register(
        ask.request["name"], ask.get("redirect_uri", ""), ask.request["scopes"], ask.user.user_id
    )
    return _fill(app, ask).row()


@answers("app_update")
def _app_update(ask: Ask) -> dict[str, Any]:
    app = _own_app(ask, "AppUpdate")
    _check_app(ask, "AppUpdate", app.redirect_uri, app.markup)
    scopes = tuple(ask.request["scopes"])
    if set(scopes) != set(app.scopes):  # no user has agreed to the new scopes
        ask.world.shut_out(app.app_id)
    app.name, app.scopes, app.redirect_uri = ask.request["name"], scopes, ask.get("redirect_uri", app.redirect_uri)
    return _fill(app, ask).row()


@answers("app_delete")
def _app_delete(ask: Ask) -> int:
    app = _own_app(ask, "AppDelete")
    ask.world.shut_out(app.app_id)
    ask.world.apps.delete(app.app_id)
    return 1


def _registered(ask: Ask) -> list[App]:
    return ask.world.apps.of(ask.user.user_id)


def _own_app(ask: Ask, code: str) -> App:
    for app in _registered(ask):
        if app.app_id == ask.request[ask.call]:
            return app
    raise Refusal(code, "Not Found")


def _check_app(ask: Ask, code: str, redirect_uri: str = "", markup: float = 0) -> None:
    """Refuse an app for reasons that its schema cannot express."""
    wrong = problem_with(
        ask.get("redirect_uri", redirect_uri), ask.request["scopes"], ask.get("app_markup_percentage", markup)
    )
    if wrong:
        raise Refusal(code, wrong)


def _fill(app: App, ask: Ask) -> App:
    app.markup = ask.get("app_markup_percentage", app.markup)
    app.links |= {name: ask.request[name] for name in LINKS if name in ask.request}
    return app


@answers("oauth_apps")
def _oauth_apps(ask: Ask) -> list[dict[str, Any]]:
    return [
        {
            "app_id": app.app_id,
            "app_markup_percentage": app.markup,
            "last_used": used,
            "name": app.name,
            "official": int(app.official),
            "scopes": list(app.scopes),
        }
        for app, used in ask.world.apps.used_by(ask.user.user_id)
    ]


@answers("revoke_oauth_app")
def _revoke_oauth_app(ask: Ask) -> int:
    if not ask.world.shut_out(ask.request["revoke_oauth_app"], ask.user):
        raise Refusal("RevokeOauthApp", "Not Found")
    return 1
