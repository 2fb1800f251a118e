"""Jupyter notebook toolkit for the Deriv API.

import dpyauth

session = dpyauth.login()      # a sign-in panel; dpyauth.login(sandbox=True) needs no account
session.account_status()       # a DataFrame
"""

from __future__ import annotations

from dpyauth._version import __version__
from dpyauth.errors import (
    ApiError,
    BadReply,
    CallTimeout,
    ConnectionFailed,
    ConnectionLost,
    DpyauthError,
    InputRefused,
    InvalidCredential,
    InvalidRequest,
    InvalidSetting,
    KeepingFailed,
    ListenerFailed,
    MissingScope,
    NestingRefused,
    NoCredential,
    NotSignedIn,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    RedirectRefused,
    SessionClosed,
    SignInRefused,
)
from dpyauth.keep import forget
from dpyauth.login import login
from dpyauth.nested import allow_nested_asyncio
from dpyauth.session import Session
from dpyauth.streams import Stream

__all__ = [
    "ApiError",
    "BadReply",
    "CallTimeout",
    "ConnectionFailed",
    "ConnectionLost",
    "DpyauthError",
    "InputRefused",
    "InvalidCredential",
    "InvalidRequest",
    "InvalidSetting",
    "KeepingFailed",
    "ListenerFailed",
    "MissingScope",
    "NestingRefused",
    "NoCredential",
    "NotSignedIn",
    "OutcomeUnknown",
    "PermissionDenied",
    "RateLimited",
    "RedirectRefused",
    "Session",
    "SessionClosed",
    "SignInRefused",
    "Stream",
    "__version__",
    "allow_nested_asyncio",
    "forget",
    "login",
]
