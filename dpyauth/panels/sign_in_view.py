"""Describe what went wrong in a sign-in, and at which field. None of it is secret."""

from __future__ import annotations

from dpyauth import _environment
from dpyauth.apis.retiring import way_on
from dpyauth.errors import (
    ApiUnavailable,
    CallTimeout,
    ConnectionFailed,
    DpyauthError,
    InvalidCredential,
    InvalidSetting,
    KeepingFailed,
    PermissionDenied,
    RedirectRefused,
    SignInRefused,
)
from dpyauth.registry import APIS
from dpyauth.texts import Words

_TITLES: dict[type[DpyauthError], str] = {
    InvalidCredential: "check_token",
    InvalidSetting: "check_entries",
    RedirectRefused: "with_deriv_failed",
    SignInRefused: "refused",
    ApiUnavailable: "unavailable",
    ConnectionFailed: "unreachable",
    CallTimeout: "no_answer",
    KeepingFailed: "not_kept",
}


def trouble(
    error: DpyauthError,
    api: str,
    offer: str,
    words: Words,
    *,
    typed: bool = True,
    tried: bool = False,
) -> dict[str, str]:
    """Return the notice about an error, and the field it belongs to.

    ``api`` is the API that was asked, ``offer`` the kind of button to show, ``typed`` whether the user entered a token,
    and ``tried`` whether the API that the error recommends has refused a sign-in just before.
    """
    title = words[next((key for kind, key in _TITLES.items() if isinstance(error, kind)), "failed")]
    text = error.in_language(words["lang"])
    if tried:
        text = text.replace(way_on().said_in(words["lang"]), words["tried_current"])
    field = _field(error, words)
    if account_missing(error):
        title = words["no_account"]
    if isinstance(error, InvalidSetting) and field:
        title = words[f"check_{field}"]
    if isinstance(error, SignInRefused) and api:
        title = words("refused_api", title=title, api=api)
    if isinstance(error, ApiUnavailable):
        title = words("unavailable", title=APIS[error.api].title)
    if token_refused(error) and _environment.on_hosted_server():
        text += " " + words["elsewhere"]
    place = {"field": field, "api": api} if field and api and (typed or field != "token") else {}
    return {"title": title, "text": text, "kind": "error", **place} | ({"offer": offer} if offer else {})


def of_another_api(mine: str, api: str, words: Words) -> dict[str, str]:
    """Return the notice about a token for one API that was entered for another. Nothing has been sent."""
    told = {"mine": APIS[mine].title, "this": APIS[api].title, "credential": APIS[api].credential}
    title, text = words("other_token", **told), words("other_token_text", **told)
    return {"title": title, "text": text, "kind": "error", "field": "token", "api": api, "offer": "go on"}


def _field(error: DpyauthError, words: Words) -> str:
    """Return the field of the panel that an error is about; empty if there is none."""
    if isinstance(error, InvalidSetting):
        return _entered(error.field, words)
    if isinstance(error, RedirectRefused):
        return _entered(error.code, words)
    if isinstance(error, InvalidCredential):
        return "token"
    if isinstance(error, SignInRefused):
        about = "app ID" if error.code == "InvalidAppID" else "token" if token_refused(error) else error.about
        return {"app ID": "app_id", "token": "token"}.get(about, "")
    return ""


def _entered(name: str | None, words: Words) -> str:
    """Return the name if it is a field of the panel; each field has a title of its own for errors."""
    return name if name and f"check_{name}" in words else ""


def late(minutes: float, words: Words) -> dict[str, str]:
    """Return the notice for a browser sign-in that has taken too long."""
    return {"title": words["late"], "text": words("late_text", count=round(minutes)), "kind": "info"}


def unheard(error: DpyauthError, words: Words) -> dict[str, str]:
    """Return the notice for a sign-in whose listener could not be started."""
    return {"title": words["unheard"], "text": error.in_language(words["lang"]), "kind": "info"}


def token_refused(error: DpyauthError) -> bool:
    """Return whether v3 has refused a token; it does not say for which of several reasons."""
    return isinstance(error, SignInRefused) and error.call == "authorize" and error.code == "InvalidToken"


def account_missing(error: DpyauthError) -> bool:
    """Return whether the sign-in was refused only because there is no account yet."""
    return isinstance(error, SignInRefused) and error.code == "NoAccount"


def token_is_no_good(error: DpyauthError) -> bool:
    """Return whether the same token can never work, not even later or with another app ID."""
    if isinstance(error, SignInRefused):
        perhaps_another_app_id = error.code == "InvalidAppID" or error.about in ("app ID", "token or app ID")
        return not (perhaps_another_app_id or account_missing(error) or error.code.startswith("HTTP"))
    return isinstance(error, InvalidCredential | PermissionDenied)
