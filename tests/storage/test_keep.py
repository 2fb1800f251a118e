"""Test remember, recall and forget with every kind of keyring."""

from __future__ import annotations

import json
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keyring.errors
import pytest
from keyring.backends.fail import Keyring as FailKeyring

from dpyauth.credentials import Secret
from dpyauth.storage import Kept, forget, recall, remember
from dpyauth.storage import keyring as ring_module
from dpyauth.storage.file import KeepingFailed

if TYPE_CHECKING:
    from conftest import Ring

A, B = "C4nary-real-t0ken", "C4nary-demo-t0ken"
TOKENS = {"CR1": Secret(A), "VRTC2": Secret(B)}
Use = Callable[[Any], Any]


def keep(profile: str = "default", **changes: Any) -> str:
    return remember(TOKENS, **({"active": "VRTC2", "app_id": "1089", "api": "v3", "profile": profile} | changes))


def told(error: BaseException) -> str:
    """Return everything that a traceback with variables shows of an error and its causes, without the tests' frames."""
    parts, seen, links = [], traceback.TracebackException.from_exception(error, capture_locals=True), [error]
    while links:
        one = links.pop()
        parts += [repr(one), str(vars(one))]
        links += [linked for linked in (one.__cause__, one.__context__) if linked is not None]
        if seen is not None:
            parts += [str(frame.locals) for frame in seen.stack if "tests" not in frame.filename]
            seen = seen.__cause__ or seen.__context__  # type: ignore[assignment]
    return "\n".join(parts)


def clean(text: str) -> None:
    assert "C4nary" not in text
    assert "t0ken" not in text


def expect_kept(profile: str = "default") -> Kept:
    kept = recall(profile)
    assert kept is not None
    assert dict(kept.tokens) == TOKENS
    assert list(kept.tokens) == list(TOKENS)
    assert (kept.active, kept.app_id, kept.api) == ("VRTC2", "1089", "v3")
    assert timedelta(0) <= datetime.now(UTC) - kept.since < timedelta(minutes=1)
    return kept


def test_nothing_remembered(home: Path) -> None:
    assert recall() is None
    assert forget() == []
    assert list(home.iterdir()) == [], "reading leaves nothing behind"


def test_in_a_file_when_there_is_no_keyring(kept_file: Path) -> None:
    assert keep() == "the file ~/.config/dpyauth/credentials.json"
    assert expect_kept().where == "the file ~/.config/dpyauth/credentials.json"
    assert kept_file.stat().st_mode & 0o777 == 0o600
    assert kept_file.parent.stat().st_mode & 0o777 == 0o700
    assert forget() == ["default"]
    assert recall() is None
    assert not kept_file.exists()


def test_in_the_keyring_when_there_is_one(ring: Ring, kept_file: Path) -> None:
    assert keep() == "the system's keyring"
    assert expect_kept().where == "the system's keyring"
    assert list(ring.held) == [("dpyauth", "default")]
    clean(kept_file.read_text())
    assert "CR1" not in kept_file.read_text()
    assert forget() == ["default"]
    assert ring.held == {}
    assert recall() is None


def test_a_user_with_nothing_remembered_is_not_asked_to_unlock_the_keyring(use: Use) -> None:
    use(Broken(AssertionError("the keyring must not be asked")))
    assert recall() is None
    assert forget() == []
    assert recall("another") is None


def test_several_profiles(ring: Ring, use: Use) -> None:
    keep("default")
    remember({"CR9": Secret("other")}, active="CR9", app_id="5", api="options", profile="work")
    other = recall("work")
    assert other is not None
    assert (other.tokens["CR9"].reveal(), other.app_id, other.api) == ("other", "5", "options")
    expect_kept("default")
    assert forget("nobody") == []
    assert forget("work") == ["work"]
    assert recall("work") is None
    expect_kept("default")
    keep("in a file")
    assert forget() == ["default", "in a file"]
    assert ring.held == {}


def test_a_profile_is_replaced(ring: Ring) -> None:
    remember({"CR9": Secret("other")}, active="CR9", app_id="5", api="v3")
    keep()
    expect_kept()
    assert "other" not in str(ring.held)


