"""Test which keyrings are used, and keyrings that misbehave."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keyring
import keyring.backend
import pytest
from helpers import missing
from keyring.backends import chainer, fail, null

from dpyauth.credentials import Secret
from dpyauth.storage import keyring as ring

ROOT = Path(__file__).parents[2]
RECORD = Secret("a record")


@pytest.mark.parametrize("kind", [fail.Keyring, null.Keyring], ids=["fail", "null"])
def test_keyrings_that_store_nothing_are_not_used(kind: type, use: Callable[[Any], Any]) -> None:
    use(kind())
    assert not ring.available()


def test_keyrings_of_low_priority_are_not_used(use: Callable[[Any], Any], ring_like: Any) -> None:
    use(ring_like(0.5))
    assert not ring.available()


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert not ring.available()
    with pytest.raises(ring.KeyringError, match="no longer available"):
        ring.get("default")


@pytest.fixture
def ring_like() -> Callable[[float], Any]:
    def make(priority: float) -> Any:
        held: dict[Any, str] = {}
        return SimpleNamespace(
            priority=priority,
            held=held,
            get_password=lambda *name: held.get(name),
            set_password=lambda service, name, password: held.update({(service, name): password}),
            delete_password=lambda *name: held.pop(name),
        )

    return make


@pytest.mark.parametrize(("priorities", "used"), [((), None), ((0.5, 0.6), None), ((0.5, 5.0), 1), ((5.0, 0.5), 0)])
def test_a_chain(
    priorities: tuple[float, ...],
    used: int | None,
    use: Callable[[Any], Any],
    ring_like: Callable[[float], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    links = [ring_like(priority) for priority in priorities]
    monkeypatch.setattr(keyring.backend, "get_all_keyring", lambda: links)
    use(chainer.ChainerBackend())  # type: ignore[no-untyped-call]
    assert ring.available() is (used is not None)
    if used is not None:
        ring.put("default", RECORD)
        assert [bool(link.held) for link in links] == [index == used for index in range(len(links))]
        assert ring.get("default") == RECORD
        ring.remove("default")
        assert not any(link.held for link in links)


def test_a_keyring_that_stores_nothing(use: Callable[[Any], Any], ring_like: Any) -> None:
    swallowing = use(ring_like(5.0))
    swallowing.set_password = lambda service, name, password: swallowing.held.update({(service, name): password[:3]})
    with pytest.raises(ring.KeyringError, match="did not keep it"):
        ring.put("default", RECORD)


def test_a_keyring_that_cannot_be_selected(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise ModuleNotFoundError("no such back end")

    monkeypatch.setattr(keyring, "get_keyring", refuse)
    with pytest.raises(ring.KeyringError, match="failed with ModuleNotFoundError"):
        ring.available()


def test_deleting_a_missing_entry(use: Callable[[Any], Any], ring_like: Any) -> None:
    use(ring_like(5.0))
    ring.remove("default")
    assert ring.get("default") is None


def test_the_keyring_is_used_on_another_thread(use: Callable[[Any], Any], ring_like: Any) -> None:
    asked: list[threading.Thread] = []
    made = use(ring_like(5.0))
    made.get_password = lambda *_: asked.append(threading.current_thread())
    ring.get("default")
    assert asked[0] is not threading.main_thread()
    assert asked[0].daemon, "a keyring that never answers must not keep Python from ending"


# A real keyring

DAEMON = ["gnome-keyring-daemon", "--unlock", "--components=secrets"]
ROUND = """
import sys
from dpyauth.credentials import Secret
from dpyauth.storage import forget, recall, remember, keyring as ring, file
assert ring.available()
many = {f"CR{n}": Secret(f"C4nary-{n}") for n in range(60)}
assert remember(many, active="CR7", app_id="5", api="v3") == "the system's keyring"
kept = recall()
assert kept.where == "the system's keyring" and kept.tokens["CR7"].reveal() == "C4nary-7" and len(kept.tokens) == 60
assert "C4nary" not in file.path().read_text()
assert remember({"CR8": Secret("C4nary-8")}, active="CR8", app_id="5", api="v3") == "the system's keyring"
assert list(recall().tokens) == ["CR8"]
assert forget() == ["default"] and recall() is None and ring.get("default") is None

import secretstorage
collection = secretstorage.get_default_collection(secretstorage.dbus_init())
remember({"CR8": Secret("C4nary-8")}, active="CR8", app_id="5", api="v3")
collection.lock()
ring._PATIENCE = 3  # there is nobody to answer the prompt
words = remember({"CR9": Secret("C4nary-9")}, active="CR9", app_id="5", api="v3")
assert words.startswith("the file ") and "keyring" in words, words
assert list(recall().tokens) == ["CR9"]
print("all of it:", words)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other keyrings")
def test_a_real_secret_service(home: Path) -> None:
    for program in ("dbus-run-session", "gnome-keyring-daemon"):
        if shutil.which(program) is None:
            missing(f"{program} is not installed")
    env = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG")}
    env |= {"HOME": str(home), "PYTHONPATH": str(ROOT), "XDG_RUNTIME_DIR": str(home)}
    script = f'printf password | {" ".join(DAEMON)} >/dev/null && exec "$0" -c "$1"'
    ran = subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", script, sys.executable, ROUND],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    assert "all of it:" in ran.stdout
