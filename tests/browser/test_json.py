"""Test how the browser reads the JSON that is typed into the explorer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from dpyauth.catalog.calls import load
from dpyauth.panels.forms import Form
from dpyauth.panels.widgets import script
from dpyauth.texts import texts

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    page.add_script_tag(content=script("request_fields"))
    yield page
    page.close()


def read(page: Page, text: str, call: str = "statement", api: str = "v3") -> Any:
    """Return what the form receives from a text, or the place and the key of the error."""
    known = load(api)[call]
    form = {"name": call, "fields": Form(known, lambda key, **_: key).shown()}
    return page.evaluate(
        """([text, call]) => {
          try {
            return readRequest(text, call, "•••").texts;
          } catch (fault) {
            if (!fault.key) throw fault;
            const { line, column } = lineOf(text, fault.at);
            return [line, column, fault.key];
          }
        }""",
        [text, form],
    )


@pytest.mark.parametrize(
    ("text", "call", "fields"),
    [
        ("", "statement", {}),
        ('{"statement": 1, "limit": 12.50, "action_type": "buy"}', "statement",
         {"limit": "12.50", "action_type": "buy"}),
        ('{"limit": 99999999999999999999}', "statement", {"limit": "99999999999999999999"}),  # with every digit
        ('{"new_token": "a \\u00e9\\"b", "new_token_scopes": ["read", "trade"]}', "api_token",
         {"new_token": 'a é"b', "new_token_scopes": "read, trade"}),
        ('{"ticks": "R_100"}', "ticks", {"ticks": "R_100"}),
        ('{"ticks": ["R_100", "R_50"]}', "ticks", {"ticks": "R_100, R_50"}),
        ('{"contract_id": 1, "limit_order": {"stop_loss": null}}', "contract_update",
         {"contract_id": "1", "limit_order.stop_loss": "null"}),
        ('{"login": "MTR1", "password": "•••"}', "mt5_password_check", {"login": "MTR1", "password": None}),
        ('{"schedule": [{"start_min": 0}]}', "p2p_advertiser_update", {"schedule": '[{"start_min": 0}]'}),
        ('{"q1": "yes", "financial_information": {}}', "set_financial_assessment",
         {"financial_information": "{}", "*": '{"q1": "yes"}'}),
    ],
)  # fmt: skip
def test_valid_json(page: Page, text: str, call: str, fields: dict[str, Any]) -> None:
    assert read(page, text, call) == fields


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", [1, 2, "json_end"]),
        ('{"limit": 5', [1, 12, "json_end"]),
        ('{\n  "limit": 5\n  "offset": 1\n}', [3, 3, "json_comma"]),
        ('{"limit": 5,}', [1, 12, "json_last_comma"]),
        ("{'limit': 5}", [1, 2, "json_name"]),
        ('{"limit" 5}', [1, 10, "json_colon"]),
        ('{"limit": five}', [1, 11, "json_value"]),
        ('{"limit": 05}', [1, 11, "json_value"]),
        ('{"limit": True}', [1, 11, "json_value"]),
        ('{"action_type": "buy}', [1, 17, "json_quote"]),
        ('{"action_type": "b\\x"}', [1, 20, "json_escape"]),
        ('{"limit": 5, "limit": 6}', [1, 14, "json_twice"]),
        ('{"limit": 5} x', [1, 14, "json_more"]),
        ("[1]", [1, 1, "json_whole"]),
        ('{"limit": [5]}', [1, 11, "json_single"]),
        ('{"limit": null}', [1, 11, "json_null"]),
        ('{"action_type": "nonsense"}', [1, 17, "json_choice"]),
        ('{"statement": 2}', [1, 15, "json_call"]),
        ('{"limits": 5}', [1, 2, "json_unknown"]),
        ('{"subscribe": 1}', [1, 2, "json_subscribe"]),
        ('{"req_id": 1}', [1, 2, "json_ours"]),
        ('{"🙂": 1}', [1, 2, "json_unknown"]),
        ("[" * 99, [1, 52, "json_deep"]),
    ],
)
def test_errors_name_a_place(page: Page, text: str, said: list[Any]) -> None:
    assert read(page, text) == said
    assert said[2] in texts("explorer", language="en")


def test_items_that_the_form_cannot_hold(page: Page) -> None:
    assert read(page, '{"new_token_scopes": ["a,b"]}', "api_token") == [1, 23, "json_item"]
    assert read(page, '{"new_token": "a\\nb"}', "api_token") == [1, 15, "json_one_line"]
    assert read(page, '{"buy": "1", "price": 1, "parameters": 5}', "buy") == [1, 40, "json_object"]


def test_a_long_text_is_read_quickly(page: Page) -> None:
    text = '{"schedule": [' + ", ".join(['{"start_min": 1.5, "end_min": null}'] * 20_000) + "]}"
    took = page.evaluate(
        "(text) => { const began = performance.now(); readJson(text); return performance.now() - began; }", text
    )
    assert took < 5000
