"""Adapter of Deriv's options API (`dpyauth.apis.base.Api`): HTTP calls, and sockets opened with a one-time password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dpyauth.apis.options.errors import socket_error as error
from dpyauth.apis.options.options_sign_in import OptionsSignIn
from dpyauth.catalog.calls import Call, load
from dpyauth.credentials import Credential
from dpyauth.net.messages import Reply
from dpyauth.net.rate_limits import GENERAL, Limit, RateLimits
from dpyauth.settings import Settings

__all__ = ["CATALOG", "budget", "error", "payload", "public", "renamed", "sign_in"]

CATALOG = load("options")

LIMITS = {
    GENERAL: Limit(220, 14_400),
    "account": Limit(100, 2_000, frozenset({"balance", "statement"})),
    "outcome": Limit(30, 1_500, frozenset({"portfolio", "profit_table"})),
    "pricing": Limit(360, 14_400, frozenset({"proposal", "proposal_open_contract", "buy", "sell"})),
}
"""Rate limits that Deriv documents for calls over sockets."""

PATH = "/trading/v1/options"

_NAMES = {
    "portfolio": {"underlying_symbol": "symbol"},
    "transaction": {"underlying_symbol": "symbol", "date_expiry": "expiry_time"},
    "proposal_open_contract": {"underlying_symbol": "underlying"},
}
"""v3's names for fields of replies, by call."""


def sign_in(settings: Settings, grants: Mapping[str, Credential], first: Credential, **options: Any) -> OptionsSignIn:
    """Return a sign-in with a credential."""
    return OptionsSignIn(settings, grants, first, **options)


def public(settings: Settings) -> str:
    """Return the address for calls that need no sign-in."""
    return f"{settings.server.replace('http', 'ws', 1)}{PATH}/ws/public"


def renamed(reply: Reply) -> Reply:
    """Return a reply with v3's names for its fields, so that frames need to know only one set of names."""
    kind = str(reply.get("msg_type"))
    names, payload = _NAMES.get(kind), reply.get(kind)
    if names is None or not isinstance(payload, dict):
        return reply
    if isinstance(payload.get("contracts"), list):
        contracts = [_rename(row, names) if isinstance(row, dict) else row for row in payload["contracts"]]
        return {**reply, kind: {**payload, "contracts": contracts}}
    return {**reply, kind: _rename(payload, names)}


def payload(call: Call, reply: Reply) -> Any:
    """Return the payload of a reply, with v3's names."""
    if call.rest is not None:
        return reply.get("data", reply)  # most replies over HTTP are wrapped in "data", some are not
    return renamed(reply).get(call.name)


def budget() -> RateLimits:
    """Return the rate limits of calls over sockets."""
    return RateLimits(LIMITS, fixed=True)


def _rename(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in row.items()}
