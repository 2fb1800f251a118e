"""Allow a notebook's own code to call ``asyncio.run`` inside a cell. dpyauth itself never needs this."""

from __future__ import annotations

import asyncio
import importlib
import sys
from importlib import metadata

from dpyauth.arguments import public
from dpyauth.errors import NestingRefused
from dpyauth.texts.said import Said, joined, said

_FIXED = (1, 7, 3)
"""First nest-asyncio2 that does not lose queued cells on ipykernel 7.1 and newer."""


@public
def allow_nested_asyncio() -> str:
    """Let this notebook's own code call ``asyncio.run`` or ``run_until_complete`` inside a cell.

    A kernel already runs an event loop, so such code fails with "cannot be called from a running event loop". This
    function patches asyncio so that loops may nest; the patch affects the whole process and cannot be undone. dpyauth
    itself does not need it: sessions use an event loop of their own, and ``await session.aio...`` works in any cell.

    The patch is that of nest-asyncio2, 1.7.3 or newer, which dpyauth installs. Its predecessor nest-asyncio,
    which is archived, is used only if nest-asyncio2 is missing or older, and only where that is safe: on ipykernel 7.1
    and newer, nest-asyncio loses the cells that wait behind the running one ("Run All" stops silently), and on Python
    3.14 it breaks time-outs. In these cases nothing is patched.

    Returns
    -------
    str
        Name of the package whose patch is now active: ``"nest-asyncio"`` or ``"nest-asyncio2"``.

    Raises
    ------
    NestingRefused
        No installed package can do this safely; the text says what to install, or what to write instead.

    Examples
    --------
    >>> import dpyauth
    >>> dpyauth.allow_nested_asyncio()  # doctest: +SKIP
    'nest-asyncio2'
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        loop = None
    if loop is not None and type(loop).__module__.split(".")[0] == "uvloop":
        raise NestingRefused(
            "This kernel runs on uvloop, whose loops cannot nest. Write `await ...` in the cell instead."
        )
    package = safe_package(version_numbers("ipykernel"), version_numbers("nest-asyncio2"), sys.version_info[:2])
    importlib.import_module(package.replace("-", "_")).apply()
    return package


def patched() -> tuple[str | None, Said | None]:
    """Return the package that has patched asyncio in this process, if any, and the reason if that is not safe here."""
    if not hasattr(asyncio, "_nest_patched"):
        return None, None
    package = "nest-asyncio2" if hasattr(asyncio, "_nest_asyncio2") else "nest-asyncio"
    second = version_numbers("nest-asyncio2") if package == "nest-asyncio2" else ()
    return package, _danger(version_numbers("ipykernel"), second, sys.version_info[:2])


def safe_package(ipykernel: tuple[int, ...], nest_asyncio2: tuple[int, ...], python: tuple[int, ...]) -> str:
    """Return the package that is safe with these versions; a package that is not installed has ``()``."""
    danger = _danger(ipykernel, nest_asyncio2, python)
    if danger is not None:
        raise NestingRefused(joined(danger, said("nesting_refused")))
    return "nest-asyncio2" if nest_asyncio2 >= _FIXED else "nest-asyncio"


def _danger(ipykernel: tuple[int, ...], nest_asyncio2: tuple[int, ...], python: tuple[int, ...]) -> Said | None:
    if nest_asyncio2 >= _FIXED:
        return None
    if ipykernel >= (7, 1):
        return said("nest_loses_cells")
    return said("nest_breaks_timeouts") if python >= (3, 14) else None


def version_numbers(package: str) -> tuple[int, ...]:
    """Return the version of a package as numbers; empty if it is not installed."""
    try:
        text = metadata.version(package)
    except metadata.PackageNotFoundError:
        return ()
    numbers = []
    for part in text.split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)
