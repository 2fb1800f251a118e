"""Who lives in the sandbox. Every name, address and document here is invented."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from dpyauth.sandbox.ledgers import DAY, END, Plan
from dpyauth.sandbox.users import Account, User

_MT5_LINK: Final = {"loginid": "MTR9000041", "platform": "mt5"}


def _fees(amount: float) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD", "minimum": 0.01, "percentage": 1.0}


_OPENED: Final = END - 660 * DAY
_CASH: Final[tuple[tuple[str, int, dict[str, Any]], ...]] = (
    ("withdrawal", -500, {"withdrawal_details": "Paid out to an e-wallet."}),
    ("deposit", 250, {}),
    ("transfer", -200, {"from": {"loginid": "CR900001"}, "to": {"loginid": "CR900002"}, "fees": _fees(2.0)}),
    ("hold", -100, {}),
    ("release", 100, {}),
    ("adjustment", 1, {}),
    ("deposit", 400, {}),
    ("withdrawal", -300, {"withdrawal_details": "Paid out to a card."}),
)
_PLANS: Final = {
    "CR900001": Plan(_OPENED, 100, 1600, 6, 1_000_000, _CASH),
    "CR900002": Plan(_OPENED + 30 * DAY, 1_000, 120, 1, 25_000_000),
    "VRTC900003": Plan(_OPENED, 100, 60, 2, 1_000_000),
    "CR900011": Plan(END - 90 * DAY, 100, 40, 0, 50_000),
    "VRTC900021": Plan(END - 3600, 100),
}


def _account(loginid: str, currency: str, company: str, *linked: dict[str, str]) -> Account:
    return Account(loginid, currency, company, _PLANS[loginid], linked)


def rich() -> User:
    """Three accounts, years of history, all verified, two things soon to expire."""
    return User(
        user_id=9000001,
        name="Sandbox Rich",
        country="id",
        accounts=(
            _account("CR900001", "USD", "svg", _MT5_LINK),
            _account("CR900002", "BTC", "svg"),
            _account("VRTC900003", "USD", "virtual"),
        ),
        authentication=_verified(),
        status={
            "status": [
                "address_verified",
                "age_verification",
                "allow_document_upload",
                "authenticated",
                "authenticated_with_idv_photoid",
                "document_expiring_soon",
                "dxtrade_password_not_set",
                "financial_information_not_complete",
                "poi_expiring_soon",
            ],
            "risk_classification": "low",
            "p2p_status": "active",
        },
        settings={"date_of_birth": 315_532_800, "phone": "+620000000001", "tax_residence": "id"},
        exclusion={
            "max_balance": 50_000,
            "max_losses": 1_000,
            "max_open_bets": 100,
            "max_7day_losses": 2_500,
            "session_duration_limit": 240,
            "timeout_until": END + 45 * DAY,
            "exclude_until": "2027-06-30",
        },
        mt5=_mt5_rows(),
        logins=_logins(45, "203.0.113.", "id"),
    )


def trouble() -> User:
    """Locked cashier, rejected documents, a ban, and a flag nobody has documented."""
    return User(
        user_id=9000011,
        name="Sandbox Trouble",
        country="br",
        accounts=(_account("CR900011", "USD", "svg"),),
        authentication=_rejected(),
        status={
            "status": [
                "allow_document_upload",
                "allow_poa_resubmission",
                "allow_poi_resubmission",
                "cashier_locked",
                "financial_assessment_not_complete",
                "no_withdrawal_or_trading",
                "poi_name_mismatch",
                "quantum_review_pending",
                "withdrawal_locked",
            ],
            "risk_classification": "high",
            "prompt_client_to_authenticate": 1,
            "p2p_status": "temp_ban",
            "p2p_poa_required": 1,
            "cashier_validation": ["ASK_AUTHENTICATE", "FinancialAssessmentRequired", "documents_expired"],
            "cashier_missing_fields": ["address_line_1", "phone"],
            "social_identity_provider": "google",
        },
        settings={"date_of_birth": -157_766_400, "phone": None, "tax_residence": None},
        logins=_logins(7, "198.51.100.", "br", failures=3),
    )


def newcomer() -> User:
    """A demo account opened a moment before the history ends, with nothing in it."""
    return User(
        user_id=9000021,
        name="",
        country="",
        accounts=(_account("VRTC900021", "", "virtual"),),
        status={"status": [], "risk_classification": "low"},
    )


def signed_up(number: int, email: str, now: int) -> User:
    """Somebody who has just opened a demo account."""
    loginid = f"VRTC{900100 + number}"
    return User(
        user_id=9000100 + number,
        name="",
        country="",
        accounts=(Account(loginid, "USD", "virtual", Plan(now, 100, funding=1_000_000)),),
        status={"status": [], "risk_classification": "low"},
        given_email=email,
    )


def _verified() -> dict[str, Any]:
    expiry = END + 44 * DAY
    jurisdictions = {"bvi": 1, "labuan": 0, "svg": 1, "vanuatu": 1, "virtual": 0}
    attempts = [_attempt(2, "verified", END - 600 * DAY), _attempt(1, "rejected", END - 610 * DAY)]
    return {
        "identity": {
            "status": "verified",
            "expiry_date": expiry,
            "services": {
                "idv": {
                    "status": "verified",
                    "submissions_left": 1,
                    "expiry_date": expiry,
                    "last_rejected": [],
                    "report_available": 1,
                    "reported_properties": {},
                },
                "onfido": _onfido("none", "IDN", []),
                "manual": {"status": "none"},
            },
        },
        "document": {
            "status": "verified",
            "expiry_date": END + 400 * DAY,
            "last_rejected": None,
            "verified_jurisdiction": jurisdictions,
        },
        "income": {"status": "none"},
        "ownership": {
            "status": "pending",
            "requests": [
                {
                    "id": 1,
                    "creation_time": "2026-10-20 08:15:00",
                    "documents_required": 1,
                    "payment_method": "Sandbox Wallet",
                }
            ],
        },
        "attempts": {"count": 2, "latest": attempts[0], "history": attempts},
        "needs_verification": ["ownership"],
    }


def _rejected() -> dict[str, Any]:
    attempts = [_attempt(n, "rejected", END - (40 - 9 * n) * DAY, "br") for n in (3, 2, 1)]
    return {
        "identity": {
            "status": "rejected",
            "services": {
                "idv": {
                    "status": "rejected",
                    "submissions_left": 0,
                    "last_rejected": ["NAME_MISMATCH", "DOB_MISMATCH"],
                    "report_available": 0,
                    "reported_properties": {},
                },
                "onfido": _onfido("rejected", "BRA", ["EXPIRED_DOCUMENT"]),
                "manual": {"status": "pending"},
            },
        },
        "document": {
            "status": "rejected",
            "last_rejected": "UNCLEAR",
            "verified_jurisdiction": {"svg": 0, "virtual": 0},
        },
        "income": {"status": "locked"},
        "ownership": {"status": "none", "requests": []},
        "attempts": {"count": 3, "latest": attempts[0], "history": attempts},
        "needs_verification": ["identity", "document"],
    }


def _onfido(status: str, country: str, rejected: list[str]) -> dict[str, Any]:
    return {
        "status": status,
        "submissions_left": 2,
        "country_code": country,
        "documents_supported": ["Driving Licence", "National Identity Card", "Passport"],
        "documents": [],
        "is_country_supported": 1,
        "last_rejected": rejected,
        "reported_properties": {},
    }


def _attempt(n: int, status: str, when: int, country: str = "id") -> dict[str, Any]:
    return {
        "id": f"sandbox-attempt-{n}",
        "service": "idv",
        "status": status,
        "country_code": country,
        "document_type": "national_id",
        "timestamp": when,
    }


def _logins(count: int, network: str, country: str, failures: int = 0) -> list[dict[str, Any]]:
    """Newest first; the oldest are the failures."""
    rows = []
    for n in range(count):
        action, when = "logout" if n % 4 == 3 else "login", END - 3600 * (7 + 31 * n)
        rows.append(login_row(action, when, f"{network}{10 + n % 5}", n < count - failures, country))
    return rows


def login_row(action: str, when: int, ip: str, ok: bool = True, country: str = "id") -> dict[str, Any]:
    """One row of the login history."""
    device = {"browser": "firefox", "version": "143.0", "os": "linux", "device": "desktop"}
    stamp = datetime.fromtimestamp(when, UTC)
    return {
        "action": action,
        **device,
        "country": country,
        "datetime": stamp.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "environment": f"{stamp:%Y-%m-%d %H:%M:%S}GMT IP={ip} IP_COUNTRY={country} User_AGENT=Sandbox LANG=EN",
        "ip": ip,
        "language": "EN",
        "status": int(ok),
        "time": when,
    }


def _mt5_rows() -> tuple[dict[str, Any], ...]:
    """Two MT5 accounts that answer and one whose server does not."""

    def place(server: str, environment: str) -> dict[str, Any]:
        where = {"group": "all", "location": "Nowhere", "region": "Sandbox", "sequence": 1}
        return {"id": server, "environment": environment, "geolocation": where}

    def row(login: str, kind: str, balance: float, server: str, environment: str) -> dict[str, Any]:
        return {
            "account_type": kind,
            "balance": balance,
            "country": "id",
            "currency": "USD",
            "display_balance": f"{balance:.2f}",
            "email": "sandbox.rich@example.com",
            "group": f"{kind}\\sandbox\\svg_std_usd",
            "landing_company": "svg",
            "landing_company_short": "svg",
            "leverage": 500,
            "login": login,
            "market_type": "synthetic" if kind == "real" else "financial",
            "name": "Sandbox Rich",
            "product": "synthetic" if kind == "real" else "financial",
            "request_timestamp": END,
            "rights": {"enabled": True, "api": False, "readonly": False, "trade_disabled": False},
            "server": server,
            "server_info": place(server, environment),
            "status": None,
            "sub_account_category": "",
            "sub_account_type": "standard" if kind == "real" else "financial",
            "client_kyc_status": {"poa_status": "verified", "poi_status": "verified", "valid_tin": 1},
            "white_label_links": {name: "https://example.com/mt5" for name in ("android", "ios", "windows")},
        }

    failing = {
        "code": "MT5AccountInaccessible",
        "details": {
            "account_type": "real",
            "login": "MTR9000043",
            "server": "p02_ts02",
            "server_info": place("p02_ts02", "Deriv-Server-02"),
        },
        "message_to_client": "This MT5 account cannot be reached at the moment.",
    }
    return (
        row("MTR9000041", "real", 1250.75, "p01_ts01", "Deriv-Server"),
        row("MTD9000042", "demo", 10_000.0, "p01_ts03", "Deriv-Demo"),
        {"error": failing},
    )
