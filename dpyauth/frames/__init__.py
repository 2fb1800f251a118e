"""Turn replies of the Deriv API into pandas DataFrames: pure functions, one for each question a trader asks.

A frame has the same columns, in the same order and with the same dtypes, whatever the reply holds or lacks. Data that
one of Deriv's APIs never sends is not a column of that API's frames. Nothing is dropped: a value that does not fit (a
field that Deriv has added, an object where a text is documented) goes into an additional column after the others, or
into a row, under Deriv's own name. If that name is taken, ``_`` is appended. If a reply has no rows, the data beside
them is in ``attrs["beside"]``.

The columns are in reading order: first the most wanted values, in narrow columns; then the sentence that describes the
row; then details to look up, and codes that no browser wraps. So the first screen of a notebook shows what you most
often need. A narrow terminal shows some columns from either end, so the last columns are narrow, too. A remark or an
error comes last.

Missing values are those that pandas itself uses for the dtype, such as after a merge: ``NaN`` in ``float64``,
``category`` and Python objects (exact numbers, lists, maps), ``NaT`` in times and days, ``<NA>`` in texts, flags and
counts. ``isna()`` finds all of them.

========  ===================================================================================================
text      ``string``; an empty text counts as missing
enum      ``category`` with every documented value; a value that Deriv adds later becomes a further category
flag      ``boolean``, from Deriv's 0 and 1
count     ``Int64``
money     ``float64``, or exact ``decimal.Decimal`` objects with ``decimal=True``
exact     the same for values that are not money but have to be exact: a price, a rate, a factor
number    ``float64``, such as a percentage
time      ``datetime64[us, UTC]``
day       ``datetime64[us]`` without a time zone: a day without a time of day, such as 2026-11-24
list      Python lists in an ``object`` column; empty, never missing (unless an account could not be read)
map       Python dicts in an ``object`` column, where the keys are data; empty, never missing
========  ===================================================================================================

Money always has a currency: in the column ``currency``, or in a column named after the money if a row has several
currencies (``fee_currency``, ``converted_currency``). If a column holds money in one row and a count in another,
``unit`` says which: ``USD``, ``contracts``, ``days``, ``transfers``. The currency is the one that Deriv names, else
that of the account; it is missing if Deriv does not say. Prices, rates and percentages are not money and have no
currency.

The index is a simple count. The login ID is a column, so frames of several accounts can be concatenated and merged.
`for_storage` prepares any frame for Parquet and CSV, and `restored` gives a frame that was read back its dtypes again.
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

# Earlier names, kept for existing code.
storable, together = for_storage, concat_accounts

if not TYPE_CHECKING:  # a type checker would take every name for right
    __getattr__ = suggesting(__name__, __all__)
