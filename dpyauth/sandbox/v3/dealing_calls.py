"""Answer calls that price, buy, sell and change contracts."""

from __future__ import annotations

import json
import uuid
from typing import Any, Final

from dpyauth.sandbox import dealing, offers
from dpyauth.sandbox.currencies import money, text
from dpyauth.sandbox.dealing import Quote
from dpyauth.sandbox.encoding import Refusal, Reply
from dpyauth.sandbox.ledgers import Row
from dpyauth.sandbox.offers import Terms
from dpyauth.sandbox.v3 import position_calls
from dpyauth.sandbox.v3.handlers import Ask, answers

_UNASKED: Final = ("passthrough", "req_id", "subscribe")


@answers("proposal")
def _proposal(ask: Ask) -> Reply:
    terms = offers.read(ask.request)
    if ask.grant and terms.currency != ask.account.currency:
        message = f"This account is in {ask.account.currency or 'no currency yet'}."
        raise offers.invalid("NotDefaultCurrency", message, "currency", "InvalidCurrency")
    first = Reply("proposal", priced(terms, dealing.quote(terms, int(ask.now))))
    if not ask.get("subscribe"):
        first.payload["id"] = str(uuid.uuid4())
        ask.connection.proposals.add(first.payload["id"], terms, ask.now + dealing.LIFETIME)
        return first
    connection = ask.connection
    if connection.streams.count("proposal") >= connection.most_proposals:
        raise Refusal("RateLimit", "This connection has the most streams of proposals allowed.")

    def moved(second: int) -> Reply | None:
        if second % terms.symbol.every:
            return None
        try:
            return Reply("proposal", priced(terms, dealing.quote(terms, second)))
        except Refusal:  # no price at the moment
            return None

    same = json.dumps({key: value for key, value in ask.request.items() if key not in _UNASKED}, sort_keys=True)
    stream = ask.stream("proposal", same, "second", moved)
    connection.proposals.add(stream.id, terms)
    return stream.stamp(first)


def priced(terms: Terms, quote: Quote) -> dict[str, Any]:
    """Return the payload of a proposal."""
    contract, currency = quote.contract, terms.currency
    least, most, payout = offers.limits(currency)
    shown: dict[str, Any] = {
        "ask_price": money(quote.ask, currency),
        "date_start": contract.bought,
        "display_value": text(quote.ask, currency),
        "longcode": contract.longcode(),
        "payout": money(contract.payout, currency),
        "spot": quote.spot,
        "spot_time": quote.spot_time,
        "validation_params": {"stake": {"min": text(least, currency), "max": text(most, currency)}},
    }
    if not contract.multiplier:
        shown["date_expiry"] = contract.expiry
        shown["validation_params"]["payout"] = {"max": text(payout, currency)}
        if contract.category != "digits":
            shown["contract_details"] = {"barrier": f"{contract.strike:.{terms.symbol.digits}f}"}
        return shown
    shown["multiplier"] = contract.multiplier
    shown["commission"] = money(contract.commission, currency)
    shown["limit_order"] = position_calls.limits(contract, currency)
    if contract.cancellation:
        price = money(contract.cancellation.price, currency)
        shown["cancellation"] = {"ask_price": price, "date_expiry": contract.cancellation.until}
    return shown


@answers("buy")
def _buy(ask: Ask) -> Reply:
    dealing.check_trader(ask.account, ask.user.status)
    account, now = ask.account, int(ask.now)
    if ask.request["buy"] != "1":
        terms = ask.connection.proposals.take(ask.request["buy"], ask.now, ask.connection.streams.forget)
    elif "parameters" not in ask.request:
        details = {"parameters": "This field is missing."}
        raise Refusal("InputValidationFailed", "Input validation failed: parameters", details)
    else:
        terms = offers.read(ask.request["parameters"])
    contract_id, app_id = ask.world.contract_id(), ask.connection.app_id or None
    row = dealing.buy(account, terms, now, contract_id, ask.request["price"], app_id)
    ask.world.tell("ledger", (account, row))
    contract = row.contract
    assert contract is not None
    shown = {
        "balance_after": account.money(row.balance_after),
        "buy_price": account.money(contract.price),
        "contract_id": contract.contract_id,
        "longcode": contract.longcode(),
        "payout": account.money(contract.payout),
        "purchase_time": contract.bought,
        "shortcode": contract.shortcode(account.digits),
        "start_time": contract.bought,
        "transaction_id": row.transaction_id,
    }
    reply = Reply("buy", shown)
    if ask.get("subscribe"):
        reply.extra["subscription"] = {"id": position_calls.watch(ask, account, contract).id}
    return reply


@answers("sell")
def _sell(ask: Ask) -> dict[str, Any]:
    return _closed(ask, dealing.sell(ask.account, ask.request["sell"], int(ask.now), ask.request["price"]))


@answers("cancel")
def _cancel(ask: Ask) -> dict[str, Any]:
    return _closed(ask, dealing.cancel(ask.account, ask.request["cancel"], int(ask.now)))


def _closed(ask: Ask, row: Row) -> dict[str, Any]:
    """Send a closed contract to the streams, and return the payload for its owner."""
    account, contract = ask.account, row.contract
    assert contract is not None
    ask.world.tell("ledger", (account, row))
    return {
        "balance_after": account.money(row.balance_after),
        "contract_id": contract.contract_id,
        "reference_id": contract.buy_id,
        "sold_for": account.money(row.amount),
        "transaction_id": row.transaction_id,
    }


@answers("sell_expired")
def _sell_expired(ask: Ask) -> dict[str, int]:
    """Do nothing: in the sandbox, contracts are always settled when they end."""
    return {"count": 0}


@answers("contract_update")
def _contract_update(ask: Ask) -> dict[str, Any]:
    account = ask.account
    contract = dealing.update(account, ask.request["contract_id"], ask.request["limit_order"], int(ask.now))
    return position_calls.orders(contract, account.currency)


@answers("contract_update_history")
def _contract_update_history(ask: Ask) -> list[dict[str, Any]]:
    account = ask.account
    contract = account.ledger.find(ask.request["contract_id"])
    if contract is None:
        raise Refusal("ContractNotFound", "This account has no such contract.", subcode="ContractNotFound")
    return position_calls.changes(contract, account.currency)[: int(ask.get("limit", 500))]
