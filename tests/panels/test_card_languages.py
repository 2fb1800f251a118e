"""Test the account card in every language."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from dpyauth.panels import card_text
from dpyauth.panels.card import CardModel
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.texts import texts
from dpyauth.texts.languages import available

OTHERS = sorted(available().keys() - {"en"})
USERS = ("sandbox-rich-all", "sandbox-rich-demo", "sandbox-trouble-read", "sandbox-new-read")
ENGLISH = texts("switcher", "card", "meanings", language="en")
DERIVS = {"Read", "Trade", "Trading information", "Payments", "Admin", "Sandbox Wallet"}
"""Names of Deriv's that are the same in every language."""


def words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{3,}", text.lower()))


@pytest.mark.parametrize("language", OTHERS)
def test_no_english_is_left(language: str, open_session: Callable[..., Session]) -> None:
    spoken = words(" ".join(texts("switcher", "card", "meanings", language=language).values()))
    english = words(" ".join(ENGLISH.values())) - spoken - words(" ".join(DERIVS))
    for token in USERS:
        session = open_session(token)
        session.language = language
        model = CardModel(session)
        model.prepare()
        left = words(model.as_text() + re.sub("<.*?>", " ", model.still(model.view()))) & english
        assert left == set(), token
