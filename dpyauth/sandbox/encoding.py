"""Parse and check requests, mask them, and build replies."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from dpyauth.catalog.calls import Call, Schema, load
from dpyauth.catalog.schemas import Problem, problems

HIDDEN: Final = "<not shown>"
_COMMON: Final = frozenset({"req_id", "passthrough"})
_encode = json.JSONEncoder(separators=(",", ":")).encode


class Refusal(Exception):
    """Error reply to a request: code, message, details and subcode, as the client gets them."""

    def __init__(self, code: str, message: str, details: Mapping[str, Any] | None = None, subcode: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.details = details
        self.subcode = subcode


@dataclass(slots=True)
class Reply:
    """Message to the client, without the echo of its request."""

    msg_type: str
    payload: Any
    extra: dict[str, Any] = field(default_factory=dict)


@functools.cache
def _schema(name: str) -> Schema:
    return load("v3")[name].schema


@functools.cache
def _fields(name: str) -> frozenset[str]:
    return frozenset(load("v3")[name].fields) | _COMMON


@functools.cache
def _sensitive(name: str) -> frozenset[str]:
    """Return the fields to mask in this call's echo. An unknown field may be another call's secret."""
    every = frozenset().union(*(call.sensitive for call in load("v3").values()))
    own = load("v3").get(name)
    return own.sensitive | (every - frozenset(own.fields)) if own else every


@functools.cache
def _call(name: str) -> Call:
    return load("v3")[name]


def _number(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("number out of range")
    return value


def _constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


def parse(text: str | bytes) -> dict[str, Any]:
    """Return the request in a frame, or refuse a frame that is not the text of a JSON object."""
    if isinstance(text, bytes):
        raise Refusal("MalformedRequest", "The frame is binary; a request is JSON text.")
    try:
        request = json.loads(text, parse_constant=_constant, parse_float=_number)
    except (ValueError, RecursionError):
        raise Refusal("MalformedRequest", "The frame is not valid JSON.") from None
    if not isinstance(request, dict):
        raise Refusal("MalformedRequest", "The frame is JSON, but not an object.")
    return request


def find_call(request: Mapping[str, Any]) -> Call | None:
    """Return the call of a request. Some fields have names of calls, so the call that has the other fields counts."""
    known = load("v3")
    names = [key for key in request if key in known]
    if len(names) > 1:
        names = [name for name in names if _fields(name).issuperset(names)] or names
    return _call(names[0]) if names else None


def lenient(call: Call, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the request as its schema requires it: Deriv's own examples write the string ``buy: "1"`` as a number."""
    is_number = call.name == "buy" and type(request["buy"]) is int
    return {**request, "buy": str(request["buy"])} if is_number else request


def check(call: Call, request: Mapping[str, Any]) -> None:
    """Refuse a request that its schema does not allow."""
    if _plain(call, request):
        return
    details: dict[str, str] = {}
    unknown = set() if call.open else set(request) - _fields(call.name)
    for problem in problems(_schema(call.name), request):
        if problem.keyword == "required":
            details.update((name, "This field is missing.") for name in call.required if name not in request)
        elif problem.path:
            details.setdefault(str(problem.path[0]), reason(problem))
        else:
            details.update((name, "This call has no such field.") for name in sorted(unknown))
    if details:
        shown = ", ".join(sorted(name[:40] for name in details))
        reasons = {name[:40]: reason for name, reason in details.items()}
        raise Refusal("InputValidationFailed", f"Input validation failed: {shown}", reasons)


def _plain(call: Call, request: Mapping[str, Any]) -> bool:
    """Return whether the request is only `{call: 1, req_id?}`: valid for most calls, and by far the most frequent."""
    if len(request) > 2 or call.required != (call.name,) or type(request.get(call.name)) is not int:
        return False
    if len(request) == 2 and type(request.get("req_id")) is not int:
        return False
    return request[call.name] in call.fields[call.name].get("enum", ())


def reason(problem: Problem) -> str:
    """Return the reason why a value was refused, without the value."""
    rule = problem.rule
    match problem.keyword:
        case "type":
            return f"Expected {' or '.join(rule) if isinstance(rule, list) else rule}."
        case "enum":
            return f"Expected one of: {', '.join(str(choice) for choice in rule)}."
        case "pattern":
            return f"Expected text of the form {rule}."
        case "minimum" | "maximum" | "minItems" | "maxItems":
            return f"The {problem.keyword} is {rule}."
        case "uniqueItems":
            return "Expected no duplicate items."
        case _:
            return "This value is not allowed here."


def epoch(date: str, name: str) -> int:
    """Return the first second of a day written `YYYY-MM-DD` in the field of this name."""
    year, month, day = (int(part) for part in date.split("-"))
    try:
        return int(datetime(year, month, day, tzinfo=UTC).timestamp())
    except ValueError:
        raise Refusal("InputValidationFailed", f"Input validation failed: {name}", {name: "No such date."}) from None


def masked(name: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request for `echo_req`, with secrets of any type masked."""
    secret = _sensitive(name)
    if secret.isdisjoint(request):
        return dict(request)
    return {key: HIDDEN if key in secret else value for key, value in request.items()}


def encode(reply: Reply, echo: Mapping[str, Any]) -> str:
    """Return a reply as the text of a frame."""
    message: dict[str, Any] = {"echo_req": echo, "msg_type": reply.msg_type}
    message[reply.msg_type] = reply.payload
    message.update(reply.extra)
    if type(echo.get("req_id")) is int:
        message["req_id"] = echo["req_id"]
    return _encode(message)


def encode_refusal(refusal: Refusal, msg_type: str, echo: Mapping[str, Any]) -> str:
    """Return a refusal as the text of a frame."""
    error: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    if refusal.details:
        error["details"] = refusal.details
    if refusal.subcode:
        error["subcode"] = refusal.subcode
    message: dict[str, Any] = {"echo_req": echo, "error": error, "msg_type": msg_type}
    if type(echo.get("req_id")) is int:
        message["req_id"] = echo["req_id"]
    return _encode(message)