def test_the_active_account_must_have_a_token() -> None:
    with pytest.raises(ValueError, match="active") as refused:
        keep(active="CR7")
    clean(told(refused.value))
    assert recall() is None


class Broken:
    """A keyring that raises this error at every access."""

    priority = 5.0

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def get_password(self, service: str, name: str) -> str | None:
        raise self.error

    def set_password(self, service: str, name: str, password: str) -> None:
        raise self.error

    delete_password = get_password


TROUBLES = [
    (keyring.errors.KeyringLocked("Failed to unlock " + A), "is locked"),
    (keyring.errors.InitError(A), "could not be opened"),
    (keyring.errors.PasswordSetError(A), "failed with PasswordSetError"),
    (OSError(5, A), "failed with OSError"),
    (TimeoutError(A), "failed with TimeoutError"),
    (SystemExit(A), "failed with SystemExit"),
]


@pytest.mark.parametrize(("error", "words"), TROUBLES, ids=lambda value: type(value).__name__)
def test_a_keyring_in_trouble(error: BaseException, words: str, ring: Ring, use: Use) -> None:
    use(Broken(error))
    assert keep() == f"the file ~/.config/dpyauth/credentials.json (the system's keyring {words})"
    expect_kept()  # without the keyring
    with pytest.raises(KeepingFailed, match="could not be removed from the system's keyring") as stuck:
        forget()
    clean(told(stuck.value))
    assert recall_fails(words), "the tokens are gone from the file; the keyring's contents are unknown"
    use(ring)
    assert forget() == ["default"]
    assert recall() is None


def recall_fails(words: str) -> bool:
    with pytest.raises(KeepingFailed) as failed:
        recall()
    clean(told(failed.value))
    return words in str(failed.value)


@pytest.mark.parametrize(("error", "words"), TROUBLES, ids=lambda value: type(value).__name__)
def test_a_keyring_in_trouble_later(error: BaseException, words: str, ring: Ring, use: Use) -> None:
    keep()
    use(Broken(error))
    assert recall_fails(words)
    keep()
    assert expect_kept().where.startswith("the file"), "the new token counts, whatever the keyring still has"
    use(ring)
    expect_kept()
    assert forget() == ["default"]
    assert ring.held == {}


def test_from_file_to_keyring(ring: Ring, use: Use, kept_file: Path) -> None:
    use(Broken(keyring.errors.KeyringLocked()))
    keep()
    assert A in kept_file.read_text()
    use(ring)
    assert keep() == "the system's keyring"
    clean(kept_file.read_text())


