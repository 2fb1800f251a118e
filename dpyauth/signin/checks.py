"""Checks of the arguments of `login`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dpyauth import _environment, _pasted
from dpyauth.errors import InvalidSetting
from dpyauth.texts.said import said

if TYPE_CHECKING:
    from dpyauth.sandbox import Sandbox


def ask_first(ask: object) -> bool:
    """Return whether to ask the user instead of looking for a credential."""
    if not (ask is None or isinstance(ask, bool) or (isinstance(ask, str) and ask == "prompt")):
        raise InvalidSetting(said("ask_invalid"), field="ask")
    if ask is True and _environment.in_notebook():
        _environment.assume_user()
    return bool(ask)


def login_id(given: object) -> str | None:
    """Return a login ID as Deriv writes it."""
    if given is None:
        return None
    if not isinstance(given, str) or not re.fullmatch(r"[A-Za-z]{1,16}[0-9]{1,16}", _pasted.bare(given)):
        raise InvalidSetting(said("loginid_invalid"))
    return _pasted.bare(given).upper()


def profile_name(given: object) -> str:
    """Return the name of a profile."""
    if not isinstance(given, str) or not given.strip():
        raise InvalidSetting(said("profile_invalid"), field="profile")
    return given


def storage_name(profile: str, server: str | None, sandbox: Sandbox | None) -> str:
    """Return the name to remember a credential under.

    The sandbox and other servers have names of their own, so that their tokens never go to Deriv, nor the reverse.
    """
    return f"{profile}@sandbox" if sandbox else f"{profile}@{server}" if server else profile
