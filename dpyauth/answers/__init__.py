"""How each API answers the questions that the two answer differently."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, cast

from dpyauth.plans import Plan

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.gathering.periods import When
    from dpyauth.session.facts import Facts
    from dpyauth.session.queries import Queries
    from dpyauth.session.wallets import Wallets


class Answers(Protocol):
    """One plan per question. Each API has a module of them in this package."""

    @staticmethod
    def account_status(session: Queries, account: str, *, detail: bool, decimal: bool) -> Plan[pd.DataFrame]:
        """See `Session.account_status`."""

    @staticmethod
    def balance(session: Queries, account: str, *, decimal: bool) -> Plan[pd.DataFrame]:
        """See `Session.balance`."""

    @staticmethod
    def accounts(session: Queries) -> Plan[pd.DataFrame]:
        """See `Session.accounts`."""

    @staticmethod
    def exchange_rates(
        session: Facts, base: str, target: str | Sequence[str] | None, *, spread: bool, decimal: bool
    ) -> Plan[pd.DataFrame]:
        """See `Session.exchange_rates`."""

    @staticmethod
    def markup(session: Wallets, since: When, until: When, *, decimal: bool) -> Plan[pd.DataFrame]:
        """See `Session.markup`."""

    @staticmethod
    def migration(session: Queries) -> Plan[str | None]:
        """Deriv's word for how far the move to the options API is."""


@functools.cache
def named(api: str) -> Answers:
    """The answers of the API of this name."""
    return cast("Answers", importlib.import_module(f"dpyauth.answers.{api}"))
