"""Test the money on the account card: at stake, profit, wallets; and how often it is read."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from dpyauth.errors import ApiError
from dpyauth.panels import card_parts, readings, switcher
from dpyauth.panels.card import CardModel
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.users import Token
from dpyauth.session import Session

Eventually = Callable[..., None]
Open = Callable[..., Session]
DEMO, REAL = "DOT900003", "ROT900001"
NO_PAYMENT = "Not shown: this needs a token with the scope Payment."


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read often what Deriv does not push."""
    monkeypatch.setattr(switcher, "EVERY", 0.02)


@pytest.fixture
def rich(open_options: Open) -> Session:
    made = open_options("rich")
    assert isinstance(made, Session)
    return made


@pytest.fixture
def shown(rich: Session) -> Iterator[CardModel]:
    """Show a card that is visible."""
    model = card(rich)
    model.on_shown()
    yield model
    model.close()


def card(session: Session) -> CardModel:
    model = CardModel(session)
    model.prepare()
    return model


def told(model: CardModel) -> dict[str, list[str]]:
    """Return the contents of each row: lights, amounts, sentences."""
    return {
        row["name"]: [
            *(f"{light['tone']} {light['text']}" for light in row["lights"]),
            *(f"{one['name']}: {one['value']}" for one in row["amounts"]),
            *row["lines"],
        ]
        for row in model.view()["rows"]
    }


def asked(box: Sandbox, call: str) -> int:
    return sum(received.call == call for received in box.received)


def settled(model: CardModel) -> bool:
    """Return whether the card receives transactions, and has read everything that may have happened before."""
    known = model.readings
    return known.listeners > 0 and known.of(model.session.core.active_account).part("money").asked > known.last_move


def buy(session: Session, stake: float) -> int:
    """Buy a contract that pays if the price has risen after an hour; return its ID."""
    terms = {"contract_type": "CALL", "amount": stake, "basis": "stake", "currency": "USD", "duration": 60}
    symbol = "symbol" if "get_account_status" in session.core.catalog else "underlying_symbol"
    parameters = {**terms, "duration_unit": "m", symbol: "R_100"}
    return int(session.call("buy", buy="1", price=stake, parameters=parameters)["buy"]["contract_id"])


def sell(session: Session, contract: int) -> float:
    """Sell a contract at its current value as soon as possible; return that value."""
    with session.stream("proposal_open_contract", contract_id=contract) as stream:
        while not stream.next(timeout=10)["proposal_open_contract"].get("is_valid_to_sell"):
            pass
    return float(session.call("sell", sell=contract, price=0)["sell"]["sold_for"])


# Contents


def test_rich(rich: Session) -> None:
    said = told(card(rich))
    assert list(said) == [
        "Account",
        "At stake",
        "Profit",
        "Wallets",
        "History from v3",
        "Scopes",
        "Elsewhere",
    ]
    assert said["At stake"] == ["In 2 open contracts: 19.00 USD", "Possible payout: 37.05 USD"]
    assert said["Profit"] == ["Today (UTC): 0.00 USD", "This month: 0.00 USD"]
    assert said["Wallets"] == [
        "Main: 3,046.32 USD",
        "Main: 9,206.45 EUR",
        "Main: 0.01279291 BTC",
        "P2P: 1,932.45 USD",
    ]
    assert said["History from v3"] == ["wait being moved; it cannot be read until that is done"]
    rich.use(REAL)
    assert told(card(rich))["At stake"] == [
        "In 4 open contracts: 33.00 USD",
        "Possible payout: 29.25 USD",
        "The possible payout leaves out 1 contract without a fixed payout, such as a multiplier.",
    ]


