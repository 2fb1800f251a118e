"""Convert requests and replies of v3 to the shape of this API: fields are renamed or left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from dpyauth.sandbox.contracts import KINDS
from dpyauth.sandbox.encoding import Reply
from dpyauth.sandbox.offers import invalid

Shape = Callable[[Any], Any]


def _only(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: row[name] for name in names if name in row}


_STATEMENT: Final = (
    *("action_type", "amount", "balance_after", "contract_id", "longcode", "payout", "purchase_time"),
    *("reference_id", "shortcode", "transaction_id", "transaction_time"),
)


def _statement(payload: Any) -> Any:
    return {"count": payload["count"], "transactions": [_only(row, _STATEMENT) for row in payload["transactions"]]}


def _profit_table(payload: Any) -> Any:
    rows = [{name: value for name, value in row.items() if name != "app_id"} for row in payload["transactions"]]
    return {"count": payload["count"], "transactions": rows}


def _portfolio(payload: Any) -> Any:
    shown = []
    for contract in payload["contracts"]:
        left = {name: value for name, value in contract.items() if name not in ("app_id", "symbol")}
        shown.append({**left, "underlying_symbol": contract["symbol"]})
    return {"contracts": shown}


def _proposal(payload: Any) -> Any:
    return {name: value for name, value in payload.items() if name != "display_value"}


_TRANSACTION: Final = (
    *("action", "amount", "balance", "contract_id", "currency", "date_expiry", "id", "longcode", "purchase_time"),
    *("transaction_id", "transaction_time"),
)


def _transaction(payload: Any) -> Any:
    shown = _only(payload, _TRANSACTION)
    return {**shown, "underlying_symbol": payload["symbol"]} if "symbol" in payload else shown


def _trading_times(payload: Any) -> Any:
    def renamed(row: Mapping[str, Any]) -> dict[str, Any]:
        return {("underlying_symbol" if name == "symbol" else name): value for name, value in row.items()}

    return {
        "markets": [
            {
                "name": market["name"],
                "submarkets": [
                    {"name": sub["name"], "symbols": [renamed(row) for row in sub["symbols"]]}
                    for sub in market["submarkets"]
                ],
            }
            for market in payload["markets"]
        ]
    }


_CONTRACT: Final = (
    *(
        "account_id",
        "barrier",
        "barrier_count",
        "cancellation",
        "contract_id",
        "contract_type",
        "currency",
        "current_spot_time",
    ),
    *("date_expiry", "date_settlement", "date_start", "expiry_time", "id", "is_expired", "is_intraday"),
    *("is_path_dependent", "is_settleable", "is_sold", "is_valid_to_cancel", "is_valid_to_sell", "limit_order"),
    *("longcode", "multiplier", "profit_percentage", "purchase_time", "sell_time", "shortcode", "status"),
    *("tick_count", "tick_passed", "tick_stream", "transaction_ids", "validation_error", "validation_error_code"),
)
_MONEY: Final = ("bid_price", "buy_price", "commission", "payout", "profit", "sell_price")
_RENAMED: Final = {
    "current_spot": "current_spot_display_value",
    "entry_spot": "entry_spot_display_value",
    "entry_spot_time": "entry_tick_time",
    "exit_spot": "exit_tick_display_value",
    "exit_spot_time": "exit_tick_time",
    "underlying_symbol": "underlying",
}


def _open_contract(payload: Any) -> Any:
    money = {name: f"{payload[name]:.2f}" for name in _MONEY if name in payload}
    renamed = {name: payload[old] for name, old in _RENAMED.items() if old in payload}
    return {**_only(payload, _CONTRACT), **money, **renamed}


_SHAPES: Final[dict[str, Shape]] = {
    "portfolio": _portfolio,
    "profit_table": _profit_table,
    "proposal": _proposal,
    "proposal_open_contract": _open_contract,
    "statement": _statement,
    "trading_times": _trading_times,
    "transaction": _transaction,
}
AS_V3: Final = frozenset(_SHAPES) | {
    *("balance", "buy", "cancel", "contract_update", "contract_update_history", "forget", "forget_all"),
    *("ping", "sell", "ticks", "ticks_history", "time"),
}
"""Calls of both APIs that get v3's reply, in the shape of this API."""


def shaped(reply: Reply, money: str) -> Reply:
    """Return v3's reply in the shape of this API, with money in the form that `Options.money` sets."""
    call, payload = reply.msg_type, reply.payload
    if call in _SHAPES:
        payload = _SHAPES[call](payload)
    if call == "balance" and money == "text":
        payload = {**payload, "balance": f"{payload['balance']:.2f}"}
    elif call == "proposal_open_contract" and money == "numbers":
        payload |= _only(reply.payload, (*_MONEY, "current_spot", "entry_spot"))
    return Reply(call, payload, reply.extra)


def contract_request(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return v3's request for a contract. Contracts above or below a price have their own types in this API."""
    if "barrier" in request and KINDS.get(request["contract_type"], KINDS["HIGHER"]).category.startswith("callput"):
        raise invalid("InvalidBarrier", "A contract of this type has no barrier.", "barrier")
    return {**request, "symbol": request["underlying_symbol"]}
