"""What the simulated WebSocket calls answer: mostly what v3 answers, with fields renamed and left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from dpyauth.sandbox import offers
from dpyauth.sandbox.contracts import KINDS
from dpyauth.sandbox.encoding import Refusal, Reply
from dpyauth.sandbox.offers import invalid
from dpyauth.sandbox.options import run_calls
from dpyauth.sandbox.price_feed import SYMBOLS
from dpyauth.sandbox.streams import Stream
from dpyauth.sandbox.v3 import handlers as v3

Shape = Callable[[Any], Any]


@dataclass
class Ask(v3.Ask):
    """One request that passed every check, how this API writes money, and for how many days it keeps candles."""

    money: str = "documented"
    candles_kept: ClassVar[int | None] = 365

    def contract(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return what v3 would be asked for a contract."""
        return _contract(request)

    def stream(
        self,
        kind: str,
        key: object,
        topic: str | tuple[str, ...],
        update: Callable[[Any], Reply | None],
        *,
        private: bool = False,
        shows_id: bool = True,
    ) -> Stream:
        """Open a stream for this request."""

        def shaped(event: Any) -> Reply | None:
            reply = update(event)
            return reply and _shaped(reply, self.money)

        return super().stream(kind, key, topic, shaped, private=private, shows_id=shows_id)


def answer(ask: Ask) -> Reply | v3.Replies:
    """The answer to a call."""
    if ask.call not in SIMULATED:
        raise Refusal("NotSimulated", f"The sandbox does not simulate the call {ask.call}; Deriv has it.")
    try:
        if ask.call in _OWN:
            answered = _OWN[ask.call](ask)
            return answered if isinstance(answered, Reply) else Reply(ask.call, answered)
        if ask.call in _REQUESTS:
            ask.request = _REQUESTS[ask.call](ask.request)
        found = v3.HANDLERS[ask.call](ask)
    except Refusal as refusal:
        raise _renamed(refusal) from None
    if isinstance(found, Reply):
        return _shaped(found, ask.money)
    return v3.Replies(_shaped(each, ask.money) if isinstance(each, Reply) else each for each in found)


def _shaped(reply: Reply, money: str) -> Reply:
    return Reply(reply.msg_type, shape(reply.msg_type, money)(reply.payload), reply.extra)


def _renamed(refusal: Refusal) -> Refusal:
    """Return a refusal that names the field of this API."""
    if refusal.details and refusal.details.get("field") == "symbol":
        refusal.details = {**refusal.details, "field": "underlying_symbol"}
    return refusal


def _contract(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what v3 would be asked for a contract. A price to be above or below is for types of its own here."""
    if "barrier" in request and KINDS.get(request["contract_type"], KINDS["HIGHER"]).category.startswith("callput"):
        raise invalid("InvalidBarrier", "A contract of this type has no barrier.", "barrier")
    return {**request, "symbol": request["underlying_symbol"]}


def _purchase(request: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**request, "parameters": _contract(request["parameters"])} if "parameters" in request else request


_REQUESTS: Final[dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]]] = {
    "buy": _purchase,
    "proposal": _contract,
}


def _same(payload: Any) -> Any:
    return payload


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


SHAPES: Final[dict[str, Shape]] = {
    "balance": _same,
    "buy": _same,
    "cancel": _same,
    "contract_update": _same,
    "contract_update_history": _same,
    "forget": _same,
    "forget_all": _same,
    "ping": _same,
    "portfolio": _portfolio,
    "profit_table": _profit_table,
    "proposal": _proposal,
    "proposal_open_contract": _open_contract,
    "sell": _same,
    "statement": _statement,
    "ticks": _same,
    "ticks_history": _same,
    "time": _same,
    "trading_times": _trading_times,
    "transaction": _transaction,
}


def shape(call: str, money: str) -> Shape:
    """How v3's payload becomes this API's, with money sent as `Options.money` says."""
    plain = SHAPES.get(call, _same)
    if call == "balance" and money == "text":
        return lambda payload: {**payload, "balance": f"{payload['balance']:.2f}"}
    if call == "proposal_open_contract" and money == "numbers":
        return lambda payload: {**plain(payload), **_only(payload, (*_MONEY, "current_spot", "entry_spot"))}
    return plain


def _active_symbols(ask: Ask) -> list[dict[str, Any]]:
    wanted = ask.get("contract_type") or KINDS
    return [
        {
            "exchange_is_open": int(symbol.is_open(int(ask.now))),
            "is_trading_suspended": 0,
            "market": symbol.market[0],
            "pip_size": symbol.pip,
            "subgroup": "synthetics" if symbol.market[0] == "synthetic_index" else "none",
            "submarket": symbol.submarket[0],
            "trade_count": 0,
            "underlying_symbol": symbol.name,
            "underlying_symbol_name": symbol.title,
            "underlying_symbol_type": symbol.kind,
        }
        for symbol in SYMBOLS.values()
        if any(offers.spans(symbol, kind) for kind in wanted if kind in KINDS)
    ]


def _contracts_for(ask: Ask) -> dict[str, Any]:
    rows = [
        {name: value for name, value in row.items() if name not in _UNKNOWN_HERE}
        for row in offers.available(ask.request["contracts_for"], "USD")
    ]
    return {"available": rows, "hit_count": len(rows)}


_UNKNOWN_HERE: Final = frozenset(
    {"barrier_category", "contract_category_display", "contract_display", "exchange_name", "start_type"}
)


def _contracts_list(ask: Ask) -> list[dict[str, Any]]:
    return [
        {
            "contract_category": category,
            "contract_types": [kind for kind, facts in KINDS.items() if facts.category == category],
            "display_name": title,
        }
        for category, title in offers.TITLES.items()
    ]


_OWN: Final[dict[str, Callable[[Ask], Any]]] = {
    "active_symbols": _active_symbols,
    "auto_get": run_calls.get,
    "auto_list": run_calls.list_runs,
    "auto_list_strategies": run_calls.list_strategies,
    "auto_pause": run_calls.turn("paused"),
    "auto_resume": run_calls.turn("running"),
    "auto_start": run_calls.start,
    "auto_stop": run_calls.turn("stopped"),
    "contracts_for": _contracts_for,
    "contracts_list": _contracts_list,
}
SIMULATED: Final = frozenset(SHAPES) | frozenset(_OWN)
