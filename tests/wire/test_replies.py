from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.wire.replies import error_code, exactly, parse


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ({}, None),
        ({"error": None}, None),
        ({"error": {"code": "X"}}, "X"),
        ({"error": {"code": 5}}, "UnknownError"),
        ({"error": {}}, "UnknownError"),
        ({"error": "X"}, "UnknownError"),
        ({"error": False}, "UnknownError"),
    ],
)
def test_error_codes(reply: dict[str, Any], code: str | None) -> None:
    assert error_code(reply) == code


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.text()))
def test_a_reply_is_an_object(reply: dict[str, Any]) -> None:
    assert parse(json.dumps(reply).encode()) == reply
    assert parse(json.dumps([reply]).encode()) is None


@given(st.binary())
def test_bytes_are_a_reply_or_none(message: bytes) -> None:
    assert parse(message) is None or isinstance(parse(message), dict)


@pytest.mark.parametrize(
    "message", [b'{"a":' * 100_000, b"\xff\xfe{}", b'{"a": ' + b"1" * 5000 + b"}", b'{"a": "\xff"}']
)
def test_what_cannot_be_read_is_no_reply(message: bytes) -> None:
    assert parse(message) is None


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**12), max_value=10**12))
def test_exact_numbers_stay_exact(number: Decimal) -> None:
    message = f'{{"balance": {number:f}, "rest": [{number:f}], "n": 5}}'.encode()
    reply = exactly(message, {})
    assert reply == {"balance": number, "rest": [number], "n": 5}
    assert type(reply["n"]) is int


def test_a_number_beyond_even_decimals_stays_as_it_was() -> None:
    message = b'{"n": 1e99999999999999999999}'
    reply = parse(message)
    assert reply is not None
    assert exactly(message, reply) is reply
