"""Start real Jupyter kernels, and drive them as a front end does."""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest
from helpers import ipykernel_6, own_line
from jupyter_client import BlockingKernelClient, KernelManager

from dpyauth.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
START = 60.0
PATIENCE = 30.0
VIEW = "application/vnd.jupyter.widget-view+json"


@dataclass
class Outcome:
    """What one request led to, until the kernel was idle again."""

    output: str = ""
    result: str = ""
    error: str = ""
    traceback: list[str] = field(default_factory=list)
    panel: str = ""
    """Comm ID of the widget it displayed."""
    idle: bool = False


class Kernel:
    """A kernel with its client; everything that the kernel said is kept in ``heard``."""

    def __init__(self, env: dict[str, str], terminal: IO[str], folder: Path) -> None:
        self.manager = KernelManager(kernel_name="python3", **own_line(folder))
        self.heard: list[dict[str, Any]] = []
        self._outcomes: dict[str, Outcome] = {}
        # With --debug, the kernel writes every message that it receives to its terminal.
        self.manager.start_kernel(env=env, stdout=terminal, stderr=terminal, extra_arguments=["--debug"])
        self.client: BlockingKernelClient = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=START)

    @property
    def pid(self) -> int:
        return self.manager.provisioner.process.pid  # type: ignore[union-attr, no-any-return]

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()

    def restart(self) -> None:
        self.manager.restart_kernel()
        self.client.wait_for_ready(timeout=START)

    def queue(self, code: str, *, allow_stdin: bool = False) -> str:
        """Send a cell without waiting for it."""
        sent = self.client.execute(code, allow_stdin=allow_stdin)
        self._outcomes[sent] = Outcome()
        return sent

    def tell(self, panel: str, content: dict[str, Any]) -> str:
        """Send a panel a custom message, as its JavaScript does."""
        data = {"method": "custom", "content": content}
        message = self.client.session.msg("comm_msg", {"comm_id": panel, "data": data})
        self.client.shell_channel.send(message)
        sent: str = message["header"]["msg_id"]
        self._outcomes[sent] = Outcome()
        return sent

    def listen_until(self, condition: Callable[[], object], timeout: float = PATIENCE) -> None:
        """Receive messages from the kernel until the condition holds."""
        until = time.monotonic() + timeout
        while not condition():
            try:
                self._hear(self.client.get_iopub_msg(timeout=max(0.0, until - time.monotonic())))
            except queue.Empty:
                pytest.fail(f"not within {timeout:g} s; so far: {self._outcomes}")

    def outcome(self, sent: str, timeout: float = PATIENCE) -> Outcome:
        outcome = self._outcomes[sent]
        self.listen_until(lambda: outcome.idle, timeout)
        return outcome

    def run(self, code: str, *, allow_stdin: bool = False, timeout: float = PATIENCE) -> Outcome:
        return self.outcome(self.queue(code, allow_stdin=allow_stdin), timeout)

    def value(self, code: str) -> str:
        """Return the repr of an expression; fail if the cell fails."""
        outcome = self.run(code)
        assert not outcome.error, outcome
        return outcome.result

    def view(self, panel: str) -> dict[str, Any]:
        """Return the state of the panel, as far as messages have arrived."""
        shown: dict[str, Any] = {}
        for message in self.heard:
            if message["msg_type"] in {"comm_open", "comm_msg"} and message["content"]["comm_id"] == panel:
                shown = message["content"]["data"].get("state", {}).get("view", shown)
        return shown

    def _hear(self, message: dict[str, Any]) -> None:
        self.heard.append(message)
        outcome = self._outcomes.get(message["parent_header"].get("msg_id", ""))
        if outcome is None:
            return
        content = message["content"]
        match message["msg_type"]:
            case "stream":
                outcome.output += content["text"]
            case "execute_result":
                outcome.result = content["data"]["text/plain"]
            case "display_data" if VIEW in content["data"]:
                outcome.panel = content["data"][VIEW]["model_id"]
            case "error":
                outcome.error, outcome.traceback = content["ename"], content["traceback"]
            case "status" if content["execution_state"] == "idle":
                outcome.idle = True


@pytest.fixture(params=["newest", "6.31"])
def ipykernel(request: pytest.FixtureRequest) -> Path | None:
    """Return the folder of the ipykernel to use; None for the installed one."""
    return None if request.param == "newest" else ipykernel_6()


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    """Return environment variables for a kernel without the user's own settings and credentials."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("DERIV_", "JUPYTER", "IPYTHON"))}
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        env[name] = str(tmp_path / name.lower())
    return env | {"PYTHONPATH": str(ROOT), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}


@pytest.fixture
def terminal(tmp_path: Path) -> Path:
    """Return the file with everything that kernels write to their terminal."""
    return tmp_path / "terminal.txt"


@pytest.fixture
def start(surroundings: dict[str, str], terminal: Path, tmp_path: Path) -> Iterator[Callable[..., Kernel]]:
    """Return a function that starts kernels; they are shut down afterwards."""
    with ExitStack() as ends:
        written = ends.enter_context(terminal.open("a"))

        def start_one(ipykernel: Path | None = None, **env: str) -> Kernel:
            paths = [str(path) for path in (ipykernel, ROOT) if path]
            kernel = Kernel({**surroundings, "PYTHONPATH": os.pathsep.join(paths), **env}, written, tmp_path)
            ends.callback(kernel.close)
            return kernel

        yield start_one


@pytest.fixture
def kernel(start: Callable[..., Kernel], ipykernel: Path | None) -> Kernel:
    return start(ipykernel)


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """Run a sandbox outside the kernel."""
    with Sandbox(limits=None, ping_interval=20) as running:
        yield running
