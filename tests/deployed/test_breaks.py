"""TLS connections that break in the middle of calls: reads come back, and no change is sent twice."""

from __future__ import annotations

import pytest
from front import Front
from talk import PATIENCE, Start, User, user_of

from dpyauth.sandbox import Sandbox

CUTS = {
    "reset": ("reset",),
    "no goodbye": ("fin",),
    "within a record": ("truncate", 700),
    "no TLS at all": ("garbage", b"HTTP/1.1 502 Bad Gateway\r\n\r\n"),
    "silence": ("stall", 100),
}


def arrivals(box: Sandbox, call: str) -> int:
    return sum(one.call == call for one in box.received)


@pytest.mark.parametrize("cut", CUTS)
def test_reads_come_back(start: Start, box: Sandbox, front: Front, user: User, cut: str) -> None:
    talk = start("breaks.py", **user.env)
    assert talk.next() == {"ready": user.loginid}
    box.faults.delay(0.7, "statement", times=8)
    talk.say("reads")
    assert box.wait_until(lambda box: arrivals(box, "statement") == 8, PATIENCE)
    fault, *args = CUTS[cut]
    assert front.now(fault, *args)
    rows = min(999, len(box.world.account(user.loginid).ledger.rows))
    assert talk.next() == [rows] * 8 + [user.loginid]
    talk.say("events")
    assert "reconnected" in talk.next()
    talk.end()


def test_a_change_is_not_repeated(start: Start, box: Sandbox, front: Front, user: User) -> None:
    talk = start("breaks.py", **user.env)
    talk.next()
    box.faults.swallow("buy")
    talk.say("change")
    assert box.wait_until(lambda box: arrivals(box, "buy") == 1, PATIENCE)
    front.now("reset")
    said = talk.next()
    assert said["error"] == "OutcomeUnknown"
    assert "buy" in said["text"]
    talk.say("reads")
    assert talk.next()[-1] == user.loginid
    assert arrivals(box, "buy") == 1
    talk.end()


def test_a_change_over_http_is_not_repeated(start: Start, box: Sandbox, front: Front) -> None:
    talk = start("breaks.py", **user_of("options", box).env)
    talk.next()
    box.faults.swallow("reset_demo_balance")
    talk.say("refill")
    assert box.wait_until(lambda box: arrivals(box, "reset_demo_balance") == 1, PATIENCE)
    front.now("reset")
    assert talk.next()["error"] == "OutcomeUnknown"
    talk.say("refill")
    assert talk.next()["error"] is None
    assert arrivals(box, "reset_demo_balance") == 2
    talk.end()
