"""Ask every question of a session that answers with a hand-written frame, as the sandbox's users on both APIs.

`python tests/asking.py` prints the frames as a terminal of 100 columns shows them, and lists the columns that pandas
hides. Pass words to print only the questions whose names contain one of them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterator
from unittest.mock import patch

import pandas as pd

from dpyauth.credentials import access_token, api_token
from dpyauth.errors import DpyauthError
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.settings import settings

Ask = Callable[[Session], pd.DataFrame]

SINCE = "2026-10-01"
QUESTIONS: dict[str, Ask] = {
    "account_status": lambda session: session.account_status(),
    "account_status all": lambda session: session.account_status("all"),
    "account_status detail": lambda session: session.account_status(detail=True),
    "account_status detail all": lambda session: session.account_status("all", detail=True),
    "accounts": lambda session: session.accounts(),
    "api_tokens": lambda session: session.api_tokens(),
    "apps": lambda session: session.apps(),
    "apps used": lambda session: session.apps("used"),
    "balance": lambda session: session.balance(),
    "balance all": lambda session: session.balance("all"),
    "calls": lambda session: session.calls(),
    "candles": lambda session: session.candles("R_100", "1h", since="2026-11-20", until="2026-11-21"),
    "cashier_problems": lambda session: session.cashier_problems(),
    "currencies": lambda session: session.currencies(),
    "events": lambda session: session.events(),
    "exchange_rates": lambda session: session.exchange_rates("USD"),
    "landing_company": lambda session: session.landing_company("id"),
    "legacy_accounts": lambda session: session.legacy_accounts(),
    "legacy_statement": lambda session: session.legacy_statement("CR900031", since=SINCE),
    "limits": lambda session: session.limits(),
    "limits exactly": lambda session: session.limits(decimal=True),
    "limits markets": lambda session: session.limits("markets"),
    "limits transfers": lambda session: session.limits("transfers"),
    "login_history": lambda session: session.login_history(),
    "markup": lambda session: session.markup(since=SINCE),
    "mt5_accounts": lambda session: session.mt5_accounts(),
    "partner_overview": lambda session: session.partner_overview(since=SINCE),
    "portfolio": lambda session: session.portfolio(),
    "portfolio all": lambda session: session.portfolio("all"),
    "profit_table": lambda session: session.profit_table(since=SINCE),
    "profit_table exactly": lambda session: session.profit_table(since=SINCE, decimal=True),
    "settings": lambda session: session.settings(),
    "site currencies": lambda session: session.site("currencies"),
    "site fees": lambda session: session.site("fees"),
    "site limits": lambda session: session.site("limits"),
    "statement": lambda session: session.statement(since=SINCE),
    "status_flags": lambda session: session.status_flags(),
    "ticks": lambda session: session.ticks("R_100"),
    "trading_times": lambda session: session.trading_times(),
    "transfers": lambda session: session.transfers(),
    "verification": lambda session: session.verification(),
    "verification attempts": lambda session: session.verification("attempts"),
    "verification jurisdictions": lambda session: session.verification("jurisdictions"),
    "verification ownership": lambda session: session.verification("ownership"),
    "wallet_transactions": lambda session: session.wallet_transactions("main", since=SINCE),
    "wallets": lambda session: session.wallets(),
    "wallets totals": lambda session: session.wallets("USD"),
}
PEOPLE = {
    "v3": ("sandbox-rich-all", "sandbox-trouble-read", "sandbox-new-read"),
    "options": ("rich", "trouble", "new", "moved", "partner", "agent"),
}


def asked(only: Collection[str] = ()) -> Iterator[tuple[str, str, str, pd.DataFrame]]:
    """Ask as all users, or as some; yield the API, the user, the question and its frame, where there is an answer."""
    with Sandbox(limits=None) as sandbox:
        for api, people in PEOPLE.items():
            for person in [each for each in people if not only or each in only]:
                session = _session(sandbox, api)
                try:
                    if api == "v3":
                        session.core.sign_in_and_wait(api_token(person, "a test"))
                    else:
                        session.core.sign_in_and_wait(access_token(sandbox.options_token(person).token, "a test"))
                    for name, ask in QUESTIONS.items():
                        try:
                            yield api, person, name, ask(session)
                        except DpyauthError:
                            pass
                except DpyauthError:  # the new user has no account to sign in to yet
                    pass
                finally:
                    session.close()


def _session(sandbox: Sandbox, api: str) -> Session:
    if api == "v3":
        return Session(settings(app_id=sandbox.app_id, server=sandbox.url), timeout=10)
    return Session(settings(sandbox.options_app_id, sandbox.rest, api=api), timeout=10)


def in_a_terminal(frame: pd.DataFrame, width: int = 100) -> str:
    """Return a frame as a terminal with this many columns shows it, at pandas' default settings."""
    with pd.option_context("display.max_columns", 0), patch.dict(os.environ, COLUMNS=str(width)):
        return str(frame)


def seen(frame: pd.DataFrame, width: int = 100) -> list[str]:
    """Return the columns that such a terminal shows."""
    shown = in_a_terminal(frame.head(2), width).splitlines()[0].split()
    return [name for name in shown if name in frame]


WINDOW = 934
"""Width in pixels of an output in JupyterLab, in a window of 1366 pixels with the file browser open."""

_LETTER, _MARGIN, _SENTENCE = 7.3, 13, 195
"""Width in pixels of a letter and of the margins of a cell, and the least width of a sentence."""


def on_the_first_screen(frame: pd.DataFrame) -> list[str]:
    """Return the columns that JupyterLab shows without scrolling, each as narrow as a browser can make it."""
    room, found = WINDOW - _wide([str(len(frame))]), []
    for name, column in frame.head(60).items():
        texts = [str(value)[:50] for value in column.tolist()]
        wide = _wide([str(name), *texts])
        if column.dtype == "string" and any(len(text.split()) >= 4 for text in texts):
            wide = max(wide, _SENTENCE + _MARGIN)
        room -= wide
        if room < 0:
            break
        found.append(str(name))
    return found


def _wide(texts: list[str]) -> float:
    """Return the width of a column with these texts: that of its longest word."""
    return _LETTER * max(len(word) for text in texts for word in text.split()) + _MARGIN


if __name__ == "__main__":
    hidden = 0
    for api, person, name, frame in asked():
        if len(frame) and (len(sys.argv) == 1 or any(word in name for word in sys.argv[1:])):
            hidden += frame.shape[1] - len(seen(frame))
            print(f"{api}, {person}: {name}, {frame.shape[1] - len(seen(frame))} of {frame.shape[1]} columns hidden")
            print(
                in_a_terminal(frame.head(5)),
                f"JupyterLab: {' '.join(on_the_first_screen(frame))}",
                sep="\n",
                end="\n\n",
            )
    print(f"{hidden} columns hidden")
