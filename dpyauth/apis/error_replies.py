"""Turn Deriv's refusals into errors: those in replies over a WebSocket, and the wording that HTTP shares."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from dpyauth.apis.error_meanings import Kind, meaning
from dpyauth.catalog.descriptions import LIKE, wanted, within
from dpyauth.catalog.shapes import mask
from dpyauth.credentials import Secret, scrub
from dpyauth.errors import ApiError, InputRefused
from dpyauth.net.messages import Reply, error_code, error_of, leaves_open, subcode_of
from dpyauth.texts.said import joined, said

if TYPE_CHECKING:
    from dpyauth.catalog.calls import Call, Catalog


def api_error(
    reply: Reply,
    call: str,
    secrets: Collection[Secret],
    kinds: Mapping[str, Kind],
    catalog: Catalog,
    *,
    changes: bool = False,
    held: bool | None = None,
) -> ApiError | None:
    """Return the error in a reply, if there is one, without the secrets that it repeats.

    ``secrets`` are those of the request, of which even short ones are removed. ``held`` is True if the token is known
    to have the scope for the call.
    """
    code = error_code(reply)
    if code is None:
        return None
    raw = error_of(reply) or {}
    code = str(scrub(code, secrets))
    asked = reply.get("echo_req")
    kind, advice = meaning(code, catalog.get(call), asked if isinstance(asked, dict) else {}, kinds, held)
    if changes and leaves_open(code):
        advice = ""  # never advise to run a change again if it may have been made
    subcode = subcode_of(raw, secrets)
    told: str = str(scrub(raw.get("message") or "", secrets)).strip().rstrip(".")
    details = raw.get("details")
    details = details if isinstance(details, dict) else {}
    if kind is not InputRefused:  # details of refused input are reasons by field, not data
        details = mask(details, None, call=call)
    details = scrub(details, secrets)
    reasons = _reasons(details, catalog.get(call)) if kind is InputRefused else ""
    if kind is InputRefused and _NAMED.match(told):  # it says no more than the code, and repeats the fields
        told = "" if reasons else _NAMED.sub("", told)
    told = joined(told, reasons, by=". ") if told else reasons
    return refusal(kind, call, code, subcode, details, told, advice)


def refusal(
    kind: type[ApiError],
    call: str,
    code: str,
    subcode: str,
    details: dict[str, Any],
    told: str,
    *then: str,
    status: str = "",
) -> ApiError:
    """Return the error for a refusal: Deriv's code, its own words, and further whole sentences that are not empty."""
    beside = ", ".join(filter(None, (subcode, status)))
    shown = f"{code} ({beside})" if beside else code
    answered = (
        said("deriv_refused_saying", call=call, code=shown, told=told)
        if told
        else said("deriv_refused", call=call, code=shown)
    )
    error = kind(joined(answered, *then), call=call, code=code, subcode=subcode, details=details)
    error.code = code  # Deriv's, even if it is empty
    return error


_NAMED = re.compile(r"Input validation failed(: *)?", re.IGNORECASE)
_EXPRESSION = re.compile(r"\^.*|\bpattern\b.*|\(\?[:=!].*", re.DOTALL)
"""Beginning of a regular expression in Deriv's explanation of a refused field."""


def _reasons(details: Mapping[str, Any], call: Call | None) -> str:
    """Return in words why fields were refused; Deriv may send a regular expression instead."""
    reasons = [
        said("field_reason", field=name, reason=_reason(str(name), str(reason), call))
        for name, reason in details.items()
    ]
    return joined("", *reasons, by="; ") if reasons else ""


def _reason(name: str, reason: str, call: Call | None) -> str:
    if not _EXPRESSION.search(reason):
        return reason.strip().rstrip(".")
    names = [part for part in re.split(r"[/.]", name) if part]
    schema = within(call.fields, names) if call is not None else {}
    if schema.get("pattern") in LIKE:
        return said("it_takes", takes=wanted(schema))
    return said("not_derivs_form_see", code=f"session.help({call.name!r})") if call else said("not_derivs_form")
