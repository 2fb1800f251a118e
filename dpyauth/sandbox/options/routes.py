"""Addresses of the Options API: sign-in pages, token endpoint, REST calls and WebSockets."""

from __future__ import annotations

from typing import Any

from tornado.web import RequestHandler

from dpyauth.sandbox.context import Context
from dpyauth.sandbox.options import (  # noqa: F401 -- importing them registers their functions
    account_routes,
    agent_payment_routes,
    agent_routes,
    legacy_routes,
    partner_routes,
    transfer_routes,
    wallet_routes,
)
from dpyauth.sandbox.options.code_pages import Authorize
from dpyauth.sandbox.options.rest_requests import BASE, Health, Rest
from dpyauth.sandbox.options.socket import Socket
from dpyauth.sandbox.options.token_endpoint import RevokeEndpoint, TokenEndpoint
from dpyauth.sandbox.page_flow import ConsentPage, Waiting


def routes(sandbox: Context) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """Return the addresses of this API."""
    pages = {"sandbox": sandbox, "waiting": Waiting()}
    return [
        *((rf"{BASE}/ws/{kind}", Socket, {"sandbox": sandbox, "kind": kind}) for kind in ("public", "demo", "real")),
        (r"/oauth2/auth", Authorize, pages),
        (r"/oauth2/auth/consent", ConsentPage, pages),
        (r"/oauth2/token", TokenEndpoint, {"sandbox": sandbox}),
        (r"/oauth2/revoke", RevokeEndpoint, {"sandbox": sandbox}),
        (r"/v1/health", Health, {"sandbox": sandbox}),
        (
            r"/(?:trading|account|applications|payment-agents|wallet|partners)/.*",
            Rest,
            {"sandbox": sandbox},
        ),
    ]
