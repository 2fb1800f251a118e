"""`python -m dpyauth doctor`: a check-up in a terminal."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dpyauth import _terminal
from dpyauth.errors import DpyauthError, InvalidSetting

if TYPE_CHECKING:
    from dpyauth.checkup import Checkup
    from dpyauth.session import Session

PROBLEM = 1
CANNOT = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns
    -------
    int
        The exit status: 0 where all is well, 1 where there is a problem, 2 where it could not be done.
    """
    given = _parser().parse_args(arguments)
    try:
        checkup = _examine(given)
    except DpyauthError as error:
        from dpyauth.checkup.check_rows import clean

        _terminal.say(clean(str(error)))
        return CANNOT
    except KeyboardInterrupt:
        return INTERRUPTED
    text = json.dumps(checkup.to_dict(), indent=1, ensure_ascii=False) if given.json else str(checkup)
    return _write(text) or (PROBLEM if checkup.problems else 0)


def _write(text: str) -> int:
    """Write the result. A pipe that was closed, such as by `head`, is no error; a full disk is one."""
    try:
        sys.stdout.write(f"{_terminal.writable(text, sys.stdout)}\n")
        sys.stdout.flush()
    except OSError as error:
        with contextlib.suppress(Exception):  # a program's own stream may stand on no file
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is flushed at the end
        if not isinstance(error, BrokenPipeError):
            _terminal.say(f"The result could not be written: {error.strerror}.")
            return CANNOT
    except Exception:  # there is none, it is closed, or whatever a program's own one raises
        _terminal.say("The result could not be written: there is no standard output.")
        return CANNOT
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dpyauth", description="Jupyter notebook toolkit for the Deriv API.")
    commands = parser.add_subparsers(dest="command", required=True)
    doctor = commands.add_parser(
        "doctor",
        help="check this machine, this environment and Deriv's hosts",
        description="Check versions, proxies, certificates, the clock and Deriv's hosts. What it prints names neither "
        "you nor your account, and holds no secret.",
    )
    doctor.add_argument(
        "--replies",
        nargs="*",
        metavar="CALL",
        help="sign in as login() does without asking (DERIV_TOKEN, what was remembered), and compare Deriv's replies "
        "with what dpyauth knows of them: of all calls that only read, or of these",
    )
    doctor.add_argument("--sandbox", action="store_true", help="check the sandbox in place of Deriv")
    doctor.add_argument("--api", help="which of Deriv's two APIs you use: options or v3")
    doctor.add_argument("--app-id", help="the app ID to sign in with")
    doctor.add_argument("--profile", default="default", help="the name under which a credential was remembered")
    doctor.add_argument("--server", help="address of another Deriv server")
    doctor.add_argument("--oauth-host", help="another place for the sign-in pages of that server's API")
    doctor.add_argument("--timeout", type=float, default=5.0, help="seconds that a host may take for each answer")
    doctor.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _examine(given: argparse.Namespace) -> Checkup:
    from dpyauth.checkup import doctor

    session = None
    if given.sandbox or given.replies is not None:
        if given.oauth_host is not None:
            raise InvalidSetting("--oauth-host goes with neither --sandbox nor --replies: leave it out.")
        session = _signed_in(given)
    wanted = False if given.replies is None else given.replies or True
    try:
        where = {} if session else {"server": given.server, "oauth_host": given.oauth_host}
        return doctor(session, replies=wanted, api=given.api, timeout=given.timeout, **where)
    finally:
        if session is not None:
            session.close()


def _signed_in(given: argparse.Namespace) -> Session:
    from dpyauth.signin import login

    # What login() says of the account does not belong into what is made for the public.
    with contextlib.redirect_stderr(io.StringIO()):
        return login(
            ask=False,
            sandbox=given.sandbox,
            api=given.api,
            app_id=given.app_id,
            profile=given.profile,
            server=given.server,
        )


if __name__ == "__main__":
    sys.exit(main())
