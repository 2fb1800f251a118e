"""Streams over TLS: updates, payments, and what comes after a break."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest
from front import Front
from talk import PATIENCE, Start, Talk, User

from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.users import Account

Update = dict[str, Any]


class Updates:
    """What the streams of a script have said, each stream's updates in order."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._unread: dict[str, deque[Update]] = {"ticks": deque(), "balance": deque()}

    def until(self, stream: str, fits: Callable[[Update], bool]) -> Update:
        """Read a stream until an update fits."""
        end = time.monotonic() + PATIENCE
        while True:
            while not self._unread[stream]:
                assert time.monotonic() < end, f"no such update of {stream}"
                said = self._talk.next()
                self._unread[said["stream"]].append(said["update"])
            update = self._unread[stream].popleft()
            if fits(update):
                return update


def pay(box: Sandbox, loginid: str) -> float:
    """Pay something in; return what the balance is then."""
    box.pay(loginid, 25)
    account: Account = box.world.account(loginid)
    return account.money(account.ledger.balance)


@pytest.mark.usefixtures("record", "compress")
def test_updates_and_a_break(start: Start, box: Sandbox, front: Front, user: User) -> None:
    talk = start("streams.py", **user.env)
    updates = Updates(talk)
    updates.until("balance", lambda update: True)
    first = updates.until("ticks", lambda update: update["tick"]["symbol"] == "R_100")
    after = pay(box, user.loginid)
    updates.until("balance", lambda update: update["balance"]["balance"] == after)

    front.now("reset")
    gap = updates.until("ticks", lambda update: "gap" in update)
    assert gap["gap"]["filled"] is True
    assert gap["tick"]["epoch"] > first["tick"]["epoch"]
    updates.until("balance", lambda update: "gap" in update)
    after = pay(box, user.loginid)
    updates.until("balance", lambda update: update["balance"]["balance"] == after)

    talk.say("enough")
    while (said := talk.next())["stream"]:
        pass
    assert said["streams"] == 0
    assert "reconnected" in said["events"]
    talk.end()
