"""Run the lessons as a user does, with Run All."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from conftest import Lab, Notebook

pytestmark = pytest.mark.browser

FOLDER = Path(__file__).parents[2] / "notebooks"
LESSONS = sorted(path.name for path in FOLDER.glob("*.ipynb") if path.name[:2] in {"02", "05"})
"""Lessons with a switcher and streams; all others but 01 are run only without a browser."""
TALLEST = 12_000

# The state of the cells: "running", "done", or an error.
OUTCOME = """
() => {
  const cells = window.jupyterapp.shell.currentWidget.content.widgets.map((cell) => cell.model);
  const code = cells.filter((model) => model.type === "code" && model.sharedModel.getSource().trim());
  for (const model of code) {
    if ((model.getMetadata("tags") ?? []).includes("raises-exception")) continue;
    for (const output of model.outputs.toJSON()) {
      if (output.output_type === "error") return `${output.ename}: ${output.evalue}`;
      if (output.name === "stderr") return `stderr: ${output.text}`;
    }
  }
  const last = code[code.length - 1];
  return last.executionCount === code.length && last.executionState === "idle" ? "done" : "running";
}
"""
# The number of visible panels.
VIEWS = """
() => window.jupyterapp.shell.currentWidget.content.widgets
  .flatMap((cell) => cell.model.outputs?.toJSON() ?? [])
  .filter((output) => "application/vnd.jupyter.widget-view+json" in (output.data ?? {})).length
"""
# Scroll to the top; return the window height that shows all of it.
WHOLE = """
() => {
  const sheet = document.querySelector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer");
  const ends = [...sheet.querySelectorAll(".jp-Cell")].map((cell) => cell.getBoundingClientRect().bottom);
  const tall = Math.max(...ends) + sheet.scrollTop + window.innerHeight - sheet.getBoundingClientRect().bottom;
  sheet.scrollTop = 0;
  return Math.ceil(tall) + 20;
}
"""
# The number of pixels by which the output of a cell is too wide.
TOO_WIDE = """
(area) => Math.max(...[...area.querySelectorAll(".jp-OutputArea-output, .dpyauth-panel")].map(
  (output) => output.scrollWidth - output.clientWidth,
))
"""


@pytest.mark.parametrize("name", LESSONS)
def test_run_all(opening: Callable[..., Any], lab: Lab, name: str) -> None:
    stored = nbformat.read(FOLDER / name, as_version=4)
    with opening(lab, "lab", name) as lesson:
        run_all(lesson)
        pictures = [kinds for kinds in shown(stored) if "image/png" in kinds]
        signins = [kinds for kinds in shown(stored) if kinds.get("text/plain", "").startswith("dpyauth sign-in panel:")]
        images = lesson.outputs.locator(".jp-RenderedImage img")
        expect(images).to_have_count(len(pictures))
        views = lesson.page.evaluate(VIEWS)
        assert views >= len(signins)
        expect(lesson.panel).to_have_count(views)
        lesson.page.set_viewport_size({"width": 1250, "height": min(lesson.page.evaluate(WHOLE), TALLEST)})
        for image in images.all():
            expect(image).to_be_visible()
        for panel in lesson.panel.all():
            expect(panel).to_be_visible()
        for theme in ("Light", "Dark"):
            lesson.theme(theme)
            lesson.shot(f"lesson-{name[:2]}-{theme.lower()}")


def test_the_first_lesson_fits_the_window_of_a_small_laptop(opening: Callable[..., Any], lab: Lab) -> None:
    """With the file browser open, as by default in JupyterLab."""
    with opening(lab, "lab", "01-sign-in-and-account-status.ipynb") as lesson:
        lesson.page.set_viewport_size({"width": 1366, "height": 768})
        lesson.command("filebrowser:activate")
        run_all(lesson)
        expect(lesson.panel.filter(has_text="9,969.39").first).to_be_visible()
        lesson.outputs.locator("table.dataframe").first.scroll_into_view_if_needed()
        for area in lesson.outputs.all():
            assert area.evaluate(TOO_WIDE) <= 0, area.inner_text()
        lesson.shot("lesson-01-1366")


def run_all(lesson: Notebook) -> None:
    """Run all cells, as the menu does; fail as soon as a cell fails."""
    lesson.command("notebook:clear-all-cell-outputs")  # also clears the numbers, which show the end of the run
    lesson.command("notebook:run-all-cells", wait=False)
    lesson.page.wait_for_function(f"() => ({OUTCOME})() !== 'running'", timeout=90_000)
    assert lesson.page.evaluate(OUTCOME) == "done"


def shown(stored: nbformat.NotebookNode) -> Iterator[dict[str, Any]]:
    """Return the kinds of outputs that are shown."""
    for cell in stored.cells:
        yield from (output["data"] for output in cell.get("outputs", []) if "data" in output)
