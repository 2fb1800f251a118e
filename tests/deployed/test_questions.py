"""Every question, at Deriv's own addresses, brings what it brings plainly from the sandbox."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from front import DERIV, FULL, PACKET, Front
from talk import SCRIPTS, Start, User

from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.users import Account

ROOT = Path(__file__).parents[2]
NOW = 1_793_620_800  # 2 November 2026, at noon
ELSEWHERE = {"close", "logout", "stream"}  # tested in other files here


@pytest.fixture
def box(compress: bool) -> Iterator[Sandbox]:
    """A sandbox where it is always now."""
    with Sandbox(limits=None, compress=compress, clock=lambda: NOW, hosts=DERIV) as running:
        yield running


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize(
    ("user", "record", "compress"),
    [("v3", PACKET, False), ("v3", FULL, True), ("options", PACKET, True), ("options", FULL, False)],
    indirect=True,
)
def test_every_question(start: Start, box: Sandbox, front: Front, user: User) -> None:
    if user.api == "options":
        box.faults.move("CR900001")  # so that there is a legacy statement
    server = box.url if user.api == "v3" else box.rest
    answers = []
    for where in ((), (server,)):  # behind TLS, and plainly; one after the other: a user has five connections at most
        talk = start("questions.py", str(NOW), *where, **user.env)
        answers.append(talk.next())
        talk.end()
    said, expected = answers
    assert (said["api"], said["account"]) == (user.api, "CR900001" if user.api == "v3" else "ROT900001")
    found, wanted = said["found"], expected["found"]
    assert lasting(found.pop("card")) == lasting(wanted.pop("card"))
    assert found.keys() == wanted.keys()
    assert [name for name in wanted if found[name] != wanted[name]] == []
    check_ledger(found["statement"], box, user)
    check_sizes(found, user)
    assert found["health"] == {"state": "signed in", "reconnects": 0, "streams": 0}
    assert not {"connection lost", "still no connection", "reconnected"} & set(found["events"])
    assert {host for host, _ in front.asked} == {"ws.derivws.com" if user.api == "v3" else "api.derivws.com"}


def lasting(card: str) -> list[str]:
    """The lines of a card that do not speak of this moment, or of where it came from."""
    card = card.replace(" · Sandbox: nothing here is real", "").replace("Sample account", "Real account")
    lines = card.splitlines()
    return [line for line in lines if not line.startswith(("Connection", "As of"))]


def check_ledger(statement: dict[str, Any], box: Sandbox, user: User) -> None:
    """Compare a statement with what the sandbox has in its books."""
    rows = list(csv.DictReader(io.StringIO(statement["csv"])))
    loginids = {row["loginid"] for row in rows}
    assert loginids == ({"CR900001"} if user.api == "v3" else {"ROT900001", "DOT900003"})
    for loginid in loginids:
        account: Account = box.world.account(loginid)
        shown = [
            (int(row["transaction_id"]), float(row["amount"]), float(row["balance_after"]))
            for row in rows
            if row["loginid"] == loginid
        ]
        kept = [
            (row.transaction_id, account.money(row.amount), account.money(row.balance_after))
            for row in account.ledger.rows
        ]
        assert sorted(shown) == sorted(kept)
    assert len(rows) > 999, "one page is not enough"


def check_sizes(found: dict[str, Any], user: User) -> None:
    """See to it that replies were of a size that no single record holds."""
    large = {"call, statement", "call, profit_table", "call, ticks_history", "call, candles"}
    if user.api == "options":
        large.add("call, legacy_statement")
    assert [name for name in large if found[name]["size"] < 3 * FULL] == []
    assert len(found["call, statement"]["reply"]["statement"]["transactions"]) == 999
    assert len(found["call, ticks_history"]["reply"]["history"]["prices"]) == 5000
    assert len(found["call, candles"]["reply"]["candles"]) == 5000


def test_no_question_of_the_guide_is_missing() -> None:
    """The guide's tables and the script's list are the same."""
    page = (ROOT / "notebooks" / "guide" / "questions.md").read_text(encoding="utf-8")
    named = set(re.findall(r"session\.(?:aio\.)?(\w+)\(", page))
    assert len(named) > 25
    script = (SCRIPTS / "questions.py").read_text()
    asked = set(re.findall(r"session\.(\w+)\(", script))
    assert named - asked - ELSEWHERE == set()
