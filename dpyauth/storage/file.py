"""The file that lists remembered credentials. Only its owner can read it."""

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

PATIENCE = 10.0
"""Seconds to wait for another process that uses the file."""

_NAME = "credentials.json"
_VERSION = 1
_LIMIT = 1 << 20  # bytes; far more than the accounts of one user take
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # nor a pipe that never answers


@dataclass(frozen=True, slots=True)
class Entry:
    """Entry of one profile in the file."""

    in_keyring: bool = False
    """True if the keyring has a record of it, or may have."""
    record: Secret | None = None
    """Record as JSON, if it is not in the keyring."""


def path() -> Path:
    """Return where the file is, or would be."""
    try:
        place = user_config_path("dpyauth", appauthor=False, roaming=True) / _NAME
        earlier = Path.home() / "Library" / "Application Support" / "dpyauth" / _NAME
    except RuntimeError:
        raise KeepingFailed("Nothing can be kept: this user has no home folder. Set the variable HOME.") from None
    # On macOS, earlier versions did not look at XDG_CONFIG_HOME. What they have kept stays where it is.
    return earlier if sys.platform == "darwin" and not os.path.lexists(place) and os.path.lexists(earlier) else place


def in_words() -> str:
    """Return the path of the file in words, shortened by the home folder."""
    place = path()
    with suppress(ValueError, RuntimeError):
        place = Path("~") / place.relative_to(Path.home())
    return f"the file {place}"


@contextmanager
def clearly() -> Iterator[None]:
    """Turn errors of the operating system into KeepingFailed, which names the file."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise KeepingFailed(f"No access to {in_words()}, where credentials are kept: {reason}.") from None


@contextmanager
def locked() -> Iterator[None]:
    """Hold the file for this thread alone, in a folder that is the user's own."""
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
            raise KeepingFailed(f"Another program is busy with {in_words()}. Try again when it has ended.") from None
        except OSError as error:
            if error.filename is not None:  # it could not be opened
                raise
            # Some network drives know no locks; there the last of two writers wins, and the file is still whole.
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
        about = os.fstat(descriptor)  # of what was opened, whatever the name means by now
        _check(place, about, stat.S_ISREG)
        if private and os.name == "posix" and stat.S_IMODE(about.st_mode) & 0o077:
            raise KeepingFailed(
                f"Other users of this machine can read {place}, so it was not used. If you trust them all, run "
                "chmod 600 on it; otherwise end the tokens in it at Deriv, and run dpyauth.forget()."
            )
        found = _parsed(Secret(file.read(_LIMIT).decode("ascii", "replace")))
    if isinstance(found, str):
        raise KeepingFailed(f"{place} {found}")
    return found


def write(entries: Mapping[str, Entry]) -> None:
    """Replace the file in one step: a reader sees the old file or the new one, also after a crash."""
    place = path()
    for leftover in place.parent.glob(".credentials-*"):
        leftover.unlink(missing_ok=True)
    if not entries:
        place.unlink(missing_ok=True)
        return
    descriptor, made = tempfile.mkstemp(prefix=".credentials-", dir=place.parent)  # 0600
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
        raise KeepingFailed(
            f"{place} is a link or something else that dpyauth did not make, so nothing was read or written there. "
            "Remove it, then try again."
        )
    if sys.platform != "win32" and about.st_uid != os.geteuid():
        raise KeepingFailed(
            f"{place} belongs to another user of this machine, so nothing was read or written there. "
            "Have it removed, or sign in another way."
        )


def _parsed(text: Secret) -> dict[str, Entry] | str:
    # Returns the problem rather than raising it: the errors of json hold the text that they could not parse.
    try:
        match json.loads(text.reveal()):
            case {"version": int(version)} if version > _VERSION:
                return "was written by a newer dpyauth and was left as it is. Update dpyauth, or run dpyauth.forget()."
            case {"version": int(version), "profiles": dict(profiles)} if version == _VERSION:
                return {name: _entry(**entry) for name, entry in profiles.items()}
    except (ValueError, TypeError, RecursionError):
        pass
    return (
        "is damaged: it does not hold what dpyauth writes. It was left as it is. Restore it, or run dpyauth.forget() "
        "to remove it, then sign in again."
    )


def _entry(*, in_keyring: bool, record: object) -> Entry:
    return Entry(in_keyring is True, None if record is None else Secret(json.dumps(record)))


def _document(entries: Mapping[str, Entry]) -> str:
    profiles = {
        name: {"in_keyring": entry.in_keyring, "record": entry.record and json.loads(entry.record.reveal())}
        for name, entry in entries.items()
    }
    return json.dumps({"version": _VERSION, "profiles": profiles}, indent=1)
