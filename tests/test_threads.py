"""Threads that a kernel keeps no track of."""

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
    """As ipykernel 6 has it instead of the standard ones."""

    def __init__(self) -> None:
        self._thread_to_parent: dict[int | None, int] = {}


def test_it_does_the_work_and_ends_with_the_program() -> None:
    done: list[str] = []
    thread = Thread(lambda: done.append(threading.current_thread().name), "dpyauth-test")
    assert thread.daemon
    thread.start()
    thread.join(5)
    assert done == ["dpyauth-test"]


def test_a_kernel_that_notes_who_made_whom_gets_no_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[threading.Thread] = []
    monkeypatch.setattr(threading.Thread, "run", noted.append)  # where ipykernel 6 takes its notes
    streams = Stream(), Stream()
    for name, stream in zip(("stdout", "stderr"), streams, strict=True):
        monkeypatch.setattr(sys, name, stream)
    seen: list[list[bool]] = []
    about: list[int] = []

    def work() -> None:
        seen.append([about[0] in stream._thread_to_parent for stream in streams])

    thread = Thread(work, "dpyauth-test")
    start = thread._bootstrap  # type: ignore[attr-defined]

    def bootstrap() -> None:  # with notes on a thread that had the same identifier
        about.append(threading.get_ident())
        for stream in streams:
            stream._thread_to_parent.update({about[0]: 1, 1: about[0]})
        start()

    thread._bootstrap = bootstrap  # type: ignore[attr-defined]
    thread.start()
    thread.join(5)
    assert seen == [[False, False]]
    assert noted == []


def test_what_the_work_held_is_let_go() -> None:
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


def test_all_threads_of_the_package_are_of_this_kind() -> None:
    package = Path(dpyauth.__file__).parent
    others = [path.name for path in package.rglob("*.py") if "threading.Thread(target" in path.read_text()]
    assert others == []
