"""Test errors: their tree, their messages, copies, and what IPython shows of them."""

from __future__ import annotations

import copy
import copyreg
import inspect
import pickle
import re
from typing import Any

import pytest

from dpyauth import errors
from dpyauth.errors import ApiError, DpyauthError, InvalidRequest, MissingScope, NotInThisApi

KINDS = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, DpyauthError)]


def example(kind: type[DpyauthError]) -> DpyauthError:
    """Return an error of this kind with every attribute filled."""
    more: dict[str, Any] = {"call": "buy"}
    if issubclass(kind, ApiError):
        more |= {"code": "InputValidationFailed", "details": {"price": "Expected number."}}
    if issubclass(kind, InvalidRequest):
        more |= {"field": "price"}
    if issubclass(kind, NotInThisApi):
        more |= {"api": "options", "nearest": "sell"}
    if issubclass(kind, MissingScope):
        more |= {"scopes": ("trade",)}
    return kind("something is wrong", **more)


def drawn_tree() -> dict[str, str]:
    """Return the parent of each error, as drawn in the docstring of the module."""
    parents, path = {}, ["DpyauthError"]
    for line in inspect.getdoc(errors).splitlines():
        match = re.match(r"(?P<lead>[\s│├└─]+)(?P<name>[A-Z]\w+) {2,}\S", line)
        if match:
            depth = (len(match["lead"]) - 4) // 4
            path[depth:] = [match["name"]]
            parents[match["name"]] = path[depth - 1]
    return parents


def test_the_drawn_tree_is_the_tree() -> None:
    assert drawn_tree() == {kind.__name__: kind.__bases__[0].__name__ for kind in KINDS if kind is not DpyauthError}


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_says_what_it_means(kind: type[DpyauthError]) -> None:
    assert kind.__doc__


@pytest.mark.parametrize("copied", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, DpyauthError.copy])
@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_keeps_everything_but_the_traceback(
    kind: type[DpyauthError], copied: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Dask's package tblib, once imported, lets every exception take its traceback along.
    monkeypatch.delitem(copyreg.dispatch_table, kind, raising=False)
    error = example(kind)
    error.add_note("a note")
    try:
        raise error
    except DpyauthError:
        other = copied(error)
    assert type(other) is kind
    assert str(other) == "something is wrong"
    assert vars(other) == vars(error)
    assert other is not error
    assert other.__traceback__ is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_can_name_another_call(kind: type[DpyauthError]) -> None:
    error = example(kind)
    assert error.copy("sell").call == "sell"
    assert error.call == "buy"
    assert error.copy().call == "buy"


def test_the_details_are_a_copy() -> None:
    details = {"price": "?"}
    error = ApiError("x", details=details)
    details["price"] = "changed"
    assert error.details == {"price": "?"}
    assert ApiError("x").details == {}
    assert ApiError("x").code == ""


def rendered(code: str, filename: str, **names: Any) -> list[str]:
    """Return what IPython would show for an error raised by this code in this file."""
    import linecache

    linecache.cache[filename] = (len(code), None, code.splitlines(True), filename)
    try:
        exec(compile(code, filename, "exec"), names)
    except DpyauthError as error:
        return error._render_traceback_()[1:]  # without the line of this test
    finally:
        del linecache.cache[filename]
    raise AssertionError("nothing was raised")


def test_only_the_users_own_lines_are_shown() -> None:
    from concurrent.futures import Future

    from dpyauth.session.blocking import result_of

    future: Future[None] = Future()
    future.set_exception(DpyauthError("it broke"))
    shown = rendered("def ask():\n    result_of(future, 1)\nask()\n", "lesson.py", result_of=result_of, future=future)
    assert shown == [
        "    lesson.py, line 3: ask()",
        "    lesson.py, line 2: result_of(future, 1)",
        "DpyauthError: it broke",
    ]


@pytest.mark.parametrize("filename", ["/tmp/ipykernel_12/3456.py", "<ipython-input-1-abc>"])
def test_lines_of_cells_are_named_as_such(filename: str) -> None:
    shown = rendered("\nraise error", filename, error=DpyauthError("it broke"))
    assert shown == ["    line 2 of the cell: raise error", "DpyauthError: it broke"]


def test_a_package_with_a_similar_path_counts_as_the_users_own() -> None:
    filename = errors.__file__.replace("/dpyauth/errors.py", "/dpyauth-lessons/one.py")
    shown = rendered("raise error", filename, error=DpyauthError("it broke"))
    assert shown[0] == "    one.py, line 1: raise error"


def test_notes_are_shown() -> None:
    error = DpyauthError("it broke")
    error.add_note("look at Deriv first")
    assert rendered("raise error", "lesson.py", error=error)[-2:] == ["DpyauthError: it broke", "look at Deriv first"]
