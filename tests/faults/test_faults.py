"""Whatever goes wrong on the way: a read ends in its reply or a typed error, a change is never sent twice, streams go
on, and the session is usable afterwards. Nothing here waits without a limit."""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple

import pytest
from helpers import on_thread
from proxy import Proxy

from dpyauth.credentials import api_token
from dpyauth.errors import (
    ApiError,
    ApiUnavailable,
    CallTimeout,
    ConnectionFailed,
    ConnectionLost,
    DpyauthError,
    NotSignedIn,
    OutcomeUnknown,
    RateLimited,
    SessionClosed,
    SignInRefused,
)
from dpyauth.net import keepalive
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

Open = Callable[..., Session]
Tune = Callable[[str, object], None]
Eventually = Callable[..., None]
Strike = Callable[[Sandbox, Proxy, str], object]

READ, CHANGE = "balance", "api_token"
ENOUGH = 15.0
"""No wait of these tests takes longer, in seconds: what does is a hang."""

CLOSE_FRAME = b"\x88\x02\x03\xe9"  # close, code 1001
ENDLESS_FRAME = b"\x81\x7e\xff\xff"  # text, 65535 bytes long
GIANT_FRAME = b"\x81\x7f\x00\x00\x01\x00\x00\x00\x00\x00"  # text, 2**40 bytes long
NOT_UTF8 = b"\x81\x02\xff\xfe"
RESERVED_OPCODE = b"\x83\x00"
HTML = b"<html><title>Cloudflare</title></html>"


class Trouble(NamedTuple):
    """What goes wrong, and what a call then ends in: its reply (None) or an error of this type."""

    strike: Strike
    read: type[DpyauthError] | None = None
    change: type[DpyauthError] | None = OutcomeUnknown
    during: bool = False
    """Whether it strikes while the call is in flight, which means: done by the server, but not answered."""
    timeout: float = 5.0


def network(fault: str, *args: Any, **more: Any) -> Strike:
    return lambda box, proxy, call: proxy.now(fault, *args, **more)


def close(code: int) -> Strike:
    return lambda box, proxy, call: box.faults.drop(code=code)


def frame(content: str | bytes) -> Strike:
    return lambda box, proxy, call: box.faults.garbage(call, frame=content)


def comes_back(fault: str, *args: Any, times: int = 1, **more: Any) -> Strike:
    """The connection breaks, and the next ones have this fault from the start."""

    def strike(box: Sandbox, proxy: Proxy, call: str) -> None:
        proxy.next(fault, *args, times=times, **more)
        proxy.now("reset")

    return strike


def away(box: Sandbox, proxy: Proxy, call: str) -> None:
    proxy.refuse()
    proxy.now("reset")
    threading.Timer(0.3, proxy.accept).start()


def maintenance(box: Sandbox, proxy: Proxy, call: str) -> None:
    box.faults.maintenance()
    box.faults.drop(code=1012)
    threading.Timer(0.3, box.faults.maintenance, ["up"]).start()


def goodbye_without_end(box: Sandbox, proxy: Proxy, call: str) -> None:
    proxy.now("half_open")
    proxy.now("garbage", CLOSE_FRAME)


UNKNOWN = json.dumps({"req_id": 987_654_321, "msg_type": "ping", "ping": "pong"})

