"""Check the arguments of what the user calls, and find the name that was meant where there is none of that name.

A function or method says in its signature what it takes, and in its docstring what to write. Both are read here, so
that a wrong argument ends in one kind of error that says what to write instead.
"""

from __future__ import annotations

import datetime as dt
import functools
import inspect
import numbers
import re
import types
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NoReturn, ParamSpec, TypeVar, Union, get_args, get_origin

from dpyauth._traceback import ends_here
from dpyauth.errors import InvalidArgument, UnknownName
from dpyauth.registry import by_token

P = ParamSpec("P")
T = TypeVar("T")

Fits = Callable[[Any], bool]


def public(function: Callable[P, T]) -> Callable[P, T]:
    """Make a function one that users call: its arguments are checked first, and tracebacks end at the user's line.

    Its signature shows annotations without quotes.
    """
    takes = Takes(function)

    @ends_here
    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        wrong = takes.wrong(args, kwargs)
        held: list[Any] = [kwargs, args]
        del args, kwargs  # tracebacks may show variables, and these may be secret
        if wrong is not None:
            held.clear()
            raise wrong
        return function(*held.pop(), **held.pop())

    return call


_TIME = re.compile(r"\b(When|date|timedelta)\b")
"""Times come in many forms, and what reads them has more to say of one that is wrong."""


class Text(str):
    """An annotation that shows itself as it reads, without quotes."""

    __slots__ = ()
    __repr__ = str.__str__


