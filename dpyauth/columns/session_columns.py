"""Columns of what a session tells of itself: calls, events, transfers, updates of streams."""

from __future__ import annotations

from dpyauth.columns import Column
from dpyauth.registry import APIS

CALLS = (
    Column("call", doc="Deriv's name of it"),
    Column("allowed", "flag", doc="missing where Deriv has not said what the token may do"),
    Column("scope", doc='any one of these is enough, with "or" between; missing if none is needed'),
    Column("summary", doc="purpose in a few words"),
    Column("streams", "enum", values=("no", "yes", "required"), doc="can (or can only) be a stream"),
    Column("changes", "enum", values=("nothing", "with some fields", "always"), doc="changes anything at Deriv"),
    Column("api", "enum", values=tuple(APIS)),
)
EVENTS = (
    Column("time", "time", doc="when it happened"),
    Column("took", "number", doc="seconds"),
    Column("why", doc="the reason, as far as it is known"),
    Column("what", doc="such as connected"),
)
TRANSFERS = (
    Column("time", "time", doc="when it was sent"),
    Column("call", doc="Deriv's name of it"),
    Column("outcome", doc="what became of it"),
    Column("request_id", doc="ID by which it can be found at Deriv"),
)

RECEIVED = (
    Column("received", "time", doc="when the update came in"),
    Column("gap", "flag", doc="true if something was missed just before this row, and could not be filled"),
)
ERROR = Column("error", source="error.message", doc="what Deriv says where an update is an error")

_SYMBOL = Column("symbol", doc="such as R_100")
_EPOCH = Column("epoch", "time", doc="when the price was made")
_CURRENCY = Column("currency", doc="of all money here")

TICK = (
    _SYMBOL,
    _EPOCH,
    Column("quote", "exact", doc="price of the market"),
    Column("bid", "exact", doc="price of the market for selling"),
    Column("ask", "exact", doc="price of the market for buying"),
    Column(
        "backfilled",
        "flag",
        doc="true if it was missed in a break of the connection, and fetched afterwards, so that ``received`` says "
        "nothing about how quick it was",
    ),
)
CANDLE = (
    _SYMBOL,
    _EPOCH,
    Column("open_time", "time", doc="when the candle began"),
    Column("open", "exact", doc="first price"),
    Column("high", "exact", doc="highest price"),
    Column("low", "exact", doc="lowest price"),
    Column("close", "exact", doc="last price"),
    Column("granularity", "count", doc="length of the candle in seconds"),
)
BALANCE_UPDATE = (
    Column("loginid", doc="login ID of the account"),
    Column("currency", doc="of the balance"),
    Column("balance", "money", doc="in ``currency``"),
)
TRANSACTION_UPDATE = (
    Column("amount", "money", doc="below zero where it left the account"),
    Column("balance", "money", doc="balance after the transaction"),
    Column("action", doc="such as buy"),
    _CURRENCY,
    Column("longcode", doc="the contract, or what it was, in a sentence"),
    Column("transaction_time", "time", doc="when the money moved"),
    Column("transaction_id", "count", doc="Deriv's number of it"),
    Column("contract_id", "count", doc="of the contract that was bought or sold"),
    _SYMBOL,
)
CONTRACT_UPDATE = (
    Column("contract_id", "count", doc="Deriv's number of the contract"),
    Column("contract_type", doc="such as CALL"),
    Column("underlying", doc="symbol, such as R_100"),
    Column("status", doc="such as open, sold, won, lost"),
    Column("buy_price", "money", doc="cost of the contract"),
    Column("bid_price", "money", doc="what selling it now would bring"),
    Column("profit", "money", doc="bid_price less buy_price"),
    _CURRENCY,
    Column("current_spot", "exact", doc="price of the market"),
    Column("current_spot_time", "time", doc="when that price was made"),
    Column("purchase_time", "time", doc="when it was bought"),
    Column("date_expiry", "time", doc="when it ends at the latest"),
    Column("is_sold", "flag", doc="true once it is closed"),
    ERROR,
)
