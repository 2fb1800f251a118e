"""Many sessions, thousands of faults, and what may not happen meanwhile.

    python tests/faults/chaos.py [--faults 10000] [--sessions 50] [--seed 1] [--seconds 600]

Every session reads, changes things and listens to streams, through a proxy that breaks connections at random and
against a sandbox that misbehaves at random. One line tells what came of it; the exit code is 1 when a change was sent
twice, a call never ended, a stream fell silent, a reply went to the wrong call, or anything was left behind.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import gc
import json
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from proxy import Proxy

from dpyauth.credentials import api_token
from dpyauth.errors import CallTimeout, DpyauthError
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.users import SCOPES, Grant
from dpyauth.sandbox.websocket import Socket
from dpyauth.session import Session
from dpyauth.settings import settings
from dpyauth.streams import Stream
from dpyauth.wire.backoff import Backoff

TIMEOUT = 4.0
"""How long a call may take, in seconds."""

GRACE = 10.0
"""How much longer until it counts as hanging."""

PATIENCE = 20.0
"""How long a stream may take to tell what has happened, and a session to be usable once the faults are over."""

FASTER = 10.0
"""Pauses between attempts to connect are this many times shorter than in earnest."""

SHORTER = {
    "link.PING_EVERY": 1.5,  # 25 s in earnest
    "link.PING_TIMEOUT": 1.5,  # 10
    "link.GREETING_TIMEOUT": 2.0,  # 15
    "link.REOPEN_TIMEOUT": 4.0,  # 30
    "connection.OPEN_TIMEOUT": 2.0,  # 10
    "connection.CLOSE_TIMEOUT": 0.5,  # 2
    "budget.PENALTIES": (0.1, 0.2),  # 5, 15, 30, 60
    "backoff.SETTLED": 1.0,  # 10
}

PLENTY = {"minutely": 10**9, "hourly": 10**9}
NO_LIMITS = {"api_call_limits": dict.fromkeys(("max_requestes_general", "max_requests_outcome"), PLENTY)}
CURRENCIES = ("USD", "EUR", "BTC", "ETH")
SYMBOL = "R_100"
CLIENTS_PER_PROXY = 10


@dataclass
class Figures:
    """What came of it; only the first few may differ from 0."""

    faults: int = 0
    calls: int = 0
    replies: int = 0
    typed_errors: int = 0
    retried_reads: int = 0
    repeated_writes: int = 0
    hangs: int = 0
    lost_streams: int = 0
    wrong_replies: int = 0
    other_errors: int = 0
    leaked_threads: int = 0
    leaked_sockets: int = 0

    @property
    def is_good(self) -> bool:
        """Whether nothing happened that may not happen."""
        return not any(dataclasses.astuple(self)[5:])

    def __str__(self) -> str:
        return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in dataclasses.asdict(self).items())


class Tally:
    """Counts, from many threads, what clients saw and what the server got."""

    def __init__(self) -> None:
        self.figures = Figures()
        self.seen: Counter[str] = Counter()  # every request that a client marked, by its mark
        self.notes: list[str] = []
        self._lock = threading.Lock()

    def add(self, figure: str, note: str = "") -> None:
        with self._lock:
            setattr(self.figures, figure, getattr(self.figures, figure) + 1)
            if note:
                self.notes.append(f"{figure}: {note}")

    def arrived(self, message: str | bytes) -> None:
        """The server got a request."""
        with contextlib.suppress(ValueError):
            mark = (json.loads(message).get("passthrough") or {}).get("mark")
            if mark:
                with self._lock:
                    self.seen[mark] += 1


class Client(threading.Thread):
    """A session, and one who uses it: now blocking, now awaiting several calls at once."""

    def __init__(self, number: int, seed: int, box: Sandbox, proxy: Proxy, tally: Tally) -> None:
        super().__init__(name=f"client {number}", daemon=True)
        self.number = number
        self.box = box
        self.proxy = proxy
        self.tally = tally
        self.rng = random.Random(f"{seed}/{number}")
        self.over = threading.Event()
        self.token = ""
        self.loginid = ""
        self.streams: dict[str, tuple[Stream, str]] = {}  # by call; with the login ID they were opened for
        self._count = 0
        self._session: Session | None = None

    def run(self) -> None:
        try:
            asyncio.run(self._use())
        except BaseException as error:
            self.tally.add("other_errors", f"{self.name} died of {error!r}")
        finally:
            if self._session is not None:
                self._close()

    async def _use(self) -> None:
        while not self.over.is_set():
            session = await self._signed_in()
            if session is None:
                continue
            chance = self.rng.random()
            if chance < 0.45:
                await self._several(session)
            elif chance < 0.8:
                self._one(session)
            elif chance < 0.94:
                self._listen(session)
            elif chance < 0.96:
                self._check_balances()
            elif chance < 0.98:
                await self._sign_in(session)  # as somebody else
            else:
                self._close()
        await self._be_well()

    # Signing in

    async def _signed_in(self) -> Session | None:
        if self._session is None:
            self._session = Session(settings(app_id=self.box.app_id, server=self.proxy.url), timeout=TIMEOUT)
            self._session._budget.learn(NO_LIMITS)
        if self._session.loginid is None:
            await self._sign_in(self._session)
        return self._session if self._session.loginid else None

    async def _sign_in(self, session: Session) -> None:
        accounts = [account for account in self.box.world.user("CR900001").accounts if not account.disabled]
        self.loginid = self.rng.choice(accounts).loginid
        self._count += 1
        self.token = f"chaos-{self.number}-{self._count}"
        grant = Grant(self.token, self.loginid, SCOPES, "chaos", self.box.app_id)
        self.box._now(lambda: self.box.world.grants.update({grant.token: grant}))  # on the sandbox's own thread
        future = asyncio.wrap_future(session._sign_in(api_token(self.token, "chaos")))
        if not await self._ends(future, "the sign-in"):
            self.loginid = session.loginid or ""  # as before
            await asyncio.sleep(0.1)

    def _close(self) -> None:
        session, self._session = self._session, None
        assert session is not None
        begin = time.monotonic()
        session.close()
        if time.monotonic() - begin > GRACE:
            self.tally.add("hangs", "closing")
        self.streams.clear()

    # Calls

    def _question(self) -> tuple[str, dict[str, Any], Callable[[dict[str, Any]], bool]]:
        """A call, its fields, and what its reply must be like."""
        self._count += 1
        mark = f"c{self.number}n{self._count}"
        loginid = self.loginid
        match self.rng.randrange(6):
            case 0:
                call, fields = "api_token", {"new_token": mark}
                mark = f"change {mark}"
                fits = lambda reply: "tokens" in reply["api_token"]  # noqa: E731
            case 1 | 2:
                call, fields = "balance", {}
                fits = lambda reply: reply["balance"]["loginid"] == loginid  # noqa: E731
            case 3 | 4:
                base = self.rng.choice(CURRENCIES)
                call, fields = "exchange_rates", {"base_currency": base}
                fits = lambda reply: reply["exchange_rates"]["base_currency"] == base  # noqa: E731
            case _:
                call, fields = "ping", {}
                fits = lambda reply: reply["ping"] == "pong"  # noqa: E731

        def check(reply: dict[str, Any]) -> bool:
            try:
                return reply["echo_req"]["passthrough"]["mark"] == mark and fits(reply)
            except (KeyError, TypeError):
                return False

        return call, {**fields, "passthrough": {"mark": mark}}, check

    def _one(self, session: Session) -> None:
        call, fields, check = self._question()
        self.tally.add("calls")
        begin = time.monotonic()
        try:
            reply = session.call(call, **fields)
        except DpyauthError:
            self.tally.add("typed_errors")
        except Exception as error:
            self.tally.add("other_errors", f"{call}: {error!r}")
        else:
            self._got(call, reply, check)
        if time.monotonic() - begin > TIMEOUT + GRACE:
            self.tally.add("hangs", call)

    async def _several(self, session: Session) -> None:
        async def ask() -> None:
            call, fields, check = self._question()
            self.tally.add("calls")
            reply = await self._ends(session.aio.call(call, **fields), call)
            if reply:
                self._got(call, reply, check)

        await asyncio.gather(*(ask() for _ in range(self.rng.randint(1, 6))))

    def _got(self, call: str, reply: dict[str, Any], check: Callable[[dict[str, Any]], bool]) -> None:
        self.tally.add("replies")
        if not check(reply):
            self.tally.add("wrong_replies", f"{call}: {reply!r:.300}")

    async def _ends(self, awaitable: Any, what: str) -> Any:
        """What it ends in; None for an error, which is counted."""
        try:
            return await asyncio.wait_for(awaitable, TIMEOUT + GRACE)
        except DpyauthError:
            self.tally.add("typed_errors")
        except TimeoutError:
            self.tally.add("hangs", what)
        except Exception as error:
            self.tally.add("other_errors", f"{what}: {error!r}")
        return None

    # Streams

    def _listen(self, session: Session) -> None:
        """Open what is not open, and read what there is."""
        for call, fields in (("balance", {}), ("ticks", {"ticks": SYMBOL})):
            if call not in self.streams:
                try:
                    self.streams[call] = session.stream(call, **fields), self.loginid
                except DpyauthError:
                    self.tally.add("typed_errors")
            self._read(call, lambda update: False, 0.001)
        if self.rng.random() < 0.1 and "ticks" in self.streams:
            self.streams.pop("ticks")[0].close()

    def _read(self, call: str, enough: Callable[[dict[str, Any]], bool], seconds: float) -> bool:
        """Read a stream until an update is enough; False when none was."""
        if call not in self.streams:
            return True
        stream, loginid = self.streams[call]
        try:
            while True:
                update = stream.next(seconds)
                payload = update[str(update["msg_type"])]
                if payload.get("loginid", loginid) != loginid or payload.get("symbol", SYMBOL) != SYMBOL:
                    self.tally.add("wrong_replies", f"stream of {call}: {update!r:.300}")
                if enough(payload):
                    return True
        except CallTimeout:
            return False
        except StopIteration:
            self.tally.add("lost_streams", f"{call} ended without a word")
        except DpyauthError:
            self.tally.add("typed_errors")
        except Exception as error:
            self.tally.add("other_errors", f"stream of {call}: {error!r}")
        del self.streams[call]
        return True

    def _check_balances(self) -> None:
        """The next payment must come through: by an update, or by the first one after a break."""
        if "balance" not in self.streams:
            return
        _, loginid = self.streams["balance"]
        account = self.box.world.account(loginid)
        self.box.pay(loginid, 1)
        least = account.money(account.ledger.balance)
        if not self._read("balance", lambda payload: payload["balance"] >= least, PATIENCE):
            self.tally.add("lost_streams", f"balance, {self._session!r}")
            del self.streams["balance"]

    async def _be_well(self) -> None:
        """The faults are over: the session must answer, and every stream go on."""
        end = time.monotonic() + PATIENCE
        while True:
            session = await self._signed_in()
            if session is not None and await self._ends(session.aio.call("ping"), "the last call"):
                break
            if time.monotonic() > end:
                self.tally.add("hangs", f"{self._session!r} is not usable again")
                return
        self._check_balances()
        now = int(time.time())
        if not self._read("ticks", lambda payload: payload["epoch"] >= now, PATIENCE):
            self.tally.add("lost_streams", f"ticks, {self._session!r}")


class Gremlin:
    """Strikes at random."""

    def __init__(self, seed: int, box: Sandbox, proxies: list[Proxy], clients: list[Client]) -> None:
        self.rng = random.Random(seed)
        self.box = box
        self.proxies = proxies
        self.clients = clients
        self._kinds = {self._network: 45, self._server: 35, self._way_back: 16, self._everybody: 4}

    def strike(self) -> None:
        """Do one bad thing."""
        (kind,) = self.rng.choices(list(self._kinds), list(self._kinds.values()))
        kind()

    def _network(self) -> None:
        few = self.rng.randrange(120)
        fault, *args = self.rng.choice(
            [
                ("reset",),
                ("fin",),
                ("half_open",),
                ("stall", few),
                ("truncate", few),
                ("garbage", self.rng.randbytes(few + 1)),
                ("bytewise", 300),
                ("delay", 0.05),
            ]
        )
        self._at_one(fault, *args)

    def _at_one(self, fault: str, *args: Any) -> None:
        proxy = self.rng.choice(self.proxies)
        passages = proxy.passages
        if passages:
            proxy.now(fault, *args, only=self.rng.choice(passages))

    def _server(self) -> None:
        faults, size = self.box.faults, self.rng.randrange(200)
        self.rng.choice(
            [
                faults.swallow,
                faults.duplicate,
                lambda: faults.delay(self.rng.uniform(0, 2)),
                lambda: faults.reorder(2),
                lambda: faults.garbage(frame=self.rng.choice(["", "[]", "{", b"\x00", '{"req_id": 1}', "9" * size])),
                lambda: faults.oversize(5_000_000 if self.rng.random() < 0.1 else 200_000),
                lambda: faults.error(self.rng.choice(["WrongResponse", "AuthorizationRequired", "NoSuchThing"])),
                faults.rate_limit,
                lambda: faults.drop("*", code=self.rng.choice([1000, 1001, 1006, 1011, 1012])),
                lambda: faults.reset("*"),
                lambda: faults.stall("*"),
            ]
        )()

    def _way_back(self) -> None:
        proxy, few = self.rng.choice(self.proxies), self.rng.randrange(600)
        fault, *args = self.rng.choice(
            [
                ("status", self.rng.choice([401, 403, 429, 500, 503, 520]), b"<html></html>"),
                ("silent",),
                ("plain",),
                ("slow", 0.3),
                ("truncate", few),
                ("stall", few),
                ("garbage", self.rng.randbytes(20)),
                ("half_open",),
                ("reset",),
            ]
        )
        proxy.next(fault, *args)
        self._at_one("reset")

    def _everybody(self) -> None:
        match self.rng.randrange(6):
            case 0 | 1:
                self.box.faults.revoke(self.rng.choice(self.clients).token)
            case 2:
                self.rng.choice(self.proxies).now("reset")
            case 3:
                self.box.faults.drop(code=1012)
            case 4:
                proxy = self.rng.choice(self.proxies)
                proxy.refuse()
                proxy.now("fin")
                time.sleep(0.2)
                proxy.accept()
            case _:
                self.box.faults.maintenance()
                time.sleep(0.2)
                self.box.faults.maintenance("up")


def run(faults: int, sessions: int, seed: int, seconds: float, rate: float = 25.0) -> Tally:
    """The whole of it, bounded in count and in time."""
    end = time.monotonic() + seconds
    threads, sockets = set(threading.enumerate()), open_sockets()
    tally = Tally()
    with ExitStack() as stack:
        for context in adjusted(tally):
            stack.enter_context(context)
        box = stack.enter_context(Sandbox(limits=None, idle_timeout=20.0))
        # What is created is counted, not kept: the replies would grow and grow.
        box.world.create_token = lambda loginid, name, *more: Grant("none", loginid, (), name)  # type: ignore[method-assign]
        proxies = [stack.enter_context(Proxy(box.port)) for _ in range(0, sessions, CLIENTS_PER_PROXY)]
        clients = [Client(number, seed, box, proxies[number % len(proxies)], tally) for number in range(sessions)]
        for client in clients:
            client.start()
        gremlin = Gremlin(seed, box, proxies, clients)
        while tally.figures.faults < faults and time.monotonic() < end:
            gremlin.strike()
            tally.add("faults")
            time.sleep(gremlin.rng.expovariate(rate))
        box.faults.clear()
        for proxy in proxies:
            proxy.clear()
        for client in clients:
            client.over.set()
        last = time.monotonic() + 3 * PATIENCE
        for client in clients:
            client.join(max(0.0, last - time.monotonic()))
            if client.is_alive():
                tally.add("hangs", f"{client.name} never came to an end")
    count(tally, threads, sockets)
    return tally


def adjusted(tally: Tally) -> Iterator[Any]:
    """Shorter times, and a server that tells what arrives."""
    for name, value in SHORTER.items():
        yield mock.patch(f"dpyauth.wire.{name}", value)
    next_delay, on_message = Backoff.next_delay, Socket.on_message

    def next_delay_faster(self: Backoff, now: float) -> float:
        return next_delay(self, now * FASTER) / FASTER

    def on_message_told(self: Socket, message: str | bytes) -> None:
        tally.arrived(message)
        on_message(self, message)

    yield mock.patch.object(Backoff, "next_delay", next_delay_faster)
    yield mock.patch.object(Socket, "on_message", on_message_told)


def count(tally: Tally, threads: set[threading.Thread], sockets: int) -> None:
    """What arrived twice, and what was left behind."""
    figures = tally.figures
    for mark, times in tally.seen.items():
        if mark.startswith("change"):
            figures.repeated_writes += times - 1
        else:
            figures.retried_reads += times - 1
    end = time.monotonic() + 5
    while True:
        gc.collect()
        left = [thread.name for thread in set(threading.enumerate()) - threads]
        figures.leaked_threads, figures.leaked_sockets = len(left), max(0, open_sockets() - sockets)
        if not (left or figures.leaked_sockets):
            return
        if time.monotonic() > end:
            tally.notes.append(f"left: {left}, {figures.leaked_sockets} sockets")
            return
        time.sleep(0.05)


def open_sockets() -> int:
    """How many sockets this process has; 0 where the system does not say."""
    found = 0
    for entry in Path("/proc/self/fd").glob("*"):
        with contextlib.suppress(OSError):
            found += os.readlink(entry).startswith("socket:")
    return found


def main() -> int:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(description="Many sessions, thousands of faults.")
    parser.add_argument("--faults", type=int, default=10_000)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=540.0, help="stop injecting after so many, whatever the count")
    parser.add_argument("--rate", type=float, default=25.0, help="faults a second")
    given = parser.parse_args()
    begin = time.monotonic()
    tally = run(**vars(given))
    print(f"{tally.figures} ({time.monotonic() - begin:.0f} s)")
    for note in tally.notes[:20]:
        print(note, file=sys.stderr)
    return 0 if tally.figures.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