class Takes:
    """What a function takes.

    Parameters
    ----------
    function : callable
        A function, or a generator function of a `Steps`: of its annotations, the result is what the plan returns.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._places: list[tuple[str, Fits | None]] | None = None
        _unquote(function)

    def wrong(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> InvalidArgument | None:
        """Return the error for these arguments; None where they can be right.

        It is returned and not raised, so that no traceback shows the arguments.
        """
        if self._places is None:
            self._read()
        if self._fit(args, kwargs):
            return None
        return self._explain(args, kwargs)

    def _read(self) -> None:
        """Read the signature; at the first call, as many functions are never called."""
        parameters = list(inspect.signature(self._function).parameters.values())
        fits = {each.name: _fits_of(self._hint(each)) for each in parameters}
        if "self" in fits:
            fits["self"] = _is_object
        by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        by_name = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        self._parameters = {each.name: each for each in parameters}
        self._named = {each.name: fits[each.name] for each in parameters if each.kind in by_name}
        self._open = any(each.kind is each.VAR_KEYWORD for each in parameters)
        self._endless = any(each.kind is each.VAR_POSITIONAL for each in parameters)
        own = [each for each in parameters if each.kind in {*by_place, *by_name}]
        self._needed = [each.name for each in own if each.default is each.empty]
        self._places = [(each.name, fits[each.name]) for each in parameters if each.kind in by_place]

    def _hint(self, parameter: inspect.Parameter) -> Any:
        """Return what an annotation means; `Any` where it cannot be told at run time, or is told by the function."""
        text = str(parameter.annotation)
        if (
            parameter.name == "self"
            or parameter.annotation is parameter.empty
            or re.search(r"\bWhen\b|\bdate\b|\btimedelta\b", text)
        ):
            return Any  # of times there are many forms, and what reads them has more to say
        try:
            return eval(text, inspect.unwrap(self._function).__globals__, _Public())
        except Exception:
            return Any

    def _fit(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
        """Return whether the arguments fit; this is all that most calls need."""
        assert self._places is not None
        if len(args) > len(self._places) and not self._endless:
            return False
        by_place = {name for (name, _), _ in zip(self._places, args, strict=False)}
        for (_, fits), value in zip(self._places, args, strict=False):
            if fits is not None and not fits(value):
                return False
        for name, value in kwargs.items():
            if name not in self._named:
                if not self._open:
                    return False
                continue
            fits = self._named[name]
            if name in by_place or (fits is not None and not fits(value)):
                return False
        return all(name in by_place or (name in kwargs and name in self._named) for name in self._needed)

    # What to say

    def _explain(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> InvalidArgument:
        assert self._places is not None
        places = [name for name, _ in self._places]
        unnamed = {name for name in places if name not in self._named}
        first = next(
            (name for name in places[len(args) if self._open else 0 :] if name in unnamed & kwargs.keys()), None
        )
        if first is not None:
            return self._error(first, f"takes {first!r} first, without its name: leave out {first}=.")
        if "self" in self._parameters and not (args and _is_object(args[0])):
            return self._error(None, self._missing("self"))
        strange = [name for name in kwargs if name not in self._named] if not self._open else []
        if strange:
            return self._error(strange[0], self._unknown(strange[0]))
        if len(args) > len(places) and not self._endless:
            return self._error(None, self._too_many(places))
        given = {**dict(zip(places, args, strict=False)), **{n: v for n, v in kwargs.items() if n in self._named}}
        twice = next((name for name in places[: len(args)] if name in kwargs and name in self._named), None)
        if twice is not None:
            return self._error(twice, f"was given {twice!r} twice: by its place and by its name. Leave one out.")
        missing = next((name for name in self._needed if name not in given), None)
        if missing is not None:
            return self._error(missing, self._missing(missing))
        return self._misfit(given, places[: len(args)])

    def _error(self, field: str | None, said: str) -> InvalidArgument:
        return InvalidArgument(f"{self._name}() {said}", field=field)

    @property
    def _name(self) -> str:
        names = self._function.__qualname__.split(".")
        return names[-2] if names[-1] == "__init__" else names[-1]

    @property
    def _own(self) -> list[str]:
        """Names of all that it takes."""
        kinds = {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}
        return [name for name, each in self._parameters.items() if name != "self" and each.kind not in kinds]

    def _unknown(self, name: str) -> str:
        near = nearest(name, self._own)
        known = f"It takes: {', '.join(self._own)}." if self._own else "It takes none."
        return f"takes no argument {name!r}. " + (f"Did you mean {near!r}?" if near else known)

    def _too_many(self, places: list[str]) -> str:
        own = [name for name in places if name != "self"]
        rest = [name for name in self._own if name not in own]
        count = f"takes {'no argument' if not own else 'one argument' if len(own) == 1 else f'{len(own)} arguments'}"
        said = f"{count} without a name" + (f" ({', '.join(own)})" if own else "")
        if self._open:
            return f"{said}. Give the others by name."
        return f"{said}. " + (f"Give the others by name: {', '.join(f'{name}=' for name in rest)}." if rest else "")

    def _missing(self, name: str) -> str:
        if name == "self":
            home = self._function.__qualname__.split(".")[0].lower()
            owner = home if home in ("sandbox", "stream", "fleet") else "session"
            return f"is a method: call it on an object, such as {owner}.{self._name}()."
        return f"needs {name!r}, {_words(self._hint(self._parameters[name])) or 'a value'}.{self._told(name)}"

    def _misfit(self, given: Mapping[str, Any], by_place: Collection[str]) -> InvalidArgument:
        fits = {**dict(self._places or ()), **self._named}
        name, value = next((name, value) for name, value in given.items() if not _fit(fits[name], value))
        said = f"takes {_words(self._hint(self._parameters[name]))} for {name!r}, not {shown(value)}."
        return self._error(name, f"{said}{self._meant(name, value, given, fits, by_place)}{self._told(name)}")

    def _meant(
        self,
        name: str,
        value: Any,
        given: Mapping[str, Any],
        fits: Mapping[str, Fits | None],
        by_place: Collection[str],
    ) -> str:
        """Say where a value of the wrong kind belongs, perhaps."""
        other = next(
            (n for n, v in given.items() if n != name and fits[n] and _fit(fits[n], value) and _fit(fits[name], v)), ""
        )
        if other and not _fit(fits[other], given[other]):
            return f" {name!r} and {other!r} are the wrong way round."
        if value is None:
            return f" Leave {name!r} out." if name not in self._needed else ""
        if isinstance(value, Mapping):
            return " A request in Deriv's form goes to session.call()." if "Session" in self._hosts else ""
        if not isinstance(value, bool | int | float):
            return ""
        if isinstance(value, float) and value.is_integer() and _fit(fits[name], int(value)):
            return f" Write {int(value)}."
        if name not in by_place:
            return ""
        free = next((n for n in self._own if n not in given and fits.get(n) and _fit(fits[n], value)), "")
        return f" Did you mean {free}={shown(value)}?" if free else ""

    @functools.cached_property
    def _hosts(self) -> set[str]:
        """Names of the classes that a session is made of, where this is a method of one of them."""
        from dpyauth.session import Session

        names = {kind.__name__ for kind in Session.__mro__}
        return {"Session"} if self._function.__qualname__.split(".")[0] in names else set()

    def _told(self, name: str) -> str:
        """Return what the docstring says of a parameter, in a sentence."""
        home, _, method = self._function.__qualname__.rpartition(".")
        if method == "__init__":
            about = inspect.cleandoc(self._function.__globals__[home].__doc__)
            return f" ({about.splitlines()[0]})"
        text = inspect.cleandoc(self._function.__doc__ or "")
        found = re.search(rf"^(?:\w+, )*{name}(?:, \w+)* : .*\n((?:    .*\n|\n)+)", f"{text}\n", re.MULTILINE)
        if found is None:
            return ""
        words = " ".join(found[1].split()).replace("``", "")
        sentence = re.match(r".*?\.(?=\s|$)", words)
        return f" ({name}: {(sentence[0] if sentence else words).rstrip('.')}.)"


def _unquote(function: Callable[..., Any]) -> None:
    """Have annotations show themselves without quotes, and the result of a plan as what it returns."""
    annotations = function.__annotations__
    for name, text in annotations.items():
        if isinstance(text, str):
            plan = re.fullmatch(r"Steps\[(.*)\]", text)
            annotations[name] = Text(re.sub(r"\bpd\.", "", plan[1] if plan else text))


class _Public(dict[str, Any]):
    """The public names of dpyauth, for annotations that are imported for type checkers only."""

    def __missing__(self, name: str) -> Any:
        import dpyauth

        if name in dpyauth.__all__:
            return getattr(dpyauth, name)
        raise KeyError(name)


# What fits an annotation


def _fit(fits: Fits | None, value: Any) -> bool:
    return fits is None or fits(value)


def _fits_of(hint: Any) -> Fits | None:
    """Return what tells whether a value fits a hint; None where all do."""
    if hint in (Any, object) or isinstance(hint, TypeVar):
        return None
    if hint is None or hint is types.NoneType:
        return lambda value: value is None
    origin = get_origin(hint) or hint
    if origin in (Union, types.UnionType):
        each = [_fits_of(part) for part in get_args(hint)]
        known = [fits for fits in each if fits is not None]
        return None if len(known) < len(each) else lambda value: any(fits(value) for fits in known)
    if origin is Literal:
        return lambda value: isinstance(value, str | int) and value in get_args(hint)
    if origin in _SIMPLE:
        return _SIMPLE[origin]
    if not isinstance(origin, type):
        return None
    if origin in (Iterable, Sequence, Collection):
        return _is_list  # what is in it, the function looks at
    return lambda value: isinstance(value, origin)


def _is_object(value: Any) -> bool:
    """Return whether a value can be what a method is called on: for `Session.balance("all")` a text comes first."""
    return not (value is None or isinstance(value, str | bytes | int | float | Mapping | list | tuple))


def is_flag(value: Any) -> bool:
    """Return whether a value is True or False, or 1 or 0 of any kind."""
    # numpy's: numpy.bool_ is called bool since numpy 2
    return type(value).__name__ in ("bool", "bool_") or (isinstance(value, numbers.Integral) and value in (0, 1))


def _is_whole(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_SIMPLE: Mapping[Any, Fits] = {bool: is_flag, int: _is_whole, float: _is_number, str: _is_text, Callable: callable}


def _is_list(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | bytearray | Mapping)


_NAMES = {
    str: "a text",
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    Callable: "a function",
    Mapping: "a dict",
    dt.date: "a date",
}


def _words(hint: Any) -> str:
    """Return what a hint means, in words; None goes without saying, as it is what to leave out."""
    origin = get_origin(hint) or hint
    if origin in (Union, types.UnionType):
        parts = [_words(part) for part in get_args(hint) if part is not types.NoneType]
        return " or ".join(dict.fromkeys(filter(None, parts)))
    if origin is Literal:
        return "one of " + ", ".join(map(repr, get_args(hint)))
    if origin in (Iterable, Sequence, Collection):
        each = _words((*get_args(hint), Any)[0])
        return f"a list of {each.removeprefix('a ')}s" if each.startswith("a ") else "a list"
    if origin in _NAMES:
        return _NAMES[origin]
    name = getattr(origin, "__name__", "")
    return {"Secret": "", "PathLike": "a path", "Session": "a session", "Any": "a value"}.get(name, f"a {name}")


LONGEST = 8
"""A text in the place of something else is repeated up to so many characters: a longer one may be a token."""


UNSHOWN = "this text"
"""What is said of a text that is not repeated."""


def shown(value: Any, longest: int = LONGEST) -> str:
    """Return a value as an error shows it: nothing that may be secret, and nothing that is long."""
    if isinstance(value, str):
        short = type(value) is str and len(value) <= longest and not by_token(value, likely=True)
        return repr(value) if short else UNSHOWN
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = (int if isinstance(value, int) else float)(value)  # numpy's, and members of an enum, look otherwise
    if value is None or isinstance(value, bool | int | float | Decimal | dt.date | dt.time | dt.timedelta):
        try:
            return text if len(text := repr(value)) <= _WIDE else "so long a number"
        except ValueError:  # of an int with thousands of digits there is no text
            return "so long a number"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if type(value) in (list, dict, tuple) and not value:
        return repr(value)
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeio' else 'a'} {name}"


_WIDE = 120


# Names that there are not


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the name that was meant, perhaps; else an empty text."""
    import difflib  # only where something is wrong

    by_look = {each.lower().replace("_", ""): each for each in sorted(known)}
    close = difflib.get_close_matches(name.lower().replace("_", ""), by_look, n=1, cutoff=0.62)
    return by_look[close[0]] if close else ""


def unknown(owner: str, name: str, known: Collection[str], instead: str = "") -> UnknownName:
    """Return the error for a name that something does not have; ``instead`` says what else it may be, in a sentence."""
    near = "" if instead else nearest(name, known)
    said = f"Did you mean {near!r}?" if near else instead or f"It has: {', '.join(sorted(known))}."
    return UnknownName(f"{owner} has no {name!r}. {said}")


class Names:
    """Name the nearest attribute where one is asked for that there is not."""

    _called = ""
    """What the user calls it, at the beginning of a sentence."""

    def _instead(self, name: str) -> str:
        """Return what a name that there is not may be otherwise, in a sentence."""
        return ""

    if not TYPE_CHECKING:  # a type checker would take every name for right

        @ends_here
        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("_") or hasattr(type(self), name):  # the latter: it has failed, and fails again
                return object.__getattribute__(self, name)
            known = [each for each in dir(self) if not each.startswith("_")]
            raise unknown(self._called, name, known, self._instead(name))