TROUBLES = {
    # The network
    "reset": Trouble(network("reset"), during=True),
    "the end without a goodbye (1006)": Trouble(network("fin"), during=True),
    "half-open, reply on its way": Trouble(network("half_open"), during=True),
    "half-open, request on its way": Trouble(network("half_open")),
    "stall between frames": Trouble(network("stall")),
    "stall in a frame's header": Trouble(network("stall", after=1)),
    "stall in mid-frame": Trouble(network("stall", after=40)),
    "stall in mid-frame, of the server too": Trouble(
        lambda box, proxy, call: (proxy.now("stall", after=40), box.faults.stall())
    ),
    "frame cut off": Trouble(network("truncate", after=40)),
    "byte by byte": Trouble(network("bytewise"), change=None),
    "late bytes": Trouble(network("delay", 0.1), change=None),
    "garbage bytes": Trouble(network("garbage", b"\xff" * 64), during=True),
    "a frame that never ends": Trouble(network("garbage", ENDLESS_FRAME), during=True),
    "a frame that claims to be giant": Trouble(network("garbage", GIANT_FRAME), during=True),
    "text that is none": Trouble(network("garbage", NOT_UTF8), during=True),
    "an unknown kind of frame": Trouble(network("garbage", RESERVED_OPCODE), during=True),
    "a goodbye, but the line stays open": Trouble(goodbye_without_end, during=True),
    # The server's goodbyes
    **{f"close {code}": Trouble(close(code), during=True) for code in (1000, 1001, 1011, 1012, 1013)},
    "close 1006 in so many words": Trouble(close(1006), during=True),
    # Replies that are none
    "truncated JSON": Trouble(frame('{"req_id": 2, "balance": {"bal')),
    "not JSON": Trouble(frame("<html>")),
    "JSON, but no object": Trouble(frame("[1]")),
    "binary frame": Trouble(frame(b"{}")),
    "5 MB frame": Trouble(lambda box, proxy, call: box.faults.oversize(5_000_000, call), change=None),
    # Replies that go astray
    "doubled reply": Trouble(lambda box, proxy, call: box.faults.duplicate(call), change=None),
    "late reply": Trouble(lambda box, proxy, call: box.faults.delay(0.2, call), change=None),
    "reply after the time-out": Trouble(
        lambda box, proxy, call: box.faults.delay(1.0, call), read=CallTimeout, timeout=0.5
    ),
    "no reply": Trouble(lambda box, proxy, call: box.faults.swallow(call), read=CallTimeout, timeout=0.5),
    "reply to nobody": Trouble(frame(UNKNOWN), read=CallTimeout, timeout=0.5),
    "reply without a req_id": Trouble(frame('{"msg_type": "balance"}'), read=CallTimeout, timeout=0.5),
    # The server refuses
    "rate limit": Trouble(lambda box, proxy, call: box.faults.rate_limit(call), change=RateLimited),
    "maintenance": Trouble(maintenance, during=True),
    # Coming back is not easy
    "refused for a while": Trouble(away, during=True),
    **{
        f"HTTP {code} on the way back": Trouble(comes_back("status", code, HTML, times=2), during=True)
        for code in (401, 403, 429, 503, 520)
    },
    "slow handshake on the way back": Trouble(comes_back("slow", 0.3), during=True),
    "no handshake on the way back": Trouble(comes_back("silent"), during=True),
    "handshake cut off on the way back": Trouble(comes_back("truncate", after=20), during=True),
    "handshake byte by byte on the way back": Trouble(comes_back("bytewise"), during=True),
    "handshake stalls on the way back": Trouble(comes_back("stall", after=20), during=True),
    "plain text on the way back": Trouble(comes_back("plain"), during=True),
    "garbage on the way back": Trouble(comes_back("garbage", b"\xff" * 64), during=True),
    "reset on the way back": Trouble(comes_back("reset", times=3), during=True),
    "breaks during the sign-in": Trouble(comes_back("truncate", after=200), during=True),
    "sign-in unanswered": Trouble(
        lambda box, proxy, call: (box.faults.swallow("authorize"), proxy.now("reset")), during=True
    ),
    "sign-in rate limited": Trouble(
        lambda box, proxy, call: (box.faults.rate_limit("authorize"), proxy.now("reset")), during=True
    ),
}

every_trouble = pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)


def arrivals(box: Sandbox, call: str) -> int:
    return sum(received.call == call for received in box.received)


def under(trouble: Trouble, box: Sandbox, proxy: Proxy, call: str, ask: Callable[[float], Any]) -> Any:
    """Ask while something goes wrong. Returns the reply, or the error it ended in."""
    before = arrivals(box, call)
    if trouble.during:
        box.faults.swallow(call)
    else:
        trouble.strike(box, proxy, call)
    asked = on_thread(lambda: ask(trouble.timeout))
    if trouble.during:
        assert box.wait_until(lambda box: arrivals(box, call) > before)
        trouble.strike(box, proxy, call)
    return outcome(asked)


