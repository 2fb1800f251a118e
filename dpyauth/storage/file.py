"""Read and write the file that lists remembered credentials. Only its owner can read it."""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_config_path

from dpyauth.credentials import Secret
from dpyauth.errors import KeepingFailed
from dpyauth.texts.said import Said, said

PATIENCE = 10.0
"""Longest time to wait for another process that uses the file, in seconds."""

_NAME = "credentials.json"
_VERSION = 1
_LIMIT = 1 << 20  # bytes; far more than the accounts of one user need
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # O_NONBLOCK: a pipe must not block open()


@dataclass(frozen=True, slots=True)
class Entry:
    """Entry of one profile in the file."""

    in_keyring: bool = False
    """True if the keyring has, or may have, the record."""
    record: Secret | None = None
    """Record as JSON, if it is not in the keyring."""


def path() -> Path:
    """Return the path of the file, whether it exists or not."""
    try:
        place = user_config_path("dpyauth", appauthor=False, roaming=True) / _NAME
        earlier = Path.home() / "Library" / "Application Support" / "dpyauth" / _NAME
    except RuntimeError:
        raise KeepingFailed(said("no_home")) from None
    # On macOS, earlier versions ignored XDG_CONFIG_HOME. A file that they wrote stays in use where it is.
    return earlier if sys.platform == "darwin" and not os.path.lexists(place) and os.path.lexists(earlier) else place


def in_words() -> Said:
    """Return the path of the file in words."""
    return said("place_file", path=shown())


def shown() -> str:
    """Return the path of the file for display, with ``~`` for the home folder."""
    place = path()
    with suppress(ValueError, RuntimeError):
        place = Path("~") / place.relative_to(Path.home())
    return str(place)


@contextmanager
def clearly() -> Iterator[None]:
    """Replace errors of the operating system with KeepingFailed, which names the file."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise KeepingFailed(said("kept_no_access", path=shown(), reason=reason)) from None


@contextmanager
def locked() -> Iterator[None]:
    """Lock the file for this thread, after checking that its folder belongs to the user."""
    from filelock import FileLock, Timeout  # slow to import, and not needed for reading

    folder = path().parent
    with clearly():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check(folder, os.lstat(folder), stat.S_ISDIR)
        if os.name == "posix":
            folder.chmod(0o700)
        lock = FileLock(folder / "lock", PATIENCE, 0o600, fallback_to_soft=False)
        try:
            lock.acquire()
        except Timeout:
            raise KeepingFailed(said("kept_in_use", path=shown())) from None
        except OSError as error:
            if error.filename is not None:  # the lock file could not be opened
                raise
            # Some network drives do not support locks. Without one, the last of two writers wins; the file is still
            # complete, because `write` replaces it in one step.
        try:
            yield
        finally:
            lock.release()


def read(*, private: bool = True) -> dict[str, Entry]:
    """Return the entries by profile. ``private=False`` also accepts a file that other users can read."""
    place = path()
    try:
        _check(place.parent, os.lstat(place.parent), stat.S_ISDIR)
        _check(place, os.lstat(place), stat.S_ISREG)
        descriptor = os.open(place, os.O_RDONLY | _NO_LINKS | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return {}
    with open(descriptor, "rb") as file:
        about = os.fstat(descriptor)  # of the opened file: the name may lead to another one by now
        _check(place, about, stat.S_ISREG)
        if private and os.name == "posix" and stat.S_IMODE(about.st_mode) & 0o077:
            raise KeepingFailed(said("kept_open_to_others", path=str(place)))
        found = _parsed(Secret(file.read(_LIMIT).decode("ascii", "replace")))
    if isinstance(found, str):
        raise KeepingFailed(said(found, path=str(place)))
    return found


def write(entries: Mapping[str, Entry]) -> None:
    """Replace the file in one step: a reader sees either the old or the new file, even after a crash."""
    place = path()
    for leftover in place.parent.glob(".credentials-*"):
        leftover.unlink(missing_ok=True)
    if not entries:
        place.unlink(missing_ok=True)
        return
    descriptor, made = tempfile.mkstemp(prefix=".credentials-", dir=place.parent)  # creates it with mode 0600
    try:
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(_document(entries))
            file.flush()
            os.fsync(descriptor)
        os.replace(made, place)
    except BaseException:
        with suppress(OSError):
            os.unlink(made)
        raise


def _check(place: Path, about: os.stat_result, right_kind: Callable[[int], bool]) -> None:
    if not right_kind(about.st_mode):
        raise KeepingFailed(said("kept_is_link", path=str(place)))
    if sys.platform != "win32" and about.st_uid != os.geteuid():
        raise KeepingFailed(said("kept_of_another_user", path=str(place)))


def _parsed(text: Secret) -> dict[str, Entry] | str:
    # Return the problem's code instead of raising: an error of json contains the text that it could not parse, with
    # tokens.
    try:
        match json.loads(text.reveal()):
            case {"version": int(version)} if version > _VERSION:
                return "kept_newer"
            case {"version": int(version), "profiles": dict(profiles)} if version == _VERSION:
                return {name: _entry(**entry) for name, entry in profiles.items()}
    except (ValueError, TypeError, RecursionError):
        pass
    return "kept_not_ours"


def _entry(*, in_keyring: bool, record: object) -> Entry:
    return Entry(in_keyring is True, None if record is None else Secret(json.dumps(record)))


def _document(entries: Mapping[str, Entry]) -> str:
    profiles = {
        name: {"in_keyring": entry.in_keyring, "record": entry.record and json.loads(entry.record.reveal())}
        for name, entry in entries.items()
    }
    return json.dumps({"version": _VERSION, "profiles": profiles}, indent=1)
