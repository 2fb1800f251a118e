"""Run every lesson and store its outputs: `make lessons`.

The stored outputs have no timings, no widget state, and no trace of this machine.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient

LESSONS = Path(__file__).parents[2] / "notebooks"
KEPT = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}


def store(path: Path) -> None:
    """Run one lesson, and write its outputs into the file."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=120,
        store_widget_state=False,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": path.parent}},
    )
    client.execute()
    notebook.metadata = nbformat.from_dict({**KEPT, "language_info": {"name": "python"}})
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        cell.metadata.pop("mystnb", None)
        for output in cell.get("outputs", []):
            if words := output.get("metadata", {}).get("image/png", {}).get("alt"):
                cell.metadata.mystnb = {"image": {"alt": words}}  # the documentation looks for it here
            # A front end without this kernel cannot show the widget; it shows the text beside it.
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for lesson in sorted([*LESSONS.glob("[0-9]*.ipynb"), *LESSONS.glob("[!.]*/[0-9]*.ipynb")]):
        store(lesson)
        print(f"stored {lesson.relative_to(LESSONS)}")
