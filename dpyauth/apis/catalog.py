"""What an API can do: its calls, their fields, types, limits and scopes, as data."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dpyauth.errors import InvalidRequest

Schema = dict[str, Any]

_COMMON: Schema = {"req_id": {"type": "integer"}, "passthrough": {"type": "object"}}


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One call of the API, as its request schema states it."""

    name: str
    summary: str
    fields: Mapping[str, Schema]
    required: tuple[str, ...]
    scopes: tuple[str, ...] = ()
    streams: str = "no"
    changes: bool | frozenset[str] = False
    extra: Mapping[str, Any] | None = None
    sensitive: frozenset[str] = frozenset()
    """Names of the fields whose values are secret or personal."""

    @property
    def needs_auth(self) -> bool:
        """Whether Deriv answers this call only after a sign-in."""
        return bool(self.scopes)

    @property
    def open(self) -> bool:
        """Whether the call takes fields beyond those listed (one does: its field names are questions)."""
        return bool(self.extra and "patternProperties" in self.extra)

    @property
    def schema(self) -> Schema:
        """The complete JSON schema of a request."""
        return {
            "type": "object",
            "additionalProperties": False,
            "required": list(self.required),
            "properties": {**self.fields, **_COMMON},
            **(self.extra or {}),
        }

    def changes_with(self, fields: Mapping[str, Any]) -> bool:
        """Whether a request with these fields changes anything at Deriv (such a request is never repeated)."""
        if isinstance(self.changes, bool):
            return self.changes
        return any(fields.get(name) is not None for name in self.changes)


class Catalog(dict[str, Call]):
    """The calls of one API by name."""

    def __init__(self, api: str, calls: Mapping[str, Call]) -> None:
        super().__init__(calls)
        self.api = api

    def __repr__(self) -> str:
        return f"<dpyauth catalog of {self.api}: {len(self)} calls>"

    def find(self, name: object) -> Call:
        """The call of this name, or an error that names the nearest one."""
        if isinstance(name, str) and name in self:
            return self[name]
        raise InvalidRequest(
            f"Deriv's {self.api} API has no call named {name!r}.{nearest(str(name), self)}",
            call=str(name),
        )


def nearest(name: str, known: Mapping[str, Any]) -> str:
    """A sentence that names the likeliest right spelling, or nothing."""
    import difflib  # only where something is wrong

    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""


@functools.cache
def load(api: str = "v3") -> Catalog:
    """The catalog of an API, read once."""
    with open(os.path.join(os.path.dirname(__file__), f"{api}.json"), encoding="utf-8") as file:
        raw = json.load(file)
    return Catalog(api, {name: _call(name, entry) for name, entry in raw.items()})


def _call(name: str, entry: dict[str, Any]) -> Call:
    changes = entry.get("changes", False)
    return Call(
        name=name,
        summary=entry["summary"],
        fields=entry["fields"],
        required=tuple(entry["required"]),
        scopes=tuple(entry.get("scopes", ())),
        streams=entry.get("streams", "no"),
        changes=changes if isinstance(changes, bool) else frozenset(changes),
        extra=entry.get("extra"),
        sensitive=frozenset(field for field, schema in entry["fields"].items() if schema.get("sensitive")),
    )
