"""Remember a credential for the next kernel if the user asks for that, and forget it again.

The tokens go to the system's keyring; if there is none, or it does not work, to a file that only its owner can read.
In both cases the file lists the remembered profiles, because a keyring cannot list them. It also means that users who
have not stored a credential are never asked to unlock their keyring.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from dpyauth.arguments import public
from dpyauth.credentials import Secret
from dpyauth.errors import KeepingFailed
from dpyauth.storage import file, keyring
from dpyauth.storage.file import Entry
from dpyauth.storage.keyring import KeyringError
from dpyauth.texts.said import said

_LATEST = 1e11  # seconds since 1970; a later time is a mistake


@dataclass(frozen=True, slots=True)
class Kept:
    """Remembered credential."""

    tokens: Mapping[str, Secret]
    """Tokens by login ID."""
    active: str
    """Login ID of the account that was in use."""
    app_id: str
    api: str
    since: datetime
    """Time at which it was remembered; UTC."""
    where: str
    """Place where it is stored, in words."""
    expires_at: float | None
    """Time at which it expires, in seconds since 1970; None if Deriv did not state it."""


def remember(
    tokens: Mapping[str, Secret],
    *,
    active: str,
    app_id: str,
    api: str,
    profile: str = "default",
    expires_at: float | None = None,
) -> str:
    """Store a credential, replacing the one that the profile had.

    Returns
    -------
    str
        The place, in words that follow "kept in"; with the reason if the system's keyring could not be used.

    Raises
    ------
    KeepingFailed
        It could not be stored. The credential that was stored before is still there.
    """
    if active not in tokens:
        raise ValueError("the active account must be one of those with a token")
    record = _packed(tokens, active, app_id, api, expires_at)
    trouble: KeyringError | None = None
    with file.locked():
        entries = file.read()
        before = entries.get(profile, Entry())
        in_keyring = before.in_keyring
        try:
            if keyring.available():
                in_keyring = True
                # List the profile before writing to the keyring: if the process dies in between, forget() still knows
                # that the keyring may hold a token.
                file.write({**entries, profile: Entry(True, before.record)})
                keyring.put(profile, record)
                file.write({**entries, profile: Entry(True)})
                return said("place_keyring")
        except KeyringError as failure:
            trouble = failure
        file.write({**entries, profile: Entry(in_keyring, record)})
    return file.in_words() if trouble is None else said("place_file_instead", path=file.shown(), trouble=trouble.text)


def recall(profile: str = "default") -> Kept | None:
    """Return the remembered credential of a profile, if it has one.

    Raises
    ------
    KeepingFailed
        There is one, but it cannot be read: the file is damaged or open to others, or the keyring does not work.
    """
    with file.clearly():
        entry = file.read().get(profile, Entry())
    where, record = file.in_words(), entry.record
    if record is None and entry.in_keyring:
        try:
            where, record = said("place_keyring"), keyring.get(profile)
        except KeyringError as trouble:
            raise KeepingFailed(said("kept_unreadable", trouble=trouble.text)) from None
    if record is None:
        return None
    kept = _unpacked(record, where)
    if kept is None:
        raise KeepingFailed(said("kept_damaged", place=where))
    return kept


def remembered() -> list[str]:
    """Return the profiles that have a remembered credential, without reading the credentials.

    Raises
    ------
    KeepingFailed
        The list cannot be read.
    """
    with file.clearly():
        return list(file.read(private=False))


@public
def forget(profile: str | None = None) -> list[str]:
    """Remove remembered credentials from this machine.

    The tokens themselves stay valid: revoke them at Deriv, under Account settings, API token. Makes no call.

    Parameters
    ----------
    profile : str, optional
        Remove only this profile. Without it, everything that dpyauth has stored is removed, readable or not.

    Returns
    -------
    list of str
        The profiles that were removed; empty if nothing was stored.

    Raises
    ------
    KeepingFailed
        Something could not be removed; the text says what and where.

    Examples
    --------
    >>> import dpyauth
    >>> dpyauth.forget("an unknown profile")
    []
    """
    if not os.path.lexists(file.path().parent):
        return []
    with file.locked():
        certain = True
        try:
            entries = file.read(private=profile is not None)
        except (KeepingFailed, OSError):
            if profile is not None:
                raise
            # The list cannot be read, so guess that the keyring holds the default profile.
            certain, entries = False, {"default": Entry(True)}
        names = [name for name in entries if profile in (None, name)]
        stuck = [name for name in names if entries[name].in_keyring and not _removed(name) and certain]
        left = {name: entry for name, entry in entries.items() if name not in names}
        file.write(left | dict.fromkeys(stuck, Entry(True)))
    if stuck:
        raise KeepingFailed(said("kept_not_removed", entry=keyring.SERVICE))
    return names


def _removed(profile: str) -> bool:
    try:
        keyring.remove(profile)
    except KeyringError:
        return False
    return True


def _packed(tokens: Mapping[str, Secret], active: str, app_id: str, api: str, expires_at: float | None) -> Secret:
    revealed = {loginid: token.reveal() for loginid, token in tokens.items()}
    since = datetime.now(UTC).isoformat(timespec="seconds")
    record = {"api": api, "app_id": app_id, "active": active, "since": since, "tokens": revealed}
    return Secret(json.dumps(record | {"expires_at": expires_at}))


def _unpacked(packed: Secret, where: str) -> Kept | None:
    # Return None instead of raising: an error of json contains the text that it could not parse, with the tokens.
    try:
        match json.loads(packed.reveal()):
            case {
                "api": str(api),
                "app_id": str(app_id),
                "active": str(active),
                "since": str(since),
                "tokens": dict(tokens),
            } as record if active in tokens and all(isinstance(one, str) and one.isascii() for one in tokens.values()):
                when = datetime.fromisoformat(since).astimezone(UTC)
                secrets = {loginid: Secret(token) for loginid, token in tokens.items()}
                return Kept(secrets, active, app_id, api, when, where, _moment(record.get("expires_at")))
    except (ValueError, OverflowError, RecursionError):
        pass
    return None


def _moment(given: object) -> float | None:
    """Return the time at which a credential expires; None if it was not stored, as by earlier versions."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    return float(given) if 0 < given < _LATEST else None
