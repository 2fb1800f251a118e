"""Test the sentences that explain the fields of calls."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from dpyauth.catalog import meanings
from dpyauth.catalog.calls import load
from dpyauth.catalog.meanings import meaning, paths
from dpyauth.texts import read

CALLS = [call for api in ("v3", "options") for call in load(api).values()]

FILE = read("en", "fields")


def known() -> Iterator[tuple[str, str]]:
    """Yield every call with every field that it has in some API, and with every end of a field's path."""
    for call in CALLS:
        for path, _ in paths(call):
            parts = path.split(".")
            yield from ((call.name, ".".join(parts[at:])) for at in range(len(parts)))


def test_every_field_of_every_call_has_a_sentence() -> None:
    every = [(call, path) for call in CALLS for path, _ in paths(call)]
    assert len(every) > 1200
    assert [f"{call.name}: {path}" for call, path in every if not meaning(call, path)] == []


def test_no_sentence_is_for_a_field_that_does_not_exist() -> None:
    there = set(known())
    names = {name for _, name in there} | {meanings.NAMES_THE_CALL}
    stray = [(call, name) for calls, held in FILE.items() for call in calls.split() for name in held]
    assert [each for each in stray if each not in there and (each[0] != "*" or each[1] not in names)] == []


def test_no_call_has_two_sentences_for_a_field() -> None:
    every = [(call, name) for calls, held in FILE.items() for call in calls.split() for name in held]
    assert len(every) == len(set(every))


def test_sentences_have_the_form_of_sentences() -> None:
    form = re.compile(r"[A-Z0-9].{3,148}\.")
    odd = [
        text for held in FILE.values() for text in held.values() if not form.fullmatch(text) or not text.isprintable()
    ]
    assert odd == []


@pytest.mark.parametrize(
    ("api", "call", "field", "said"),
    [
        ("v3", "buy", "parameters.amount", "Stake or payout"),  # a field of a proposal
        ("options", "buy", "parameters.limit_order.stop_loss", "Loss at which"),
        ("v3", "mt5_deposit", "amount", "Amount to move, in the currency"),  # explained for this call alone
        ("options", "time", "time", "Always 1"),
        ("v3", "trading_times", "trading_times", "Day to look up"),  # not always 1
    ],
)
def test_the_most_specific_sentence_is_used(api: str, call: str, field: str, said: str) -> None:
    assert meaning(load(api)[call], field).startswith(said)


def test_a_field_that_does_not_exist_has_no_sentence() -> None:
    assert meaning(load("v3")["statement"], "nonsense") == ""
