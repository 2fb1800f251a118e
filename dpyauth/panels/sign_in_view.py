"""Put into words an error, an account, and the accounts beside it; none of it is secret."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from dpyauth import _environment
from dpyauth.apis.base import by_looks
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
from dpyauth.net.messages import flag
from dpyauth.panels.card_rows import Light, light, plain
from dpyauth.panels.texts import texts
from dpyauth.registry import APIS

if TYPE_CHECKING:
    from dpyauth.sandbox import Sandbox
    from dpyauth.session import Session
    from dpyauth.settings import Settings
    from dpyauth.targets import Targets

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

_ENGLISH = texts("sign-in")


def trouble(
    error: DpyauthError,
    api: str,
    offer: str = "",
    words: Mapping[str, str] = _ENGLISH,
    *,
    typed: bool = True,
    tried: bool = False,
) -> dict[str, str]:
    """Return what to say about an error, and beside which field.

    ``api``: the one that was asked; ``offer``: what there is a button for, to go on; ``typed``: whether it was asked
    with a token that was entered; ``tried``: whether the API that its text leads to has refused just before.
    """
    title = words[next((key for kind, key in _TITLES.items() if isinstance(error, kind)), "failed")]
    text = " ".join([str(error), *getattr(error, "__notes__", ())])
    if tried:
        text = text.replace(way_on(), words["tried_current"])
    field = _field(error)
    if account_missing(error):
        title = words["no_account"]
    if isinstance(error, InvalidSetting) and field:
        title = words[f"check_{field}"]
    if isinstance(error, SignInRefused) and api:
        title = words["refused_api"].format(title=title, api=api)
    if isinstance(error, ApiUnavailable):
        title = words["unavailable"].format(title=APIS[error.api].title)
    if token_refused(error) and _environment.on_hosted_server():
        text += " " + words["elsewhere"]
    place = {"field": field, "api": api} if field and api and (typed or field != "token") else {}
    return {"title": title, "text": text, "kind": "error", **place} | ({"offer": offer} if offer else {})


def of_another_api(mine: str, api: str, words: Mapping[str, str] = _ENGLISH) -> dict[str, str]:
    """Return what to say about a token of one API that was entered for another, before anything is sent."""
    told = {"mine": APIS[mine].title, "this": APIS[api].title, "credential": APIS[api].credential}
    title, text = words["other_token"].format(**told), words["other_token_text"].format(**told)
    return {"title": title, "text": text, "kind": "error", "field": "token", "api": api, "offer": "go on"}


def _field(error: DpyauthError) -> str:
    """Return the field of the panel that an error is about, where it is about one."""
    if isinstance(error, InvalidSetting):
        return error.field if error.field in _FIELDS else ""
    if isinstance(error, RedirectRefused):
        return error.code if error.code in _FIELDS else ""
    if isinstance(error, InvalidCredential):
        return "token"
    if isinstance(error, SignInRefused):
        about = "app ID" if error.code == "InvalidAppID" else "token" if token_refused(error) else error.about
        return {"app ID": "app_id", "token": "token"}.get(about, "")
    return ""


_FIELDS = ("app_id", "redirect_url")
"""Fields that can be entered beside a token."""


def late(seconds: float, words: Mapping[str, str] = _ENGLISH) -> dict[str, str]:
    """Return what to say when a browser sign-in has taken too long."""
    return {"title": words["late"], "text": words["late_text"].format(minutes=f"{seconds / 60:.0f}"), "kind": "info"}


def unheard(why: str, words: Mapping[str, str] = _ENGLISH) -> dict[str, str]:
    """Return what to say when nothing on this machine hears the browser come back."""
    return {"title": words["unheard"], "text": why, "kind": "info"}


def token_refused(error: DpyauthError) -> bool:
    """Return whether v3 refuses a token, for one of several reasons."""
    return isinstance(error, SignInRefused) and error.call == "authorize" and error.code == "InvalidToken"


def account_missing(error: DpyauthError) -> bool:
    """Return whether the user was refused only because there is no account yet."""
    return isinstance(error, SignInRefused) and error.code == "NoAccount"


def token_is_no_good(error: DpyauthError) -> bool:
    """Return whether it is useless to try the same token again, with another app ID or later."""
    if isinstance(error, SignInRefused):
        perhaps_another_app_id = _field(error) == "app_id" or error.about == "token or app ID"
        return not (perhaps_another_app_id or account_missing(error) or error.code.startswith("HTTP"))
    return isinstance(error, InvalidCredential | PermissionDenied)


def form(api: str, choice: Targets, here: Settings) -> dict[str, Any]:
    """Return the fields of one API: what stands in them at first, and where to get what belongs there."""
    facts, sandbox = APIS[api], choice.sandbox
    usual = choice.settings(api, None).app_id
    return {
        "api": api,
        "title": facts.title,
        "app_id": (here.app_id if here.api == api else usual) or "",
        "shared": facts.shared_app_id or "",
        "registers": sandbox is not None,  # the sandbox makes an app for every sign-in with the browser
        "names_redirect": facts.names_redirect and sandbox is None,
        "open": here.api == api and here.app_id != usual,  # the user has said so
        "scope": facts.scopes[facts.smallest_scope],
        "apps": facts.pages.apps,
        "tokens": facts.pages.tokens,
        "account": facts.pages.account,
    }


def news(session: Session, words: Mapping[str, str] = _ENGLISH) -> dict[str, str] | None:
    """Return what there is to say about the session itself."""
    because = session.core.signed_out_because
    if session.state == "signed out" and because:
        return {"title": words["signed_out"], "text": f"{because[0].upper()}{because[1:]}.", "kind": "info"}
    if session.core.active_account is not None and (remarks := session.core.remarks):
        return {"title": words["note"], "text": remarks, "kind": "info"}
    return None


def samples(sandbox: Sandbox) -> dict[str, dict[str, str]]:
    """Return the sandbox's sample tokens, by API and by label. Only the labels are shown."""
    return {api: {sample.label: sample.token for sample in sandbox.side(api).tokens} for api in APIS}


