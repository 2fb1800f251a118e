"""Test reading the accounts and statements of v3 on the options API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from dpyauth.errors import ApiError, BadReply, InvalidRequest
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session, legacy

Open = Callable[..., Session]


@pytest.fixture
def moved(open_options: Open) -> Session:
    """Sign in as a user whom Deriv has moved to the options API."""
    return open_options("moved")


def test_accounts_at_v3(moved: Session, box: Sandbox) -> None:
    frame = moved.legacy_accounts()
    assert frame.dtypes.astype(str).to_dict() == {"loginid": "string", "account_id": "Int64", "currency": "string"}
    assert frame["loginid"].tolist() == ["CR900031"]
    assert frame.attrs["call"] == "legacy_accounts"
    assert frame.attrs["api"] == "options"
    assert asyncio.run(moved.aio.legacy_accounts()).equals(frame)


def test_no_legacy_accounts_before_the_move(open_options: Open) -> None:
    session = open_options("rich")
    for ask in (session.legacy_accounts, lambda: session.legacy_statement("CR900001")):
        with pytest.raises(ApiError) as refused:
            ask()
        assert refused.value.code == "MigrationPending"


@pytest.mark.parametrize("page", [999, 50])
def test_a_whole_legacy_statement(moved: Session, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    monkeypatch.setattr(legacy, "PAGE", page)
    frame = moved.legacy_statement("CR900031")
    assert frame["transaction_id"].is_unique
    assert len(frame) == 601
    assert frame["transaction_time"].is_monotonic_increasing
    assert (frame["balance_after"].diff()[1:] - frame["amount"][1:]).abs().max() < 1e-6
    assert frame.attrs["loginid"] == "CR900031"
    awaited = asyncio.run(moved.aio.legacy_statement("CR900031", decimal=True))
    assert awaited["transaction_id"].equals(frame["transaction_id"])
    assert {type(amount) for amount in awaited["amount"]} == {Decimal}


def test_legacy_pages_have_the_maximum_size(moved: Session) -> None:
    assert moved.core.catalog["legacy_statement"].fields["limit"]["maximum"] == legacy.PAGE


def test_parts_of_a_legacy_statement(moved: Session, box: Sandbox) -> None:
    whole = moved.legacy_statement("CR900031")
    first, last = whole["transaction_time"].iloc[100], whole["transaction_time"].iloc[200]
    part = moved.legacy_statement("CR900031", first, last)  # both ends are included
    inside = whole[(whole["transaction_time"] >= first) & (whole["transaction_time"] <= last)]
    assert part["transaction_id"].tolist() == inside["transaction_id"].tolist()
    for types in ("deposit", ["deposit", "withdrawal"], ("sell",)):
        wanted = {types} if isinstance(types, str) else set(types)
        frame = moved.legacy_statement("CR900031", types=types)
        expected = whole[whole["action_type"].isin(wanted)]
        assert frame["transaction_id"].tolist() == expected["transaction_id"].tolist() != []
    before = len(box.received)
    wrong: list[dict[str, Any]] = [
        {"types": "theft"},
        {"types": []},
        {"since": "soon"},
        {"since": "2026-01-02", "until": "2026-01-01"},
    ]
    for arguments in wrong:
        with pytest.raises(InvalidRequest):
            moved.legacy_statement("CR900031", **arguments)
    assert len(box.received) == before
    with pytest.raises(ApiError, match="AccountNotFound"):
        moved.legacy_statement("CR900001")


def test_the_part_of_an_interrupted_legacy_statement(
    moved: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(legacy, "PAGE", 50)
    original = Session._collect

    def breaking(self: Any, call: Any, pages: Any, request: Any, rows_of: Any, made: Any) -> Any:
        def some(reply: Any) -> Any:
            return rows_of(reply) if pages.count < 100 else rows_of({})

        return (yield from original(self, call, pages, request, some, made))

    monkeypatch.setattr(Session, "_collect", breaking)
    with pytest.raises(BadReply, match="does not have the documented content"):
        moved.legacy_statement("CR900031")
    assert moved.partial is not None
    assert len(moved.partial) >= 100