@pytest.mark.parametrize(
    ("who", "wallets", "moved"),
    [
        ("trouble", [NO_PAYMENT], "bad could not be moved: ask Deriv's support"),
        ("moved", ["Main: 31.20 USD"], "good moved"),
        ("partner", ["Main: 206.45 USD", "Partner: 1,134.19 USD"], "off nothing to move"),
        ("agent", ["Main: 206.45 USD", "Payment agent: 206.45 USD"], "off nothing to move"),
    ],
)
def test_every_sample_user(who: str, wallets: list[str], moved: str, open_options: Open) -> None:
    session = open_options(who)
    said = told(card(session))
    assert [line.partition(": ")[0] for line in said["Wallets"]] == [line.partition(": ")[0] for line in wallets]
    assert said["History from v3"] == [moved]
    assert said["Account"] == ["good active"]
    if who == "trouble":
        assert said["Scopes"][1] == "off missing: Payment"


def test_a_newcomer(open_options: Open) -> None:
    model = card(open_options("new", create_demo=True))
    said = told(model)
    assert said["At stake"] == ["off nothing; no contract is open"]
    assert said["Profit"] == ["off no trades yet"]
    assert said["Wallets"] == ["off no wallet yet"]
    assert said["History from v3"] == ["off nothing to move"]
    assert "Wallets          – no wallet yet" in model.as_text()


def test_the_text_and_the_still_agree(rich: Session) -> None:
    model = card(rich)
    lines = model.as_text().splitlines()
    at = lines.index("At stake         In 2 open contracts  19.00 USD")
    assert lines[at + 1] == "                 Possible payout      37.05 USD"
    assert "Wallets          Main    3,046.32 USD" in lines
    assert "0.01279291 BTC" in model.still(model.view())
    assert "Possible payout" in model.still(model.view())


def test_nothing_personal(rich: Session, box: Sandbox) -> None:
    model = card(rich)
    shown = json.dumps(model.view()) + model.as_text() + model.still(model.view())
    person = box.options.person(DEMO)
    hidden = [person.nickname, person.user.name, *(wallet.wallet_id for wallet in person.wallets)]
    assert not [text for text in hidden if text in shown]


def test_v3_has_no_wallets(session: Session) -> None:
    said = told(card(session))
    assert said["At stake"][0] == "In 6 open contracts: 53.00 USD"
    assert said["Profit"] == ["Today (UTC): 0.00 USD", "This month: 0.00 USD"]
    assert not {"Wallets", "History from v3", "Elsewhere"} & said.keys()


@pytest.mark.parametrize(
    ("scopes", "missing"),
    [
        (("trade",), {"Status": "Read", "At stake and profit": "Read or Trading information"}),
        (("trading_information",), {"Status": "Read"}),
    ],
)
def test_a_part_without_its_scope_is_left_out(
    scopes: tuple[str, ...], missing: dict[str, str], open_session: Open, box: Sandbox
) -> None:
    box.world.issued["a-token"] = Token("a-token", "CR900001", scopes, "test")
    said = told(card(open_session("a-token")))
    needed = {name: [f"Not shown: this needs a token with the scope {scope}."] for name, scope in missing.items()}
    assert {name: lines for name, lines in said.items() if "Not shown" in str(lines)} == needed
    assert ("At stake" in said) == ("trading_information" in scopes)


def test_data_without_scope_is_requested_once(
    quickly: None, open_options: Open, box: Sandbox, eventually: Eventually
) -> None:
    session = open_options("rich, trading only")
    model = card(session)
    model.on_shown()
    eventually(lambda: asked(box, "get_accounts") > 5)
    session.use(REAL)
    before = asked(box, "get_accounts")
    eventually(lambda: asked(box, "get_accounts") > before + 5)
    assert told(model)["Wallets"] == [NO_PAYMENT]
    assert asked(box, "wallet_list") == 1
    model.close()


def test_parts_that_fail_do_not_affect_the_others(rich: Session, box: Sandbox) -> None:
    box.faults.error("Odd", "statement", message="<b>No</b>\x1b statement.")
    box.faults.http(400, "wallet_list")
    model = card(rich)
    said = told(model)
    assert said["At stake"] == ["In 2 open contracts: 19.00 USD", "Possible payout: 37.05 USD"]
    assert said["Profit"][0].startswith("Not available right now: ")
    assert "<b>No</b> statement." in said["Profit"][0]
    assert said["Wallets"][0].startswith("Not available right now: ")
    assert "<b>" not in model.still(model.view())


