"""A token that enters the kernel is never seen again: not in a message, a file, a traceback, or a history."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import keyring
import nbformat
import psutil
import pytest
from helpers import own_line, own_line_options
from keyring.backends.fail import Keyring as FailKeyring
from nbclient import NotebookClient
from traitlets.config import Config

from dpyauth.credentials import Secret
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.users import Token
from dpyauth.storage import remember

if TYPE_CHECKING:
    from conftest import Kernel

pytestmark = pytest.mark.kernel

WRONG = "Canary-7f3a91-wrong"
RIGHT = "sandbox-rich-all"

LOOK_ROUND = """
found = []
def look(where, what):
    if secret() in str(what):
        found.append(where)
def secret():  # put together here, for this cell itself is part of the history
    return '-'.join(parts)
shell = get_ipython()
for name, value in list(shell.user_ns.items()):
    look(f'variable {name}', repr(value))
look('history', list(shell.history_manager.get_range(output=True)))
look('parent message', shell.kernel.get_parent())
look('session', vars(session))
look('connection', vars(session.core.connection) if session.core.connection else '')
import ipywidgets
for widget in list(ipywidgets.widgets.widget._instances.values()):
    look('widget state', widget.get_state())
found
"""


def files_with(secret: str, folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


@pytest.fixture
def notebook(tmp_path: Path, box: Sandbox) -> Path:
    """Return a notebook that signs in with the token from the environment."""
    cells = [
        f"import dpyauth\nsession = dpyauth.login(server={box.url!r}, app_id={box.app_id})",
        "session.account_status()",
        "session",
    ]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = tmp_path / "notebook.ipynb"
    nbformat.write(made, path)
    return path


# papermill takes no options for the kernel's manager.
PAPERMILL = """
import functools, sys
from jupyter_client import AsyncKernelManager
from papermill.cli import papermill

AsyncKernelManager.__init__ = functools.partialmethod(AsyncKernelManager.__init__, **{line})
papermill(sys.argv[1:])
"""


def papermill(folder: Path) -> str:
    """Write a module into the folder that is papermill; return its name."""
    (folder / "own_papermill.py").write_text(PAPERMILL.format(line=own_line(folder)))
    return "own_papermill"


def run(command: str, folder: Path, env: dict[str, str], token: str) -> subprocess.CompletedProcess[str]:
    """Run a Jupyter tool; write its output to a file too, so that it is searched."""
    done = subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=folder,
        env=env | {"DERIV_TOKEN": token},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    Path(folder, "said.txt").write_text(done.stdout + done.stderr)
    return done


@pytest.mark.parametrize("token", [WRONG, RIGHT])
def test_token_sent_by_the_panel(kernel: Kernel, box: Sandbox, tmp_path: Path, terminal: Path, token: str) -> None:
    login = f"import dpyauth; session = dpyauth.login(ask=True, server={box.url!r}, app_id={box.app_id})"
    kernel.run("import logging, sys; logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)")
    kernel.run("%xmode Verbose")
    panel = kernel.run(login, allow_stdin=True).panel
    kernel.outcome(kernel.tell(panel, {"do": "sign-in", "token": token, "app_id": str(box.app_id)}))
    kernel.listen_until(lambda: kernel.view(panel)["phase"] == "in" or kernel.view(panel)["notice"])
    assert kernel.view(panel)["phase"] == ("form" if token == WRONG else "in")

    errors = [kernel.run(cell).error for cell in ("session.balance()", "session.call('no_such_call')", "1 / 0")]
    assert errors == ["NotSignedIn" if token == WRONG else "", "InvalidRequest", "ZeroDivisionError"]
    kernel.run("session")
    kernel.run(f"parts = {token.split('-')}")
    assert kernel.value(LOOK_ROUND) == "[]"

    kernel.close()
    assert kernel.heard
    assert [message for message in kernel.heard if token in str(message)] == []
    assert "MESSAGE TYPE:comm_msg" in terminal.read_text()
    assert files_with(token, tmp_path) == []


TALKATIVE = """
%xmode Verbose
import dpyauth, logging, os, subprocess, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
"""
GOOD = "Canary-7f3a91-good"


@pytest.fixture
def back(box: Sandbox) -> str:
    """Run a sandbox that knows the right token, with an app that has a redirect URL."""
    box.world.issued[GOOD] = Token(GOOD, "CR900001", ("read",), "canary")
    return f"session = dpyauth.login(ask=True, app_id={box.app_id}, server={box.url!r}, oauth_host={box.oauth_host!r}"


def begun(kernel: Kernel, panel: str) -> dict[str, str]:
    """Begin a browser sign-in; return what the panel's JavaScript receives."""
    kernel.outcome(kernel.tell(panel, {"do": "browser", "app_id": "16303"}))
    said = [message["content"]["data"] for message in kernel.heard if message["msg_type"] == "comm_msg"]
    found: dict[str, str] = [one["content"]["browser"] for one in said if one["method"] == "custom"][-1]
    return found


