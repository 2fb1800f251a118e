"""Columns about accounts: their status, balances, verification, flags and cashier problems."""

from __future__ import annotations

from dataclasses import replace

from dpyauth.columns import UNDOCUMENTED, Column
from dpyauth.columns.money_columns import ACTIONS

ACCOUNTS = (
    Column("loginid", doc="login ID of the account"),
    Column("kind", "enum", values=("real", "demo")),
    Column("currency", doc="missing while the account has no currency"),
    Column("account_category", "enum", values=("trading", "wallet")),
    Column("linked_to", "list", doc="login IDs of linked accounts", only="v3"),
    Column("excluded_until", "time", doc="end of a self-exclusion, if ``authorize`` reports it", only=UNDOCUMENTED),
    Column("created", "time", "created_at", doc="when the account was opened", only="v3"),
    Column("landing_company", source="landing_company_name", doc="short code of its Deriv company", only="v3"),
    Column("broker", doc="letters that its login IDs begin with", only="v3"),
    Column("account_type", doc="Deriv's name for the type of account"),
    Column("disabled", "flag", "is_disabled", doc="true if Deriv has disabled the account"),
)

BALANCE = (
    Column("loginid", doc="login ID of the account"),
    Column("currency", doc="missing while the account has no currency"),
    Column("balance", "money", doc="in ``currency``; can be negative on MT5"),
)
OF_ALL_BALANCES = (
    Column("demo", "flag", "demo_account", doc="true if the money is virtual"),
    Column("active", "flag", "status", doc="true if the account is in order and reachable"),
    Column("type", "enum", values=("deriv", "mt5")),
    Column("converted_amount", "money", doc="balance in ``converted_currency``", only="v3"),
    Column("converted_currency", doc="currency of Deriv's total for accounts of this kind", only="v3"),
)

_INCOME = ("none", "pending", "rejected", "verified", "locked")
_OWNERSHIP = ("none", "pending", "rejected", "verified")
_DOCUMENT = (*_OWNERSHIP, "expired", "suspected")

ON_BOTH_APIS = (
    Column("loginid", doc="login ID of the account"),
    Column("kind", "enum", "account_type", ("real", "demo")),
    Column("currency", doc="missing while the account has no currency"),
    Column("balance", "money", doc="in ``currency``"),
    Column("status", "enum", values=("active", "inactive")),
)
_GROUP = Column("group", doc="Deriv's group for the account", only="options")
_CREATED = Column("created", "moment", "created_at", doc="when the account was opened", only="v3")
_LAST_USED = Column("last_used", "moment", "last_access_at", doc="when the account was last used", only=UNDOCUMENTED)

STATUS = (
    *ON_BOTH_APIS,
    Column("identity", "enum", "authentication.identity.status", _DOCUMENT, doc="proof of identity", only="v3"),
    Column("document", "enum", "authentication.document.status", _DOCUMENT, doc="proof of address", only="v3"),
    Column(
        "needs_verification",
        "list",
        "authentication.needs_verification",
        doc="checks that Deriv is waiting for",
        only="v3",
    ),
    Column("flags", "list", doc="Deriv's names; `status_flags` explains them", only="v3"),
    Column(
        "cashier_validation",
        "list",
        doc="Deriv's codes for what keeps the cashier closed; `cashier_problems` explains them",
        only="v3",
    ),
    Column("cashier_missing_fields", "list", doc="profile fields to fill in before the cashier opens", only="v3"),
    Column(
        "prompt_client_to_authenticate", "flag", doc="true if Deriv wants the client to be asked to verify", only="v3"
    ),
    Column("p2p_poa_required", "flag", doc="true if Deriv P2P asks for a proof of address", only="v3"),
    _CREATED,
    _LAST_USED,
    _GROUP,
    Column(
        "social_provider",
        "enum",
        "social_identity_provider",
        ("google", "facebook", "apple"),
        doc="social account that the client signed up with",
        only="v3",
    ),
    Column(
        "p2p_status", "enum", values=("none", "active", "temp_ban", "perm_ban"), doc="status on Deriv P2P", only="v3"
    ),
    Column(
        "risk", "enum", "risk_classification", ("low", "standard", "high"), doc="Deriv's risk classification", only="v3"
    ),
    Column("income", "enum", "authentication.income.status", _INCOME, doc="proof of income", only="v3"),
    Column(
        "ownership",
        "enum",
        "authentication.ownership.status",
        _OWNERSHIP,
        doc="proof of ownership of payment methods",
        only="v3",
    ),
)
OPTIONS_STATUS = (replace(STATUS[0], source="account_id"), *STATUS[1:])
DETAIL = (
    *ON_BOTH_APIS,
    _GROUP,
    _CREATED,
    _LAST_USED,
    Column("last_transaction", "time", doc="time of the latest transaction"),
    Column("last_action", "enum", values=ACTIONS, doc="type of that transaction"),
    Column("last_amount", "money", doc="in ``currency``; negative if money left the account"),
    Column("open_contracts", "count", doc="number of open contracts"),
    Column(
        "may_pay",
        "money",
        doc="payout if all of them win, in ``currency``; contracts without a fixed payout, such as multipliers, "
        "count as 0",
    ),
    Column("at_stake", "money", doc="cost of the open contracts, in ``currency``"),
    Column(
        "profit_today",
        "money",
        doc="profit of the contracts closed since midnight UTC, in ``currency``: what they paid minus what they cost",
    ),
    Column("profit_month", "money", doc="the same for contracts closed since the first of the month, UTC"),
    Column("remark", doc="what could not be found out, and why, in the language of the session; missing if nothing"),
)

