"""Test how a frame looks at first: in a terminal of 100 columns, at pandas' default settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import asking
import pandas as pd
import pytest
from IPython.core.formatters import DisplayFormatter

from dpyauth.columns import Column
from dpyauth.frames import Context, in_notebooks
from dpyauth.frames.build import frame

SEEN = {
    "account_status": "loginid kind currency balance status",
    "account_status all": "loginid kind currency balance error",
    "account_status detail": "loginid kind currency balance at_stake profit_today profit_month remark",
    "accounts": "loginid kind currency account_type disabled",
    "api_tokens": "name token last_used valid_for_ip",
    "apps": "app_id name active",
    "balance": "loginid currency balance",
    "balance all": "loginid currency balance",
    "calls": "call allowed",
    "candles": "open high low close",
    "cashier_problems": "problem meaning",
    "currencies": "currency deposit_suspended withdrawal_suspended",
    "events": "time what",
    "exchange_rates": "base_currency currency rate",
    "landing_company": "offer shortcode",
    "limits": "limit value",
    "limits markets": "market name currency payout_limit turnover_limit",
    "limits transfers": "period transfer allowed available unit",
    "login_history": "loginid time action succeeded",
    "markup": "app_id currency markup",
    "mt5_accounts": "login account_type currency",
    "portfolio": "expires symbol buy_price contract_type",
    "profit_table": "sell_time symbol profit contract_type buy_price sell_price",
    "settings": "setting value",
    "site currencies": "currency name type",
    "site fees": "from_currency to_currency fee_percent",
    "site limits": "limit per_minute per_hour",
    "statement": "transaction_time amount balance_after payout",
    "status_flags": "flag severity",
    "ticks": "quote",
    "trading_times": "symbol market open close",
    "verification": "check status needed attempts_left expires last_rejected",
    "verification attempts": "time status service document",
    "verification jurisdictions": "jurisdiction verified",
    "verification ownership": "request_id payment_method created",
    "wallet_transactions": "time category net status",
    "wallets": "type currency balance paid_in paid_out",
    "wallets totals": "type currency balance approximate_total",
}
"""Columns of each question that a terminal of 100 columns shows, for the sandbox's users with the most data."""

FIRST = {
    "account_status": "loginid kind currency balance status identity document",
    "account_status detail": "loginid kind currency balance status last_action last_amount open_contracts",
    "accounts": "loginid kind currency account_type disabled",
    "apps": "app_id name active scopes",
    "landing_company": "offer shortcode name currencies markets",
    "mt5_accounts": "login account_type currency balance",
    "partner_overview": "first_day last_day earned paid pending currency",
    "portfolio": "expires symbol buy_price payout currency longcode",
    "portfolio all": "loginid expires symbol buy_price payout currency longcode",
    "profit_table": "sell_time symbol profit currency longcode payout",
    "site currencies": "currency name type suspended default_stake",
    "statement": "transaction_time amount balance_after action_type currency longcode",
    "trading_times": "symbol market submarket name sessions",
    "wallet_transactions": "time category net currency gross",
    "wallets totals": "type currency balance paid_in paid_out approximate_total",
}
"""Columns of each question that JupyterLab shows without scrolling, in a window of 1366 pixels; all, if not listed."""

NOTHING = {
    **dict.fromkeys(("float64", "category", "object"), "nan"),
    **dict.fromkeys(("datetime64[us, UTC]", "datetime64[us]"), "NaT"),
    **dict.fromkeys(("string", "Int64", "boolean"), "<NA>"),
}
"""How a column of each dtype shows a missing value, as pandas itself does."""

RICH, TROUBLED = {"sandbox-rich-all", "rich"}, {"sandbox-trouble-read", "trouble"}
Asked = list[tuple[str, str, str, pd.DataFrame]]


@pytest.fixture(scope="module")
def told() -> Asked:
    return [each for each in asking.asked(RICH | TROUBLED) if len(each[3])]


def test_a_terminal_shows_the_important_columns(told: Asked) -> None:
    for api, _, name, table in (each for each in told if each[1] in RICH):
        shown = asking.seen(table)
        assert {*SEEN.get(name, "").split()} - {*shown} == set(), (api, name, shown)
    assert {name for _, person, name, _ in told if person in RICH} >= SEEN.keys() - {"cashier_problems"}


def test_the_first_screen_of_a_notebook_shows_the_important_columns(told: Asked) -> None:
    for api, person, name, table in told:
        shown = asking.on_the_first_screen(table)
        known = FIRST.get(name) or FIRST.get(re.sub(" all| exactly", "", name)) or " ".join(table)
        wanted = {*known.split()} & {*table}
        assert wanted - {*shown} == set(), (api, person, name, shown)


def test_long_codes_come_after_sentences(told: Asked) -> None:
    """A browser breaks sentences into lines, but not codes. Errors come last."""
    for api, person, name, table in told:
        columns = [column for column in table.columns[1:] if column not in ("error", "remark")]
        codes = [place for place, column in enumerate(columns) if longest(table[column]) > 30]
        sentences = [place for place, column in enumerate(columns) if in_notebooks.has_sentences(table[column])]
        assert not codes or not sentences or min(codes) > max(sentences), (api, person, name)


