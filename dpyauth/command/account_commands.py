"""Commands that read an account: `status`, `accounts`, `balance`, `export`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dpyauth.command.frame_values import records
from dpyauth.command.output import FAILED, Ended, say, write, write_json
from dpyauth.command.root import ACCOUNT, ACCOUNTS, JSON, Whose, signed_in, whose
from dpyauth.command.text_tables import text_of

if TYPE_CHECKING:
    import pandas as pd


@click.command()
@click.option("--detail", is_flag=True, help="Also show open contracts, the amount at stake, and the profit.")
@ACCOUNTS
@whose
@JSON
def status(whose: Whose, account: str | None, detail: bool, as_json: bool) -> None:
    """Show the status of your account.

    Shows its kind, whether it is active, and its balance; with --detail also the amount at stake in open contracts and
    your profit today and this month (UTC). With --account all, shows one row for each of your accounts. The exit status
    is 1 if an account, or a part of it, could not be read.
    """
    with signed_in(whose, one(account)) as session:
        _show(session.account_status("all" if account == "all" else "current", detail=detail), as_json)


@click.command()
@ACCOUNT
@whose
@JSON
def accounts(whose: Whose, account: str | None, as_json: bool) -> None:
    """List all accounts that your sign-in gives access to."""
    with signed_in(whose, account) as session:
        _show(session.accounts(), as_json)


@click.command()
@ACCOUNTS
@whose
@JSON
def balance(whose: Whose, account: str | None, as_json: bool) -> None:
    """Show the balance of your account.

    With --account all, shows the balance of each account.
    """
    with signed_in(whose, one(account)) as session:
        _show(session.balance("all" if account == "all" else "current"), as_json)


class _Format(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic since click 8.4
    """Report formats, looked up only when needed, because importing them takes a while."""

    name = "format"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        from dpyauth.report import FORMATS

        return f"[{'|'.join(FORMATS)}]"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        from dpyauth.report import FORMATS

        return [click.shell_completion.CompletionItem(each) for each in FORMATS if each.startswith(incomplete)]


@click.command()
@click.argument("folder", type=click.Path(file_okay=False))
@click.option("--since", metavar="DATE", help="Start of the report, such as 2026-01-01; by default, the beginning.")
@click.option("--format", "form", type=_Format(), help="File format; by default, the one that keeps the most.")
@click.option(
    "--overwrite", is_flag=True, help="Replace an earlier report in this folder; anything else is left alone."
)
@ACCOUNT
@whose
@JSON
def export(
    whose: Whose, folder: str, since: str | None, form: str | None, overwrite: bool, account: str | None, as_json: bool
) -> None:
    """Save a report of your account in a new FOLDER.

    Each table becomes a file, and index.html shows them all; the command prints its path. The report contains no tokens
    and no personal data; keep it private all the same.
    """
    from dpyauth.report import export as export_report

    with signed_in(whose, account) as session:
        page = export_report(session, folder, since=since, format=form, overwrite=overwrite)
    if as_json:
        write_json(
            {
                "folder": str(page.parent),
                "page": str(page),
                "files": sorted(each.name for each in page.parent.iterdir()),
            }
        )
    else:
        write(str(page))


def one(account: str | None) -> str | None:
    """Return the account to begin with; for `all`, None, since any account of the sign-in will do."""
    return None if account == "all" else account


def _show(frame: pd.DataFrame, as_json: bool) -> None:
    """Write the rows of a frame; end with exit status 1 if an account, or a part of it, could not be read."""
    rows = records(frame)
    told = [(row["loginid"], row[name]) for row in rows for name in _BELOW if row.get(name)]
    if as_json:
        write_json(rows)
    else:
        write(text_of([{name: value for name, value in row.items() if name not in _BELOW} for row in rows]))
        for loginid, sentence in told:
            say(f"{loginid}: {sentence}")
    if told:
        raise Ended(FAILED)


_BELOW = ("error", "remark")
"""Columns with sentences on what could not be read; they are too long for a table, so they are shown below it."""