def test_returning_from_the_browser_in_every_way(
    kernel: Kernel, box: Sandbox, tmp_path: Path, terminal: Path, back: str
) -> None:
    kernel.run(TALKATIVE)
    panel = kernel.run(f"{back}, redirect_url='http://127.0.0.1:0/back')", allow_stdin=True).panel
    for route in ("returned", "pasted", "vouched", "listener"):
        for token in (WRONG, GOOD):
            begin = begun(kernel, panel)
            state = begin["url"].partition("state=")[2]
            query = f"?acct1=CR900001&token1={token}&cur1=usd&state="
            if route == "pasted":
                address = f"http://localhost/{query}{state}"
                kernel.outcome(kernel.tell(panel, {"do": "pasted", "address": address}))
            elif route == "listener":
                url = kernel.value("dpyauth.signin.current.panel_of('default').browser_sign_in.listener.url").strip("'")
                with contextlib.suppress(urllib.error.HTTPError):  # 404, so that browsers do not list the address
                    urllib.request.urlopen(f"{url}{query}{state}", timeout=10).close()
            else:
                mark = state if route == "returned" else ""
                message = {"do": "returned", "nonce": begin["nonce"], "query": query + mark}
                kernel.outcome(kernel.tell(panel, message))
                if route == "vouched":
                    assert kernel.view(panel)["held"] == ["CR900001"]
                    kernel.outcome(kernel.tell(panel, {"do": "confirm"}))
            kernel.listen_until(lambda: kernel.view(panel)["phase"] in ("in", "form") and _settled(kernel, panel))
            assert kernel.view(panel)["phase"] == ("form" if token == WRONG else "in"), (route, token)
            kernel.run("session.balance()")
            kernel.run("session.call('statement', limit=5000)")
            kernel.outcome(kernel.tell(panel, {"do": "sign-out"}))
    # These do not sign in, and have no other effect.
    begin = begun(kernel, panel)
    for address in (f"?token1={WRONG}&acct1=x", f"http://localhost/?acct1=CR1&token1={WRONG}%20", WRONG):
        kernel.outcome(kernel.tell(panel, {"do": "pasted", "address": address}))
        kernel.outcome(kernel.tell(panel, {"do": "returned", "nonce": begin["nonce"], "query": address}))
    for token in (WRONG, GOOD):
        kernel.run(f"parts = {token.split('-')}")
        assert kernel.value(LOOK_ROUND) == "[]"
    kernel.close()
    assert [message for message in kernel.heard if GOOD in str(message) or WRONG in str(message)] == []
    assert "MESSAGE TYPE:comm_msg" in terminal.read_text()
    assert files_with(WRONG, tmp_path) + files_with(GOOD, tmp_path) == []


def _settled(kernel: Kernel, panel: str) -> bool:
    view = kernel.view(panel)
    return bool(view["phase"] == "in" or (view["notice"] and view["notice"]["kind"] == "error"))


RING = """
import json, os
from keyring.backend import KeyringBackend

class Ring(KeyringBackend):
    priority = 5
    path = os.environ["RING"]
    def _held(self):
        return json.load(open(self.path)) if os.path.exists(self.path) else {}
    def get_password(self, service, name):
        return self._held().get(name)
    def set_password(self, service, name, password):
        held = self._held() | {name: password}
        with open(self.path, "w") as file:
            json.dump(held, file)
    def delete_password(self, service, name):
        raise NotImplementedError
"""


