"""Test the earnings of apps and partners."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dpyauth.sandbox import Sandbox

MARKUP = "/applications/v1/markup-statistics"
OVERVIEW = "/partners/analytics/v1/overview"
TAGS = "/partners/client-tags/check"
OCTOBER = {"date_from": "2026-10-01", "date_to": "2026-10-31"}


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.fixture
def then(rest: Any, clock: Any) -> Any:
    """Make clients at a fixed time, so that every run has the same data."""
    clock.now = at("2026-11-15")
    with Sandbox(clock=clock) as box:
        yield lambda label="rich": rest(label, on=box)


def test_markup_of_an_app(then: Any) -> None:
    one = then()
    data = one.get(MARKUP, **OCTOBER).json()["data"]
    [row] = data["breakdown"]
    assert row["app_id"] == one.box.options_app_id
    assert {f"total_{name}": value for name, value in row.items() if name != "app_id"} == {
        name: value for name, value in data.items() if name != "breakdown"
    }
    assert data["total_contract_count"] > 10
    nothing = then("moved").get(MARKUP, **OCTOBER).json()["data"]
    assert (nothing["total_contract_count"], nothing["breakdown"]) == (0, [])
    for wrong in ({}, {"date_from": "2026-02-30", "date_to": "2026-03-01"}, {"date_from": "1", "date_to": "2"}):
        assert one.get(MARKUP, **wrong).status_code == 422
    assert one.get(MARKUP, date_from="2026-03-02", date_to="2026-03-01").status_code == 422


def test_markup_of_a_partner_is_that_of_the_clients(then: Any) -> None:
    data = then("partner").get(MARKUP, **OCTOBER).json()["data"]
    first, second = data["breakdown"]
    for name in ("volume_usd", "payout_usd", "contract_count"):
        assert data[f"total_{name}"] == pytest.approx(first[name] + second[name])
    assert data["total_client_count"] == 2
    assert data["total_volume_usd"] > then().get(MARKUP, **OCTOBER).json()["data"]["total_volume_usd"]


def test_markup_is_kept_for_six_months(then: Any) -> None:
    one, window = then("partner"), {"date_from": "2026-01-01", "date_to": "2026-10-31"}
    data = one.get(MARKUP, **window).json()["data"]
    assert data == one.get(MARKUP, **{**window, "date_from": "2026-05-15"}).json()["data"]
    assert "date_from" not in data, "Deriv does not document this"
    one.box.options.tells_range = True
    told = one.get(MARKUP, **window).json()["data"]
    assert (told["date_from"], told["date_to"]) == ("2026-05-15", "2026-10-31")


def test_markup_leaves_the_last_hour_out(then: Any, clock: Any) -> None:
    one, window = then(), {"date_from": "2026-10-01", "date_to": "2026-11-15"}
    whole = one.get(MARKUP, **window).json()["data"]["total_contract_count"]
    [account, _] = one.box.options.person("ROT900001").accounts
    clock.now = account.ledger.contracts[-1].bought + 3599
    shorter = one.get(MARKUP, **window).json()["data"]["total_contract_count"]
    clock.now += 2
    assert one.get(MARKUP, **window).json()["data"]["total_contract_count"] == whole > shorter


def test_an_overview(then: Any) -> None:
    one = then("partner")
    data = one.get(OVERVIEW, start_date="2024-11-15", end_date="2026-11-15").json()
    assert data["period"] == {"start_date": "2024-11-15", "end_date": "2026-11-15"}
    counts = data["signups"]
    assert (
        counts["total"] > counts["real_accounts"] > counts["first_time_depositors"] > counts["first_time_traders"] > 0
    )
    activity = data["activity"]
    assert activity["paid"] + activity["pending"] == pytest.approx(data["master_partner"]["earnings_occurred"])
    parts = [
        one.get(OVERVIEW, start_date=start, end_date=end).json()["signups"]["total"]
        for start, end in (("2024-11-15", "2025-12-31"), ("2026-01-01", "2026-11-15"))
    ]
    assert sum(parts) == counts["total"]
    assert one.get(OVERVIEW, start_date="2027-01-01", end_date="2027-02-01").json()["signups"]["total"] == 0


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"start_date": "2026-02-30", "end_date": "2026-03-01"}, 400),
        ({"start_date": "2026-03-02", "end_date": "2026-03-01"}, 422),
        ({"start_date": "2024-11-14", "end_date": "2026-11-15"}, 422),
    ],
)
def test_overviews_that_do_not_exist(then: Any, query: dict[str, str], status: int) -> None:
    assert then("partner").get(OVERVIEW, **query).status_code == status


def test_users_who_are_not_partners(then: Any) -> None:
    window = {"start_date": "2026-10-01", "end_date": "2026-10-31"}
    assert then().get(OVERVIEW, **window).status_code == 404
    assert then().post(TAGS, {"client_ids": ["ROT900001"]}).status_code == 404
    assert then("new").get(OVERVIEW, **window).status_code == 403


def test_tags(then: Any) -> None:
    one = then("partner")
    asked = [" ROT900001", "ROT900011", "00000000-0000-4000-8000-000000000001"]
    data = one.post(TAGS, {"client_ids": asked}).json()
    assert [(row["client_id"], row["is_tagged"]) for row in data["clients"]] == [
        ("ROT900001", True),
        ("ROT900011", False),
        (asked[2], False),
    ]
    assert (data["total_checked"], data["tagged_count"]) == (3, 1)
    for wrong in ({"client_ids": []}, {"client_ids": ["1"] * 101}, {"client_ids": [7]}, {"client_ids": ["?"]}):
        assert one.post(TAGS, wrong).status_code == 422
    for wrong in ({}, {"client_ids": "ROT900001"}):
        assert one.post(TAGS, wrong).status_code == 400
