"""Test comparing replies with the catalog, for every call that reads: only planted changes are found."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from dpyauth.catalog import shapes
from dpyauth.catalog.calls import load
from dpyauth.checkup import doctor
from dpyauth.checkup.asking import Asked, ask_all
from dpyauth.checkup.samples import CALLS, FIELDS, NOT_ASKED, From
from dpyauth.errors import InvalidRequest, InvalidSetting, NotInThisApi, NotSignedIn
from dpyauth.registry import APIS
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

Open = Callable[..., Session]
Change = Callable[[dict[str, Any]], object]

PEOPLE = {
    "options": ("rich", "trouble", "new", "partner", "agent"),
    "v3": ("sandbox-rich-all", "sandbox-trouble-read", "sandbox-new-read", "a1-sandbox-rich-demo"),
}


def opened(api: str, who: str, open_options: Open, open_session: Open) -> Session:
    if api == "options":
        return open_options(who, **({"create_demo": True} if who == "new" else {}))
    return open_session(who)


def of(asked: list[Asked], call: str) -> Asked:
    return next(one for one in asked if one.call == call)


def findings(asked: list[Asked]) -> list[tuple[str, ...]]:
    return [(one.call, *finding) for one in asked for finding in one.came.findings]


@pytest.mark.parametrize(("api", "who"), [(api, who) for api, people in PEOPLE.items() for who in people])
def test_replies_of_the_sandbox_are_as_documented(
    box: Sandbox, open_options: Open, open_session: Open, api: str, who: str
) -> None:
    session = opened(api, who, open_options, open_session)
    before = len(box.received)
    asked = ask_all(session)
    assert findings(asked) == []
    assert {one.call for one in asked} == set(load(api))
    assert sum(one.outcome == "asked" for one in asked) >= 15
    sent = {received.call for received in box.received[before:]}
    assert not [name for name in sent if name in load(api) and load(api)[name].changes is True]
    named = ask_all(
        session, sorted(name for name in load(api) if name.startswith("payment_agent_") and read(api, name))
    )
    assert findings(named) == []


def read(api: str, name: str) -> bool:
    return load(api)[name].changes is not True


def test_after_the_move_there_is_a_legacy_history(box: Sandbox, open_options: Open) -> None:
    session = open_options("rich")
    box.faults.move("CR900001")
    asked = ask_all(session, ["legacy_statement"])
    assert [(one.call, one.outcome) for one in asked] == [("legacy_accounts", "asked"), ("legacy_statement", "asked")]
    assert findings(asked) == []


def test_calls_that_change_or_close_something_are_not_made(box: Sandbox, open_options: Open) -> None:
    session = open_options("rich")
    with session.stream("ticks", ticks="R_100") as stream:
        stream.next()
        asked = ask_all(session)
        stream.next()
        stream.next()
    for one in asked:
        if load("options")[one.call].changes is True:
            assert (one.outcome, one.why) == ("left out", "changes something")
    assert of(asked, "forget_all") == Asked("forget_all", "skipped", "closes streams", of(asked, "forget_all").came)
    assert of(asked, "payment_agent_list").outcome == "skipped", "the first call would register the user"
    assert "forget_all" not in {received.call for received in box.received}


# Changes to replies of the sandbox: where, how, and what is found.


def at(path: str, change: Callable[[Any], Any]) -> Change:
    """Change the value at a path of names and numbers."""
    *way, last = [int(part) if part.isdecimal() else part for part in path.split(".")]

    def edit(reply: dict[str, Any]) -> None:
        place: Any = reply
        for part in way:
            place = place[part]
        place[last] = change(place.get(last) if isinstance(place, dict) else place[last])

    return edit


def without(path: str) -> Change:
    way, _, last = path.rpartition(".")

    def edit(reply: dict[str, Any]) -> None:
        place: Any = reply
        for part in way.split(".") if way else ():
            place = place[int(part) if part.isdecimal() else part]
        del place[last]

    return edit


def to(value: Any) -> Callable[[Any], Any]:
    return lambda old: value


SECRET = "C4nary"
ROW, BOOKED, CLOSED = "portfolio.contracts", "statement.transactions", "profit_table.transactions"
STATUS = "get_account_status"

DRIFT: dict[str, list[tuple[Change, str, str, str]]] = {
    # over HTTP
    "options get_accounts": [
        (at("data.0.tier", to(SECRET)), "data[].tier", "unknown field", "text"),
        (at("data.0.tier", to({SECRET: 1})), "data[].tier", "unknown field", "object"),
        (at("data.0.CR900001", to(1)), "data[].{}", "unknown field", "whole number"),
        (at("page", to(1)), "page", "unknown field", "whole number"),
        (without("data.0.currency"), "data[].currency", "missing", "absent"),
        (at("data.0.currency", to(None)), "data[].currency", "null", "null"),
        (at("data.0.account_id", to(5)), "data[].account_id", "other type", "whole number"),
        (at("data.0.status", to("frozen")), "data[].status", "new value", "frozen"),
        (at("data.0.status", to(SECRET)), "data[].status", "new value", "another word"),
        (at("data.0", to(SECRET)), "data[]", "other type", "text"),
        (at("data", lambda rows: rows[0]), "data", "other type", "object"),
        (at("data", to(SECRET)), "data", "other type", "text"),
        (without("data"), "data", "missing", "absent"),
    ],
    "options wallet_list": [
        (at("data.0.balances.USD.held", to("1.00")), "data[].balances.{}.held", "unknown field", "text"),
        (
            at("data.0.balances.USD.balance", to("much")),
            "data[].balances.{}.balance",
            "other type",
            "text that is not a number",
        ),
        (at("data.0.balances.BTC", to(True)), "data[].balances.{}", "other type", "true or false"),
        (without("data.0.balances.USD.input"), "data[].balances.{}.input", "missing", "absent"),
        (without("data.0.balances"), "data[].balances", "missing", "absent"),
    ],
    "options wallet_transactions": [
        (
            at("data.transactions.0.timestamp", to("soon")),
            "data.transactions[].timestamp",
            "other type",
            "text that is not a time",
        ),
        (without("data.transactions.0.metadata"), "data.transactions[].metadata", "missing", "absent"),
    ],
    "options wallet_exchange_rate": [(at("data.exchange_rate", to({})), "data.exchange_rate", "other type", "object")],
    "options account_nickname": [(at("data.nickname", to([SECRET])), "data.nickname", "other type", "list")],
    "options legacy_migration_status": [(at("status", to("paused")), "status", "new value", "paused")],
    # over the WebSocket
    "options balance": [
        (at("balance.balance", to("much")), "balance.balance", "other type", "text that is not a number"),
        (without("balance.currency"), "balance.currency", "missing", "absent"),
        (at("balance", to(12.5)), "balance", "other type", "number"),
        (without("balance"), "balance", "missing", "absent"),
    ],
    "options time": [(at("time", str), "time", "other type", "text")],
    "options portfolio": [
        (at(f"{ROW}.0.legs", to([])), f"{ROW}[].legs", "unknown field", "list"),
        (at(f"{ROW}.0.contract_id", str), f"{ROW}[].contract_id", "other type", "text"),
        (at(ROW, to({})), ROW, "other type", "object"),
        (without(f"{ROW}.0.buy_price"), f"{ROW}[].buy_price", "missing", "absent"),
    ],
    "options profit_table": [
        (without(f"{CLOSED}.0.sell_price"), f"{CLOSED}[].sell_price", "missing", "absent"),
        (without(CLOSED), CLOSED, "missing", "absent"),
    ],
    "options statement": [
        (without(f"{BOOKED}.0.amount"), f"{BOOKED}[].amount", "missing", "absent"),
        (without(f"{BOOKED}.0.transaction_time"), f"{BOOKED}[].transaction_time", "missing", "absent"),
        (at(f"{BOOKED}.3.action_type", to("gift")), f"{BOOKED}[].action_type", "new value", "gift"),
        (at(f"{BOOKED}.3.transaction_time", to(None)), f"{BOOKED}[].transaction_time", "null", "null"),
    ],
    "options active_symbols": [
        (
            at("active_symbols.0.pip_size", to(SECRET)),
            "active_symbols[].pip_size",
            "other type",
            "text that is not a number",
        ),
        (
            at("active_symbols.0.exchange_is_open", to(7)),
            "active_symbols[].exchange_is_open",
            "other type",
            "another number",
        ),
    ],
    "options ticks_history": [(at("history.prices.0", to(None)), "history.prices[]", "null", "null")],
    "options trading_times": [
        (
            at("trading_times.markets.0.submarkets.0.symbols.0.times.open.0", to(9)),
            "trading_times.markets[].submarkets[].symbols[].times.open[]",
            "other type",
            "whole number",
        ),
    ],
    # v3
    "v3 portfolio": [(without(ROW), ROW, "missing", "absent")],
    "v3 profit_table": [(without(f"{CLOSED}.0.buy_price"), f"{CLOSED}[].buy_price", "missing", "absent")],
    "v3 statement": [(without(f"{BOOKED}.0.balance_after"), f"{BOOKED}[].balance_after", "missing", "absent")],
    "v3 get_account_status": [
        (at(f"{STATUS}.status.0", to(5)), f"{STATUS}.status[]", "other type", "whole number"),
        (
            at(f"{STATUS}.currency_config.USD.is_deposit_suspended", to("no")),
            f"{STATUS}.currency_config.{{}}.is_deposit_suspended",
            "other type",
            "text",
        ),
        (
            at(f"{STATUS}.authentication.identity", to(SECRET)),
            f"{STATUS}.authentication.identity",
            "other type",
            "text",
        ),
        (
            at(f"{STATUS}.authentication.identity.status", to("lost")),
            f"{STATUS}.authentication.identity.status",
            "new value",
            "lost",
        ),
    ],
    "v3 get_settings": [(at("get_settings.email", to([SECRET])), "get_settings.email", "other type", "list")],
    "v3 exchange_rates": [
        (at("exchange_rates.rates.EUR", to([SECRET])), "exchange_rates.rates.{}", "other type", "list")
    ],
    "v3 website_status": [
        (at("website_status.site_status", to("asleep")), "website_status.site_status", "new value", "asleep")
    ],
}
CASES = [(where, *case) for where, cases in DRIFT.items() for case in cases]


@pytest.mark.parametrize(
    ("where", "change", "field", "finding", "what"), CASES, ids=[f"{case[0]}-{case[2]}-{case[4]}" for case in CASES]
)
def test_planted_drift_is_found(
    box: Sandbox,
    open_options: Open,
    open_session: Open,
    where: str,
    change: Change,
    field: str,
    finding: str,
    what: str,
) -> None:
    api, call = where.split()
    session = opened(api, PEOPLE[api][0], open_options, open_session)
    changed: list[Any] = []
    box.faults.edit(lambda reply: changed.append(change(reply)), call)
    asked = ask_all(session, [call])
    assert changed, "the reply was not changed"
    (found,) = of(asked, call).came.findings
    assert (found.field, found.finding, found.found) == (field, finding, what)
    assert SECRET not in repr([one.came for one in asked])


@pytest.mark.parametrize("api", APIS)
def test_an_unknown_field_in_any_reply_is_found(box: Sandbox, open_options: Open, open_session: Open, api: str) -> None:
    """Add the field at the top of every reply that is an object; only `health` is not."""
    session = opened(api, PEOPLE[api][0], open_options, open_session)
    plain = [one.call for one in ask_all(session) if one.outcome == "asked"]
    box.faults.edit(lambda reply: reply.update(novelty=1) if "error" not in reply else None, times=10_000)
    for one in ask_all(session):
        if one.call in plain and one.call != "health":  # its reply is a word
            assert [finding[:2] for finding in one.came.findings] == [("novelty", "unknown field")], one.call
    box.faults.clear()


def test_the_users_own_words_are_not_shown(box: Sandbox, open_options: Open, open_session: Open) -> None:
    """A nickname or a name may look like a field name or a status."""
    session = open_options("rich")
    nickname = "janedoe"
    box.faults.edit(at("data.nickname", to(nickname)), "account_nickname")
    change = at("data.0.status", to(nickname)), at(f"data.0.{nickname}", to(1)), at("data.0.tier", to(1))
    box.faults.edit(lambda reply: [each(reply) for each in change], "get_accounts")
    shown = {finding[:2]: finding.found for finding in of(ask_all(session), "get_accounts").came.findings}
    assert shown == {
        ("data[].status", "new value"): "another word",
        ("data[].{}", "unknown field"): "whole number",
        ("data[].tier", "unknown field"): "whole number",
    }
    session = open_session()
    box.faults.edit(at("get_settings.first_name", to("Jane")), "get_settings")
    box.faults.edit(at(f"{STATUS}.jane", to(1)), STATUS)
    asked = ask_all(session, [STATUS, "get_settings"])
    assert [finding.field for finding in of(asked, STATUS).came.findings] == [f"{STATUS}.{{}}"]


def test_calls_that_cannot_be_made_say_why(box: Sandbox, open_session: Open) -> None:
    session = open_session("sandbox-new-read")
    box.faults.error("MarketIsClosed", "balance")
    box.faults.garbage("ping")
    asked = ask_all(session)
    assert (of(asked, "api_token").outcome, of(asked, "api_token").why) == (
        "skipped",
        "the token lacks the scope admin",
    )
    assert (of(asked, "transaction").outcome, of(asked, "transaction").why) == ("skipped", "streams only")
    contract = of(asked, "proposal_open_contract")
    assert (contract.outcome, contract.why) == ("asked", ""), "without a contract, the optional ID is left out"
    history = of(asked, "contract_update_history")
    assert (history.outcome, history.why) == ("skipped", "no value available for its field 'contract_id'")
    assert (of(asked, "balance").outcome, of(asked, "balance").why) == ("refused", "MarketIsClosed")


def test_a_code_that_is_not_a_word_is_not_repeated(box: Sandbox, open_options: Open) -> None:
    session = open_options("rich")
    box.faults.error("jane@example.org", "time")
    assert of(ask_all(session, ["time"]), "time").why in {"an error", "UnknownError"}


def test_no_calls_are_made_on_an_ended_session(box: Sandbox, open_options: Open) -> None:
    session = open_options("rich")
    box.faults.edit(lambda reply: session.close(), "active_symbols")
    asked = ask_all(session)
    assert {one.outcome for one in asked} <= {"asked", "skipped", "left out"}
    assert of(asked, "ticks").why == "the session has ended"


def test_the_comparison_waits_for_a_rate_limit(box: Sandbox, open_options: Open) -> None:
    """Over HTTP, a call without time to wait is not sent; it is made again with time to wait."""
    session = open_options("rich", timeout=3.0)
    refusal = '{"errors":[{"status":429,"code":"RateLimit","message":"x"}]}'
    box.faults.http(429, "get_accounts", body=refusal, headers={"Retry-After": "4"})
    assert of(ask_all(session, ["get_accounts"]), "get_accounts").outcome == "asked"


def test_only_existing_calls_that_read_can_be_chosen(open_options: Open) -> None:
    session = open_options("rich")
    with pytest.raises(InvalidRequest, match="doctor only reads, and 'buy' changes something at Deriv"):
        doctor(session, replies=["buy"])
    with pytest.raises(InvalidRequest, match="no call named 'balence'"):
        doctor(session, replies=["balence"])
    for name in (5, None, 10**5000):
        with pytest.raises(InvalidRequest, match="no call of this name"):
            doctor(session, replies=[name])  # type: ignore[list-item]
    with pytest.raises(NotInThisApi):
        doctor(session, replies=["get_account_status"])


@pytest.mark.parametrize("replies", [None, 0, 1, [], (), b"time", 1.5])
def test_values_that_name_no_calls(open_options: Open, replies: Any) -> None:
    session = open_options("rich")
    with pytest.raises(
        InvalidSetting,
        match=r"replies must be True, False, the name of a call|takes True or False or a text or a list of texts",
    ):
        doctor(session, replies=replies)


def test_without_a_session_there_is_nothing_to_compare() -> None:
    with pytest.raises(NotSignedIn, match=r"dpyauth\.login\(\)"):
        doctor(server="http://127.0.0.1:9", replies=True)


def test_the_result_of_a_comparison(box: Sandbox, open_options: Open) -> None:
    session = open_options("rich")
    assert doctor(session, replies="time").calls["call"].tolist() == ["time"]
    box.faults.edit(at("data.0.tier", to("C4nary")), "get_accounts")
    checkup = doctor(session, replies=["get_accounts", "time"])
    assert checkup.problems == 1
    assert checkup.findings.to_dict("records") == [
        {
            "call": "get_accounts",
            "field": "data[].tier",
            "finding": "unknown field",
            "documented": "",
            "found": "text",
            "times": 1,
        }
    ]
    calls = checkup.calls.set_index("call")
    assert calls.loc["get_accounts", ["outcome", "findings"]].tolist() == ["asked", 1]
    assert calls.loc["time", ["outcome", "findings"]].tolist() == ["asked", 0]
    assert "get_accounts  data[].tier  unknown field: text" in str(checkup)
    assert "data[].tier" in checkup._repr_html_()
    assert "C4nary" not in f"{checkup} {checkup._repr_html_()} {json.dumps(checkup.to_dict())}"


def test_samples_name_existing_calls_and_fields() -> None:
    catalogs = [load(api) for api in APIS]
    required = {name for calls in catalogs for call in calls.values() for name in call.required}
    assert set(FIELDS) <= required
    for name, fields in CALLS.items():
        calls = [calls[name] for calls in catalogs if name in calls]
        assert calls, name
        assert all(any(field in call.fields for call in calls) for field in fields), name
    for name in NOT_ASKED:
        assert any(call.startswith(name) for calls in catalogs for call in calls)


def test_samples_are_taken_from_replies_that_have_them() -> None:
    froms = [value for table in (FIELDS, *CALLS.values()) for value in table.values() if isinstance(value, From)]
    for place in {place for value in froms for place in value.places}:
        call, _, path = place.partition(":")
        assert any(exists(shapes.load(api)[call].reply, path) for api in APIS if call in shapes.load(api)), place


def exists(node: Any, path: str) -> bool:
    for part in path.split("."):
        if not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return True


@pytest.mark.parametrize("entry", ["12.50", 12.5, 0])
def test_balances_of_a_wallet_may_be_plain_numbers(box: Sandbox, open_options: Open, entry: Any) -> None:
    box.faults.edit(at("data.0.balances.USD", to(entry)), "wallet_list")
    assert findings(ask_all(open_options("rich"), ["wallet_list"])) == []