def outcome(asked: Future[Any]) -> Any:
    """What it ended in; nothing but a reply or one of our errors will do."""
    error = asked.exception(ENOUGH)
    if error is None:
        return asked.result()
    if not isinstance(error, DpyauthError):
        raise error
    return error


def is_as_expected(ended: Any, expected: type[DpyauthError] | None) -> bool:
    return type(ended) is expected if expected else isinstance(ended, dict)


def is_usable(session: Session) -> bool:
    """Whether it answers again, and to the right question."""
    reply = outcome(on_thread(lambda: session.call("ping", passthrough={"again": 1}, timeout=ENOUGH)))
    return session.state == "signed in" and isinstance(reply, dict) and reply["echo_req"]["passthrough"] == {"again": 1}


# Every trouble


@every_trouble
def test_a_read_and_a_stream(through: Open, box: Sandbox, proxy: Proxy, trouble: Trouble) -> None:
    session = through()
    stream = session.stream(READ)
    ended = under(trouble, box, proxy, READ, lambda timeout: session.call(READ, timeout=timeout))
    assert is_as_expected(ended, trouble.read), ended
    if isinstance(ended, dict):
        assert ended["balance"]["loginid"] == "CR900001"
    assert is_usable(session)
    assert goes_on(stream, box)
    assert session.health()["streams"] == 1


@every_trouble
def test_a_change(through: Open, box: Sandbox, proxy: Proxy, trouble: Trouble) -> None:
    session = through()
    ended = under(
        trouble, box, proxy, CHANGE, lambda timeout: session.call(CHANGE, new_token="only once", timeout=timeout)
    )
    assert is_as_expected(ended, trouble.change), ended
    assert is_usable(session)
    done = sum(grant.name == "only once" for grant in box.world.issued.values())
    assert arrivals(box, CHANGE) <= 1
    assert done <= 1
    if isinstance(ended, dict) or trouble.during:
        assert done == 1


@every_trouble
def test_opening_a_stream(through: Open, box: Sandbox, proxy: Proxy, trouble: Trouble) -> None:
    session = through()
    opened: list[Any] = []

    def ask(timeout: float) -> Any:
        opened.append(session.stream(READ, timeout=timeout))
        return opened[0].next(timeout)

    ended = under(trouble, box, proxy, READ, ask)
    assert is_as_expected(ended, trouble.read), ended
    assert is_usable(session)
    if not opened:
        opened.append(open_again(session, proxy))
    assert goes_on(opened[0], box)


def open_again(session: Session, proxy: Proxy) -> Any:
    """Open a stream whose first request was never answered."""
    ended = outcome(on_thread(lambda: session.stream(READ, timeout=ENOUGH)))
    if isinstance(ended, ApiError):  # Deriv has it already, under an id that only the lost reply told
        assert ended.code == "AlreadySubscribed"
        proxy.now("reset")
        ended = outcome(on_thread(lambda: session.stream(READ, timeout=ENOUGH)))
    return ended


amounts = itertools.count(1)


def goes_on(stream: Any, box: Sandbox) -> bool:
    """Whether a stream of balances tells of the next change, or says why it does not."""
    amount = next(amounts)

    def listen() -> bool:
        before = box.world.account("CR900001").ledger.balance
        while True:  # after a break the first update tells how things are; nothing before that counts
            box.pay("CR900001", amount)
            try:
                while stream.next(1.0)["balance"]["balance"] * 100 < before + amount * 100 - 0.5:
                    pass
                return True
            except CallTimeout:
                continue

    try:
        return on_thread(listen).result(ENOUGH)
    except TimeoutError:
        return False


# Half-open


def test_half_open_is_found_within_35_seconds() -> None:
    assert keepalive.PING_EVERY + keepalive.PING_TIMEOUT <= 35


def test_half_open_is_found_though_nobody_asks(through: Open, proxy: Proxy, eventually: Eventually) -> None:
    session = through()
    proxy.now("half_open")
    eventually(lambda: session.health()["reconnects"] == 1)
    assert is_usable(session)


def test_a_line_that_stays_open_after_the_goodbye_does_not_cost_a_ping(
    through: Open, proxy: Proxy, eventually: Eventually, tune: Tune
) -> None:
    tune("keepalive.PING_EVERY", 1000.0)
    session = through()
    proxy.now("half_open")
    proxy.now("garbage", CLOSE_FRAME)
    eventually(lambda: session.health()["reconnects"] == 1)
    assert is_usable(session)


