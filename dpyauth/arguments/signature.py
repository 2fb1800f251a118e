"""Read the parameters of a function from its signature and its docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ForwardRef

from dpyauth.arguments.fits import fits, fits_of, is_object

_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_BY_NAME = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Signature:
    """Parameters of a function, ready to be compared with arguments."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        parameters = list(inspect.signature(function).parameters.values())
        self.parameters = {each.name: each for each in parameters}
        tests = {each.name: fits_of(self.hint(each.name)) for each in parameters}
        if "self" in tests:
            tests["self"] = is_object
        self.places = [each.name for each in parameters if each.kind in _BY_PLACE]
        """Names of the parameters that may be passed by position."""
        self.named = {each.name for each in parameters if each.kind in _BY_NAME}
        """Names of the parameters that may be passed by name."""
        self.tests = {each.name: tests[each.name] for each in parameters if each.kind in {*_BY_PLACE, *_BY_NAME}}
        """Test for each parameter, by name; None if it takes any value."""
        self.needed = [name for name in self.tests if self.parameters[name].default is inspect.Parameter.empty]
        """Names of the parameters without a default."""
        self.open = any(each.kind is each.VAR_KEYWORD for each in parameters)
        """True if it accepts other names as well."""
        self.endless = any(each.kind is each.VAR_POSITIONAL for each in parameters)
        """True if any number of values may be passed by position."""

    @property
    def name(self) -> str:
        """Name of the function, or of the class if it is a constructor."""
        names = self.function.__qualname__.split(".")
        return names[-2] if names[-1] == "__init__" else names[-1]

    @property
    def own(self) -> list[str]:
        """Names of all parameters but ``self``."""
        return [name for name in self.tests if name != "self"]

    def fit(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
        """Return whether the arguments are right. This runs at every call of a public function, so it is kept fast."""
        if len(args) > len(self.places) and not self.endless:
            return False
        by_place = set(self.places[: len(args)])
        for name, value in zip(self.places, args, strict=False):
            if not fits(self.tests[name], value):
                return False
        for name, value in kwargs.items():
            if name not in self.named:
                if not self.open:
                    return False
                continue
            if name in by_place or not fits(self.tests[name], value):
                return False
        return all(name in by_place or (name in kwargs and name in self.named) for name in self.needed)

    def hint(self, name: str) -> Any:
        """Return the type that a parameter is annotated with; ``Any`` if it is not known at run time.

        Times come in many forms. The functions that read them check them, and their errors explain more, so times are
        ``Any`` here.
        """
        annotation = self.parameters[name].annotation
        text = str(annotation)
        if (
            name == "self"
            or annotation is inspect.Parameter.empty
            or re.search(r"\bWhen\b|\bdate\b|\btimedelta\b", text)
        ):
            return Any
        try:
            return eval(text, inspect.unwrap(self.function).__globals__)
        except NameError:  # a class that is imported only for type checkers
            alone = re.fullmatch(r"(\w+)( \| None)?", text)
            if alone is None:
                return Any
            known = ForwardRef(alone[1])
            return known | None if alone[2] else known
        except Exception:
            return Any

    def about(self, name: str) -> str:
        """Return the docstring's first sentence about a parameter, in parentheses; empty if there is none."""
        home, _, method = self.function.__qualname__.rpartition(".")
        if method == "__init__":
            about = inspect.cleandoc(self.function.__globals__[home].__doc__ or "")
            return f" ({about.splitlines()[0]})" if about else ""
        text = inspect.cleandoc(self.function.__doc__ or "")
        found = re.search(rf"^(?:\w+, )*{name}(?:, \w+)* : .*\n((?:    .*\n|\n)+)", f"{text}\n", re.MULTILINE)
        if found is None:
            return ""
        words = " ".join(found[1].split()).replace("``", "")
        sentence = re.match(r".*?\.(?=\s|$)", words)
        return f" ({name}: {(sentence[0] if sentence else words).rstrip('.')}.)"


class Text(str):
    """Annotation that is shown without quotes."""

    __slots__ = ()
    __repr__ = str.__str__


def unquote(function: Callable[..., Any]) -> None:
    """Make a signature show annotations without quotes, and ``Steps[X]`` as ``X``."""
    annotations = function.__annotations__
    for name, text in annotations.items():
        if isinstance(text, str):
            steps = re.fullmatch(r"Steps\[(.*)\]", text)
            annotations[name] = Text(re.sub(r"\bpd\.", "", steps[1] if steps else text))
