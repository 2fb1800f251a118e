"""Columns about a session: its calls, events, transfers, and the updates of its streams."""

from __future__ import annotations

from dpyauth.columns import Column
from dpyauth.registry import APIS

CALLS = (
    Column("call", doc="Deriv's name for the call"),
    Column("allowed", "flag", doc="true if the token may make the call; missing if Deriv has not said"),
    Column("scope", doc='scopes of which one is enough, joined by "or"; missing if none is needed'),
    Column("summary", doc="purpose in a few words, in the language of the session"),
    Column(
        "streams", "enum", values=("no", "yes", "required"), doc="whether the call can be a stream, or can only be one"
    ),
    Column(
        "changes",
        "enum",
        values=("nothing", "with some fields", "always"),
        doc="whether the call changes anything at Deriv",
    ),
    Column("api", "enum", values=tuple(APIS)),
)
EVENTS = (
    Column("time", "time", doc="when it happened"),
    Column("took", "number", doc="duration in seconds"),
    Column("why", doc="reason, if it is known"),
    Column("what", doc="what happened, such as connected"),
)
TRANSFERS = (
    Column("time", "time", doc="when it was sent"),
    Column("call", doc="Deriv's name for the call"),
    Column("outcome", doc="result of the transfer"),
    Column("request_id", doc="ID by which Deriv can find the transfer"),
)

RECEIVED = (
    Column("received", "time", doc="when the update arrived"),
    Column("gap", "flag", doc="true if updates were missed just before this row and could not be fetched"),
)
ERROR = Column("error", source="error.message", doc="Deriv's message, if the update is an error")

_SYMBOL = Column("symbol", doc="such as R_100")
_EPOCH = Column("epoch", "time", doc="when the price was made")
_CURRENCY = Column("currency", doc="currency of all money in the row")

TICK = (
    _SYMBOL,
    _EPOCH,
    Column("quote", "exact", doc="price of the market"),
    Column("bid", "exact", doc="price of the market for selling"),
    Column("ask", "exact", doc="price of the market for buying"),
    Column(
        "backfilled",
        "flag",
        doc="true if the tick was missed in a break of the connection and fetched afterwards; then ``received`` says "
        "nothing about its delay",
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
    Column("currency", doc="currency of the balance"),
    Column("balance", "money", doc="balance in ``currency``"),
)
TRANSACTION_UPDATE = (
    Column("amount", "money", doc="negative if money left the account"),
    Column("balance", "money", doc="balance after the transaction"),
    Column("action", doc="such as buy"),
    _CURRENCY,
    Column("longcode", doc="description of the contract or of the transaction, in a sentence"),
    Column("transaction_time", "time", doc="when the money moved"),
    Column("transaction_id", "count", doc="Deriv's number for the transaction"),
    Column("contract_id", "count", doc="number of the contract that was bought or sold"),
    _SYMBOL,
)
CONTRACT_UPDATE = (
    Column("contract_id", "count", doc="Deriv's number for the contract"),
    Column("contract_type", doc="such as CALL"),
    Column("underlying", doc="symbol, such as R_100"),
    Column("status", doc="state of the contract, such as open, sold, won or lost"),
    Column("buy_price", "money", doc="cost of the contract"),
    Column("bid_price", "money", doc="what you would get for selling it now"),
    Column("profit", "money", doc="bid_price minus buy_price"),
    _CURRENCY,
    Column("current_spot", "exact", doc="price of the market"),
    Column("current_spot_time", "time", doc="when that price was made"),
    Column("purchase_time", "time", doc="when the contract was bought"),
    Column("date_expiry", "time", doc="latest time at which the contract ends"),
    Column("is_sold", "flag", doc="true once the contract is closed"),
    ERROR,
)
