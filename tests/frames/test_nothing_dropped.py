"""Nothing that Deriv sends is dropped: a value without a place in the frame gets a row or a column of its own.

Each sample is changed in one place after the other, in every way in which a reply could change. Then every value of
the changed reply is looked for in the frame.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import pandas as pd
import pytest

from dpyauth import frames
from dpyauth.frames import Context, ledger
from dpyauth.sensitive import MASK

Path = tuple[str | int, ...]


class Sample(NamedTuple):
    """A payload in the usual form, and the parts of it that the frame omits."""

    build: Callable[..., pd.DataFrame]
    payload: Any
    omits: tuple[str, ...] = ()
    """Names of fields that are omitted on purpose, with everything inside them; the docstring of the frame says so, or
    another frame has them."""
    subject: str = ""
    """The place of the frame's subject in the payload; changes elsewhere concern other frames."""


STATUS = {
    "status": ["authenticated", "flag_of_tomorrow"],
    "risk_classification": "standard",
    "prompt_client_to_authenticate": 1,
    "p2p_status": "temp_ban",
    "p2p_poa_required": 0,
    "currency_config": {"USD": {"is_deposit_suspended": 0}, "BTC": {"is_withdrawal_suspended": 1}},
    "cashier_validation": ["no_residence"],
    "cashier_missing_fields": ["citizen_of"],
    "social_identity_provider": "apple",
    "authentication": {
        "needs_verification": ["document", "income"],
        "identity": {
            "status": "pending",
            "expiry_date": 1893456001,
            "services": {
                "idv": {"status": "rejected", "submissions_left": 12, "last_rejected": ["NAME_MISMATCH"]},
                "onfido": {"status": "suspected", "submissions_left": 13, "country_code": "IDN"},
                "manual": {"status": "none"},
            },
        },
        "document": {"status": "expired", "expiry_date": 1609459201, "verified_jurisdiction": {"bvi": 1, "svg": 0}},
        "income": {"status": "locked"},
        "ownership": {
            "status": "verified",
            "requests": [{"id": 71, "payment_method": "VISA", "documents_required": 3}],
        },
        "attempts": {
            "count": 41,
            "history": [{"service": "idv", "status": "rejected", "timestamp": 1609459202, "id": "a-1"}],
            "latest": {"service": "idv", "status": "rejected", "timestamp": 1609459202, "id": "a-1"},
        },
    },
}
LIMITS = {
    "account_balance": 300001.5,
    "payout_per_symbol": {"atm": 10001.5, "non_atm": {"less_than_seven_days": 3001.5}},
    "num_of_days": 31,
    "market_specific": {"forex": [{"name": "Majors", "level": "submarket", "payout_limit": 20001.5}]},
    "lifetime_transfers": {"crypto_to_fiat": {"allowed": 101.5, "available": 41.5}},
    "daily_transfers": {"mt5": {"allowed": 11, "available": 9}},
    "daily_cumulative_amount_transfers": {"enabled": 1, "allowed": 501.5, "available": 301.5},
}
SITE = {
    "site_status": "up",
    "api_call_limits": {"max_requests_pricing": {"applies_to": "proposals", "minutely": 81, "hourly": 3601}},
    "currencies_config": {
        "USD": {
            "name": "US Dollar",
            "type": "fiat",
            "fractional_digits": 2,
            "stake_default": 10.5,
            "transfer_between_accounts": {"limits": {"min": 1.5, "max": 5001.5}, "fees": {"BTC": 2.25}},
        }
    },
}
BALANCE = {
    "loginid": "CR90000001",
    "currency": "USD",
    "balance": 10.25,
    "accounts": {
        "CR90000001": {"balance": 10.25, "converted_amount": 9.75, "currency": "USD", "type": "deriv", "status": 1},
        "MTR90000003": {"balance": -25.5, "converted_amount": -23.5, "currency": "GBP", "type": "mt5"},
    },
    "total": {"deriv": {"amount": 9.125, "currency": "EUR"}, "mt5": {"amount": -23.125, "currency": "CHF"}},
}
CONTRACT = {
    "contract_id": 71,
    "contract_type": "CALL",
    "symbol": "R_100",
    "currency": "USD",
    "buy_price": 5.25,
    "payout": 9.75,
    "purchase_time": 1609459201,
    "expiry_time": 1609459301,
    "transaction_id": 72,
    "longcode": "Win",
}
MT5 = {
    "login": "MTR1000001",
    "account_type": "real",
    "balance": 12.25,
    "currency": "USD",
    "leverage": 500,
    "error": {"code": "Down", "message_to_client": "Sorry", "details": {"server": "p01"}},
}
COMPANY = {
    "shortcode": "svg",
    "name": "Deriv (SVG) LLC",
    "legal_allowed_currencies": ["USD", "EUR"],
    "requirements": {"signup": ["citizen"], "withdrawal": ["place"]},
    "has_reality_check": 0,
}
WALLETS = [
    {"wallet_id": "w-1", "type": "main", "balances": {"USD": {"balance": "12.50", "input": "20.25", "output": "7.75"}}},
    {"wallet_id": "w-2", "type": "p2p", "balances": {"EUR": {"balance": "13.50"}}},
]
MOVES = [
    {
        "transaction_id": "t-1",
        "timestamp": "2026-11-01T12:00:00Z",
        "category": "deposit",
        "metadata": {
            "transaction_status": "complete",
            "transaction_gross_amount": "10.25",
            "transaction_net_amount": "10.00",
            "transaction_currency": "USD",
        },
    }
]
OVERVIEW = {
    "period": {"start_date": "2026-11-01", "end_date": "2026-11-30"},
    "currency": "USD",
    "signups": {"total": 31, "real_accounts": 21},
    "activity": {"paid": 12.5, "active_traders": 3},
}
MARKUP = {
    "total_app_markup_usd": 1.5,
    "breakdown": [{"app_id": "33abc", "app_markup_usd": 1.5, "volume_usd": 150.25, "contract_count": 15}],
}
TRANSACTION = {
    "transaction_id": 81,
    "action_type": "transfer",
    "amount": -5.25,
    "balance_after": 94.75,
    "transaction_time": 1609459201,
    "fees": {"amount": 0.5, "currency": "BTC"},
    "from": {"loginid": "CR90000001"},
    "to": {"loginid": "CR90000002"},
}
CLOSED = {"contract_id": 71, "buy_price": 5.25, "sell_price": 9.75, "purchase_time": 1609459201, "multiplier": "10"}
HOURS = {
    "markets": [
        {
            "name": "Forex",
            "submarkets": [
                {
                    "name": "Major Pairs",
                    "symbols": [
                        {
                            "name": "EUR/USD",
                            "symbol": "frxEURUSD",
                            "times": {"open": ["08:00:00"], "close": ["16:30:00"], "settlement": "16:31:00"},
                            "trading_days": ["Mon", "Tue"],
                            "events": [{"dates": "Fridays", "descrip": "Closes early"}],
                        }
                    ],
                }
            ],
        }
    ]
}
OWNED = ("services", "verified_jurisdiction", "requests", "attempts", "currency_config")


