"""What the replies of an API hold, as data: where their rows are, and the kind of every value.

The facts of a reply look like the reply itself, with a kind in the place of every value:

=====================  =============================================================
``"text"``             a kind: text, flag, count, money, exact, number, time, any
``"!text"``            the same, secret or personal
``["low", "high"]``    a text out of these
``{"name": ...}``      an object with these fields; ``""`` beside them: or one value
``{"[]": ...}``        a list of such items
``{"{}": ...}``        an object whose keys are data (currencies, login IDs, ...)
``{"()": {...}}``      a list whose places have these meanings
``{"||": {...}}``      lists side by side: what is at the same place belongs together
=====================  =============================================================
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Node = str | list[str] | Mapping[str, Any]

ENVELOPE = frozenset(
    {"echo_req", "msg_type", "req_id", "subscription", "passthrough", "meta", "metadata", "error", "gap"}
)
"""What belongs to the exchange of messages, not to the answer."""

MASK = "•••"
"""What is shown in place of a secret, or of something personal."""

_TOO_DEEP = 50  # levels
_PRIVATE = re.compile(
    r"""(?x) (^|_) (tokens?|passwords?|secret|email|phone|first_name|last_name|fullname|full_name|date_of_birth
    |place_of_birth|birth_place|phone_numbers?|ip|ip_address|tin|national_id_number|tax_identification_number|otp
    |login_code|verification_code|id_number|account_number|passport_number|maiden_name) $
    | ^address (_(city|line_1|line_2|postcode|state|street))? $
    | ^(salutation|citizen|user_hash|tax_residence|calling_country_code|valid_for_ip|phonePassword|zipCode
    |postcode|secret_.*|company_registration_(no|number)|api_key|client_secret|affiliate_token) $"""
)


def private(name: str) -> bool:
    """Whether a text of this name is a secret, or about a person rather than an account."""
    return _PRIVATE.search(name) is not None


@dataclass(frozen=True, slots=True)
class Shape:
    """The facts of one call's reply."""

    rows: tuple[tuple[str, ...], ...] = ((),)
    """Where the rows are. Some replies come in one of several forms; the first is the usual one."""
    reply: Mapping[str, Any] = field(default_factory=dict)
    currency: str | None = None
    """What its money is in, where no field of the reply says so: ``account``, ``asked`` (the request's own field),
    ``key`` (that of the row), a currency, or ``""`` where Deriv does not say. None where there is nothing to say."""


@functools.cache
def load(api: str) -> Mapping[str, Shape]:
    """What the replies of an API hold, by call; read once."""
    path = os.path.join(os.path.dirname(__file__), f"{api}_replies.json")
    with open(path, encoding="utf-8") as file:
        raw = json.load(file)
    return {
        call: Shape(
            tuple(tuple(path.split(".")) if path else () for path in entry["rows"].split(" ")),
            entry["reply"],
            entry.get("currency"),
        )
        for call, entry in raw.items()
    }


def veiled(value: Any, node: Node | None, depth: int = 0) -> Any:
    """The value with what is secret or personal in it masked, and all of what is too deep to look into."""
    if isinstance(node, Mapping) and "" in node and not isinstance(value, Mapping):
        node = node[""]
    facts = node if isinstance(node, Mapping) else {}
    if isinstance(value, Mapping | list | tuple) and depth > _TOO_DEEP:
        return MASK
    if isinstance(value, list | tuple):
        places = list(facts["()"].values()) if "()" in facts else []
        nodes = places + [facts.get("[]")] * (len(value) - len(places))
        return [veiled(item, each, depth + 1) for item, each in zip(value, nodes, strict=False)]
    if isinstance(value, Mapping):
        fields = facts.get("||", facts)
        each = fields.get("{}", "any")
        named = each == "any"  # else the keys are data
        return {
            key: MASK
            if named and key not in fields and private(str(key)) and held not in (None, "")
            else veiled(held, fields.get(key, each), depth + 1)
            for key, held in value.items()
        }
    return MASK if isinstance(node, str) and node.startswith("!") and value not in (None, "") else value
