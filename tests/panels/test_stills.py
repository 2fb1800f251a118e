"""Test the HTML of stills: simple tags, escaped text, and charts made only of numbers."""

from __future__ import annotations

import re
from base64 import b64decode
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.panels.stills import account_tables, admin_tables, last_call, stream_picture
from dpyauth.panels.stills.chart import svg
from dpyauth.texts import texts

NASTY = "</td><script>alert(1)</script><img src=x onerror=alert(1)>\u202e\x1b[2J" + "x" * 500
SAFE = {"div", "p", "strong", "span", "table", "tr", "th", "td", "small", "pre", "a", "img"}
"""Tags that sanitizers keep."""
ATTRIBUTES = {"style", "dir", "align", "src", "alt", "width", "href", "target", "rel"}
STREAM = texts("stream", language="en")


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.said = ""
        # E-mail has no style sheets, only inline styles: each part has its own margins.
        assert re.findall(r"<(?:p|th|td|table|pre|img)\b(?![^>]*(?:margin|padding):)[^>]*>", html) == []
        self.feed(html)
        self.close()
        assert self.open == []
        assert self.tags <= SAFE
        assert {name for name, _ in self.attributes} <= ATTRIBUTES

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += f"{data}|"

    def value(self, name: str) -> str:
        return next(value or "" for each, value in self.attributes if each == name)


def account(text: str = "CR1") -> dict[str, Any]:
    return {"loginid": text, "currency": "USD", "kind": "sample", "api": "v3"}


def entry(text: str = "CR1", **more: Any) -> dict[str, Any]:
    return {"loginid": text, "currency": text, "kind": "demo", "status": "", "balance": "1.00", "current": True, **more}


def view(**more: Any) -> dict[str, Any]:
    return {"state": "signed in", "ended": "", "sandbox": True, "notice": None, "account": account(), **more}


def stream(**more: Any) -> dict[str, Any]:
    return view(title="R_100, ticks", live="open", why="", **more)


def points(*prices: float, start: float = 1_700_000_000) -> list[dict[str, Any]]:
    return [{"t": start + 2 * place, "p": [price]} for place, price in enumerate(prices)]


def test_sign_in() -> None:
    words = texts("switcher", "sign-in", language="en")
    scopes = [{"tone": "plain", "symbol": "", "text": "Read"}, {"tone": "off", "symbol": "–", "text": "not Trade"}]
    made = view(scopes=scopes, accounts=[entry(), entry("VRTC2", current=False, status="inactive")])
    said = Tags(account_tables.sign_in(made, words, "otherwise")).said
    for part in (
        "Signed in to Deriv",
        "Sample account",
        "Sandbox",
        "CR1 USD",
        "Read, – not Trade",
        "VRTC2",
        "Not active",
    ):
        assert part in said
    out = Tags(account_tables.sign_in(view(account=None, state="signed out"), words, "Do this instead.")).said
    assert "Run the cell again and sign in" in out
    assert "Do this instead." in out
    two = account_tables.sign_in(view(account=None, state="signed out"), words, "This line:\nthat one.")
    assert "This line:|that one." in Tags(two).said


def test_the_stills_of_tokens_and_apps_say_why_there_is_no_list() -> None:
    for make, words in (
        (admin_tables.tokens, texts("tokens", language="en")),
        (admin_tables.apps, texts("apps", language="en")),
    ):
        base = view(phase="list", loaded=False, scopes={}, advice="Make another.", page="https://example.com/?a=1&b=2")
        assert "had not been loaded" in Tags(make(base, words)).said
        assert "Make another." in Tags(make({**base, "phase": "denied"}, words)).said
        assert Tags(make({**base, "phase": "elsewhere"}, words)).value("href") == "https://example.com/?a=1&b=2"
        ended = {**base, "account": None, "phase": "closed", "ended": "Closed at noon."}
        assert "Closed at noon." in Tags(make(ended, words)).said


def test_long_replies_are_cut_with_a_remark() -> None:
    text = "[" + "1,\n" * 2000 + "1]"
    reply = {"note": "", "json": {"text": text}, "frame": {"shape": [2001, 1]}}
    asked = {"call": "statement", "loginid": "CR1", "request": "{}", "reply": reply}
    html = last_call.explorer(view(api="v3"), texts("explorer", language="en"), asked, "")
    assert len(html) < 6000
    assert f"first {last_call.LONGEST:,} characters" in html
    assert "2,001" in html
    reply = {"trouble": {"title": "Refused", "text": "no\n" * 2000, "code": "\n" * 2000}}
    refused = last_call.explorer(view(api="v3"), texts("explorer", language="en"), {**asked, "reply": reply}, "")
    assert len(refused) < 6000


