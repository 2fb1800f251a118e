"""What the simulated WebSocket calls answer: mostly what v3 answers, with fields renamed and left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from dpyauth.sandbox import calls as v3
from dpyauth.sandbox.market import SYMBOLS
from dpyauth.sandbox.messages import Refusal, Reply
from dpyauth.sandbox.streams import Stream

Shape = Callable[[Any], Any]
_KINDS: Final = (
    ("callput", "Up/Down", (("CALL", "up"), ("PUT", "down"))),
    ("digits", "Digits", (("DIGITEVEN", "match"), ("DIGITODD", "differ"))),
    ("multiplier", "Multipliers", (("MULTUP", "up"), ("MULTDOWN", "down"))),
)


@dataclass
class Ask(v3.Ask):
    """One request that passed every check, and how to turn what v3 would send into what this API sends."""

    shape: Shape = dict

    def stream(self, kind: str, key: object, topic: str, update: Callable[[Any], Reply | None], **more: Any) -> Stream:
        """Open a stream for this request."""

        def shaped(event: Any) -> Reply | None:
            reply = update(event)
            return reply and _shaped(reply, self.shape)

        return super().stream(kind, key, topic, shaped, **more)


def answer(ask: Ask) -> Reply | v3.Replies:
    """The answer to a call."""
    own = _OWN.get(ask.call)
    if own is not None:
        return Reply(ask.call, own(ask))
    if ask.call not in SHAPES:
        raise Refusal("NotSimulated", f"The sandbox does not simulate the call {ask.call}; Deriv has it.")
    answered = v3.HANDLERS[ask.call](ask)
    if isinstance(answered, Reply):
        return _shaped(answered, ask.shape)
    return v3.Replies(_shaped(each, ask.shape) if isinstance(each, Reply) else each for each in answered)


def _shaped(reply: Reply, shape: Shape) -> Reply:
    return Reply(reply.msg_type, shape(reply.payload), reply.extra)


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
    *("account_id", "barrier", "barrier_count", "contract_id", "contract_type", "currency", "current_spot_time"),
    *("date_expiry", "date_settlement", "date_start", "expiry_time", "id", "is_expired", "is_intraday"),
    *("is_path_dependent", "is_settleable", "is_sold", "is_valid_to_cancel", "is_valid_to_sell", "limit_order"),
    *("longcode", "multiplier", "profit_percentage", "purchase_time", "sell_time", "shortcode", "status"),
    "transaction_ids",
)
_MONEY: Final = ("bid_price", "buy_price", "payout", "profit", "sell_price")
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
    "forget": _same,
    "forget_all": _same,
    "ping": _same,
    "portfolio": _portfolio,
    "profit_table": _profit_table,
    "proposal_open_contract": _open_contract,
    "statement": _statement,
    "ticks": _same,
    "ticks_history": _same,
    "time": _same,
    "trading_times": _trading_times,
    "transaction": _same,
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
    wanted = ask.get("contract_type")
    offered = {name for _, _, kinds in _KINDS for name, _ in kinds}
    if wanted and offered.isdisjoint(wanted):
        return []
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
    ]


def _contracts_for(ask: Ask) -> dict[str, Any]:
    symbol = SYMBOLS.get(ask.request["contracts_for"])
    if symbol is None:
        raise Refusal("InvalidSymbol", "The sandbox has no such symbol.")
    shown = [
        {
            "barriers": 0,
            "contract_category": category,
            "contract_type": kind,
            "default_stake": 10,
            "expiry_type": "intraday",
            "market": symbol.market[0],
            "max_contract_duration": "365d",
            "max_stake": 2000,
            "min_contract_duration": "1m",
            "min_stake": 1,
            "sentiment": sentiment,
            "submarket": symbol.submarket[0],
            "underlying_symbol": symbol.name,
        }
        for category, _, kinds in _KINDS
        for kind, sentiment in kinds
    ]
    return {"available": shown, "hit_count": len(shown)}


def _contracts_list(ask: Ask) -> list[dict[str, Any]]:
    return [
        {"contract_category": category, "contract_types": [kind for kind, _ in kinds], "display_name": title}
        for category, title, kinds in _KINDS
    ]


_OWN: Final[dict[str, Callable[[Ask], Any]]] = {
    "active_symbols": _active_symbols,
    "contracts_for": _contracts_for,
    "contracts_list": _contracts_list,
}
SIMULATED: Final = frozenset(SHAPES) | frozenset(_OWN)
