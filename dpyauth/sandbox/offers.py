"""Offers: contract types, durations and limits, and checks of requests against them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from dpyauth.sandbox.contracts import KINDS, Cancellation, Contract
from dpyauth.sandbox.currencies import CURRENCIES, in_currency, money, text
from dpyauth.sandbox.encoding import Refusal
from dpyauth.sandbox.price_feed import SYMBOLS, Symbol
from dpyauth.sandbox.users import DIGITS

TITLES: Final = {
    "callput": "Up/Down",
    "callputequal": "Up/Down or equal",
    "higherlower": "Higher/Lower",
    "digits": "Digits",
    "multiplier": "Multipliers",
}
MULTIPLIERS: Final = (10, 20, 50, 100, 200)
CANCELLATIONS: Final = {"5m": 300, "10m": 600, "15m": 900, "30m": 1800, "60m": 3600}
DEFAULT_STAKE: Final = 10
OFFERINGS: Final = "OfferingsValidationError"  # code for a contract that is not offered
_LEAST_STAKE: Final = 0.35  # US dollars, as the two below
_MOST_STAKE: Final = 2_000
_MOST_PAYOUT: Final = 50_000
_NO_END: Final = 730 * 86_400  # seconds; stands for the missing end of a multiplier
_COMMISSION: Final = 0.0002  # share of a multiplier's volume
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST: Final = 366 * 86_400
_NEEDS_DIGIT: Final = ("match", "differ", "over", "under")
_USELESS: Final = {"over": "9", "under": "0"}  # digits with which a contract could never be won


class Span(NamedTuple):
    """Durations of contracts of one expiry type: numbers with a unit, such as ``15s``."""

    expiry: str  # "tick", "intraday", "daily" or "no_expiry"
    least: str
    most: str


class Limits(NamedTuple):
    """Limits of a stake and a payout, in the currency's smallest unit."""

    least_stake: int
    most_stake: int
    most_payout: int


def limits(currency: str) -> Limits:
    """Return the limits in a currency."""

    def units(dollars: float) -> int:
        return max(1, round(in_currency(dollars, currency) * 10.0 ** DIGITS[currency]))

    return Limits(units(_LEAST_STAKE), units(_MOST_STAKE), units(_MOST_PAYOUT))


def spans(symbol: Symbol, kind: str) -> list[Span]:
    """Return the durations of contracts of a type on a symbol; empty if there are none."""
    synthetic = symbol.market[0] == "synthetic_index"
    category = KINDS[kind].category
    if category == "multiplier":
        return [Span("no_expiry", "", "")]
    ticks = [Span("tick", "5t" if category == "higherlower" else "1t", "10t")] if synthetic else []
    if category == "digits":
        return ticks
    intraday = Span("intraday", "15s" if synthetic else "5m", "1d")
    return [*ticks, intraday] if category == "callputequal" else [*ticks, intraday, Span("daily", "1d", "365d")]


@dataclass(frozen=True, slots=True)
class Terms:
    """Checked terms of a contract to buy. Amounts of money are in the currency's smallest unit."""

    kind: str
    symbol: Symbol
    currency: str
    amount: int
    is_payout: bool = False
    seconds: int = _NO_END
    until: int | None = None  # an epoch, instead of a duration
    ticks: int | None = None
    barrier: str = ""
    multiplier: int | None = None
    take_profit: int | None = None
    stop_loss: int | None = None
    cancellation: str = ""

    def expiry(self, start: int) -> int:
        """Return the end of a contract that is bought at this time."""
        if self.until is not None:
            return self.until
        if self.ticks is not None:
            entry = start + 1 - (start + 1) % self.symbol.every
            return entry + self.ticks * self.symbol.every
        return start + self.seconds

    def draft(self, start: int, entry: float, contract_id: int = 0, app_id: int | None = None) -> Contract:
        """Return the contract, without its price."""
        moved = self.amount * (self.multiplier or 0)
        until = start + CANCELLATIONS.get(self.cancellation, 0)
        price = max(1, round(moved * self.symbol.volatility * ((until - start) / 31_557_600) ** 0.5 / 2))
        return Contract(
            contract_id,
            self.kind,
            self.symbol.name,
            stake=self.amount,
            payout=self.amount if self.is_payout else 0,
            bought=start,
            expiry=self.expiry(start),
            entry=entry,
            app_id=app_id,
            ticks=self.ticks,
            barrier=self.barrier,
            multiplier=self.multiplier,
            commission=max(1, round(moved * _COMMISSION)) if self.multiplier else 0,
            cancellation=Cancellation(self.cancellation, price, until) if self.cancellation else None,
            checked=start if self.multiplier else None,
        )


def invalid(subcode: str, message: str, name: str, code: str = "ContractBuyValidationError") -> Refusal:
    """Return the refusal of a contract, with the reason and the field."""
    return Refusal(code, message, {"field": name}, subcode)


