"""Ask for a credential at a prompt, and say what to do if that is not possible."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

from dpyauth import _environment, _terminal
from dpyauth._pasted import bare as bare_text
from dpyauth.credentials import Secret, bare, checked
from dpyauth.errors import InvalidSetting, NoCredential
from dpyauth.registry import APIS, DEFAULT, by_app_id

if TYPE_CHECKING:
    from dpyauth.targets import Targets

SOURCE = "a token entered at the prompt"
TRIES = 3
"""Number of times that the prompt asks for an app ID, and for a token if nothing was pasted."""

_NO_PASTE = (
    "Nothing was pasted: Ctrl+V does not paste at this prompt. Paste with a right-click, with Shift+Insert "
    "(Command+V on a Mac), or from the Edit menu of the window."
)

# Reasons why the user cannot be asked. Each completes "No token was found, and …".
NOT_ASKED = "this run cannot ask you for one"
NO_INPUT = "this front end has no prompt: dpyauth.login() without ask= shows a panel"
NO_CELL = "this thread cannot ask you for one: run dpyauth.login() in a cell, and pass the session to the thread"
NOT_HIDDEN = "this prompt cannot hide what you type"
NO_STREAM = "the input of this program does not work"


def no_credential(api: str, why: str = NOT_ASKED) -> str:
    """Return the error text for a login that has found no credential and cannot ask the user for one."""
    facts = APIS[api]
    app = f"to the ID of your app ({facts.pages.apps}, type PAT)"
    if facts.shared_app_id:
        app = f"to the ID of your app, if you have one ({facts.pages.apps})"
    place = _environment.secrets_place()
    set_it = f"In this notebook's secrets in {place}, set" if place else "Set the environment variable"
    return (
        f"No token was found, and {why}. {set_it} DERIV_APP_ID "
        f"{app}, and DERIV_TOKEN to {_a(facts.credential)} ({facts.pages.tokens}; the scope "
        f"{facts.scopes[facts.smallest_scope]} is enough to look at an account). Or run dpyauth.login(sandbox=True), "
        "which needs no account."
    )


def prompt(targets: Targets, api: str | None, app_id: object) -> tuple[Secret, object]:
    """Ask for what is missing: the app ID, then the token, without showing what the user types.

    If no API was chosen, the token and the app ID decide it. Returns the token and the app ID.

    Raises
    ------
    NoCredential
        The user did not answer, or the prompt cannot hide what the user types.
    InvalidCredential, InvalidSetting
        The token is malformed, or all the app IDs that the user entered are.
    """
    try:
        return ask(targets, api, app_id)
    except (EOFError, KeyboardInterrupt):
        raise NoCredential("No token was entered. Run dpyauth.login() again when you have one.") from None


def ask(targets: Targets, api: str | None, app_id: object) -> tuple[Secret, object]:
    """Do the same as `prompt`, but let EOFError and KeyboardInterrupt through."""
    try:
        return _asked(targets, api, app_id)
    except _NoPrompt as reason:
        raise NoCredential(no_credential(api or DEFAULT, str(reason))) from None


class _NoPrompt(Exception):
    """Raised if the user cannot be asked here, or only with the token visible on the screen."""


def _put(question: Callable[[str], str], text: str) -> str:
    """Ask the user a question, in whatever state the program's streams are."""
    from getpass import GetPassWarning

    try:
        with warnings.catch_warnings():
            # getpass only warns before it shows what the user types; a token must not appear on the screen.
            warnings.simplefilter("error", GetPassWarning)
            return question(_terminal.writable(text, sys.stdout))
    except GetPassWarning:
        raise _NoPrompt(NOT_HIDDEN) from None
    except EOFError:
        raise
    except Exception:  # such as StdinNotImplementedError, or whatever error a replaced stream raises
        raise _NoPrompt(NO_STREAM) from None


def _asked(targets: Targets, api: str | None, app_id: object) -> tuple[Secret, object]:
    elsewhere = targets.sandbox is not None or targets.server is not None
    if targets.server is not None:
        api = targets.guess(None, None)
    facts = APIS[api or targets.guess(None, app_id)]
    where = targets.settings(facts.name, app_id)
    if where.app_id is None:
        if not elsewhere:
            _say(f"Register an app (type PAT): {facts.pages.apps}")
        app_id = _app_id(targets, api)
    if not elsewhere:
        _say(f"Create {_a(facts.credential)} (scope {facts.scopes[facts.smallest_scope]}): {facts.pages.tokens}")
    what = f"{facts.credential[0].upper()}{facts.credential[1:]} (hidden{f', for {where.host}' if elsewhere else ''}): "
    token = _token(what)
    speaks = api or targets.guess(token, app_id)
    checked(token, SOURCE, speaks)  # first: asking for an app ID is pointless if the token is malformed
    try:
        targets.complete(speaks, app_id)
    except InvalidSetting as error:
        _say(str(error))
        app_id = _app_id(targets, speaks)
    return token, app_id


def _token(what: str) -> Secret:
    """Ask for the token without showing it, and again if Ctrl+V has pasted nothing."""
    import getpass

    for _ in range(TRIES):
        entered = Secret(_put(getpass.getpass, what))
        if bare(entered).reveal() or not entered.reveal().strip():
            break
        _say(_NO_PASTE)
    return entered


def _app_id(targets: Targets, api: str | None) -> object:
    """Ask for an app ID until it can be right. While the API is unknown it may be left out: a v3 token needs none."""
    for left in reversed(range(TRIES)):
        typed = _put(input, "App ID: ")
        entered = bare_text(typed)
        if typed.strip() and not entered and left:
            _say(_NO_PASTE)
            continue
        try:
            if api is not None:
                targets.complete(api, entered)
            else:
                targets.settings(by_app_id(entered) or DEFAULT, entered)
        except InvalidSetting as error:
            if not left:
                raise
            _say(str(error))
        else:
            break
    return entered or None


def _a(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"


def _say(text: str) -> None:
    # In a notebook, write to standard output: on standard error, the cell would look as if it had failed.
    _terminal.say(text, sys.stdout if _environment.in_notebook() else None)
