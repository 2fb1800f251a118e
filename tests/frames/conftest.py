"""Provide payloads that fill every column; tests copy them before they change them."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(scope="session")
def status_payload() -> dict[str, Any]:
    return {
        "status": ["authenticated", "withdrawal_locked", "flag_of_tomorrow"],
        "risk_classification": "standard",
        "prompt_client_to_authenticate": 1,
        "p2p_status": "temp_ban",
        "p2p_poa_required": 0,
        "currency_config": {
            "USD": {"is_deposit_suspended": 0, "is_withdrawal_suspended": 1},
            "BTC": {"is_deposit_suspended": 1, "is_withdrawal_suspended": 0},
        },
        "cashier_validation": ["no_residence"],
        "cashier_missing_fields": ["citizen", "phone"],
        "social_identity_provider": "apple",
        "authentication": {
            "needs_verification": ["document", "income"],
            "identity": {
                "status": "verified",
                "expiry_date": 1893456000,
                "services": {
                    "idv": {
                        "status": "rejected",
                        "submissions_left": 2,
                        "expiry_date": 1899936000,
                        "last_rejected": ["NAME_MISMATCH"],
                        "report_available": 1,
                        "reported_properties": {},
                    },
                    "onfido": {
                        "status": "suspected",
                        "submissions_left": 0,
                        "country_code": "IDN",
                        "last_rejected": ["BLURRED", "EXPIRED"],
                    },
                    "manual": {"status": "none"},
                },
            },
            "document": {
                "status": "expired",
                "expiry_date": 1609459200,
                "last_rejected": "too old",
                "verified_jurisdiction": {"samoa-virtual": 0, "svg": 1},
            },
            "income": {"status": "locked", "expiry_date": None},
            "ownership": {
                "status": "pending",
                "requests": [{"id": 1, "creation_time": "2026-01-01", "documents_required": 1}],
            },
            "attempts": {"count": 1, "latest": None, "history": []},
        },
    }


@pytest.fixture(scope="session")
def balance_payload() -> dict[str, Any]:
    return {
        "loginid": "CR90000001",
        "currency": "USD",
        "balance": 10.1,
        "id": "0f1e2d3c-0000-0000-0000-000000000000",
        "accounts": {
            "CR90000001": {
                "balance": 10.1,
                "converted_amount": 9.3,
                "currency": "USD",
                "demo_account": 0,
                "status": 1,
                "type": "deriv",
            },
            "VRTC90000002": {
                "balance": 10000,
                "converted_amount": 10000,
                "currency": "USD",
                "demo_account": 1,
                "status": 1,
                "type": "deriv",
            },
            "MTR90000003": {
                "balance": -25.5,
                "converted_amount": -23.46,
                "currency": "GBP",
                "demo_account": 0,
                "status": 0,
                "type": "mt5",
            },
        },
        "total": {
            "deriv": {"amount": 9.3, "currency": "EUR"},
            "deriv_demo": {"amount": 10000, "currency": "USD"},
            "mt5": {"amount": -23.46, "currency": "EUR"},
            "mt5_demo": {"amount": 0, "currency": "USD"},
        },
    }


@pytest.fixture(scope="session")
def authorize_payload() -> dict[str, Any]:
    return {
        "loginid": "CR90000001",
        "scopes": ["read"],
        "account_list": [
            {
                "loginid": "CR90000001",
                "currency": "USD",
                "currency_type": "fiat",
                "is_virtual": 0,
                "account_category": "trading",
                "account_type": "binary",
                "broker": "CR",
                "landing_company_name": "svg",
                "created_at": 1577836800,
                "is_disabled": 0,
                "excluded_until": 1893456000,
                "linked_to": [{"loginid": "CRW90000002", "platform": "dwallet"}],
            },
            {
                "loginid": "VRW90000003",
                "currency": "",
                "is_virtual": 1,
                "account_category": "wallet",
                "account_type": "virtual",
                "broker": "VRW",
                "landing_company_name": "virtual",
                "is_disabled": 1,
                "linked_to": [],
            },
        ],
    }


@pytest.fixture(scope="session")
def wallets_payload() -> list[dict[str, Any]]:
    totals = {f"approximate_total_{name}": "7.00" for name in ("balance", "input", "output")}
    return [
        {
            "wallet_id": "00000000-0000-4000-8000-000000000010",
            "type": "main",
            "balances": {
                "USD": {"balance": "12.50", "input": "20.00", "output": "7.50", "held": "1.00"},
                "BTC": {"balance": "0.123456789012345678", "input": "1E-18", "output": "0"},
            },
            "total_balance": {"converted_to": "EUR", **totals},
        },
        {"wallet_id": "00000000-0000-4000-8000-000000000011", "type": "p2p", "balances": {}},
    ]


@pytest.fixture(scope="session")
def markup_payload() -> dict[str, Any]:
    earned = {"app_markup_usd": 1.5, "volume_usd": 150.25, "payout_usd": 290.0, "contract_count": 15}
    return {
        "total_app_markup_usd": 1.5,
        "total_contract_count": 15,
        "breakdown": [{"app_id": "33abc", **earned, "client_count": 3}],
        "date_from": "2026-06-01",
    }


@pytest.fixture(scope="session")
def partner_payload() -> dict[str, Any]:
    return {
        "period": {"start_date": "2026-10-01", "end_date": "2026-10-31"},
        "currency": "USD",
        "has_lifetime_referred_client": True,
        "signups": {"total": 9, "real_accounts": 7, "first_time_depositors": 5, "first_time_traders": 4},
        "master_partner": {"earnings_occurred": 12.5, "active_subpartners": 2},
        "activity": {"paid": 100.25, "pending": 3.5, "active_traders": 6},
    }


@pytest.fixture(scope="session")
def wallet_transactions_payload() -> list[dict[str, Any]]:
    return [
        {
            "request_id": "3f0e",
            "transaction_id": 600_010_000_001,
            "timestamp": "2026-10-31T12:30:00.250Z",
            "category": "deposit",
            "channel": "payment_agent",
            "metadata": {
                "transaction_status": "complete",
                "transaction_gross_amount": "100.10",
                "transaction_net_amount": "99.099",
                "transaction_currency": "USD",
                "source_client_id": "CR1",
                "source_wallet_type": "payment_agent",
                "destination_client_id": "CR2",
                "destination_wallet_type": "main",
            },
        }
    ]