def read(request: Mapping[str, Any]) -> Terms:
    """Return the terms in a request, or refuse what is not offered.

    Deriv does not publish its texts and limits. Known codes and subcodes are used; the rest is the sandbox's own.
    """
    kind, symbol = _kind(request), _symbol(request)
    if not spans(symbol, kind):
        raise invalid("TradingNotAvailable", "This is not offered for this symbol.", "contract_type", OFFERINGS)
    currency = request["currency"]
    if currency not in CURRENCIES:
        raise invalid("InvalidPayoutCurrency", "The sandbox has no such currency.", "currency", "InvalidCurrency")
    is_multiplier = KINDS[kind].category == "multiplier"
    amount = _amount(request, currency, is_multiplier)
    shared: dict[str, Any] = {
        "kind": kind,
        "symbol": symbol,
        "currency": currency,
        "amount": amount,
        "is_payout": request.get("basis") == "payout",
    }
    if is_multiplier:
        return Terms(**shared, **_multiplier(request, symbol, currency, amount))
    for name, subcode in (("limit_order", "OrderUpdateNotAllowed"), ("cancellation", "DealCancellationNotAvailable")):
        if name in request:
            raise invalid(subcode, "Only multipliers have this.", name)
    return Terms(**shared, **_duration(request, symbol, kind), barrier=_barrier(request, kind))


def _kind(request: Mapping[str, Any]) -> str:
    kind: str = request["contract_type"]
    if kind not in KINDS:
        raise Refusal("NotSimulated", f"The sandbox does not simulate contracts of type {kind}; Deriv has them.")
    if "date_start" in request:
        raise Refusal("NotSimulated", "The sandbox does not simulate contracts that start later; Deriv has them.")
    return kind


def _symbol(request: Mapping[str, Any]) -> Symbol:
    symbol = SYMBOLS.get(request["symbol"])
    if symbol is None:
        raise invalid("InvalidSymbol", "The sandbox has no such symbol.", "symbol", "OfferingsInvalidSymbol")
    return symbol


def _missing(name: str) -> Refusal:
    message = f"A contract of this type needs {name}."
    return invalid("MissingRequiredContractParams", message, name, "ContractCreationFailure")


def units(amount: float, currency: str, subcode: str, name: str) -> int:
    """Return an amount in the currency's smallest unit; refuse one with too many decimals."""
    if amount > 1e9:
        raise invalid("StakeLimits", "The amount is too large.", name)
    exact = amount * 10.0 ** DIGITS[currency]
    if abs(exact - round(exact)) > 1e-4:
        raise invalid(subcode, f"An amount in {currency} has at most {DIGITS[currency]} decimals.", name)
    return round(exact)


def _amount(request: Mapping[str, Any], currency: str, is_multiplier: bool) -> int:
    for name in ("amount",) if is_multiplier else ("amount", "basis"):
        if name not in request:
            raise _missing(name)
    is_payout = request.get("basis") == "payout"
    if is_multiplier and is_payout:
        raise invalid("InvalidInput", "A multiplier must be bought for a stake.", "basis")
    amount = units(
        request["amount"], currency, "IncorrectPayoutDecimals" if is_payout else "IncorrectStakeDecimals", "amount"
    )
    if is_payout and amount == 0:
        raise invalid("InvalidAmount", "The payout must be above 0.", "amount")
    if not is_payout:
        check_stake(amount, currency)
    return amount


def check_stake(stake: int, currency: str) -> None:
    """Refuse a stake that is too small or too large."""
    least, most, _ = limits(currency)
    if not least <= stake <= most:
        subcode = "InvalidMinStake" if stake < least else "StakeLimits"
        lowest, highest = text(least, currency), text(most, currency)
        raise invalid(subcode, f"The stake must be from {lowest} to {highest} {currency}.", "amount")


def _duration(request: Mapping[str, Any], symbol: Symbol, kind: str) -> dict[str, Any]:
    if "date_expiry" in request:
        return {"until": request["date_expiry"]}
    number, unit = request.get("duration"), request.get("duration_unit", "s")
    if number is None:
        raise _missing("duration")
    offered = spans(symbol, kind)
    if unit == "t":
        span = next((span for span in offered if span.expiry == "tick"), None)
        if span is None or not int(span.least[:-1]) <= number <= int(span.most[:-1]):
            raise _not_offered("TicksNumberLimits")
        return {"ticks": number}
    seconds = number * _SECONDS[unit]
    check_seconds(symbol, kind, seconds)
    return {"seconds": seconds}


def check_seconds(symbol: Symbol, kind: str, seconds: int) -> None:
    """Refuse a duration that is not offered for contracts of this type on this symbol."""
    for span in spans(symbol, kind):
        if span.expiry in ("intraday", "daily") and in_seconds(span.least) <= seconds <= in_seconds(span.most):
            return
    raise _not_offered("TradingDurationNotAllowed")