def longest(column: pd.Series[Any]) -> int:
    """Return the length of the longest word in a column."""
    return max((len(word) for value in column.tolist() for word in str(value).split()), default=0)


def test_a_column_with_sentences_is_wide_in_a_notebook() -> None:
    note = pd.array(["Win payout if it is higher", None], dtype="string")
    made = pd.DataFrame({"id": ["x", "y"], "a<b": note, "n": 1})
    formatter = DisplayFormatter()
    in_notebooks.register(formatter.formatters["text/html"])
    assert formatter.format(made)[0]["text/html"] == made._repr_html_()  # type: ignore[operator]
    made.attrs |= {"call": 2.5}  # a price of an option that happens to be called "call"
    assert formatter.format(made)[0]["text/html"] == made._repr_html_()  # type: ignore[operator]
    made.attrs |= {"call": "statement", "api": "v3"}
    shown = formatter.format(made)[0]["text/html"]
    assert shown.replace(' style="min-width: 15em"', "") == made._repr_html_()  # type: ignore[operator]
    assert '<th style="min-width: 15em">a&lt;b</th>' in shown
    twice = pd.concat([made, made], axis=1)
    assert formatter.format(twice)[0]["text/html"].count("min-width: 15em") == 2
    for other in (made.T, made.iloc[:, :0], made.iloc[:0], pd.concat({"first": made}, axis=1), made.set_index("a<b")):
        assert other.attrs
        assert "<table" in formatter.format(other)[0]["text/html"]
    with pd.option_context("display.notebook_repr_html", False):
        assert "text/html" not in formatter.format(made)[0]


def test_a_frame_class_without_html_is_shown_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    class Plain(pd.DataFrame):
        _repr_html_ = None  # type: ignore[assignment]

    formatter = DisplayFormatter()
    in_notebooks.register(formatter.formatters["text/html"])
    assert "text/html" not in formatter.format(Plain({"a": [1]}))[0]
    assert capsys.readouterr() == ("", "")


def test_a_notebook_shows_every_column(told: Asked) -> None:
    """Pandas omits columns in HTML if there are more than twenty."""
    assert [(api, name) for api, _, name, table in told if table.shape[1] > 20] == []


def test_no_sentence_comes_first(told: Asked) -> None:
    for api, person, name, table in told:
        words = table.iloc[:, 0].astype(str).str.split().str.len().max()
        assert words <= 5, (api, person, name, table.columns[0])


def cells(table: pd.DataFrame) -> Iterator[tuple[str, object]]:
    """Return every missing value, with the dtype of its column."""
    for name in table:
        for value in table[name]:
            if value is None or value is pd.NA or value is pd.NaT or value != value or value == "":
                yield str(table[name].dtype), value


def test_each_dtype_has_one_missing_value(told: Asked) -> None:
    found = {(dtype, str(value)) for _, _, _, table in told for dtype, value in cells(table)}
    assert found == {*NOTHING.items()}
    dtypes = {str(table[name].dtype): table[name] for _, _, _, table in told for name in table}
    assert {name: str(column.reindex([-1]).item()) for name, column in dtypes.items()} == NOTHING


def test_an_api_has_no_columns_that_only_the_other_fills(told: Asked) -> None:
    status = {api: table for api, person, name, table in told if name == "account_status" and person in RICH}
    assert status["options"].columns.tolist() == ["loginid", "kind", "currency", "balance", "status", "group"]
    assert "risk" in status["v3"]
    untold = ("account_status", "accounts", "balance", "balance all", "exchange_rates", "statement", "portfolio")
    for api, person, name, table in told:
        if api == "options" and person in RICH and name in untold:
            assert table.columns[table.isna().all()].tolist() == [], name


def test_a_column_of_the_other_api_stays_if_deriv_sends_it() -> None:
    columns = [Column("a"), Column("b", "list", only="v3")]
    assert list(frame([{"a": "x"}], columns, Context("c", api="v3"))) == ["a", "b"]
    assert list(frame([{"a": "x"}], columns, Context("c", api="options"))) == ["a"]
    assert list(frame([{"a": "x"}, {"b": ["y"]}], columns, Context("c", api="options"))) == ["a", "b"]
    assert list(frame([], columns)) == ["a", "b"]


def test_a_day_is_shown_without_a_time(told: Asked) -> None:
    checks = next(table for _, person, name, table in told if name == "verification" and person in RICH)
    assert "00:00" not in checks.to_string()
    assert checks["expires"].dropna().is_monotonic_increasing
    assert "00:00" not in checks.to_html()


def test_no_column_of_times_is_one_of_days(told: Asked) -> None:
    """A day has a dtype of its own, which shows no time of day."""
    for api, person, name, table in told:
        for column, times in table.select_dtypes("datetimetz").items():
            held = times.dropna()
            of_day = column in ("open", "close") or held.empty or (held != held.dt.normalize()).any()
            assert of_day, (api, person, name, column)
