"""Columns of an account: which there are, their status and verification, what keeps them closed."""

from __future__ import annotations

from dataclasses import replace

from dpyauth.columns import UNDOCUMENTED, Column
from dpyauth.columns.money_columns import ACTIONS

ACCOUNTS = (
    Column("loginid", doc="login ID of the account"),
    Column("kind", "enum", values=("real", "demo")),
    Column("currency", doc="missing while the account has none"),
    Column("account_category", "enum", values=("trading", "wallet")),
    Column("linked_to", "list", doc="login IDs of the accounts linked to it", only="v3"),
    Column("excluded_until", "time", doc="end of a self-exclusion, where ``authorize`` tells it", only=UNDOCUMENTED),
    Column("created", "time", "created_at", doc="when the account was opened", only="v3"),
    Column("landing_company", source="landing_company_name", doc="short code of its Deriv company", only="v3"),
    Column("broker", doc="the letters its login IDs begin with", only="v3"),
    Column("account_type", doc="Deriv's name of the type of account"),
    Column("disabled", "flag", "is_disabled", doc="true if Deriv has disabled the account"),
)

BALANCE = (
    Column("loginid", doc="login ID of the account"),
    Column("currency", doc="missing while the account has none"),
    Column("balance", "money", doc="in ``currency``; can be negative on MT5"),
)
OF_ALL_BALANCES = (
    Column("demo", "flag", "demo_account", doc="true if the money is play money"),
    Column("active", "flag", "status", doc="true if the account is in good order and can be reached"),
    Column("type", "enum", values=("deriv", "mt5")),
    Column("converted_amount", "money", doc="the balance, in ``converted_currency``", only="v3"),
    Column("converted_currency", doc="currency in which Deriv adds up accounts of this kind", only="v3"),
)

_INCOME = ("none", "pending", "rejected", "verified", "locked")
_OWNERSHIP = ("none", "pending", "rejected", "verified")
_DOCUMENT = (*_OWNERSHIP, "expired", "suspected")

ON_BOTH_APIS = (
    Column("loginid", doc="login ID of the account"),
    Column("kind", "enum", "account_type", ("real", "demo")),
    Column("currency", doc="missing while the account has none"),
    Column("balance", "money", doc="in ``currency``"),
    Column("status", "enum", values=("active", "inactive")),
)
_GROUP = Column("group", doc="Deriv's group of accounts", only="options")
_CREATED = Column("created", "moment", "created_at", doc="when the account was opened", only="v3")
_LAST_USED = Column("last_used", "moment", "last_access_at", doc="when the account was used last", only=UNDOCUMENTED)

STATUS = (
    *ON_BOTH_APIS,
    Column("identity", "enum", "authentication.identity.status", _DOCUMENT, doc="proof of identity", only="v3"),
    Column("document", "enum", "authentication.document.status", _DOCUMENT, doc="proof of address", only="v3"),
    Column(
        "needs_verification",
        "list",
        "authentication.needs_verification",
        doc="checks Deriv is waiting for",
        only="v3",
    ),
    Column("flags", "list", doc="Deriv's names; see `status_flags` for what they mean", only="v3"),
    Column("cashier_validation", "list", doc="what keeps the cashier closed; see `cashier_problems`", only="v3"),
    Column("cashier_missing_fields", "list", doc="profile fields to fill in before the cashier opens", only="v3"),
    Column("prompt_client_to_authenticate", "flag", doc="true if Deriv wants the client asked to verify", only="v3"),
    Column("p2p_poa_required", "flag", doc="true if Deriv P2P asks for a proof of address", only="v3"),
    _CREATED,
    _LAST_USED,
    _GROUP,
    Column(
        "social_provider",
        "enum",
        "social_identity_provider",
        ("google", "facebook", "apple"),
        doc="account that the client joined with",
        only="v3",
    ),
    Column(
        "p2p_status", "enum", values=("none", "active", "temp_ban", "perm_ban"), doc="standing on Deriv P2P", only="v3"
    ),
    Column("risk", "enum", "risk_classification", ("low", "standard", "high"), doc="Deriv's classification", only="v3"),
    Column("income", "enum", "authentication.income.status", _INCOME, doc="proof of income", only="v3"),
    Column(
        "ownership",
        "enum",
        "authentication.ownership.status",
        _OWNERSHIP,
        doc="proof of payment methods",
        only="v3",
    ),
)
OPTIONS_STATUS = (replace(STATUS[0], source="account_id"), *STATUS[1:])
DETAIL = (
    *ON_BOTH_APIS,
    _GROUP,
    _CREATED,
    _LAST_USED,
    Column("last_transaction", "time", doc="when money moved last"),
    Column("last_action", "enum", values=ACTIONS, doc="type of that transaction"),
    Column("last_amount", "money", doc="below zero where it left the account, in ``currency``"),
    Column("open_contracts", "count", doc="number of contracts that are open"),
    Column(
        "may_pay",
        "money",
        doc="payout if all of them are won, in ``currency``; contracts without a fixed payout, such as multipliers, "
        "count as 0",
    ),
    Column("at_stake", "money", doc="cost of the open contracts, in ``currency``"),
    Column(
        "profit_today",
        "money",
        doc="of the contracts closed since midnight UTC, in ``currency``: what they have paid less what they have cost",
    ),
    Column("profit_month", "money", doc="of those closed since the first of the month, UTC"),
    Column("remark", doc="what is missing, and why; missing where nothing is"),
)

