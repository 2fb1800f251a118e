"""Test the questions about an account; tests/frames tests their frames."""

from __future__ import annotations

import pandas as pd
import pytest

from dpyauth.errors import BadReply
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

FRAMES = ["account_status", "accounts", "balance", "currencies", "status_flags", "verification"]
FRAMES += ["cashier_problems"]


@pytest.mark.parametrize("name", FRAMES)
def test_frames_say_where_they_come_from(session: Session, name: str) -> None:
    frame = getattr(session, name)()
    assert isinstance(frame, pd.DataFrame)
    assert len(frame) >= 1 or name == "cashier_problems"  # it has none
    assert "CR900001" in frame.to_string() + str(frame.attrs)


@pytest.mark.parametrize("name", FRAMES)
def test_a_reply_without_its_payload_is_no_reply(
    session: Session, box: Sandbox, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "dpyauth.sandbox.encoding.encode",
        lambda reply, echo: '{"msg_type": "x", "req_id": %d}' % echo["req_id"],  # noqa: UP031
    )
    with pytest.raises(BadReply, match="contains no data of that call"):
        getattr(session, name)()
