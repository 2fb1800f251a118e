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

SOURCE = "the prompt"
TRIES = 3
"""Times that an app ID is asked for, and a token if none was pasted."""

_NO_PASTE = (
    "Nothing was pasted: at this prompt Ctrl+V is a character like any other. Paste by right-click, by Shift+Insert "
    "(Command+V on a Mac), or from the window's menu Edit."
)


NOBODY = "nobody to ask in this run"
NO_INPUT = "no prompt in this front end, which allows no input: dpyauth.login() without ask= shows a panel"
NO_CELL = "no way to ask on this thread: run dpyauth.login() in a cell, and hand the session over"
NOT_HIDDEN = "no way to ask here: what is typed would be seen"
NO_STREAM = "no way to ask here: the program's input does not work"


def nobody(api: str, why: str = NOBODY) -> str:
    """Return the text for a login without a credential where the user cannot be asked."""
    facts = APIS[api]
    app = f"to the ID of your app ({facts.pages.apps}, type PAT)"
    if facts.shared_app_id:
        app = f"to the ID of your app, if you have one ({facts.pages.apps})"
    place = _environment.secrets_place()
    set_it = f"Among this notebook's secrets in {place}, set" if place else "Set the environment variable"
    return (
        f"There is nothing to sign in with, and {why}. {set_it} DERIV_APP_ID "
        f"{app}, and DERIV_TOKEN to {_a(facts.credential)} ({facts.pages.tokens}; the scope "
        f"{facts.scopes[facts.smallest_scope]} is enough to look at an account). Or run dpyauth.login(sandbox=True), "
        "which needs no account."
    )


def prompt(targets: Targets, api: str | None, app_id: object) -> tuple[Secret, object]:
    """Ask for what is missing: the app ID, then the token, without showing what is typed.

    If no API was chosen, token and app ID decide it. Returns the token and the app ID.

    Raises
    ------
    NoCredential
        The user did not answer, or the prompt cannot hide what is typed.
    InvalidCredential, InvalidSetting
        The token cannot be right, or none of the app IDs that were entered.
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
        raise NoCredential(nobody(api or DEFAULT, str(reason))) from None


class _NoPrompt(Exception):
    """Raised if the user cannot be asked here, or not without showing what is typed."""


def _put(question: Callable[[str], str], text: str) -> str:
    """Ask the user a question, in whatever state the program's streams are."""
    from getpass import GetPassWarning

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", GetPassWarning)  # what is typed would be seen
            return question(_terminal.writable(text, sys.stdout))
    except GetPassWarning:
        raise _NoPrompt(NOT_HIDDEN) from None
    except EOFError:
        raise
    except Exception:  # StdinNotImplementedError among them, and whatever a program's own streams raise
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
        _say(f"Make {_a(facts.credential)} (scope {facts.scopes[facts.smallest_scope]}): {facts.pages.tokens}")
    what = f"{facts.credential[0].upper()}{facts.credential[1:]} (hidden{f', for {where.host}' if elsewhere else ''}): "
    token = _token(what)
    speaks = api or targets.guess(token, app_id)
    checked(token, SOURCE, speaks)  # or the user would be asked for the app ID of a token that is no good
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
    """Ask for an app ID until it can be right; it may be left out while the API is not known: a token may need none."""
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
    # In a notebook as output of the cell: standard error would look like a fault.
    _terminal.say(text, sys.stdout if _environment.in_notebook() else None)
