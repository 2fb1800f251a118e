"""Test reading wallets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.ledgers import DAY, END

WALLETS = "/wallet/v1/wallets"
MAIN = "/wallet/v1/transactions/main"
RATE = "/wallet/v1/exchange-rate"


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a refusal, which is flat: no data, and no metadata."""
    assert set(answer.json()) == {"errors"}
    [error] = answer.json()["errors"]
    assert set(error) == {"status", "code", "message"}
    assert error["status"] == answer.status_code
    return answer.status_code, error["code"]


def balances(one: Any, kind: str = "main", **query: Any) -> dict[str, dict[str, str]]:
    [wallet] = [each for each in one.get(WALLETS, **query).json()["data"] if each["type"] == kind]
    return wallet["balances"]


def cursor(link: str | None) -> str | None:
    return link and parse_qs(urlsplit(link).query)["page_cursor"][0]


def pages(one: Any, path: str = MAIN, **query: Any) -> Iterator[dict[str, Any]]:
    """Return every page of a list, the newest first."""
    answer = one.get(path, **query).json()
    yield answer
    while following := cursor(answer["links"]["next"]):
        answer = one.get(path, page_cursor=following).json()
        yield answer


def rows(one: Any, path: str = MAIN, **query: Any) -> list[dict[str, Any]]:
    return [row for page in pages(one, path, **query) for row in page["data"]["transactions"]]


def change(row: dict[str, Any]) -> Decimal:
    about = row["metadata"]
    if about["transaction_status"] not in ("complete", "completed"):
        return Decimal(0)
    deposit = row["category"] == "deposit"
    return Decimal(about["transaction_net_amount"]) if deposit else -Decimal(about["transaction_gross_amount"])


def when(row: dict[str, Any]) -> float:
    return datetime.fromisoformat(row["timestamp"]).timestamp()


@pytest.mark.parametrize(
    ("label", "held"),
    [
        ("rich", {"main": ["USD", "EUR", "BTC"], "p2p": ["USD"]}),
        ("new", {}),
        ("moved", {"main": ["USD"]}),
        ("partner", {"main": ["USD"], "partner": ["USD"]}),
        ("agent", {"main": ["USD"], "payment_agent": ["USD"]}),
    ],
)
def test_the_wallets_of_each_user(rest: Any, label: str, held: dict[str, list[str]]) -> None:
    found = rest(label).get(WALLETS).json()["data"]
    assert {wallet["type"]: list(wallet["balances"]) for wallet in found} == held


def test_a_new_user_has_an_empty_wallet(box: Sandbox, rest: Any) -> None:
    person = box.options.sign_up("someone@example.com")
    one = rest()
    token = box.options.issue(box.register_options_app("A", "https://example.com/a"), person, ("payment",))[0].value
    one.http.headers.update({"Authorization": f"Bearer {token}", "Deriv-App-ID": ""})
    assert [(each["type"], each["balances"]) for each in one.get(WALLETS).json()["data"]] == [("main", {})]
    assert one.get(MAIN).json()["data"]["transactions"] == []


def test_wallets_need_the_scope_payment(rest: Any) -> None:
    for path in (WALLETS, MAIN, f"{RATE}?source_currency=USD&destination_currency=EUR"):
        assert refused(rest("trouble").get(path)) == (403, "AccessDenied")
        assert refused(rest("refused").get(path)) == (401, "Unauthorized")


def test_a_balance_is_the_sum_of_the_transactions(rest: Any) -> None:
    one = rest()
    found = rows(one, per_page=1000)
    assert len(found) >= 2_500
    for currency, sums in balances(one).items():
        changes = [change(row) for row in found if row["metadata"]["transaction_currency"] == currency]
        assert Decimal(sums["balance"]) == sum(changes) >= 0
        assert Decimal(sums["input"]) == sum(each for each in changes if each > 0)
        assert Decimal(sums["output"]) == -sum(each for each in changes if each < 0)
        assert len(sums["balance"].partition(".")[2]) == (8 if currency == "BTC" else 2)


@pytest.mark.parametrize("as_text", [True, False], ids=["ISO 8601", "epoch"])
def test_balances_of_a_window(rest: Any, as_text: bool) -> None:
    one, since, until = rest(), END - 90 * DAY, END - 30 * DAY
    found = [row for row in rows(one, per_page=1000) if row["metadata"]["transaction_currency"] == "EUR"]
    window = {"start_date_time": since, "end_date_time": until}
    if as_text:
        window = {name: f"{datetime.fromtimestamp(value, UTC):%Y-%m-%dT%H:%M:%SZ}" for name, value in window.items()}
    sums = balances(one, **window)["EUR"]
    within = [change(row) for row in found if since <= when(row) <= until]
    assert Decimal(sums["balance"]) == sum(change(row) for row in found if when(row) <= until)
    assert Decimal(sums["input"]) == sum(each for each in within if each > 0)
    assert Decimal(sums["output"]) == -sum(each for each in within if each < 0)


