"""Turn refusals of Deriv's options API into errors, over HTTP and over a socket. No I/O; reads the time of day."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dpyauth import _times
from dpyauth.apis.error_meanings import KINDS, Kind
from dpyauth.apis.error_replies import api_error, refusal
from dpyauth.apis.options.advice import advice
from dpyauth.apis.options.requests import Request, Response
from dpyauth.catalog.calls import load
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
from dpyauth.net.messages import Reply, subcode_of
from dpyauth.net.rate_limits import LONGEST_PAUSE, PENALTIES, in_words
from dpyauth.registry import APIS
from dpyauth.sensitive import MASK, hides
from dpyauth.texts.said import joined, said

MAX_SAID = 300
"""Most characters of a server's own words that an error repeats."""

MAX_LISTED = 20
"""Most errors of one response that are read."""


_KINDS: Mapping[str, Kind] = {
    **KINDS,
    "InvalidToken": (SignInRefused, "sign_in_again"),
    "Unauthorized": (SignInRefused, "sign_in_again"),
    "UnrecognisedRequest": (ApiError, "withdrawn"),
}
"""Meaning of the error codes in replies over a socket."""


def socket_error(
    reply: Reply, call: str, secrets: Collection[Secret] = (), *, changes: bool = False, held: bool | None = None
) -> ApiError | None:
    """Return the error in a reply over a socket, if there is one; see `dpyauth.apis.base.Api.error`."""
    return api_error(reply, call, secrets, _KINDS, load("options"), changes=changes, held=held)


def judge(response: Response, request: Request, *, now: float | None = None) -> DpyauthError | None:
    """Return the error in a response, if there is one.

    The status decides, then Deriv's code. The server's own words are only a hint, because Deriv changes them; secrets
    of the request that they repeat are removed. ``now`` is the time of day, in seconds since 1970.
    """
    status, reply = response.status_code, response.reply
    entries = _entries(reply)
    if status < 300 and not entries and reply and reply.get("error") and not reply.get("data"):
        entries = [_only(response)]  # an error in another form than the API's own
    if 200 <= status < 300 and not entries:
        fine = reply is not None or (response.text and not request.scopes)  # the call `health` replies with plain text
        return None if fine else _unreadable(response, request)
    if 200 <= status < 300:  # an error in a reply that counts as success by its status: use the error's own
        status = _status(entries[0])
    elif not entries and (status < 400 or _from_elsewhere(response)):
        return _unreadable(response, request)
    secrets = [*([request.token] if request.token else []), *request.secrets]
    heard = [_Heard.of(entry, status, secrets) for entry in entries or [_only(response)]]
    kind = _kind(status, heard)
    code, subcode, words = heard[0].code, heard[0].subcode, heard[0].said
    reasons = {each.field: each.said or each.code for each in heard if each.field}
    details = reasons if kind is InputRefused and reasons else heard[0].details
    if kind is SignInRefused:
        # The server's own words are left out: ours say more, and theirs may repeat what was sent.
        text = joined(_why_refused(code, words, request), f"({code})")
        about = _about(code, words) if reply is not None else ""  # without JSON, a proxy may have refused
        return SignInRefused(text, call=request.call, code=code, subcode=subcode, details=details, about=about)
    listed = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
    listed += "." if listed else ""
    what_to_do = (
        _wait(heard[0], time.time() if now is None else now)
        or _pause(response, kind)
        or advice(kind, status, code, words, request)
    )
    shown = "" if code == f"HTTP{response.status_code}" else f"HTTP {response.status_code}"
    told = "" if listed else words
    return refusal(kind, request.call, code, subcode, details, told, listed, what_to_do, status=shown)


@dataclass(frozen=True, slots=True)
class _Heard:
    """One error of a response, without anything that must not be shown."""

    code: str
    subcode: str
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
        worded = (text(entry.get(name)) for name in _WORDED)
        said = text(details.get("message")) if "message" in details else ""
        said = text(entry.get("message")) or said or next(filter(None, worded), "")
        subcode = subcode_of(entry, secrets)
        return cls(code if known else f"HTTP{status}", subcode, said, text(entry.get("field")), details)


