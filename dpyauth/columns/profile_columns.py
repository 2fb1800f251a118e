"""Columns of the user's profile: settings, limits, tokens, apps, MT5 accounts."""

from __future__ import annotations

from dpyauth.columns import Column

SETTINGS = (
    Column("setting", doc="Deriv's name; of a field within another, ``object.field``"),
    Column("hidden", "flag", doc="true if the value is masked"),
    Column("value", doc="missing if not sent; yes or no, dates as YYYY-MM-DD, lists with commas"),
)
LIMITS = (
    Column("limit", doc="Deriv's name; of a field within another, ``object.field``"),
    Column("meaning", doc="missing for what Deriv adds"),
    Column(
        "unit",
        doc="of value: the account's currency, such as USD, or contracts, or days; missing where it is not known",
    ),
    Column("value", "money", doc="missing if there is no such limit"),
)
MARKET_LIMITS = (
    Column("market", doc="such as forex"),
    Column("name", doc="the part of the market"),
    Column("level", doc="what it is set for: market, submarket and so on"),
    Column("profile", source="profile_name", doc="Deriv's name of the risk profile"),
    Column("currency", doc="of the account: the limits are in it"),
    Column("payout_limit", "money", doc="most that contracts there may pay out"),
    Column("turnover_limit", "money", doc="most you may stake there"),
)
TRANSFER_LIMITS = (
    Column("period", "enum", values=("lifetime", "daily")),
    Column("counted", "enum", values=("amount", "transfers"), doc="what is limited; another word of Deriv's is kept"),
    Column("transfer", doc="such as crypto_to_fiat, internal or mt5; missing if it holds for all together"),
    Column("allowed", "money", doc="most that may move in the period"),
    Column("available", "money", doc="what is left of it"),
    Column("unit", doc="of both: a currency, or transfers; missing where it is not known"),
)
API_TOKENS = (
    Column("name", source="display_name", doc="as the client calls it"),
    Column("token", doc="``•••`` unless revealed"),
    Column("scopes", "list", doc="what it may do"),
    Column("last_used", doc="as Deriv writes it; missing if never"),
    Column("valid_for_ip", doc="``•••`` unless revealed; missing if valid from anywhere"),
)
APPS = (
    Column("app_id", "count", doc="ID of the app"),
    Column("name", doc="as its owner calls it"),
    Column("active", "flag", doc="false if it is switched off"),
    Column("scopes", "list", doc="what it may do"),
    Column("redirect_uri", doc="address that a sign-in goes back to"),
    Column("verification_uri", doc="address that links in e-mails lead to"),
    Column("markup_percent", "number", "app_markup_percentage", doc="what it adds to prices, in percent of the payout"),
    Column("official", "flag", doc="true if it is Deriv's own (``oauth_apps`` only)"),
    Column("last_used", doc="as Deriv writes it (``oauth_apps`` only)"),
)
MT5_ACCOUNTS = (
    Column("login", doc="such as MTR1000001"),
    Column("account_type", "enum", values=("demo", "real")),
    Column("currency", doc="of the balance"),
    Column("balance", "money", doc="in ``currency``"),
    Column("market_type", "enum", values=("financial", "synthetic", "all")),
    Column("product", doc="Deriv's name of the product"),
    Column("sub_account_type", doc="Deriv's name of the kind of account"),
    Column("landing_company", source="landing_company_short", doc="short code of the Deriv company"),
    Column("server", doc="name of the MT5 server"),
    Column("error", source="error.message_to_client", doc="why there is no more about the account, in words"),
    Column("error_code", source="error.code", doc="the same in a word of Deriv's"),
    Column("leverage", "count", doc="such as 500, for 1:500"),
    Column("status", doc="missing while nothing is wrong"),
)