@pytest.mark.parametrize("fault", ["half_open", "stall", "reset", "fin"])
def test_closing_on_a_broken_line_takes_little_time(through: Open, proxy: Proxy, fault: str, tune: Tune) -> None:
    tune("connector.CLOSE_TIMEOUT", 30.0)  # it must not be waited for
    session = through()
    waiting = on_thread(lambda: session.call("ping"))
    outcome(waiting)
    proxy.now(fault)
    begin = time.monotonic()
    outcome(on_thread(session.close))
    assert time.monotonic() - begin < 3
    assert session.state == "closed"


# Replies in a muddle


@pytest.mark.parametrize("delivery", ["as they come", "byte by byte"])
def test_replies_out_of_order(through: Open, box: Sandbox, proxy: Proxy, delivery: str) -> None:
    session = through()
    if delivery == "byte by byte":
        proxy.now("bytewise")
    box.faults.reorder(10, "ping")

    async def main() -> list[Any]:
        return await asyncio.gather(*(session.aio.call("ping", passthrough={"n": n}) for n in range(10)))

    replies = on_thread(lambda: asyncio.run(main())).result(ENOUGH)
    assert [reply["echo_req"]["passthrough"]["n"] for reply in replies] == list(range(10))
    assert session.health()["stray_replies"] == 0


def test_a_late_reply_is_nobody_elses(through: Open, box: Sandbox, eventually: Eventually) -> None:
    session = through()
    box.faults.delay(0.6, "ping")
    with pytest.raises(CallTimeout):
        session.call("ping", passthrough={"n": 1}, timeout=0.1)
    for n in range(2, 6):
        assert session.call("ping", passthrough={"n": n})["echo_req"]["passthrough"] == {"n": n}
    eventually(lambda: session.health()["stray_replies"] == 1)


def test_a_doubled_reply_is_counted(through: Open, box: Sandbox, eventually: Eventually) -> None:
    session = through()
    box.faults.duplicate("ping")
    session.call("ping")
    eventually(lambda: session.health()["stray_replies"] == 1)


@pytest.mark.parametrize("trouble", [TROUBLES["reset"], TROUBLES["half-open, reply on its way"]], ids=["reset", "half"])
def test_many_in_flight(through: Open, box: Sandbox, proxy: Proxy, trouble: Trouble) -> None:
    session = through()
    box.faults.swallow("*", times=20)
    reads = [on_thread(lambda n=n: session.call("ping", passthrough={"n": n})) for n in range(10)]
    changes = [on_thread(lambda n=n: session.call(CHANGE, new_token=f"number {n}")) for n in range(10)]
    assert box.wait_until(lambda box: arrivals(box, CHANGE) >= 10 and arrivals(box, "ping") >= 10)
    trouble.strike(box, proxy, "")
    for n, read in enumerate(reads):
        assert outcome(read)["echo_req"]["passthrough"] == {"n": n}
    assert {type(outcome(change)) for change in changes} == {OutcomeUnknown}
    assert arrivals(box, CHANGE) == 10


# The first connection


@pytest.mark.parametrize(
    ("fault", "args", "kind", "said"),
    [
        ("status", (401, HTML), SignInRefused, "app ID"),
        ("status", (403, HTML), ConnectionFailed, "a company proxy"),
        ("status", (429, HTML), ConnectionFailed, "too many connections"),
        ("status", (503, HTML), ConnectionFailed, "maintenance"),
        ("status", (520, HTML), ApiUnavailable, "520"),
        ("status", (302, HTML), ApiUnavailable, "302"),
        ("plain", (), ConnectionFailed, "400"),
        ("silent", (), ConnectionFailed, "no answer within"),
        ("slow", (30.0,), ConnectionFailed, "no answer within"),
        ("stall", (20,), ConnectionFailed, "no answer within"),
        ("truncate", (20,), ConnectionFailed, ""),
        ("garbage", (b"\xff" * 64,), ConnectionFailed, ""),
        ("garbage", (b"HTTP/1.1 101 \xff\r\n\r\n",), ConnectionFailed, ""),
        ("reset", (), ConnectionFailed, ""),
        ("half_open", (), ConnectionFailed, "no answer within"),
    ],
)
def test_a_first_connection_that_fails(
    through: Open, proxy: Proxy, fault: str, args: tuple[Any, ...], kind: type[DpyauthError], said: str
) -> None:
    session = through(None)
    proxy.next(fault, *args)
    ended = outcome(on_thread(lambda: sign_in(session)))
    assert type(ended) is kind
    assert said in str(ended)
    assert session.state == "signed out"
    with pytest.raises(NotSignedIn):
        session.call(READ)
    sign_in(session)
    assert is_usable(session)


