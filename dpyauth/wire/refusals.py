"""The error that an answer over HTTP amounts to. No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dpyauth.credentials import Secret, scrub
from dpyauth.errors import (
    ApiError,
    BadReply,
    DpyauthError,
    InputRefused,
    PermissionDenied,
    RateLimited,
    SignInRefused,
)
from dpyauth.registry import APIS
from dpyauth.sensitive import MASK, hides
from dpyauth.wire.http import Answer, Question
from dpyauth.wire.replies import Reply, leaves_open

MAX_SAID = 300
"""How much of a server's own words an error repeats, in characters."""

MAX_LISTED = 20
"""How many errors of one answer are listened to."""


def judge(answer: Answer, question: Question) -> DpyauthError | None:
    """The error that an answer amounts to, if it is one.

    The status decides, then Deriv's code; the server's words are no more than a hint, as Deriv changes them. Secrets
    of the question that they repeat are blotted out.
    """
    status, reply = answer.status, answer.reply
    entries = _entries(reply)
    if 200 <= status < 300 and not entries:
        fine = reply is not None or (answer.text and not question.scopes)  # one call, `health`, answers with a word
        return None if fine else _unreadable(answer, question)
    if 200 <= status < 300:
        status = _status(entries[0])
    elif not entries and (status < 400 or _from_elsewhere(answer)):
        return _unreadable(answer, question)
    secrets = [*([question.token] if question.token else []), *question.secrets]
    heard = [_Heard.of(entry, status, secrets) for entry in entries or [_only(answer)]]
    kind = _kind(status, heard)
    code, said = heard[0].code, heard[0].said
    reasons = {each.field: each.said or each.code for each in heard if each.field}
    details = reasons if kind is InputRefused and reasons else heard[0].details
    if kind is SignInRefused:
        # The server's own words are left out: ours say more, and theirs may repeat what was sent.
        text = f"{_why_refused(code, said, question.app_id)}. ({code})"
        about = _about(code, said) if reply is not None else ""  # else something before the API may have refused
        return SignInRefused(text, call=question.call, code=code, details=details, about=about)
    shown = code if code == f"HTTP{answer.status}" else f"{code} (HTTP {answer.status})"
    listed = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
    parts = [
        f"Deriv answered '{question.call}' with {shown}" + (f": {said}" if said and not listed else ""),
        listed,
        _advice(kind, status, code, question),
    ]
    return kind(". ".join(part for part in parts if part) + ".", call=question.call, code=code, details=details)


@dataclass(frozen=True, slots=True)
class _Heard:
    """One error of an answer, with nothing in it that may not be shown."""

    code: str
    said: str
    field: str
    details: dict[str, Any]

    @classmethod
    def of(cls, entry: Mapping[str, Any], status: int, secrets: list[Secret]) -> _Heard:
        def text(value: Any) -> str:
            words = " ".join(str(scrub(value, secrets)).split()) if isinstance(value, str) else ""
            return words[:MAX_SAID].rstrip(" .")

        code = text(entry.get("code"))
        known = re.fullmatch(r"[\w.-]{1,64}", code)
        more = entry.get("detail") or entry.get("details")
        items = more.items() if isinstance(more, dict) else ()
        details = {
            text(key): MASK if hides(value, str(key)) else text(value) if isinstance(value, str) else value
            for key, value in items
            if _flat(value)
        }
        said = text(entry.get("message")) or str(details.get("message", ""))
        return cls(code if known else f"HTTP{status}", said, text(entry.get("field")), details)


