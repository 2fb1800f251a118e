"""Answer calls about the earnings of apps and partners."""

from __future__ import annotations

import random
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final

from dpyauth.sandbox.ledgers import DAY, Contract
from dpyauth.sandbox.options.body_forms import Form, day
from dpyauth.sandbox.options.http_answers import Answer
from dpyauth.sandbox.options.persons import Partner
from dpyauth.sandbox.options.problem import Problem
from dpyauth.sandbox.options.rest_requests import Request, answers
from dpyauth.sandbox.users import Account

_LONGEST: Final = 730  # days
_HOUR: Final = 3600
_SIGN_UPS: Final = ("total", "real_accounts", "first_time_depositors", "first_time_traders")
_MOST_IDS: Final = 100
_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
_TAGS: Final = Form({"client_ids": list}, strict=False)


@answers("markup_statistics")
def markup_statistics(ask: Request) -> Answer:
    """Answer with the commissions of the user's apps."""
    first, last = day(ask.query("date_from"), "date_from"), day(ask.query("date_to"), "date_to")
    if first > last:
        raise Problem(422, "ValidationError", "date_from is after date_to", "date_from")
    first = max(first, _six_months_before(ask.now))  # without an error, as Deriv does
    until = min(last + DAY, ask.now - _HOUR)
    own = [app.app_id for app in ask.options.apps.values() if app.owner == ask.person.user.user_id]
    traded: dict[str, list[tuple[Account, Contract]]] = {}
    for account in _traders(ask) if own else ():
        for contract in account.ledger.contracts:
            if first <= contract.bought < until:
                traded.setdefault(own[contract.contract_id % len(own)], []).append((account, contract))
    total = _earned([each for app_id in traded for each in traded[app_id]])
    shown: dict[str, Any] = {f"total_{name}": value for name, value in total.items()}
    shown["breakdown"] = [{"app_id": app_id, **_earned(traded[app_id])} for app_id in own if app_id in traded]
    if ask.options.tells_range:
        shown |= {"date_from": _date(first), "date_to": _date(last)}
    return ask.rest.data(shown)


def _traders(ask: Request) -> list[Account]:
    """Return the accounts that trade with a person's apps: a partner's clients, or otherwise only the person."""
    person = ask.person
    if person.partner:
        return [ask.options.world.account(loginid) for loginid in person.partner.clients]
    return [account for account in person.accounts if not account.is_virtual]


def _earned(traded: list[tuple[Account, Contract]]) -> dict[str, Any]:
    """Return the earnings from contracts: one hundredth of the stakes. All accounts of this API are in USD."""
    volume = sum(contract.stake for _, contract in traded)
    payout = sum(contract.payout for _, contract in traded)
    return {
        "app_markup_usd": volume // 100 / 100,
        "volume_usd": volume / 100,
        "payout_usd": payout / 100,
        "contract_count": len(traded),
        "client_count": len({account.loginid for account, _ in traded}),
    }


def _six_months_before(now: float) -> int:
    """Return the beginning of the day six months ago."""
    today = datetime.fromtimestamp(now, UTC)
    year, month = divmod(today.year * 12 + today.month - 7, 12)
    return int(datetime(year, month + 1, min(today.day, 28), tzinfo=UTC).timestamp())


def _date(when: int) -> str:
    return f"{datetime.fromtimestamp(when, UTC):%Y-%m-%d}"


@answers("partners_analytics_overview")
def overview(ask: Request) -> Answer:
    """Answer with a partner's figures."""
    _partner(ask)
    first, last = (day(ask.query(name), name, 400) for name in ("start_date", "end_date"))
    if last < first:
        raise Problem(422, "ValidationError", "end_date is before start_date", "end_date")
    if last - first > _LONGEST * DAY:
        raise Problem(422, "ValidationError", f"The dates are more than {_LONGEST} days apart", "end_date")
    signups, earned, paid = Counter(dict.fromkeys(_SIGN_UPS, 0)), 0, 0
    for begun in range(first, min(last, int(ask.now)) + 1, DAY):
        dice = random.Random(begun)
        earned += (gain := dice.randrange(5_000))
        paid += gain if ask.now - begun > 30 * DAY else 0
        reached = dice.randrange(len(_SIGN_UPS) + 1)  # how far a user got who signed up on this day
        signups.update(_SIGN_UPS[:reached])
    return ask.rest.data(
        {
            "period": {"start_date": _date(first), "end_date": _date(last)},
            "currency": "USD",
            "has_lifetime_referred_client": True,
            "signups": dict(signups),
            "master_partner": {"earnings_occurred": earned / 100, "active_subpartners": min(2, signups["total"])},
            "activity": {
                "paid": paid / 100,
                "pending": (earned - paid) / 100,
                "active_traders": signups["first_time_traders"],
            },
        }
    )


@answers("partners_client_tags_check")
def check_tags(ask: Request) -> Answer:
    """Answer which clients belong to a partner."""
    partner = _partner(ask)
    given = _TAGS.check(ask.body)["client_ids"]
    if not 1 <= len(given) <= _MOST_IDS:
        raise Problem(422, "ValidationError", f"client_ids must hold from 1 to {_MOST_IDS} IDs", "client_ids")
    if not all(isinstance(each, str) and _CLIENT_ID.fullmatch(each.strip()) for each in given):
        raise Problem(422, "ValidationError", "client_ids contains something that is not an ID", "client_ids")
    rows = [{"client_id": each.strip(), "is_tagged": each.strip() in partner.clients} for each in given]
    return ask.rest.data(
        {
            "partner_id": partner.partner_id,
            "total_checked": len(rows),
            "tagged_count": sum(row["is_tagged"] for row in rows),
            "clients": rows,
        }
    )


def _partner(ask: Request) -> Partner:
    if ask.person.partner is None:
        raise Problem(404, "PartnerNotFound", "You are not a partner")
    return ask.person.partner
