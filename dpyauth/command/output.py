"""Write results and messages: whole, without secrets, and whatever became of the program's streams."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from typing import Any

from dpyauth import _terminal
from dpyauth.registry import without_tokens
from dpyauth.secret import scrub

FAILED = 1
WRONG = 2
INTERRUPTED = 130

_NARROWEST, _WIDEST = 40, 120
_OPTIONS = {
    "api": "--api",
    "app_id": "--app-id",
    "create_demo": "--create-demo",
    "format": "--format",
    "loginid": "--account",
    "overwrite": "--overwrite",
    "profile": "--profile",
    "sandbox": "--sandbox",
    "server": "--server",
    "since": "--since",
}
"""Options that stand for arguments of the library."""

_CELL = re.compile(r"\b([Rr]un(?:ning)?) the cell\b")
_TIME = re.compile(r",? or allow more time with timeout=")
_CALL = re.compile(r"(?:dpyauth\.)?\b(login|forget|doctor|export)\(([^()]*)\)")
_ACCOUNTS = re.compile(r"(?:dpyauth\.login\(\)|session)\.accounts\(\)")
_ARGUMENT = re.compile(rf"(?<![\w?&-])({'|'.join(_OPTIONS)})=(?:True\b|[\"']([^\"']*)[\"'])?")


class Ended(Exception):
    """Raised to end the command with an exit status, when all has been said."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status


def room() -> int:
    """Return how wide a table may be, in characters: as the terminal, or as ``COLUMNS`` says."""
    return max(shutil.get_terminal_size((100, 24)).columns, _NARROWEST)


def width() -> int:
    """Return how wide a text may be, in characters: lines of more are hard to read."""
    return min(room(), _WIDEST)


def plain(text: object) -> str:
    """Return a text from outside that is safe in a terminal: without control characters and secrets."""
    known = without_tokens(str(scrub(str(text)))).encode("utf-8", "replace").decode()
    return "".join(letter if letter == "\n" or letter.isprintable() else " " for letter in known)


def say(text: str) -> None:
    """Write a message to standard error, in lines that fit."""
    import textwrap

    wide = width() if _terminal.is_terminal(sys.stderr) else 10_000
    for line in plain(text).split("\n"):
        _terminal.say(textwrap.fill(line, wide, break_long_words=False, break_on_hyphens=False))


def write(text: str) -> None:
    """Write a result to standard output. A pipe that was closed, such as by `head`, is no error; a full disk is one."""
    try:
        sys.stdout.write(f"{_terminal.writable(text, sys.stdout)}\n")
        sys.stdout.flush()
    except OSError as error:
        with contextlib.suppress(Exception):  # a program's own stream may stand on no file
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is flushed at the end
        if not isinstance(error, BrokenPipeError):
            say(f"The result could not be written: {error.strerror}.")
            raise Ended(WRONG) from None
    except Exception:  # there is none, it is closed, or whatever a program's own one raises
        say("The result could not be written: there is no standard output.")
        raise Ended(WRONG) from None


def write_json(value: Any) -> None:
    """Write a result as JSON, in ASCII: no encoding lacks it, and no terminal takes a part of it for a command."""
    write(json.dumps(scrub(value), indent=1))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what the library says to people in a notebook or a script off standard error: the command says it itself."""
    with contextlib.redirect_stderr(io.StringIO()):
        yield


def in_commands(text: str) -> str:
    """Return an error's text with the calls and arguments that it advises as the commands and options for the same."""
    text = _TIME.sub("", _CELL.sub(r"\1 the command", text))
    text = _ACCOUNTS.sub("`dpyauth accounts`", text)
    text = _CALL.sub(
        lambda call: f"`{' '.join(['dpyauth', call[1], *map(_option, _ARGUMENT.finditer(call[2]))])}`", text
    )
    return _ARGUMENT.sub(_option, text)


def advice(error: BaseException) -> str:
    """Return what an error says, for a terminal. What has arrived of a history is in no session that is left there."""
    notes = [note for note in getattr(error, "__notes__", ()) if "session.partial" not in note]
    return in_commands("\n".join([str(error), *notes]))


def _option(argument: re.Match[str]) -> str:
    return " ".join(filter(None, (_OPTIONS[argument[1]], argument[2])))
