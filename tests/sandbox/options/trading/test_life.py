"""Test the life of a contract: its price, how it is bought, and how it ends."""

from __future__ import annotations

from typing import Any

import pytest
from traders import APIS, DAY, DIGITS, Open, both

from dpyauth.sandbox import Sandbox, price_feed

UPS_AND_DOWNS = {"v3": ("CALL", "PUT", "CALLE", "PUTE"), "options": ("CALL", "PUT", "CALLE", "PUTE", "HIGHER", "LOWER")}


@both
def test_from_proposal_to_expiry(trader: Open, api: str) -> None:
    one = trader(api)
    before, held = one.balance, set(one.open)
    offer = one.propose()
    assert offer["ask_price"] == 10
    assert 19 < offer["payout"] < 20
    assert offer["date_expiry"] == offer["date_start"] + 60
    bought = one.ask(buy=offer["id"], price=offer["ask_price"])
    number = bought["contract_id"]
    assert bought["buy_price"] == 10
    assert bought["payout"] == offer["payout"]
    assert bought["balance_after"] == round(before - 10, 2) == one.balance
    assert one.open[number]["buy_price"] == 10
    assert set(one.open) == held | {number}
    first = one.state(number)
    assert (first["status"], first["is_sold"], first.get("entry_spot")) == ("open", 0, None)
    assert first["barrier"] is None
    one.later(30)
    running = one.state(number)
    assert running["is_valid_to_sell"] == 1
    assert float(running["barrier"]) == float(running["entry_spot"])
    assert 0 < one.number(running["bid_price"]) < bought["payout"]
    end = one.later(30)
    over = one.state(number)
    won = price_feed.spot("R_100", end) > float(running["entry_spot"])
    assert over["status"] == ("won" if won else "lost")
    assert one.number(over["sell_price"]) == (bought["payout"] if won else 0)
    assert one.number(over["profit"]) == round(one.number(over["sell_price"]) - 10, 2)
    assert set(one.open) == held
    row = one.closed(number)
    assert (row["buy_price"], row["sell_price"], row["sell_time"]) == (10, one.number(over["sell_price"]), end)
    assert row["duration_type"] == "minutes"
    paid, got = one.booked(number)
    assert (paid["action_type"], paid["amount"], paid["balance_after"]) == ("buy", -10, bought["balance_after"])
    assert (got["action_type"], got["amount"], got["reference_id"]) == (
        "sell",
        row["sell_price"],
        paid["transaction_id"],
    )
    assert one.balance == got["balance_after"] == round(before - 10 + row["sell_price"], 2)


@both
def test_a_contract_that_was_not_read_ends_in_its_own_second(trader: Open, api: str) -> None:
    one = trader(api)
    first = one.buy(duration=60)
    second = one.buy(duration=30)
    start = int(one.clock.now)
    one.later(40 * DAY)
    assert one.closed(first["contract_id"])["sell_time"] == start + 60
    assert one.closed(second["contract_id"])["sell_time"] == start + 30
    [_, later], [_, earlier] = one.booked(first["contract_id"]), one.booked(second["contract_id"])
    assert earlier["transaction_id"] < later["transaction_id"]


def test_the_listed_balance_includes_ended_contracts(timed: Sandbox, trader: Open, rest: Any) -> None:
    one = trader("options")
    both_ways = [one.buy(contract_type=kind)["contract_id"] for kind in ("CALL", "PUT")]
    paid = one.balance
    one.later(60)
    accounts = rest(on=timed).get("/trading/v1/options/accounts").json()["data"]
    [told] = [row["balance"] for row in accounts if row["account_id"] == "DOT900003"]
    assert {one.state(number)["status"] for number in both_ways} == {"won", "lost"}
    assert told == one.balance > paid


@both
def test_a_price_that_moves(trader: Open, api: str) -> None:
    one = trader(api)
    reply = one.reply(proposal=1, subscribe=1, **one.terms(basis="payout", amount=20))
    offer, stream = reply["proposal"], reply["subscription"]["id"]
    assert offer["id"] == stream
    assert offer["payout"] == 20
    assert one.propose(amount=offer["ask_price"])["payout"] >= 20, "rounding may only raise the payout"
    one.later(2)
    update = one.receive()["proposal"]
    assert update["id"] == stream
    assert update["spot_time"] == offer["spot_time"] + 2
    assert update["spot"] != offer["spot"]
    bought = one.ask(buy=stream, price=update["ask_price"])
    assert bought["buy_price"] == update["ask_price"]
    assert one.ask(forget=stream) == 0, "a stream of proposals ends when the contract is bought"
    assert one.error(buy=stream, price=100)["code"] == "InvalidContractProposal"


