"""Columns of what holds for everybody: prices, rates, market hours, Deriv's limits, fees and companies."""

from __future__ import annotations

from dpyauth.columns import Column

TIME = Column("time", "time", "epoch", doc="when the price was made, or the candle began")
"""The index of prices."""

QUOTES = (Column("quote", "exact", "prices", doc="price of the market"),)
OHLC = (
    Column("open", "exact", doc="first price"),
    Column("high", "exact", doc="highest price"),
    Column("low", "exact", doc="lowest price"),
    Column("close", "exact", doc="last price"),
)
TRADING_TIMES = (
    Column("symbol", doc="such as R_100"),
    Column("market", doc="such as Forex"),
    Column("submarket", doc="such as Major Pairs"),
    Column("name", doc="as Deriv displays it"),
    Column("sessions", "list", doc="(open, close) of each session, times of day as texts, UTC"),
    Column("trading_days", "list", doc="weekdays it is traded on, such as Mon"),
    Column("events", "list", doc="what is unusual, as mappings with ``dates`` and ``descrip``"),
    Column("settlement", "time", doc="when contracts of the day are settled"),
    Column("open", "time", doc="when the first session opens; missing if it stays closed"),
    Column("close", "time", doc="when the last session closes"),
)
EXCHANGE_RATES = (
    Column("base_currency", doc="code, such as USD"),
    Column("currency", doc="code, such as EUR"),
    Column("rate", "exact", "spot_rate", doc="``currency`` for one unit of ``base_currency``"),
    Column("date", "time", doc="when the rates were taken", only="v3"),
)
SPREAD = (
    Column("bid", "exact", "bid_rate", doc="price for selling"),
    Column("ask", "exact", "ask_rate", doc="price for buying"),
)

SITE_LIMITS = (
    Column("limit", doc="Deriv's name of it"),
    Column("per_minute", "count", "minutely", doc="calls in a minute"),
    Column("per_hour", "count", "hourly", doc="calls in an hour"),
    Column("at_once", "count", "max", doc="streams open at the same time"),
    Column("applies_to", doc="what is counted"),
)
SITE_CURRENCIES = (
    Column("currency", doc="code, such as USD; all money of its row is in it"),
    Column("name", doc="name in words"),
    Column("type", "enum", values=("fiat", "crypto")),
    Column("suspended", "flag", "is_suspended", doc="true if the currency is stopped altogether"),
    Column("digits", "count", "fractional_digits", doc="decimals an amount is written with"),
    Column("deposit_suspended", "flag", "is_deposit_suspended", doc="true while deposits are stopped"),
    Column("withdrawal_suspended", "flag", "is_withdrawal_suspended", doc="true while withdrawals are stopped"),
    Column("default_stake", "money", "stake_default", doc="default stake of a contract"),
    Column(
        "transfer_min",
        "money",
        "transfer_between_accounts.limits.min",
        doc="least that can move between one's accounts",
    ),
    Column(
        "transfer_max",
        "money",
        "transfer_between_accounts.limits.max",
        doc="most that can; missing where there is no limit",
    ),
)
TRANSFER_FEES = (
    Column("from_currency", doc="code of the currency that leaves an account"),
    Column("to_currency", doc="code of the currency that arrives"),
    Column("fee_percent", "number", "fees", doc="percent of the amount"),
)
LANDING_COMPANIES = (
    Column("offer", doc="such as financial_company or mt_gaming_company.financial"),
    Column("shortcode", doc="the company, such as svg"),
    Column("name", doc="the company in words"),
    Column("currencies", "list", "legal_allowed_currencies", doc="codes"),
    Column("markets", "list", "legal_allowed_markets", doc="markets that can be traded"),
    Column("contract_categories", "list", "legal_allowed_contract_categories", doc="kinds of contracts"),
    Column("signup_needs", "list", "requirements.signup", doc="fields of the profile that must be filled in"),
    Column("withdrawal_needs", "list", "requirements.withdrawal", doc="the same, for a withdrawal"),
    Column("tax_number_optional", "flag", "tin_not_mandatory", doc="true if no tax number has to be given"),
    Column("professionals", "flag", "support_professional_client", doc="true if one can be treated as a professional"),
    Column("reality_check", "flag", "has_reality_check", doc="true if it reminds of the time spent trading"),
    Column("country", doc="country that the company is in"),
    Column("default_currency", source="legal_default_currency", doc="code"),
)
