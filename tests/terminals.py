"""Run the command `dpyauth` in this process, or in a terminal of its own with a user who types."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Self

PATIENCE = 60.0
"""Seconds to wait for anything on a busy machine."""


class Said(NamedTuple):
    """The result of a command."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Said]


class Dialogue:
    """A command at a terminal of 80 columns: its output, and a user who answers."""

    def __init__(self, *arguments: str, out: Path | None = None, program: list[str] | None = None) -> None:
        self._mine, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        # The process gets a session of its own with this terminal, so that Ctrl+C reaches it as it does for a user.
        before = (
            "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
        )
        command = program or [sys.executable, "-m", "dpyauth"]
        written = None if out is None else out.open("w")
        env = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", before, *command, *arguments],
            stdin=theirs,
            stdout=written or theirs,
            stderr=theirs,
            start_new_session=True,
            env={**env, "TERM": "xterm"},
        )
        if written is not None:
            written.close()
        self._theirs = theirs  # kept open, so that the state of the terminal can be read after the command has ended
        self.seen = ""
        self._answered = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *left: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)  # and the processes that it has started
        self._process.wait(PATIENCE)
        os.close(self._theirs)
        os.close(self._mine)

    @property
    def echoes(self) -> bool:
        """Return whether the terminal shows what is typed."""
        return bool(termios.tcgetattr(self._theirs)[3] & termios.ECHO)

    def wait_for(self, text: str) -> None:
        """Wait until a text appears in the output that came after the user last typed."""
        until = time.monotonic() + PATIENCE
        while text not in self.seen[self._answered :]:
            assert time.monotonic() < until, self.seen
            assert self._process.poll() is None or self._read(), self.seen
            self._read()

    def answer(self, question: str, typed: str) -> None:
        """Wait for a question, and type an answer."""
        self.wait_for(question)
        self._answered = len(self.seen)
        os.write(self._mine, typed.encode())

    def interrupt(self, question: str) -> int:
        """Wait for a question and press Ctrl+C until the command says something; return the exit status.

        Python may miss an interrupt that comes after it has shown the question and before it waits for the answer.
        """
        self.wait_for(question)
        self._answered = len(self.seen)
        while "\n" not in self.seen[self._answered :]:
            assert self._process.poll() is None, self.seen
            os.write(self._mine, b"\x03")
            until = time.monotonic() + 3
            while time.monotonic() < until and "\n" not in self.seen[self._answered :]:
                self._read()
        return self.end()

    def end(self) -> int:
        """Wait for the command to end; return its exit status."""
        until = time.monotonic() + PATIENCE
        while self._process.poll() is None:
            assert time.monotonic() < until, self.seen
            self._read()
        while self._read():
            pass
        return self._process.returncode

    def _read(self) -> bool:
        ready, _, _ = select.select([self._mine], [], [], 0.05)
        if ready:
            self.seen += os.read(self._mine, 65536).decode().replace("\r\n", "\n")
        return bool(ready)
