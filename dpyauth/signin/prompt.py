"""Asking for a sign-in in a terminal, and what to say where there is nobody to ask."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dpyauth.credentials import Secret, checked
from dpyauth.errors import InvalidSetting, NoCredential
from dpyauth.registry import APIS, DEFAULT, by_app_id

if TYPE_CHECKING:
    from dpyauth.signin.choice import Choice

SOURCE = "the prompt"
TRIES = 3
"""How often an app ID is asked for."""


def nobody(api: str) -> str:
    """Return what to say where there is nothing to sign in with, and nobody to ask."""
    facts = APIS[api]
    app = f"to the ID of your app ({facts.pages.apps}, type PAT)"
    if facts.shared_app_id:
        app = f"to the ID of your app, if you have one ({facts.pages.apps})"
    return (
        "There is nothing to sign in with, and nobody to ask in this run. Set the environment variable DERIV_APP_ID "
        f"{app}, and DERIV_TOKEN to {_a(facts.credential)} ({facts.pages.tokens}; the scope "
        f"{facts.scopes[facts.smallest_scope]} is enough to look at an account). Or run dpyauth.login(sandbox=True), "
        "which needs no account."
    )


def prompt(choice: Choice, api: str | None, app_id: object) -> tuple[Secret, object]:
    """Ask for what is missing: the app ID, then the token, without showing what is typed.

    ``api``: the API that was chosen; without one, token and app ID decide it. Returns the token and the app ID.

    Raises
    ------
    NoCredential
        The user has left instead of answering.
    InvalidCredential, InvalidSetting
        The token, or none of several app IDs, can be right.
    """
    try:
        return _asked(choice, api, app_id)
    except (EOFError, KeyboardInterrupt):
        raise NoCredential("No token was entered. Run dpyauth.login() again when you have one.") from None


def _asked(choice: Choice, api: str | None, app_id: object) -> tuple[Secret, object]:
    import getpass

    elsewhere = choice.box is not None or choice.server is not None
    if choice.server is not None:
        api = choice.guess(None, None)
    facts = APIS[api or choice.guess(None, app_id)]
    where = choice.settings(facts.name, app_id)
    if where.app_id is None:
        _say(f"Register an app (type PAT): {facts.pages.apps}")
        app_id = _app_id(choice, api)
    if not elsewhere:
        _say(f"Make {_a(facts.credential)} (scope {facts.scopes[facts.smallest_scope]}): {facts.pages.tokens}")
    what = f"{facts.credential[0].upper()}{facts.credential[1:]} (hidden{f', for {where.host}' if elsewhere else ''}): "
    token = Secret(getpass.getpass(what))
    speaks = api or choice.guess(token, app_id)
    checked(token, SOURCE, speaks)  # or the user would be asked for the app ID of a token that is no good
    try:
        choice.complete(speaks, app_id)
    except InvalidSetting as error:
        _say(str(error))
        app_id = _app_id(choice, speaks)
    return token, app_id


def _app_id(choice: Choice, api: str | None) -> object:
    """Ask for an app ID until it can be right; it may be left out while the API is not known: a token may need none."""
    for left in reversed(range(TRIES)):
        entered = input("App ID: ").strip()
        try:
            if api is not None:
                choice.complete(api, entered)
            else:
                choice.settings(by_app_id(entered) or DEFAULT, entered)
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
    sys.stderr.write(f"{text}\n")
