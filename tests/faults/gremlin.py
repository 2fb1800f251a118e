"""What goes wrong, at random."""

from __future__ import annotations

import random
import time
from typing import Any

from client import Client
from proxy import Proxy

from dpyauth.sandbox import Sandbox


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
