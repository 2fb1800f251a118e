"""Test reading single values of a reply."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest

from dpyauth.frames.values import as_flag, get_path, mapping, mappings, pick


@pytest.mark.parametrize(("path", "value"), [("a", {"b": 1}), ("a.b", 1), ("a.b.c", None), ("z.b", None)])
def test_dig(path: str, value: Any) -> None:
    assert get_path({"a": {"b": 1}}, path) == value


def test_a_value_other_than_a_mapping_counts_as_an_empty_one() -> None:
    assert [mapping(value) for value in ({"a": 1}, None, "text", 5, [{"a": 1}])] == [{"a": 1}, {}, {}, {}, {}]


@pytest.mark.parametrize("mixed", [[{"a": 1}, None, {}], ({"a": 1}, 5, {}), [MappingProxyType({"a": 1}), "x", {}]])
def test_the_mappings_of_a_list(mixed: Any) -> None:
    assert mappings(mixed) == [{"a": 1}, {}]


def test_mappings_that_stand_alone_or_not_at_all() -> None:
    assert mappings({"a": 1}) == [{"a": 1}]
    assert mappings(None) == mappings("") == mappings(5) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((1, True, "1", " 1 ", 1.0, "1.0", Decimal("1"), "true", "True"), True),
        ((0, False, "0", 0.0, "0.00", "false", "FALSE"), False),
        ((None, "", 2, "yes", -1, [], [1], {}, "None"), None),
    ],
)
def test_yes_and_no_in_every_form(values: tuple[Any, ...], said: bool | None) -> None:
    assert [as_flag(value) for value in values] == [said] * len(values)


def test_pick_takes_rows_with_and_without_the_field() -> None:
    assert pick([{"a": 1}, {"a": None}], "a") == [1, None]
    assert pick([{"a": 1}, {"b": 2}], "a") == [1, None]
    assert pick([], "a") == []
