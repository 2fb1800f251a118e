"""Test the report of an account: what it contains, what it must not contain, and that a folder is whole or absent."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib
import pandas as pd
import pytest
from helpers import without
from hypothesis import given, settings
from hypothesis import strategies as st

from dpyauth import frames, report
from dpyauth.errors import ConnectionFailed, InvalidRequest, InvalidSetting, NotSignedIn, SessionClosed
from dpyauth.frames import Context, ledger
from dpyauth.plots.frame_checks import short
from dpyauth.report import export
from dpyauth.report.page import SHOWN, Report, page
from dpyauth.report.parts import Part, parts
from dpyauth.report.pictures import pictures
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.users import Token
from dpyauth.session import Session

Open = Callable[..., Session]

SINCE = "2026-10-20"
TOKEN = "C4nary-exp0rt"
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;$\\frac{$"
TAGS = {"html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "p", "a", "b", "br", "small", "img"}
TAGS |= {"ul", "li", "details", "summary", "div", "table", "thead", "tbody", "tr", "th", "td"}
OF_OPTIONS = {"accounts", "account_status", "account_detail", "balance", "portfolio", "profit_table", "statement"}
OF_OPTIONS |= {"wallets", "wallet_transactions", "markup"}
NOT_OF_V3 = {"wallets", "wallet_transactions", "partner_overview", "markup"}  # the last one only in the sandbox
FILES = {f"{part.name}.parquet" for part in parts() if part.name not in NOT_OF_V3}


class Seen(HTMLParser):
    """The parts of a page that a browser shows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def seen(place: Path) -> Seen:
    return Seen(place.read_text(encoding="utf-8"))


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def read(page: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(page.with_name(f"{name}.parquet"))


def test_v3_has_every_part_as_parquet_and_a_page(session: Session, tmp_path: Path) -> None:
    place = export(session, tmp_path / "deep" / "report", since=SINCE)
    assert place == tmp_path / "deep" / "report" / "index.html"
    assert names(place.parent) == {"index.html"} | FILES
    assert names(tmp_path / "deep") == {"report"}
    pd.testing.assert_frame_equal(read(place, "portfolio"), session.portfolio())
    pd.testing.assert_frame_equal(read(place, "profit_table"), session.profit_table(since=SINCE))
    statement = read(place, "statement")
    assert statement["transaction_time"].min() >= pd.Timestamp(SINCE, tz="UTC")
    assert len(statement) == len(session.statement(since=SINCE))
    assert statement.attrs["loginid"] == "CR900001"
    shown = seen(place)
    assert "Account report: CR900001" in shown.text
    assert "Trading since Oct 20, 2026, 00:00 UTC" in shown.text
    assert "9,363.47 USD" in shown.text
    assert shown.tags.count("img") == 3


def test_options_has_the_parts_of_that_api_and_lists_the_others(open_options: Open, tmp_path: Path) -> None:
    place = export(open_options(), tmp_path / "report", since=SINCE)
    assert names(place.parent) == {"index.html"} | {f"{part}.parquet" for part in OF_OPTIONS}
    assert "options API does not report: Verification, " in seen(place).text
    assert "You are not a partner" in seen(place).text


def test_the_report_shows_the_state_of_the_account(open_options: Open, tmp_path: Path) -> None:
    session = open_options()
    place = export(session, tmp_path / "report", since=SINCE)
    detail, told = read(place, "account_detail"), session.account_status(detail=True)
    pd.testing.assert_frame_equal(detail, told[detail.columns])
    assert detail[["loginid", "open_contracts", "at_stake", "may_pay"]].to_numpy().tolist() == [
        [
            "DOT900003",
            2,
            19.0,
            37.05,
        ]
    ]
    assert "19.00 USD at stake" in seen(place).text
    assert "37.05 USD possible payout" in seen(place).text


def test_the_report_has_every_wallet_and_its_transactions_since_a_day(open_options: Open, tmp_path: Path) -> None:
    session = open_options("agent")
    place = export(session, tmp_path / "report", since=SINCE)
    pd.testing.assert_frame_equal(read(place, "wallets"), session.wallets())
    moved = read(place, "wallet_transactions")
    assert moved["wallet"].unique().tolist() == ["main", "payment_agent"]
    assert moved["time"].min() >= pd.Timestamp(SINCE, tz="UTC")
    for kind, part in moved.groupby("wallet"):
        expected = session.wallet_transactions(str(kind), since=SINCE)
        pd.testing.assert_frame_equal(part.drop(columns="wallet").reset_index(drop=True), expected, check_like=True)


def test_a_user_without_wallets_and_a_partner(open_options: Open, tmp_path: Path) -> None:
    place = export(open_options("new", create_demo=True), tmp_path / "new")
    assert read(place, "wallets").empty
    assert read(place, "wallet_transactions").empty
    session = open_options("partner")
    place = export(session, tmp_path / "partner")
    assert set(read(place, "wallet_transactions")["wallet"]) == {"main", "partner"}
    assert read(place, "markup")["markup"].tolist() == session.markup()["markup"].tolist()
    assert read(place, "partner_overview")["active_traders"].tolist() == [125]


def test_senders_and_recipients_are_in_no_file(open_options: Open, box: Sandbox, tmp_path: Path) -> None:
    parties = {"source_client_id": "client-c4nary", "destination_client_id": "other-c4nary"}
    written = {"description": "note-c4nary", "payout_method": "bank-c4nary"}
    row = {"transaction_id": 7, "timestamp": "2026-10-31T00:00:00Z", "metadata": {**parties, **written}}
    box.faults.http(200, "wallet_transactions", times=2, body=json.dumps({"data": {"transactions": [row]}}))
    place = export(open_options(), tmp_path / "report")
    moved = read(place, "wallet_transactions")
    assert set(moved["from_client"]) == set(moved["to_client"]) == {"•••"}
    assert [file.name for file in place.parent.iterdir() if b"c4nary" in file.read_bytes()] == []
    assert "c4nary" not in moved.to_csv() + str(moved.attrs)


@pytest.mark.parametrize(
    ("token", "there", "refused", "scope"),
    [
        ("sandbox-rich-read", "settings", "api_tokens", "admin"),
        ("sandbox-rich-money", "statement", "verification", "read"),
    ],
)
def test_parts_without_scope_are_listed_with_the_reason(
    open_session: Open, tmp_path: Path, token: str, there: str, refused: str, scope: str
) -> None:
    place = export(open_session(token), tmp_path / "report", since=SINCE)
    assert f"{there}.parquet" in names(place.parent)
    assert f"{refused}.parquet" not in names(place.parent)
    assert f"needs the scope {scope}" in seen(place).text


@pytest.mark.parametrize(
    ("who", "scopes"), [("rich, trading only", ("payment", "application_read")), ("trouble", ("payment",))]
)
def test_a_missing_scope_affects_only_its_parts(open_options: Open, tmp_path: Path, who: str, scopes: Any) -> None:
    place = export(open_options(who), tmp_path / "report", since=SINCE)
    refused = {"wallets", "wallet_transactions", "markup"}
    assert names(place.parent) == {"index.html"} | {f"{part}.parquet" for part in OF_OPTIONS - refused}
    for scope in scopes:
        assert f"a token with the scope '{scope}'" in seen(place).text


def test_an_error_affects_only_its_part(session: Session, box: Sandbox, tmp_path: Path) -> None:
    box.faults.error("Strange", "portfolio", message=f"No. {EVIL}", times=2)
    place = export(session, tmp_path / "report", since=SINCE)
    assert names(place.parent) == {"index.html"} | FILES - {"portfolio.parquet"}
    assert EVIL in seen(place).text
    assert EVIL in read(place, "account_detail")["remark"].item()
    assert set(seen(place).tags) <= TAGS


def test_csv_for_spreadsheets(session: Session, box: Sandbox, tmp_path: Path) -> None:
    box.world.issued["another"] = Token("another", "CR900001", ("read",), "=HYPERLINK(1)")
    place = export(session, tmp_path / "report", since=SINCE, format="csv")
    assert names(place.parent) == {"index.html"} | {name.replace("parquet", "csv") for name in FILES}
    tokens = place.with_name("api_tokens.csv")
    assert tokens.read_bytes().startswith(b"\xef\xbb\xbfname,token,scopes")
    table = pd.read_csv(tokens)
    assert "'=HYPERLINK(1)" in table["name"].tolist()
    assert set(table["token"]) == {"•••"}
    assert json.loads(table["scopes"].iloc[-1]) == ["read"]
    amounts = pd.read_csv(place.with_name("statement.csv"))["amount"]
    assert amounts.tolist() == session.statement(since=SINCE)["amount"].tolist()


def test_all_tables_in_one_workbook(session: Session, box: Sandbox, tmp_path: Path) -> None:
    box.world.issued["another"] = Token("another", "CR900001", ("read",), "=HYPERLINK(1)")
    place = export(session, tmp_path / "report", since=SINCE, format="xlsx")
    assert names(place.parent) == {"index.html", "report.xlsx"}
    book = pd.read_excel(place.with_name("report.xlsx"), sheet_name=None, dtype=str, keep_default_na=False)
    assert {*book} == {name.removesuffix(".parquet") for name in FILES} | {"about"}
    statement = session.statement(since=SINCE)
    told = frames.restored(book["statement"], statement)
    pd.testing.assert_series_equal(told["amount"], statement["amount"])
    assert set(book["api_tokens"]["token"]) == {"•••"}
    assert "=HYPERLINK(1)" in book["api_tokens"]["name"].tolist()
    assert "report.xlsx, sheet statement" in seen(place).text
    export(session, tmp_path / "report", since=SINCE, format="csv", overwrite=True)


def test_a_workbook_without_openpyxl_fails_before_any_request(
    session: Session, box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    asked = len(box.received)
    with pytest.raises(InvalidSetting, match="pip install openpyxl"):
        export(session, tmp_path / "report", format="xlsx")
    assert len(box.received) == asked


def test_no_secret_and_nothing_personal(open_session: Open, box: Sandbox, tmp_path: Path) -> None:
    box.world.issued[TOKEN] = Token(TOKEN, "CR900001", ("read", "admin"), "canary", ip="192.0.2.77")
    session = open_session(TOKEN)
    told = session.settings(reveal=True)
    personal = {TOKEN, "192.0.2.77", "203.0.113.", "example.com", "Paid out to"}
    hidden = session.settings()["hidden"]
    personal |= {value for value in told.loc[hidden, "value"] if len(value) > 7}
    assert len(personal) > 6
    for suffix in ("parquet", "csv", "xlsx"):  # each in a session of its own, or the rate limits would make it wait
        place = export(open_session(TOKEN), tmp_path / suffix, format=suffix)
        if suffix == "xlsx":
            with zipfile.ZipFile(place.with_name("report.xlsx")) as book:
                (place.parent / "book.xml").write_bytes(b"".join(map(book.read, book.namelist())))
            place.with_name("report.xlsx").unlink()
        everything = "".join(
            pd.read_parquet(file).to_csv() if file.suffix == ".parquet" else file.read_text("utf-8")
            for file in place.parent.iterdir()
        )
        everything += "".join(str(pd.read_parquet(file).attrs) for file in place.parent.glob("*.parquet"))
        assert "•••" in everything
        assert [text for text in personal if text in everything] == []


def test_contracts_keep_their_texts(session: Session, tmp_path: Path) -> None:
    statement = read(export(session, tmp_path / "report"), "statement")
    contracts = statement["contract_id"].notna()
    assert statement.loc[contracts, "longcode"].str.contains("Index|USD").all()
    assert set(statement.loc[~contracts, "longcode"].dropna()) == {"•••"}
    assert set(statement["withdrawal_details"].dropna()) == {"•••"}


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
def test_only_the_owner_can_read_it(session: Session, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = export(session, tmp_path / "report", since=SINCE).parent
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


# The page


def test_the_page_loads_nothing_from_elsewhere(session: Session, tmp_path: Path) -> None:
    place = export(session, tmp_path / "report", since=SINCE)
    text, shown = place.read_text("utf-8"), seen(place)
    assert "account in the sandbox, where nothing is real, " in text
    assert "http:" not in text
    assert "https:" not in text
    assert set(shown.tags) <= TAGS
    assert {value for name, value in shown.attributes if name == "href"} == names(place.parent) - {"index.html"}
    assert all(str(value).startswith("data:image/svg+xml;base64,") for name, value in shown.attributes if name == "src")
    assert not [name for name, _ in shown.attributes if name.startswith("on") or name == "style"]
    css = re.search("<style>(.*)</style>", text, re.DOTALL).group(1)  # type: ignore[union-attr]
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = next(str(value) for name, value in shown.attributes if name == "content")
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:;")
    assert "prefers-color-scheme: dark" in css
    assert "url(" not in css


def made(frames: dict[str, pd.DataFrame], loginid: str = "CR1") -> Report:
    report = Report(loginid, "USD", "real", "v3", datetime(2026, 11, 24, tzinfo=UTC), None, "csv", "")
    report.frames = {part: frames[part.name] for part in parts() if part.name in frames}
    return report


@pytest.mark.parametrize(("currency", "tile"), [("BTC", "5.00 BTC</b>"), ("", "5.00</b>")])
def test_the_balance_has_its_own_currency(currency: str, tile: str) -> None:
    balance = frames.balance({"loginid": "CR1", "balance": 5, "currency": currency})
    assert tile in page(made({"balance": balance}))


def trades(count: int, symbol: str = "R_100", profit: float = 1.0) -> pd.DataFrame:
    rows = [
        {"underlying_symbol": symbol, "buy_price": 1.0, "sell_price": 1.0 + profit, "sell_time": n, "contract_id": n}
        for n in range(count)
    ]
    return ledger.profit_table(rows, Context("profit_table", "CR1"), currency="USD")


def booked(*balances: float) -> pd.DataFrame:
    rows = [{"transaction_time": n * 3600, "balance_after": balance} for n, balance in enumerate(balances)]
    return ledger.statement(rows, Context("statement", "CR1"), currency="BTC")


values = st.none() | st.text() | st.sampled_from([EVIL, "\x00", "\u202e", "]]>", "-->"])


@given(
    st.lists(st.tuples(values, values, st.lists(values)), max_size=3),
    st.sampled_from([EVIL, "<b>", "'"]) | st.text(min_size=1),
    st.text(),
)
@settings(max_examples=60, deadline=None)
def test_data_is_escaped_in_the_page(rows: list[Any], column: str, loginid: str) -> None:
    held = pd.DataFrame(rows, columns=["one", column if column not in ("one", "list") else "two", "list"], dtype=object)
    report = made({"settings": held}, loginid)
    report.refused[parts()[0]] = EVIL
    assert set(Seen(page(report)).tags) <= TAGS


def test_long_tables_are_cut_with_a_remark() -> None:
    text = page(made({"profit_table": trades(SHOWN + 10)}))
    assert f"{SHOWN + 10} rows; the last {SHOWN} are shown" in text
    assert f"the last {SHOWN} are shown" in text
    assert text.count("<tr>") == SHOWN + 1
    assert "<td class=n>59</td>" in text
    assert "<td class=n>9</td>" not in text


def test_the_page_shows_the_remarks_of_a_frame() -> None:
    lacking = booked(1.0)
    lacking.attrs["note"] = "Deriv also sent <2> rows."
    assert "Deriv also sent &lt;2&gt; rows." in page(made({"statement": lacking}))


def test_an_account_with_nothing_in_it_has_a_page() -> None:
    text = Seen(page(made({"profit_table": trades(0), "statement": booked()}))).text
    assert "Empty: 0 rows in profit_table.csv." in text
    assert "closed contracts" in text
    assert pictures(made({"profit_table": trades(0), "statement": booked(1.0)}).frames, "en") == []


def test_values_are_formatted_for_people() -> None:
    table = pd.DataFrame(
        {
            "money": [1234.5, 0.00012],
            "exact": pd.array([2**60, None], dtype="Int64"),
            "yes": pd.array([True, None], dtype="boolean"),
            "when": pd.to_datetime(["2026-11-24 10:00", None], utc=True),
            "list": [["a", {"b": 1}], []],
            "map": [{"a": 0.5}, {}],
        }
    )
    text = page(made({"limits": table}))
    for shown in ("1,234.50", "0.00012", str(2**60), "yes", "2026-11-24 10:00:00", "a, {&quot;b&quot;: 1}", "–"):
        assert f">{shown}</td>" in text, shown


# The pictures


def moves(*rows: tuple[str, str, str, str, str]) -> pd.DataFrame:
    """Return transactions of wallets: wallet, category, status, time, and the net amount; the fee is 1."""
    told = [
        {
            "timestamp": time,
            "category": category,
            "transaction_status": status,
            "transaction_currency": "USD",
            "transaction_net_amount": net,
            "transaction_gross_amount": str(int(net) + 1),
        }
        for _, category, status, time, net in rows
    ]
    table = frames.wallet_transactions(told, Context("wallet_transactions"))
    table.insert(0, "wallet", pd.Series([row[0] for row in rows], dtype="string"))
    return table


def test_the_picture_of_stakes_has_a_description() -> None:
    contracts = [
        {"contract_id": 1, "symbol": "R_50", "buy_price": 14, "payout": 27.3, "currency": "USD"},
        {"contract_id": 2, "symbol": EVIL, "buy_price": 18, "currency": "USD"},
        {"contract_id": 3, "symbol": "R_50", "buy_price": 1, "payout": 1.95, "currency": "USD"},
        {"contract_id": 4, "buy_price": 2, "payout": 0},
    ]
    (picture,) = pictures(made({"portfolio": frames.open_contracts(contracts)}).frames, "en")
    assert picture.text == (
        f"At stake in 4 open contracts, USD: 35.00, may pay 29.25 and more; most on {short(EVIL)} with 18.00."
    )
    assert pictures(made({"portfolio": frames.open_contracts([])}).frames, "en") == []


def test_the_picture_of_money_adds_up_incoming_and_outgoing_amounts() -> None:
    table = moves(
        ("main", "deposit", "completed", "2026-07-31T23:59:59Z", "10"),
        ("main", "deposit", "failed", "2026-08-01T00:00:00Z", "500"),
        ("main", "deposit", "pending", "2026-08-01T00:00:00Z", "500"),
        ("main", "withdrawal", "complete", "2026-10-01T00:00:00Z", "4"),
        ("payment_agent", "withdrawal", "complete", "2026-10-01T00:00:00Z", "1"),
    )
    main, agent = pictures(made({"wallet_transactions": table}).frames, "en")
    # Incoming amounts are net of the fee, outgoing ones are not.
    assert (
        main.text
        == "Payments in and out of the main wallet by month, USD: 10.00 in and 5.00 out from 2026-07 to 2026-10."
    )
    assert agent.text.startswith("Payments in and out of the payment agent wallet by month, USD: 0.00 in and 2.00 out")
    assert pictures(made({"wallet_transactions": table.head(0)}).frames, "en") == []


odd = (
    st.none() | st.text(max_size=5) | st.sampled_from(["deposit", "withdrawal", "complete", "1e30", "-1", "2026-10-01"])
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                name: odd
                for name in (
                    "timestamp",
                    "category",
                    "transaction_status",
                    "transaction_currency",
                    "transaction_net_amount",
                    "symbol",
                    "payout",
                )
            }
        ),
        max_size=4,
    )
)
@settings(max_examples=25)
def test_pictures_accept_any_data(rows: list[Any]) -> None:
    table = frames.wallet_transactions(rows, Context("wallet_transactions"))
    table.insert(0, "wallet", pd.Series(["main"] * len(table), dtype="string"))
    contracts = frames.open_contracts([{**row, "buy_price": row["payout"]} for row in rows])
    for picture in pictures(made({"wallet_transactions": table, "portfolio": contracts}).frames, "en"):
        assert picture.svg.startswith(b"<?xml")