@both
def test_a_proposal_can_be_bought_once_and_for_a_limited_time(trader: Open, api: str) -> None:
    one, other = trader(api), trader(api)
    first, second, third = (one.propose()["id"] for _ in range(3))
    one.ask(buy=first, price=10)
    assert one.error(buy=first, price=10)["code"] == "InvalidContractProposal"
    assert other.error(buy=second, price=10)["code"] == "InvalidContractProposal"
    one.later(59)
    one.ask(buy=second, price=10)
    one.later(1)
    assert one.error(buy=third, price=10)["code"] == "InvalidContractProposal"
    assert one.error(buy="x" * 32, price=10)["code"] == "InvalidContractProposal"


@both
def test_a_forgotten_stream_cannot_be_bought(trader: Open, api: str) -> None:
    one = trader(api)
    terms = one.terms()
    stream = one.reply(proposal=1, subscribe=1, **terms)["subscription"]["id"]
    assert one.error(proposal=1, subscribe=1, **terms)["code"] == "AlreadySubscribed"
    assert one.ask(forget_all="proposal") == [stream]
    assert one.error(buy=stream, price=10)["code"] == "InvalidContractProposal"


@both
def test_a_price_above_the_named_maximum(trader: Open, api: str) -> None:
    one = trader(api)
    before, held = one.balance, set(one.open)
    offer = one.propose()
    error = one.error(buy=offer["id"], price=9.99)
    assert (error["code"], error["subcode"], error["details"]["ask_price"]) == ("PriceMoved", "PriceMoved", 10)
    assert one.error(buy="1", price=9, parameters=one.terms())["code"] == "PriceMoved"
    assert (one.balance, set(one.open)) == (before, held)


@both
def test_sold_before_its_end(trader: Open, api: str) -> None:
    one = trader(api)
    number = one.buy()["contract_id"]
    error = one.error(sell=number, price=0)
    assert (error["code"], error["subcode"]) == ("InvalidSellContractProposal", "EntryTickMissing")
    one.later(10)
    bid = one.number(one.state(number)["bid_price"])
    before = one.balance
    error = one.error(sell=number, price=bid + 0.01)
    assert (error["code"], error["details"]["bid_price"]) == ("PriceMoved", bid)
    sold = one.ask(sell=number, price=bid)
    assert (sold["sold_for"], sold["contract_id"]) == (bid, number)
    assert sold["balance_after"] == one.balance == round(before + bid, 2)
    state = one.state(number)
    assert (state["status"], state["is_sold"], state["sell_time"]) == ("sold", 1, int(one.clock.now))
    assert sold["reference_id"] == state["transaction_ids"]["buy"]
    assert sold["transaction_id"] == state["transaction_ids"]["sell"]
    for seconds in (0, 120):
        one.later(seconds)
        error = one.error(sell=number, price=0)
        assert (error["code"], error["subcode"]) == ("NoOpenPosition", "ContractAlreadySold")
    assert len(one.booked(number)) == 2


@both
def test_streams_follow_a_contract(trader: Open, api: str) -> None:
    one, watcher = trader(api), trader(api)
    for call in ("balance", "transaction"):
        watcher.reply(**{call: 1, "subscribe": 1})
    bought = one.buy()
    told = {reply["msg_type"]: reply for reply in (watcher.receive(), watcher.receive())}
    assert told["balance"]["balance"]["balance"] == bought["balance_after"]
    row = told["transaction"]["transaction"]
    assert (row["action"], row["amount"], row["balance"]) == ("buy", -10, bought["balance_after"])
    assert (row["transaction_id"], row["contract_id"]) == (bought["transaction_id"], bought["contract_id"])
    assert (row["longcode"], row[one.symbol]) == (bought["longcode"], "R_100")
    assert row["date_expiry"] == row["purchase_time"] + 60
    first = watcher.reply(proposal_open_contract=1, contract_id=bought["contract_id"], subscribe=1, req_id=5)
    one.later(10)
    assert watcher.receive()["proposal_open_contract"]["is_sold"] == 0
    sold = one.ask(sell=bought["contract_id"], price=0)
    replies = [watcher.receive() for _ in range(3)]
    told = {reply["msg_type"]: reply for reply in replies}
    last = told["proposal_open_contract"]
    assert (last["req_id"], last["subscription"]) == (5, first["subscription"])
    assert last["proposal_open_contract"]["status"] == "sold"
    assert told["transaction"]["transaction"]["amount"] == sold["sold_for"]
    assert told["balance"]["balance"]["balance"] == sold["balance_after"]
    watcher.reply(ticks="1HZ100V", subscribe=1)
    one.later(1)
    assert watcher.receive()["msg_type"] == "tick", "a closed contract sends nothing more"
    watcher.ask(forget_all="ticks")
    assert watcher.ask(forget=first["subscription"]["id"]) == 1