def test_a_long_reply_on_a_slow_line_is_no_silence(through: Open, proxy: Proxy, box: Sandbox, tune: Tune) -> None:
    tune("keepalive.PING_TIMEOUT", 2.5)
    session = through(timeout=20.0)
    box.faults.oversize(7000, READ)
    proxy.now("bytewise", count=7000, lasting=4.0)  # longer than a ping may take
    begin = time.monotonic()
    assert isinstance(outcome(on_thread(lambda: session.call(READ))), dict)
    assert time.monotonic() - begin > keepalive.PING_EVERY + keepalive.PING_TIMEOUT
    assert session.health()["reconnects"] == 0


def test_a_silent_death_is_found_while_a_call_waits(through: Open, proxy: Proxy, tune: Tune) -> None:
    tune("keepalive.PING_EVERY", 1000.0)
    tune("keepalive.DOUBT_AFTER", 0.2)
    session = through()
    proxy.now("half_open")
    assert isinstance(outcome(on_thread(lambda: session.call(READ))), dict)
    assert session.health()["reconnects"] == 1


@pytest.mark.parametrize("fault", [("slow", 0.3), ("bytewise",), ("delay", 0.05)])
def test_a_first_connection_that_takes_its_time(
    through: Open, proxy: Proxy, fault: tuple[Any, ...], tune: Tune
) -> None:
    tune("protocol.HANDSHAKE_TIMEOUT", 15.0)
    proxy.next(*fault)
    assert is_usable(through())


def sign_in(session: Session, token: str = "sandbox-rich-all") -> Any:
    return session.core.sign_in_and_wait(api_token(token, "a test"))


def test_nobody_listens(through: Open, proxy: Proxy) -> None:
    session = through(None)
    proxy.refuse()
    ended = outcome(on_thread(lambda: sign_in(session)))
    assert type(ended) is ConnectionFailed
    assert "nothing answers" in str(ended)
    proxy.accept()
    sign_in(session)
    assert is_usable(session)


def test_a_server_that_speaks_no_tls(through: Open, proxy: Proxy) -> None:
    session = through(None, server=proxy.url.replace("ws:", "wss:"))
    proxy.next("plain")
    ended = outcome(on_thread(lambda: sign_in(session)))
    assert type(ended) is ConnectionFailed
    assert "no encrypted connection" in str(ended)
    assert session.state == "signed out"


def test_a_server_that_never_answers_in_tls(through: Open, proxy: Proxy) -> None:
    session = through(None, server=proxy.url.replace("ws:", "wss:"))
    proxy.next("silent")
    assert type(outcome(on_thread(lambda: sign_in(session)))) is ConnectionFailed


# Names that are not found