SERVICES = ("idv", "onfido", "manual")
CHECKS = ("identity", *SERVICES, "document", "income", "ownership")
VERIFICATION = (
    Column(
        "check",
        "enum",
        values=CHECKS,
        doc="idv, onfido and manual are the three ways to prove the identity, document is the proof of address",
    ),
    Column("status", "enum", values=(*_DOCUMENT, "locked")),
    Column("needed", "flag", doc="true if Deriv is waiting for it; missing if Deriv does not say"),
    Column("attempts_left", "count", "submissions_left", doc="attempts that are left (idv and onfido only)"),
    Column("expires", "day", "expiry_date", doc="day on which the document runs out"),
    Column("last_rejected", "list", doc="reasons of the last refusal"),
)
ATTEMPTS = (
    Column("time", "moment", "timestamp", doc="when it was made"),
    Column("status", "enum", values=("verified", "rejected", "pending", "expired", "none")),
    Column("service", doc="service that looked at it, such as idv, onfido or manual"),
    Column("document", source="document_type", doc="document that was sent, such as passport"),
    Column("country", source="country_code", doc="of the document, two letters"),
    Column("attempt_id", source="id", doc="Deriv's ID of it"),
)
OWNERSHIP_REQUESTS = (
    Column("request_id", "count", "id", doc="Deriv's number of it"),
    Column("payment_method", doc="of which you are to show that it is yours"),
    Column("documents_required", "count", doc="number of documents that Deriv wants to see"),
    Column("created", "moment", "creation_time", doc="when it was asked for"),
)
JURISDICTIONS = (
    Column("jurisdiction", doc="short code of a Deriv company, such as bvi"),
    Column("verified", "flag", doc="true if the client can open an MT5 account under it"),
)
CURRENCIES = (
    Column("currency", doc="code, such as USD"),
    Column("deposit_suspended", "flag", "is_deposit_suspended", doc="true while deposits are stopped"),
    Column("withdrawal_suspended", "flag", "is_withdrawal_suspended", doc="true while withdrawals are stopped"),
)

GROUPS = ("verification", "cashier", "trading", "account", "p2p", "other")
SEVERITIES = ("info", "action", "restriction")
STATUS_FLAGS = (
    Column("flag", doc="Deriv's name of it"),
    Column(
        "severity",
        "enum",
        values=SEVERITIES,
        ordered=True,
        doc="an action is something for you to do, a restriction blocks money movements, trading or the account",
    ),
    Column("meaning", doc="one line"),
    Column("group", "enum", values=GROUPS, doc="unknown flags are in the last"),
    Column(
        "known",
        "flag",
        doc="true if dpyauth knows what it means: Deriv documents most flags, and its own website knows more; an "
        "unknown flag has no severity and no meaning",
    ),
)

STOPS = ("deposits", "withdrawals", "both", "transfers")
CASHIER_PROBLEMS = (
    Column("problem", doc="Deriv's code of a reason, or its name of a detail"),
    Column("kind", "enum", values=("reason", "detail")),
    Column("known", "flag", doc="true if dpyauth knows what it means; Deriv documents no codes and may add more"),
    Column("stops", "enum", values=STOPS, doc="both are deposits and withdrawals; missing where it is not known"),
    Column("meaning", doc="one line, with what to do; missing where it is not known"),
)
