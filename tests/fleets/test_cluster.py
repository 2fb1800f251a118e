"""Test a fleet on a Dask cluster with two worker processes, to which no token is ever sent."""

from __future__ import annotations

import importlib
import os
import pickle
import signal
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from dpyauth.errors import DpyauthError, InvalidRequest, InvalidSetting
from dpyauth.fleets import cluster as clusters
from dpyauth.fleets import fleet
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.users import Token

pytestmark = pytest.mark.filterwarnings("default")  # warnings of Dask itself are not errors here

CANARY = "C4nary-d4sk-t0ken"
COUNT = 12
NAMES = [f"DPYAUTH_TEST_CLIENT_{number}" for number in range(COUNT)]
Spoken = list[bytes]
distributed: Any = None


@pytest.fixture(scope="module", autouse=True)
def dask() -> None:
    """Import Dask only now: it changes how Python pickles every error, and other tests must not depend on that."""
    global distributed
    distributed = importlib.import_module("distributed")


@pytest.fixture(scope="module")
def spoken(dask: None) -> Iterator[Spoken]:
    """Record everything that the client and the scheduler send and receive."""
    import distributed.comm.utils as wire

    heard: Spoken = []
    with pytest.MonkeyPatch.context() as patch:
        dumps, loads = wire.protocol.dumps, wire.protocol.loads

        def told(*args: Any, **kwargs: Any) -> Any:
            frames = dumps(*args, **kwargs)
            heard.extend(bytes(frame) for frame in frames)
            return frames

        def listened(frames: Any, *args: Any, **kwargs: Any) -> Any:
            heard.extend(bytes(frame) for frame in frames)
            return loads(frames, *args, **kwargs)

        patch.setattr(wire, "protocol", SimpleNamespace(dumps=told, loads=listened))
        yield heard


@pytest.fixture(scope="module")
def client(spoken: Spoken) -> Iterator[Any]:
    """Start a cluster of two processes, which find tokens in their environment; yield its client."""
    with pytest.MonkeyPatch.context() as patch:
        for number, name in enumerate(NAMES):
            patch.setenv(name, f"{CANARY}-{number}")
        patch.setenv("DPYAUTH_TEST_WRONG", f"{CANARY}-wrong")
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            client.wait_for_workers(2, timeout=30)
            yield client


@pytest.fixture
def place(box: Sandbox) -> dict[str, Any]:
    """Return the arguments for a sandbox with a user for each name."""
    for number in range(COUNT):
        loginid = box.world.sign_up(f"{number}@example.com").accounts[0].loginid
        box.world.issued[f"{CANARY}-{number}"] = Token(f"{CANARY}-{number}", loginid, ("read",), "a test")
    return {"server": box.url, "app_id": box.app_id, "fetch": "os:getenv"}


