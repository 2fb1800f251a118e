"""End tracebacks at the user's own line.

Modules that are slow to import are imported only when a traceback is cut.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    import traceback

P = ParamSpec("P")
T = TypeVar("T")


class ShortTraceback(Exception):
    """Base of the errors that dpyauth raises on purpose: their tracebacks show only the user's own lines."""

    must_be_told = False
    """True if the text must not be lost, because it reports a change that was sent: it is added to any error that
    replaces this one."""

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython shows: the place in the user's own code, and the message."""
        return shown(self)


def ends_here(function: Callable[P, T]) -> Callable[P, T]:
    """End the tracebacks of errors that leave a public function at the line that called it; a decorator."""

    @functools.wraps(function)
    def ending_here(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)  # no code after this: an interrupt there would lose the result
        except BaseException as error:
            del args, kwargs  # some tools show the variables of a traceback, and these may be secret
            leaving(error)
            raise

    return ending_here


def leaving(error: BaseException) -> None:
    """Shorten the traceback of an error that is about to leave dpyauth, unless it is a defect of dpyauth.

    Follow this with a bare ``raise``: it adds the caller's line to the traceback, but not its own.
    """
    if isinstance(error, ShortTraceback | KeyboardInterrupt | asyncio.CancelledError | OSError):
        shorten(error)


def shorten(error: BaseException) -> None:
    """Keep only the lines of the user's code in the traceback of an error, and of the errors before it.

    Errors that dpyauth handled itself are removed. If one of them reports a change that was sent, its text is added as
    a note.
    """
    _cut(error)
    last, seen = error, {id(error)}
    before = _before(error)
    while before is not None and id(before) not in seen:
        seen.add(id(before))
        earlier = _before(before)
        if _cut(before):
            last = before
        else:
            for note in _told_by(before):
                if note not in getattr(error, "__notes__", ()):
                    error.add_note(note)
            _put_before(last, earlier)
        before = earlier


def _before(error: BaseException) -> BaseException | None:
    """Return the error that Python shows before another one."""
    return error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _put_before(error: BaseException, earlier: BaseException | None) -> None:
    if error.__cause__ is not None:
        error.__cause__ = earlier
    else:
        error.__context__ = earlier


def _told_by(error: BaseException) -> Iterator[str]:
    """Yield the texts of an error that must not be lost."""
    if isinstance(error, ShortTraceback) and error.must_be_told:
        yield str(error)
    yield from getattr(error, "__notes__", ())


def _cut(error: BaseException) -> bool:
    """Cut a traceback to the user's own lines. Return whether any are left, or there was no traceback."""
    entries = list(_entries(error.__traceback__))
    own: list[TracebackType] = []
    inside = False
    for entry in entries:
        inside = inside or _is_ours(entry.tb_frame.f_code.co_filename)
        if not inside or _is_own(entry):
            own.append(entry)
    if inside:
        trace = None
        for entry in reversed(own):
            trace = TracebackType(trace, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
        error.__traceback__ = trace
    return bool(own) or not entries


def _entries(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _is_own(entry: TracebackType) -> bool:
    """Return whether a line is in the user's code, such as that of a function passed to dpyauth."""
    import linecache

    frame = entry.tb_frame
    name = frame.f_code.co_filename
    return not _is_library(name) and bool(linecache.getline(name, entry.tb_lineno, frame.f_globals).strip())


@functools.cache
def _here() -> str:
    import os
    from pathlib import Path

    return str(Path(__file__).parent) + os.sep


def _is_ours(filename: str) -> bool:
    return filename.startswith(_here())


@functools.cache
def _python() -> str:
    import os
    import sysconfig

    return sysconfig.get_path("stdlib") + os.sep


def _is_library(filename: str) -> bool:
    return filename.startswith((_here(), _python(), "<frozen")) or "site-packages" in filename


def shown(error: BaseException) -> list[str]:
    """Return the lines to show for an error: the place in the user's code, and the message.

    An error that the user's own code was handling comes first.
    """
    shorten(error)
    before = _before(error)
    notes = [str(note) for note in getattr(error, "__notes__", ())]
    lines = [*_places(error.__traceback__), f"{type(error).__name__}: {error}", *notes]
    return (
        lines
        if before is None
        else [*shown(before), "", "While handling this error, another one occurred:", "", *lines]
    )


def _places(trace: TracebackType | None) -> list[str]:
    import traceback

    found = traceback.extract_tb(trace)
    return [f"    {_place(frame)}: {frame.line}" for frame in found if frame.line and not _is_library(frame.filename)]


def _place(frame: traceback.FrameSummary) -> str:
    from pathlib import Path

    in_cell = "ipykernel" in frame.filename or frame.filename.startswith("<")
    return f"line {frame.lineno} of the cell" if in_cell else f"{Path(frame.filename).name}, line {frame.lineno}"
