"""The file that lists what is kept, for its owner's eyes only."""

from __future__ import annotations

import errno
import json
import os
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dpyauth.credentials import Secret
from dpyauth.errors import KeepingFailed

_VERSION = 1
_PATIENCE = 10.0  # seconds to wait for another process
_LIMIT = 1 << 20  # bytes; nobody has that many accounts
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # nor a pipe that never answers


@dataclass(frozen=True, slots=True)
class Entry:
    """What the file says of one profile."""

    in_keyring: bool = False
    """The keyring has a record of it, or may have."""
    record: Secret | None = None
    """The record, as JSON, where the keyring does not have it."""


def path() -> Path:
    """Where the file is, or would be."""
    try:
        if sys.platform == "win32":
            base = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Application Support"
        else:
            base = Path(os.environ.get("XDG_CONFIG_HOME", ""))
            base = base if base.is_absolute() else Path.home() / ".config"
    except RuntimeError:
        raise KeepingFailed("Nothing can be kept: this user has no home folder. Set the variable HOME.") from None
    return base / "dpyauth" / "credentials.json"


def in_words() -> str:
    """The file's place, as short as a person would say it."""
    place = path()
    with suppress(ValueError, RuntimeError):
        place = Path("~") / place.relative_to(Path.home())
    return f"the file {place}"


@contextmanager
def clearly() -> Iterator[None]:
    """What the operating system refuses, said so that it helps."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise KeepingFailed(f"No access to {in_words()}, where credentials are kept: {reason}.") from None


@contextmanager
def locked() -> Iterator[None]:
    """The file for this thread alone, in a folder that is the user's own."""
    folder = path().parent
    with clearly():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check(folder, os.lstat(folder), stat.S_ISDIR)
        if os.name == "posix":
            folder.chmod(0o700)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | _NO_LINKS, 0o600)
        try:
            until = time.monotonic() + _PATIENCE
            while not _lock(lock):
                if time.monotonic() > until:
                    raise KeepingFailed(f"Another program is busy with {in_words()}. Try again when it has ended.")
                time.sleep(0.02)
            yield
        finally:
            _unlock(lock)
            os.close(lock)


def read(*, private: bool = True) -> dict[str, Entry]:
    """Profile -> what the file says of it. ``private=False`` takes a file that others can read as well."""
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
    """All or nothing: a reader sees the old file or the new one, and so does whoever comes after a crash."""
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


def _lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Some network drives know no locks; there the last of two writers wins, and the file is still whole.
        return error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
    return True


def _unlock(descriptor: int) -> None:
    """Give up the lock. Closing alone does not where another thread has forked meanwhile: the child has it open too."""
    if sys.platform != "win32":
        import fcntl

        with suppress(OSError):  # a network drive that knows no locks
            fcntl.flock(descriptor, fcntl.LOCK_UN)


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
    # Answers with the trouble rather than raising it: the errors of json hold the text they did not like.
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
