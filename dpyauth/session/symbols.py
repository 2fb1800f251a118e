"""Name the symbol that was meant, where Deriv does not know the one that was given."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from dpyauth.arguments import nearest
from dpyauth.errors import ApiError, DpyauthError
from dpyauth.plans import Plan
from dpyauth.plans.payloads import Payloads

if TYPE_CHECKING:
    from dpyauth.apis.request import Fields

P = ParamSpec("P")
S = TypeVar("S", bound=Payloads)
T = TypeVar("T")

UNKNOWN = frozenset({"InvalidSymbol", "OfferingsInvalidSymbol"})
"""Codes that say that there is no such symbol."""

_FIELDS = ("ticks", "ticks_history", "symbol", "underlying_symbol", "contracts_for")
_PATIENCE = 5.0
"""How long to wait for the list of symbols, in seconds: the error is more urgent."""


def names_symbols(plan: Callable[Concatenate[S, P], Plan[T]]) -> Callable[Concatenate[S, P], Plan[T]]:
    """Name the nearest symbol in a plan's error of an unknown one; the list is asked for once, after such an error."""

    @functools.wraps(plan)
    def naming(self: S, /, *args: P.args, **kwargs: P.kwargs) -> Plan[T]:
        begun = plan(self, *args, **kwargs)
        del args, kwargs  # tracebacks may show variables, and these may be secret
        try:
            return (yield from begun)
        except ApiError as error:
            if error.code in UNKNOWN:
                error.args = (f"{error}{(yield from _meant(self, error.symbols))}",)
            raise

    return naming


def symbols_in(fields: Fields) -> tuple[str, ...]:
    """Return the symbols that a request asks for."""
    return tuple(_symbols(fields))


def _symbols(fields: Mapping[str, Any]) -> Iterator[str]:
    for name in _FIELDS:
        value = fields.get(name)
        yield from (each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str))
    if isinstance(within := fields.get("parameters"), dict):
        yield from _symbols(within)


def _meant(session: Payloads, symbols: tuple[str, ...]) -> Plan[str]:
    """Return the nearest symbols, in a sentence; empty where Deriv has all of them, or none is near."""
    known = yield from _known(session)
    unknown = [symbol for symbol in symbols if symbol not in known.values()]
    near = dict.fromkeys(known[found] for symbol in unknown if (found := nearest(symbol, known)))
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""


def _known(session: Payloads) -> Plan[Mapping[str, str]]:
    """Return the symbols there are, by themselves and by the names that Deriv shows."""
    if session._symbols is None:
        try:
            payload, _ = yield from session._payload("active_symbols", {"active_symbols": "brief"}, timeout=_PATIENCE)
        except DpyauthError:
            return {}
        found: dict[str, str] = {}
        for row in payload if isinstance(payload, list) else []:
            symbol = (row.get("symbol") or row.get("underlying_symbol")) if isinstance(row, dict) else None
            if isinstance(symbol, str):
                shown = row.get("display_name") or row.get("underlying_symbol_name") or symbol
                found |= {symbol: symbol, str(shown): symbol}
        session._symbols = found
    return session._symbols
