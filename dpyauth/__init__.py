"""Jupyter notebook toolkit for the Deriv API.

import dpyauth

session = dpyauth.login()      # a sign-in panel; dpyauth.login(sandbox=True) needs no account
session.account_status()       # a DataFrame
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from dpyauth._version import __version__

if TYPE_CHECKING:
    from dpyauth import plots
    from dpyauth.checkup import doctor
    from dpyauth.errors import (
        ApiError,
        ApiUnavailable,
        BadReply,
        CallTimeout,
        ConnectionFailed,
        ConnectionLost,
        DpyauthError,
        InputRefused,
        InvalidArgument,
        InvalidCredential,
        InvalidRequest,
        InvalidSetting,
        KeepingFailed,
        ListenerFailed,
        MissingScope,
        NestingRefused,
        NoCredential,
        NotCarriedOut,
        NotInThisApi,
        NotSignedIn,
        OutcomeUnknown,
        PermissionDenied,
        RateLimited,
        RedirectRefused,
        SessionClosed,
        SignInRefused,
        UnknownName,
    )
    from dpyauth.files import for_storage, restored, to_excel
    from dpyauth.fleets import Fleet, fleet
    from dpyauth.nested import allow_nested_asyncio
    from dpyauth.report import export
    from dpyauth.session import Session
    from dpyauth.session.stream import Stream
    from dpyauth.signin import login
    from dpyauth.signin.shortcuts import apps, explorer, tokens
    from dpyauth.storage import forget

__all__ = [
    "ApiError",
    "ApiUnavailable",
    "BadReply",
    "CallTimeout",
    "ConnectionFailed",
    "ConnectionLost",
    "DpyauthError",
    "Fleet",
    "InputRefused",
    "InvalidArgument",
    "InvalidCredential",
    "InvalidRequest",
    "InvalidSetting",
    "KeepingFailed",
    "ListenerFailed",
    "MissingScope",
    "NestingRefused",
    "NoCredential",
    "NotCarriedOut",
    "NotInThisApi",
    "NotSignedIn",
    "OutcomeUnknown",
    "PermissionDenied",
    "RateLimited",
    "RedirectRefused",
    "Session",
    "SessionClosed",
    "SignInRefused",
    "Stream",
    "UnknownName",
    "__version__",
    "allow_nested_asyncio",
    "apps",
    "doctor",
    "explorer",
    "export",
    "fleet",
    "for_storage",
    "forget",
    "login",
    "plots",
    "restored",
    "to_excel",
    "tokens",
]

_HOMES = {
    "Fleet": "fleets",
    "Session": "signin",  # importing this gives it its panels
    "Stream": "session.stream",
    "allow_nested_asyncio": "nested",
    "apps": "signin.shortcuts",
    "doctor": "checkup",
    "explorer": "signin.shortcuts",
    "export": "report",
    "fleet": "fleets",
    "for_storage": "files",
    "forget": "storage",
    "login": "signin",
    "plots": "plots",  # the module itself
    "restored": "files",
    "to_excel": "files",
    "tokens": "signin.shortcuts",
}
"""Module of each public name that is not an error; errors are in `dpyauth.errors`."""


def _load(name: str) -> Any:
    # Import on first use, so that `import dpyauth` stays fast: loading pandas and the network code takes a while.
    if name not in __all__:
        raise _missing(name)
    import importlib

    from dpyauth._forks import importing

    home = _HOMES.get(name, "errors")
    try:
        with importing:
            module = importlib.import_module(f"dpyauth.{home}")
    except KeyboardInterrupt as interrupt:
        from dpyauth._traceback import leaving

        leaving(interrupt)
        raise
    found = module if home == name else getattr(module, name)
    globals()[name] = found
    return found


def _missing(name: str) -> AttributeError:
    """Return the error for a name that is not public.

    Python also calls this for submodules, such as in ``from dpyauth import frames``; those need a different advice.
    """
    from importlib.util import find_spec

    if name.startswith("_"):
        return AttributeError(f"module 'dpyauth' has no attribute {name!r}")
    if find_spec(f"dpyauth.{name}") is not None:
        return AttributeError(
            f"dpyauth.{name} is a module that has not been imported yet. Write `import dpyauth.{name}` first."
        )
    from dpyauth.errors import UnknownName
    from dpyauth.session import Session

    there = f"It belongs to a session: dpyauth.login().{name}." if name in dir(Session) else ""
    return UnknownName.of("The module dpyauth", name, __all__, there)


if not TYPE_CHECKING:  # a type checker would accept every name
    __getattr__ = _load

# Note now that visitors share this process: marimo does not say so on threads that the app starts.
if "marimo" in sys.modules:
    from dpyauth import _environment

    _environment.shares_process()


def __dir__() -> list[str]:
    return __all__
