"""A script that runs in the environment of a user, and the user whose token it has."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty, Queue
from typing import Any, NamedTuple

import pytest
from front import Front

from dpyauth.sandbox import Sandbox

SCRIPTS = Path(__file__).parent / "scripts"
PATIENCE = 60.0
"""Seconds that anything may take on a busy machine; nothing waits so long when all is well."""


class User(NamedTuple):
    """Somebody with a token."""

    api: str
    loginid: str
    env: dict[str, str]


def user_of(api: str, box: Sandbox) -> User:
    """Return the sample user with every scope."""
    if api == "v3":
        return User(api, "CR900001", {"DERIV_TOKEN": "sandbox-rich-all", "DERIV_API": "v3"})
    token = box.options_token("rich").token
    return User(api, "DOT900003", {"DERIV_TOKEN": token, "DERIV_APP_ID": box.options_app_id})


class Talk:
    """A script that runs in the environment: it says JSON, a line each, and listens to lines."""

    def __init__(self, command: list[str], env: dict[str, str], folder: Path) -> None:
        self._errors = (folder / "stderr.txt").open("w+")
        self._process = subprocess.Popen(
            command, env=env, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        self._lines: Queue[str] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def next(self, timeout: float = PATIENCE) -> Any:
        """Return what the script says next, of what is JSON; fail where it ends instead."""
        while True:
            try:
                line = self._lines.get(timeout=timeout)
            except Empty:
                self._process.kill()
                pytest.fail(f"the script says nothing. {self.errors}")
            if not line:
                self._process.wait(PATIENCE)
                pytest.fail(f"the script has ended. {self.errors}")
            if line[:1] in "{[":
                return json.loads(line)

    def say(self, text: str) -> None:
        """Let the script read a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()

    @property
    def errors(self) -> str:
        """What it has written to its terminal so far."""
        self._errors.flush()
        return Path(self._errors.name).read_text()

    def end(self) -> str:
        """Wait for its end, which must be a good one; return what it wrote to its terminal."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        code = self._process.wait(PATIENCE)
        assert code == 0, self.errors
        assert "NOT BY THE PROXY" not in self.errors
        assert "Traceback" not in self.errors, self.errors
        return self.errors

    def close(self) -> None:
        """End it by force, where it has not ended."""
        self._process.kill()
        self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            assert stream is not None
            stream.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")


Start = Callable[..., Talk]
Run = Callable[..., Any]


def surroundings(release: Path, home: Path, front: Front | None, certificates: Path) -> dict[str, str]:
    """Return the environment variables of somebody behind a company proxy; nothing else of this machine's."""
    env = {
        "PATH": f"{release / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "MPLCONFIGDIR": str(home / "matplotlib"),
        "SSL_CERT_FILE": str(certificates / "roots.pem"),
    }
    return env if front is None else {**env, "HTTPS_PROXY": front.address}