def test_totals_in_one_currency(rest: Any) -> None:
    one = rest()
    [main, p2p] = one.get(WALLETS, conversion_currency="EUR").json()["data"]
    total = p2p["total_balance"]
    assert total["converted_to"] == "EUR"
    assert Decimal(total["approximate_total_balance"]) == round(
        Decimal(p2p["balances"]["USD"]["balance"]) / Decimal("1.08"), 2
    )
    assert Decimal(main["total_balance"]["approximate_total_balance"]) > Decimal(main["balances"]["EUR"]["balance"])
    assert "total_balance" not in one.get(WALLETS).json()["data"][0]


@pytest.mark.parametrize(
    "query",
    [
        {"conversion_currency": "eur"},
        {"conversion_currency": "USDT_TRC20"},
        {"conversion_currency": "XYZ"},
        {"start_date_time": "yesterday"},
        {"end_date_time": "99999999999999999999"},
        {"start_date_time": END, "end_date_time": END - 1},
    ],
)
def test_balances_that_cannot_be_given(rest: Any, query: dict[str, Any]) -> None:
    assert refused(rest().get(WALLETS, **query)) == (400, "ValidationError")


def test_transactions_are_complete_and_newest_first(rest: Any) -> None:
    one = rest()
    found = rows(one)
    assert found == rows(one, per_page=1000)
    assert all(newer["transaction_id"] > older["transaction_id"] for newer, older in pairwise(found))
    assert all(when(newer) >= when(older) for newer, older in pairwise(found))
    assert len({row["request_id"] for row in found}) == len(found)
    assert {row["channel"] for row in found} == {"cashier", "payment_agent"}


def test_pages_lead_to_each_other(rest: Any) -> None:
    one = rest()
    [first, second, *_] = pages(one)
    assert len(first["data"]["transactions"]) == 100
    assert first["links"]["prev"] is None
    for name, page in (("prev", first), ("first", first), ("self", second)):
        again = one.get(MAIN, page_cursor=cursor(second["links"][name])).json()
        assert again["data"] == page["data"], name
    [*_, last] = pages(one, per_page=1000)
    assert last["links"]["next"] is None
    assert one.get(urlsplit(second["links"]["self"]).path).status_code == 200
    assert one.http.get(second["links"]["self"]).json()["data"] == second["data"], "a link can be followed unchanged"


def test_a_cursor_stays_where_it_is_when_something_is_added(box: Sandbox, rest: Any) -> None:
    one = rest()
    first = one.get(MAIN).json()
    expected = one.get(MAIN, page_cursor=cursor(first["links"]["next"])).json()["data"]
    box.options.grow_wallet("ROT900001", "main", 30)
    assert one.get(MAIN, page_cursor=cursor(first["links"]["next"])).json()["data"] == expected
    assert len(one.get(MAIN, page_cursor=cursor(first["links"]["self"])).json()["data"]["transactions"]) == 100


def test_a_cursor_keeps_its_filters(rest: Any) -> None:
    one = rest()
    [page, *_] = pages(one, transaction_currency="BTC", end_date_time=END - 30 * DAY)
    following = one.get(
        MAIN, page_cursor=cursor(page["links"]["next"]), transaction_currency="EUR", per_page=1000, start_date_time="?"
    ).json()
    assert len(following["data"]["transactions"]) == 100
    assert {row["metadata"]["transaction_currency"] for row in following["data"]["transactions"]} == {"BTC"}
    assert following["data"]["end_date_time"] == "2026-10-02T00:00:00Z"
    assert following["data"]["start_date_time"] is None


def test_transactions_of_a_request_a_currency_and_a_time(rest: Any) -> None:
    one = rest()
    found = rows(one, per_page=1000)
    assert rows(one, request_id=found[700]["request_id"]) == [found[700]]
    assert rows(one, request_id="00000000-0000-4000-8000-000000000000") == []
    euros = [row for row in found if row["metadata"]["transaction_currency"] == "EUR"]
    assert rows(one, transaction_currency="EUR") == euros
    since, until = int(when(found[900])), int(when(found[300]))
    assert rows(one, start_date_time=since, end_date_time=until) == found[300:901]