@pytest.mark.parametrize("kept_before", [False, True])
@pytest.mark.parametrize("reached", [False, True], ids=["before the keyring", "after it"])
def test_a_crash_halfway(
    kept_before: bool, reached: bool, ring: Ring, use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(profile: str, record: Secret) -> None:
        if reached:
            put(profile, record)
        raise KeyboardInterrupt  # it stops here, and no handler runs

    put = ring_module.put
    if kept_before:
        use(FailKeyring())
        keep()
        use(ring)
    with monkeypatch.context() as patch:
        patch.setattr(ring_module, "put", crash)
        with pytest.raises(KeyboardInterrupt):
            remember({"CR9": Secret("new")}, active="CR9", app_id="5", api="v3")
    if kept_before:
        expect_kept()
    assert forget() == ["default"]
    assert ring.held == {}, "the keyring has no unknown entries"


def test_a_keyring_that_was_temporarily_missing(ring: Ring, use: Use) -> None:
    remember({"CR9": Secret("old")}, active="CR9", app_id="5", api="v3")
    use(FailKeyring())
    keep()
    expect_kept()
    use(ring)
    expect_kept()
    forget()
    assert ring.held == {}


def test_a_keyring_that_was_uninstalled(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    keep()
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    assert recall_fails("is no longer available")
    with pytest.raises(KeepingFailed, match="'dpyauth' in your system's password manager"):
        forget()


def test_an_entry_that_was_removed_elsewhere(ring: Ring) -> None:
    keep()
    ring.held.clear()
    assert recall() is None
    assert forget() == ["default"]


@pytest.mark.parametrize("held", ["", "{", "null", "[]", '{"api": "v3"}', "[" * 100_000, "é"])
def test_an_entry_that_was_damaged(held: str, ring: Ring) -> None:
    keep()
    ring.held["dpyauth", "default"] = f"{held}{A}" if held == "{" else held
    assert recall_fails("damaged")
    assert forget() == ["default"]


@pytest.mark.parametrize(
    "change",
    [
        {"active": "CR7"},
        {"active": None},
        {"since": "yesterday"},
        {"since": "0001-01-01T00:00:00+14:00"},
        {"tokens": {"VRTC2": 5}},
        {"tokens": {"VRTC2": "\ud800"}},
        {"tokens": []},
        {"app_id": 1089},
    ],
    ids=str,
)
def test_a_record_that_was_tampered_with(change: dict[str, Any], kept_file: Path) -> None:
    keep()
    document = json.loads(kept_file.read_text())
    document["profiles"]["default"]["record"].update(change)
    kept_file.write_text(json.dumps(document))
    assert recall_fails("damaged")
    assert forget() == ["default"]


@pytest.mark.parametrize("where", ["file", "keyring"])
@pytest.mark.parametrize("end", [None, 1_780_000_000.5])
def test_the_end_of_a_remembered_sign_in(where: str, end: float | None, request: pytest.FixtureRequest) -> None:
    if where == "keyring":
        request.getfixturevalue("ring")
    keep(expires_at=end)
    assert expect_kept().expires_at == end


@pytest.mark.parametrize(
    "end", [True, "soon", "1780000000", [], {}, 0, -1, float("nan"), float("inf"), 10**400, 1e300], ids=str
)
def test_an_invalid_end(end: object, kept_file: Path) -> None:
    keep()
    document = json.loads(kept_file.read_text())
    document["profiles"]["default"]["record"]["expires_at"] = end
    kept_file.write_text(json.dumps(document))
    assert expect_kept().expires_at is None


def test_a_keyring_that_waits_for_the_user(
    ring: Ring, use: Use, monkeypatch: pytest.MonkeyPatch, eventually: Any
) -> None:
    answered = threading.Event()

    class Asking(type(ring)):  # type: ignore[misc]
        def set_password(self, service: str, name: str, password: str) -> None:
            answered.wait()
            super().set_password(service, name, password)

    slow = use(Asking())
    with monkeypatch.context() as patch:
        patch.setattr(ring_module, "_PATIENCE", 0.05)
        assert "(the system's keyring did not answer within 0.05 seconds)" in keep()
    expect_kept()
    answered.set()
    eventually(lambda: slow.held)
    assert forget() == ["default"]
    assert slow.held == {}, "what the keyring stored too late is forgotten as well"
    eventually(lambda: "dpyauth-keyring" not in [thread.name for thread in threading.enumerate()])


def test_an_interrupt_while_the_keyring_is_asked(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("concurrent.futures.Future.result", interrupted)
        with pytest.raises(KeyboardInterrupt) as stopped:
            keep()
    clean(told(stopped.value))
    keep()
    expect_kept()


@pytest.mark.parametrize("place", ["fsync", "replace"])
def test_a_full_disk(place: str, kept_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep()
    before = kept_file.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    new = {"CR9": Secret(f"{A}-new")}
    with monkeypatch.context() as patch:
        patch.setattr(f"os.{place}", full)
        with pytest.raises(KeepingFailed, match="No space left") as failed:
            remember(new, active="CR9", app_id="5", api="v3")
    clean(told(failed.value))
    assert kept_file.read_bytes() == before
    assert sorted(path.name for path in kept_file.parent.iterdir()) == ["credentials.json", "lock"]


def test_texts_contain_no_token(ring: Ring) -> None:
    keep()
    kept = recall()
    clean(f"{kept!r} {kept}")
    assert "<secret>" in repr(kept)


def test_the_search_for_tokens_finds_them() -> None:
    def leak(token: str) -> None:
        raise ValueError

    namespace: dict[str, Any] = {}
    exec(compile("def leak(token): raise ValueError", "elsewhere.py", "exec"), namespace)
    with pytest.raises(ValueError) as failed:  # noqa: PT011
        namespace["leak"](A)
    with pytest.raises(AssertionError):
        clean(told(failed.value))
