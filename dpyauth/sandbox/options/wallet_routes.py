"""Answer the calls that read wallets. The codes of refusals and the meaning of a window are the sandbox's own."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from dpyauth.sandbox.options.body_forms import CURRENCY, THREE_LETTERS, matching, moment
from dpyauth.sandbox.options.http_answers import Answer
from dpyauth.sandbox.options.payments import exchange_rate
from dpyauth.sandbox.options.problem import Problem
from dpyauth.sandbox.options.rest_requests import Request, answers
from dpyauth.sandbox.options.wallet_books import KINDS, Entry, Wallet, digits, iso, text
from dpyauth.settings import is_loopback

_FILTERS: Final = ("request_id", "transaction_currency", "start_date_time", "end_date_time")


@answers("wallet_list")
def wallets(ask: Request) -> Answer:
    """Answer with the balances of the wallets."""
    since, until = _window(ask)
    wanted = matching(ask.query("conversion_currency"), THREE_LETTERS, "conversion_currency")
    if wanted:
        exchange_rate(wanted, wanted)
    as_sent = float if ask.options.money == "numbers" else str
    rows = []
    for wallet in ask.person.wallets:
        held = {name: _sums(wallet, name, since, until) for name in wallet.currencies}
        row = {
            "wallet_id": wallet.wallet_id,
            "type": wallet.kind,
            "balances": {
                name: {key: as_sent(text(units, name)) for key, units in sums.items()} for name, sums in held.items()
            },
        }
        if wanted:
            row["total_balance"] = {"converted_to": wanted} | {
                f"approximate_total_{key}": as_sent(_converted({name: held[name][key] for name in held}, wanted))
                for key in ("balance", "input", "output")
            }
        rows.append(row)
    return ask.rest.data(rows)


def _sums(wallet: Wallet, currency: str, since: float | None, until: float | None) -> dict[str, int]:
    """Return the balance at the end of a window, and the amounts that came in and went out in it."""
    came, went = wallet.flows(currency, since, until)
    return {"balance": wallet.balance(currency, until), "input": came, "output": went}


def _converted(amounts: dict[str, int], wanted: str) -> str:
    """Return the sum of amounts, in their smallest units, in another currency; leave out those without a rate."""
    total = Decimal(0)
    for name, units in amounts.items():
        try:
            total += Decimal(units).scaleb(-digits(name)) * exchange_rate(name, wanted)
        except Problem:
            continue
    return f"{total:.{digits(wanted)}f}"


@answers("wallet_transactions")
def transactions(ask: Request) -> Answer:
    """Answer with a page of the transactions of a wallet."""
    kind = ask.found["wallet_type"]
    if kind not in KINDS:
        raise Problem(400, "ValidationError", f"wallet_type is one of {', '.join(KINDS)}", "wallet_type")
    wallet = ask.person.wallet(kind)
    if wallet is None:
        raise Problem(404, "WalletNotFound", "You have no such wallet")
    options, now = ask.options, ask.now
    cursor, cursors = ask.query("page_cursor"), options.payments.cursors
    if cursor:
        filters, size, end = cursors.read(cursor, wallet.wallet_id, now, options.cursor_lifetime)
    else:
        filters = {name: ask.query(name) for name in _FILTERS}
        size, end = ask.whole("per_page", 100, 100, 1000, 400), None
    rows = _found(wallet, filters)
    # Rows are only added, so a place counted from the oldest row never changes.
    end = len(rows) if end is None else end
    start = max(0, end - size)

    def cursor_of(place: int | None) -> str:
        return cursors.make(wallet.wallet_id, now, (filters, size, place))

    shown = {
        "start_date_time": _told(filters, "start_date_time"),
        "end_date_time": _told(filters, "end_date_time"),
        "transactions": [_row(entry, options.times, options.money) for entry in reversed(rows[start:end])],
    }
    links = {
        "self": cursor_of(end),
        "next": cursor_of(start) if start else None,
        "prev": cursor_of(min(len(rows), end + size)) if end < len(rows) else None,
        "first": cursor_of(None),
    }
    if options.links == "absent" and start == 0 and end == len(rows):
        return ask.rest.data(shown)
    return ask.rest.data(shown, links={name: _link(ask, value) for name, value in links.items()})


def _found(wallet: Wallet, filters: dict[str, str]) -> list[Entry]:
    """Return the transactions that pass the filters, oldest first."""
    currency = matching(filters["transaction_currency"], THREE_LETTERS, "transaction_currency")
    since = moment(filters["start_date_time"], "start_date_time")
    until = moment(filters["end_date_time"], "end_date_time")
    request_id = filters["request_id"]
    found: Iterable[Entry] = wallet.entries
    if request_id:
        found = (entry for entry in found if entry.request_id == request_id)
    if currency:
        found = (entry for entry in found if entry.currency == currency)
    if since is not None:
        found = (entry for entry in found if entry.when >= since)
    if until is not None:
        found = (entry for entry in found if entry.when <= until)
    return list(found)


def _told(filters: dict[str, str], name: str) -> str | None:
    when = moment(filters[name], name)
    return None if when is None else iso(when)


def _row(entry: Entry, times: str, money: str) -> dict[str, Any]:
    as_sent = float if money == "numbers" else str
    return {
        "request_id": entry.request_id,
        "transaction_id": entry.number,
        "timestamp": str(entry.when) if times == "epoch" else iso(entry.when),
        "category": "deposit" if entry.is_deposit else "withdrawal",
        "channel": entry.channel,
        "metadata": {
            "transaction_status": entry.status,
            "transaction_gross_amount": as_sent(text(entry.gross, entry.currency)),
            "transaction_net_amount": as_sent(text(entry.net, entry.currency)),
            "transaction_currency": entry.currency,
            **entry.parties,
        },
    }


def _link(ask: Request, cursor: str | None) -> str | None:
    """Return a link in the form that `Options.links` sets."""
    if cursor is None or ask.options.links == "cursors":
        return cursor
    request = ask.rest.request
    query = "?" + urlencode({"page_cursor": cursor})
    if ask.options.links == "relative":
        return request.path + query
    return f"{'http' if is_loopback(request.host_name) else 'https'}://{request.host}{request.path}{query}"


@answers("wallet_exchange_rate")
def quote(ask: Request) -> Answer:
    """Answer with an exchange rate and its token."""
    pair = [matching(ask.query(name), CURRENCY, name) for name in ("source_currency", "destination_currency")]
    for name, given in zip(("source_currency", "destination_currency"), pair, strict=True):
        if not given:
            raise Problem(400, "FieldIsRequired", f"{name} is required", name)
    source, destination = pair
    if source == destination:
        raise Problem(400, "ValidationError", "The currencies must differ", "destination_currency")
    options = ask.options
    rate, token = options.payments.quote(ask.person, source, destination, ask.now + options.rate_lifetime)
    return ask.rest.data({"exchange_rate": rate, "rate_token": token})


def _window(ask: Request) -> tuple[float | None, float | None]:
    since, until = (moment(ask.query(name), name) for name in ("start_date_time", "end_date_time"))
    if since is not None and until is not None and until < since:
        raise Problem(400, "ValidationError", "end_date_time is before start_date_time", "end_date_time")
    return since, until