def by_day(payload: Any, context: Context) -> pd.DataFrame:
    """Return the opening hours of a known day."""
    return frames.trading_times(payload, context, day="2026-11-24")


def totals(payload: Any, context: Context) -> pd.DataFrame:
    """Return wallets with their totals."""
    return frames.wallets(payload, context, totals=True)


def update(call: str, kind: str) -> Callable[[Any, Context], pd.DataFrame]:
    """Return the frame of a stream with one update."""
    return lambda payload, context: frames.updates(call, [(0.0, {"msg_type": kind, kind: payload})])


SAMPLES = {
    "account_status": Sample(
        frames.account_status,
        STATUS,
        (*OWNED, "expiry_date", "last_rejected"),
    ),
    "status_flags": Sample(frames.status_flags, STATUS, subject="status"),
    "cashier_problems": Sample(frames.cashier_problems, STATUS, subject="cashier_validation"),
    "verification": Sample(
        frames.verification,
        STATUS,
        ("country_code", "verified_jurisdiction", "requests", "attempts"),
        "authentication",
    ),
    "attempts": Sample(frames.attempts, STATUS, subject="authentication.attempts.history"),
    "ownership_requests": Sample(frames.ownership_requests, STATUS, subject="authentication.ownership.requests"),
    "jurisdictions": Sample(frames.jurisdictions, STATUS, subject="authentication.document.verified_jurisdiction"),
    "currencies": Sample(frames.currencies, STATUS, subject="currency_config"),
    "limits": Sample(
        frames.limits,
        LIMITS,
        ("market_specific", "lifetime_transfers", "daily_transfers", "daily_cumulative_amount_transfers"),
    ),
    "market_limits": Sample(frames.market_limits, LIMITS, subject="market_specific"),
    "transfer_limits": Sample(frames.transfer_limits, LIMITS, ("enabled",), "daily_cumulative_amount_transfers"),
    "transfers_by_kind": Sample(frames.transfer_limits, LIMITS, subject="daily_transfers"),
    "site_limits": Sample(frames.site_limits, SITE, ("site_status", "currencies_config")),
    "site_currencies": Sample(frames.site_currencies, SITE, ("fees",), "currencies_config"),
    "transfer_fees": Sample(frames.transfer_fees, SITE, subject="currencies_config.USD.transfer_between_accounts.fees"),
    "landing_company": Sample(
        frames.landing_company,
        {"id": "id", "name": "Indonesia", "financial_company": COMPANY, "mt_gaming_company": {"financial": COMPANY}},
        ("id", "name"),
    ),
    "balance": Sample(frames.balance, BALANCE, ("total",)),
    "accounts": Sample(
        frames.accounts,
        [
            {
                "loginid": "CR1",
                "currency": "USD",
                "is_virtual": 0,
                "linked_to": [{"loginid": "CR2", "platform": "dtrade"}],
            }
        ],
        ("platform",),
    ),
    "options_status": Sample(
        frames.options_status,
        [{"account_id": "DOT1", "currency": "USD", "balance": "10.25", "account_type": "demo", "group": "row"}],
    ),
    "open_contracts": Sample(frames.open_contracts, {"contracts": [CONTRACT]}),
    "contract": Sample(frames.open_contracts, {**CONTRACT, "bid_price": 7.5, "underlying": "R_75"}),
    "mt5_accounts": Sample(frames.mt5_accounts, [MT5]),
    "api_tokens": Sample(
        frames.api_tokens, {"tokens": [{"display_name": "Mine", "token": "Canary", "scopes": ["read"]}]}
    ),
    "apps": Sample(frames.apps, [{"app_id": 1089, "name": "Mine", "scopes": ["read"], "active": 1}]),
    "settings": Sample(frames.settings, {"country_code": "id", "email_consent": 1, "immutable_fields": ["place"]}),
    "wallets": Sample(frames.wallets, WALLETS),
    "wallet_totals": Sample(totals, [{**WALLETS[0], "total_balance": {"converted_to": "EUR"}}]),
    "wallet_transactions": Sample(frames.wallet_transactions, MOVES),
    "markup": Sample(frames.markup, MARKUP, ("total_app_markup_usd",)),
    "partner_overview": Sample(frames.partner_overview, OVERVIEW),
    "statement": Sample(ledger.statement, [TRANSACTION]),
    "profit_table": Sample(ledger.profit_table, [CLOSED]),
    "login_history": Sample(
        ledger.login_history, [{"action": "login", "status": 1, "time": 1609459201, "country": "id"}]
    ),
    "trading_times": Sample(by_day, HOURS),
    "exchange_rates": Sample(
        frames.exchange_rates, {"base_currency": "USD", "date": 1609459201, "rates": {"EUR": 0.875, "GBP": 0.75}}
    ),
    "candles": Sample(frames.candles, [{"epoch": 1609459201, "open": 1.5, "high": 3.5, "low": 0.5, "close": 2.5}]),
    "a tick": Sample(
        update("ticks", "tick"),
        {"symbol": "R_100", "epoch": 1609459201, "quote": 1.5, "id": "x", "pip_size": 2},
        ("id", "pip_size"),
    ),
    "a candle": Sample(update("ticks_history", "ohlc"), {"symbol": "R_100", "open_time": 1609459201, "open": "1.5"}),
    "a transaction": Sample(update("transaction", "transaction"), {"action": "buy", "amount": 5.25, "contract_id": 71}),
    "a contract": Sample(
        update("proposal_open_contract", "proposal_open_contract"),
        {"contract_id": 71, "profit": 2.5, "barrier": "+0.1"},
        ("barrier",),
    ),
    "another": Sample(update("website_status", "website_status"), {"site_status": "up", "message": "Hello"}),
    "ticks": Sample(frames.ticks, {"times": [1609459201, 1609459202], "prices": [1.5, 2.5]}),
}


