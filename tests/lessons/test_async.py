"""Run the lesson on nest-asyncio on the older kernel; `make test` runs it with nbval on the newest one."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from helpers import ipykernel_6, own_line
from nbclient import NotebookClient
from traitlets.config import Config

ROOT = Path(__file__).parents[2]
LESSON = ROOT / "notebooks" / "09-async-and-nest-asyncio.ipynb"


@pytest.mark.kernel
def test_the_lesson_runs_on_ipykernel_6(tmp_path: Path) -> None:
    folder = str(ipykernel_6())
    lesson = nbformat.read(LESSON, as_version=4)
    lesson.cells.append(nbformat.v4.new_code_cell("import ipykernel; ipykernel.version_info[:2]"))
    config = Config(KernelManager=own_line(tmp_path))
    client = NotebookClient(lesson, timeout=60, resources={"metadata": {"path": LESSON.parent}}, config=config)
    client.execute(env={**os.environ, "PYTHONPATH": os.pathsep.join([folder, str(ROOT)])})
    assert lesson.cells[-1].outputs[0].data["text/plain"] == "(6, 31)"
    said = "".join(output.get("text", "") for cell in lesson.cells for output in cell.get("outputs", []))
    assert "cannot be called from a running event loop" in said
    assert "asyncio.run says pong" in said
