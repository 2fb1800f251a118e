"""Columns of the user's profile: settings, limits, tokens, apps, MT5 accounts."""

from __future__ import annotations

from dpyauth.columns import Column

SETTINGS = (
    Column("setting", doc="Deriv's name; ``object.field`` for a field within an object"),
    Column("hidden", "flag", doc="true if the value is masked"),
    Column(
        "value", doc="value as text; missing if not sent; yes or no for flags, dates as YYYY-MM-DD, lists with commas"
    ),
)
LIMITS = (
    Column("limit", doc="Deriv's name; ``object.field`` for a field within an object"),
    Column("meaning", doc="explanation, in the language of the session; missing for limits that dpyauth does not know"),
    Column(
        "unit",
        doc="unit of value: the account's currency, such as USD, or contracts, or days; missing if it is not known",
    ),
    Column("value", "money", doc="the limit; missing if there is none"),
)
MARKET_LIMITS = (
    Column("market", doc="such as forex"),
    Column("name", doc="part of the market"),
    Column("level", doc="what the limit applies to: market, submarket and so on"),
    Column("profile", source="profile_name", doc="Deriv's name for the risk profile"),
    Column("currency", doc="currency of the account and of the limits"),
    Column("payout_limit", "money", doc="most that contracts in it may pay out"),
    Column("turnover_limit", "money", doc="most you may stake in it"),
)
TRANSFER_LIMITS = (
    Column("period", "enum", values=("lifetime", "daily")),
    Column("counted", "enum", values=("amount", "transfers"), doc="what is limited; other words from Deriv are kept"),
    Column(
        "transfer",
        doc="kind of transfer, such as crypto_to_fiat, internal or mt5; missing if the limit applies to all together",
    ),
    Column("allowed", "money", doc="most that you may transfer in the period"),
    Column("available", "money", doc="what is left of allowed"),
    Column("unit", doc="unit of allowed and available: a currency, or transfers; missing if it is not known"),
)
API_TOKENS = (
    Column("name", source="display_name", doc="name that the client gave it"),
    Column("token", doc="the token, ``•••`` unless revealed"),
    Column("scopes", "list", doc="what the token may do"),
    Column("last_used", doc="time as Deriv writes it; missing if never used"),
    Column("valid_for_ip", doc="IP address, ``•••`` unless revealed; missing if valid from anywhere"),
)
APPS = (
    Column("app_id", "count", doc="ID of the app"),
    Column("name", doc="name that its owner gave it"),
    Column("active", "flag", doc="false if the app is switched off"),
    Column("scopes", "list", doc="what the app may do"),
    Column("redirect_uri", doc="URL to which a sign-in returns"),
    Column("verification_uri", doc="URL that links in e-mails lead to"),
    Column(
        "markup_percent", "number", "app_markup_percentage", doc="what the app adds to prices, in percent of the payout"
    ),
    Column("official", "flag", doc="true if the app is Deriv's own (``oauth_apps`` only)"),
    Column("last_used", doc="time as Deriv writes it (``oauth_apps`` only)"),
)
MT5_ACCOUNTS = (
    Column("login", doc="login of the account, such as MTR1000001"),
    Column("account_type", "enum", values=("demo", "real")),
    Column("currency", doc="currency of the balance"),
    Column("balance", "money", doc="balance in ``currency``"),
    Column("market_type", "enum", values=("financial", "synthetic", "all")),
    Column("product", doc="Deriv's name for the product"),
    Column("sub_account_type", doc="Deriv's name for the kind of account"),
    Column("landing_company", source="landing_company_short", doc="short code of the Deriv company"),
    Column("server", doc="name of the MT5 server"),
    Column("error", source="error.message_to_client", doc="why Deriv sends nothing else about the account"),
    Column("error_code", source="error.code", doc="Deriv's code for that reason"),
    Column("leverage", "count", doc="leverage, such as 500 for 1:500"),
    Column("status", doc="problem with the account; missing if there is none"),
)