def test_pictures_have_descriptions_and_accept_any_name() -> None:
    closed = pd.concat([trades(2), trades(1, EVIL, -3.0), trades(1, "$\\frac{$", -2), trades(1, "\u4e2d" * 80, -1.0)])
    report = made({"statement": booked(0.5, 0.00012), "profit_table": closed})
    balance, markets = pictures(report.frames, "en")
    assert balance.text == "The balance over time: from 0.50 to 0.00012, BTC."
    assert markets.text == f"Profit by market, USD: best R_100 with 2.00, worst {short(EVIL)} with -3.00."
    told = [value for name, value in Seen(page(report, [balance, markets])).attributes if name == "alt"]
    assert told == [balance.text, markets.text]
    for picture in (balance, markets):
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(picture.svg).iter()}
        assert "path" in tags
        assert not tags & {"script", "image", "a", "foreignObject", "text"}


def test_a_picture_does_not_depend_on_the_notebook_nor_change_it() -> None:
    frames = made({"statement": booked(1, 2, 3)}).frames
    before = pictures(frames, "en")
    with matplotlib.rc_context({"font.size": 40, "text.usetex": True}):
        theirs = dict(matplotlib.rcParams)
        assert len(pictures(frames, "en")[0].svg) == len(before[0].svg)
        assert dict(matplotlib.rcParams) == theirs