def _flat(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _entries(reply: Reply | None) -> list[Mapping[str, Any]]:
    """The errors that a reply lists; the list may be there and empty, which is none."""
    listed = (reply or {}).get("errors") or []
    listed = listed if isinstance(listed, list) else [listed]
    return [entry if isinstance(entry, dict) else {"message": entry} for entry in listed[:MAX_LISTED]]


def _only(answer: Answer) -> Mapping[str, Any]:
    """The error of an answer that lists none: a gateway's own, or plain text."""
    reply = answer.reply
    if reply is None:
        return {"message": answer.text}
    error = reply.get("error")
    return error if isinstance(error, dict) else reply


def _from_elsewhere(answer: Answer) -> bool:
    """Whether something before the API has refused, such as a proxy with a page of its own."""
    telling = answer.failing or answer.status in {401, 429}
    return not telling and answer.reply is None and not answer.text


def _status(entry: Mapping[str, Any]) -> int:
    status = entry.get("status")
    return status if type(status) is int and 400 <= status <= 599 else 400


def _kind(status: int, heard: list[_Heard]) -> type[ApiError]:
    codes = {each.code for each in heard}
    if status == 401:
        return SignInRefused
    if status == 403:
        return PermissionDenied
    if status == 429 or "RateLimit" in codes or any(code.endswith("RateLimitExceeded") for code in codes):
        return RateLimited
    if status == 422 or (status == 400 and (codes & _OF_INPUT or any(each.field for each in heard))):
        return InputRefused
    return ApiError


_OF_INPUT = {"ValidationError", "FieldIsRequired", "BadInputRequest", "InputValidationFailed"}


def _advice(kind: type[ApiError], status: int, code: str, question: Question) -> str:
    if kind is PermissionDenied:
        wanted = " or ".join(f"'{scope}'" for scope in question.scopes)
        need = f"It takes a token with the scope {wanted}" if wanted else "The token may not do this"
        return f"{need}. A token gets its scopes when it is made: make another one, and sign in with that"
    if kind is RateLimited:
        return "Wait a minute and run the cell again"
    if code == "MigrationPending":
        return "Deriv is still moving your account to its newer API. Try again later"
    if code == "AccountNotFound":
        return "session.accounts() lists your accounts"
    if (status >= 500 or status == 408 or leaves_open(code)) and not question.changes:
        return "It may be gone in a moment: run the cell again"
    return ""


def _unreadable(answer: Answer, question: Question) -> BadReply:
    """The error for what did not come from the API itself, or should not have."""
    what = "a redirect, which dpyauth does not follow" if 300 <= answer.status < 400 else "something unreadable"
    return BadReply(
        f"'{question.call}' was answered with {what} (HTTP {answer.status}). Is a company proxy or a firewall in "
        "between? If you gave a server yourself, check it; otherwise run the cell again in a moment.",
        call=question.call,
    )


def _about(code: str, said: str) -> str:
    """Return what was refused, as far as the server tells: a wrong token and a wrong app ID have one code."""
    if re.search(r"app[- ]?id|application", said, re.IGNORECASE):
        return "app ID"
    return "token" if re.search("token", f"{code} {said}", re.IGNORECASE) else "token or app ID"


def _why_refused(code: str, said: str, app_id: str | None) -> str:
    """Why a token was refused, as far as one can tell: Deriv has one code for all of it."""
    heard = said.lower()
    if "app-id" in heard and app_id is None:
        return _NO_APP_ID
    if "invalid application" in heard:
        return _WRONG_APP_ID + (_LEGACY_APP_ID if app_id is not None and app_id.isdecimal() else "")
    if "token format" in heard:
        return _NOT_WHOLE
    if "expired" in heard or code == "InvalidToken":
        return _ENDED
    missing = " (none was given)" if app_id is None else _LEGACY_APP_ID if app_id.isdecimal() else ""
    return (
        "Deriv does not accept this token with this app ID. Either the token is mistyped, deleted or expired; or the "
        f"app ID is not that of an app of your own, of the same kind as the token{missing}"
    )


_PAGES = APIS["options"].pages

_NO_APP_ID = (
    "Deriv takes a personal access token only together with an app ID. Register an app of the type PAT at "
    f"{_PAGES.apps} and give its ID as app_id"
)
_WRONG_APP_ID = (
    "Deriv does not take this app ID with this token. It must be the ID, not the name, of an app that was registered "
    f"at {_PAGES.apps} with the same login, and of the token's kind: a PAT app for a personal access token, an OAuth "
    "app for a sign-in in the browser"
)
_LEGACY_APP_ID = ". An ID of digits only belongs to Deriv's older API, v3"
_NOT_WHOLE = (
    "For Deriv this is no token of its current API: a part of it is missing, or it is a token of the older API, v3. "
    "Copy it again, all of it"
)
_ENDED = (
    "Deriv does not accept this token: it is mistyped, deleted or expired, or of another kind than the app. Sign in "
    f"again, or make a new one at {_PAGES.tokens}"
)
