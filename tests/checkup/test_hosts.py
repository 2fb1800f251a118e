"""Test checking Deriv's hosts: they are reached as by a session, and failures are explained."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import certificates as certs
import pytest
from front import DERIV, Front
from proxy import Proxy

from dpyauth.checkup import Checkup, doctor
from dpyauth.checkup.hosts import Clock, clock_row
from dpyauth.errors import InvalidSetting
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

Open = Callable[..., Session]

NEW, OLD = "Deriv's current API", "Deriv's older API (v3)"


def hosts(checkup: Checkup) -> dict[str, tuple[str, str, str]]:
    """Return the result, the finding and the advice, by host and protocol."""
    rows = checkup.checks.set_index("check")
    chosen = rows[rows["group"].isin([NEW, OLD])]
    return {str(check): (row["result"], row["found"], row["advice"]) for check, row in chosen.iterrows()}


def test_all_of_derivs_hosts_over_tls(front: Front) -> None:
    found = hosts(doctor())
    assert list(found) == [
        "api.derivws.com, calls over HTTP",
        "api.derivws.com, WebSocket",
        "auth.deriv.com, sign-in pages",
        "ws.derivws.com, WebSocket",
        "oauth.deriv.com, sign-in pages",
    ]
    for result, what, advice in found.values():
        assert (result, advice) == ("ok", "")
        assert what.startswith("through the proxy; first reply after ")
        assert "(with TLS)" in what
        assert what.endswith(" ms a round trip")
    assert {host for host, _ in front.asked} == set(DERIV)


def test_the_sandbox_of_a_session(box: Sandbox, open_options: Open, front: Front) -> None:
    """If a session is in use, only what it uses is checked."""
    checkup = doctor(open_options("rich"))
    found = hosts(checkup)
    assert list(found) == [f"127.0.0.1:{box.port}, calls over HTTP", f"127.0.0.1:{box.port}, WebSocket"]
    assert {result for result, _, _ in found.values()} == {"ok"}
    assert front.asked == []
    rows = checkup.checks.set_index("group")
    assert rows.loc["Session", "found"].startswith("signed in; Deriv's current API; demo account; scopes: not stated")
    assert rows.loc["Clock", "result"] == "ok"


def test_another_server_and_other_sign_in_pages(box: Sandbox) -> None:
    found = hosts(doctor(server=box.url, oauth_host=box.oauth_host))
    assert list(found) == [f"127.0.0.1:{box.port}, WebSocket", f"127.0.0.1:{box.port}, sign-in pages"]
    assert {result for result, _, _ in found.values()} == {"ok"}


def test_settings_that_cannot_be_right(box: Sandbox, open_options: Open) -> None:
    with pytest.raises(InvalidSetting, match="either a session or server="):
        doctor(open_options("rich"), server=box.rest)
    with pytest.raises(InvalidSetting, match="must not be sent unencrypted"):
        doctor(server="ws://example.org")
    with pytest.raises(InvalidSetting, match="sign-in pages"):
        doctor(oauth_host="https://example.org/login?token=x")
    with pytest.raises(InvalidSetting):
        doctor(timeout=0)
    for session in (None, open_options("rich")):
        with pytest.raises(InvalidSetting, match="The API must be one of"):
            doctor(session, api="v4")


@pytest.mark.parametrize("session", ["rich", 0, object()])
def test_values_that_are_not_sessions(session: Any) -> None:
    with pytest.raises(InvalidSetting, match="takes a session for 'session'"):
        doctor(session)


def test_an_api_that_is_switched_off_is_a_problem_only_for_its_users(box: Sandbox, front: Front) -> None:
    box.faults.refuse(520, times=2)
    checkup = doctor()
    result, what, _ = hosts(checkup)["api.derivws.com, WebSocket"]
    assert (result, "the server answered with HTTP 520" in what) == ("problem", True)
    result, what, advice = hosts(checkup)["ws.derivws.com, WebSocket"]
    assert result == "note"
    assert "HTTP 520" in what
    assert "Deriv is retiring this API" in what
    assert 'dpyauth.login(api="options", ask=True)' in advice
    assert checkup.problems == 1
    box.faults.refuse(520, times=2)
    assert hosts(doctor(api="v3"))["ws.derivws.com, WebSocket"][0] == "problem"


@pytest.mark.parametrize(
    ("name", "value"), [("DERIV_TOKEN", "a1-C4naryC4naryC4nary"), ("DERIV_APP_ID", "1089"), ("DERIV_API", "v3")]
)
def test_the_environment_says_which_api_the_user_has(
    box: Sandbox, front: Front, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    box.faults.refuse(520, times=2)
    checkup = doctor()
    assert hosts(checkup)["ws.derivws.com, WebSocket"][0] == "problem"
    assert "C4nary" not in str(checkup)


@pytest.mark.parametrize("present", [certs.STRANGER, certs.EXPIRED, certs.OTHER])
def test_a_certificate_that_is_not_trusted(front: Front, present: str) -> None:
    front.present = present
    checkup = doctor()
    for result, what, advice in hosts(checkup).values():
        assert result in {"problem", "note"}
        assert "the server's certificate is not valid" in what
        assert "Behind a company proxy" in advice
    assert checkup.problems == 3
    clock = checkup.checks.set_index("group").loc["Clock"]
    assert (clock["result"], "wrong by days" in clock["advice"]) == ("note", True)


def test_a_proxy_that_wants_a_password_and_gets_a_wrong_one(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    front.password = "me:mine"
    monkeypatch.setenv("HTTPS_PROXY", front.address.replace("://", "://jane:C4nary@"))
    checkup = doctor()
    assert all("HTTP 407" in what for _, what, _ in hosts(checkup).values())
    for word in ("C4nary", "jane", "mine"):
        assert word not in f"{checkup} {checkup._repr_html_()} {checkup.to_dict()}"


def test_a_name_that_does_not_resolve() -> None:
    found = hosts(doctor(server="https://deriv.invalid"))
    assert {what for _, what, _ in found.values()} == {
        "the server's name could not be found; check the internet connection"
    }
    assert {result for result, _, _ in found.values()} == {"problem"}


RESOLVER = """
import socket, sys, threading
from dpyauth.__main__ import main

