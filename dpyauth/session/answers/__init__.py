"""Answer the questions for which the two APIs differ, with one module for each API."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, cast

from dpyauth.session.steps import Steps

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.session.history.periods import When
    from dpyauth.session.payloads import Payloads


class Answers(Protocol):
    """Steps that answer each question. Each API has a module of this package with these functions."""

    @staticmethod
    def account_status(session: Payloads, account: str, *, detail: bool, decimal: bool) -> Steps[pd.DataFrame]:
        """See `Session.account_status`."""

    @staticmethod
    def balance(session: Payloads, account: str, *, decimal: bool) -> Steps[pd.DataFrame]:
        """See `Session.balance`."""

    @staticmethod
    def accounts(session: Payloads) -> Steps[pd.DataFrame]:
        """See `Session.accounts`."""

    @staticmethod
    def exchange_rates(
        session: Payloads, base: str, target: str | Sequence[str] | None, *, spread: bool, decimal: bool
    ) -> Steps[pd.DataFrame]:
        """See `Session.exchange_rates`."""

    @staticmethod
    def markup(session: Payloads, since: When, until: When, *, decimal: bool) -> Steps[pd.DataFrame]:
        """See `Session.markup`."""

    @staticmethod
    def migration(session: Payloads) -> Steps[str | None]:
        """Return Deriv's word for the progress of the move to the options API."""


@functools.cache
def named(api: str) -> Answers:
    """Return the module with the answers of an API."""
    return cast("Answers", importlib.import_module(f"dpyauth.session.answers.{api}"))
