"""Check fields of a request that depend on each other, if Deriv's schemas do not say so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from dpyauth.errors import InvalidRequest
from dpyauth.texts.said import said

Fields = Mapping[str, Any]


def check_together(call: str, fields: Fields) -> None:
    """Refuse fields that do not go together.

    Raises
    ------
    InvalidRequest
        A field is missing, or must be left out; the text names it.
    """
    if call in _RULES:
        _RULES[call](call, fields)


def _quote_is_whole(call: str, fields: Fields) -> None:
    """Check that a quote has all of its parts: Deriv accepts all three or none."""
    missing = [name for name in _QUOTE if name not in fields]
    if 0 < len(missing) < len(_QUOTE):
        raise InvalidRequest(
            said("quote_is_whole", call=call, fields=[*map(repr, _QUOTE)], missing=repr(missing[0])),
            call=call,
            field=missing[0],
        )


def _rate_is_needed(call: str, fields: Fields) -> None:
    """Check that there is a rate if there are two currencies, and none otherwise."""
    source, destination = fields["source_currency"], fields["destination_currency"]
    if ("rate" in fields) != (source != destination):
        wrong = (
            said("rate_needed", call=call, source=source, destination=destination)
            if source != destination
            else said("no_rate_taken", call=call, currency=source)
        )
        raise InvalidRequest(wrong, call=call, field="rate")


_QUOTE: Final = ("wallet_currency", "exchange_rate", "rate_token")

_RULES: Final[Mapping[str, Callable[[str, Fields], None]]] = {
    "wallet_transfer_platforms": _quote_is_whole,
    "wallet_transfer_validate": _rate_is_needed,
}
