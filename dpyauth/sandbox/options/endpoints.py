"""The REST calls: how each is asked for, what its token must allow, and what answers it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from dpyauth.sandbox.options import (
    account_routes,
    agent_payment_routes,
    agent_routes,
    legacy_routes,
    partner_routes,
    transfer_routes,
    wallet_routes,
)
from dpyauth.sandbox.options.account_routes import BASE
from dpyauth.sandbox.options.http_answers import Answer
from dpyauth.sandbox.options.rest_requests import Request, Route

_AGENTS: Final = "/payment-agents/v1"
_WALLET: Final = "/wallet/v1"


def _route(name: str, method: str, path: str, scope: str, serve: Callable[[Request], Answer]) -> Route:
    pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path)
    return Route(name, method, re.compile(pattern), scope, serve)


ROUTES: Final = (
    _route("get_accounts", "GET", f"{BASE}/accounts", "trade", account_routes.get_accounts),
    _route("create_account", "POST", f"{BASE}/accounts", "account_manage", account_routes.create_account),
    _route(
        "reset_demo_balance",
        "POST",
        f"{BASE}/accounts/{{account}}/reset-demo-balance",
        "trade",
        account_routes.reset_demo_balance,
    ),
    _route("otp", "POST", f"{BASE}/accounts/{{account}}/otp", "trade", account_routes.otp),
    _route("account_nickname", "GET", "/account/v1/nickname", "account_manage", account_routes.nickname),
    _route(
        "legacy_migration_status", "GET", f"{BASE}/legacy/migration-status", "trade", legacy_routes.migration_status
    ),
    _route("legacy_accounts", "GET", f"{BASE}/legacy/accounts", "trade", legacy_routes.accounts),
    _route("legacy_statement", "GET", f"{BASE}/legacy/statement", "trade", legacy_routes.statement),
    _route(
        "markup_statistics",
        "GET",
        "/applications/v1/markup-statistics",
        "application_read",
        partner_routes.markup_statistics,
    ),
    _route(
        "partners_analytics_overview",
        "GET",
        "/partners/analytics/v1/overview",
        "application_read",
        partner_routes.overview,
    ),
    _route(
        "partners_client_tags_check",
        "POST",
        "/partners/client-tags/check",
        "application_read",
        partner_routes.check_tags,
    ),
    _route("wallet_list", "GET", f"{_WALLET}/wallets", "payment", wallet_routes.wallets),
    _route(
        "wallet_transactions", "GET", f"{_WALLET}/transactions/{{wallet_type}}", "payment", wallet_routes.transactions
    ),
    _route("wallet_exchange_rate", "GET", f"{_WALLET}/exchange-rate", "payment", wallet_routes.quote),
    _route("wallet_transfer", "POST", f"{_WALLET}/transfers", "payment", transfer_routes.transfer),
    _route("wallet_transfer_validate", "POST", f"{_WALLET}/transfers/validate", "payment", transfer_routes.validate),
    _route("wallet_transfer_exchange", "POST", f"{_WALLET}/transfers/exchange", "payment", transfer_routes.exchange),
    _route("wallet_transfer_platforms", "POST", f"{_WALLET}/transfers/platforms", "payment", transfer_routes.platforms),
    _route("payment_agent_client_settings", "GET", f"{_AGENTS}/clients/me", "payment", agent_routes.settings),
    _route(
        "payment_agent_client_settings_update",
        "PATCH",
        f"{_AGENTS}/clients/me",
        "payment",
        agent_routes.change_settings,
    ),
    _route("payment_agent_list", "GET", f"{_AGENTS}/agents", "payment", agent_routes.agents),
    _route("payment_agent_get", "GET", f"{_AGENTS}/agents/{{agent}}", "payment", agent_routes.agent),
    _route("payment_agent_statistics", "GET", f"{_AGENTS}/agent-statistics", "payment", agent_routes.statistics),
    _route("payment_agent_transfer", "POST", f"{_AGENTS}/transfer", "payment", agent_payment_routes.transfer),
    _route(
        "payment_agent_transfer_status",
        "GET",
        f"{_AGENTS}/transfer/{{request_id}}",
        "payment",
        agent_payment_routes.transfer_status,
    ),
    _route(
        "payment_agent_withdraw_verification",
        "POST",
        f"{_AGENTS}/withdraw/verification_code",
        "payment",
        agent_payment_routes.verification,
    ),
    _route("payment_agent_withdraw", "POST", f"{_AGENTS}/withdraw", "payment", agent_payment_routes.withdraw),
    _route(
        "payment_agent_withdraw_status",
        "GET",
        f"{_AGENTS}/withdraw/{{request_id}}",
        "payment",
        agent_payment_routes.withdraw_status,
    ),
)
