"""What is called with arguments that it does not take: it ends, and in an error of ours."""

from __future__ import annotations

import asyncio
import datetime as dt
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from dpyauth.credentials import Secret
from dpyauth.errors import DpyauthError
from dpyauth.session import Session

CANARY = "a1-C4naryC4nary7"
WRONG: dict[str, Any] = {
    "None": None,
    "a flag": True,
    "nothing": 0,
    "negative": -1,
    "no number": float("nan"),
    "endless": float("inf"),
    "huge": 10**5000,
    "empty": "",
    "a token": CANARY,
    "bytes": CANARY.encode(),
    "an object": object(),
    "a list": [CANARY],
    "an empty list": [],
    "a dict": {CANARY: CANARY},
    "an empty dict": {},
    "a frame": pd.DataFrame({"token": [CANARY]}),
    "a secret": Secret("another-C4nary"),
    "a time": dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1),
    "missing": pd.NaT,
    "a class": Session,
    "a function": print,
}
RIGHT = {
    "name": "ping",
    "call": "ping",
    "symbol": "R_100",
    "loginid": "CR900001",
    "country": "id",
    "folder": "report",
    "credentials": {"Ann": "sandbox-rich-all"},
}
"""What to give for what cannot be left out."""

LEAVING = {"close", "logout"}


def methods(face: object) -> list[str]:
    """Names of the public methods, but for those that end it."""
    names = [name for name in dir(type(face)) if not name.startswith("_") and name not in LEAVING]
    return [name for name in names if inspect.isfunction(getattr(type(face), name))]


def tries(function: Callable[..., Any]) -> Iterator[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """Yield arguments to call a function with, and what they are: each is of the wrong kind once, or too much."""
    own = [
        each
        for each in inspect.signature(function).parameters.values()
        if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    places = [each.name for each in own if each.kind is each.POSITIONAL_ONLY]
    needed = {each.name: RIGHT[each.name] for each in own if each.default is each.empty}

    def given(values: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return tuple(values[name] for name in places), {n: v for n, v in values.items() if n not in places}

    for each in own:
        for kind, value in WRONG.items():
            yield f"{each.name}: {kind}", *given({**needed, each.name: value})
    if needed:
        yield "nothing at all", (), {}
    yield "too many", (CANARY,) * (len(own) + 1), {}
    yield "a strange one", *given({**needed, "nonsense": CANARY})


def shown(value: object) -> str:
    try:
        return repr(value)
    except Exception:
        return ""


def outcome(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Return what a call came to: empty where that is a result, or an error of ours that repeats no token."""
    try:
        result = function(*args, **kwargs)
        if inspect.iscoroutine(result):
            result = asyncio.run(result)
        if hasattr(result, "close"):
            result.close()
    except DpyauthError as error:
        told = "\n".join([str(error), *getattr(error, "__notes__", ()), shown(error.__dict__)])
        return f"tells the token: {told}" if "C4nary" in told else ""
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def send_nothing(session: Session) -> Session:
    """Have calls checked and built, and refused instead of being sent."""
    begin = session._begin

    def refuse(request: Any, deliver: Any) -> Any:
        begin(request, deliver)
        raise DpyauthError("This would be sent.")

    session._begin = refuse  # type: ignore[method-assign]
    return session


def test_every_method_of_a_session(open_options: Any, session: Session) -> None:
    wrong = []
    for face in map(send_nothing, (open_options(), session)):
        for where in (face, face.aio):
            for name in methods(where):
                method = getattr(where, name)
                for what, args, kwargs in tries(method):
                    if came := outcome(method, args, kwargs):
                        wrong.append(f"{name}({what}): {came[:200]}")
    assert not wrong, "\n".join(wrong)
