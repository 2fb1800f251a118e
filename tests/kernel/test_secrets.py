"""A token goes into the kernel and is never seen again: not in a message, a file, a traceback, a history."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbclient import NotebookClient

from dpyauth.sandbox import Sandbox

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
look('connection', vars(session._connection) if session._connection else '')
import ipywidgets
for widget in list(ipywidgets.widgets.widget._instances.values()):
    look('widget state', widget.get_state())
found
"""


def files_with(secret: str, folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


@pytest.fixture
def notebook(tmp_path: Path, box: Sandbox) -> Path:
    """A notebook that signs in with the token from the environment."""
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


def run(command: str, folder: Path, env: dict[str, str], token: str) -> subprocess.CompletedProcess[str]:
    """Run a Jupyter tool; what it says goes into a file, too, to be searched."""
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


def test_look_round_would_find_it(kernel: Kernel, box: Sandbox) -> None:
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
    # A foreign error on the way of the token: IPython shows variables of every frame.
    kernel.run("import dpyauth.session\ndef broken(*_): raise RuntimeError('broken')")
    kernel.run("dpyauth.session.v3.greeting = broken")
    outcome = kernel.run(f"dpyauth.login(server={box.url!r}, app_id={box.app_id})")
    assert outcome.error == "RuntimeError"
    assert "broken" in "\n".join(outcome.traceback)
    assert WRONG not in json.dumps(kernel.heard, default=str)


@pytest.mark.parametrize("token", [WRONG, RIGHT])
def test_notebook_saved_with_widget_state(
    notebook: Path, surroundings: dict[str, str], tmp_path: Path, token: str
) -> None:
    made = nbformat.read(notebook, as_version=4)
    client = NotebookClient(made, timeout=60, kernel_name="python3", store_widget_state=True, allow_errors=True)
    client.execute(env=surroundings | {"DERIV_TOKEN": token})
    nbformat.write(made, notebook)
    text = notebook.read_text()
    assert ("SignInRefused" in text) == (token == WRONG)
    assert ("SignInPanel" in json.dumps(made.metadata.get("widgets", {}))) == (token == RIGHT)
    assert files_with(token, tmp_path) == []


@pytest.mark.parametrize(
    ("command", "made"),
    [
        ("papermill --cwd . --log-output notebook.ipynb made.ipynb", "made.ipynb"),
        ("nbconvert --execute --to html --output made notebook.ipynb", "made.html"),
    ],
)
def test_batch_tools(notebook: Path, surroundings: dict[str, str], tmp_path: Path, command: str, made: str) -> None:
    done = run(command, tmp_path, surroundings, RIGHT)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / made).read_text()
    assert "CR900001" in text
    assert "signed in" in text
    assert files_with(RIGHT, tmp_path) == []


def test_batch_tool_with_a_refused_token(notebook: Path, surroundings: dict[str, str], tmp_path: Path) -> None:
    done = run("papermill --cwd . notebook.ipynb made.ipynb", tmp_path, surroundings, WRONG)
    assert done.returncode != 0
    assert "SignInRefused" in done.stderr
    assert "SignInRefused" in (tmp_path / "made.ipynb").read_text()
    assert files_with(WRONG, tmp_path) == []
