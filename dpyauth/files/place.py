"""Write a file completely or not at all, and replace another one only if asked to."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dpyauth.errors import InvalidSetting

PREFIX = ".dpyauth-"
"""Beginning of the temporary name under which a file is written first."""


def located(path: str | os.PathLike[str]) -> Path:
    """Return a path as an absolute one, with ``~`` expanded.

    Raises
    ------
    InvalidSetting
        The path is empty, or cannot exist.
    """
    written = os.fspath(path)
    if not written:
        raise InvalidSetting("The path is empty. Name a file or folder to write to.")
    try:
        found = Path(written).expanduser().absolute()
        os.stat(found)
    except OSError:  # it does not exist, or is not accessible
        return found
    except (RuntimeError, ValueError):
        raise InvalidSetting(f"{written!a} is not a valid path on this machine. Choose another path.") from None
    return found


@contextmanager
def naming(target: Path) -> Iterator[None]:
    """Make errors of the operating system name the target instead of the temporary file."""
    try:
        yield
    except OSError as error:
        if PREFIX in str(error.filename):
            error.filename, error.filename2 = str(target), None
        raise


def check(target: Path, suffix: str, overwrite: bool) -> None:
    """Refuse a file with the wrong extension, or one that would replace something that must stay.

    Raises
    ------
    InvalidSetting
        The file must not be written.
    """
    if target.suffix.lower() != suffix:
        raise InvalidSetting(f'The name of the file must end in {suffix}: write "{target.stem or "frame"}{suffix}".')
    if not os.path.lexists(target):
        return
    if target.is_symlink() or not target.is_file():
        raise InvalidSetting(f"{target} is not a file, so it was not overwritten. Choose another name.")
    if not overwrite:
        raise InvalidSetting(
            f"The file {target} already exists. Choose another name, or replace it with overwrite=True."
        )


def put(target: Path, content: bytes, overwrite: bool) -> None:
    """Write a file that only its owner can read.

    Raises
    ------
    InvalidSetting
        The file exists by now, or cannot be replaced.
    OSError
        The file cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with naming(target):
        handle, made = tempfile.mkstemp(prefix=PREFIX, suffix=target.suffix, dir=target.parent)
        try:
            with open(handle, "wb") as file:
                file.write(content)
            check(target, target.suffix.lower(), overwrite)  # again: another program may have created it meanwhile
            os.replace(made, target)
        except BaseException as error:
            _remove(made)
            if isinstance(error, PermissionError) and target.exists():
                raise InvalidSetting(
                    f"{target} could not be replaced. If it is open in Excel, close it there and run the cell again."
                ) from None
            raise


def write(place: Path, content: bytes) -> None:
    """Write a new file that only its owner can read, into a folder that is not in use yet."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with open(os.open(place, flags, 0o600), "wb") as file:
        file.write(content)


def _remove(made: str) -> None:
    try:
        os.unlink(made)
    except OSError:  # it has been moved to the target already
        pass
