"""Answer the questions that the two APIs answer differently, with one module for each API."""

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
    """Steps to answer each question. Every API has a module with them in this package."""

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
        """Return Deriv's word for how far the move to the options API is."""


@functools.cache
def named(api: str) -> Answers:
    """Return the module with the answers of an API."""
    return cast("Answers", importlib.import_module(f"dpyauth.session.answers.{api}"))