ours = socket.getaddrinfo
silent = threading.Event()
socket.getaddrinfo = lambda host, *more, **named: silent.wait() if "deriv" in str(host) else ours(host, *more, **named)
sys.exit(main(["doctor", "--timeout", "0.5"]))
"""


def test_a_silent_resolver_delays_nothing() -> None:
    """It does not even delay the end of the program."""
    without = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    ran = subprocess.run(
        [sys.executable, "-c", RESOLVER], capture_output=True, text=True, env=without, timeout=60, check=False
    )
    assert (ran.returncode, ran.stderr) == (1, "")
    assert " ".join(ran.stdout.split()).count("the name was not found within 0.5 s") == 5


def test_nothing_listens_there(box: Sandbox) -> None:
    address = box.rest
    box.stop()
    found = hosts(doctor(server=address))
    assert all("nothing answers at that address" in what for _, what, _ in found.values())
    assert {result for result, _, _ in found.values()} == {"problem"}


@pytest.fixture
def silent() -> Iterator[str]:
    """Run a server that accepts connections and sends nothing."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_server_that_says_nothing(silent: str) -> None:
    found = hosts(doctor(server=silent, oauth_host=silent, timeout=0.5))
    assert len(found) == 3
    for result, what, _ in found.values():
        assert result == "problem"
        assert "0.5 s" in what


def test_an_interrupt_frees_the_cell(silent: str, eventually: Any) -> None:
    began = time.monotonic()
    timer = threading.Timer(0.5, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        doctor(server=silent, timeout=60)
    assert time.monotonic() - began < 30
    timer.join()
    eventually(lambda: not [thread for thread in threading.enumerate() if thread.name == "dpyauth"])


def test_something_else_answers(box: Sandbox) -> None:
    """Either a page of a gateway, or Deriv's own message that it is down."""
    box.faults.http(200, "health", times=2)
    result, what, _ = hosts(doctor(server=box.rest))[f"127.0.0.1:{box.port}, calls over HTTP"]
    assert (result, "something unreadable" in what) == ("problem", True)
    box.faults.maintenance()
    for result, what, _ in hosts(doctor(server=box.rest)).values():
        assert (result, "503" in what) == ("problem", True)
    box.faults.clear()


def test_the_message_of_a_server_is_not_repeated(box: Sandbox) -> None:
    """The message of a filter may name the user and the machine."""
    words = "janedoe at 10.1.2.3 (CR900001) is blocked"
    body = f'{{"errors":[{{"code":"Blocked","message":"{words}"}}]}}'
    box.faults.http(403, "health", body=body, times=2)
    box.faults.error("Blocked", "time", message=words, times=2)
    checkup = doctor(server=box.rest)
    found = hosts(checkup)
    assert [result for result, _, _ in found.values()] == ["problem", "problem"]
    for _, said, advice in found.values():
        assert "replies with an error (" in said
        assert "token" not in advice
    for word in ("janedoe", "10.1.2", "CR9"):
        assert word not in str(checkup)


def test_a_slow_connection_is_noted(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dpyauth.checkup.hosts.SLOW", 0.05)
    with Proxy(box.port) as proxy:
        proxy.next("delay", 0.1, times=2)
        result, _, advice = hosts(doctor(server=proxy.url))[f"127.0.0.1:{proxy.port}, WebSocket"]
    assert (result, "login(timeout=…)" in advice) == ("note", True)


@pytest.mark.parametrize(
    ("off", "result", "said"),
    [
        (0, "ok", "agrees with Deriv's"),
        (90, "note", r"is (89|90|91) s behind Deriv's"),
        (-4000, "problem", r"is (3,999|4,000|4,001) s ahead of Deriv's"),
    ],
)
def test_the_clock(off: int, result: str, said: str) -> None:
    with Sandbox(limits=None, clock=lambda: time.time() + off) as box:
        row = doctor(server=box.rest).checks.set_index("group").loc["Clock"]
    assert row["result"] == result
    assert re.fullmatch(said, row["found"])


def test_the_clock_is_read_from_the_header_if_the_socket_does_not_answer(box: Sandbox) -> None:
    box.faults.refuse(503, times=1)
    rows = doctor(server=box.rest).checks.set_index("group")
    assert rows.loc["Clock", "result"] == "ok"


def test_the_time_of_the_api_counts_more_than_a_header() -> None:
    clock = Clock()
    clock.heard(time.time() - 50, time.time(), sure=False)
    clock.heard(time.time() - 100, time.time(), sure=True)
    clock.heard(time.time() - 50, time.time(), sure=False)
    assert re.fullmatch("is (99|100) s ahead of Deriv's", clock_row(clock).found)


def test_sign_in_pages_that_refuse_programs(box: Sandbox) -> None:
    with Proxy(box.port) as proxy:
        proxy.next("status", 403, times=9)
        found = hosts(doctor(server=box.url, oauth_host=f"http://127.0.0.1:{proxy.port}"))
    result, what, advice = found[f"127.0.0.1:{proxy.port}, sign-in pages"]
    assert (result, what) == ("note", "replies with HTTP 403: this program is blocked")
    assert "company filter" in advice