def test_long_histories_make_small_pictures() -> None:
    (picture,) = pictures(
        made({"statement": booked(*range(0, 30_000, 7), *[n % 17 for n in range(30_000)])}).frames, "en"
    )
    assert len(picture.svg) < 200_000


def hide(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Hide a package as if it were not installed."""
    for module in [module for module in sys.modules if module.startswith(f"{name}.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)


def test_without_matplotlib_there_are_no_pictures(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, "matplotlib")
    shown = seen(export(session, tmp_path / "report", since=SINCE))
    assert "img" not in shown.tags
    assert "9,363.47 USD" in shown.text


# The format


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a report of two parts."""
    monkeypatch.setattr(
        report, "parts", lambda: tuple(part for part in parts() if part.name in ("balance", "accounts"))
    )


def test_the_page_names_the_format_of_the_files(session: Session, tmp_path: Path, quick: None) -> None:
    for format, said in (
        (None, "The files are Parquet, which keeps the type of every column."),
        ("parquet", "The files are Parquet, which keeps the type of every column."),
        ("csv", "The files are CSV, as requested."),
    ):
        assert said in seen(export(session, tmp_path / f"{format}", format=format)).text


WITHOUT_PYARROW = """
import sys
import dpyauth
session = dpyauth.login(sandbox=True, api="v3")
print(dpyauth.export(session, sys.argv[1]))
try:
    dpyauth.export(session, sys.argv[1] + "-2", format="parquet")
except dpyauth.InvalidSetting as error:
    print(error)
"""


def test_without_pyarrow_the_files_are_csv_and_the_page_says_why(tmp_path: Path) -> None:
    # In a process of its own, because pandas decides on import how texts are stored, with pyarrow or without.
    command = [sys.executable, "-c", without("pyarrow") + WITHOUT_PYARROW, str(tmp_path / "report")]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    *_, place, refused = ran.stdout.splitlines()
    assert names(tmp_path) == {"report"}
    assert names(tmp_path / "report") == {"index.html"} | {name.replace("parquet", "csv") for name in FILES}
    why = "The files are CSV, because pyarrow is not installed. For Parquet, which keeps more, run pip install pyarrow."
    assert why in seen(Path(place)).text
    assert "pyarrow is not installed. Run pip install pyarrow, or leave format out" in refused


def test_parquet_without_pyarrow_fails_before_any_request(
    session: Session, box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, "pyarrow")
    asked = len(box.received)
    with pytest.raises(InvalidSetting, match="pyarrow"):
        export(session, tmp_path / "report", format="parquet")
    assert len(box.received) == asked
    assert names(tmp_path) == set()


def test_a_broken_pyarrow_counts_as_missing(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise ImportError("Pandas requires version '99' or newer of 'pyarrow'.\nMore about it.")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", fail)
    place = export(session, tmp_path / "report")
    assert names(place.parent) == {"index.html", "accounts.csv", "balance.csv"}
    assert "pyarrow does not work (Pandas requires version '99'" in seen(place).text
    with pytest.raises(InvalidSetting, match="pip install --upgrade pyarrow"):
        export(session, tmp_path / "other", format="parquet")


# The folder


def test_a_folder_is_never_overwritten_silently(session: Session, box: Sandbox, tmp_path: Path, quick: None) -> None:
    place = export(session, tmp_path / "report")
    before, asked = place.stat(), len(box.received)
    with pytest.raises(InvalidSetting, match="overwrite=True"):
        export(session, tmp_path / "report")
    assert len(box.received) == asked
    assert place.stat() == before
    assert export(session, tmp_path / "report", format="csv", overwrite=True) == place
    assert names(place.parent) == {"index.html", "accounts.csv", "balance.csv"}
    assert names(tmp_path) == {"report"}


def test_only_a_report_is_ever_replaced(session: Session, tmp_path: Path, quick: None) -> None:
    mine = tmp_path / "mine"
    export(session, mine)
    (mine / "notes.txt").write_text("mine")
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "balance.csv").write_text("not of a report")
    (tmp_path / "file").write_text("a file")
    (tmp_path / "link").symlink_to(mine)
    refused = "not a dpyauth report"
    folders = {"mine": "notes.txt", "photos": "balance.csv", "file": refused, "link": refused}
    for name, told in folders.items():
        with pytest.raises(InvalidSetting, match=told):
            export(session, tmp_path / name, overwrite=True)
    assert (mine / "notes.txt").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    assert export(session, tmp_path / "empty", overwrite=True).exists()
    (tmp_path / "empty" / ".DS_Store").touch()
    assert export(session, tmp_path / "empty", overwrite=True).exists()


@pytest.mark.parametrize("there", [False, True])
def test_a_full_disk_changes_nothing(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: None, there: bool
) -> None:
    target = tmp_path / "report"
    if there:
        export(session, target, format="csv")
    write = report.write

    def full(place: Path, content: bytes) -> None:
        if place.name == "index.html":
            raise OSError("disk full")
        write(place, content)

    monkeypatch.setattr(report, "write", full)
    with pytest.raises(OSError, match="disk full"):
        export(session, target, overwrite=True)
    assert names(tmp_path) == ({"report"} if there else set())
    assert not there or names(target) == {"index.html", "accounts.csv", "balance.csv"}


def test_a_report_that_cannot_be_moved_in_leaves_the_old_one(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    target = tmp_path / "report"
    export(session, target, format="csv")
    rename = os.rename

    def stuck(source: Path, goal: Path) -> None:
        if goal == target and not Path(source).name.endswith("-before"):
            raise OSError("stuck")
        rename(source, goal)

    monkeypatch.setattr(os, "rename", stuck)
    with pytest.raises(OSError, match="stuck"):
        export(session, target, overwrite=True)
    assert names(tmp_path) == {"report"}
    assert names(target) == {"index.html", "accounts.csv", "balance.csv"}


def test_a_folder_that_turns_up_meanwhile_is_kept(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report"

    def ask(session: Session, since: Any) -> pd.DataFrame:
        target.mkdir()
        (target / "notes.txt").write_text("mine")
        return session.balance()

    monkeypatch.setattr(report, "parts", lambda: (Part("balance", ask),))
    with pytest.raises(InvalidSetting, match="already"):
        export(session, target)
    assert names(tmp_path) == {"report"}
    assert names(target) == {"notes.txt"}


# Errors instead of a report


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"format": "xls"}, InvalidSetting),
        ({"since": "yesterday-ish"}, InvalidRequest),
        ({"since": "2999-01-01"}, InvalidRequest),
    ],
)
def test_invalid_arguments_fail_before_any_request(
    session: Session, box: Sandbox, tmp_path: Path, how: dict[str, Any], error: type[Exception]
) -> None:
    asked = len(box.received)
    with pytest.raises(error):
        export(session, tmp_path / "report", **how)
    assert len(box.received) == asked
    assert names(tmp_path) == set()


