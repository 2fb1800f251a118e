"""Test the threads of the package, which ipykernel does not record."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from pathlib import Path

import pytest

import dpyauth
from dpyauth._threads import Thread


class Stream:
    """An output stream as ipykernel 6 has it, with a table of threads."""

    def __init__(self) -> None:
        self._thread_to_parent: dict[int | None, int] = {}


def test_a_thread_does_its_work_and_is_a_daemon() -> None:
    done: list[str] = []
    thread = Thread(lambda: done.append(threading.current_thread().name), "dpyauth-test")
    assert thread.daemon
    thread.start()
    thread.join(5)
    assert done == ["dpyauth-test"]


def test_a_kernel_that_records_parent_threads_gets_no_cycle(monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[threading.Thread] = []
    monkeypatch.setattr(threading.Thread, "run", noted.append)  # where ipykernel 6 records threads
    streams = Stream(), Stream()
    for name, stream in zip(("stdout", "stderr"), streams, strict=True):
        monkeypatch.setattr(sys, name, stream)
    seen: list[list[bool]] = []
    about: list[int] = []

    def work() -> None:
        seen.append([about[0] in stream._thread_to_parent for stream in streams])

    thread = Thread(work, "dpyauth-test")
    start = thread._bootstrap  # type: ignore[attr-defined]

    def bootstrap() -> None:  # with a record of a thread that had the same identifier
        about.append(threading.get_ident())
        for stream in streams:
            stream._thread_to_parent.update({about[0]: 1, 1: about[0]})
        start()

    thread._bootstrap = bootstrap  # type: ignore[attr-defined]
    thread.start()
    thread.join(5)
    assert seen == [[False, False]]
    assert noted == []


def test_a_finished_thread_releases_its_work() -> None:
    class Thing:
        pass

    thing = Thing()
    gone = weakref.ref(thing)
    thread = Thread(lambda thing=thing: None, "dpyauth-test")  # type: ignore[misc]
    del thing
    thread.start()
    thread.join(5)
    gc.collect()
    assert gone() is None


def test_the_package_starts_no_other_threads() -> None:
    package = Path(dpyauth.__file__).parent
    others = [path.name for path in package.rglob("*.py") if "threading.Thread(target" in path.read_text()]
    assert others == []
