"""Test that the wheel and the source archive contain what they should, and nothing else."""

from __future__ import annotations

import email
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOT_OURS = re.compile(r"__pycache__|\.py[co]$|\.ipynb_checkpoints|^tests/browser/shots/|/node_modules/|(^|/)\.")


def files(*folders: str) -> set[str]:
    """Return the project's own files in these folders."""
    found = {path.relative_to(ROOT).as_posix() for folder in folders for path in (ROOT / folder).rglob("*")}
    return {name for name in found if (ROOT / name).is_file() and not NOT_OURS.search(name)}


def build(source: Path, folder: Path, *what: str) -> Path:
    """Build what is asked for into a folder; without that, the source archive and from it the wheel."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), *what, str(source)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build both from a copy of the project, as the publishing tools do; return the folder."""
    return build(ROOT, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    (path,) = built.glob("*.whl")
    assert path.name.endswith("-py3-none-any.whl")
    return zipfile.ZipFile(path)


def test_the_wheel(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    (info,) = {name.split("/")[0] for name in names if ".dist-info/" in name}
    config = f"{info.removesuffix('.dist-info')}.data/data/etc/jupyter/jupyter_server_config.d/dpyauth.json"
    about = {f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")}
    originals = {
        name for name in files("notebooks") if not re.search(r"reference/|index\.md$|\.py$|\.svg$|static/", name)
    }
    lessons = {f"dpyauth/lessons/{name.removeprefix('notebooks/')}" for name in originals}
    assert names == files("dpyauth") | about | {config} | lessons
    assert wheel.read(config) == (ROOT / "dpyauth/jupyter/server-config.json").read_bytes()
    for needed in (
        "py.typed",
        "panels/js/panel.js",
        "panels/css/common.css",
        "catalog/v3.json",
        "texts/en/common.json",
    ):
        assert f"dpyauth/{needed}" in names


def test_the_metadata_of_the_wheel(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("METADATA"))
    about = email.message_from_bytes(wheel.read(name))
    assert about["Name"] == "dpyauth"
    assert about["Requires-Python"] == ">=3.11"
    assert about["License-Expression"] == "MIT"
    assert about["Description-Content-Type"] == "text/markdown"
    assert "notebooks/images" in about.get_payload()  # type: ignore[operator]
    required = [line for line in about.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert not [line for line in required if re.search(r"[=~!]=|<=", line)], "nothing is pinned"
    assert {line for line in required if "<" in line} == {
        "anywidget<1,>=0.9.18",
        "ipywidgets<9,>=8.1",
        "websockets<18,>=15",
    }, "the reason for an upper bound is given in pyproject.toml"


def test_the_source_archive(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    alone = {path.name for path in ROOT.glob("[!.]*.*") if path.is_file()} | {"LICENSE", "Makefile", "PKG-INFO"}
    hidden = {".gitignore", ".pre-commit-config.yaml"}
    hidden |= {path.relative_to(ROOT).as_posix() for path in (ROOT / ".github").rglob("*.*") if path.is_file()}
    assert names == files("dpyauth", "notebooks", "tests") | alone | hidden


def test_another_folder_and_another_time_build_the_same(built: Path, tmp_path: Path) -> None:
    """The wheel of `built` comes from its source archive; these come from that archive unpacked, with other times."""
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    for path in source.rglob("*"):
        os.utime(path, (1_800_000_000, 1_800_000_000))
    again = build(source, tmp_path / "dist", "--sdist", "--wheel")
    assert hashes(again) == hashes(built)
    assert hashes(build(ROOT, tmp_path / "straight", "--wheel")).items() <= hashes(built).items()