def test_no_report_without_a_sign_in(open_session: Open, tmp_path: Path) -> None:
    session = open_session(token=None)
    with pytest.raises(NotSignedIn):
        export(session, tmp_path / "report")
    session.close()
    with pytest.raises(SessionClosed):
        export(session, tmp_path / "report")
    assert names(tmp_path) == set()


def test_a_lost_connection_is_raised_instead_of_being_listed(
    session: Session, box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(session: Session, since: Any) -> pd.DataFrame:
        raise ConnectionFailed("No way.")

    monkeypatch.setattr(report, "parts", lambda: (*parts()[:2], Part("portfolio", ask)))
    with pytest.raises(ConnectionFailed):
        export(session, tmp_path / "report")
    assert names(tmp_path) == set()


def test_a_report_is_of_one_account(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(session: Session, since: Any) -> pd.DataFrame:
        told = session.balance()
        assert session.core.active_account is not None
        session.core.active_account = session.core.active_account._replace(loginid="CR900002")
        return told

    monkeypatch.setattr(report, "parts", lambda: (Part("balance", ask),))
    with pytest.raises(SessionClosed, match="switched to another account"):
        export(session, tmp_path / "report")
    assert names(tmp_path) == set()


def test_an_error_of_the_system_names_the_folder_of_the_report(session: Session, tmp_path: Path, quick: None) -> None:
    target = tmp_path / ("long" * 100)
    with pytest.raises(OSError, match="too long") as caught:
        export(session, target)
    assert caught.value.filename == str(target)
    assert ".dpyauth-" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["", "~no-such-user/report", "a\0b"])
def test_an_invalid_path_fails_before_any_request(session: Session, folder: str) -> None:
    with pytest.raises(InvalidSetting, match="path"):
        export(session, folder)


def test_importing_the_module_loads_nothing_heavy() -> None:
    code = "import sys, dpyauth.report; print({'pandas', 'numpy', 'matplotlib'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.strip() == "set()"
