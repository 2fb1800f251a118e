"""Test the file of credentials: readable only by its owner, complete at any time, and never lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from platformdirs.macos import MacOS
from platformdirs.unix import Unix

from dpyauth.credentials import Secret
from dpyauth.storage import file, forget, recall, remember
from dpyauth.storage.file import KeepingFailed

ROOT = Path(__file__).parents[2]
TOKEN = "C4nary-t0ken"


@pytest.fixture
def kept(kept_file: Path) -> Path:
    """Return the file, with something in it."""
    remember({"CR1": Secret(TOKEN)}, active="CR1", app_id="1089", api="v3")
    return kept_file


def refused(match: str) -> None:
    """Check that neither reading nor writing changes the file."""
    with pytest.raises(KeepingFailed, match=match):
        recall()
    with pytest.raises(KeepingFailed, match=match):
        remember({"CR1": Secret("new")}, active="CR1", app_id="1089", api="v3")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602, 0o601])
def test_a_file_open_to_others(mode: int, kept: Path) -> None:
    kept.chmod(mode)
    before = kept.read_bytes()
    refused("chmod 600")
    with pytest.raises(KeepingFailed, match="chmod 600"):
        forget("default")
    assert kept.read_bytes() == before
    kept.chmod(0o600)
    assert recall() is not None
    kept.chmod(mode)
    assert forget() == ["default"]
    assert not kept.exists()


def test_a_file_open_to_others_still_gives_access_to_the_keyring(ring: Any, kept_file: Path) -> None:
    for profile in ("default", "work"):
        remember({"CR1": Secret(TOKEN)}, active="CR1", app_id="1089", profile=profile, api="v3")
    kept_file.chmod(0o644)
    assert forget() == ["default", "work"]
    assert ring.held == {}


def test_a_file_of_another_user(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def somebody_elses(descriptor: int, fstat: Any = os.fstat) -> os.stat_result:
        about = list(fstat(descriptor))
        about[4] += 1
        return os.stat_result(about)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", somebody_elses)
        refused("belongs to another user")
    assert recall() is not None


def test_a_folder_of_another_user(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    refused("belongs to another user")


def test_a_link(kept: Path, home: Path) -> None:
    elsewhere = home / "elsewhere.json"
    kept.rename(elsewhere)
    kept.symlink_to(elsewhere)
    refused("is a link")
    before = elsewhere.read_bytes()
    forget()
    assert not os.path.lexists(kept)
    assert elsewhere.read_bytes() == before, "the link is removed, not its target"


def test_a_link_made_at_the_last_moment(kept: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = home / "elsewhere.json"
    kept.rename(elsewhere)
    kept.symlink_to(elsewhere)
    monkeypatch.setattr(os, "lstat", os.stat)
    with pytest.raises(KeepingFailed, match="Too many levels of symbolic links"):
        recall()


def test_a_folder_that_is_a_link(kept: Path, home: Path) -> None:
    kept.parent.rename(home / "elsewhere")
    kept.parent.symlink_to(home / "elsewhere")
    refused("is a link")


def test_a_lock_that_is_a_link(kept: Path, home: Path) -> None:
    (kept.parent / "lock").unlink()
    (kept.parent / "lock").symlink_to(home / "made through the link")
    with pytest.raises(KeepingFailed, match=r"Cannot access the file ~/\.config/dpyauth/credentials\.json"):
        forget()
    assert not (home / "made through the link").exists()


def test_a_pipe_without_a_writer(kept: Path) -> None:
    kept.unlink()
    os.mkfifo(kept, 0o600)
    refused("something else")
    assert forget() == ["default"]


def test_a_folder_open_to_others_is_closed(kept: Path) -> None:
    kept.parent.chmod(0o777)
    remember({"CR1": Secret("new")}, active="CR1", app_id="1089", api="v3")
    assert kept.parent.stat().st_mode & 0o777 == 0o700


def test_no_place_for_a_folder(home: Path) -> None:
    (home / ".config").write_text("not a folder")
    with pytest.raises(KeepingFailed, match="Cannot access"):
        remember({"CR1": Secret("new")}, active="CR1", app_id="1089", api="v3")


DAMAGED = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'{"version": 1}',
    b'{"version": 1, "profiles": []}',
    b'{"version": 1, "profiles": {"default": null}}',
    b'{"version": 1, "profiles": {"default": {}}}',
    b'{"version": 1, "profiles": {"default": {"in_keyring": true}}}',
    b'{"version": 1, "profiles": {"default": {"in_keyring": false, "record": null, "more": 1}}}',
    b'{"version": "1", "profiles": {}}',
    b"\xff\xfe\x00C4nary",
    b'{"C4nary-t0ken',
    b"[" * 100_000,
    b" " * (1 << 20) + b"{}",
    b"9" * 10_000,
]


@pytest.mark.parametrize("content", DAMAGED, ids=lambda content: repr(content[:40]))
def test_a_damaged_file(content: bytes, kept: Path) -> None:
    kept.write_bytes(content)
    refused("is damaged")
    assert kept.read_bytes() == content, "nothing is lost"
    with pytest.raises(KeepingFailed, match="is damaged") as failed:
        forget("default")
    assert failed.value.__context__ is None, "the parser's error contains the text"
    assert kept.read_bytes() == content
    assert forget() == ["default"]
    assert not kept.exists()
    assert recall() is None


def test_a_damaged_file_and_a_keyring(ring: Any, kept: Path) -> None:
    kept.write_text("{")
    assert forget() == ["default"]
    assert ring.held == {}


def test_a_file_of_a_newer_version(kept: Path) -> None:
    document = json.loads(kept.read_text())
    kept.write_text(json.dumps(document | {"version": 2, "profiles": "otherwise"}))
    refused("newer version of dpyauth")
    assert forget() == ["default"]


def child(code: str, home: Path, *arguments: str) -> subprocess.Popen[bytes]:
    env = {"HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    code = f"import os, sys\nfrom dpyauth.credentials import Secret\nfrom dpyauth.storage import *\n{code}"
    return subprocess.Popen([sys.executable, "-c", code, *arguments], env=env)


WRITER = """
me, times = sys.argv[1], int(sys.argv[2])
for time in range(times):
    remember({me: Secret(f"{me}-{time}" * 500)}, active=me, app_id="1", profile=me, api="v3")
    kept = recall(me)
    assert kept.tokens[me].reveal() == f"{me}-{time}" * 500, "another process has undone this"
