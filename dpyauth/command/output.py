"""Write results and messages: complete, without secrets, and also where standard output or error are broken."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dpyauth import _terminal
from dpyauth.registry import without_tokens
from dpyauth.secret import scrub
from dpyauth.texts.languages import ENGLISH, from_environment
from dpyauth.texts.said import in_language, said

if TYPE_CHECKING:
    from dpyauth.errors import DpyauthError

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
"""Options of the command for arguments of the library, to translate the advice in error texts."""

_CALL = re.compile(r"(?:dpyauth\.)?\b(login|forget|doctor|export)\(([^()]*)\)")
_ACCOUNTS = re.compile(r"(?:dpyauth\.login\(\)|session)\.accounts\(\)")
_ARGUMENT = re.compile(rf"(?<![\w?&-])({'|'.join(_OPTIONS)})=(?:True\b|[\"']([^\"']*)[\"'])?")


class Ended(Exception):
    """Raised to end the command with an exit status, after everything has been printed."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status


def room() -> int:
    """Return the width of a table in characters: that of the terminal, or ``COLUMNS``."""
    return max(shutil.get_terminal_size((100, 24)).columns, _NARROWEST)


def width() -> int:
    """Return the width of a text in characters; longer lines are hard to read."""
    return min(room(), _WIDEST)


def plain(text: object) -> str:
    """Return a text without control characters and secrets, so that it is safe to print in a terminal."""
    known = without_tokens(str(scrub(str(text)))).encode("utf-8", "replace").decode()
    return "".join(letter if letter == "\n" or letter.isprintable() else " " for letter in known)


def say(text: str) -> None:
    """Write a message to standard error in the user's language, in lines that fit."""
    import textwrap

    text = in_language(text, from_environment())
    wide = width() if _terminal.is_terminal(sys.stderr) else 10_000
    for line in plain(text).split("\n"):
        _terminal.say(textwrap.fill(line, wide, break_long_words=False, break_on_hyphens=False))


def write(text: str) -> None:
    """Write a result to standard output, in the user's language.

    A closed pipe, such as from `head`, is not an error; a full disk is.
    """
    try:
        sys.stdout.write(f"{_terminal.writable(in_language(text, from_environment()), sys.stdout)}\n")
        sys.stdout.flush()
    except OSError as error:
        with contextlib.suppress(Exception):  # a replaced stream may have no file descriptor
            # Otherwise Python would fail again when it flushes at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            say(said("result_not_written", reason=error.strerror))
            raise Ended(WRONG) from None
    except Exception:  # no standard output, a closed one, or whatever a replaced stream raises
        say(said("no_standard_output"))
        raise Ended(WRONG) from None


def write_json(value: Any) -> None:
    """Write a result as JSON in ASCII, which every encoding has and in which no terminal finds control characters."""
    write(json.dumps(scrub(value), indent=1))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Suppress the messages of `login` on standard error: the command prints its own."""
    with contextlib.redirect_stderr(io.StringIO()):
        yield


def in_commands(text: str, language: str = ENGLISH) -> str:
    """Return an error text with the Python calls and arguments in it replaced by commands and options."""
    cell, command, more_time = (said(key).said_in(language) for key in ("the_cell", "the_command", "or_more_time"))
    text = re.sub(rf"\b{cell}\b", command, text.replace(more_time, ""))
    text = _ACCOUNTS.sub("`dpyauth accounts`", text)
    text = _CALL.sub(
        lambda call: f"`{' '.join(['dpyauth', call[1], *map(_option, _ARGUMENT.finditer(call[2]))])}`", text
    )
    return _ARGUMENT.sub(_option, text)


def advice(error: DpyauthError) -> str:
    """Return the text of an error for a terminal, in the user's language.

    Notes on ``session.partial`` are left out: the session has ended with the command.
    """
    language = from_environment()
    notes = [note for note in getattr(error, "__notes__", ()) if "session.partial" not in note]
    return in_commands("\n".join(in_language(text, language) for text in (error.text, *notes)), language)


def _option(argument: re.Match[str]) -> str:
    return " ".join(filter(None, (_OPTIONS[argument[1]], argument[2])))
