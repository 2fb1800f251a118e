"""Test looking up a transfer by its key when its answer was lost: what is asked, and what follows from the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from dpyauth.apis.options import lookup
from dpyauth.apis.options.lookup import look_up
from dpyauth.catalog.calls import Call, load
from dpyauth.errors import (
    ApiError,
    CallTimeout,
    ConnectionLost,
    DpyauthError,
    NotCarriedOut,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    SignInRefused,
)
from dpyauth.net.messages import Reply
from dpyauth.net.pending import outcome_unknown

CATALOG = load("options")
KEY = "3f0e1d2c-0000-4000-8000-00000000000a"
WALLETS = ["wallet_transfer", "wallet_transfer_exchange", "wallet_transfer_platforms"]
AGENTS = ["payment_agent_transfer", "payment_agent_withdraw"]
NONE: Reply = {"data": {"start_date_time": None, "end_date_time": None, "transactions": []}, "links": {}}
ROW = {
    "request_id": KEY,
    "transaction_id": 7,
    "category": "withdrawal",
    "metadata": {"transaction_status": "completed"},
}

Told = Reply | DpyauthError


class Deriv:
    """Answers look-ups depending on the wallet; the last answer of a list is repeated for ever."""

    def __init__(self, **told: Told | list[Told]) -> None:
        self.told = {place: list(given) if isinstance(given, list) else [given] for place, given in told.items()}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.delay = 0.0

    async def __call__(self, call: Call, fields: Mapping[str, Any], timeout: float) -> Reply:
        assert 0 < timeout <= lookup.PATIENCE
        assert not call.changes_with(fields)
        self.asked.append((call.name, dict(fields)))
        await asyncio.sleep(self.delay)
        left = self.told.get(str(fields.get("wallet_type")), self.told.get("others", [NONE]))
        told = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(told, DpyauthError):
            raise told
        return told


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "PAUSES", (0.0, 0.0, 0.0))


def unknown(name: str) -> OutcomeUnknown:
    return outcome_unknown(name, "the line broke", CATALOG[name].look({"request_id": KEY}), KEY)


def looked(name: str, deriv: Deriv) -> Reply:
    return asyncio.run(look_up(unknown(name), CATALOG[name], KEY, deriv))


def listed(*rows: Any) -> Reply:
    return {**NONE, "data": {**NONE["data"], "transactions": list(rows)}}


def no(code: str, kind: type[ApiError] = ApiError) -> ApiError:
    return kind("no", code=code)


@pytest.mark.parametrize("name", WALLETS)
@pytest.mark.parametrize("place", ["main", "p2p", "partner", "payment_agent"])
def test_a_transfer_is_found_in_any_wallet(name: str, place: str) -> None:
    deriv = Deriv(**{place: listed(ROW)})
    assert looked(name, deriv) == {"data": ROW, "looked_up": True}
    assert len(deriv.asked) == 4
    assert {asked["request_id"] for _, asked in deriv.asked} == {KEY}


@pytest.mark.parametrize("name", AGENTS)
@pytest.mark.parametrize("state", ["requested", "pending", "complete", "something new"])
def test_the_status_of_an_agents_transfer(name: str, state: str) -> None:
    told = {"status": state, "transaction_id": None}
    deriv = Deriv(others={"data": told, "errors": [], "metadata": {}})
    assert looked(name, deriv) == {"data": {**told, "request_id": KEY}, "looked_up": True}
    assert deriv.asked == [(f"{name}_status", {"request_id": KEY})]


@pytest.mark.parametrize("state", ["failed", "rejected", "Cancelled", "reverted"])
def test_a_transfer_that_did_not_go_through(state: str) -> None:
    for name, reply in [
        ("wallet_transfer", listed(ROW, {**ROW, "metadata": {"transaction_status": state}})),
        ("payment_agent_transfer", {"data": {"status": state, "transaction_id": None}}),
    ]:
        with pytest.raises(ApiError, match=f"did not go through.*'{state}'") as told:
            looked(name, Deriv(others=reply))
        assert told.value.details == {"request_id": KEY, "status": state}


@pytest.mark.parametrize("name", [*WALLETS, *AGENTS])
def test_an_unknown_transfer(name: str) -> None:
    deriv = Deriv(others=no("RequestIDNotFound") if name in AGENTS else NONE)
    with pytest.raises(NotCarriedOut, match=f'most likely it was not carried out.*request_id="{KEY}"') as told:
        looked(name, deriv)
    assert told.value.request_id == KEY
    assert len(deriv.asked) == (3 if name in AGENTS else 12)  # the transfer may still be booked


def test_a_transfer_that_is_booked_late() -> None:
    assert looked("wallet_transfer", Deriv(p2p=[NONE, NONE, listed(ROW)]))["data"] == ROW
    late: list[Told] = [no("RequestIDNotFound"), {"data": {"status": "pending"}}]
    assert looked("payment_agent_withdraw", Deriv(others=late))["data"]["status"] == "pending"


@pytest.mark.parametrize(
    "absent",
    [no("NotFound"), no("WalletNotFound"), no("HTTP404"), no("AccessDenied", PermissionDenied)],
)
def test_a_missing_wallet_is_asked_once(absent: ApiError) -> None:
    deriv = Deriv(partner=absent, payment_agent=absent)
    with pytest.raises(NotCarriedOut):
        looked("wallet_transfer", deriv)
    assert [asked["wallet_type"] for _, asked in deriv.asked[4:]] == ["main", "p2p", "main", "p2p"]


@pytest.mark.parametrize(
    "trouble",
    [
        no("InputError"),  # Deriv also answers 400 when asked too often
        no("InternalError"),
        no("HTTP403", PermissionDenied),  # from a gateway, which knows nothing about wallets
        no("RateLimit", RateLimited),
        no("Unauthorized", SignInRefused),
        CallTimeout("late"),
        ConnectionLost("gone"),
        {},
        {"data": None},
        {"data": {}},
        {"data": "OK"},
        {"data": {"transactions": None}},
        {"data": {"transactions": {}}},
        listed({"amount": "1.00"}),  # no way to tell which request it belongs to
        listed({**ROW, "request_id": "another"}),  # the list is not of the key that was asked for
        listed("nonsense"),
        {**NONE, "links": {"next": "?page_cursor=x"}},  # the transfer may be on the next page
    ],
)
def test_an_inconclusive_answer(trouble: Told) -> None:
    with pytest.raises(OutcomeUnknown, match="may or may not") as told:
        looked("wallet_transfer", Deriv(main=trouble))
    assert told.value.request_id == KEY
    assert "without success" in " ".join(told.value.__notes__)
    assert f'session.frame("wallet_transactions", wallet_type="main", request_id="{KEY}")' in str(told.value)
    assert looked("wallet_transfer", Deriv(main=trouble, p2p=listed(ROW)))["data"] == ROW  # found, so it counts


@pytest.mark.parametrize(
    "trouble", [no("InputError"), no("NotFound"), no("HTTP404"), {"data": {}}, {"data": {"status": ""}}, NONE, {}]
)
def test_an_inconclusive_status_of_an_agents_transfer(trouble: Told) -> None:
    """Only one code says that the request is unknown; any other may concern the look-up itself."""
    with pytest.raises(OutcomeUnknown):
        looked("payment_agent_transfer", Deriv(others=trouble))


def test_no_wallet_at_all() -> None:
    with pytest.raises(OutcomeUnknown):
        looked("wallet_transfer", Deriv(others=no("NotFound")))


def test_the_last_look_up_counts() -> None:
    with pytest.raises(OutcomeUnknown):
        looked("wallet_transfer", Deriv(main=[NONE, NONE, ConnectionLost("gone")]))
    with pytest.raises(NotCarriedOut):
        looked("wallet_transfer", Deriv(main=[ConnectionLost("gone"), NONE]))


def test_a_look_up_keeps_to_its_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "PATIENCE", 0.05)
    deriv = Deriv()
    deriv.delay = 30
    with pytest.raises(OutcomeUnknown):
        looked("wallet_transfer", deriv)


def test_any_other_error_is_raised() -> None:
    class Broken(Deriv):
        async def __call__(self, call: Call, fields: Mapping[str, Any], timeout: float) -> Reply:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        looked("wallet_transfer", Broken())


def test_request_ids_are_compared_without_case() -> None:
    told = {**ROW, "request_id": KEY.upper()}
    assert looked("wallet_transfer", Deriv(main=listed(told)))["data"]["request_id"] == KEY