SERVICES = ("idv", "onfido", "manual")
CHECKS = ("identity", *SERVICES, "document", "income", "ownership")
VERIFICATION = (
    Column(
        "check",
        "enum",
        values=CHECKS,
        doc="idv, onfido and manual are the three ways to verify the identity; document is the proof of address",
    ),
    Column("status", "enum", values=(*_DOCUMENT, "locked")),
    Column("needed", "flag", doc="true if Deriv is waiting for it; missing if Deriv does not say"),
    Column("attempts_left", "count", "submissions_left", doc="remaining attempts (idv and onfido only)"),
    Column("expires", "day", "expiry_date", doc="day on which the document expires"),
    Column("last_rejected", "list", doc="reasons for the last rejection"),
)
ATTEMPTS = (
    Column("time", "moment", "timestamp", doc="when the attempt was made"),
    Column("status", "enum", values=("verified", "rejected", "pending", "expired", "none")),
    Column("service", doc="service that checked it, such as idv, onfido or manual"),
    Column("document", source="document_type", doc="type of document, such as passport"),
    Column("country", source="country_code", doc="country of the document, two letters"),
    Column("attempt_id", source="id", doc="Deriv's ID for the attempt"),
)
OWNERSHIP_REQUESTS = (
    Column("request_id", "count", "id", doc="Deriv's number for the request"),
    Column("payment_method", doc="payment method that you have to prove is yours"),
    Column("documents_required", "count", doc="number of documents that Deriv needs"),
    Column("created", "moment", "creation_time", doc="when Deriv requested it"),
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
    Column("flag", doc="Deriv's name for the flag"),
    Column(
        "severity",
        "enum",
        values=SEVERITIES,
        ordered=True,
        doc="an action is something for you to do; a restriction blocks payments, trading or the account",
    ),
    Column("meaning", doc="explanation in one line, in the language of the session"),
    Column("group", "enum", values=GROUPS, doc="unknown flags are in the last group"),
    Column(
        "known",
        "flag",
        doc="true if dpyauth knows the flag: Deriv documents most flags, and its own website knows more; an "
        "unknown flag has no severity and no meaning",
    ),
)

STOPS = ("deposits", "withdrawals", "both", "transfers")
CASHIER_PROBLEMS = (
    Column("problem", doc="Deriv's code for a reason, or its name for a detail"),
    Column("kind", "enum", values=("reason", "detail")),
    Column("known", "flag", doc="true if dpyauth knows the code; Deriv documents no codes and may add more"),
    Column("stops", "enum", values=STOPS, doc="both means deposits and withdrawals; missing if it is not known"),
    Column("meaning", doc="explanation in the language of the session, with what to do; missing if not known"),
)
