"""Suggest a symbol if Deriv does not know the one that was given."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Concatenate, ParamSpec, TypeVar

from dpyauth._nearest import nearest
from dpyauth.errors import ApiError, DpyauthError
from dpyauth.session.payloads import Payloads, Questions
from dpyauth.session.sending import UNKNOWN
from dpyauth.session.steps import Steps
from dpyauth.texts import Either
from dpyauth.texts.said import joined, said

P = ParamSpec("P")
S = TypeVar("S", bound=Questions)
T = TypeVar("T")

_PATIENCE = 5.0
"""Longest wait for the list of symbols, in seconds. It is short because the error is more urgent."""


def names_symbols(plan: Callable[Concatenate[S, P], Steps[T]]) -> Callable[Concatenate[S, P], Steps[T]]:
    """Add the closest symbol to an error about an unknown one. The list is loaded once, after the first such error."""

    @functools.wraps(plan)
    def naming(self: S, /, *args: P.args, **kwargs: P.kwargs) -> Steps[T]:
        begun = plan(self, *args, **kwargs)
        del args, kwargs  # tracebacks may show variables, and these may be secret
        try:
            return (yield from begun)
        except ApiError as error:
            if error.code in UNKNOWN:
                # The same error with a longer message, so that its type, code and notes stay.
                error.args = (joined(error.text, (yield from _meant(self.core, error.symbols))),)
            raise

    return naming


def _meant(session: Payloads, symbols: tuple[str, ...]) -> Steps[str]:
    """Return the closest symbols, as a sentence; empty if Deriv knows all of them, or none is close."""
    known = yield from _known(session)
    unknown = [symbol for symbol in symbols if symbol not in known.values()]
    near = dict.fromkeys(known[found] for symbol in unknown if (found := nearest(symbol, known)))
    return said("did_you_mean", names=Either(map(repr, near))) if near else ""


def _known(session: Payloads) -> Steps[Mapping[str, str]]:
    """Return all symbols, by symbol and by the name that Deriv displays."""
    if session.symbols is None:
        try:
            payload, _ = yield from session.payload("active_symbols", {"active_symbols": "brief"}, timeout=_PATIENCE)
        except DpyauthError:  # a suggestion is not worth replacing the user's error with this one
            return {}
        found: dict[str, str] = {}
        for row in payload if isinstance(payload, list) else []:
            symbol = (row.get("symbol") or row.get("underlying_symbol")) if isinstance(row, dict) else None
            if isinstance(symbol, str):
                shown = row.get("display_name") or row.get("underlying_symbol_name") or symbol
                found |= {symbol: symbol, str(shown): symbol}
        session.symbols = found
    return session.symbols
