"""Columns of money and contracts: ledgers, wallets, open contracts, and what apps and clients have earned."""

from __future__ import annotations

from dpyauth.columns import Column

ACTIONS = (
    "buy",
    "sell",
    "deposit",
    "withdrawal",
    "transfer",
    "hold",
    "release",
    "adjustment",
    "virtual_credit",
)
WALLET_TYPES = ("main", "p2p", "partner", "payment_agent")

_LOGINID = Column("loginid", doc="login ID of the account")

STATEMENT = (
    Column("transaction_time", "time", doc="when the money moved"),
    Column("amount", "money", doc="below zero where it left the account"),
    Column("balance_after", "money", doc="balance after the transaction"),
    Column("action_type", "enum", values=ACTIONS),
    Column("currency", doc="of amount, balance_after and payout"),
    Column("longcode", doc="the contract, or what it was, in a sentence"),
    Column("purchase_time", "time", doc="only of sales"),
    Column("withdrawal_details", doc="such as how long a withdrawal takes", only="v3"),
    Column("fee", "money", "fees.amount", doc="of a transfer, in a currency of its own", only="v3"),
    Column("fee_currency", source="fees.currency", doc="of the fee", only="v3"),
    Column("from_loginid", source="from.loginid", doc="account that a transfer came from", only="v3"),
    Column("to_loginid", source="to.loginid", doc="account that a transfer went to", only="v3"),
    Column("app_id", "count", doc="ID of the app that did it", only="v3"),
    Column("reference_id", "count", doc="of a sale: the transaction_id of its purchase"),
    Column("shortcode", doc="the contract in one word"),
    Column("transaction_id", "count", doc="Deriv's number of it"),
    Column("contract_id", "count", doc="of the contract that was bought or sold"),
    _LOGINID,
    Column("payout", "money", doc="what the contract may pay"),
)
PROFIT_TABLE = (
    Column("sell_time", "time", doc="when it was closed"),
    Column("symbol", source="underlying_symbol", doc="such as R_100"),
    Column("profit", "money", doc="sell_price less buy_price"),
    Column("currency", doc="of all money here"),
    Column("longcode", doc="the contract in a sentence"),
    Column("payout", "money", doc="what the contract could pay"),
    Column("purchase_time", "time", doc="what Deriv's periods of closed contracts go by"),
    Column("duration_type", doc="unit of its duration, such as ticks"),
    Column("multiplier", "exact", doc="only of contracts that have one (no money, but exact)"),
    Column("growth_rate", "exact", doc="only of contracts that have one (no money, but exact)"),
    Column("app_id", "count", doc="ID of the app that bought it", only="v3"),
    Column("transaction_id", "count", doc="of the purchase"),
    Column("contract_id", "count", doc="Deriv's number of the contract"),
    _LOGINID,
    Column("deal_cancellation_duration", doc="how long it could be cancelled"),
    Column("shortcode", doc="the contract in one word"),
    Column("contract_type", doc="such as CALL"),
    Column("buy_price", "money", doc="cost of the contract"),
    Column("sell_price", "money", doc="what it has paid"),
)
LEGACY_ACCOUNTS = (
    _LOGINID,
    Column("currency", doc="currency of the account"),
    Column("account_id", "count", doc="Deriv's number of it"),
)
LOGIN_HISTORY = (
    _LOGINID,
    Column("time", "time", doc="when it happened"),
    Column("action", "enum", values=("login", "logout")),
    Column("succeeded", "flag", "status", doc="false if it was refused"),
    Column("country", doc="of the internet address"),
    Column("ip", doc="internet address, ``•••`` unless revealed"),
    Column("device", doc="kind of device"),
    Column("os", doc="its operating system"),
    Column("browser", doc="its browser"),
    Column("version", doc="version of the browser"),
    Column("language", doc="language that was chosen"),
)

OPEN_CONTRACTS = (
    Column("expires", "time", doc="when it ends at the latest"),
    Column("symbol", doc="such as R_100"),
    Column("buy_price", "money", doc="cost of the contract"),
    Column("bid_price", "money", doc="what selling it now would bring"),
    Column("profit", "money", doc="bid_price less buy_price"),
    Column("payout", "money", doc="what it pays if it is won"),
    Column("currency", doc="of all money here; Deriv names it, else it is the account's"),
    Column("status", "enum", values=("open", "sold", "won", "lost", "cancelled")),
    Column("can_sell", "flag", "is_valid_to_sell", doc="true if Deriv would take it back now"),
    Column("longcode", doc="the contract in words"),
    Column("purchased", "time", "purchase_time", doc="when it was bought"),
    Column("starts", "time", "date_start", doc="when it starts"),
    Column("shortcode", doc="the contract in one word"),
    Column("transaction_id", "count", doc="of the purchase"),
    Column("contract_id", "count", doc="Deriv's number of the contract"),
    Column("contract_type", doc="such as CALL"),
)
_ONLY_NOW = {"bid_price", "profit", "status", "can_sell"}
"""Columns that a portfolio does not tell."""

