"""Times in every frame are read in any form, and stay visible if they cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from dpyauth import frames
from dpyauth.catalog.calls import load
from dpyauth.frames import Context, ledger


def _generic(api: str, call: str, reply: dict[str, Any]) -> pd.DataFrame:
    return frames.generic(load(api)[call], reply, Context(call, api=api))


def _update(kind: str, call: str, field: str) -> Callable[[Any], pd.DataFrame]:
    return lambda value: frames.updates(call, [(0.0, {"msg_type": kind, kind: {field: value}})])


MAKERS: dict[str, tuple[str, Callable[[Any], pd.DataFrame]]] = {
    "options_status": ("created", lambda value: frames.options_status([{"account_id": "D1", "created_at": value}])),
    "accounts": ("created", lambda value: frames.accounts([{"loginid": "D1", "created_at": value}])),
    "statement": (
        "transaction_time",
        lambda value: ledger.statement([{"transaction_time": value}], Context("statement")),
    ),
    "profit_table": ("sell_time", lambda value: ledger.profit_table([{"sell_time": value}], Context("profit_table"))),
    "login_history": ("time", lambda value: ledger.login_history([{"time": value}], Context("login_history"))),
    "ticks": ("", lambda value: frames.ticks({"times": [value], "prices": [1.0]})),
    "candles": ("", lambda value: frames.candles([{"epoch": value, "open": 1.0}])),
    "exchange_rates": ("date", lambda value: frames.exchange_rates({"date": value, "rates": {"EUR": 0.9}})),
    "tick": ("epoch", _update("tick", "ticks", "epoch")),
    "transaction": ("transaction_time", _update("transaction", "transaction", "transaction_time")),
    "wallet_transactions": ("time", lambda value: frames.wallet_transactions([{"timestamp": value}])),
    "payment_agent_list": (
        "created_at",
        lambda value: _generic("options", "payment_agent_list", {"data": [{"id": 1, "created_at": value}]}),
    ),
    "reset_demo_balance": (
        "created_at",
        lambda value: _generic("options", "reset_demo_balance", {"data": {"created_at": value}}),
    ),
    "app_markup_details": (
        "transaction_time",
        lambda value: _generic(
            "v3", "app_markup_details", {"app_markup_details": {"transactions": [{"transaction_time": value}]}}
        ),
    ),
    "statement of any call": (
        "transaction_time",
        lambda value: _generic("v3", "statement", {"statement": {"transactions": [{"transaction_time": value}]}}),
    ),
}
EPOCH = 1557408403
MOMENT = pd.Timestamp("2019-05-09 13:26:43", tz="UTC")
FORMS = [
    *(EPOCH, str(EPOCH), float(EPOCH), EPOCH * 1000, str(EPOCH * 1000), EPOCH * 10**6, EPOCH * 10**9),
    *("2019-05-09 13:26:43", "2019-05-09T13:26:43Z", "2019-05-09T15:26:43+02:00", "Thu, 09 May 2019 13:26:43 GMT"),
]


def told(name: str, value: Any) -> tuple[Any, pd.DataFrame]:
    column, make = MAKERS[name]
    frame = make(value)
    held = frame[column] if column else frame.index
    assert held.dtype == "datetime64[us, UTC]"
    return held[0], frame


@pytest.mark.parametrize("name", MAKERS)
def test_every_form_is_read(name: str) -> None:
    assert [told(name, value)[0] for value in FORMS] == [MOMENT] * len(FORMS)


@pytest.mark.parametrize("name", MAKERS)
def test_an_unreadable_time_stays_visible(name: str) -> None:
    for value in ("soon", "2019-02-30", "0000-00-00 00:00:00", [7], {"a": 7}, True, "1,557,408,403"):
        moment, frame = told(name, value)
        assert moment is pd.NaT
        shown = str(value) if not isinstance(value, dict) else "7"
        assert shown in str(frame.to_dict("records")), value


@pytest.mark.parametrize("name", MAKERS)
def test_missing_times_add_no_column(name: str) -> None:
    usual = told(name, EPOCH)[1].columns.tolist()
    for value in (None, ""):
        moment, frame = told(name, value)
        assert moment is pd.NaT
        assert frame.columns.tolist() == usual
