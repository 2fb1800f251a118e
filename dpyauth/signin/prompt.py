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
from dpyauth.settings import language_of
from dpyauth.texts import Words, texts
from dpyauth.texts.said import Said, said

if TYPE_CHECKING:
    from dpyauth.targets import Targets

SOURCE = said("source_prompt")
TRIES = 3
"""Number of times that the prompt asks for an app ID, and for a token if nothing was pasted."""

# Why the user cannot be asked: codes of NoCredential, and keys of its text.
NOT_ASKED = "no_token_not_asked"
NO_INPUT = "no_token_no_prompt"
NO_CELL = "no_token_no_cell"
NOT_HIDDEN = "no_token_not_hidden"
NO_STREAM = "no_token_no_input"


def no_credential(api: str, why: str = NOT_ASKED) -> Said:
    """Return the error text for a login that has found no credential and cannot ask the user for one."""
    facts, place = APIS[api], _environment.secrets_place()
    advice = said(
        f"set_{'secrets' if place else 'variables'}_{api}",
        place=place,
        apps=facts.pages.apps,
        tokens=facts.pages.tokens,
        scope=facts.scopes[facts.smallest_scope],
    )
    return said(why, advice=advice)


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
        raise NoCredential(said("no_token_entered")) from None


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
    words = texts("prompt", language=language_of(targets.language))
    elsewhere = targets.sandbox is not None or targets.server is not None
    if targets.server is not None:
        api = targets.guess(None, None)
    facts = APIS[api or targets.guess(None, app_id)]
    where = targets.settings(facts.name, app_id)
    if where.app_id is None:
        if not elsewhere:
            _say(words("register", address=facts.pages.apps))
        app_id = _app_id(targets, api, words)
    if elsewhere:
        token = _token(words(f"token_{facts.name}_for", host=where.host), words)
    else:
        scope = facts.scopes[facts.smallest_scope]
        _say(words(f"create_{facts.name}", scope=scope, address=facts.pages.tokens))
        token = _token(words[f"token_{facts.name}"], words)
    speaks = api or targets.guess(token, app_id)
    checked(token, SOURCE, speaks)  # first: asking for an app ID is pointless if the token is malformed
    try:
        targets.complete(speaks, app_id)
    except InvalidSetting as error:
        _say(error.in_language(words["lang"]))
        app_id = _app_id(targets, speaks, words)
    return token, app_id


def _token(what: str, words: Words) -> Secret:
    """Ask for the token without showing it, and again if Ctrl+V has pasted nothing."""
    import getpass

    for _ in range(TRIES):
        entered = Secret(_put(getpass.getpass, f"{what} "))
        if bare(entered).reveal() or not entered.reveal().strip():
            break
        _say(words["no_paste"])
    return entered


def _app_id(targets: Targets, api: str | None, words: Words) -> object:
    """Ask for an app ID until it can be right. While the API is unknown it may be left out: a v3 token needs none."""
    for left in reversed(range(TRIES)):
        typed = _put(input, f"{words['app_id']} ")
        entered = bare_text(typed)
        if typed.strip() and not entered and left:
            _say(words["no_paste"])
            continue
        try:
            if api is not None:
                targets.complete(api, entered)
            else:
                targets.settings(by_app_id(entered) or DEFAULT, entered)
        except InvalidSetting as error:
            if not left:
                raise
            _say(error.in_language(words["lang"]))
        else:
            break
    return entered or None


def _say(text: str) -> None:
    # In a notebook, write to standard output: on standard error, the cell would look as if it had failed.
    _terminal.say(text, sys.stdout if _environment.in_notebook() else None)
