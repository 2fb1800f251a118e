"""Test the card as text and HTML, where panels cannot be shown."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dpyauth.panels import card_text
from dpyauth.panels.card_rows import amount, light, row
from dpyauth.texts import texts

WORDS = texts("card", language="en")
NASTY = "</td><script>alert(1)</script>\u202e\x1b[2J" + "x" * 500
SAFE = {"div", "p", "strong", "span", "table", "tr", "th", "td", "br", "small"}
"""Tags that sanitizers keep."""


def view(**more: Any) -> dict[str, Any]:
    return {
        "account": {"loginid": "CR1", "currency": "USD", "kind": "real", "api": "v3"},
        "state": "signed in",
        "sandbox": False,
        "ended": "",
        "notice": None,
        "connection": {"on": True, "text": "connected, last round trip 12 ms"},
        "balance": "1,234.50",
        "no_balance": "",
        "rows": [
            row("Verification", [light("good", "Identity: verified"), light("bad", "Address: refused")], ["Send it."]),
            row("Scopes", [light("plain", "Read")]),
        ],
        "footnote": "",
        **more,
    }


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.said = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data


def test_text() -> None:
    first, *lines, last = card_text.text(view(), WORDS).splitlines()
    assert first == "CR1 · Real account · v3 API"
    assert lines == [
        "Balance       1,234.50 USD",
        "Connection    connected, last round trip 12 ms",
        "Verification  ✓ Identity: verified   ✕ Address: refused",
        "              Send it.",
        "Scopes        Read",
    ]
    assert last.startswith("As of 20")


def test_lights_are_not_broken() -> None:
    made = view(rows=[row("Verification", [light("good", f"Check {n}: verified until 2026-01-01") for n in range(6)])])
    lines = card_text.text(made, WORDS).splitlines()
    assert max(map(len, lines)) <= card_text.WIDTH
    assert sum(line.count("✓") for line in lines) == sum(line.count("verified until 2026-01-01") for line in lines) == 6
    assert "\xa0" not in "".join(lines)


def test_amounts_are_in_columns() -> None:
    amounts = [amount("Main", "1,000.50 USD"), amount("Payment agent", "7.00 EUR", "good")]
    made = view(rows=[row("Wallets", amounts=amounts, lines=["More."])])
    assert card_text.text(made, WORDS).splitlines()[3:6] == [
        "Wallets     Main           1,000.50 USD",
        "            Payment agent      7.00 EUR",
        "            More.",
    ]
    assert "7.00 EUR" in Tags(card_text.html(made, WORDS)).said
    assert card_text.html(made, WORDS).count('<strong style="color:') == 1


def test_without_money_and_currency() -> None:
    account = {"loginid": "CR1", "currency": "", "kind": "demo", "api": "v3"}
    assert "0.00 no currency yet" in card_text.text(view(account=account, balance="0.00"), WORDS)
    said = card_text.text(view(balance="", no_balance="A scope is missing."), WORDS)
    assert "Balance       A scope is missing." in said
    assert "not known yet" in card_text.text(view(balance=""), WORDS)


def test_not_signed_in() -> None:
    out = view(account=None, state="signed out", notice={"text": "You signed out.", "title": "", "kind": "info"})
    said = card_text.text(out, WORDS)
    assert said.splitlines() == ["Signed out", "You signed out.", WORDS["signed_out_text"]]
    assert Tags(card_text.html(out, WORDS)).said.startswith(f"{WORDS['card']}{said}".replace("\n", ""))
    assert card_text.text(view(account=None, ended="It is over."), WORDS) == "It is over."


def test_html_has_the_same_contents_and_needs_no_styles() -> None:
    html = Tags(card_text.html(view(sandbox=True, footnote="As of then."), WORDS))
    for said in ("CR1", "Real account", "Sandbox", "1,234.50 USD", "✓ Identity: verified", "✕ Address", "As of then."):
        assert said in html.said
    assert set(html.tags) <= SAFE
    assert html.attributes <= {"class", "style", "dir"}
    assert html.open == []


@given(text=st.text() | st.just(NASTY))
def test_markup_in_texts_is_escaped(text: str) -> None:
    account = {"loginid": text, "currency": text, "kind": "demo", "api": "v3"}
    notice = {"title": text, "text": text, "kind": "info"}
    rows = [row("Also", [light("act", text)], [text], amounts=[amount(text, text, "bad")])]
    connection = {"on": False, "text": text}
    made = view(account=account, notice=notice, rows=rows, footnote=text, no_balance=text, connection=connection)
    html = Tags(card_text.html(made, WORDS))
    assert set(html.tags) <= SAFE
    assert html.attributes <= {"class", "style", "dir"}
    assert html.open == []
    said = card_text.text(made, WORDS)
    assert not [char for char in said if ord(char) < 32 and char != "\n"]
    assert "\u202e" not in said


def test_only_addresses_marked_as_links_are_links() -> None:
    address = "https://example.com/?a=1&b=2"
    made = view(rows=[row("Also", lines=[f"See {address}"]), row("Elsewhere", lines=[f"See {address}"], link=address)])
    assert card_text.html(made, WORDS).count('<a href="https://example.com/?a=1&amp;b=2" ') == 1
    assert Tags(card_text.html(made, WORDS)).said.count(f"See {address}") == 2
    assert card_text.text(made, WORDS).count(f"See {address}") == 2


def test_stored_text_contains_nothing_momentary() -> None:
    assert "connected" not in card_text.html(view(), WORDS) + card_text.text(view(), WORDS, live=False)
