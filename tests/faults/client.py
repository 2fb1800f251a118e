"""Sessions in use, and what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from proxy import Proxy

from dpyauth.credentials import api_token
from dpyauth.errors import CallTimeout, DpyauthError
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.users import SCOPES, Token
from dpyauth.session import Session
from dpyauth.session.stream import Stream
from dpyauth.settings import settings

TIMEOUT = 4.0
"""How long a call may take, in seconds."""

GRACE = 10.0
"""How much longer until it counts as hanging."""

PATIENCE = 20.0
"""How long a stream may take to tell what has happened, and a session to be usable once the faults are over."""

PLENTY = {"minutely": 10**9, "hourly": 10**9}
NO_LIMITS = {"api_call_limits": dict.fromkeys(("max_requestes_general", "max_requests_outcome"), PLENTY)}
CURRENCIES = ("USD", "EUR", "BTC", "ETH")
SYMBOL = "R_100"


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
            self._session.core.rate_limits_of("v3").learn(NO_LIMITS)
        if self._session.loginid is None:
            await self._sign_in(self._session)
        return self._session if self._session.loginid else None

    async def _sign_in(self, session: Session) -> None:
        accounts = [account for account in self.box.world.user("CR900001").accounts if not account.disabled]
        self.loginid = self.rng.choice(accounts).loginid
        self._count += 1
        self.token = f"chaos-{self.number}-{self._count}"
        grant = Token(self.token, self.loginid, SCOPES, "chaos", self.box.app_id)
        self.box.run(lambda: self.box.world.issued.update({grant.value: grant}))  # on the sandbox's own thread
        future = asyncio.wrap_future(session.core.start_sign_in(api_token(self.token, "chaos")))
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
