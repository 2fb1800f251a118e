"""Command line `dpyauth`: sign in and read your account in a terminal.

Importing it is fast: each command imports what it needs when it runs.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from dpyauth.command.account_commands import accounts, balance, export, status
from dpyauth.command.output import (
    FAILED,
    INTERRUPTED,
    WRONG,
    Ended,
    advice,
    say,
)
from dpyauth.command.root import commands
from dpyauth.command.sign_in_commands import forget, login, whoami
from dpyauth.command.tool_commands import completion, doctor, lessons, sandbox
from dpyauth.errors import DpyauthError, InvalidRequest, InvalidSetting
from dpyauth.texts.said import said

for _command in (login, whoami, status, accounts, balance, export, forget, lessons, sandbox, doctor, completion):
    commands.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns
    -------
    int
        The exit status: 0 for success, 1 for a problem, 2 if the command cannot be run as given, 130 if interrupted.
    """
    try:
        status = commands.main(arguments, prog_name="dpyauth", standalone_mode=False)
    except Ended as end:
        return end.status
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        return _wrong(error, sys.argv[1:] if arguments is None else arguments)
    except DpyauthError as error:
        say(advice(error))
        return WRONG if isinstance(error, InvalidSetting | InvalidRequest) else FAILED
    except OSError as error:
        named = f"{error.filename}: " if error.filename is not None else ""
        say(f"{named}{error.strerror or type(error).__name__}.")
        return FAILED
    except Exception as error:
        say(_defect(error))
        return FAILED
    return status if isinstance(status, int) else 0


def _wrong(error: click.ClickException, arguments: Sequence[str]) -> int:
    """Say what is wrong with the command line."""
    say(error.format_message())
    context = error.ctx if isinstance(error, click.UsageError) else None
    # click gives no context if the value of an option is missing.
    named = "".join(f" {argument}" for argument in arguments[:1] if argument in commands.commands)
    say(said("see_help", command=context.command_path if context else f"dpyauth{named}"))
    return WRONG


def _defect(error: Exception) -> str:
    """Describe a defect by its place only: the text of an unexpected error may contain a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    where = (
        said("place", file=Path(frames[-1].filename).name, line=str(frames[-1].lineno)) if frames else said("nowhere")
    )
    return said("bug", error=type(error).__name__, where=where)