@both
def test_an_expiry_is_sent_unasked(trader: Open, api: str) -> None:
    one = trader(api)
    reply = one.reply(buy="1", price=10, subscribe=1, req_id=3, parameters=one.terms())
    stream = reply["subscription"]["id"]
    one.later(60)
    update = one.receive()
    while not update["proposal_open_contract"]["is_sold"]:
        update = one.receive()
    assert (update["req_id"], update["subscription"]["id"]) == (3, stream)
    assert update["echo_req"]["buy"] == "1"
    assert update["proposal_open_contract"]["contract_id"] == reply["buy"]["contract_id"]
    assert update["proposal_open_contract"]["status"] in ("won", "lost")


@pytest.mark.parametrize(("api", "kind"), [(api, kind) for api in APIS for kind in UPS_AND_DOWNS[api]])
def test_which_rises_and_falls_win(trader: Open, api: str, kind: str) -> None:
    one = trader(api)
    barriers = [None] if api == "options" else [None, "+0.5", "-0.5"]
    if kind in ("HIGHER", "LOWER"):
        barriers = ["+0.5", "-0.5"]
    offered = [one.buy(contract_type=kind, duration=n, barrier=b) for n in (15, 60, 300) for b in barriers]
    one.later(300)
    for bought in offered:
        state = one.state(bought["contract_id"])
        last, strike = float(state["exit_spot" if api == "options" else "exit_tick"]), float(state["barrier"])
        assert last == price_feed.spot("R_100", state["date_expiry"])
        up, equal = kind in ("CALL", "CALLE", "HIGHER"), kind in ("CALLE", "PUTE")
        won = equal if last == strike else (last > strike) == up
        assert state["status"] == ("won" if won else "lost")
        assert one.number(state["sell_price"]) == (bought["payout"] if won else 0)


@both
def test_a_price_that_has_not_moved(trader: Open, api: str) -> None:
    one = trader(api)
    begun = int(one.clock.now)
    same = (
        n for n in range(5000) if price_feed.spot("R_100", begun + n + 1) == price_feed.spot("R_100", begun + n + 15)
    )
    one.later(next(same))
    bought = {kind: one.buy(contract_type=kind, duration=15)["contract_id"] for kind in UPS_AND_DOWNS["v3"]}
    one.later(15)
    assert {kind for kind, number in bought.items() if one.state(number)["status"] == "won"} == {"CALLE", "PUTE"}


@pytest.mark.parametrize("kind", DIGITS)
@both
def test_which_digits_win(trader: Open, api: str, kind: str) -> None:
    one = trader(api)
    needs = kind not in ("DIGITEVEN", "DIGITODD")
    digits = [str(d) for d in range(10)][kind == "DIGITUNDER" : 9 if kind == "DIGITOVER" else 10] if needs else [None]
    offered = {d: one.buy(contract_type=kind, duration=5, duration_unit="t", barrier=d) for d in digits}
    one.later(30)
    for digit, bought in offered.items():
        state = one.state(bought["contract_id"])
        assert (state["tick_count"], len(state["tick_stream"])) == (5, 6)
        last = int(state["tick_stream"][-1]["tick_display_value"][-1])
        chosen = int(digit or 0)
        won = {
            "DIGITMATCH": last == chosen,
            "DIGITDIFF": last != chosen,
            "DIGITEVEN": last % 2 == 0,
            "DIGITODD": last % 2 == 1,
            "DIGITOVER": last > chosen,
            "DIGITUNDER": last < chosen,
        }[kind]
        assert state["status"] == ("won" if won else "lost")
        assert state["barrier"] == digit


@both
def test_the_payout_follows_the_probability(trader: Open, api: str) -> None:
    one = trader(api)
    rare, likely, even = (
        one.propose(contract_type=kind, duration=1, duration_unit="t", barrier=digit)["payout"]
        for kind, digit in (("DIGITMATCH", "3"), ("DIGITDIFF", "3"), ("DIGITEVEN", None))
    )
    assert 10 < likely < even < rare < 100


@both
def test_ticks_cannot_be_sold(trader: Open, api: str) -> None:
    one = trader(api)
    number = one.buy(duration=5, duration_unit="t")["contract_id"]
    one.later(4)
    state = one.state(number)
    assert (state["is_valid_to_sell"], state["validation_error_code"]) == (0, "ResaleNotOffered")
    assert (state["tick_passed"], len(state["tick_stream"])) == (3, 3)
    assert one.error(sell=number, price=0)["subcode"] == "ResaleNotOffered"
