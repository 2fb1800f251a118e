"""Answer calls about symbols and prices."""

from __future__ import annotations

from typing import Any, Final

from dpyauth.sandbox import price_feed
from dpyauth.sandbox.encoding import Refusal, Reply, epoch
from dpyauth.sandbox.price_feed import SYMBOLS, Symbol
from dpyauth.sandbox.v3.handlers import Ask, answers, for_each

_MOST: Final = 5000
_DAY: Final = 86_400
_KEPT: Final = 365 * _DAY
_WEEK: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _symbol(name: str) -> Symbol:
    if name not in SYMBOLS:
        raise Refusal("InvalidSymbol", f"Symbol {name} is invalid.")
    return SYMBOLS[name]


@answers("active_symbols")
def _active_symbols(ask: Ask) -> list[dict[str, Any]]:
    now = int(ask.now)
    full = ask.request["active_symbols"] == "full"
    return [_described(symbol, now, full, order) for order, symbol in enumerate(SYMBOLS.values())]


def _described(symbol: Symbol, now: int, full: bool, order: int) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "allow_forward_starting": 0,
        "display_name": symbol.title,
        "display_order": order,
        "exchange_is_open": int(symbol.is_open(now)),
        "is_trading_suspended": 0,
        "market": symbol.market[0],
        "market_display_name": symbol.market[1],
        "pip": symbol.pip,
        "subgroup": "synthetics" if symbol.market[0] == "synthetic_index" else "none",
        "subgroup_display_name": "Synthetics" if symbol.market[0] == "synthetic_index" else "None",
        "submarket": symbol.submarket[0],
        "submarket_display_name": symbol.submarket[1],
        "symbol": symbol.name,
        "symbol_type": symbol.kind,
    }
    if full:
        latest = price_feed.tick_times(symbol.name, now - 7 * _DAY, now, 1)[0]
        price, before = price_feed.spot(symbol.name, latest), price_feed.spot(symbol.name, latest - _DAY)
        shown.update(
            close_only=0,
            delay_amount=0,
            exchange_name="SANDBOX",
            intraday_interval_minutes=5,
            quoted_currency_symbol="USD",
            spot=price,
            spot_age=str(now - latest),
            spot_percentage_change=f"{100 * (price / before - 1):+.2f}",
            spot_time=str(latest),
        )
    return shown


@answers("trading_times")
def _trading_times(ask: Ask) -> dict[str, Any]:
    text = ask.request["trading_times"]
    second = int(ask.now) if text == "today" else epoch(text, "trading_times")
    markets: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for symbol in SYMBOLS.values():
        rows = markets.setdefault(symbol.market[1], {}).setdefault(symbol.submarket[1], [])
        rows.append(_hours(symbol, second))
    return {
        "markets": [
            {"name": name, "submarkets": [{"name": sub, "symbols": rows} for sub, rows in subs.items()]}
            for name, subs in markets.items()
        ]
    }


def _hours(symbol: Symbol, second: int) -> dict[str, Any]:
    is_open = symbol.is_open(second)
    return {
        "events": [{"dates": "Saturdays and Sundays", "descrip": "Closed"}] if symbol.weekdays else [],
        "name": symbol.title,
        "symbol": symbol.name,
        "times": {
            "open": ["00:00:00" if is_open else "--"],
            "close": ["23:59:59" if is_open else "--"],
            "settlement": "23:59:59" if is_open else "--",
        },
        "trading_days": list(_WEEK[: 5 if symbol.weekdays else 7]),
    }


@answers("ticks")
def _ticks(ask: Ask) -> Any:
    wanted = ask.request["ticks"]
    names = [wanted] if isinstance(wanted, str) else list(dict.fromkeys(wanted))
    if not names:
        raise Refusal("InputValidationFailed", "Input validation failed: ticks", {"ticks": "Name a symbol."})
    return for_each(lambda name: _tick(ask, name), names)


def _tick(ask: Ask, name: str) -> Reply:
    if not _symbol(name).is_open(int(ask.now)):
        raise Refusal("MarketIsClosed", "This market is presently closed.")
    first = Reply("tick", price_feed.quote(name, int(ask.now)))
    if ask.get("subscribe"):
        ask.stream("ticks", name, "second", _ticker(name)).stamp(first)
    return first


def _ticker(name: str) -> Any:
    def tick(second: int) -> Reply | None:
        symbol = SYMBOLS[name]
        due = second % symbol.every == 0 and symbol.is_open(second)
        return Reply("tick", price_feed.quote(name, second)) if due else None

    return tick


@answers("ticks_history")
def _ticks_history(ask: Ask) -> Reply:
    symbol, now = _symbol(ask.request["ticks_history"]), int(ask.now)
    end = now if ask.request["end"] == "latest" else min(now, int(ask.request["end"]))
    count = max(1, min(_MOST, ask.get("count", 1000)))
    candles = ask.get("style") == "candles"
    granularity = ask.get("granularity", 60)
    start = ask.get("start", end - max(_DAY, count * granularity * 4) if candles else end - 3 * _DAY)
    start = max(0, start)
    if start > end:
        raise Refusal("InvalidStartEnd", "The start is after the end.")
    if not candles and "start" in ask.request and start < now - _KEPT:
        start, end = now - _KEPT, now  # the newest ticks without an error, as Deriv does
    if candles and ask.candles_kept is not None:
        start = max(start, now - ask.candles_kept * _DAY)
    if candles:
        starts = price_feed.candle_starts(symbol.name, start, end, granularity, count)
        first = Reply("candles", price_feed.candles(symbol.name, starts, granularity, end), {"pip_size": symbol.digits})
    else:
        times = price_feed.tick_times(symbol.name, start, end, count)
        history = {"prices": price_feed.prices(symbol.name, times).tolist(), "times": times}
        first = Reply("history", history, {"pip_size": symbol.digits})
    if ask.get("subscribe"):
        if not symbol.is_open(now):
            raise Refusal("MarketIsClosed", "This market is presently closed.")
        if candles:
            stream = ask.stream("candles", (symbol.name, granularity), "second", _ohlc(symbol.name, granularity))
        else:
            stream = ask.stream("ticks", symbol.name, "second", _ticker(symbol.name))
        first.extra["subscription"] = {"id": stream.id}
    return first


def _ohlc(name: str, granularity: int) -> Any:
    """Return a function for the current candle. Prices are text here, unlike in the history."""
    digits = SYMBOLS[name].digits

    def grown(second: int) -> Reply | None:
        if second % SYMBOLS[name].every or not SYMBOLS[name].is_open(second):
            return None
        start = second - second % granularity
        candle = price_feed.candles(name, [start], granularity, second)[0]
        shown: dict[str, Any] = {side: f"{candle[side]:.{digits}f}" for side in ("open", "high", "low", "close")}
        shown.update(epoch=second, granularity=granularity, open_time=start, pip_size=digits, symbol=name)
        return Reply("ohlc", shown)

    return grown