def in_seconds(text: str) -> int:
    """Return a duration such as ``15s`` in seconds."""
    return int(text[:-1]) * _SECONDS[text[-1]]


def _not_offered(subcode: str) -> Refusal:
    return invalid(subcode, "Contracts of this duration are not offered.", "duration", OFFERINGS)


def _barrier(request: Mapping[str, Any], kind: str) -> str:
    barrier: str = request.get("barrier", "")
    if "barrier2" in request:
        raise invalid("InvalidBarrierSingle", "This contract has no second barrier.", "barrier2")
    sentiment = KINDS[kind].sentiment
    if KINDS[kind].category == "digits":
        if sentiment not in _NEEDS_DIGIT:
            return ""
        if not barrier:
            raise invalid("MissingRequiredDigit", "Name a digit.", "barrier")
        if not barrier.isdigit() or int(barrier) > 9 or barrier == _USELESS.get(sentiment):
            raise invalid("DigitOutOfRange", "This digit is not allowed here.", "barrier")
        return barrier
    if KINDS[kind].category == "higherlower" and not barrier:
        raise invalid("InvalidBarrier", "A contract of this type needs a barrier.", "barrier")
    return "" if barrier and float(barrier) == 0 and barrier[0] in "+-" else barrier


def _multiplier(request: Mapping[str, Any], symbol: Symbol, currency: str, stake: int) -> dict[str, Any]:
    multiplier = request.get("multiplier")
    if multiplier not in MULTIPLIERS:
        accepted = ",".join(map(str, MULTIPLIERS))
        raise invalid("MultiplierOutOfRange", f"The sandbox has these multipliers: {accepted}.", "multiplier")
    found: dict[str, Any] = {"multiplier": int(multiplier)}
    orders = request.get("limit_order", {})
    found.update({name: order(name, amount, currency, stake) for name, amount in orders.items()})
    cancellation = request.get("cancellation")
    if cancellation is not None:
        if cancellation not in CANCELLATIONS or symbol.market[0] != "synthetic_index":
            raise invalid("InvalidDealCancellation", "The sandbox does not offer this here.", "cancellation")
        for name, subcode in (("stop_loss", "EitherStopLossOrCancel"), ("take_profit", "EitherTakeProfitOrCancel")):
            if name in orders:
                raise invalid(subcode, "A contract can have either this or a cancellation.", name)
        found["cancellation"] = cancellation
    return found


def order(name: str, amount: float, currency: str, stake: int) -> int:
    """Return the amount of a limit order in the smallest unit, or refuse it."""
    if amount <= 0:
        raise invalid("LimitOrderAmountTooLow", "The amount must be above 0.", name)
    found = units(amount, currency, "LimitOrderIncorrectDecimal", name)
    if found > (stake if name == "stop_loss" else 100 * stake):
        raise invalid("LimitOrderAmountTooHigh", "The amount is too large for this stake.", name)
    return max(1, found)


def available(name: str, currency: str) -> list[dict[str, Any]]:
    """Return every contract that is offered for a symbol, in the form of `contracts_for`.

    Raises
    ------
    Refusal
        There is no such symbol.
    """
    symbol = SYMBOLS.get(name)
    if symbol is None:
        raise Refusal("InvalidSymbol", "The sandbox has no such symbol.")
    return [_offer(symbol, kind, span, currency) for kind in KINDS for span in spans(symbol, kind)]


def _offer(symbol: Symbol, kind: str, span: Span, currency: str) -> dict[str, Any]:
    category, sentiment = KINDS[kind]
    barriers = int(category == "higherlower" or sentiment in _NEEDS_DIGIT)
    least, most, payout = limits(currency)
    shown: dict[str, Any] = {
        "barrier_category": "non_financial" if category == "digits" else "american" if barriers else "euro_atm",
        "barriers": barriers,
        "contract_category": category,
        "contract_category_display": TITLES[category],
        "contract_display": TITLES[category],
        "contract_type": kind,
        "default_stake": in_currency(DEFAULT_STAKE, currency),
        "exchange_name": "SANDBOX",
        "expiry_type": span.expiry,
        "market": symbol.market[0],
        "max_contract_duration": span.most,
        "max_stake": money(most, currency),
        "min_contract_duration": span.least,
        "min_stake": money(least, currency),
        "payout_limit": money(payout, currency),
        "sentiment": sentiment,
        "start_type": "spot",
        "submarket": symbol.submarket[0],
        "underlying_symbol": symbol.name,
    }
    if category == "higherlower":
        shown["barrier"] = f"+{symbol.pip * 10:.{symbol.digits}f}"
    if sentiment in _NEEDS_DIGIT:
        shown["last_digit_range"] = [digit for digit in range(10) if str(digit) != _USELESS.get(sentiment)]
    if category == "multiplier":
        shown["multiplier_range"] = list(MULTIPLIERS)
        shown["cancellation_range"] = list(CANCELLATIONS) if symbol.market[0] == "synthetic_index" else []
    return shown
