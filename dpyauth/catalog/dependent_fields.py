"""Check fields of a request that depend on each other, if Deriv's schemas do not say so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from dpyauth.errors import InvalidRequest

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
            f"'{call}' takes {', '.join(map(repr, _QUOTE))} together or not at all, and {missing[0]!r} is missing. "
            "They are for a wallet with another currency than the account; wallet_exchange_rate returns the last two.",
            call=call,
            field=missing[0],
        )


def _rate_is_needed(call: str, fields: Fields) -> None:
    """Check that there is a rate if there are two currencies, and none otherwise."""
    source, destination = fields["source_currency"], fields["destination_currency"]
    if ("rate" in fields) != (source != destination):
        wanted = (
            f"needs the field 'rate' to convert {source} to {destination}; wallet_exchange_rate returns it"
            if source != destination
            else f"takes no 'rate' if both currencies are {source}: leave it out"
        )
        raise InvalidRequest(f"'{call}' {wanted}.", call=call, field="rate")


_QUOTE: Final = ("wallet_currency", "exchange_rate", "rate_token")

_RULES: Final[Mapping[str, Callable[[str, Fields], None]]] = {
    "wallet_transfer_platforms": _quote_is_whole,
    "wallet_transfer_validate": _rate_is_needed,
}
