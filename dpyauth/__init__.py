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
    MissingScope,
    NoCredential,
    NotSignedIn,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    SessionClosed,
    SignInRefused,
)
from dpyauth.login import login
from dpyauth.session import Session

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
    "MissingScope",
    "NoCredential",
    "NotSignedIn",
    "OutcomeUnknown",
    "PermissionDenied",
    "RateLimited",
    "Session",
    "SessionClosed",
    "SignInRefused",
    "__version__",
    "login",
]
