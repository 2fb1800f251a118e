"""Transfers of a person's own money. The codes of refusals are the sandbox's own, except ``DuplicateRequestID``.

If the currencies differ, the fee is one hundredth; Deriv does not publish its fee.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction
from typing import Any, Final

from dpyauth.sandbox.options.body_forms import AMOUNT, CURRENCY, TEXT, UUID, Form
from dpyauth.sandbox.options.http_answers import Answer
from dpyauth.sandbox.options.problem import Problem
from dpyauth.sandbox.options.rest_requests import Request, answers
from dpyauth.sandbox.options.wallet_books import Wallet, digits, text
from dpyauth.sandbox.users import Account

_PLATFORMS: Final = ("mt5", "ctrader", "options", "crypto-exchange", "tradingview")
_TYPES: Final = ("main", "p2p", "platform", "payment_agent")
_QUOTE: Final = ("wallet_currency", "exchange_rate", "rate_token")
_FEE: Final = Decimal("0.01")
_NOTE: Final = {"description": TEXT}
_TRANSFER: Final = Form(
    {
        "currency": CURRENCY,
        "amount": AMOUNT,
        "source_wallet_id": UUID,
        "destination_wallet_id": UUID,
        "request_id": UUID,
    },
    _NOTE,
)
_EXCHANGE: Final = Form(
    {
        "source_wallet_id": UUID,
        "source_currency": CURRENCY,
        "amount": AMOUNT,
        "destination_wallet_id": UUID,
        "destination_currency": CURRENCY,
        "exchange_rate": AMOUNT,
        "rate_token": TEXT,
        "request_id": UUID,
    },
    _NOTE,
)
_PLATFORM: Final = Form(
    {
        "wallet_id": UUID,
        "amount": AMOUNT,
        "currency": CURRENCY,
        "direction": ("from_wallet", "to_wallet"),
        "platform_name": _PLATFORMS,
        "platform_account_id": TEXT,
        "request_id": UUID,
    },
    {**_NOTE, "wallet_currency": CURRENCY, "exchange_rate": AMOUNT, "rate_token": TEXT},
)
_VALIDATE: Final = Form(
    {
        "source_type": _TYPES,
        "source_id": TEXT,
        "destination_type": _TYPES,
        "destination_id": TEXT,
        "amount": AMOUNT,
        "balance": AMOUNT,
        "source_currency": CURRENCY,
        "destination_currency": CURRENCY,
    },
    {"rate": AMOUNT, "source_platform_name": _PLATFORMS, "destination_platform_name": _PLATFORMS},
)


@answers("wallet_transfer")
def transfer(ask: Request) -> Answer:
    """Move money between two wallets of one currency."""
    body = _TRANSFER.check(ask.body)
    if (first := _repeated(ask, "transfers", body)) is not None:
        return ask.rest.data(first)
    currency = body["currency"]
    source, destination = (_own(ask, body, f"{side}_wallet_id") for side in ("source", "destination"))
    if source is destination:
        raise Problem(400, "ValidationError", "The wallets must differ", "destination_wallet_id")
    for wallet in (source, destination):
        if not wallet.holds(currency):
            raise Problem(400, "CurrencyNotSupported", "Both wallets must hold the currency", "currency")
    units = to_units(body["amount"], currency)
    _afford(source.balance(currency), units)
    move(ask, source, destination, body["request_id"], currency, units)
    return _done(ask, "transfers", body, {"request_id": body["request_id"]})


@answers("wallet_transfer_exchange")
def exchange(ask: Request) -> Answer:
    """Move money between two wallets of different currencies."""
    body = _EXCHANGE.check(ask.body)
    if (first := _repeated(ask, "exchange", body)) is not None:
        return ask.rest.data(first)
    source, destination = (_own(ask, body, f"{side}_wallet_id") for side in ("source", "destination"))
    sold, bought = body["source_currency"], body["destination_currency"]
    if sold == bought:
        raise Problem(400, "ValidationError", "The currencies must differ", "destination_currency")
    for wallet, currency in ((source, sold), (destination, bought)):
        if not wallet.holds(currency):
            raise Problem(400, "CurrencyNotSupported", "The wallet does not hold the currency")
    rate = _quoted(ask, body, sold, bought)
    units = to_units(body["amount"], sold)
    _afford(source.balance(sold), units)
    fee, got = _exchanged(units, sold, bought, rate)
    parties = {"source_wallet_type": source.kind, "destination_wallet_type": destination.kind}
    about = {"request_id": body["request_id"], "channel": "cashier", "parties": parties}
    source.book(ask.now, currency=sold, gross=units, net=units - fee, is_deposit=False, **about)
    destination.book(ask.now, currency=bought, gross=got, net=got, is_deposit=True, **about)
    _settle(ask, fee, {sold: units - fee, bought: -got}, sold)
    return _done(ask, "exchange", body, {"request_id": body["request_id"]})


@answers("wallet_transfer_platforms")
def platforms(ask: Request) -> Answer:
    """Move money between a wallet and a trading account."""
    body = _PLATFORM.check(ask.body)
    _repeated(ask, "platforms", body)
    if 0 < sum(name in body for name in _QUOTE) < len(_QUOTE):
        raise Problem(400, "ValidationError", f"{', '.join(_QUOTE)}: all of them, or none")
    wallet, account, currency = _own(ask, body, "wallet_id"), _platform_account(ask, body), body["currency"]
    held, pays = body.get("wallet_currency", currency), body["direction"] == "from_wallet"
    if "wallet_currency" in body and held == currency:
        raise Problem(400, "ValidationError", "wallet_currency is only for a currency other than the account's")
    if not wallet.holds(held):
        raise Problem(400, "CurrencyNotSupported", "The wallet does not hold the currency")
    units, fee, in_wallet = to_units(body["amount"], currency), 0, 0
    if held == currency:
        in_wallet = units
    elif pays:
        rate, fee = _quoted(ask, body, held, currency), _fee(units)
        in_wallet = _whole(Decimal(units).scaleb(digits(held) - digits(currency)) / rate, ROUND_CEILING)
    else:
        fee, in_wallet = _exchanged(units, currency, held, _quoted(ask, body, currency, held))
    _afford(wallet.balance(held) if pays else account.ledger.balance, in_wallet if pays else units)
    about = {"request_id": body["request_id"], "channel": "cashier", "parties": _parties(wallet, account, pays)}
    wallet.book(ask.now, currency=held, gross=in_wallet, net=in_wallet, is_deposit=not pays, **about)
    world = ask.rest.sandbox.world
    world.book(account, "deposit" if pays else "withdrawal", units - fee if pays else -units)
    if held != currency:
        left = {held: in_wallet, currency: -units} if pays else {currency: units - fee, held: -in_wallet}
        _settle(ask, fee, left, currency)
    reply = {"status": {"transaction_status": "completed"}, "request_id": body["request_id"]}
    return _done(ask, "platforms", body, reply)


@answers("wallet_transfer_validate")
def validate(ask: Request) -> Answer:
    """Check a transfer without making it."""
    body = _VALIDATE.check(ask.body)
    for side in ("source", "destination"):
        on_platform = body[f"{side}_type"] == "platform"
        if on_platform != (f"{side}_platform_name" in body):
            raise Problem(400, "ValidationError", f"{side}_platform_name goes with the type platform")
        if not on_platform and not UUID.fullmatch(body[f"{side}_id"]):
            raise Problem(400, "ValidationError", f"{side}_id is malformed", f"{side}_id")
    sold, bought = body["source_currency"], body["destination_currency"]
    if (sold != bought) != ("rate" in body):
        raise Problem(400, "ValidationError", "rate is required when the currencies differ, and only then", "rate")
    if (body["source_id"], sold) == (body["destination_id"], bought):
        raise Problem(400, "ValidationError", "Source and destination must differ", "destination_id")
    units, rate = to_units(body["amount"], sold, least=0), Decimal(body.get("rate", "1"))
    _afford(to_units(body["balance"], sold, least=0), units)
    fee, got = (0, units) if sold == bought else _exchanged(units, sold, bought, rate, least=0)
    details = {
        "transfer": {"amount": text(units, sold), "currency": sold},
        "source": {"amount": text(units, sold), "currency": sold},
        "destination": {"amount": text(got, bought), "currency": bought},
        "fee": {"amount": text(fee, sold), "currency": sold},
    }
    return ask.rest.data({"is_valid": True, "details": details})


def move(
    ask: Request, source: Wallet, destination: Wallet, request_id: str, currency: str, units: int, **more: Any
) -> int:
    """Book a transfer on both sides; return the number of the source's transaction."""
    about = {
        "request_id": request_id,
        "currency": currency,
        "gross": units,
        "net": units,
        "channel": "cashier",
        "parties": {"source_wallet_type": source.kind, "destination_wallet_type": destination.kind},
        **more,
    }
    destination.book(ask.now, is_deposit=True, **about)
    return source.book(ask.now, is_deposit=False, **about).number


