"""Commands that need no account: `doctor`, `lessons`, `sandbox`, `completion`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dpyauth.command.output import FAILED, WRONG, Ended, advice, plain, say, write, write_json
from dpyauth.command.root import JSON, Whose, signed_in, whose
from dpyauth.errors import DpyauthError, InvalidSetting
from dpyauth.texts.said import said

if TYPE_CHECKING:
    from dpyauth.checkup import Checkup


@click.command()
@click.argument("calls", nargs=-1, metavar="[CALL]...")
@click.option(
    "--replies",
    is_flag=False,
    flag_value="",
    metavar="[CALL]...",
    help="Sign in without asking, and compare Deriv's replies with what dpyauth expects: those of all calls that only "
    "read, or of each CALL named.",
)
@click.option("--oauth-host", metavar="ADDRESS", help="Another address of the sign-in pages of that server's API.")
@click.option(
    "--timeout", type=float, default=5.0, show_default=True, help="Longest time for each reply of a host, in seconds."
)
@whose
@JSON
def doctor(
    whose: Whose, calls: tuple[str, ...], replies: str | None, oauth_host: str | None, timeout: float, as_json: bool
) -> None:
    """Check this machine and the connection to Deriv.

    Checks versions, proxies, certificates, the clock and Deriv's hosts, and says what to do. The output names neither
    you nor your account and contains no secret, so you can paste it into an issue. The exit status is 1 if there is a
    problem, and 2 if the check could not be made.
    """
    from dpyauth.checkup.check_rows import clean

    if calls and replies is None:
        raise click.UsageError(said("add_replies", call=calls[0]), click.get_current_context())
    named = [*filter(None, [replies]), *calls]
    try:
        checkup = _checked(whose, named or replies is not None, oauth_host, timeout)
    except DpyauthError as error:
        say(clean(advice(error)))
        raise Ended(WRONG) from None
    if as_json:
        write_json(checkup.to_dict())
    else:
        write(str(checkup))
    if checkup.problems:
        raise Ended(FAILED)


def _checked(whose: Whose, replies: list[str] | bool, oauth_host: str | None, timeout: float) -> Checkup:
    from dpyauth.checkup import doctor as check
    from dpyauth.errors import InvalidSetting

    if not (whose.sandbox or replies):
        return check(api=whose.api, server=whose.server, oauth_host=oauth_host, timeout=timeout)
    if oauth_host is not None:
        raise InvalidSetting(said("oauth_host_alone"))
    # No remarks: they are about the account, and the output is meant to be published.
    with signed_in(whose, remarks=False) as session:
        return check(session, replies=replies, api=whose.api, timeout=timeout)


@click.command()
@click.argument("folder", default="dpyauth-lessons")
@click.option("--no-open", is_flag=True, help="Only copy them; do not open JupyterLab.")
@JSON
def lessons(folder: str, no_open: bool, as_json: bool) -> None:
    """Copy the lessons into FOLDER, and open them in JupyterLab.

    FOLDER is dpyauth-lessons unless you name another. Run this again after an update to get the new lessons; lessons
    that you have changed are left as they are. To get a fresh copy, rename or delete yours first. Stop JupyterLab with
    Ctrl+C.
    """
    from dpyauth.command.lesson_files import copy_lessons, first, open_lab
    from dpyauth.files.place import located

    target = located(folder)
    if there := next((place for place in (target, *target.parents) if place.exists() and not place.is_dir()), None):
        raise InvalidSetting(f"{there} is a file, so the lessons cannot be copied into {folder}. Name another folder.")
    copied = copy_lessons(target)
    if as_json:
        write_json({"folder": str(target), **copied})
    else:
        write(f"The lessons are in {plain(folder)}. Begin with {first(target).relative_to(target)}.")
    if copied["kept"]:
        say(f"Not overwritten, because they are yours or you have changed them: {', '.join(copied['kept'])}.")
    if not no_open:
        raise Ended(open_lab(target))


@click.command()
@click.option("--port", type=int, default=0, help="Port to listen on; by default, a free one.")
@JSON
def sandbox(port: int, as_json: bool) -> None:
    """Run a simulated Deriv on this machine, with sample accounts.

    Prints an address, an app ID and sample tokens for each of Deriv's two APIs, and runs until Ctrl+C. Any client for
    Deriv can use it; nothing there is real. The other commands need only their option --sandbox, which starts one for
    the command.
    """
    from dpyauth.sandbox.__main__ import described, run

    run(port, (lambda box: write_json(described(box))) if as_json else None)


_COMPLETION_HELP = """Let your shell complete commands and options.

Prints the script that your shell needs:

\b
bash:  echo 'eval "$(dpyauth completion bash)"' >> ~/.bashrc
zsh:   echo 'eval "$(dpyauth completion zsh)"' >> ~/.zshrc
fish:  dpyauth completion fish > ~/.config/fish/completions/dpyauth.fish

Then open a new terminal. Without SHELL, the script is for the shell you use.
"""


@click.command(help=_COMPLETION_HELP)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), required=False)
def completion(shell: str | None) -> None:
    """Print the script with which a shell completes commands and options."""
    from click.shell_completion import get_completion_class

    used = shell or Path(os.environ.get("SHELL", "")).name
    kind = get_completion_class(used)
    if kind is None:
        raise click.UsageError("Say which shell: bash, zsh or fish.", click.get_current_context())
    root: Any = click.get_current_context().find_root().command
    script = kind(root, {}, "dpyauth", "_DPYAUTH_COMPLETE").source()
    if used == "zsh":  # without settings of the user, zsh has not loaded compinit, which the script needs
        script = script.replace("\n", "\n(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }\n", 1)
    write(script)
