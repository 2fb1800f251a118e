"""What a user has: the installed wheel, and Deriv's names behind TLS and a proxy. Scripts run there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import certificates as certs
import installed
import pytest
from front import DERIV, FULL, PACKET, Front
from talk import SCRIPTS, Run, Start, Talk, User, surroundings, user_of

from dpyauth.sandbox import Sandbox


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment that README tells a user to make."""
    try:
        return installed.provide(installed.shared_folder(tmp_path_factory))
    except installed.NotInstalled as error:
        reason = f"the wheel cannot be installed here: {error}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    certs.make(folder)
    return folder


@pytest.fixture(params=[PACKET, FULL], ids=["1369", "16k"])
def record(request: pytest.FixtureRequest) -> int:
    """How many bytes there are in a TLS record."""
    size: int = request.param
    return size


@pytest.fixture(params=[False, True], ids=["plain", "deflate"])
def compress(request: pytest.FixtureRequest) -> bool:
    """Whether the server compresses."""
    wanted: bool = request.param
    return wanted


@pytest.fixture
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """What stands behind Deriv's names; it compresses in tests that say so."""
    compress = "compress" in request.fixturenames and request.getfixturevalue("compress")
    with Sandbox(limits=None, compress=compress, hosts=DERIV) as running:
        yield running
        running.faults.clear()


@pytest.fixture
def front(request: pytest.FixtureRequest, box: Sandbox, certificates: Path) -> Iterator[Front]:
    """The proxy, and TLS, by records of the size that the test says."""
    record = request.getfixturevalue("record") if "record" in request.fixturenames else PACKET
    with Front(box.port, certificates, record=record) as running:
        yield running
        assert running.refused == set(), "something else than Deriv was asked for"


@pytest.fixture(params=["v3", "options"])
def user(request: pytest.FixtureRequest, box: Sandbox) -> User:
    """Somebody on each of the two APIs."""
    return user_of(request.param, box)


@pytest.fixture
def around(release: Path, tmp_path: Path, front: Front, certificates: Path) -> dict[str, str]:
    """The environment variables that scripts run with."""
    return surroundings(release, tmp_path, front, certificates)


@pytest.fixture
def start(release: Path, around: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Start scripts there; all are ended afterwards."""
    with ExitStack() as ends:

        def start_one(script: str, *arguments: str, **env: str | None) -> Talk:
            # -I: neither a variable nor a folder of this machine leads to another dpyauth.
            command = [str(installed.python(release)), "-I", str(SCRIPTS / "watched.py"), str(SCRIPTS / script)]
            given = {name: value for name, value in {**around, **env}.items() if value is not None}
            folder = tmp_path / f"run-{len(list(tmp_path.glob('run-*')))}"
            folder.mkdir()
            talk = Talk([*command, *arguments], given, folder)
            ends.callback(talk.close)
            return talk

        yield start_one


@pytest.fixture
def run(start: Start) -> Run:
    """Run a script to its end; return the JSON that it says."""

    def run_one(script: str, *arguments: str, **env: str | None) -> Any:
        talk = start(script, *arguments, **env)
        said = talk.next()
        talk.end()
        return said

    return run_one
