"""Front ends without widgets: login() asks at a hidden prompt by itself, and the card is text.

The Jupyter console is the real one. QtConsole and Spyder are simulated by what a kernel sees of them: a parent process
of that name, a kernel class of that name, and a client that answers questions and has no widgets.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from helpers import own_line, own_line_options

from dpyauth.sandbox import Sandbox

pytestmark = pytest.mark.kernel

ROOT = Path(__file__).parents[2]

CONSOLE = r"""
import json, re, sys
from jupyter_client import KernelManager

told = json.load(sys.stdin)
manager = KernelManager(kernel_name="python3", **told["line"])
manager.start_kernel(extra_arguments=told["arguments"])
client = manager.blocking_client()
client.start_channels()
client.wait_for_ready(timeout=60)
asked, said = [], []

def on_question(message):
    content = message["content"]
    asked.append([content["prompt"], content["password"]])
    client.input(told["answers"].pop(0))

def on_output(message):
    content = message["content"]
    if "text" in content:
        said[-1] += content["text"]
    elif message["msg_type"] in ("display_data", "execute_result"):
        said[-1] += content["data"]["text/plain"] + "\n"
    elif "ename" in content:
        said[-1] += content["ename"] + ": " + content["evalue"]

for cell in told["cells"]:
    said.append("")
    if cell == "as it says":
        cell = re.search(r"session = dpyauth\.login\(.*\)", said[-2])[0]
    client.execute_interactive(cell, allow_stdin=True, timeout=60, stdin_hook=on_question, output_hook=on_output)
client.stop_channels()
manager.shutdown_kernel(now=True)
print(json.dumps({"asked": asked, "said": said}))
"""

SPYDER = "from ipykernel.ipkernel import IPythonKernel\n\nclass SpyderKernel(IPythonKernel):\n    pass\n"


def talk(
    name: str,
    cells: Sequence[str],
    answers: Sequence[str],
    surroundings: dict[str, str],
    folder: Path,
    arguments: Sequence[str] = (),
) -> Any:
    """Run cells in a kernel that a program of this name starts; return its questions, and the output of each cell."""
    program = folder / name
    program.write_text(CONSOLE)
    folder.joinpath("spyder_kernel_here.py").write_text(SPYDER)
    told = {"line": own_line(folder), "cells": cells, "answers": answers, "arguments": arguments}
    env = surroundings | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(folder)))}
    ran = subprocess.run(
        [sys.executable, str(program)], input=json.dumps(told), env=env, capture_output=True, text=True, timeout=150
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.parametrize("name", ["jupyter-qtconsole", "spyder"])
def test_a_console_gets_a_prompt(name: str, surroundings: dict[str, str], box: Sandbox, tmp_path: Path) -> None:
    login = f"dpyauth.login(server={box.rest!r})"
    cells = [f"import dpyauth; session = {login}", "session.card()", f"session is {login}", "session.balance()"]
    token = box.options_token("rich").token
    arguments = ["--IPKernelApp.kernel_class=spyder_kernel_here.SpyderKernel"] if name == "spyder" else []
    heard = talk(name, cells, [box.options_app_id, token], surroundings, tmp_path, arguments)
    assert [(question.split(" (")[0], hidden) for question, hidden in heard["asked"]] == [
        ("App ID: ", False),
        ("Personal access token", True),
    ]
    login_said, card, same, balance = heard["said"]
    assert "signed in, DOT900003 (USD, demo)" in login_said
    assert card.startswith("DOT900003 · Demo account")
    assert same.rstrip().endswith("True")
    assert "DOT900003" in balance
    assert token not in str(heard)


def test_in_an_unknown_front_end_the_text_names_the_line_to_run(
    surroundings: dict[str, str], box: Sandbox, tmp_path: Path
) -> None:
    cells = [f"import dpyauth; session = dpyauth.login(server={box.rest!r})", "as it says", "session.card()"]
    token = box.options_token("rich").token
    heard = talk("another.py", cells, [box.options_app_id, token], surroundings, tmp_path)
    assert "If you see no panel here" in heard["said"][0]
    assert len(heard["asked"]) == 2
    assert "DOT900003 · Demo account" in heard["said"][2]
    assert token not in str(heard)


@pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo-terminals")
def test_the_jupyter_console(surroundings: dict[str, str], box: Sandbox, tmp_path: Path) -> None:
    import pexpect

    line = [option.replace("KernelManager.", "JupyterConsoleApp.") for option in own_line_options(tmp_path)]
    seen, token, login = io.StringIO(), box.options_token("rich").token, f"dpyauth.login(server={box.rest!r})"
    console = pexpect.spawn(
        sys.executable,
        ["-m", "jupyter_console", "--simple-prompt", *line],
        env=surroundings | {"TERM": "dumb"},
        encoding="utf-8",
        timeout=60,
        dimensions=(50, 160),
    )
    console.logfile_read = seen
    with console:
        console.expect(r"In \[1\]: ")
        console.sendline(f"import dpyauth; session = {login}")
        console.expect("App ID: ")
        console.sendline(box.options_app_id)
        console.expect(r"Personal access token \(hidden.*\): ")
        console.sendline(token)
        console.expect(r"In \[2\]: ")
        console.sendline(f"session is {login}")
        console.expect(r"Out\[2\]: True[\s\S]*In \[3\]: ")
        console.sendline("session.card()")
        console.expect(r"Out\[3\]: \s*DOT900003 · Demo account[\s\S]*In \[4\]: ")
        console.sendline("exit")
        console.expect(pexpect.EOF)
    assert token not in seen.getvalue()
    assert re.search("signed in, DOT900003", seen.getvalue())