def test_invalid_cursors(rest: Any, clock: Any) -> None:
    with Sandbox(clock=clock) as box:
        one, other = rest(on=box), rest("moved", on=box)
        following = cursor(one.get(MAIN).json()["links"]["next"])
        assert following
        for wrong in ("x", "AAAA", following[:-4] + "AAAA", "http://127.0.0.1/?page_cursor=" + following, "ü"):
            assert refused(one.get(MAIN, page_cursor=wrong)) == (400, "ValidationError")
        assert refused(one.get("/wallet/v1/transactions/p2p", page_cursor=following)) == (400, "ValidationError")
        assert refused(other.get(MAIN, page_cursor=following)) == (400, "ValidationError")
        clock.now += box.options.cursor_lifetime - 1
        assert one.get(MAIN, page_cursor=following).status_code == 200
        clock.now += 1
        answer = one.get(MAIN, page_cursor=following)
        assert refused(answer) == (400, "ValidationError")
        assert "expired" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        (MAIN, {"per_page": 99}, 400),
        (MAIN, {"per_page": 1001}, 400),
        (MAIN, {"per_page": "many"}, 400),
        (MAIN, {"transaction_currency": "USDT_TRC20"}, 400),
        (MAIN, {"start_date_time": "2026-13-01"}, 400),
        ("/wallet/v1/transactions/system", {}, 400),
        ("/wallet/v1/transactions/partner", {}, 404),
        ("/wallet/v1/nothing", {}, 404),
    ],
)
def test_transactions_that_do_not_exist(rest: Any, path: str, query: dict[str, Any], status: int) -> None:
    assert refused(rest().get(path, **query))[0] == status


def test_links_in_other_forms(box: Sandbox, rest: Any) -> None:
    one, options = rest(), box.options
    assert one.get(MAIN).json()["links"]["next"].startswith(f"{box.rest}{MAIN}?page_cursor=")
    options.links = "relative"
    assert one.get(MAIN).json()["links"]["next"].startswith(f"{MAIN}?page_cursor=")
    options.links = "cursors"
    following = one.get(MAIN).json()["links"]["next"]
    assert one.get(MAIN, page_cursor=following).status_code == 200
    options.links = "absent"
    assert "links" in one.get(MAIN).json()
    assert "links" not in rest("moved").get(MAIN).json()


def test_money_and_times_in_other_forms(box: Sandbox, rest: Any) -> None:
    one, options = rest(), box.options
    row = one.get(MAIN).json()["data"]["transactions"][0]
    options.money, options.times = "numbers", "epoch"
    other = one.get(MAIN).json()["data"]["transactions"][0]
    assert other["timestamp"] == str(int(when(row)))
    assert other["metadata"]["transaction_gross_amount"] == float(row["metadata"]["transaction_gross_amount"])
    assert type(balances(one)["USD"]["balance"]) is float


def test_a_wallet_that_grows(box: Sandbox, rest: Any) -> None:
    one = rest("agent")
    before = rows(one)
    box.options.grow_wallet("ROT900051", "main", 10_000)
    found = rows(one, per_page=1000)
    assert found[10_000:] == before
    assert Decimal(balances(one)["USD"]["balance"]) == sum(change(row) for row in found)
    box.options.grow_wallet("ROT900051", "main", 5, "USDT_TRC20_POLYGON")
    assert list(balances(one)) == ["USD", "USDT_TRC20_POLYGON"]
    with pytest.raises(ValueError, match="no wallet"):
        box.options.grow_wallet("ROT900051", "p2p", 5)


def test_quotes(rest: Any) -> None:
    one = rest()
    told = one.get(RATE, source_currency="USD", destination_currency="BTC").json()["data"]
    assert told["exchange_rate"] == "0.000015625"
    assert (
        told["rate_token"]
        != one.get(RATE, source_currency="USD", destination_currency="BTC").json()["data"]["rate_token"]
    )
    assert one.get(RATE, source_currency="BTC", destination_currency="USD").json()["data"]["exchange_rate"] == "64000"
    for query in (
        {},
        {"source_currency": "USD"},
        {"source_currency": "usd", "destination_currency": "EUR"},
        {"source_currency": "USD", "destination_currency": "USD"},
        {"source_currency": "USD", "destination_currency": "USDT_TRC20"},
    ):
        assert refused(one.get(RATE, **query))[0] == 400


def test_trouble_on_demand(box: Sandbox, rest: Any) -> None:
    one = rest()
    box.faults.rate_limit("wallet_list")
    assert refused(one.get(WALLETS)) == (429, "RateLimit")
    box.faults.error("InternalServerError", "wallet_transactions")
    assert refused(one.get(MAIN)) == (500, "InternalServerError")
    box.faults.maintenance()
    assert refused(one.get(WALLETS)) == (503, "InternalServerError")
