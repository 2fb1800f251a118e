"""List the parts of a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.session import Session
    from dpyauth.session.history.periods import When


BOOK = "report.xlsx"
"""Name of a workbook that holds all frames."""


@dataclass(frozen=True, slots=True)
class Part:
    """One frame of a report."""

    name: str
    """Name of the frame, and of its file."""
    title: str
    ask: Callable[[Session, When], pd.DataFrame]
    """Function that gets the frame from the session; the time is the start of the report."""

    def file(self, suffix: str) -> str:
        """Return the name of the file that holds the frame: its own file, or the workbook."""
        return BOOK if suffix == "xlsx" else f"{self.name}.{suffix}"


def _standing(session: Session, since: When) -> pd.DataFrame:
    """Return the account's exposure and profits, without the columns that the account status has too."""
    from dpyauth.columns.account_columns import STATUS

    table = session.account_status(detail=True)
    known = {column.name for column in STATUS} - {"loginid", "currency"}
    return table[[name for name in table.columns if name not in known]]


def _statement(session: Session, since: When) -> pd.DataFrame:
    """Return the statement without free text: payment details and notes on transfers can be personal."""
    from dpyauth.sensitive import MASK

    table = session.statement(since)
    text = table["longcode"]
    if "withdrawal_details" in table:  # on v3
        details = table["withdrawal_details"]
        table["withdrawal_details"] = details.mask(details.notna(), MASK)
    table["longcode"] = text.mask(text.notna() & table["contract_id"].isna(), MASK)
    return table


def _wallet_transactions(session: Session, since: When) -> pd.DataFrame:
    """Return the transactions of all the user's wallets in one frame."""
    import pandas as pd

    from dpyauth.columns.money_columns import WALLET_TYPES
    from dpyauth.frames import Context, wallet_transactions
    from dpyauth.frames.concat import aligned, remarks

    held = session.wallets()["type"].dropna().unique()
    tables = {kind: session.wallet_transactions(kind, since) for kind in WALLET_TYPES if kind in held}
    if not tables:
        tables = {"main": wallet_transactions([], Context("wallet_transactions"))}
    for kind, table in tables.items():
        table.insert(0, "wallet", pd.Series(kind, index=table.index, dtype="string"))
    joined = pd.concat(aligned(list(tables.values())), ignore_index=True)
    joined.attrs = {**next(iter(tables.values())).attrs, **remarks(tables)}
    return joined


def parts() -> tuple[Part, ...]:
    """Return all parts, in the order of the page."""
    return (
        Part("account_status", "Account status", lambda session, since: session.account_status()),
        Part("account_detail", "Exposure and profits", _standing),
        Part("verification", "Verification", lambda session, since: session.verification()),
        Part("attempts", "Verification attempts", lambda session, since: session.verification("attempts")),
        Part(
            "ownership_requests",
            "Requested proofs of ownership",
            lambda session, since: session.verification("ownership"),
        ),
        Part(
            "jurisdictions",
            "Where your proof of address counts",
            lambda session, since: session.verification("jurisdictions"),
        ),
        Part("status_flags", "What the status flags mean", lambda session, since: session.status_flags()),
        Part("cashier_problems", "What keeps the cashier closed", lambda session, since: session.cashier_problems()),
        Part("currencies", "Deposits and withdrawals", lambda session, since: session.currencies()),
        Part("balance", "Balance", lambda session, since: session.balance()),
        Part("accounts", "All accounts", lambda session, since: session.accounts()),
        Part("wallets", "Wallets", lambda session, since: session.wallets()),
        Part("mt5_accounts", "MT5 accounts", lambda session, since: session.mt5_accounts()),
        Part("portfolio", "Open contracts", lambda session, since: session.portfolio()),
        Part("profit_table", "Closed contracts", lambda session, since: session.profit_table(since, by="sale")),
        Part("statement", "Statement", _statement),
        Part("wallet_transactions", "Wallet transactions", _wallet_transactions),
        Part("limits", "Limits", lambda session, since: session.limits()),
        Part("market_limits", "Limits by market", lambda session, since: session.limits("markets")),
        Part("transfer_limits", "Transfer limits", lambda session, since: session.limits("transfers")),
        Part("self_exclusion", "Self-exclusion", lambda session, since: session.frame("get_self_exclusion")),
        Part("settings", "Settings", lambda session, since: session.settings()),
        Part("allowed_apps", "Apps with access", lambda session, since: session.apps("allowed")),
        Part("api_tokens", "API tokens", lambda session, since: session.api_tokens()),
        Part("markup", "Earnings of your apps", lambda session, since: session.markup()),
        Part("partner_overview", "Your results as a partner", lambda session, since: session.partner_overview()),
        Part("login_history", "Latest sign-ins", lambda session, since: session.login_history()),
    )
