"""Copy the lessons into a folder of the user, and open them there."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import secrets
import signal
import subprocess
import sys
from pathlib import Path

from dpyauth.command.output import FAILED, say
from dpyauth.errors import InvalidSetting
from dpyauth.texts.languages import from_environment, negotiated

FIRST = "01-sign-in-and-account-status.ipynb"

_REFERENCE = re.compile(r"(?:\]\(|src=\\?[\"'])((?:\.\./)?(?:images|guide)/[\w.-]+)")
"""Relative link from a lesson to a picture or a page, which has to be copied too."""

_LIST = ".dpyauth-lessons.json"
"""File in the user's folder with the hash of each copied file, to recognise the files that the user has changed."""


def source() -> Path:
    """Return the folder with the lessons: in the installed package, or in the clone of an editable install."""
    package = Path(__file__).parents[1]
    there = (package / "lessons", package.parent / "notebooks")
    return next((place for place in there if (place / FIRST).exists()), package)


def first(folder: Path) -> Path:
    """Return the first lesson in a folder, in the user's language if it is there."""
    translated = folder / negotiated(from_environment()) / FIRST
    return translated if translated.exists() else folder / FIRST


def files(folder: Path) -> list[Path]:
    """Return the lessons in a folder, and the pictures and pages that they link to.

    Those in other languages are in folders of their own.
    """
    found = sorted([*folder.glob("[0-9]*.ipynb"), *folder.glob("[!.]*/[0-9]*.ipynb")])
    beside = {
        Path(os.path.normpath(lesson.parent / name))
        for lesson in found
        for name in _REFERENCE.findall(lesson.read_text(encoding="utf-8"))
    }
    return [*found, *sorted(filter(Path.is_file, beside))]


def copy_lessons(target: Path) -> dict[str, list[str]]:
    """Copy the lessons, except over files that the user has changed.

    Returns
    -------
    dict of str to list of str
        Names of the files: ``copied``, ``kept`` (changed by the user) and ``unchanged``.

    Raises
    ------
    InvalidSetting
        The installed package has no lessons, or the folder holds the originals.
    """
    origin = source()
    found = files(origin)
    if not found:
        raise InvalidSetting("This installation contains no lessons. Install dpyauth again.")
    if target.exists() and target.samefile(origin):
        raise InvalidSetting("This folder holds the original lessons. Name another folder to copy them into.")
    before = _known(target / _LIST)
    done: dict[str, list[str]] = {"copied": [], "kept": [], "unchanged": []}
    hashes = {}
    for file in found:
        name = file.relative_to(origin).as_posix()
        content, place = file.read_bytes(), target / name
        there = place.read_bytes() if place.exists() else None
        hashes[name] = _hash(content)
        if there == content:
            done["unchanged"].append(name)
        elif there is not None and _hash(there) != before.get(name):
            done["kept"].append(name)
            hashes[name] = before.get(name, "")
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            _write(place, content)
            done["copied"].append(name)
    _write(target / _LIST, json.dumps(hashes, indent=1).encode())
    return done


def open_lab(folder: Path) -> int:
    """Run JupyterLab with the first lesson until the user stops it; return its exit status."""
    lesson = first(folder)
    if importlib.util.find_spec("jupyterlab") is None:
        say(f"JupyterLab is not installed here. Run `pip install jupyterlab`, or open {lesson} elsewhere.")
        return FAILED
    command = [sys.executable, "-m", "jupyterlab", str(lesson), f"--ServerApp.root_dir={folder}"]
    if sys.platform != "win32" and os.geteuid() == 0:
        command.append("--allow-root")  # JupyterLab refuses to run as root without it, such as in a container
    with subprocess.Popen(command) as lab:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # leave Ctrl+C to JupyterLab, which asks for confirmation
        try:
            return lab.wait()
        finally:
            signal.signal(signal.SIGINT, before)


def _known(place: Path) -> dict[str, str]:
    try:
        read = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def _write(place: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.with_name(f".dpyauth-{secrets.token_hex(8)}")
    try:
        with new.open("xb") as file:
            file.write(content)
        new.replace(place)
    finally:
        new.unlink(missing_ok=True)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
