"""Commands for signing in: `login`, `whoami`, `forget`."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from dpyauth import _terminal
from dpyauth.command.frame_values import as_json as json_value
from dpyauth.command.frame_values import as_text
from dpyauth.command.output import FAILED, INTERRUPTED, WRONG, Ended, plain, quiet, say, write, write_json
from dpyauth.command.root import ACCOUNT, API, APP_ID, JSON, PROFILE, SERVER, Whose, again, signed_in, whose
from dpyauth.command.text_tables import listed
from dpyauth.texts.said import Said, said

if TYPE_CHECKING:
    from dpyauth.credentials import Secret
    from dpyauth.session import Session

_LONGEST = 10_000  # characters to read of a token on standard input; no token is this long


_LOGIN_HELP = """Sign in with a token, and remember it.

Asks for your app ID and your token, and says where to find them at Deriv. The token stays hidden while you type.
When Deriv has accepted it, it is stored in the system's keyring if there is one, else in a file that only you can
read; notebooks on this machine find it there, too. `dpyauth forget` removes it.

There is no option for the token itself: a command line is kept in your shell's history, and other programs can see
it. To sign in without being asked, pass the token from another program:

\b
  pass show deriv | dpyauth login --app-id YOUR-APP-ID --with-token

or set the environment variables DERIV_TOKEN and DERIV_APP_ID, which the other commands use without a login.
"""


@click.command(help=_LOGIN_HELP)
@click.option("--with-token", is_flag=True, help="Read the token from standard input, such as from a password manager.")
@click.option("--create-demo", is_flag=True, help="Create a demo account if you have no account yet.")
@ACCOUNT
@PROFILE
@API
@APP_ID
@SERVER
@JSON
def login(
    with_token: bool,
    create_demo: bool,
    account: str | None,
    profile: str,
    api: str | None,
    app_id: str | None,
    server: str | None,
    as_json: bool,
) -> None:
    """Sign in with a token, and remember it."""
    from dpyauth.errors import KeepingFailed
    from dpyauth.signin import checks
    from dpyauth.signin import login as sign_in

    account = checks.login_id(account)
    name = checks.storage_name(checks.profile_name(profile), server, None)
    token, app_id = _handed_over(app_id) if with_token else _asked(api, app_id, server)
    with quiet():
        session = sign_in(
            token,
            app_id=app_id,
            api=api,
            server=server,
            profile=profile,
            loginid=account,
            create_demo=create_demo,
            ask=False,
        )
    try:
        if session.core.remarks:
            say(session.core.remarks)
        try:
            kept = session.core.remember(name)
        except KeepingFailed as error:
            error.add_note(said("token_not_remembered"))
            raise
        facts = _facts(session, profile)
    finally:
        session.close()
    if as_json:
        write_json({**facts, "kept_in": kept})
    else:
        write(said("signed_in_as", account=_account(facts)))
        say(said("token_kept", place=kept, options=again(profile, server)))
    if os.environ.get("DERIV_TOKEN"):
        say(said("variable_used_instead"))


@click.command()
@ACCOUNT
@whose
@JSON
def whoami(whose: Whose, account: str | None, as_json: bool) -> None:
    """Show who is signed in, and where the sign-in comes from.

    Asks Deriv, with the sign-in that `dpyauth login` remembered, or with DERIV_TOKEN if that is set. The exit status is
    1 if you are not signed in or Deriv no longer accepts the token. The token is never shown.
    """
    with signed_in(whose, account) as session:
        facts = _facts(session, whose.profile)
    if as_json:
        write_json(facts)
        return
    shown = {
        "account": _account(facts),
        "all accounts": ", ".join(facts["accounts"]) if len(facts["accounts"]) > 1 else "",
        "API": facts["api_title"] + (", in a sandbox: nothing here is real" if facts["sandbox"] else ""),
        "scopes": "not stated by Deriv" if facts["scopes"] is None else ", ".join(facts["scopes"]) or "none",
        "signed in with": facts["source"],
        "profile": "" if whose.profile == "default" else whose.profile,
        "expires": as_text(facts["expires"]) or "not stated by Deriv",
    }
    write(listed(shown.items()))


@click.command()
@click.option("--profile", metavar="NAME", help="Name of the sign-in to remove, if you have several.")
@click.option(
    "--all", "everything", is_flag=True, help="Remove every remembered sign-in, even those that cannot be read."
)
@SERVER
@JSON
def forget(profile: str | None, everything: bool, server: str | None, as_json: bool) -> None:
    """Remove the remembered sign-in from this machine.

    The token itself stays valid: to end it, revoke it at Deriv. If several sign-ins are remembered, say which one to
    remove with --profile, or use --all.
    """
    from dpyauth import storage
    from dpyauth.signin.checks import storage_name

    named = profile is not None or server is not None
    if everything and named:
        raise click.UsageError("Use --all alone, or say which sign-in to remove.", click.get_current_context())
    there = [] if everything or named else _remembered()
    if len(there) > 1:
        say(f"Several sign-ins are remembered: {', '.join(there)}. Choose one with --profile NAME, or use --all.")
        raise Ended(WRONG)
    removed = storage.forget(storage_name(profile or "default", server, None) if named else None)
    if as_json:
        write_json({"forgotten": removed})
    elif removed:
        write(f"Forgotten: {plain(', '.join(removed))}.")
        say("The token itself stays valid until you revoke it at Deriv.")
    else:
        write("No sign-in was remembered, so there was nothing to remove.")


def _remembered() -> list[str]:
    """Return the names of remembered sign-ins; none if the list cannot be read, which is then removed as a whole."""
    from dpyauth.errors import KeepingFailed
    from dpyauth.storage import remembered

    try:
        return remembered()
    except KeepingFailed:
        return []


def _asked(api: str | None, app_id: str | None, server: str | None) -> tuple[Secret, Any]:
    """Ask for the app ID and the token at a prompt."""
    from dpyauth.signin.prompt import ask
    from dpyauth.signin.sources import variable
    from dpyauth.targets import Targets

    if not _terminal.is_terminal(sys.stdin):
        say(said("no_terminal"))
        raise Ended(FAILED)
    # Show the prompt on the terminal even if the result is redirected to a file.
    shown = contextlib.nullcontext() if _terminal.is_terminal(sys.stdout) else contextlib.redirect_stdout(sys.stderr)
    try:
        with shown:
            return ask(
                Targets(server=server), api or variable("DERIV_API", None), app_id or variable("DERIV_APP_ID", None)
            )
    except EOFError:
        say("")
        say(said("input_ended"))
        raise Ended(FAILED) from None
    except KeyboardInterrupt:
        say("")
        say(said("input_interrupted"))
        raise Ended(INTERRUPTED) from None


def _handed_over(app_id: str | None) -> tuple[Secret, str | None]:
    """Read the token that another program passes on standard input."""
    from dpyauth.credentials import Secret, bare

    if _terminal.is_terminal(sys.stdin):
        raise click.UsageError(said("token_from_program"), click.get_current_context())
    try:
        token = Secret(sys.stdin.read(_LONGEST))
    except UnicodeDecodeError:
        raise click.UsageError(said("input_not_text"), click.get_current_context()) from None
    if not bare(token).reveal():
        say(said("input_empty"))
        raise Ended(FAILED)
    return token, app_id


def _facts(session: Session, profile: str) -> dict[str, Any]:
    """Return the facts about a sign-in that are safe to show."""
    account, credential = session.core.active_account, session.core.credential
    if account is None or credential is None:  # Deriv has ended it in the meantime
        raise session.core.not_signed_in("authorize")
    return {
        "profile": profile,
        "loginid": account.loginid,
        "kind": account.kind,
        "currency": account.currency or None,
        "accounts": list(session.core.grants),
        "api": session.api,
        "api_title": session.core.api_facts.title,
        "sandbox": session.sandbox,
        "scopes": None if account.scopes is None else list(account.scopes),
        "source": credential.source,
        "expires": json_value(session.expires),
    }


def _account(facts: dict[str, Any]) -> Said:
    kind, currency = said(f"of_kind_{facts['kind']}"), facts["currency"] or said("no_currency")
    return said("account", loginid=facts["loginid"], kind=kind, currency=currency)
