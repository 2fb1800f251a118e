"""Put into words the account in use, its scopes, and the accounts beside it; none of it is secret."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from dpyauth.apis.base import by_looks
from dpyauth.net.messages import flag
from dpyauth.panels.card_rows import Light, light, plain
from dpyauth.panels.texts import texts

if TYPE_CHECKING:
    from dpyauth.session import Session

_ENGLISH = texts("sign-in")


def news(session: Session, words: Mapping[str, str] = _ENGLISH) -> dict[str, str] | None:
    """Return what there is to say about the session itself."""
    because = session.core.signed_out_because
    if session.state == "signed out" and because:
        return {"title": words["signed_out"], "text": f"{because[0].upper()}{because[1:]}.", "kind": "info"}
    if session.core.active_account is not None and (remarks := session.core.remarks):
        return {"title": words["note"], "text": remarks, "kind": "info"}
    return None


def account(session: Session) -> dict[str, Any] | None:
    """Return the account in use; ``kind`` is what it is called, as `Core.kind_of` says."""
    account, credential = session.core.active_account, session.core.credential
    if account is None:
        return None
    return {
        "loginid": account.loginid,
        "currency": account.currency,
        "kind": session.core.kind_of(demo=account.demo),
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
            "kind": session.core.kind_of(demo=is_demo(session, loginid)),
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
