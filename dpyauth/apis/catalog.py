"""What an API can do: its calls, their fields, types, limits and scopes, as data."""

from __future__ import annotations

import difflib
import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
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

    @property
    def needs_auth(self) -> bool:
        """Whether Deriv answers this call only after a sign-in."""
        return bool(self.scopes)

    @property
    def open(self) -> bool:
        """Whether the call takes fields beyond those listed (one does: its field names are questions)."""
        return bool(self.extra and "patternProperties" in self.extra)

    @property
    def sensitive(self) -> frozenset[str]:
        """Names of the fields whose values are secret or personal."""
        return frozenset(name for name, field in self.fields.items() if field.get("sensitive"))

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


class Catalog(Mapping[str, Call]):
    """The calls of one API by name."""

    def __init__(self, api: str, calls: Mapping[str, Call]) -> None:
        self.api = api
        self._calls = calls

    def __getitem__(self, name: str) -> Call:
        return self._calls[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._calls)

    def __len__(self) -> int:
        return len(self._calls)

    def __repr__(self) -> str:
        return f"<dpyauth catalog of {self.api}: {len(self)} calls>"

    def find(self, name: object) -> Call:
        """The call of this name, or an error that names the nearest one."""
        if isinstance(name, str) and name in self._calls:
            return self._calls[name]
        raise InvalidRequest(
            f"Deriv's {self.api} API has no call named {name!r}.{nearest(str(name), self._calls)}",
            call=str(name),
        )


def nearest(name: str, known: Mapping[str, Any]) -> str:
    """A sentence that names the likeliest right spelling, or nothing."""
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""


@functools.cache
def load(api: str = "v3") -> Catalog:
    """The catalog of an API, read once."""
    raw = json.loads(resources.files(__package__).joinpath(f"{api}.json").read_text(encoding="utf-8"))
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
    )
