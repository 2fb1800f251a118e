"""Test whether a value fits an annotation."""

from __future__ import annotations

import numbers
import types
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, ForwardRef, Literal, TypeVar, Union, get_args, get_origin

Fits = Callable[[Any], bool]


def fits(test: Fits | None, value: Any) -> bool:
    """Return whether a value passes a test of `fits_of`."""
    return test is None or test(value)


def fits_of(hint: Any) -> Fits | None:
    """Return a function that tests whether a value fits a type hint; None if every value does."""
    if hint in (Any, object) or isinstance(hint, TypeVar):
        return None
    if hint is None or hint is types.NoneType:
        return lambda value: value is None
    if isinstance(hint, ForwardRef):
        name = hint.__forward_arg__
        return lambda value: any(kind.__name__ == name for kind in type(value).__mro__)
    origin = get_origin(hint) or hint
    if origin in (Union, types.UnionType):
        each = [fits_of(part) for part in get_args(hint)]
        known = [test for test in each if test is not None]
        return None if len(known) < len(each) else lambda value: any(test(value) for test in known)
    if origin is Literal:
        return lambda value: isinstance(value, str | int) and value in get_args(hint)
    if origin in _SIMPLE:
        return _SIMPLE[origin]
    if not isinstance(origin, type):
        return None
    if origin in (Iterable, Sequence, Collection):
        return _is_list  # the function itself checks the values in it
    return lambda value: isinstance(value, origin)


def is_object(value: Any) -> bool:
    """Return whether a value can be ``self``: in `Session.balance("all")`, a string is in its place."""
    return not (value is None or isinstance(value, str | bytes | int | float | Mapping | list | tuple))


def is_flag(value: Any) -> bool:
    """Return whether a value is True or False, or 1 or 0 of any kind."""
    # By name, without importing numpy; numpy.bool_ is called bool since numpy 2.
    return type(value).__name__ in ("bool", "bool_") or (isinstance(value, numbers.Integral) and value in (0, 1))


def _is_whole(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_list(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | bytearray | Mapping)


_SIMPLE: Mapping[Any, Fits] = {bool: is_flag, int: _is_whole, float: _is_number, str: _is_text, Callable: callable}
