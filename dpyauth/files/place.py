"""Put a file in its place: whole or not at all, and over another one only on request."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dpyauth.errors import InvalidSetting

PREFIX = ".dpyauth-"
"""Beginning of the name under which something is written before it is put in its place."""


def located(path: str | os.PathLike[str]) -> Path:
    """Return where a path leads: the home folder is written in full.

    Raises
    ------
    InvalidSetting
        It is empty, or nothing can be there.
    """
    written = os.fspath(path)
    if not written:
        raise InvalidSetting("The path is empty. Name a file or folder to write to.")
    try:
        found = Path(written).expanduser().absolute()
        os.stat(found)
    except OSError:  # there is nothing, or what may be there cannot be seen
        return found
    except (RuntimeError, ValueError):
        raise InvalidSetting(f"There is no place {written!a} on this machine. Choose another path.") from None
    return found


@contextmanager
def naming(target: Path) -> Iterator[None]:
    """Let errors of the operating system name the place that was meant, where they name one that leads to it."""
    try:
        yield
    except OSError as error:
        if PREFIX in str(error.filename):
            error.filename, error.filename2 = str(target), None
        raise


def check(target: Path, suffix: str, overwrite: bool) -> None:
    """Refuse a file that would be of another kind by its name, or that would replace what is not to be replaced.

    Raises
    ------
    InvalidSetting
        It may not be written.
    """
    if target.suffix.lower() != suffix:
        raise InvalidSetting(f'The name of the file must end in {suffix}: write "{target.stem or "frame"}{suffix}".')
    if not os.path.lexists(target):
        return
    if target.is_symlink() or not target.is_file():
        raise InvalidSetting(f"{target} is not a file, so it was not overwritten. Choose another name.")
    if not overwrite:
        raise InvalidSetting(
            f"There is a file {target} already. Choose another name, or replace it with overwrite=True."
        )


def put(target: Path, content: bytes, overwrite: bool) -> None:
    """Write a file that only its owner can read.

    Raises
    ------
    InvalidSetting
        There is such a file by now, or it cannot be replaced.
    OSError
        It cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with naming(target):
        handle, made = tempfile.mkstemp(prefix=PREFIX, suffix=target.suffix, dir=target.parent)
        try:
            with open(handle, "wb") as file:
                file.write(content)
            check(target, target.suffix.lower(), overwrite)
            os.replace(made, target)
        except BaseException as error:
            _remove(made)
            if isinstance(error, PermissionError) and target.exists():
                raise InvalidSetting(
                    f"{target} could not be replaced. If it is open in Excel, close it there and run the cell again."
                ) from None
            raise


def write(place: Path, content: bytes) -> None:
    """Write a new file that only its owner can read, into a folder that nobody looks into yet."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with open(os.open(place, flags, 0o600), "wb") as file:
        file.write(content)


def _remove(made: str) -> None:
    try:
        os.unlink(made)
    except OSError:  # it is in its place already
        pass
