"""Provide secrets that are easy to recognise, and functions that find them wherever they turn up."""

from __future__ import annotations

import gc
import logging
import pickle
import sys
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, FunctionType, MethodType, ModuleType
from typing import Any

import pytest

from dpyauth.errors import DpyauthError
from dpyauth.sandbox import Sandbox
from dpyauth.secret import Secret

MARKS = ("C4nary", "t0ken", "r1ght", "wr0ng", "W4rbler", "c0ffee51", "Bearer")
"""Parts of the secrets in these tests; no other text contains them."""

PAT = "pat_" + "c0ffee51" * 8
"""Personal access token of the options API."""

LOGGERS = (
    "",
    "Comm",
    "IPKernelApp",
    "asyncio",
    "concurrent.futures",
    "dpyauth",
    "dpyauth.net.websocket",
    "hpack.hpack",
    "httpcore",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.proxy",
    "httpx",
    "keyring",
    "oauthlib",
    "tornado.access",
    "tornado.general",
    "traitlets",
    "websockets",
    "websockets.client",
)


def clean(what: Any) -> None:
    """Check that a text, or anything converted to a text, contains no part of a secret."""
    for mark in MARKS:
        assert mark not in str(what)


@contextmanager
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Log everything down to the lowest level, and check at the end that no secret was logged."""
    caplog.set_level(logging.NOTSET)
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    for name in LOGGERS:
        logging.getLogger(name).setLevel(1)
    yield caplog
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    for record in caplog.get_records("call"):  # `caplog.text` is empty by now
        clean([logging.Formatter().format(record), vars(record)])


def shown(thing: Any) -> str:
    """Return everything that can be read from an object, and from the dpyauth objects in it."""
    texts, seen, waiting = [], set(), [thing]
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        attributes = {name: attribute(each, name) for name in dir(each) if not name.startswith("__")}
        texts.append(f"{each!r} {each!s} {each} {attributes} {getattr(each, '__dict__', '')}")
        waiting += [part for part in getattr(each, "__dict__", {}).values() if is_ours(part)]
    return "\n".join(texts)


def attribute(thing: object, name: str) -> object:
    try:
        return getattr(thing, name, None)
    except Exception:  # a library's object may have this attribute only at another time, or only on its class
        return None


def is_ours(thing: object) -> bool:
    home = type(thing).__module__
    return home.startswith("dpyauth.") and not home.startswith("dpyauth.sandbox")


def told(error: BaseException) -> str:
    """Return everything that a traceback with variables shows of an error, without the frames of tests."""
    parts = [repr(error), str(error), repr(error.args), str(vars(error)), str(getattr(error, "__notes__", ""))]
    seen: Any = traceback.TracebackException.from_exception(error, capture_locals=True)
    while seen is not None:
        parts += [f"{frame.locals}{frame.line}" for frame in seen.stack if "test_" not in frame.filename]
        seen = seen.__cause__ or seen.__context__
    if isinstance(error, DpyauthError):
        parts.append("\n".join(getattr(error, "_render_traceback_")()[-1:]))  # noqa: B009
        copy = pickle.loads(pickle.dumps(error))
        parts += [repr(copy), str(vars(copy))]
    return "\n".join(parts)


def reachable(root: object) -> Iterator[tuple[Any, str]]:
    """Yield the objects that can be reached from one, each with the path to it; do not look inside a `Secret`."""
    not_further = (Secret, ModuleType, FrameType, type, Sandbox)
    seen = {id(root)}
    waiting: deque[tuple[Any, str]] = deque([(root, type(root).__name__)])
    while waiting:
        thing, path = waiting.popleft()
        yield thing, path
        kind = type(thing)  # isinstance, here and below, would ask what a weak proxy refers to, which may be gone
        if issubclass(kind, (str, bytes, bytearray, *not_further)):
            continue
        if issubclass(kind, FunctionType):
            inner: Any = [thing.__closure__, thing.__defaults__, thing.__kwdefaults__]
        elif issubclass(kind, MethodType):
            inner = [thing.__self__]
        else:
            inner = gc.get_referents(thing)
        for part in inner:
            home = type(part).__module__
            if id(part) in seen or home.startswith(("tornado", "_pytest", "dpyauth.sandbox")) or part is sys.modules:
                continue
            if issubclass(type(part), dict) and "__builtins__" in part:
                continue
            seen.add(id(part))
            waiting.append((part, f"{path} > {type(part).__name__}"))


def held(root: object, *marks: str) -> list[str]:
    """Return the paths to texts with a secret in them that can be reached from an object."""
    found = []
    for thing, path in reachable(root):
        if issubclass(type(thing), str | bytes | bytearray):
            text = thing if isinstance(thing, str) else bytes(thing).decode(errors="replace")
            if any(mark in text for mark in marks or ("c0ffee51", "C4nary")):
                found.append(path)
    return found
