"""Columns that are the same for all users: prices, rates, market hours, Deriv's limits, fees and companies."""

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
    Column("name", doc="name that Deriv displays"),
    Column("sessions", "list", doc="(open, close) of each session, as times of day in UTC (texts)"),
    Column("trading_days", "list", doc="weekdays on which it is traded, such as Mon"),
    Column("events", "list", doc="unusual hours, as mappings with ``dates`` and ``descrip``"),
    Column("settlement", "time", doc="when the day's contracts are settled"),
    Column("open", "time", doc="when the first session opens; missing if the market stays closed"),
    Column("close", "time", doc="when the last session closes"),
)
EXCHANGE_RATES = (
    Column("base_currency", doc="code, such as USD"),
    Column("currency", doc="code, such as EUR"),
    Column("rate", "exact", "spot_rate", doc="amount of ``currency`` for one unit of ``base_currency``"),
    Column("date", "time", doc="when the rates were taken", only="v3"),
)
SPREAD = (
    Column("bid", "exact", "bid_rate", doc="price to sell at"),
    Column("ask", "exact", "ask_rate", doc="price to buy at"),
)

SITE_LIMITS = (
    Column("limit", doc="Deriv's name for the limit"),
    Column("per_minute", "count", "minutely", doc="calls per minute"),
    Column("per_hour", "count", "hourly", doc="calls per hour"),
    Column("at_once", "count", "max", doc="streams open at the same time"),
    Column("applies_to", doc="what the limit counts"),
)
SITE_CURRENCIES = (
    Column("currency", doc="code, such as USD; all money in the row is in this currency"),
    Column("name", doc="full name"),
    Column("type", "enum", values=("fiat", "crypto")),
    Column("suspended", "flag", "is_suspended", doc="true if the currency is suspended altogether"),
    Column("digits", "count", "fractional_digits", doc="number of decimals of an amount"),
    Column("deposit_suspended", "flag", "is_deposit_suspended", doc="true while deposits are stopped"),
    Column("withdrawal_suspended", "flag", "is_withdrawal_suspended", doc="true while withdrawals are stopped"),
    Column("default_stake", "money", "stake_default", doc="default stake of a contract"),
    Column(
        "transfer_min",
        "money",
        "transfer_between_accounts.limits.min",
        doc="least amount that you can transfer between your accounts",
    ),
    Column(
        "transfer_max",
        "money",
        "transfer_between_accounts.limits.max",
        doc="largest amount; missing if there is no limit",
    ),
)
TRANSFER_FEES = (
    Column("from_currency", doc="code of the currency that is sent"),
    Column("to_currency", doc="code of the currency that is received"),
    Column("fee_percent", "number", "fees", doc="fee in percent of the amount"),
)
LANDING_COMPANIES = (
    Column("offer", doc="such as financial_company or mt_gaming_company.financial"),
    Column("shortcode", doc="short code of the company, such as svg"),
    Column("name", doc="full name of the company"),
    Column("currencies", "list", "legal_allowed_currencies", doc="codes of the allowed currencies"),
    Column("markets", "list", "legal_allowed_markets", doc="markets that can be traded"),
    Column("contract_categories", "list", "legal_allowed_contract_categories", doc="kinds of contracts"),
    Column("signup_needs", "list", "requirements.signup", doc="profile fields that you must fill in to sign up"),
    Column(
        "withdrawal_needs", "list", "requirements.withdrawal", doc="profile fields that you must fill in to withdraw"
    ),
    Column("tax_number_optional", "flag", "tin_not_mandatory", doc="true if you do not have to give a tax number"),
    Column(
        "professionals",
        "flag",
        "support_professional_client",
        doc="true if clients can apply to be treated as professionals",
    ),
    Column(
        "reality_check", "flag", "has_reality_check", doc="true if the company reminds you of the time spent trading"
    ),
    Column("country", doc="country of the company"),
    Column("default_currency", source="legal_default_currency", doc="code of the default currency"),
)
