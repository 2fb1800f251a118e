"""The REST calls: how each is asked for, what its token must allow, and what answers it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from dpyauth.sandbox.options import accounts, agent_payments, agents, balances, legacy, partners, transfers
from dpyauth.sandbox.options.accounts import BASE
from dpyauth.sandbox.options.http import Answer
from dpyauth.sandbox.options.rest import Request, Route

_AGENTS: Final = "/payment-agents/v1"
_WALLET: Final = "/wallet/v1"


def _route(name: str, method: str, path: str, scope: str, serve: Callable[[Request], Answer]) -> Route:
    pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path)
    return Route(name, method, re.compile(pattern), scope, serve)


ROUTES: Final = (
    _route("get_accounts", "GET", f"{BASE}/accounts", "trade", accounts.get_accounts),
    _route("create_account", "POST", f"{BASE}/accounts", "account_manage", accounts.create_account),
    _route(
        "reset_demo_balance",
        "POST",
        f"{BASE}/accounts/{{account}}/reset-demo-balance",
        "trade",
        accounts.reset_demo_balance,
    ),
    _route("otp", "POST", f"{BASE}/accounts/{{account}}/otp", "trade", accounts.otp),
    _route("account_nickname", "GET", "/account/v1/nickname", "account_manage", accounts.nickname),
    _route("legacy_migration_status", "GET", f"{BASE}/legacy/migration-status", "trade", legacy.migration_status),
    _route("legacy_accounts", "GET", f"{BASE}/legacy/accounts", "trade", legacy.accounts),
    _route("legacy_statement", "GET", f"{BASE}/legacy/statement", "trade", legacy.statement),
    _route(
        "markup_statistics",
        "GET",
        "/applications/v1/markup-statistics",
        "application_read",
        partners.markup_statistics,
    ),
    _route(
        "partners_analytics_overview", "GET", "/partners/analytics/v1/overview", "application_read", partners.overview
    ),
    _route(
        "partners_client_tags_check", "POST", "/partners/client-tags/check", "application_read", partners.check_tags
    ),
    _route("wallet_list", "GET", f"{_WALLET}/wallets", "payment", balances.wallets),
    _route("wallet_transactions", "GET", f"{_WALLET}/transactions/{{wallet_type}}", "payment", balances.transactions),
    _route("wallet_exchange_rate", "GET", f"{_WALLET}/exchange-rate", "payment", balances.quote),
    _route("wallet_transfer", "POST", f"{_WALLET}/transfers", "payment", transfers.transfer),
    _route("wallet_transfer_validate", "POST", f"{_WALLET}/transfers/validate", "payment", transfers.validate),
    _route("wallet_transfer_exchange", "POST", f"{_WALLET}/transfers/exchange", "payment", transfers.exchange),
    _route("wallet_transfer_platforms", "POST", f"{_WALLET}/transfers/platforms", "payment", transfers.platforms),
    _route("payment_agent_client_settings", "GET", f"{_AGENTS}/clients/me", "payment", agents.settings),
    _route("payment_agent_client_settings_update", "PATCH", f"{_AGENTS}/clients/me", "payment", agents.change_settings),
    _route("payment_agent_list", "GET", f"{_AGENTS}/agents", "payment", agents.agents),
    _route("payment_agent_get", "GET", f"{_AGENTS}/agents/{{agent}}", "payment", agents.agent),
    _route("payment_agent_statistics", "GET", f"{_AGENTS}/agent-statistics", "payment", agents.statistics),
    _route("payment_agent_transfer", "POST", f"{_AGENTS}/transfer", "payment", agent_payments.transfer),
    _route(
        "payment_agent_transfer_status",
        "GET",
        f"{_AGENTS}/transfer/{{request_id}}",
        "payment",
        agent_payments.transfer_status,
    ),
    _route(
        "payment_agent_withdraw_verification",
        "POST",
        f"{_AGENTS}/withdraw/verification_code",
        "payment",
        agent_payments.verification,
    ),
    _route("payment_agent_withdraw", "POST", f"{_AGENTS}/withdraw", "payment", agent_payments.withdraw),
    _route(
        "payment_agent_withdraw_status",
        "GET",
        f"{_AGENTS}/withdraw/{{request_id}}",
        "payment",
        agent_payments.withdraw_status,
    ),
)