_WORDED = ("detail", "error_description", "error", "title")
"""Other fields that may say what is wrong. Deriv does not document the errors of its calls for partners."""


def _flat(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _entries(reply: Reply | None) -> list[Mapping[str, Any]]:
    """Return the errors that a reply lists; empty if there are none."""
    listed = (reply or {}).get("errors") or []
    listed = listed if isinstance(listed, list) else [listed]
    return [entry if isinstance(entry, dict) else {"message": entry} for entry in listed[:MAX_LISTED]]


def _only(response: Response) -> Mapping[str, Any]:
    """Return the error of a response that lists none: that of a gateway, or plain text."""
    reply = response.reply
    if reply is None:
        return {"message": response.text}
    error = reply.get("error")
    return error if isinstance(error, dict) else reply


def _from_elsewhere(response: Response) -> bool:
    """Return True if something in front of the API has refused, such as a proxy with a page of its own."""
    telling = response.failing or response.status_code in {401, 429}
    return not telling and response.reply is None and not response.text


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


_OF_INPUT = {
    *("ValidationError", "FieldIsRequired", "BadInputRequest", "InputValidationFailed", "InputError"),
    *("InvalidAgentID", "InvalidRequestIDFormat", "VerificationCodeFormatInvalid"),
}


def limits_one_thing(error: DpyauthError) -> bool:
    """Return whether a refusal is about one kind of request, such as codes by e-mail, and not about all calls."""
    return isinstance(error, RateLimited) and error.code.lower().startswith("otp")


def _wait(heard: _Heard, now: float) -> str:
    """Return until when to wait, if Deriv says so; otherwise empty."""
    until = next((_times.seconds(heard.details[name]) for name in _UNTIL if name in heard.details), None)
    if until is None or not now < until < now + _DAY:
        return ""
    time, wait = f"{datetime.fromtimestamp(until, UTC):%H:%M:%S}", until - now
    if wait < 120:
        return said("wait_seconds", seconds=round(wait), time=time)
    return said("wait_minutes", count=round(wait / 60), time=time)


def _pause(response: Response, kind: type[ApiError]) -> str:
    """Return how long a pause the server asks for, and what to do; empty if it asks for none."""
    wanted = response.retry_after or 0.0
    if wanted < 1 or not (kind is RateLimited or response.failing):
        return ""
    if wanted <= LONGEST_PAUSE:
        return said("pause_wanted", pause=in_words(wanted))
    return said("long_pause_wanted", pause=in_words(wanted), penalty=in_words(PENALTIES[-1]))


_UNTIL = ("next_request_at", "expires_at")
_DAY = 86_400.0


def _unreadable(response: Response, request: Request) -> BadReply:
    """Return the error for a response that is not one of the API."""
    redirected = 300 <= response.status_code < 400
    key = "answered_with_redirect" if redirected else "answered_unreadably"
    return BadReply(said(key, call=request.call, status=str(response.status_code)), call=request.call)


def _about(code: str, words: str) -> str:
    """Return what was refused, if the server says so: a wrong token and a wrong app ID have the same code."""
    if re.search(r"app[- ]?id|application", words, re.IGNORECASE):
        return "app ID"
    return "token" if re.search("token", f"{code} {words}", re.IGNORECASE) else "token or app ID"


def _why_refused(code: str, words: str, request: Request) -> str:
    """Return the likely reason why a token was refused. Deriv has one code for all reasons."""
    heard, app_id, pages = words.lower(), request.app_id, APIS["options"].pages
    of_v3 = said("app_id_of_digits") if app_id is not None and app_id.isdecimal() else ""
    if code != "HTTP401" or words:
        if "app-id" in heard and app_id is None:
            return APIS["options"].lacks_app_id
        if "invalid application" in heard:
            return joined(said("app_id_refused", apps=pages.apps), of_v3)
        if "token format" in heard:
            return said("token_not_whole")
        if "expired" in heard or code == "InvalidToken":
            return said("token_refused_options", tokens=pages.tokens)
    refused = said("token_refused_without_app_id" if app_id is None else "token_or_app_id_refused")
    return joined(refused, of_v3, said("or_proxy_sign_in") if code == "HTTP401" and not words else "")
