"""Test what cannot be bought or sold, by whom, and the error."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from traders import DAY, Open, Trader, both

from dpyauth.errors import InvalidSetting
from dpyauth.sandbox import Sandbox

MULTIPLIER = {"contract_type": "MULTUP", "multiplier": 100, "duration": None}
REFUSED: list[tuple[dict[str, Any], str, str, str]] = [
    ({"on": "NOPE"}, "OfferingsInvalidSymbol", "InvalidSymbol", "symbol"),
    ({"contract_type": "DIGITEVEN", "on": "frxEURUSD"}, "OfferingsValidationError", "TradingNotAvailable", ""),
    ({"duration": None}, "ContractCreationFailure", "MissingRequiredContractParams", "duration"),
    ({"amount": None}, "ContractCreationFailure", "MissingRequiredContractParams", "amount"),
    ({"basis": None}, "ContractCreationFailure", "MissingRequiredContractParams", "basis"),
    ({"duration": 14}, "OfferingsValidationError", "TradingDurationNotAllowed", "duration"),
    ({"duration": 366, "duration_unit": "d"}, "OfferingsValidationError", "TradingDurationNotAllowed", "duration"),
    ({"duration": 99_999_999, "duration_unit": "d"}, "OfferingsValidationError", "TradingDurationNotAllowed", ""),
    ({"duration": 0}, "OfferingsValidationError", "TradingDurationNotAllowed", "duration"),
    ({"duration": 11, "duration_unit": "t"}, "OfferingsValidationError", "TicksNumberLimits", "duration"),
    ({"duration": 5, "duration_unit": "t", "on": "frxEURUSD"}, "OfferingsValidationError", "TicksNumberLimits", ""),
    ({"duration": 4, "duration_unit": "d", "on": "frxEURUSD"}, "OfferingsValidationError", "TradingDayExpiry", ""),
    ({"duration": None, "date_expiry": 5}, "OfferingsValidationError", "TradingDurationNotAllowed", "duration"),
    ({"amount": 0.34}, "ContractBuyValidationError", "InvalidMinStake", "amount"),
    ({"amount": 0}, "ContractBuyValidationError", "InvalidMinStake", "amount"),
    ({"amount": 2000.01}, "ContractBuyValidationError", "StakeLimits", "amount"),
    ({"amount": 1e300}, "ContractBuyValidationError", "StakeLimits", "amount"),
    ({"amount": 1.005}, "ContractBuyValidationError", "IncorrectStakeDecimals", "amount"),
    ({"amount": 1.005, "basis": "payout"}, "ContractBuyValidationError", "IncorrectPayoutDecimals", "amount"),
    ({"amount": 0, "basis": "payout"}, "ContractBuyValidationError", "InvalidAmount", "amount"),
    ({"amount": 0.5, "basis": "payout"}, "ContractBuyValidationError", "InvalidMinStake", "amount"),
    ({"amount": 60_000, "basis": "payout"}, "ContractBuyValidationError", "StakeLimits", "amount"),
    ({"barrier2": "5"}, "ContractBuyValidationError", "InvalidBarrierSingle", "barrier2"),
    ({"contract_type": "DIGITOVER", "duration_unit": "t", "duration": 5}, "", "MissingRequiredDigit", "barrier"),
    ({"contract_type": "DIGITOVER", "duration_unit": "t", "duration": 5, "barrier": "9"}, "", "DigitOutOfRange", ""),
    ({"contract_type": "DIGITMATCH", "duration_unit": "t", "duration": 5, "barrier": "10"}, "", "DigitOutOfRange", ""),
    ({"contract_type": "DIGITMATCH", "duration_unit": "t", "duration": 5, "barrier": "+1"}, "", "DigitOutOfRange", ""),
    ({"currency": "XYZ"}, "InvalidCurrency", "InvalidPayoutCurrency", "currency"),
    ({"currency": "BTC", "amount": 0.001}, "InvalidCurrency", "NotDefaultCurrency", "currency"),
    ({"limit_order": {"stop_loss": 1}}, "ContractBuyValidationError", "OrderUpdateNotAllowed", "limit_order"),
    ({"cancellation": "5m"}, "ContractBuyValidationError", "DealCancellationNotAvailable", "cancellation"),
    ({**MULTIPLIER, "multiplier": 7}, "ContractBuyValidationError", "MultiplierOutOfRange", "multiplier"),
    ({**MULTIPLIER, "multiplier": None}, "ContractBuyValidationError", "MultiplierOutOfRange", "multiplier"),
    ({**MULTIPLIER, "basis": "payout"}, "ContractBuyValidationError", "InvalidInput", "basis"),
    ({**MULTIPLIER, "cancellation": "7m"}, "ContractBuyValidationError", "InvalidDealCancellation", "cancellation"),
    ({**MULTIPLIER, "cancellation": "5m", "on": "cryBTCUSD"}, "", "InvalidDealCancellation", ""),
    ({**MULTIPLIER, "cancellation": "5m", "limit_order": {"stop_loss": 1}}, "", "EitherStopLossOrCancel", ""),
    ({**MULTIPLIER, "limit_order": {"stop_loss": 11}}, "", "LimitOrderAmountTooHigh", "stop_loss"),
]


@pytest.mark.parametrize(("wish", "code", "subcode", "name"), REFUSED, ids=str)
@both
def test_contracts_that_are_not_offered(
    trader: Open, api: str, wish: dict[str, Any], code: str, subcode: str, name: str
) -> None:
    one = trader(api)
    before = one.balance
    for request in ({"proposal": 1, **one.terms(**wish)}, {"buy": "1", "price": 9e9, "parameters": one.terms(**wish)}):
        error = one.error(**request)
        assert error["code"] == code or not code
        assert error["subcode"] == subcode or not subcode
        if name:
            assert error["details"] == {"field": one.symbol if name == "symbol" else name}
        assert error["message"]
    assert one.balance == before


@both
def test_a_closed_market(trader: Open, api: str) -> None:
    one = trader(api)
    stream = one.reply(proposal=1, subscribe=1, **one.terms(on="frxEURUSD", duration=300))["subscription"]["id"]
    number = one.buy(on="frxEURUSD", duration=2, duration_unit="d")["contract_id"]
    one.later(4 * DAY)
    error = one.error(proposal=1, **one.terms(on="frxEURUSD", duration=300))
    assert (error["code"], error["details"]) == ("MarketIsClosed", {"field": one.symbol})
    assert one.error(buy=stream, price=100)["code"] == "MarketIsClosed"
    assert one.state(number)["status"] in ("won", "lost")


@both
def test_barriers(trader: Open, api: str) -> None:
    one = trader(api)
    if api == "options":  # types of their own in that API for a price above or below
        error = one.error(proposal=1, **one.terms(barrier="+0.1"))
        assert (error["code"], error["subcode"]) == ("ContractBuyValidationError", "InvalidBarrier")
        assert one.error(proposal=1, **one.terms(contract_type="HIGHER"))["subcode"] == "InvalidBarrier"
        above = functools.partial(one.propose, contract_type="HIGHER")
    else:
        assert one.error(proposal=1, **one.terms(contract_type="HIGHER"))["code"] == "InputValidationFailed"
        above = one.propose
    spot = one.propose()["spot"]
    near, far = above(barrier="+0.1")["payout"], above(barrier="+1")["payout"]
    assert above(barrier="-1")["payout"] < near < far
    absolute = above(barrier=f"{spot + 1:.2f}")
    assert absolute["payout"] == far
    assert absolute["contract_details"]["barrier"] == f"{spot + 1:.2f}"
    kind = "HIGHER" if api == "options" else "CALL"
    for barrier, subcode in (
        ("+1000", "InvalidBarrier"),
        ("-1000", "NoReturn"),
        ("-99999", "NoReturn"),
        ("0", "NoReturn"),
    ):
        assert one.error(proposal=1, **one.terms(contract_type=kind, barrier=barrier))["subcode"] == subcode


@both
def test_an_insufficient_balance(trader: Open, api: str) -> None:
    one = trader(api)
    before = one.balance
    amount = 2000
    for _ in range(int(before // amount)):
        one.buy(amount=amount, price=amount)
    left = one.balance
    assert 0 <= left < amount
    error = one.error(buy="1", price=amount, parameters=one.terms(amount=round(left + 0.4, 2)))
    assert (error["code"], error["subcode"]) == ("InsufficientBalance", "InsufficientBalance")
    assert one.balance == left


@both
def test_the_maximum_number_of_contracts(trader: Open, api: str) -> None:
    one = trader(api)
    for _ in range(100 - len(one.open)):
        one.buy(amount=1)
    assert one.error(buy="1", price=1, parameters=one.terms(amount=1))["code"] == "OpenPositionLimitExceeded"


@both
def test_contracts_of_another_account(timed: Sandbox, trader: Open, api: str) -> None:
    one = trader(api)
    other = trader(api, "sandbox-rich-demo" if api == "v3" else "ROT900001")
    number = one.buy()["contract_id"]
    one.later(2)
    for request in (
        {"sell": number, "price": 0},
        {"cancel": number},
        {"contract_update": 1, "contract_id": number, "limit_order": {"stop_loss": 1}},
        {"proposal_open_contract": 1, "contract_id": number},
    ):
        error = other.error(**request)
        assert (error["code"], error["subcode"]) == ("ContractNotFound", "ContractNotFound")
    assert one.ask(sell=number, price=0)["contract_id"] == number


@both
def test_users_who_may_not_trade(timed: Sandbox, client: Any, socket: Any, trader: Open, api: str) -> None:
    if api == "v3":
        reader = client("sandbox-rich-read", on=timed)
        assert "proposal" in reader.ask(proposal=1, **Trader(api, reader, None).terms())
        assert reader.code(buy="1", price=1) == "PermissionDenied"
        assert reader.code(sell=1, price=1) == "PermissionDenied"
        assert client(on=timed).code(buy="1", price=1) == "AuthorizationRequired"
        barred = trader(api, "a1-sandbox-trouble")
        assert barred.error(buy="1", price=10, parameters=barred.terms())["code"] == "ClientUnwelcome"
        new = trader(api, "a1-sandbox-new")
        assert new.error(proposal=1, **new.terms())["subcode"] == "NotDefaultCurrency"
    else:
        public = socket(on=timed)
        assert "proposal" in public.ask(proposal=1, **Trader(api, public, None).terms())
        for request in ({"buy": "1", "price": 1}, {"sell": 1, "price": 0}, {"cancel": 1}):
            assert public.code(**request) == "AuthorizationRequired"
        assert trader(api, "DOT900012", "trouble").buy(amount=1), "nothing is barred on a demo account"


@both
def test_a_purchase_needs_its_parameters(trader: Open, api: str) -> None:
    error = trader(api).error(buy="1", price=1)
    assert (error["code"], set(error["details"])) == ("InputValidationFailed", {"parameters"})


@both
def test_types_that_are_not_simulated_say_so(trader: Open, api: str) -> None:
    one = trader(api)
    assert one.error(proposal=1, **one.terms(contract_type="ACCU"))["code"] == "NotSimulated"
    later = {"date_start": int(one.clock.now) + 600}
    code = one.error(proposal=1, **one.terms(**later))["code"]
    assert code == ("NotSimulated" if api == "v3" else "InputValidationFailed")


def test_a_number_in_place_of_a_text(trader: Open) -> None:
    one = trader("v3")  # Deriv's own examples write it like this
    assert one.ask(buy=1, price=10, parameters=one.terms())["buy_price"] == 10
    assert one.error(buy=2, price=10)["code"] == "InputValidationFailed"


def test_the_maximum_number_of_streams_of_proposals(client: Any, socket: Any, clock: Any) -> None:
    with Sandbox(clock=clock) as box:
        one = Trader("v3", client(on=box), clock)
        for amount in range(1, 6):
            one.reply(proposal=1, subscribe=1, **one.terms(amount=amount))
        assert one.error(proposal=1, subscribe=1, **one.terms(amount=6))["code"] == "RateLimit"
        other = Trader("options", socket(on=box), clock)
        for amount in range(1, 7):
            other.ask(proposal=1, subscribe=1, **other.terms(amount=amount))


def test_a_payment_beyond_the_balance_is_refused(timed: Sandbox) -> None:
    with pytest.raises(InvalidSetting, match="CR900001"):
        timed.pay("CR900001", -1_000_000, "withdrawal")
