"""Answer calls about the user: verification, settings, limits, sign-ins."""

from __future__ import annotations

from typing import Any

from dpyauth.sandbox import data_files
from dpyauth.sandbox.currencies import in_currency
from dpyauth.sandbox.users import User
from dpyauth.sandbox.v3.handlers import Ask, answers
from dpyauth.sandbox.v3.site_calls import COUNTRIES


@answers("get_account_status")
def _get_account_status(ask: Ask) -> dict[str, Any]:
    currency = ask.account.currency
    suspended = {"is_deposit_suspended": 0, "is_withdrawal_suspended": 0}
    payload = {
        "currency_config": {currency: suspended} if currency else {},
        "p2p_poa_required": 0,
        "p2p_status": "none",
        "prompt_client_to_authenticate": 0,
        **ask.user.status,
    }
    if ask.user.authentication:
        payload["authentication"] = ask.user.authentication
    return payload


@answers("get_settings")
def _get_settings(ask: Ask) -> dict[str, Any]:
    user, settings = ask.user, data_files.read("settings")
    common: dict[str, Any] = {
        **settings["every"],
        "country_code": user.country or None,
        "email": user.email if user.name else "",
        "preferred_language": "EN" if user.name else None,
        "residence": _residence(user),
    }
    if ask.account.is_virtual:
        return common
    first, _, last = user.name.partition(" ")
    named = {"citizen": user.country, "first_name": first, "last_name": last, "place_of_birth": user.country}
    return {**common, **settings["real"], **named, **user.settings}


def _residence(user: User) -> str | None:
    return COUNTRIES[user.country]["name"] if user.country else None


@answers("kyc_auth_status")
def _kyc_auth_status(ask: Ask) -> dict[str, Any]:
    payload = _kyc(ask.user)
    companies = ask.get("landing_companies")
    if companies:
        return {code: payload for code in companies}
    return {**payload, "is_gps_allowed": 0, "is_single_document_allowed": 0}


def _kyc(user: User) -> dict[str, Any]:
    """Return the state of the verification, as in `get_account_status`, in the form of this call."""
    proofs = user.authentication
    identity, document = proofs.get("identity", {}), proofs.get("document", {})
    services = identity.get("services", {})
    used = next(
        (name for name in ("idv", "onfido", "manual") if services.get(name, {}).get("status") != "none"), "none"
    )
    rejected = services.get("idv", {}).get("last_rejected", [])
    return {
        "identity": {
            "available_services": ["idv", "onfido", "manual"],
            "last_rejected": {"document_type": "national_id", "rejected_reasons": rejected} if rejected else {},
            "service": used if services else "none",
            "status": identity.get("status", "none"),
            "supported_documents": [],
        },
        "address": {
            "available_services": ["manual"],
            "last_rejected": {"document_type": None, "rejected_reasons": document.get("last_rejected")},
            "status": document.get("status", "none"),
            "supported_documents": ["utility_bill", "bank_statement"],
        },
        "pii": {},
        "risk_classification": user.status["risk_classification"],
    }


@answers("get_limits")
def _get_limits(ask: Ask) -> dict[str, Any]:
    account = ask.account

    def money(dollars: float) -> float:
        return in_currency(dollars, account.currency)

    sums = {"payout_limit": money(20_000), "turnover_limit": money(500_000)}
    level = {"level": "market", **sums, "profile_name": "moderate_risk"}
    limits: dict[str, Any] = {
        "account_balance": money(300_000),
        "market_specific": {
            "forex": [{**level, "name": "Forex"}, {**level, "level": "submarket", "name": "Major Pairs"}],
            "synthetic_index": [{**level, "name": "Derived", "profile_name": "low_risk"}],
        },
        "open_positions": 100,
        "payout": money(50_000),
        "payout_per_symbol": {
            "atm": None,
            "non_atm": {"less_than_seven_days": money(3_000), "more_than_seven_days": money(10_000)},
        },
    }
    if account.is_virtual:
        return limits
    withdrawn = -sum(row.amount for row in account.ledger.rows if row.action == "withdrawal")
    lifetime = 10_000.0 if account.currency == "USD" else 0.15
    paid = account.money(withdrawn)
    both = {"allowed": lifetime, "available": lifetime}
    return {
        **limits,
        "daily_transfers": {"internal": {"allowed": 10, "available": 10}, "mt5": {"allowed": 10, "available": 9}},
        "daily_cumulative_amount_transfers": {  # in US dollars, for accounts of any currency
            "enabled": 1,
            "internal": {"allowed": "10000.00", "available": "10000.00"},
            "mt5": {"allowed": "10000.00", "available": "9800.00"},
        },
        "daily_turnover": money(200_000),
        "lifetime_limit": lifetime,
        "lifetime_transfers": {"crypto_to_crypto": both, "crypto_to_fiat": both, "fiat_to_crypto": both},
        "num_of_days": 30,
        "num_of_days_limit": lifetime,
        "payout_per_symbol_and_contract_type": money(20_000),
        "remainder": round(lifetime - paid, account.digits),
        "withdrawal_for_x_days_monetary": 0,
        "withdrawal_since_inception_monetary": paid,
    }


@answers("get_self_exclusion")
def _get_self_exclusion(ask: Ask) -> dict[str, Any]:
    """Answer with the limits that are set, with money in the account's currency."""
    if ask.account.is_virtual:
        return {}
    sums = {
        name: in_currency(value, ask.account.currency)
        for name, value in ask.user.exclusion.items()
        if name.startswith("max_") and name != "max_open_bets"
    }
    return {**ask.user.exclusion, **sums}


@answers("login_history")
def _login_history(ask: Ask) -> list[dict[str, Any]]:
    return ask.user.logins[: ask.get("limit", 10)]


@answers("connect_status")
def _connect_status(ask: Ask) -> dict[str, Any]:
    return {"status": {"id": "pending", "br": "failed"}.get(ask.user.country, "complete")}


@answers("mt5_login_list")
def _mt5_login_list(ask: Ask) -> list[dict[str, Any]]:
    return list(ask.user.mt5)
