from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

LESSON = Path(__file__).parents[2] / "notebooks" / "06-both-deriv-apis.ipynb"


@pytest.mark.kernel
@pytest.mark.parametrize("api", ["v3", "options"])
def test_the_account_lesson_runs_on_either_api_by_changing_one_argument(api: str) -> None:
    notebook = nbformat.read(LESSON, as_version=4)
    choosing = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.startswith("API = ")]
    assert len(choosing) == 1
    choosing[0].source = f'API = "{api}"'
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": LESSON.parent}}).execute()
    said = "".join(str(output) for cell in notebook.cells for output in cell.get("outputs", []))
    assert ("CR900001" in said, "DOT900003" in said) == (api == "v3", api == "options")
    assert ("The nearest call here is" in said) == (api == "options")
