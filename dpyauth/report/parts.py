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
    """Name of the frame, and of its file; the title is the text ``part_`` with this name."""
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
        Part("account_status", lambda session, since: session.account_status()),
        Part("account_detail", _standing),
        Part("verification", lambda session, since: session.verification()),
        Part("attempts", lambda session, since: session.verification("attempts")),
        Part("ownership_requests", lambda session, since: session.verification("ownership")),
        Part("jurisdictions", lambda session, since: session.verification("jurisdictions")),
        Part("status_flags", lambda session, since: session.status_flags()),
        Part("cashier_problems", lambda session, since: session.cashier_problems()),
        Part("currencies", lambda session, since: session.currencies()),
        Part("balance", lambda session, since: session.balance()),
        Part("accounts", lambda session, since: session.accounts()),
        Part("wallets", lambda session, since: session.wallets()),
        Part("mt5_accounts", lambda session, since: session.mt5_accounts()),
        Part("portfolio", lambda session, since: session.portfolio()),
        Part("profit_table", lambda session, since: session.profit_table(since, by="sale")),
        Part("statement", _statement),
        Part("wallet_transactions", _wallet_transactions),
        Part("limits", lambda session, since: session.limits()),
        Part("market_limits", lambda session, since: session.limits("markets")),
        Part("transfer_limits", lambda session, since: session.limits("transfers")),
        Part("self_exclusion", lambda session, since: session.frame("get_self_exclusion")),
        Part("settings", lambda session, since: session.settings()),
        Part("allowed_apps", lambda session, since: session.apps("allowed")),
        Part("api_tokens", lambda session, since: session.api_tokens()),
        Part("markup", lambda session, since: session.markup()),
        Part("partner_overview", lambda session, since: session.partner_overview()),
        Part("login_history", lambda session, since: session.login_history()),
    )
