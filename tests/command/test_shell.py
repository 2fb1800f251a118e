"""Test the command in a shell: start-up time, pipes, encodings, completion, and messages about mistakes."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from terminals import PATIENCE, Run

from dpyauth import storage
from dpyauth.__main__ import main
from dpyauth.command import commands, output
from dpyauth.errors import ConnectionLost, DpyauthError, InvalidSetting
from dpyauth.sandbox import Sandbox

NAMES = sorted(commands.commands)
TELLING = [name for name in NAMES if name != "completion"]
HEAVY = ["pandas", "numpy", "IPython", "tornado", "httpx", "websockets", "dpyauth.session", "dpyauth.net", "jupyterlab"]


def python(code: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env={**os.environ, **env}, timeout=PATIENCE, check=False
    )


def test_help_loads_nothing_that_takes_long() -> None:
    ran = python(
        "import sys; from dpyauth.__main__ import main; main(['--help']); main(['status', '-h']);"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    assert ran.stderr == b"[]\n"


@pytest.mark.parametrize("name", NAMES)
def test_every_command_explains_itself(run: Run, name: str) -> None:
    said = run(name, "--help")
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith(f"Usage: dpyauth {name}")
    assert max(map(len, said.out.splitlines())) <= 80
    assert run(name, "-h") == said
    assert ("--json" in said.out) is (name in TELLING)
    assert commands.commands[name].get_short_help_str(60).endswith(".")
    assert not commands.commands[name].get_short_help_str(60).endswith("...")


def test_without_a_command_it_lists_the_commands(run: Run) -> None:
    said = run()
    assert said.status == 0
    assert said == run("--help")
    for name in NAMES:
        assert f"\n  {name}  " in said.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["stats"], "Did you mean 'status'?"),
        (["status", "--jsn"], "Did you mean '--json'?"),
        (["status", "--account"], "Run `dpyauth status --help`"),
        (["status", "--api", "v4"], "'v4' is not one of 'options', 'v3'"),
        (["export"], "Missing argument 'FOLDER'"),
        (["status", "--server", "nonsense"], "address like"),
        (["balance", "--account", "??"], "letters and digits"),
        (["whoami", "--profile", " "], "--profile alice"),
        (["sandbox", "--port", "-1"], "The port must be a number"),
        (["doctor", "balance"], "add --replies"),
        (["lessons", ""], "The path is empty"),
        (["export", "", "--sandbox"], "The path is empty"),
        (["export", "~no-such-user/report", "--sandbox"], "'~no-such-user/report' is not a valid path"),
        (["login", "--account", "??"], "`dpyauth accounts` lists yours"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(run: Run, arguments: list[str], words: str) -> None:
    said = run(*arguments)
    assert (said.status, said.out) == (2, "")
    assert words in said.err
    assert "Traceback" not in said.err


def test_deriv_cannot_be_reached(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERIV_TOKEN", "pat_" + "0" * 64)
    said = run("status", "--server", "http://127.0.0.1:9", "--app-id", "33abc", "--api", "options")
    assert (said.status, said.out) == (1, "")
    assert said.err.count("\n") == 1
    assert "Run the command again" in said.err


@pytest.mark.parametrize(
    "form",
    [["--replies=get_accounts", "time"], ["--replies", "get_accounts", "time"], ["get_accounts", "time", "--replies"]],
)
def test_the_calls_whose_replies_are_compared(run: Run, monkeypatch: pytest.MonkeyPatch, form: list[str]) -> None:
    asked: list[Any] = []

    def check(session: Any, *, replies: Any, **how: Any) -> None:
        asked.append(replies)
        raise InvalidSetting("enough")

    monkeypatch.setattr("dpyauth.checkup.doctor", check)
    assert run("doctor", "--sandbox", *form).status == 2
    assert asked == [["get_accounts", "time"]]


def test_a_history_that_breaks_off_names_no_session(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **more: object) -> None:
        error = ConnectionLost("The connection broke.")
        error.add_note(
            "What had arrived is in session.partial: 3 rows. Older rows are missing: run the cell again to get all."
        )
        raise error

    monkeypatch.setattr("dpyauth.report.export", fail)
    assert run("export", "there", "--sandbox").err == "The connection broke.\n"


def test_an_interrupt_while_it_is_being_loaded() -> None:
    ran = python(
        "import sys; from types import SimpleNamespace\n"
        "from dpyauth.__main__ import main\n"
        "def find_spec(name, *more):\n"
        "    if name == 'dpyauth.command': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, SimpleNamespace(find_spec=find_spec))\n"
        "sys.exit(main(['status']))"
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, b"", b"")


@pytest.mark.parametrize("raised", [KeyboardInterrupt, ZeroDivisionError("C4nary")])
def test_unexpected_errors(run: Run, monkeypatch: pytest.MonkeyPatch, raised: Any) -> None:
    def fail(*arguments: object, **more: object) -> None:
        raise raised

    monkeypatch.setattr("dpyauth.signin.login", fail)
    said = run("status")
    assert said.out == ""
    assert "Traceback" not in said.err
    if raised is KeyboardInterrupt:
        assert said.status == 130
    else:
        assert said.status == 1
        assert "ZeroDivisionError in test_shell.py, line" in said.err
        assert "C4nary" not in said.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dpyauth.forget() removes it", "`dpyauth forget` removes it"),
        ('Choose (dpyauth.login(api="v3"), or DERIV_API=v3)', "Choose (`dpyauth login --api v3`, or DERIV_API=v3)"),
        ("login(create_demo=True) creates one", "`dpyauth login --create-demo` creates one"),
        ('Use dpyauth.login(loginid="ROT1", remember=True).', "Use `dpyauth login --account ROT1`."),
        ("Give either sandbox=True or server=, not both.", "Give either --sandbox or --server, not both."),
        ("ws://127.0.0.1/?app_id=7&api=v3", "ws://127.0.0.1/?app_id=7&api=v3"),
        ("session.accounts() lists yours", "`dpyauth accounts` lists yours"),
        ("Run the cell again, or allow more time with timeout=.", "Run the command again."),
        (
            "The call only reads, so running the cell again is safe.",
            "The call only reads, so running the command again is safe.",
        ),
    ],
)
def test_the_advice_of_errors_is_for_a_terminal(text: str, said: str) -> None:
    assert output.in_commands(text) == said


def test_a_closed_pipe() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    command = [sys.executable, "-m", "dpyauth", "forget"]
    ran = subprocess.run(command, stdout=writes, stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
    os.close(writes)
    assert (ran.returncode, ran.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk() -> None:
    ran = python(
        "import sys; from dpyauth.__main__ import main; sys.stdout = open('/dev/full', 'w'); sys.exit(main(['forget']))"
    )
    assert ran.returncode == 2
    assert b"could not be written: No space left" in ran.stderr


@pytest.mark.parametrize(("encoding", "form"), [("utf-8", []), ("cp437", []), ("ascii", ["--json"])])
def test_text_from_deriv_is_printed_without_control_characters_in_any_encoding(
    box: Sandbox, signed_in: Run, monkeypatch: pytest.MonkeyPatch, encoding: str, form: list[str]
) -> None:
    def edit(reply: dict[str, Any]) -> None:
        for row in reply.get("data", []):
            row["currency"] = "U\x1b[2J\x9b31m\u202eSD\r\n日本é\ud800"

    box.faults.edit(edit, "get_accounts", times=9)
    written = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", written)
    assert signed_in("status", "--account", "all", *form).status == 0
    said = written.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
    assert "DOT900003" in said
    assert "2J" in said
    assert not [letter for letter in said if letter != "\n" and not letter.isprintable()]


def test_no_colours(signed_in: Run) -> None:
    assert "\x1b" not in "".join(signed_in("status").out + signed_in("--help").out)


# Completion


def completed(written: str) -> list[str]:
    """Return bash's completions of a line, using the script that the command prints."""
    script = f"""
eval "$(dpyauth completion bash)"
line={written!r}
COMP_WORDS=($line)
[ "${{line% }}" != "$line" ] && COMP_WORDS+=("")
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
COMP_LINE=$line COMP_POINT=${{#line}}
complete -p dpyauth >&2
_dpyauth_completion dpyauth
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    # The script runs the program of this name, which is on the path only in an activated environment.
    env = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=PATIENCE, check=True, env=env)
    assert "_dpyauth_completion" in ran.stderr
    return ran.stdout.split()


def test_bash_completes() -> None:
    assert completed("dpyauth sta") == ["status"]
    assert completed("dpyauth status --js") == ["--json"]
    assert completed("dpyauth status --api ") == ["options", "v3"]


def test_names_of_remembered_sign_ins_are_completed(run: Run, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    from dpyauth.credentials import Secret

    for name in ("alice", "bob"):
        storage.remember({"DOT1": Secret("pat_secret")}, active="DOT1", app_id="1", api="options", profile=name)
    assert completed("dpyauth status --profile a") == ["alice"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(run: Run, monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
    said = run("completion", shell)
    assert said.status == 0
    assert "_DPYAUTH_COMPLETE" in said.out
    assert ("&& compinit" in said.out) is (shell == "zsh")  # a new Mac has not loaded it
    monkeypatch.setenv("SHELL", f"/usr/bin/{shell}")
    assert run("completion") == said


def test_an_unknown_shell(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    assert run("completion").status == 2


def test_the_end_of_a_command_is_not_a_dpyauth_error() -> None:
    assert not issubclass(output.Ended, DpyauthError)
    assert main(["--version"]) == 0
