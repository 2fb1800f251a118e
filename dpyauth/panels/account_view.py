"""Describe the account in use, its scopes, and the other accounts. None of it is secret."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from dpyauth.apis.base import by_looks
from dpyauth.net.messages import flag
from dpyauth.panels.card_rows import Light, light, plain
from dpyauth.texts import Words, number
from dpyauth.texts.languages import ENGLISH
from dpyauth.texts.said import in_language

if TYPE_CHECKING:
    from dpyauth.session import Session


def news(session: Session, words: Words) -> dict[str, str] | None:
    """Return a notice about the session itself, if there is one."""
    because = session.core.signed_out_because
    if session.state == "signed out" and because:
        return {"title": words["signed_out"], "text": in_language(because, words["lang"]), "kind": "info"}
    if session.core.active_account is not None and (remarks := session.core.remarks):
        return {"title": words["note"], "text": in_language(remarks, words["lang"]), "kind": "info"}
    return None


def account(session: Session, language: str) -> dict[str, Any] | None:
    """Return the account in use; ``kind`` comes from `Core.kind_of`."""
    account, credential = session.core.active_account, session.core.credential
    if account is None:
        return None
    return {
        "loginid": account.loginid,
        "currency": account.currency,
        "kind": session.core.kind_of(demo=account.demo),
        "api": session.api,
        "source": in_language(credential.source, language) if credential else "",
    }


def scopes(session: Session, words: Words) -> list[Light]:
    """Return the scopes of the token in use: as Deriv states them, else as far as its replies have shown."""
    account, access, labels = session.core.active_account, session.core.sign_in, session.core.api_facts.scopes
    if account is None or access is None:
        return []
    if account.scopes is not None:
        return [light("plain", plain(labels.get(scope, scope))) for scope in account.scopes] or [light("plain", "–")]
    known = {label: access.learned.of([scope]) for scope, label in labels.items()}
    lights = [light("plain", label) for label, held in known.items() if held]
    lights += [light("off", words("scope_lacking", scope=label)) for label, held in known.items() if held is False]
    rest = [label for label, held in known.items() if held is None]
    said = words("scopes_not_stated", scopes=rest) if lights else words["scopes_unknown"]
    return [*lights, *([light("plain", said)] if rest else [])]


def accounts(session: Session, balances: Mapping[str, object], language: str) -> list[dict[str, Any]]:
    """Return the accounts to choose from, if the sign-in gives access to several."""
    account, granted = session.core.active_account, session.core.grants
    if account is None or len(granted) < 2:
        return []
    rows = {loginid: account.listed(loginid) for loginid in granted}
    return [
        {
            "loginid": loginid,
            "currency": str(row.get("currency") or ""),
            "kind": session.core.kind_of(demo=is_demo(session, loginid)),
            "status": status(session, loginid),
            "balance": money(balances.get(loginid, row.get("balance")), language),
            "current": loginid == account.loginid,
        }
        for loginid, row in rows.items()
    ]


_WRITTEN_OUT = 40
"""Digits above which an amount is written with an exponent. Without a limit, ``1e999999999`` would fill the memory."""


def money(amount: object, language: str = ENGLISH) -> str:
    """Return an exact amount as the language writes it, with two decimals or more; empty if it is not an amount.

    The decimals are filled up because a JSON number has lost the zeros at its end.
    """
    try:
        exact = Decimal(str(amount))
    except InvalidOperation:
        return ""
    if not exact.is_finite():
        return ""
    if abs(exact.adjusted()) > _WRITTEN_OUT:
        return str(exact)
    return number(exact, language, places=2)


def status(session: Session, loginid: str) -> str:
    """Return whether an account of the sign-in is ``"active"`` or ``"inactive"``; empty if Deriv does not say."""
    said = flag(session.core.listed_account(loginid).get("is_disabled"))
    return "" if said is None else "inactive" if said else "active"


def is_demo(session: Session, loginid: str) -> bool:
    """Return whether an account of the sign-in is a demo account, judged by its login ID if Deriv does not say."""
    said = flag(session.core.listed_account(loginid).get("is_virtual"))
    return said if said is not None else by_looks([loginid])[0].demo
