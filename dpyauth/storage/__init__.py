"""Remember a credential for the next kernel, if the user asks for it, and forget it.

The tokens go to the system's keyring; if there is none, or it does not work, to a file that only its owner can read.
Either way the file lists the remembered profiles: a keyring cannot list them, and a user who remembers nothing is
never asked to unlock one.
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

_IN_KEYRING = "the system's keyring"
_LATEST = 1e11  # seconds since 1970; later cannot be meant


@dataclass(frozen=True, slots=True)
class Kept:
    """Remembered credential."""

    tokens: Mapping[str, Secret]
    """Tokens by login ID."""
    active: str
    """Login ID that was in use."""
    app_id: str
    api: str
    since: datetime
    """Time at which it was remembered; UTC."""
    where: str
    """Place where it is stored, in words."""
    expires_at: float | None
    """End of its validity, in seconds since 1970, if Deriv has stated it."""


def remember(
    tokens: Mapping[str, Secret],
    *,
    active: str,
    app_id: str,
    api: str,
    profile: str = "default",
    expires_at: float | None = None,
) -> str:
    """Store a credential, in place of the one that the profile had.

    Returns
    -------
    str
        The place, in words that follow "kept in"; with the reason if there is a keyring that did not take it.

    Raises
    ------
    KeepingFailed
        It could not be kept. What was kept before still is.
    """
    if active not in tokens:
        raise ValueError("the active account must be one of those with a token")
    record = _packed(tokens, active, app_id, api, expires_at)
    trouble = ""
    with file.locked():
        entries = file.read()
        before = entries.get(profile, Entry())
        in_keyring = before.in_keyring
        try:
            if keyring.available():
                in_keyring = True
                # First the list, then the keyring: whatever happens between the two, forget() will find it.
                file.write({**entries, profile: Entry(True, before.record)})
                keyring.put(profile, record)
                file.write({**entries, profile: Entry(True)})
                return _IN_KEYRING
        except KeyringError as failure:
            trouble = f" ({_IN_KEYRING} {failure})"
        file.write({**entries, profile: Entry(in_keyring, record)})
    return f"{file.in_words()}{trouble}"


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
            where, record = _IN_KEYRING, keyring.get(profile)
        except KeyringError as trouble:
            raise KeepingFailed(
                f"The remembered credential is in {_IN_KEYRING}, which {trouble}. Fix that and try again, sign in "
                "another way, or run dpyauth.forget()."
            ) from None
    if record is None:
        return None
    kept = _unpacked(record, where)
    if kept is None:
        raise KeepingFailed(
            f"The credential kept in {where} is damaged. Run dpyauth.forget() to remove it, then sign in again."
        )
    return kept


def remembered() -> list[str]:
    """Return the profiles that have a remembered credential, without reading any of these.

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

    The tokens themselves stay valid: end those at Deriv, under Account settings, API token. Makes no call.

    Parameters
    ----------
    profile : str, optional
        Forget this profile only. Left out, everything that dpyauth has kept is removed, readable or not.

    Returns
    -------
    list of str
        The profiles that were removed; empty when nothing was kept.

    Raises
    ------
    KeepingFailed
        Something could not be removed; the text says what and where.

    Examples
    --------
    >>> import dpyauth
    >>> dpyauth.forget("a profile nobody has")
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
            # The list is lost, so the content of the keyring can only be guessed.
            certain, entries = False, {"default": Entry(True)}
        names = [name for name in entries if profile in (None, name)]
        stuck = [name for name in names if entries[name].in_keyring and not _removed(name) and certain]
        left = {name: entry for name, entry in entries.items() if name not in names}
        file.write(left | dict.fromkeys(stuck, Entry(True)))
    if stuck:
        raise KeepingFailed(
            f"The credential is still in {_IN_KEYRING}, which did not let it be removed. Unlock the keyring and run "
            f"dpyauth.forget() again, or remove the entry {keyring.SERVICE!r} in your system's own password program."
        )
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
    # Returns None rather than raising: the errors of json hold the text that they could not parse.
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
    """Return the end of a credential's validity, if it was stored: an earlier version did not store it."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    return float(given) if 0 < given < _LATEST else None