def to_units(amount: str, currency: str, least: int = 1) -> int:
    """Return an amount in the smallest unit; raise if it is not valid."""
    units = Fraction(amount) * 10 ** digits(currency)
    if units.denominator > 1:
        raise Problem(400, "ValidationError", "The amount has more decimals than its currency", "amount")
    if units < least:
        raise Problem(400, "ValidationError", "The amount is too small", "amount")
    return int(units)


def _own(ask: Request, body: Mapping[str, Any], name: str) -> Wallet:
    for wallet in ask.person.wallets:
        if wallet.wallet_id == body[name].lower():
            return wallet
    raise Problem(400, "WalletNotFound", "This wallet is not yours", name)


def _platform_account(ask: Request, body: Mapping[str, Any]) -> Account:
    """Return the account that a transfer goes to or comes from, which is an account of the Options API."""
    platforms = {"options": ask.person.accounts}
    for account in platforms.get(body["platform_name"], ()):
        if account.loginid == body["platform_account_id"]:
            if account.is_virtual:
                raise Problem(400, "ValidationError", "A demo account cannot be used for transfers")
            if account.disabled:
                raise Problem(400, "AccountInactive", "This account is inactive")
            if account.currency != body["currency"]:
                raise Problem(400, "CurrencyNotSupported", "The currency must be that of the account", "currency")
            return account
    raise Problem(400, "PlatformAccountNotFound", "This account is not yours", "platform_account_id")