@given(text=st.text() | st.just(NASTY))
def test_markup_in_texts_is_escaped(text: str) -> None:
    words = texts("switcher", "sign-in", language="en")
    notice = {"title": text, "text": text, "kind": "info"}
    nasty = view(account=account(text), notice=notice)
    row = {"name": text, "scopes": [text], "last_used": text, "bound": True, "own": True, "app_id": 1}
    app = {**row, "redirect_url": text, "active": False, "official": True}
    listed = {"phase": "list", "loaded": True, "scopes": {}, "tokens": [row], "registered": [app], "connected": [app]}
    trouble = {"title": text, "text": text, "code": text}
    asked = {"call": text, "loginid": text, "request": text, "reply": {"trouble": trouble}}
    cells = [{"cells": [text]}]
    columns = [{"label": text, "number": False}]
    live = {**stream(), "title": text, "why": text, "live": "ended"}
    gap = [{**points(1)[0], "gap": {"filled": False, "text": text}}]
    light = {"tone": "off", "symbol": "", "text": text}
    for html in (
        account_tables.sign_in({**nasty, "scopes": [light], "accounts": [entry(text)] * 2}, words, text),
        account_tables.switcher({**nasty, "accounts": [entry(text)], "note": text, "hint": text}, words),
        admin_tables.tokens({**nasty, **listed}, texts("tokens", language="en")),
        admin_tables.apps({**nasty, **listed}, texts("apps", language="en")),
        last_call.explorer({**nasty, "api": "v3"}, texts("explorer", language="en"), asked, text),
        stream_picture.table(live, STREAM, columns, cells, 1),
        stream_picture.chart(live, STREAM, gap, 2, 1),
    ):
        said = Tags(html).said
        assert "\u202e" not in said
        assert not [char for char in said if ord(char) < 32 and char != "\n"]


# The stream


def test_a_chart_and_its_description() -> None:
    html = Tags(stream_picture.chart(stream(), STREAM, points(100, 101.5, 99.25, 102), 2, 4))
    assert html.value("alt") == (
        "Chart of R_100, ticks: 102.00 at 2023-11-14 22:13:26 UTC, ▲ +2.00 % since 22:13:20, low 99.25, high 102.00."
    )
    kind, _, data = html.value("src").partition(",")
    assert kind == "data:image/svg+xml;base64"
    drawn = ElementTree.fromstring(b64decode(data))
    said = [each.text for each in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"102.00", "101.00", "100.00", "UTC"} <= set(said)
    for part in ("Last", "102.00", "low 99.25, high 102.00", "4 updates", "As of 20"):
        assert part in html.said
    assert "live" not in html.said


def test_rising_candles_are_hollow_and_falling_ones_filled() -> None:
    made = [{"t": 60 * n, "p": [n, n + 2, n - 1, n + (1 if n % 2 else -1)]} for n in range(1, 80)]
    drawn = svg(made, 2, "UTC", "en")
    assert (drawn.count('<rect class="up"'), drawn.count('<rect class="down"')) == (40, 39)


def test_a_break_interrupts_the_line_and_fetched_ticks_are_dashed() -> None:
    made = points(1, 2, 3, 4, 5, 6)
    made[2]["gap"] = {"filled": False, "text": "Lost."}
    made[4]["late"] = True
    drawn = svg(made, 0, "UTC", "en")
    assert len(re.findall('<path class="price"', drawn)) == 3
    assert len(re.findall('<path class="late"', drawn)) == 1
    assert '<rect class="missing"' in drawn
    assert "Lost." in stream_picture.chart(stream(), STREAM, made, 0, 6)


@given(
    prices=st.lists(st.floats(-1e300, 1e300) | st.floats(-1e6, 1e6) | st.just(1e11), min_size=1, max_size=30),
    steps=st.lists(st.sampled_from([0.001, 1, 60, 86400, 1e9]), min_size=30, max_size=30),
    digits=st.integers(0, 8),
)
def test_any_numbers_give_a_valid_chart_or_none(prices: list[float], steps: list[float], digits: int) -> None:
    made = [{"t": sum(steps[: place + 1]), "p": [price]} for place, price in enumerate(prices)]
    html = Tags(stream_picture.chart(stream(), STREAM, made, digits, 1))
    if "img" in html.tags:
        drawn = b64decode(html.value("src").partition(",")[2]).decode()
        ElementTree.fromstring(drawn)
        assert "nan" not in drawn
        assert "inf" not in drawn
        assert len(drawn) < 20_000
    else:
        assert max(map(abs, prices)) >= 1e12


def test_a_table_shows_the_latest_rows_first_and_is_cut() -> None:
    columns = [{"label": f"column {n}", "number": n == 1} for n in range(12)]
    rows = [{"cells": [f"{n}-{place}" for place in range(12)]} for n in range(30)]
    said = Tags(stream_picture.table(stream(), STREAM, columns, rows, 30)).said
    assert said.index("29-0") < said.index("20-0")
    assert "19-0" not in said
    assert "29-8" not in said
    assert "4 more columns" in said


@pytest.mark.parametrize("make", [stream_picture.chart, stream_picture.table])
def test_before_the_first_update(make: Any) -> None:
    between = 2 if make is stream_picture.chart else []
    assert STREAM["nothing"] in Tags(make(stream(), STREAM, [], between, 0)).said


@pytest.mark.parametrize(("language", "day", "price"), [("en", "Dec 3", "1234.50"), ("fr", "3 déc.", "1234,50")])
def test_the_picture_writes_prices_and_days_as_the_language_does(language: str, day: str, price: str) -> None:
    december = 1_796_083_200
    made = [{"t": december + 43_200 * place, "p": [1234.5, 1240.0, 1230.0, 1234.5]} for place in range(40)]
    drawn = svg(made, 2, "UTC", language)
    assert f">{price}<" in drawn
    assert f">{day}<" in drawn
