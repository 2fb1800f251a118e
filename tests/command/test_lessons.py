"""Test `dpyauth lessons`: the user gets a copy, and nothing of the user's own is overwritten."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import LESSONS, NOTEBOOKS
from terminals import Dialogue, Run

from dpyauth.command import lesson_files

FIRST = lesson_files.FIRST


@pytest.fixture
def there(tmp_path: Path) -> Path:
    return tmp_path / "my lessons"


def test_all_lessons_and_what_they_show(run: Run, there: Path) -> None:
    said = run("lessons", str(there), "--no-open")
    assert (said.status, said.err) == (0, "")
    assert len(LESSONS) > 17
    for original in LESSONS:
        copy = there / original.relative_to(NOTEBOOKS)
        assert copy.read_bytes() == original.read_bytes()
        for cell in json.loads(copy.read_text(encoding="utf-8"))["cells"]:
            for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", "".join(cell["source"])):
                assert (copy.parent / link).exists(), f"{original}: {link}"
            for image in re.findall(r"<img[^>]*src=[\"']([^\"':]+)[\"']", "".join(cell["source"])):
                assert (copy.parent / image).exists(), f"{original}: {image}"


def test_what_the_user_has_changed_stays(
    run: Run, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newer dpyauth with new lessons replaces only the copies that were not changed."""
    source = tmp_path / "source"
    source.mkdir()
    monkeypatch.setattr(lesson_files, "source", lambda: source)
    second = "02-another.ipynb"
    (source / FIRST).write_text("one")
    (source / second).write_text("two")
    run("lessons", str(there), "--no-open")
    (there / FIRST).write_text("mine")
    (source / FIRST).write_text("one, newer")
    (source / second).write_text("two, newer")
    said = run("lessons", str(there), "--no-open", "--json")
    assert said.status == 0
    assert said.json == {"folder": str(there), "copied": [second], "kept": [FIRST], "unchanged": []}
    assert FIRST in said.err
    assert (there / FIRST).read_text() == "mine"
    assert "yours" in run("lessons", str(there), "--no-open").err
    assert (there / second).read_text() == "two, newer"
    assert run("lessons", str(there), "--no-open", "--json").json["kept"] == [FIRST], "still theirs"
    (there / FIRST).unlink()
    assert run("lessons", str(there), "--no-open", "--json").json["copied"] == [FIRST]
    assert (there / FIRST).read_text() == "one, newer"


def test_a_file_of_the_user_is_kept(run: Run, there: Path) -> None:
    there.mkdir()
    (there / FIRST).write_text("mine")
    assert run("lessons", str(there), "--no-open", "--json").json["kept"] == [FIRST]
    assert (there / FIRST).read_text() == "mine"


def test_nothing_but_the_lessons_is_written(run: Run, there: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    there.mkdir()
    (there / f"{FIRST}.new").symlink_to(mine)
    assert run("lessons", str(there), "--no-open").status == 0
    assert mine.read_text() == "mine"
    assert (there / f"{FIRST}.new").is_symlink()


def test_the_originals_are_not_copied_onto_themselves(run: Run) -> None:
    said = run("lessons", str(lesson_files.source()), "--no-open")
    assert said.status == 2
    assert "Name another folder" in said.err
    assert not (lesson_files.source() / ".dpyauth-lessons.json").exists()


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_an_impossible_folder(run: Run, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    said = run("lessons", str(tmp_path / place), "--no-open")
    assert said.status == 2
    assert f"{tmp_path}/file is a file" in " ".join(said.err.split())


def test_without_jupyterlab_the_lessons_are_copied(run: Run, there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    said = run("lessons", str(there))
    assert said.status == 1
    assert "pip install jupyterlab" in said.err
    assert (there / FIRST).exists()


@pytest.mark.parametrize(("language", "folder"), [("pt_BR", "pt-BR/"), ("ja_JP", "")])
def test_the_first_one_is_in_the_users_language(
    run: Run, there: Path, monkeypatch: pytest.MonkeyPatch, language: str, folder: str
) -> None:
    monkeypatch.setenv("LANG", f"{language}.UTF-8")
    assert f" {folder}{FIRST}" in run("lessons", str(there), "--no-open").out


@pytest.mark.parametrize(("language", "folder"), [("es_MX", "es"), ("en_GB", ".")])
def test_jupyterlab_opens_the_first_one_and_gets_the_interrupt(
    there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, folder: str
) -> None:
    """A stand-in for JupyterLab prints its arguments, and asks for confirmation on an interrupt, as JupyterLab does."""
    monkeypatch.setenv("LANG", f"{language}.UTF-8")
    (tmp_path / "jupyterlab.py").write_text(
        "import sys, time\n"
        "try:\n"
        "    print(*sys.argv, 'opened', sep='\\n', flush=True)\n"
        "    time.sleep(60)\n"
        "except KeyboardInterrupt:\n"
        "    sys.exit(7 if input('Shut down? ') == 'y' else 8)\n"
    )
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from dpyauth.__main__ import main; sys.exit(main())"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]]))
    with Dialogue("lessons", str(there), program=[sys.executable, "-c", code]) as lab:
        lab.answer("opened", "\x03")
        lab.answer("Shut down? ", "y\n")
        assert lab.end() == 7
    _, _, lesson, root = lab.seen.split("opened")[0].replace("\r\n", "\n").split("\n")[:4]
    assert (lesson, root) == (str(there / folder / FIRST), f"--ServerApp.root_dir={there}"), (
        "links lead out of a folder"
    )
    assert "Traceback" not in lab.seen


def test_lessons_are_found_in_a_clone() -> None:
    code = "from dpyauth.command.lesson_files import source; print(source())"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert Path(ran.stdout.strip()) == Path(__file__).parents[2] / "notebooks"
