"""Test formatting replies and errors for display."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.catalog.calls import load
from dpyauth.catalog.shapes import MASK
from dpyauth.errors import ApiError, CallTimeout, DpyauthError, InputRefused, MissingScope, OutcomeUnknown
from dpyauth.frames import Context, generic
from dpyauth.panels import reply_view
from dpyauth.texts import texts
from dpyauth.texts.said import said

WORDS = texts("explorer", language="en")

MEAN = "<script>alert(1)</script> **bold** \u202eright to left \u2066"


def text(name: str, reply: dict[str, Any], api: str = "v3") -> str:
    shown: str = reply_view.reply_json(load(api)[name], api, reply)["text"]
    return shown


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("api_token", {"api_token": {"tokens": [{"display_name": "mine", "token": "Canary", "scopes": ["read"]}]}}),
        ("new_account_virtual", {"new_account_virtual": {"oauth_token": "Canary", "client_id": "mine"}}),
        ("cashier", {"cashier": "https://cashier.example/?token=Canary", "mine": 1}),
        ("cashier", {"cashier": {"action": "mine", "access_token": "Canary"}}),
        ("get_settings", {"get_settings": {"email": "Canary", "first_name": "Canary", "country": "mine"}}),
        ("ping", {"ping": "mine", "api_key": "Canary", "new": {"list": [{"password": "Canary"}]}}),
        ("mt5_password_check", {"echo_req": {"password": "Canary", "email": "Canary", "login": "mine"}}),
        ("ping", {"echo_req": {"passthrough": {"token": "Canary"}}, "ping": "mine"}),
    ],
)
def test_secrets_in_a_reply_are_masked(name: str, reply: dict[str, Any]) -> None:
    shown = text(name, reply)
    assert "Canary" not in shown
    assert MASK in shown
    assert "mine" in shown
    assert json.loads(shown).keys() == reply.keys()


@pytest.mark.parametrize("api", ["v3", "options"])
def test_reply_masks_what_its_frame_masks(api: str) -> None:
    """Every call is tested with canaries in the fields that its facts mark as secret or personal."""
    from dpyauth.catalog.shapes import load as shapes

    def made(node: Any) -> Any:
        if isinstance(node, str):
            return "Canary" if node.startswith("!") else "plain"
        if isinstance(node, list):
            return node[0]
        if "[]" in node:
            return [made(node["[]"])]
        if "()" in node:
            return [made(each) for each in node["()"].values()]
        if "{}" in node:
            return {"CR1": made(node["{}"])}
        fields = node.get("||", node)
        return made(fields[""]) if "" in fields else {key: made(child) for key, child in fields.items()}

    masked = 0
    for name, shape in shapes(api).items():
        reply = {key: made(node) for key, node in shape.reply.items()}
        shown = text(name, reply, api)
        assert "Canary" not in shown, name
        masked += MASK in shown
    assert masked > 2


def test_long_reply_is_cut() -> None:
    shown = reply_view.reply_json(load("v3")["ping"], "v3", {"ping": "x" * 300_000})
    assert shown["cut"]
    assert len(shown["text"]) == reply_view.LONGEST
    assert shown["length"] > 300_000
    assert not reply_view.reply_json(load("v3")["ping"], "v3", {"ping": "pong"})["cut"]


def test_a_very_deep_reply_is_shown() -> None:
    deep: Any = "end"
    for _ in range(500):
        deep = [deep]
    assert MASK in text("ping", {"ping": deep})


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda child: st.lists(child) | st.dictionaries(st.text(), child),
    )
)
def test_json_shows_every_character_and_stays_json(value: Any) -> None:
    shown = reply_view.as_json(value)
    assert all(line.isprintable() for line in shown.split("\n"))
    assert shown.encode()  # half of a surrogate pair cannot be sent in a message
    again = json.loads(shown)
    assert again == value or json.dumps(again) == json.dumps(value)


def test_characters_that_reverse_text_are_escaped() -> None:
    assert reply_view.plain(MEAN) == r"<script>alert(1)</script> **bold** \u202eright to left \u2066"
    assert reply_view.plain("שלום\nfine") == "שלום\nfine"


def test_table() -> None:
    frame = pd.DataFrame(
        {
            "text": pd.Series(["a", None, MEAN], dtype="string"),
            "money": [1.5, float("nan"), 2.0],
            "count": pd.Series([1, None, 10**17], dtype="Int64"),
            "exact": pd.Series([Decimal("1.50"), None, None], dtype="object"),
            "flag": pd.Series([True, None, False], dtype="boolean"),
            "time": pd.to_datetime(["2026-01-31", None, "2026-02-01"], utc=True),
            "list": [[1, "\u202e"], [], ["x" * 400]],
        }
    )
    shown = reply_view.table(frame)
    assert shown["shape"] == [3, 7]
    assert shown["numbers"] == [False, True, True, False, False, False, False]
    assert shown["rows"][0] == ["a", "1.5", "1", "1.50", "True", "2026-01-31 00:00:00+00:00", r'[1, "\u202e"]']
    assert shown["rows"][1] == [None, None, None, None, None, None, "[]"]
    assert shown["rows"][2][0].startswith(r"<script>alert(1)</script> **bold** \u202e")
    assert shown["rows"][2][6].endswith("x…")
    assert json.dumps(shown)


def test_only_the_first_rows_are_shown() -> None:
    shown = reply_view.table(pd.DataFrame({"a": range(1000)}))
    assert shown["shape"] == [1000, 1]
    assert len(shown["rows"]) == reply_view.ROWS
    assert reply_view.table(pd.DataFrame())["rows"] == []
    double = pd.DataFrame([[1, 2.5]], columns=["a", "a"])
    assert reply_view.table(double)["rows"] == [["1", "2.5"]]


def test_frame_of_a_reply_is_masked() -> None:
    reply = {"api_token": {"tokens": [{"token": "Canary"}]}}
    frame = generic(load("v3")["api_token"], reply, Context("api_token"))
    assert "Canary" not in json.dumps(reply_view.table(frame))


@pytest.mark.parametrize(
    ("error", "title"),
    [
        (OutcomeUnknown("x"), "title_unknown"),
        (ApiError("x"), "title_refused"),
        (MissingScope("x"), "title_scope"),
        (CallTimeout("x"), "title_timeout"),
        (DpyauthError("x"), "failed"),
    ],
)
def test_the_parts_of_an_error(error: DpyauthError, title: str) -> None:
    said = reply_view.trouble(error, WORDS)
    assert said["title"] == WORDS[title]
    assert said["unknown"] == isinstance(error, OutcomeUnknown)


def test_code_and_details_of_an_error_are_masked_and_cut() -> None:
    error = InputRefused(MEAN * 200, code=MEAN, details={"limit": MEAN, "token": "Canary"})
    error.add_note("And this.")
    said = reply_view.trouble(error, WORDS)
    assert len(said["text"]) <= 1001
    assert "\u202e" not in json.dumps(said, ensure_ascii=False)
    assert said["code"].startswith("<script>")
    assert said["fields"]["limit"].startswith("<script>")
    assert "Canary" not in repr(said)


def test_a_translated_error_has_a_code_to_search_for() -> None:
    error = CallTimeout(said("call_timed_out", call="buy", seconds=3.0))
    assert reply_view.trouble(error, WORDS)["code"] == ""
    assert reply_view.trouble(error, texts("explorer", language="es"))["code"] == "call_timed_out"
