"""Replies of the Deriv API as pandas DataFrames: pure functions, one per question a trader asks.

A frame has the same columns, in the same order and of the same dtypes, whatever the reply holds or lacks:

========  ===================================================================================================
text      ``string``; an empty text is missing
enum      ``category`` with every documented value; a value Deriv adds later is kept, as a further category
flag      ``boolean``, from Deriv's 0 and 1
count     ``Int64``
money     ``float64``, or exact ``decimal.Decimal`` objects with ``decimal=True``
time      ``datetime64[us, UTC]``
list      Python lists in an ``object`` column; empty, never missing
========  ===================================================================================================

The index just counts. The login ID is a column, so frames of several accounts concatenate and merge.
"""

from dpyauth.frames.accounts import accounts
from dpyauth.frames.columns import Context
from dpyauth.frames.flags import status_flags
from dpyauth.frames.history import events, health, updates
from dpyauth.frames.money import balance
from dpyauth.frames.status import account_status, currencies, verification
from dpyauth.frames.together import together

__all__ = [
    "Context",
    "account_status",
    "accounts",
    "balance",
    "currencies",
    "events",
    "health",
    "status_flags",
    "together",
    "updates",
    "verification",
]