PORTFOLIO = tuple(column for column in OPEN_CONTRACTS if column.name not in _ONLY_NOW)

WALLETS = (
    Column("type", "enum", values=WALLET_TYPES),
    Column("currency", doc="of all money in this row; missing where the wallet holds none"),
    Column("balance", "money", doc="at the end of the period that Deriv counts"),
    Column("paid_in", "money", "input", doc="what came in, in that period"),
    Column("paid_out", "money", "output", doc="what went out, in the same period"),
    Column("wallet_id", doc="needed for transfers"),
)
WALLET_TOTALS = (
    Column("total_currency", source="total_balance.converted_to", doc="of the three that follow"),
    Column("approximate_total", "money", "total_balance.approximate_total_balance", doc="all balances of the wallet"),
    Column("approximate_paid_in", "money", "total_balance.approximate_total_input", doc="what came into the wallet"),
    Column(
        "approximate_paid_out", "money", "total_balance.approximate_total_output", doc="what went out of the wallet"
    ),
)
WALLET_TRANSACTIONS = (
    Column("time", "moment", "timestamp", doc="when it was made"),
    Column("category", "enum", values=("deposit", "withdrawal"), doc="into the wallet, or out of it"),
    Column("net", "money", "transaction_net_amount", doc="what is left of gross after the fee"),
    Column("currency", source="transaction_currency", doc="of net, gross and fee"),
    Column("gross", "money", "transaction_gross_amount", doc="what was asked for"),
    Column("from_wallet", source="source_wallet_type", doc="type of the wallet it came from, where Deriv tells it"),
    Column("to_wallet", source="destination_wallet_type", doc="type of the wallet it went to, where Deriv tells it"),
    Column("from_client", source="source_client_id", doc="client who paid, ``•••`` unless revealed"),
    Column("to_client", source="destination_client_id", doc="client who was paid, ``•••`` unless revealed"),
    Column("transaction_id", doc="Deriv's ID of it"),
    Column("request_id", doc="of the transfer that this is part of"),
    Column("channel", doc="such as cashier, payment_agent"),
    Column("fee", "money", doc="gross less net"),
    Column(
        "status",
        "enum",
        "transaction_status",
        ("pending", "processing", "complete", "completed", "failed", "cancelled", "reverted"),
    ),
)

MARKUP = (
    Column("app_id", doc="missing where Deriv gives totals only"),
    Column("currency", doc="USD, of all money here"),
    Column("markup", "money", "app_markup_usd", doc="what the app has earned"),
    Column("volume", "money", "volume_usd", doc="what was paid for contracts", only="options"),
    Column("payout", "money", "payout_usd", doc="what the contracts could pay", only="options"),
    Column("contracts", "count", "contract_count", doc="number of contracts that were bought"),
    Column("clients", "count", "client_count", doc="number of clients who bought them", only="options"),
)
PARTNER_OVERVIEW = (
    Column("first_day", "day", "period.start_date", doc="of the period; counts whole"),
    Column("last_day", "day", "period.end_date", doc="of the period; counts whole"),
    Column("earned", "money", "master_partner.earnings_occurred", doc="as a master partner"),
    Column("paid", "money", "activity.paid", doc="what Deriv has paid"),
    Column("pending", "money", "activity.pending", doc="what is still to be paid"),
    Column("currency", doc="of all money here"),
    Column("has_lifetime_referred_client", "flag", doc="true if there ever was a client"),
    Column("first_time_depositors", "count", "signups.first_time_depositors", doc="clients with their first deposit"),
    Column("first_time_traders", "count", "signups.first_time_traders", doc="clients with their first trade"),
    Column("active_subpartners", "count", "master_partner.active_subpartners", doc="subpartners who were active"),
    Column("real_accounts", "count", "signups.real_accounts", doc="real accounts that were opened"),
    Column("active_traders", "count", "activity.active_traders", doc="clients who have traded"),
    Column("signups", "count", "signups.total", doc="clients who have signed up"),
)