def _parties(wallet: Wallet, account: Account, pays: bool) -> dict[str, str]:
    here, there = ("source", "destination") if pays else ("destination", "source")
    return {f"{here}_wallet_type": wallet.kind, f"{there}_client_id": account.loginid}


def _quoted(ask: Request, body: Mapping[str, Any], sold: str, bought: str) -> Decimal:
    payments, person = ask.options.payments, ask.person
    return payments.quoted(person, sold, bought, body["exchange_rate"], body["rate_token"], ask.now)


def _afford(balance: int, units: int) -> None:
    if units > balance:
        raise Problem(400, "InsufficientBalance", "The balance is too low", "amount")


def _fee(units: int) -> int:
    return _whole(units * _FEE, ROUND_CEILING)


def _exchanged(units: int, sold: str, bought: str, rate: Decimal, least: int = 1) -> tuple[int, int]:
    """Return the fee of an exchange, and the amount that the rest is exchanged for."""
    fee = _fee(units)
    got = _whole(Decimal(units - fee).scaleb(digits(bought) - digits(sold)) * rate, ROUND_FLOOR)
    if got < least:
        raise Problem(400, "ValidationError", "The amount is too small", "amount")
    return fee, got


def _whole(units: Decimal, rounding: str) -> int:
    return int(units.to_integral_value(rounding))


def _settle(ask: Request, fee: int, left: Mapping[str, int], currency: str) -> None:
    """Book the fee and both sides of an exchange."""
    ask.options.payments.fees[currency] += fee
    for name, units in left.items():
        ask.options.payments.exchanged[name] += units


def _repeated(ask: Request, call: str, body: Mapping[str, Any]) -> Any:
    """Return the first reply to a repeated request; None if it is not repeated."""
    known = ask.options.payments.sent(ask.person, body["request_id"])
    if known is None:
        return None
    if call == "platforms" or known[:2] != (call, body):
        raise Problem(400, "DuplicateRequestID", "A transfer with this request_id exists already", "request_id")
    return known[2]


def _done(ask: Request, call: str, body: Mapping[str, Any], reply: Any) -> Answer:
    ask.options.payments.keep(ask.person, body["request_id"], (call, body, reply))
    return ask.rest.data(reply)