def test_two_processes_ask_and_no_token_is_anywhere(
    client: Any, spoken: Spoken, place: dict[str, Any], box: Sandbox, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    specs: Spoken = []
    submit = client.submit

    class Watch(distributed.SchedulerPlugin):  # type: ignore[misc]
        def update_graph(self, scheduler: Any, *, tasks: Any = (), **kwargs: Any) -> None:
            specs.extend(pickle.dumps(scheduler.tasks[key].run_spec) for key in tasks)

    def submitted(*args: Any, **kwargs: Any) -> Any:
        specs.append(pickle.dumps((args, kwargs)))
        return submit(*args, **kwargs)

    client.cluster.scheduler.add_plugin(Watch())
    monkeypatch.setattr(client, "submit", submitted)
    spoken.clear()
    wanted = [*NAMES, "DPYAUTH_TEST_WRONG", "DPYAUTH_TEST_UNSET"]
    with fleet(wanted, cluster=client, connections=6, **place) as clients:
        assert repr(clients) == "<dpyauth fleet: 14 accounts, on a cluster>"
        frame = clients.account_status()
        clients.call("ping")
    assert frame["name"].tolist() == wanted
    assert frame["loginid"].nunique() == COUNT, frame["error"].tolist()
    assert frame["error"].notna().tolist() == [False] * COUNT + [True, True]
    assert "InvalidToken" in frame["error"][COUNT]
    with fleet(wanted, **place) as alone:
        pd.testing.assert_frame_equal(alone.account_status(), frame)
    pids = set(client.run(os.getpid).values())
    assert len(pids) == 2
    assert os.getpid() not in pids
    workers = client.cluster.scheduler.workers.values()
    logs = str([client.get_scheduler_logs(), client.get_worker_logs(), client.get_events()])
    state = client.run(lambda dask_worker: str([dask_worker.state.tasks, dask_worker.state.log, dask_worker.data]))
    shown = str([[worker.identity() for worker in workers], client.cluster.scheduler.transition_log, state, logs])
    everything = b"".join([*spoken, *specs, shown.encode(), "".join(capfd.readouterr()).encode()])
    assert len(specs) > 4
    assert NAMES[0].encode() in b"".join(spoken)  # the token is there, so the search can find one
    assert NAMES[0].encode() in b"".join(specs)
    assert CANARY.encode() not in everything


def test_connections_of_all_workers_are_bounded(
    client: Any, place: dict[str, Any], box: Sandbox, monkeypatch: pytest.MonkeyPatch, eventually: Any
) -> None:
    most = [0]
    note = box.note

    def noted(*args: Any) -> None:
        most[0] = max(most[0], box.connections_open)
        note(*args)

    monkeypatch.setattr(box, "note", noted)
    for connections in (1, 3):
        most[0] = 0
        with fleet(NAMES, cluster=client, connections=connections, **place) as clients:
            assert clients.balance()["error"].isna().all()
        assert 1 <= most[0] <= connections
        eventually(lambda: box.connections_open == 0)


def test_arguments_that_must_not_go_to_the_workers(client: Any, place: dict[str, Any], box: Sandbox) -> None:
    with fleet(NAMES, cluster=client, **place) as clients:
        with pytest.raises(InvalidRequest, match="may repeat what a lost worker has begun"):
            clients.call("buy", buy="x", price=1)
        with pytest.raises(InvalidRequest, match="secret"):
            clients.call("authorize", authorize=CANARY)
    assert box.connections_opened == 0
    with pytest.raises(InvalidSetting, match="names only"):
        fleet({"Ann": CANARY}, cluster=client)
    with pytest.raises(InvalidSetting, match="tokens included"):
        fleet(NAMES, cluster=client, fetch=lambda name: CANARY)


def test_a_function_missing_on_the_workers(client: Any, place: dict[str, Any]) -> None:
    with fleet(NAMES, cluster=client, **{**place, "fetch": "no.such.module:function"}) as clients:
        assert clients.balance()["error"].str.contains("cannot be imported here").all()


def stand_in(futures: Callable[[Any], Any]) -> Any:
    """Return an object that submits tasks as a client does."""
    return SimpleNamespace(submit=lambda *args, **kwargs: futures(args[2]), nthreads=lambda: {"a": 1, "b": 1})


def test_a_lost_worker_fails_only_its_own_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    class Future(SimpleNamespace):
        def __hash__(self) -> int:
            return id(self)

    def begun(keys: dict[str, str]) -> Future:
        if "a" in keys:
            return Future(status="error", exception=lambda: distributed.KilledWorker("x", None, 3))
        if "b" in keys:
            return Future(status="cancelled")
        return Future(status="finished", result=lambda: (dict.fromkeys(keys, 1), []))

    class Arriving(list[Any]):
        add = list.append

    monkeypatch.setattr(distributed, "as_completed", Arriving)
    order = clusters.Order("balance", (), {}, "os:getenv", None, None, None, "EN", 1.0, 2)
    answers: dict[str, Any] = {}
    for some in clusters.ask(stand_in(begun), order, {name: name for name in "abcd"}, []):
        answers |= some
    assert "failed (KilledWorker)" in str(answers["a"])
    assert "failed (cancelled)" in str(answers["b"])
    assert isinstance(answers["a"], DpyauthError)
    assert (answers["c"], answers["d"]) == (1, 1)


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot send a signal to the own process")
def test_an_interrupt_frees_the_cell(client: Any, place: dict[str, Any], box: Sandbox) -> None:
    note, count = box.note, [0]

    def noted(*args: Any) -> None:
        note(*args)
        count[0] += args[:1] == ("authorize",)
        if count[0] == COUNT // 2 + 1:
            count[0] = COUNT
            os.kill(os.getpid(), signal.SIGINT)

    box.note = noted  # type: ignore[method-assign]
    with fleet(NAMES, cluster=client, connections=2, **place) as clients:
        with pytest.raises(KeyboardInterrupt):
            clients.account_status()
        frame = clients.partial
    assert frame is not None
    assert frame["name"].tolist() == NAMES
    assert 0 < frame["error"].isna().sum() < COUNT
    with fleet(NAMES, cluster=client, **place) as clients:
        assert clients.account_status()["error"].isna().all()  # the cluster keeps working
