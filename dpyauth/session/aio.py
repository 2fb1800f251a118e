"""Define the awaitable twins of the session's methods, typed for editors and type checkers."""

from __future__ import annotations

from dpyauth.session.account import AccountQuestions
from dpyauth.session.calls import Calls
from dpyauth.session.drive import Awaitables, awaitable
from dpyauth.session.histories import Histories
from dpyauth.session.legacy import Legacy
from dpyauth.session.lifecycle import Lifecycle
from dpyauth.session.price_histories import PriceHistories
from dpyauth.session.reference import ReferenceQuestions
from dpyauth.session.user import UserQuestions
from dpyauth.session.wallets import Wallets


class AsyncSession(Awaitables):
    """Awaitable twins of the methods of a session that ask Deriv: ``await session.aio.balance()``.

    They have the names, arguments and results of the session's own methods, and may be awaited on any event loop.
    """

    # One line a method, written out: made in a loop, they would be invisible to editors and type checkers.

    _called = "session.aio"

    account_status = awaitable(AccountQuestions.account_status)
    accounts = awaitable(AccountQuestions.accounts)
    api_tokens = awaitable(UserQuestions.api_tokens)
    apps = awaitable(UserQuestions.apps)
    balance = awaitable(AccountQuestions.balance)
    call = awaitable(Calls.call)
    candles = awaitable(PriceHistories.candles)
    cashier_problems = awaitable(AccountQuestions.cashier_problems)
    currencies = awaitable(AccountQuestions.currencies)
    exchange_rates = awaitable(ReferenceQuestions.exchange_rates)
    frame = awaitable(Calls.frame)
    landing_company = awaitable(ReferenceQuestions.landing_company)
    legacy_accounts = awaitable(Legacy.legacy_accounts)
    legacy_statement = awaitable(Legacy.legacy_statement)
    limits = awaitable(UserQuestions.limits)
    login_history = awaitable(Histories.login_history)
    logout = awaitable(Lifecycle.logout)
    markup = awaitable(Wallets.markup)
    migration = awaitable(AccountQuestions.migration)
    mt5_accounts = awaitable(UserQuestions.mt5_accounts)
    nickname = awaitable(Wallets.nickname)
    partner_overview = awaitable(Wallets.partner_overview)
    portfolio = awaitable(UserQuestions.portfolio)
    profit_table = awaitable(Histories.profit_table)
    settings = awaitable(UserQuestions.settings)
    site = awaitable(ReferenceQuestions.site)
    statement = awaitable(Histories.statement)
    status_flags = awaitable(AccountQuestions.status_flags)
    stream = awaitable(Calls.stream)
    ticks = awaitable(PriceHistories.ticks)
    trading_times = awaitable(ReferenceQuestions.trading_times)
    use = awaitable(Lifecycle.use)
    verification = awaitable(AccountQuestions.verification)
    wallet_transactions = awaitable(Wallets.wallet_transactions)
    wallets = awaitable(Wallets.wallets)
