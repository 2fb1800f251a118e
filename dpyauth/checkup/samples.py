"""Provide sample values for the fields that calls need, in order to see the form of their replies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class From(NamedTuple):
    """Value to take from the reply to another call."""

    places: tuple[str, ...]
    """Places to look: name of the call, a colon, the path in its reply (``[]`` for the first item of a list)."""


class Day(NamedTuple):
    """Day that lies this many days before today."""

    ago: int


SYMBOL = From(("active_symbols:active_symbols.[].underlying_symbol", "active_symbols:active_symbols.[].symbol"))
CONTRACT = From(
    ("portfolio:portfolio.contracts.[].contract_id", "profit_table:profit_table.transactions.[].contract_id")
)

FIELDS: Mapping[str, Any] = {
    "base_currency": "USD",
    "contract_id": CONTRACT,
    "contract_type": "CALL",
    "currency": "USD",
    "currency_code": "BTC",
    "date_from": Day(7),
    "date_to": Day(0),
    "destination_currency": "BTC",
    "end": "latest",
    "end_date": Day(0),
    "login": From(("mt5_login_list:mt5_login_list.[].login",)),
    "market": "synthetic_index",
    "run_id": From(("auto_list:auto_list.runs.[].run_id",)),
    "source_currency": "USD",
    "start_date": Day(7),
    "symbol": SYMBOL,
    "underlying_symbol": SYMBOL,
    "wallet_type": "main",
}
"""Values by field name, for all calls that require the field."""

CALLS: Mapping[str, Mapping[str, Any]] = {
    "app_get": {"app_get": From(("app_list:app_list.[].app_id",))},
    "active_symbols": {"active_symbols": "full"},
    "contract_update_history": {"limit": 10},
    "contracts_for": {"contracts_for": SYMBOL},
    "crypto_config": {"currency_code": "BTC"},
    "landing_company": {"landing_company": "id"},
    "landing_company_details": {"landing_company_details": "svg"},
    "legacy_statement": {"loginid": From(("legacy_accounts:loginids.{}",)), "limit": 20},
    "p2p_order_info": {"id": From(("p2p_order_list:p2p_order_list.list.[].id",))},
    "partners_analytics_overview": {"start_date": Day(30), "end_date": Day(0)},
    "payment_agent_get": {"id": From(("payment_agent_list:data.[].id",))},
    "payment_methods": {"country": "id"},
    "paymentagent_list": {"paymentagent_list": "id"},
    "p2p_advert_info": {"id": From(("p2p_advert_list:p2p_advert_list.list.[].id",))},
    "profit_table": {"description": 1, "limit": 20},
    "proposal": {"amount": 10, "basis": "stake", "duration": 5, "duration_unit": "t"},
    "proposal_open_contract": {"contract_id": CONTRACT},
    "statement": {"description": 1, "limit": 20},
    "states_list": {"states_list": "id"},
    "ticks": {"ticks": SYMBOL},
    "ticks_history": {"ticks_history": SYMBOL, "count": 10},
    "tin_validations": {"tax_residence": "id"},
    "trading_times": {"trading_times": Day(0)},
    "wallet_list": {"conversion_currency": "USD"},
    "wallet_transactions": {"per_page": 100},
}
"""Further fields by call, for replies with more content."""

NOT_ASKED: Mapping[str, str] = {
    "authorize": "why_signs_in",
    "forget": "why_closes_streams",
    "forget_all": "why_closes_streams",
    "partner_toolkit": "why_signs_you_in",
    "new_account_check_duplicate": "why_personal",
    "payment_agent_": "why_registers",
    "wallet_transfer_validate": "why_transfer",
    "partners_client_tags_check": "why_clients",
}
"""Calls that only read but are not sent, with the key of the reason.

A name that ends in ``_`` stands for all that begin so.
"""