def at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield every place inside a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, held in items:
        yield (*path, step)
        yield from places(held, (*path, step))


def changes(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield values that could take the place of a value."""
    yield "a text", "zz_text"
    yield "a number", 98765432
    yield "an object", {"zz_field": "zz_value"}
    yield "a list", ["zz_item", {"zz_field": "zz_value"}]
    yield "one level more", {"zz_outer": value}
    yield "in a list", [value]
    if isinstance(value, dict):
        added = {
            "zz_1": "zz_field",
            "zz_2": {"zz_deep": {"zz_deeper": "zz_added"}},
            "zz_3": [{"zz_in": "zz_4"}, "zz_5"],
        }
        yield "more fields", {**value, **added}
        yield "a list of its values", list(value.values())
    if isinstance(value, list):
        yield "more items", [*value, "zz_item", {"zz_field": "zz_value"}]
        yield "keys", {f"zz_{number}": item for number, item in enumerate(value)}


def leaves(value: Any, omits: tuple[str, ...], name: str = "") -> Iterator[Any]:
    """Yield the values of a reply that the frame must contain."""
    if name in omits:
        return
    if isinstance(value, dict):
        for key, held in value.items():
            yield from leaves(held, omits, key)
    elif isinstance(value, list | tuple):
        for held in value:
            yield from leaves(held, omits, name)
    elif value is not None and value is not pd.NA and value not in (0, 1):  # zeros and ones could be found anywhere
        yield value


def same(value: Any) -> str:
    """Return the same text for a value in any form that a reply or a frame may have."""
    if isinstance(value, pd.Timestamp):
        return str(Decimal(value.value // 10**9).normalize())
    if isinstance(value, str) and value[4:5] == "-" and value[:4].isdigit():
        stamp = pd.Timestamp(value)
        return same(stamp if stamp.tzinfo else stamp.tz_localize("UTC"))
    try:
        return str(Decimal(str(value)).normalize())
    except InvalidOperation:
        return str(value)


def shown(table: pd.DataFrame) -> tuple[set[str], str]:
    """Return the contents of a frame, as single values and as one text, without the names of the columns."""
    cells: list[Any] = list(table.index) if table.index.name else []
    for name in table:
        cells += list(table[name])
    told = {same(leaf) for cell in cells for leaf in leaves(cell if not isinstance(cell, float) else str(cell), ())}
    return told, " ".join([str(cell) for cell in cells] + [str(table.attrs.get("beside", ""))])


def missing(sample: Sample, payload: Any, subject: Any) -> list[Any]:
    """Return the values of a payload that a frame does not show."""
    table = sample.build(payload, Context("some_call", "CR90000001"))
    told, text = shown(table)
    gone = [leaf for leaf in leaves(subject, sample.omits) if same(leaf) not in told and str(leaf) not in text]
    gone = [leaf for leaf in gone if not (isinstance(leaf, str) and leaf[2:3] == ":" and f" {leaf}" in text)]
    return [] if MASK in text else gone  # a mask stands for everything inside it


def subject_of(sample: Sample) -> Path:
    return tuple(sample.subject.split(".")) if sample.subject else ()


@pytest.mark.parametrize("name", SAMPLES)
def test_a_frame_contains_the_usual_payload(name: str) -> None:
    sample = SAMPLES[name]
    assert missing(sample, sample.payload, at(sample.payload, subject_of(sample))) == []


@pytest.mark.parametrize("name", SAMPLES)
def test_a_frame_contains_every_change_to_the_payload(name: str) -> None:
    sample = SAMPLES[name]
    start = subject_of(sample)
    usual = at(sample.payload, start)
    dropped = []
    for path in ([start] if start else []) + [(*start, *inner) for inner in places(usual)]:
        if any(step in sample.omits for step in path):
            continue
        for what, other in changes(at(sample.payload, path)):
            payload = copy.deepcopy(sample.payload)
            at(payload, path[:-1])[path[-1]] = other
            if gone := missing(sample, payload, at(payload, start)):
                dropped.append((".".join(map(str, path)), what, gone))
    for what, other in changes(sample.payload) if not start and isinstance(sample.payload, dict) else ():
        if what in ("more fields", "one level more") and (gone := missing(sample, other, other)):
            dropped.append(("all of it", what, gone))
    assert dropped == []


@pytest.mark.parametrize("name", SAMPLES)
def test_secret_and_personal_fields_are_masked_in_any_place(name: str) -> None:
    sample = SAMPLES[name]
    for path in [(), *places(sample.payload)]:
        held = at(sample.payload, path)
        if not isinstance(held, dict):
            continue
        payload = copy.deepcopy(sample.payload)
        at(payload, path).update(email="Canary", access_token=["Canary"], phone_number={"new": "Canary"})
        table = sample.build(payload, Context("some_call", "CR90000001"))
        assert "Canary" not in shown(table)[1] + json.dumps(table.attrs, default=str), path


@pytest.mark.parametrize(
    ("call", "reply"),
    [
        ("ticks", {"msg_type": "tick", "tick": {"symbol": "R_100", "quote": 1.5}}),
        (
            "ticks_history",
            {"msg_type": "history", "history": {"times": [1609459201], "prices": [1.5], "zz_in": "zz_2"}},
        ),
        ("ticks_history", {"msg_type": "history", "history": "zz_2"}),
        ("ticks_history", {"msg_type": "candles", "candles": [{"epoch": 1609459201, "open": 1.5}]}),
        ("balance", {"msg_type": "balance", "balance": {"balance": 5.5, "currency": "USD"}}),
        ("website_status", {"msg_type": "website_status", "website_status": {"site_status": "up"}}),
    ],
)
def test_fields_beside_an_update_are_shown(call: str, reply: dict[str, Any]) -> None:
    usual = set(frames.updates(call, [(0.0, reply)]))
    table = frames.updates(call, [(0.0, {**reply, "zz_new": "zz_1", "email": "Canary"})])
    assert set(table) - usual == {"zz_new", "email"}
    assert table["zz_new"].tolist() == ["zz_1"]
    assert "Canary" not in table.to_string()
    if "zz_2" in str(reply):
        assert "zz_2" in table.to_string()