@pytest.mark.parametrize("call", ["portfolio", "statement"])
def test_nonsensical_replies(call: str, rich: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    payload = rich.core.adapter.payload
    monkeypatch.setattr(
        rich.core.adapter, "payload", lambda asked, reply: {"odd": []} if asked.name == call else payload(asked, reply)
    )
    said = told(card(rich))
    assert (said["At stake"][0].startswith("In 2")) == (call != "portfolio")


# Updates


def test_buying_and_selling_update_the_card(shown: CardModel, box: Sandbox, eventually: Eventually) -> None:
    eventually(lambda: settled(shown))
    assert asked(box, "portfolio") == 2
    bought = buy(shown.session, 5.5)
    eventually(lambda: told(shown)["At stake"] == ["In 3 open contracts: 24.50 USD", "Possible payout: 47.77 USD"])
    assert asked(box, "portfolio") == 3
    lost = f"−{5.5 - sell(shown.session, bought):.2f} USD"
    eventually(lambda: told(shown)["Profit"] == [f"Today (UTC): {lost}", f"This month: {lost}"])
    assert told(shown)["At stake"][0] == "In 2 open contracts: 19.00 USD"
    assert asked(box, "portfolio") == 4
    assert box.connections_opened == 1


def test_a_purchase_before_the_card_listens_is_shown(session: Session, box: Sandbox, eventually: Eventually) -> None:
    """The first call that needs a scope restarts the card's refreshing, when the news may have arrived already."""
    model = card(session)
    model.on_shown()
    eventually(lambda: asked(box, "transaction") == 1)
    buy(session, 5.5)
    eventually(lambda: told(model)["At stake"][0] == "In 7 open contracts: 58.50 USD")
    model.close()


def test_a_deposit_in_a_wallet_is_shown(quickly: None, shown: CardModel, box: Sandbox, eventually: Eventually) -> None:
    box.options.grow_wallet(DEMO, "p2p", 40)
    eventually(lambda: told(shown)["Wallets"][-1] != "P2P: 1,932.45 USD")


def test_many_transactions_cause_few_requests(shown: CardModel, box: Sandbox, eventually: Eventually) -> None:
    eventually(lambda: settled(shown))
    for count in range(3, readings.MOST + 2):  # the first picture does not count
        box.pay(DEMO, 1)
        box.pay(DEMO, 1)
        eventually(lambda count=count: asked(box, "portfolio") == count)
    box.pay(DEMO, 1)
    account = shown.session.core.active_account
    eventually(lambda: shown.readings.last_move > shown.readings.of(account).part("money").asked)
    wait = shown.readings.wait_for_money(account, "money", card_parts.SURELY, 0.0)
    assert readings.SPAN - 30 < wait <= readings.SPAN
    assert asked(box, "portfolio") == readings.MOST + 1


def test_another_account_is_read_at_once(shown: CardModel, box: Sandbox, eventually: Eventually) -> None:
    shown.readings.spend(readings.MOST)
    shown.session.use(REAL)
    eventually(lambda: told(shown).get("At stake", [""])[0] == "In 4 open contracts: 33.00 USD")


def test_much_to_read_is_read_once_a_minute(rich: Session, box: Sandbox) -> None:
    for _ in range(101):
        box.pay(DEMO, 1)
    model = card(rich)
    model.readings.moved()
    assert model.readings.wait_for_money(rich.core.active_account, "money", card_parts.SURELY, 0.0) > readings.SPAN - 30
    assert rich._partial is None


def test_several_cards_share_their_requests(rich: Session, box: Sandbox, eventually: Eventually) -> None:
    cards = [card(rich) for _ in range(2)]
    for model in cards:
        model.on_shown()
    eventually(lambda: cards[0].readings.listeners == 2 and settled(cards[0]))
    before = asked(box, "portfolio")
    assert before == 3  # for each picture, and once when they began to listen
    buy(rich, 5.5)
    for model in cards:
        eventually(lambda model=model: told(model)["At stake"][0] == "In 3 open contracts: 24.50 USD")
    assert asked(box, "portfolio") == before + 1
    cards[0].close()
    buy(rich, 1)
    eventually(lambda: told(cards[1])["At stake"][0] == "In 4 open contracts: 25.50 USD")
    assert asked(box, "portfolio") == before + 2
    assert asked(box, "transaction") == 1
    cards[1].close()


def test_failed_requests_are_repeated(
    shown: CardModel, box: Sandbox, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readings, "RETRY", 0.05)
    eventually(lambda: settled(shown))
    seen: list[tuple[str, str]] = []
    shown.changed = lambda: seen.append((told(shown)["At stake"][0], shown.view()["footnote"]))
    box.faults.error("Odd", "portfolio", message="Not now.")
    buy(shown.session, 5.5)
    eventually(lambda: told(shown)["At stake"][0] == "In 3 open contracts: 24.50 USD")
    assert shown.view()["footnote"] == ""
    assert {stake for stake, footnote in seen if "Not now." in footnote} == {"In 2 open contracts: 19.00 USD"}


def test_old_values_are_marked(
    shown: CardModel, box: Sandbox, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readings, "FRESH", 0.0)
    box.faults.http(400, "wallet_list")
    shown.on_hidden()
    shown.on_shown()
    eventually(lambda: shown.view()["footnote"])
    footnote = shown.view()["footnote"]
    assert footnote.startswith("As of 20")
    assert "UTC: Wallets. It cannot be refreshed right now: " in footnote
    assert told(shown)["Wallets"][0] == "Main: 3,046.32 USD"
    shown.on_hidden()
    shown.on_shown()
    eventually(lambda: not shown.view()["footnote"])


def test_money_is_read_again_after_a_break(
    shown: CardModel, box: Sandbox, eventually: Eventually, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readings, "FRESH", 0.0)
    eventually(lambda: asked(box, "transaction") == 1)
    box.stop()
    eventually(lambda: not shown.view()["connection"]["on"])
    assert told(shown)["At stake"][0] == "In 2 open contracts: 19.00 USD"
    account = box.world.account(DEMO)
    latest = account.ledger.open[-1]
    account.ledger.buy(replace(latest, contract_id=1, stake=550, bought=latest.bought + 60))
    box.start()
    eventually(lambda: told(shown)["At stake"][0] == "In 3 open contracts: 24.50 USD")


def test_an_outdated_answer_is_dropped(rich: Session) -> None:
    model = card(rich)
    account, now = rich.core.active_account, time.time()
    model.readings.read(rich, account, "wallets", readings.Part((), now - 60, now - 60))
    assert told(model)["Wallets"][0] == "Main: 3,046.32 USD"


def test_without_transactions_money_is_read_at_intervals(
    rich: Session, box: Sandbox, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(card_parts, "SURELY", 0.05)
    box.faults.error("Odd", "transaction", times=1000)
    model = card(rich)
    model.on_shown()
    eventually(lambda: asked(box, "portfolio") == readings.MOST + 1)
    model.close()


def test_errors_are_kept_without_their_frames(rich: Session, box: Sandbox) -> None:
    """Frames hold the session, which a card must not keep alive, and perhaps secrets."""
    box.faults.error("Odd", "statement", message="Kept by a card.")
    model = card(rich)
    gc.collect()
    kept = [each for each in gc.get_objects() if isinstance(each, ApiError) and "Kept by a card." in each.text]
    assert kept
    assert [each for each in kept if each.__traceback__ is not None] == []
    assert "Kept by a card." in told(model)["Profit"][0]
