"""Replies of the Deriv API as pandas DataFrames: pure functions, one per question a trader asks.

A frame has the same columns, in the same order and of the same dtypes, whatever the reply holds or lacks; what one of
Deriv's APIs never tells is no column of its frames. What has no place in them (a field that Deriv has added, an object
where a text should be) is not dropped: it stands in columns of its own after the others, or in a row, under the name
that Deriv gives it. If the name is taken, ``_`` follows it; what stands beside the rows of a reply without any is in
``attrs["beside"]``.

The order is made for reading. What you look for stands first, in narrow columns; then the sentence that says what it
was; then what you look up, and codes that no browser breaks into lines. So the first screen of a notebook has all that
you look for. A terminal that is too narrow shows as many columns of either end, so the last ones are narrow, too. A
remark or an error comes last.

What is missing is what pandas itself puts there for the dtype, such as after a merge: ``NaN`` in ``float64``,
``category`` and Python objects (exact numbers, lists, maps), ``NaT`` in times and days, ``<NA>`` in texts, flags and
counts. ``isna()`` finds all of them.

========  ===================================================================================================
text      ``string``; an empty text is missing
enum      ``category`` with every documented value; a value Deriv adds later is kept, as a further category
flag      ``boolean``, from Deriv's 0 and 1
count     ``Int64``
money     ``float64``, or exact ``decimal.Decimal`` objects with ``decimal=True``
exact     the same for what is no money but has to be exact: a price, a rate, a factor
number    ``float64``, such as a per cent
time      ``datetime64[us, UTC]``
day       ``datetime64[us]``, without a zone: a day that has no time of day, which sorts and reads as 2026-11-24
list      Python lists in an ``object`` column; empty, never missing (but where an account could not be read)
map       Python dicts in an ``object`` column, where the keys are data; empty, never missing
========  ===================================================================================================

Money never stands alone: the column ``currency`` says what it is in, or a column named after the money where a row
has several currencies (``fee_currency``, ``converted_currency``). Where a column holds money in one row and a number
of something in the next, ``unit`` says what it is: ``USD``, ``contracts``, ``days``, ``transfers``. The currency is
the one that Deriv names, else that of the account which was asked; it is missing where Deriv does not say. Prices,
rates and per cents are no money, and have no currency.

The index just counts. The login ID is a column, so frames of several accounts concatenate and merge. `for_storage`
makes any frame fit for Parquet and CSV, and `restored` gives one that was read back every dtype that it had.
"""

from typing import TYPE_CHECKING

from dpyauth.files import for_storage, restored
from dpyauth.frames import load_pandas as load_pandas
from dpyauth.frames.account_limits import limits, market_limits, transfer_limits
from dpyauth.frames.accounts import accounts
from dpyauth.frames.balances import balance
from dpyauth.frames.build import Context, also
from dpyauth.frames.call_help import calls, help_text
from dpyauth.frames.cashier import cashier_problems
from dpyauth.frames.concat import concat_accounts
from dpyauth.frames.detail import account_detail
from dpyauth.frames.flags import status_flags
from dpyauth.frames.generic import generic
from dpyauth.frames.in_notebooks import install
from dpyauth.frames.market import candles, exchange_rates, ticks, trading_times
from dpyauth.frames.options import options_status
from dpyauth.frames.partners import markup, partner_overview
from dpyauth.frames.positions import mt5_accounts, open_contracts
from dpyauth.frames.profile import api_tokens, apps, settings
from dpyauth.frames.proofs import attempts, jurisdictions, ownership_requests
from dpyauth.frames.session_events import events, health, transfers
from dpyauth.frames.site import landing_company, site_currencies, site_limits, transfer_fees
from dpyauth.frames.status import account_status, currencies, verification
from dpyauth.frames.stream_rows import updates
from dpyauth.frames.wallet_money import wallet_transactions, wallets
from dpyauth.names import suggesting

__all__ = [
    "Context",
    "account_detail",
    "account_status",
    "accounts",
    "also",
    "api_tokens",
    "apps",
    "attempts",
    "balance",
    "calls",
    "candles",
    "cashier_problems",
    "concat_accounts",
    "currencies",
    "events",
    "exchange_rates",
    "for_storage",
    "generic",
    "health",
    "help_text",
    "jurisdictions",
    "landing_company",
    "limits",
    "market_limits",
    "markup",
    "mt5_accounts",
    "open_contracts",
    "options_status",
    "ownership_requests",
    "partner_overview",
    "restored",
    "settings",
    "site_currencies",
    "site_limits",
    "status_flags",
    "ticks",
    "trading_times",
    "transfer_fees",
    "transfer_limits",
    "transfers",
    "updates",
    "verification",
    "wallet_transactions",
    "wallets",
]

install()

# Their earlier names
storable, together = for_storage, concat_accounts

if not TYPE_CHECKING:  # a type checker would take every name for right
    __getattr__ = suggesting(__name__, __all__)