def account(session: Session) -> dict[str, Any] | None:
    """Return the account in use."""
    account, credential = session.core.active_account, session.core.credential
    if account is None:
        return None
    return {
        "loginid": account.loginid,
        "currency": account.currency,
        "kind": account.kind,
        "api": session.api,
        "source": credential.source if credential else "",
    }


def scopes(session: Session, words: Mapping[str, str] = _ENGLISH) -> list[Light]:
    """Return what the token in use may do: as Deriv states it, else as far as its answers have told."""
    account, access, labels = session.core.active_account, session.core.sign_in, session.core.api_facts.scopes
    if account is None or access is None:
        return []
    if account.scopes is not None:
        return [light("plain", plain(labels.get(scope, scope))) for scope in account.scopes] or [light("plain", "–")]
    known = {label: access.learned.of([scope]) for scope, label in labels.items()}
    lights = [light("plain", label) for label, held in known.items() if held]
    lights += [
        light("off", words["scope_lacking"].format(scope=label)) for label, held in known.items() if held is False
    ]
    rest = ", ".join(label for label, held in known.items() if held is None)
    said = words["scopes_not_stated"].format(scopes=rest) if lights else words["scopes_unknown"]
    return [*lights, *([light("plain", said)] if rest else [])]


def accounts(session: Session, balances: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the accounts to choose from, when the sign-in gave access to several."""
    account, granted = session.core.active_account, session.core.grants
    if account is None or len(granted) < 2:
        return []
    rows = {loginid: account.listed(loginid) for loginid in granted}
    return [
        {
            "loginid": loginid,
            "currency": str(row.get("currency") or ""),
            "kind": "demo" if is_demo(session, loginid) else "real",
            "status": status(session, loginid),
            "balance": balances.get(loginid) or money(row.get("balance")),
            "current": loginid == account.loginid,
        }
        for loginid, row in rows.items()
    ]


_WRITTEN_OUT = 40
"""Digits above which an amount is written with an exponent: it may have as many as fill the memory."""


def money(amount: object) -> str:
    """Return an amount as people write it, exact; empty where it is none. A number has lost zeros at its end."""
    try:
        exact = Decimal(str(amount))
    except InvalidOperation:
        return ""
    if not exact.is_finite():
        return ""
    if abs(exact.adjusted()) > _WRITTEN_OUT:
        return str(exact)
    places = exact.as_tuple().exponent
    return f"{exact:,.2f}" if isinstance(places, int) and places > -2 else f"{exact:,f}"


def status(session: Session, loginid: str) -> str:
    """Return whether an account of the sign-in is ``"active"`` or ``"inactive"``; empty where Deriv has not said."""
    said = flag(session.core.listed_account(loginid).get("is_disabled"))
    return "" if said is None else "inactive" if said else "active"


def is_demo(session: Session, loginid: str) -> bool:
    """Tell whether an account of the sign-in is a demo account; by its login ID, where Deriv has not said."""
    said = flag(session.core.listed_account(loginid).get("is_virtual"))
    return said if said is not None else by_looks([loginid])[0].demo