"""


def test_several_processes_at_once(home: Path, kept_file: Path) -> None:
    names = ["a", "b", "c"]
    children = [child(WRITER, home, name, "20") for name in names]
    seen = 0
    while any(process.poll() is None for process in children):
        seen += len(file.read())  # never damaged, at any moment
    assert [process.wait(20) for process in children] == [0, 0, 0]
    assert seen
    assert {name: recall(name).tokens[name].reveal()[:4] for name in names} == {  # type: ignore[union-attr]
        name: f"{name}-19" for name in names
    }
    assert sorted(path.name for path in kept_file.parent.iterdir()) == ["credentials.json", "lock"]


CRASH = """
os.replace = lambda *_: os._exit(9)
remember({"CR1": Secret("C4nary-new")}, active="CR1", app_id="1", api="v3")
"""


def test_a_crash_between_writing_and_replacing(kept: Path, home: Path) -> None:
    before = kept.read_bytes()
    assert child(CRASH, home).wait(20) == 9
    assert kept.read_bytes() == before
    (left,) = kept.parent.glob(".credentials-*")
    assert left.stat().st_mode & 0o777 == 0o600
    assert TOKEN in str(recall().tokens["CR1"].reveal())  # type: ignore[union-attr]
    remember({"CR2": Secret("new")}, active="CR2", app_id="1", profile="work", api="v3")
    assert not left.exists(), "files left by a crash are removed"


def test_files_left_by_a_first_crash_are_removed_on_forget(kept_file: Path, home: Path) -> None:
    assert child(CRASH, home).wait(20) == 9
    assert recall() is None
    assert forget() == []
    assert [path.name for path in kept_file.parent.iterdir()] == ["lock"]


def test_a_lock_that_is_held(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "PATIENCE", 0.05)
    with file.locked():
        with pytest.raises(KeepingFailed, match="is using the file"):
            forget()
        assert recall() is not None, "reading does not wait"
    assert forget() == ["default"]


def test_a_drive_without_locks(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", unknown)
    assert forget() == ["default"]


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, "{home}/.config"),
        ("linux", {"XDG_CONFIG_HOME": "{home}/xdg"}, "{home}/xdg"),
        ("linux", {"XDG_CONFIG_HOME": "not/absolute"}, "{home}/.config"),
        ("linux", {"XDG_CONFIG_HOME": ""}, "{home}/.config"),
        ("darwin", {}, "{home}/Library/Application Support"),
        ("darwin", {"XDG_CONFIG_HOME": "{home}/xdg"}, "{home}/xdg"),
    ],
)
def test_the_path_of_the_file(
    platform: str, variables: dict[str, str], expected: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on(platform, monkeypatch)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(home=home))
    assert file.path() == Path(expected.format(home=home), "dpyauth", "credentials.json")


def on(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the folders of another operating system."""
    folders = {"linux": Unix, "darwin": MacOS}[platform]
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(file, "user_config_path", lambda *args, **kwargs: folders(*args, **kwargs).user_config_path)


def test_on_windows_the_file_is_in_the_roaming_profile(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is ``%APPDATA%\\dpyauth``, without the author's folder in between."""
    asked = []
    monkeypatch.setattr(file, "user_config_path", lambda *args, **kwargs: (asked.append((args, kwargs)), home)[1])
    assert file.path() == home / "credentials.json"
    assert asked == [(("dpyauth",), {"appauthor": False, "roaming": True})]


def test_a_file_of_an_earlier_version_on_macos_stays_in_use(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That version did not look at the variable."""
    on("darwin", monkeypatch)
    remember({"CR1": Secret(TOKEN)}, active="CR1", app_id="1089", api="v3")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "xdg"))
    kept = home / "Library" / "Application Support" / "dpyauth" / "credentials.json"
    assert file.path() == kept
    assert recall() is not None
    assert forget() == ["default"]
    assert not kept.exists()
    assert file.path() == home / "xdg" / "dpyauth" / "credentials.json"


def test_a_path_outside_the_home_folder(tmp_path_factory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(elsewhere))
    assert file.in_words() == f"the file {elsewhere}/dpyauth/credentials.json"


def test_a_user_without_a_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", unknown)
    with pytest.raises(KeepingFailed, match="no home folder"):
        recall()
