"""Tab completion in IPython for names of calls and fields, inside ``session.call("…", …)`` and similar methods."""

from __future__ import annotations

import contextlib
import inspect
import re
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dpyauth.catalog.calls import Call
    from dpyauth.session import Session

_NAME = "dpyauth"
_BEGUN = re.compile(r"(?<![\w.])([A-Za-z_]\w*)\.(?:aio\.)?(call|frame|stream|help|can|needs)\(\s*(?=[\"'])")
_NAMING = re.compile(r"[\"'](\w*)")
_NAMED = re.compile(r"([\"'])(\w+)\1\s*,(.*)", re.DOTALL)
_STRING = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'")
_BRACKETS = re.compile(r"\([^()\[\]{}]*\)|\[[^()\[\]{}]*\]|{[^()\[\]{}]*}")


def install() -> None:
    """Make IPython complete the names of calls and fields, if this runs in IPython."""
    if "IPython" not in sys.modules:
        return
    with contextlib.suppress(Exception):  # only a convenience: a change in IPython must not break login()
        from IPython.core.completer import SimpleCompletion, context_matcher
        from IPython.core.getipython import get_ipython

        shell = get_ipython()
        if shell is None or any(getattr(each, "matcher_identifier", "") == _NAME for each in _matchers(shell)):
            return

        @context_matcher(identifier=_NAME, priority=1000)  # type: ignore[untyped-decorator]
        def matcher(context: Any) -> dict[str, Any]:
            lines = context.full_text.split("\n")[: context.cursor_line]
            code = "\n".join([*lines, context.text_until_cursor])
            fragment, kind = "", ""
            names: list[str] = []
            with contextlib.suppress(Exception):  # IPython would print the error into the line being typed
                fragment, names, kind = complete(code, shell.user_ns)
            return {
                "completions": [SimpleCompletion(text=name, type=kind) for name in names],
                "matched_fragment": fragment,
                "ordered": True,
                "suppress": True,  # no other completion is valid inside these quotes
            }

        _matchers(shell).append(matcher)


def complete(code: str, namespace: Mapping[str, Any]) -> tuple[str, list[str], str]:
    """Complete code that ends at the cursor.

    Returns the part of the name typed so far, the full names, and their kind.
    """
    from dpyauth.session import Session

    for begun in reversed(list(_BEGUN.finditer(code))):
        session = namespace.get(begun[1])
        if not isinstance(session, Session):
            continue
        rest = code[begun.end() :]
        if naming := _NAMING.fullmatch(rest):
            return naming[1], _starting(naming[1], _calls(session, begun[2])), "text"
        if named := _NAMED.fullmatch(rest):
            given = _flat(named[3])
            writing = re.search(r"(?:^|,)\s*(\w*)\Z", given)
            call = session.core.catalog.get(named[2])
            if writing and call is not None and not re.search(r"[()\[\]{}\"']", given):
                taken = set(re.findall(r"\b(\w++)\s*+=", given))
                fields = [name for name in _fields(session, begun[2], call) if name not in taken]
                return writing[1], [f"{name}=" for name in _starting(writing[1], fields)], "param"
    return "", [], ""


def _matchers(shell: Any) -> list[Any]:
    matchers: list[Any] = shell.Completer.custom_matchers
    return matchers


def _calls(session: Session, method: str) -> list[str]:
    """Return the calls that a method accepts."""
    return [name for name, call in sorted(session.core.catalog.items()) if _takes(method, call)]


def _takes(method: str, call: Call) -> bool:
    match method:
        case "stream":
            return call.streams != "no" and call.changes is not True
        case "call" | "frame":
            return call.streams != "required" and call.name not in {"authorize", "logout"}
    return True


def _fields(session: Session, method: str, call: Call) -> list[str]:
    """Return the arguments that a method accepts for a call, required ones first."""
    parameters = inspect.signature(getattr(type(session), method)).parameters.values()
    if not any(each.kind is each.VAR_KEYWORD for each in parameters):
        return []
    own = [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]
    filled_in = {"subscribe"} | ({call.name} if call.fields.get(call.name, {}).get("enum") == [1] else set())
    names = [*call.required, *call.fields, *own]
    return [name for name in dict.fromkeys(names) if name not in filled_in]


def _starting(written: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(written)]


def _flat(code: str) -> str:
    """Replace each string in code, and each closed pair of brackets with its content, by a dot."""
    before, code = code, _STRING.sub("·", code)
    while before != code:
        before, code = code, _BRACKETS.sub("·", code)
    return code
