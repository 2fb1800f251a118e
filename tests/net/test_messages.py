"""Test reading replies: JSON, exact numbers, and errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.net import messages
from dpyauth.net.messages import error_code, exactly, parse, says_never


@pytest.fixture(scope="module", params=[messages.LARGE, 0], ids=["as ever", "as if all were large"], autouse=True)
def large(request: pytest.FixtureRequest) -> Iterator[None]:
    """Yield messages of any size, read by either parser."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(messages, "LARGE", request.param)
        yield


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
        ({"error": []}, "UnknownError"),
        ({"error": [None]}, "UnknownError"),
        ({"error": [{"code": "X"}]}, "X"),
        ({"error": ["X", {"code": "Y"}]}, "UnknownError"),
    ],
)
def test_error_codes(reply: dict[str, Any], code: str | None) -> None:
    assert error_code(reply) == code


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.text()))
def test_a_reply_must_be_an_object(reply: dict[str, Any]) -> None:
    assert parse(json.dumps(reply).encode()) == reply
    assert parse(json.dumps([reply]).encode()) is None


@pytest.mark.parametrize("error", ["null", "{}", "[]", '""', "false", "0"])
def test_an_empty_error_is_left_out(error: str) -> None:
    """An error does not count if it is null, or if it is empty and the payload is there."""
    message = f'{{"error": {error}, "msg_type": "tick", "tick": {{"quote": 1.5}}}}'.encode()
    assert parse(message) == {"msg_type": "tick", "tick": {"quote": 1.5}}
    assert exactly(message, {}) == {"msg_type": "tick", "tick": {"quote": Decimal("1.5")}}
    for rest in ("", ', "msg_type": "tick"', ', "msg_type": "tick", "tick": null', ', "msg_type": 5, "5": null'):
        reply = parse(f'{{"error": {error}{rest}}}'.encode())
        assert reply is not None
        assert ("error" in reply) == (error != "null")


@pytest.mark.parametrize("error", ['{"code": "X"}', '"busy"', "[{}]", "true", "1"])
def test_any_other_error_counts(error: str) -> None:
    reply = parse(f'{{"error": {error}, "msg_type": "tick", "tick": {{"quote": 1.5}}}}'.encode())
    assert reply is not None
    assert error_code(reply)


@pytest.mark.parametrize(
    ("code", "never"),
    [
        *((code, True) for code in ("InvalidSymbol", "OfferingsInvalidSymbol", "ContractNotFound", "PermissionDenied")),
        *((code, True) for code in ("InputValidationFailed", "MarketIsClosed", "UnrecognisedRequest", "NotFound")),
        *((code, False) for code in ("InvalidToken", "AuthorizationRequired", "AlreadySubscribed", "RateLimit", "New")),
        *((code, False) for code in ("WrongResponse", "InternalServerError", "OutputValidationFailed", "", "Timeout")),
    ],
)
def test_codes_that_say_never(code: str, never: bool) -> None:
    assert says_never(code) == never


@given(st.binary())
def test_any_bytes_are_a_reply_or_none(message: bytes) -> None:
    assert parse(message) is None or isinstance(parse(message), dict)


@pytest.mark.parametrize(
    "message", [b'{"a":' * 100_000, b"\xff\xfe{}", b'{"a": ' + b"1" * 5000 + b"}", b'{"a": "\xff"}']
)
def test_unreadable_bytes_are_no_reply(message: bytes) -> None:
    assert parse(message) is None


# Numbers that the quick decoder reads differently from Python, or not at all


@given(offset=st.integers(-3, 3))
@pytest.mark.parametrize("bits", [62, 63, 64, 65, 200])
def test_whole_numbers_stay_whole(bits: int, offset: int) -> None:
    for number in (2**bits + offset, -(2**bits) + offset):
        reply = parse(b'{"n": [%d], "m": %d}' % (number, number))
        assert reply == {"n": [number], "m": number}
        assert type(reply["m"]) is int


def test_json_beyond_the_standard_is_read_as_python_reads_it() -> None:
    reply = parse(rb'{"text": "\ud800", "huge": 1e400, "small": -Infinity, "none": NaN}')
    assert reply is not None
    assert (reply["text"], reply["huge"], reply["small"]) == ("\ud800", float("inf"), float("-inf"))
    assert reply["none"] != reply["none"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(max_size=3), json_values), st.booleans())
def test_a_reply_equals_what_python_reads(reply: dict[str, Any], ascii: bool) -> None:
    message = json.dumps(reply, ensure_ascii=ascii).encode("utf-8", "surrogatepass")
    try:
        expected = json.loads(message.decode())
    except UnicodeDecodeError:
        expected = None
    assert repr(parse(message)) == repr(expected)


def test_after_a_reply_too_deep_to_read_numbers_stay_exact() -> None:
    message = b'{"a":' * 100_000 + b"1.5" + b"}" * 100_000
    assert parse(message) is None
    otherwise = {"a": 1.5}
    assert exactly(message, otherwise) is otherwise


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**12), max_value=10**12))
def test_exact_numbers_stay_exact(number: Decimal) -> None:
    message = f'{{"balance": {number:f}, "rest": [{number:f}], "n": 5}}'.encode()
    reply = exactly(message, {})
    assert reply == {"balance": number, "rest": [number], "n": 5}
    assert type(reply["n"]) is int


def test_a_number_too_large_for_a_decimal_stays_as_it_was() -> None:
    message = b'{"n": 1e99999999999999999999}'
    reply = parse(message)
    assert reply is not None
    assert exactly(message, reply) is reply
