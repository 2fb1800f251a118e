"""Columns about money and contracts: statements, wallets, open contracts, and earnings from apps and clients."""

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
    Column("amount", "money", doc="negative if money left the account"),
    Column("balance_after", "money", doc="balance after the transaction"),
    Column("action_type", "enum", values=ACTIONS),
    Column("currency", doc="currency of amount, balance_after and payout"),
    Column("longcode", doc="description of the contract or of the transaction, in a sentence"),
    Column("purchase_time", "time", doc="when the contract was bought; only for sales"),
    Column("withdrawal_details", doc="details of a withdrawal, such as how long it takes", only="v3"),
    Column("fee", "money", "fees.amount", doc="fee of a transfer, in ``fee_currency``", only="v3"),
    Column("fee_currency", source="fees.currency", doc="currency of the fee", only="v3"),
    Column("from_loginid", source="from.loginid", doc="login ID of the account that a transfer came from", only="v3"),
    Column("to_loginid", source="to.loginid", doc="login ID of the account that a transfer went to", only="v3"),
    Column("app_id", "count", doc="ID of the app that made the transaction", only="v3"),
    Column("reference_id", "count", doc="for a sale, the transaction_id of the purchase"),
    Column("shortcode", doc="code that describes the contract"),
    Column("transaction_id", "count", doc="Deriv's number for the transaction"),
    Column("contract_id", "count", doc="number of the contract that was bought or sold"),
    _LOGINID,
    Column("payout", "money", doc="what the contract may pay out"),
)
PROFIT_TABLE = (
    Column("sell_time", "time", doc="when the contract was closed"),
    Column("symbol", source="underlying_symbol", doc="such as R_100"),
    Column("profit", "money", doc="sell_price minus buy_price"),
    Column("currency", doc="currency of all money in the row"),
    Column("longcode", doc="description of the contract, in a sentence"),
    Column("payout", "money", doc="what the contract could pay out"),
    Column("purchase_time", "time", doc="when the contract was bought; Deriv selects closed contracts by this time"),
    Column("duration_type", doc="unit of the contract's duration, such as ticks"),
    Column("multiplier", "exact", doc="only for contracts that have one (not money, but exact)"),
    Column("growth_rate", "exact", doc="only for contracts that have one (not money, but exact)"),
    Column("app_id", "count", doc="ID of the app that bought the contract", only="v3"),
    Column("transaction_id", "count", doc="number of the purchase"),
    Column("contract_id", "count", doc="Deriv's number for the contract"),
    _LOGINID,
    Column("deal_cancellation_duration", doc="how long the contract could be cancelled"),
    Column("shortcode", doc="code that describes the contract"),
    Column("contract_type", doc="such as CALL"),
    Column("buy_price", "money", doc="cost of the contract"),
    Column("sell_price", "money", doc="what the contract paid"),
)
LEGACY_ACCOUNTS = (
    _LOGINID,
    Column("currency", doc="currency of the account"),
    Column("account_id", "count", doc="Deriv's number for the account"),
)
LOGIN_HISTORY = (
    _LOGINID,
    Column("time", "time", doc="when it happened"),
    Column("action", "enum", values=("login", "logout")),
    Column("succeeded", "flag", "status", doc="false if the sign-in was refused"),
    Column("country", doc="country of the IP address"),
    Column("ip", doc="IP address, ``•••`` unless revealed"),
    Column("device", doc="kind of device"),
    Column("os", doc="operating system of the device"),
    Column("browser", doc="browser"),
    Column("version", doc="version of the browser"),
    Column("language", doc="chosen language"),
)

OPEN_CONTRACTS = (
    Column("expires", "time", doc="latest time at which the contract ends"),
    Column("symbol", doc="such as R_100"),
    Column("buy_price", "money", doc="cost of the contract"),
    Column("bid_price", "money", doc="what you would get for selling it now"),
    Column("profit", "money", doc="bid_price minus buy_price"),
    Column("payout", "money", doc="what it pays out if it wins"),
    Column("currency", doc="currency of all money in the row; the account's, if Deriv names none"),
    Column("status", "enum", values=("open", "sold", "won", "lost", "cancelled")),
    Column("can_sell", "flag", "is_valid_to_sell", doc="true if you can sell it to Deriv now"),
    Column("longcode", doc="description of the contract, in a sentence"),
    Column("purchased", "time", "purchase_time", doc="when the contract was bought"),
    Column("starts", "time", "date_start", doc="when the contract starts"),
    Column("shortcode", doc="code that describes the contract"),
    Column("transaction_id", "count", doc="number of the purchase"),
    Column("contract_id", "count", doc="Deriv's number for the contract"),
    Column("contract_type", doc="such as CALL"),
)
_ONLY_NOW = {"bid_price", "profit", "status", "can_sell"}
"""Columns that a portfolio does not have."""

