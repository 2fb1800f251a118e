"""Define the group of all commands, and the options that several of them share."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from dpyauth._version import __version__
from dpyauth.command.output import quiet, say
from dpyauth.registry import APIS
from dpyauth.texts.said import said

if TYPE_CHECKING:
    from dpyauth.session import Session

F = TypeVar("F", bound=Callable[..., Any])

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(
    context_settings=SETTINGS,
    invoke_without_command=True,
    epilog="Exit status: 0 success; 1 a problem, such as a sign-in that Deriv refuses; 2 the command "
    "cannot be run as given; 130 interrupted. Results go to standard output, everything else to "
    "standard error.",
)
@click.version_option(__version__, prog_name="dpyauth", message="%(prog)s %(version)s")
@click.pass_context
def commands(context: click.Context) -> None:
    """Sign in to Deriv and look at your account, from a terminal.

    Begin with `dpyauth login`; then `dpyauth status` shows the status of your account. To try it without an account,
    run `dpyauth status --sandbox`: it uses a sample account, and nothing is real.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@dataclass(frozen=True, slots=True)
class Whose:
    """Sign-in that a command uses, as named on the command line."""

    profile: str = "default"
    api: str | None = None
    app_id: str | None = None
    server: str | None = None
    sandbox: bool = False


def _profiles(context: click.Context, parameter: click.Parameter, written: str) -> list[CompletionItem]:
    """Complete the names of remembered sign-ins."""
    from dpyauth.errors import DpyauthError
    from dpyauth.storage import remembered

    try:
        names = remembered()
    except (DpyauthError, OSError):
        names = []
    return [CompletionItem(name) for name in names if name.startswith(written)]


PROFILE = click.option(
    "--profile",
    default="default",
    metavar="NAME",
    show_default=True,
    shell_complete=_profiles,
    help="Name of the sign-in, if you have several.",
)
API = click.option(
    "--api",
    type=click.Choice(list(APIS)),
    help="Which of Deriv's two APIs to use; usually not needed.",
)
APP_ID = click.option("--app-id", metavar="ID", help="Your app ID; it is not a secret.")
SERVER = click.option(
    "--server", metavar="ADDRESS", help="Another Deriv server, such as one started by `dpyauth sandbox`."
)
SANDBOX = click.option(
    "--sandbox", is_flag=True, help="Use sample accounts on this machine instead of Deriv; nothing is real."
)
ACCOUNT = click.option("--account", metavar="LOGIN-ID", help="Account to use, such as DOT900003.")
ACCOUNTS = click.option(
    "--account", metavar="LOGIN-ID", help="Account to use, such as DOT900003, or `all` for all your accounts."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def whose(function: F) -> F:
    """Add the options that name a sign-in; the function gets them as a `Whose`, its first argument."""

    @functools.wraps(function)
    def inner(
        *, profile: str, api: str | None, app_id: str | None, server: str | None, sandbox: bool, **rest: Any
    ) -> Any:
        return function(Whose(profile, api, app_id, server, sandbox), **rest)

    for option in (SERVER, APP_ID, API, PROFILE, SANDBOX):
        inner = option(inner)
    return inner  # type: ignore[return-value]


def again(profile: str, server: str | None) -> str:
    """Return the options with which another command uses the same remembered sign-in."""
    named = {"--profile": None if profile == "default" else profile, "--server": server}
    return "".join(f" {option} {shlex.quote(value)}" for option, value in named.items() if value is not None)


@contextmanager
def signed_in(whose: Whose, account: str | None = None, *, remarks: bool = True) -> Iterator[Session]:
    """Open a session while the command runs. It never asks for a credential; remarks on the sign-in are printed."""
    from dpyauth.errors import NoCredential
    from dpyauth.signin import login
    from dpyauth.signin.prompt import NOT_ASKED

    try:
        with quiet():
            session = login(
                ask=False,
                loginid=account,
                profile=whose.profile,
                api=whose.api,
                app_id=whose.app_id,
                server=whose.server,
                sandbox=whose.sandbox,
            )
    except NoCredential as error:
        if error.code != NOT_ASKED:
            raise
        options = again(whose.profile, whose.server)
        if whose.profile == "default":
            raise NoCredential(said("log_in_first", options=options)) from None
        raise NoCredential(said("log_in_with_profile", profile=whose.profile, options=options)) from None
    try:
        if remarks and session.core.remarks:
            say(session.core.remarks)
        yield session
    finally:
        session.close()
