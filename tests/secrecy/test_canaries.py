"""Test the search for secrets itself: it would be useless if it never found anything."""

from __future__ import annotations

import logging

import pytest
from canaries import LOGGERS, PAT, clean, held, shown, told

import dpyauth
from dpyauth.sandbox import Sandbox


class Leaky:
    def __init__(self) -> None:
        self.deep = [{"otp": b"?otp=C4nary1"}]
        self.made = lambda: PAT + str(self)


def test_a_secret_in_an_object_is_found() -> None:
    assert len(held(Leaky())) == 1
    with pytest.raises(AssertionError):
        clean(shown(Leaky()))


def test_a_secret_in_a_frame_is_found() -> None:
    with pytest.raises(ValueError) as failed:  # noqa: PT011
        exec(compile("def leak(token): raise ValueError\nleak(PAT)", "elsewhere.py", "exec"), {"PAT": PAT})
    with pytest.raises(AssertionError):
        clean(told(failed.value))


def test_every_log_is_heard(logged: pytest.LogCaptureFixture) -> None:
    for name in LOGGERS:
        logging.getLogger(name).debug("something of %s", name)
    heard = {record.name for record in logged.records if "something of" in record.getMessage()}
    assert heard == {name or "root" for name in LOGGERS} - {"dpyauth.net.websocket"}  # this logger passes no details on


@pytest.mark.parametrize("api", ["v3", "options"])
def test_an_interrupt_while_signing_in(api: str, box: Sandbox, interrupted: None) -> None:
    v3 = api == "v3"
    token, app_id, server = ("C4nary-r1ght-t0ken", box.app_id, box.url) if v3 else (PAT, box.options_app_id, box.rest)
    with pytest.raises(KeyboardInterrupt) as stopped:
        dpyauth.login(token, api=api, app_id=app_id, server=server, ask=False, timeout=5)
    clean(told(stopped.value))