PORTFOLIO = tuple(column for column in OPEN_CONTRACTS if column.name not in _ONLY_NOW)

WALLETS = (
    Column("type", "enum", values=WALLET_TYPES),
    Column("currency", doc="currency of all money in the row; missing if the wallet holds none"),
    Column("balance", "money", doc="balance at the end of the period that Deriv counts"),
    Column("paid_in", "money", "input", doc="money in during that period"),
    Column("paid_out", "money", "output", doc="money out during that period"),
    Column("wallet_id", doc="needed for transfers"),
)
WALLET_TOTALS = (
    Column("total_currency", source="total_balance.converted_to", doc="currency of the three following columns"),
    Column(
        "approximate_total",
        "money",
        "total_balance.approximate_total_balance",
        doc="all balances of the wallet together",
    ),
    Column("approximate_paid_in", "money", "total_balance.approximate_total_input", doc="money into the wallet"),
    Column("approximate_paid_out", "money", "total_balance.approximate_total_output", doc="money out of the wallet"),
)
WALLET_TRANSACTIONS = (
    Column("time", "moment", "timestamp", doc="time of the transaction"),
    Column("category", "enum", values=("deposit", "withdrawal"), doc="into the wallet, or out of it"),
    Column("net", "money", "transaction_net_amount", doc="gross minus fee"),
    Column("currency", source="transaction_currency", doc="currency of net, gross and fee"),
    Column("gross", "money", "transaction_gross_amount", doc="requested amount"),
    Column("from_wallet", source="source_wallet_type", doc="type of the wallet that sent it, if Deriv reports it"),
    Column(
        "to_wallet", source="destination_wallet_type", doc="type of the wallet that received it, if Deriv reports it"
    ),
    Column("from_client", source="source_client_id", doc="client who paid, ``•••`` unless revealed"),
    Column("to_client", source="destination_client_id", doc="client who was paid, ``•••`` unless revealed"),
    Column("transaction_id", doc="Deriv's ID for the transaction"),
    Column("request_id", doc="ID of the transfer that the transaction belongs to"),
    Column("channel", doc="such as cashier, payment_agent"),
    Column("fee", "money", doc="gross minus net"),
    Column(
        "status",
        "enum",
        "transaction_status",
        ("pending", "processing", "complete", "completed", "failed", "cancelled", "reverted"),
    ),
)

MARKUP = (
    Column("app_id", doc="ID of the app; missing if Deriv sends only totals"),
    Column("currency", doc="USD, the currency of all money in the row"),
    Column("markup", "money", "app_markup_usd", doc="earnings of the app"),
    Column("volume", "money", "volume_usd", doc="amount paid for contracts", only="options"),
    Column("payout", "money", "payout_usd", doc="what the contracts could pay out", only="options"),
    Column("contracts", "count", "contract_count", doc="number of contracts bought"),
    Column("clients", "count", "client_count", doc="number of clients who bought them", only="options"),
)
PARTNER_OVERVIEW = (
    Column("first_day", "day", "period.start_date", doc="first day of the period, inclusive"),
    Column("last_day", "day", "period.end_date", doc="last day of the period, inclusive"),
    Column("earned", "money", "master_partner.earnings_occurred", doc="earnings as a master partner"),
    Column("paid", "money", "activity.paid", doc="amount that Deriv has paid"),
    Column("pending", "money", "activity.pending", doc="amount that Deriv has yet to pay"),
    Column("currency", doc="currency of all money in the row"),
    Column("has_lifetime_referred_client", "flag", doc="true if there has ever been a referred client"),
    Column("first_time_depositors", "count", "signups.first_time_depositors", doc="clients with their first deposit"),
    Column("first_time_traders", "count", "signups.first_time_traders", doc="clients with their first trade"),
    Column("active_subpartners", "count", "master_partner.active_subpartners", doc="active subpartners"),
    Column("real_accounts", "count", "signups.real_accounts", doc="real accounts opened"),
    Column("active_traders", "count", "activity.active_traders", doc="clients who traded"),
    Column("signups", "count", "signups.total", doc="clients who signed up"),
)