@pytest.mark.parametrize("where", ["file", "keyring"])
def test_remembered(
    start: Callable[..., Kernel],
    surroundings: dict[str, str],
    box: Sandbox,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    where: str,
    back: str,
) -> None:
    """The token is stored where it should be, readable only by its owner, and the next kernel finds it."""
    aside = tmp_path_factory.mktemp("aside")
    env = {"XDG_CONFIG_HOME": str(aside)}
    if where == "keyring":
        (aside / "fakering.py").write_text(RING)
        env |= {"PYTHON_KEYRING_BACKEND": "fakering.Ring", "RING": str(aside / "ring.json")}
        surroundings["PYTHONPATH"] += f":{aside}"
        env["PYTHONPATH"] = surroundings["PYTHONPATH"]
    kernel = start(**env)
    kernel.run(TALKATIVE)
    panel = kernel.run(f"{back})", allow_stdin=True).panel
    kernel.outcome(kernel.tell(panel, {"do": "sign-in", "token": GOOD, "app_id": "1089", "remember": True}))
    kept = aside / ("ring.json" if where == "keyring" else "dpyauth/credentials.json")
    kernel.listen_until(lambda: kernel.view(panel)["phase"] == "in")
    kernel.run("import threading; [t.join() for t in threading.enumerate() if t.name == 'dpyauth-signed-in']")
    assert files_with(GOOD, aside) == [kept]
    kernel.restart()
    kernel.run(TALKATIVE)
    again = kernel.run(f"session = dpyauth.login(server={box.url!r}); repr(session)", allow_stdin=True)
    assert "signed in, CR900001" in again.result
    assert kernel.view(again.panel)["account"]["source"].startswith("the sign-in remembered in")

    # A child process of the kernel inherits nothing.
    kernel.run("child = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE)")
    family = [psutil.Process(kernel.pid), *psutil.Process(kernel.pid).children(recursive=True)]
    assert len(family) >= 2
    seen = [str((process.cmdline(), process.environ())) for process in family] + [kernel.value("dict(os.environ)")]
    assert [one for one in seen if GOOD in one] == []
    kernel.run("child.communicate()")

    box.faults.revoke(GOOD)
    box.faults.drop()
    kernel.listen_until(lambda: kernel.view(again.panel)["phase"] == "form")
    dropped = kernel.run(f"session.close(); session = dpyauth.login(server={box.url!r})", allow_stdin=True)
    assert "InvalidToken" in kernel.view(dropped.panel)["notice"]["text"]
    kernel.run(f"parts = {GOOD.split('-')}")
    assert kernel.value(LOOK_ROUND) == "[]"
    kernel.close()
    assert [message for message in kernel.heard if GOOD in str(message)] == []
    assert files_with(GOOD, tmp_path) == []
    assert files_with(GOOD, aside) == ([kept] if where == "keyring" else [])  # this keyring deletes nothing


def test_nothing_can_be_pickled(start: Callable[..., Kernel], box: Sandbox, tmp_path: Path, back: str) -> None:
    kernel = start()
    kernel.run(TALKATIVE)
    panel = kernel.run(f"{back})", allow_stdin=True).panel
    kernel.outcome(kernel.tell(panel, {"do": "sign-in", "token": GOOD, "app_id": "1089"}))
    kernel.listen_until(lambda: kernel.view(panel)["phase"] == "in")
    for thing in (
        "session",
        "session.core.credential",
        "session.core.credential.token",
        "dpyauth.signin.current.panel_of('default')",
    ):
        assert kernel.run(f"import pickle; pickle.dumps({thing})").error in ("TypeError", "PicklingError")
    assert not kernel.run(f"session.balance().to_pickle({str(tmp_path / 'balance')!r})").error
    assert kernel.run("%store session").error in ("TypeError", "")
    kernel.close()
    assert [message for message in kernel.heard if GOOD in str(message)] == []
    assert files_with(GOOD, tmp_path) == []


def test_a_leak_would_be_found(kernel: Kernel, box: Sandbox) -> None:
    kernel.run(f"import dpyauth; session = dpyauth.login({RIGHT!r}, server={box.url!r}, app_id={box.app_id})")
    kernel.run(f"leak = [{RIGHT!r}]")
    kernel.run(f"parts = {RIGHT.split('-')}")
    found = kernel.value(LOOK_ROUND)
    assert "'variable leak'" in found
    assert "'history'" in found


@pytest.mark.parametrize("mode", ["Plain", "Context", "Verbose"])
def test_refused_token_from_the_environment_in_a_traceback(
    start: Callable[..., Kernel], box: Sandbox, mode: str
) -> None:
    kernel = start(DERIV_TOKEN=WRONG)
    kernel.run(f"%xmode {mode}")
    outcome = kernel.run(f"import dpyauth; dpyauth.login(server={box.url!r}, app_id={box.app_id})")
    assert outcome.error == "SignInRefused"
    # An error of another library while it handles the token: IPython shows the variables of every frame.
    kernel.run("import dpyauth.apis.v3\ndef broken(*_): raise RuntimeError('broken')")
    kernel.run("dpyauth.apis.v3.greeting = broken")
    outcome = kernel.run(f"dpyauth.login(server={box.url!r}, app_id={box.app_id})")
    assert outcome.error == "RuntimeError"
    assert "broken" in "\n".join(outcome.traceback)
    assert WRONG not in json.dumps(kernel.heard, default=str)


