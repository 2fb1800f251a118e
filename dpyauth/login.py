"""`login`: find a credential or ask for one, and hand over a session."""

from __future__ import annotations

import atexit
import getpass
import os
import sys
import threading
from typing import TYPE_CHECKING

from dpyauth import environment
from dpyauth.credentials import Credential, Secret, api_token
from dpyauth.errors import InvalidSetting, NoCredential, SessionClosed
from dpyauth.session import Session, check_timeout
from dpyauth.settings import Settings, settings

if TYPE_CHECKING:
    from dpyauth.sandbox import Sandbox

_lock = threading.Lock()
_current: Session | None = None


def login(
    token: str | Secret | None = None,
    *,
    app_id: int | str | None = None,
    sandbox: bool = False,
    ask: bool | None = None,
    server: str | None = None,
    language: str = "EN",
    timeout: float = 30.0,
) -> Session:
    """Sign in to Deriv and return the session.

    Looks for a credential in this order, and says where it found one: the argument ``token``; the environment
    variable ``DERIV_TOKEN``; in Google Colab, the secret of that name. When there is none it asks: in a notebook
    with the sign-in panel (and returns at once: sign in there, then run the next cell), in a terminal with a hidden
    prompt.

    A kernel has one session: running ``login()`` again with the same credential returns the same one, with another
    credential it opens a new one and closes the old.

    Parameters
    ----------
    token : str, optional
        An API token. Better not typed into a cell, where it is saved with the notebook: leave it out and use the
        panel.
    app_id : int or str, optional
        Your app ID; else the environment variable ``DERIV_APP_ID``, else 1089, which Deriv lets everybody use for
        trying things with an API token.
    sandbox : bool
        Use a Deriv that runs inside this machine, with sample accounts: no account is needed and nothing is real.
        Signs in at once as a sample user, unless ``ask`` or ``token`` says otherwise.
    ask : bool, optional
        True: show the panel (or prompt) whatever is found elsewhere. False: never ask.
    server : str, optional
        Address of another Deriv v3 server, such as a sandbox in another process.
    language : str
        Language of Deriv's messages, such as ``"EN"`` or ``"ES"``.
    timeout : float
        How long the sign-in and every later call may take, in seconds.

    Returns
    -------
    Session

    Raises
    ------
    NoCredential
        There is no credential, and nobody to ask; the text says what to set.
    InvalidCredential, InvalidSetting
        A token, app ID or other setting that cannot be right; nothing was sent.
    SignInRefused
        Deriv does not accept the token or the app ID (call ``authorize``).
    ConnectionFailed, CallTimeout
        Deriv could not be reached, or did not answer.

    Examples
    --------
    >>> import dpyauth
    >>> session = dpyauth.login(sandbox=True)
    >>> session
    <dpyauth session: signed in, CR900001 (USD, real)>
    """
    token = Secret(token) if isinstance(token, str) else token  # first of all: tracebacks may show variables
    credential = None if token is None else api_token(token, "the argument token")
    box = _sandbox(sandbox, server)
    where = settings(
        app_id=app_id if app_id is not None else _default_app_id(box),
        server=box.url if box else server,
        language=language,
    )
    timeout = check_timeout(timeout)
    if credential is None and ask is not True:
        credential = _sample(box) if box else _found()
    if credential is None and (
        ask is False or not (environment.somebody_there() or (ask and environment.in_notebook()))
    ):
        raise NoCredential(_NOBODY)
    if credential is None and not environment.in_notebook():
        credential = _prompt(where)
    session = _session(credential, where, timeout)
    _show(session, credential, box)
    return session


_NOBODY = (
    "There is no API token to sign in with, and nobody to ask in this run. Set the environment variable DERIV_TOKEN "
    "(and DERIV_APP_ID, if you have an app ID of your own), or run dpyauth.login(sandbox=True), which needs no account."
)


def _session(credential: Credential | None, where: Settings, timeout: float) -> Session:
    """The kernel's one session: the one there is where it fits, else a new one in its place."""
    global _current
    with _lock:
        before = _current
        if before is not None and before._fits(credential, where):
            before._timeout = timeout
            return before
        session = Session(where, timeout=timeout)
        if credential is not None:
            try:
                session._sign_in_and_wait(credential)
            except BaseException:
                session.close()
                raise
        _current = session
    if before is not None:
        before._close(SessionClosed("dpyauth.login() has opened a new session; this one is closed. Use the new one."))
    return session


@atexit.register
def _leave() -> None:
    if _current is not None:
        _current.close()


def _sandbox(wanted: bool, server: str | None) -> Sandbox | None:
    if not wanted:
        return None
    if server is not None:
        raise InvalidSetting("Give either sandbox=True or server=, not both.")
    from dpyauth.sandbox import shared

    return shared()


def _default_app_id(box: Sandbox | None) -> str | int | None:
    return box.app_id if box else os.environ.get("DERIV_APP_ID") or None


def _sample(box: Sandbox) -> Credential:
    return api_token(box.tokens[0].token, "the sandbox's sample tokens")


def _found() -> Credential | None:
    """A credential from the surroundings."""
    variable = "DERIV_TOKEN"
    if os.environ.get(variable, "").strip():
        return api_token(Secret(os.environ[variable]), f"the environment variable {variable}")
    if environment.in_colab():
        from google.colab import userdata  # type: ignore[import-not-found]

        try:
            return api_token(Secret(userdata.get(variable)), f"the Colab secret {variable}")
        except (userdata.SecretNotFoundError, userdata.NotebookAccessError, TimeoutError):
            return None
    return None


def _prompt(where: Settings) -> Credential:
    """Ask in a terminal, without showing what is typed."""
    try:
        return api_token(Secret(getpass.getpass(f"Deriv API token (hidden, for {where.host}): ")), "the prompt")
    except (EOFError, KeyboardInterrupt):
        raise NoCredential("No API token was entered.") from None


def _show(session: Session, credential: Credential | None, box: Sandbox | None) -> None:
    """Say who is signed in: with the panel in a notebook, in a line elsewhere."""
    if environment.in_notebook():
        from dpyauth.widgets.signin import show

        show(session, box.tokens if box else ())
    elif credential is not None:
        sys.stderr.write(f"{session!r} with the token from {credential.source}\n")