def unresolved(*args: Any, **more: Any) -> Any:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_a_name_that_is_not_found(through: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", unresolved)
    session = through(None, server="wss://name.invalid/websockets/v3")
    ended = outcome(on_thread(lambda: sign_in(session)))
    assert type(ended) is ApiUnavailable
    assert "name could not be found" in str(ended)


def test_a_name_that_cannot_be_one(through: Open) -> None:
    session = through(None, server=f"wss://{'a' * 70}.invalid/websockets/v3")
    assert type(outcome(on_thread(lambda: sign_in(session)))) is ConnectionFailed


def test_a_name_that_is_lost_and_found(
    through: Open, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    session = through(server=proxy.url.replace("127.0.0.1", "localhost"))
    with monkeypatch.context() as no_names:
        no_names.setattr("socket.getaddrinfo", unresolved)
        proxy.now("reset")
        eventually(lambda: session.state == "reconnecting")
        with pytest.raises(ApiUnavailable, match="name could not be found"):
            session.call(READ, timeout=0.3)
        with pytest.raises(ConnectionLost, match="not sent"):
            session.call(CHANGE, new_token="not at all")
    assert is_usable(session)


# Refusals that last


@pytest.mark.parametrize("status", [401, 403, 429, 503, 520])
def test_a_refusal_that_lasts_is_named(
    through: Open, proxy: Proxy, box: Sandbox, status: int, eventually: Eventually
) -> None:
    session = through()
    proxy.next("status", status, HTML, times=10_000)
    proxy.now("reset")
    eventually(lambda: session.state == "reconnecting")
    eventually(lambda: f"HTTP {status}" in str(session.events()["why"].iloc[-1]))
    kind, said = (ApiUnavailable, "") if status == 520 else (ConnectionLost, "no connection within.*")
    with pytest.raises(kind, match=rf"{said}HTTP {status}"):
        session.call(READ, timeout=0.5)
    with pytest.raises(ConnectionLost, match="not sent"):
        session.call(CHANGE, new_token="not at all")
    proxy.clear()
    assert is_usable(session)
    assert arrivals(box, CHANGE) == 0


def test_maintenance_that_lasts(through: Open, box: Sandbox, eventually: Eventually) -> None:
    session = through()
    stream = session.stream(READ)
    box.faults.maintenance()
    box.faults.drop(code=1012)
    eventually(lambda: "503" in str(session.events()["why"].iloc[-1]))
    with pytest.raises(ConnectionLost, match="maintenance"):
        session.call(READ, timeout=0.3)
    box.faults.maintenance("up")
    assert is_usable(session)
    assert goes_on(stream, box)


def test_rate_limits_again_and_again(through: Open, box: Sandbox) -> None:
    session = through()
    box.faults.rate_limit("statement", times=5)
    assert isinstance(outcome(on_thread(lambda: session.call("statement"))), dict)
    assert arrivals(box, "statement") == 6


# Revoked, and somebody else


@pytest.mark.parametrize("break_too", [False, True])
@pytest.mark.parametrize("call", [READ, CHANGE])
def test_the_token_is_revoked_during_a_call(
    through: Open, box: Sandbox, call: str, break_too: bool, eventually: Eventually
) -> None:
    session = through()
    stream = session.stream(READ)
    stream.next(1.0)
    box.faults.swallow(call)
    before = arrivals(box, call)
    fields = {"new_token": "only once"} if call == CHANGE else {}
    asked = on_thread(lambda: session.call(call, timeout=2.0, **fields))
    assert box.wait_until(lambda box: arrivals(box, call) > before)
    box.faults.revoke("sandbox-rich-all")
    if break_too:
        box.faults.drop()
        assert type(outcome(asked)) is (OutcomeUnknown if call == CHANGE else SignInRefused)
    else:
        assert isinstance(outcome(on_thread(lambda: session.call("get_settings"))), DpyauthError)
        assert type(outcome(asked)) in ((OutcomeUnknown,) if call == CHANGE else (SignInRefused, CallTimeout))
    eventually(lambda: session.state == "signed out")
    assert isinstance(outcome(on_thread(lambda: stream.next(ENOUGH))), SignInRefused)
    with pytest.raises(NotSignedIn, match="does not accept this API token"):
        session.call(READ)
    sign_in(session, "sandbox-rich-btc")
    assert is_usable(session)
    assert arrivals(box, CHANGE) <= 1


@pytest.mark.parametrize("call", [READ, CHANGE])
def test_another_account_signs_in_during_a_call(through: Open, box: Sandbox, call: str) -> None:
    session = through()
    stream = session.stream(READ)
    stream.next(1.0)
    box.faults.swallow(call)
    before = arrivals(box, call)
    fields = {"new_token": "only once"} if call == CHANGE else {}
    asked = on_thread(lambda: session.call(call, **fields))
    assert box.wait_until(lambda box: arrivals(box, call) > before)
    sign_in(session, "sandbox-rich-btc")
    assert type(outcome(asked)) is (OutcomeUnknown if call == CHANGE else SessionClosed)
    assert isinstance(outcome(on_thread(lambda: stream.next(ENOUGH))), SessionClosed)
    assert session.call(READ)["balance"]["loginid"] == "CR900002"
    assert arrivals(box, CHANGE) <= 1


def test_an_account_switch_on_a_broken_line(through: Open, proxy: Proxy) -> None:
    session = through()
    proxy.now("half_open")
    sign_in(session, "sandbox-rich-btc")
    assert session.call(READ)["balance"]["loginid"] == "CR900002"
    session.close()  # while the other connection still waits for its goodbye
    gc.collect()  # complains of sockets left open


# Streams that share, end, and begin anew


def test_equal_streams_share_the_fate_of_their_opening(
    through: Open, box: Sandbox, proxy: Proxy, eventually: Eventually
) -> None:
    session = through()
    box.faults.swallow(READ)
    first = on_thread(lambda: session.stream(READ, timeout=1.0))
    assert box.wait_until(lambda box: arrivals(box, READ) == 1)
    second = on_thread(lambda: session.stream(READ))
    assert session.core.connection is not None
    openers = session.core.connection.protocol._streams.joining
    eventually(lambda: len(openers) == 1)
    assert type(outcome(first)) is CallTimeout
    assert type(outcome(second)) is CallTimeout
    assert goes_on(open_again(session, proxy), box)


def test_a_stream_that_timed_out_leaves_nothing(through: Open, box: Sandbox) -> None:
    session = through()
    box.faults.swallow(READ)
    with pytest.raises(CallTimeout):
        session.stream(READ, timeout=0.2)
    assert session.call("ping")
    assert session.core.connection is not None
    assert session.core.connection.protocol.streams == 0


@pytest.mark.parametrize("trouble", ["delay", "reset"])
def test_equal_streams_are_opened_together(through: Open, box: Sandbox, trouble: str) -> None:
    session = through()
    box.faults.delay(0.2, READ) if trouble == "delay" else box.faults.reset(READ)
    opened = [on_thread(lambda: session.stream(READ)) for _ in range(5)]
    streams = [outcome(stream) for stream in opened]
    assert all(goes_on(stream, box) for stream in streams)
    assert session.health()["streams"] == 1
    for stream in streams[1:]:
        stream.close()
    assert goes_on(streams[0], box)


def test_closing_a_stream_that_ended_does_not_end_its_successor(through: Open, box: Sandbox, proxy: Proxy) -> None:
    session = through()
    stream = session.stream(READ)
    box.faults.error("InputValidationFailed", READ)
    proxy.now("reset")
    while not isinstance(outcome(on_thread(lambda: stream.next(ENOUGH))), DpyauthError):
        pass
    successor = session.stream(READ)
    stream.close()
    assert goes_on(successor, box)


def test_a_stream_outlives_a_break_while_it_is_opened_again(
    through: Open, box: Sandbox, proxy: Proxy, tune: Tune
) -> None:
    tune("retries.REOPEN_TIMEOUT", 0.5)
    session = through()
    stream = session.stream(READ)
    box.faults.swallow(READ)
    proxy.now("reset")
    assert box.wait_until(lambda box: arrivals(box, READ) == 2)
    proxy.refuse()
    proxy.now("reset")
    with pytest.raises(ConnectionLost):
        session.call(READ, timeout=1.0)
    proxy.accept()
    assert is_usable(session)
    assert goes_on(stream, box)


def test_ticks_do_not_wait_for_ever_for_those_that_were_missed(
    through: Open, box: Sandbox, proxy: Proxy, tune: Tune
) -> None:
    tune("gaps.HOLD", 1)
    session = through()
    stream = session.stream("ticks", ticks="R_100")
    first = stream.next(ENOUGH)["tick"]["epoch"]
    box.faults.swallow("ticks_history")
    proxy.refuse()
    proxy.now("reset")
    threading.Event().wait(4.5)  # R_100 ticks every two seconds: some are missed
    proxy.accept()
    update = outcome(on_thread(lambda: stream.next(ENOUGH)))
    assert arrivals(box, "ticks_history") == 1
    assert update["tick"]["epoch"] > first + 2
    assert update["gap"]["filled"] is False