SECRET_CALLS = [
    "session.call('cashier', cashier='withdraw', totp=code())",
    "session.frame('cashier', cashier='withdraw', verification_code=code())",
    "session.call('api_token', delete_token=code())",
    "session.call('mt5_password_check', login='MTR1', pasword=code())",
    "session.stream('ticks', ticks='R_100', passthrough={'otp': code()})",
    "await session.aio.call('verify_email', verify_email=code(), type='reset_password')",
    "session.call('time')",  # its error repeats a secret of an earlier call
]


def test_secrets_of_calls(start: Callable[..., Kernel], box: Sandbox, tmp_path: Path) -> None:
    """Secrets that are sent, refused, or repeated in another call's error are nowhere in what the kernel writes."""
    code = "Canary-7f3a91-code"
    kernel = start(DERIV_TOKEN=RIGHT, CODE=code)
    kernel.run(TALKATIVE)
    kernel.run("code = lambda: os.environ['CODE']")
    kernel.run(f"session = dpyauth.login(server={box.url!r}, app_id={box.app_id})")
    for cell in SECRET_CALLS:
        box.faults.error("Odd", "*", message=f"You said {code}", details={"you": code})
        assert kernel.run(cell).error in ("ApiError", "InvalidRequest"), cell
        box.faults.clear()
    kernel.run(f"parts = {code.split('-')}")
    assert kernel.value(LOOK_ROUND) == "[]"
    kernel.close()
    assert "<secret>" in str(kernel.heard)
    assert code not in json.dumps(kernel.heard, default=str)
    assert files_with(code, tmp_path) == []


@pytest.mark.parametrize("token", [WRONG, RIGHT])
def test_notebook_saved_with_widget_state(
    notebook: Path, surroundings: dict[str, str], tmp_path: Path, token: str
) -> None:
    made = nbformat.read(notebook, as_version=4)
    config = Config(KernelManager=own_line(tmp_path))
    client = NotebookClient(
        made, timeout=60, kernel_name="python3", store_widget_state=True, allow_errors=True, config=config
    )
    client.execute(env=surroundings | {"DERIV_TOKEN": token})
    nbformat.write(made, notebook)
    text = notebook.read_text()
    assert ("SignInRefused" in text) == (token == WRONG)
    assert "widgets" not in made.metadata
    assert "widget-view" not in text
    assert files_with(token, tmp_path) == []


@pytest.mark.parametrize(
    ("command", "made", "source"),
    [
        ("{papermill} --cwd . --log-output notebook.ipynb made.ipynb", "made.ipynb", "environment"),
        ("nbconvert {line} --execute --to html --output made notebook.ipynb", "made.html", "remembered"),
    ],
)
def test_batch_tools(
    notebook: Path,
    surroundings: dict[str, str],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    box: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    made: str,
    source: str,
) -> None:
    if source == "remembered":
        surroundings["XDG_CONFIG_HOME"] = str(tmp_path_factory.mktemp("aside"))
        monkeypatch.setenv("XDG_CONFIG_HOME", surroundings["XDG_CONFIG_HOME"])
        monkeypatch.setattr(keyring, "get_keyring", FailKeyring)
        profile = f"default@{box.url}"
        remember({"CR900001": Secret(RIGHT)}, active="CR900001", app_id=str(box.app_id), profile=profile, api="v3")
    command = command.format(line=" ".join(own_line_options(tmp_path)), papermill=papermill(tmp_path))
    done = run(command, tmp_path, surroundings, RIGHT if source == "environment" else "")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / made).read_text()
    assert "CR900001" in text
    assert "signed in" in text.lower()
    assert files_with(RIGHT, tmp_path) == []


def test_batch_tool_with_a_refused_token(notebook: Path, surroundings: dict[str, str], tmp_path: Path) -> None:
    done = run(f"{papermill(tmp_path)} --cwd . notebook.ipynb made.ipynb", tmp_path, surroundings, WRONG)
    assert done.returncode != 0
    assert "SignInRefused" in done.stderr
    assert "SignInRefused" in (tmp_path / "made.ipynb").read_text()
    assert files_with(WRONG, tmp_path) == []
