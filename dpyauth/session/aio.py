"""The awaitable twins of a session's methods, so that editors and type checkers know them."""

from __future__ import annotations

from dpyauth.session import Session
from dpyauth.session.drive import Awaitables, awaitable


class AsyncSession(Awaitables):
    """The methods of a session that ask Deriv something, to be awaited: ``await session.aio.balance()``.

    They have the names, arguments and results of the session's own methods, and may be awaited on any event loop.
    """

    _called = "session.aio"

    account_status = awaitable(Session.account_status)
    accounts = awaitable(Session.accounts)
    api_tokens = awaitable(Session.api_tokens)
    apps = awaitable(Session.apps)
    balance = awaitable(Session.balance)
    call = awaitable(Session.call)
    candles = awaitable(Session.candles)
    cashier_problems = awaitable(Session.cashier_problems)
    currencies = awaitable(Session.currencies)
    exchange_rates = awaitable(Session.exchange_rates)
    frame = awaitable(Session.frame)
    landing_company = awaitable(Session.landing_company)
    legacy_accounts = awaitable(Session.legacy_accounts)
    legacy_statement = awaitable(Session.legacy_statement)
    limits = awaitable(Session.limits)
    login_history = awaitable(Session.login_history)
    logout = awaitable(Session.logout)
    markup = awaitable(Session.markup)
    migration = awaitable(Session.migration)
    mt5_accounts = awaitable(Session.mt5_accounts)
    nickname = awaitable(Session.nickname)
    partner_overview = awaitable(Session.partner_overview)
    portfolio = awaitable(Session.portfolio)
    profit_table = awaitable(Session.profit_table)
    settings = awaitable(Session.settings)
    site = awaitable(Session.site)
    statement = awaitable(Session.statement)
    status_flags = awaitable(Session.status_flags)
    stream = awaitable(Session.stream)
    ticks = awaitable(Session.ticks)
    trading_times = awaitable(Session.trading_times)
    use = awaitable(Session.use)
    verification = awaitable(Session.verification)
    wallet_transactions = awaitable(Session.wallet_transactions)
    wallets = awaitable(Session.wallets)
