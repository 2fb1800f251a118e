"""Answer the simulated WebSocket calls, mostly like v3, with fields renamed or left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from dpyauth.sandbox import offers
from dpyauth.sandbox.contracts import KINDS
from dpyauth.sandbox.encoding import Refusal, Reply
from dpyauth.sandbox.options import run_calls
from dpyauth.sandbox.options.reply_shapes import AS_V3, contract_request, shaped
from dpyauth.sandbox.options.socket_ask import Ask
from dpyauth.sandbox.price_feed import SYMBOLS
from dpyauth.sandbox.v3 import handlers as v3


def answer(ask: Ask) -> Reply | v3.Replies:
    """Return the answer to a call."""
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
        return shaped(found, ask.money)
    return v3.Replies(shaped(each, ask.money) if isinstance(each, Reply) else each for each in found)


def _renamed(refusal: Refusal) -> Refusal:
    """Return a refusal with this API's name of the field."""
    if refusal.details and refusal.details.get("field") == "symbol":
        refusal.details = {**refusal.details, "field": "underlying_symbol"}
    return refusal


def _purchase(request: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**request, "parameters": contract_request(request["parameters"])} if "parameters" in request else request


_REQUESTS: Final[dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]]] = {
    "buy": _purchase,
    "proposal": contract_request,
}


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
SIMULATED: Final = AS_V3 | frozenset(_OWN)
