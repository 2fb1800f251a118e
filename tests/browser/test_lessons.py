"""The lessons, run by a reader with Run All."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from conftest import Lab

pytestmark = pytest.mark.browser


def test_first_lesson(opening: Callable[..., Any], lab: Lab) -> None:
    with opening(lab, "lab", "01-sign-in-and-account-status.ipynb") as lesson:
        lesson.page.set_viewport_size({"width": 1250, "height": 4200})
        lesson.restart("notebook:restart-run-all")
        count = lesson.code.count()
        expect(lesson.code.last.locator(".jp-InputPrompt").first).to_have_text(f"[{count}]:", timeout=60_000)
        expect(lesson.panel.locator(".dpyauth-loginid")).to_have_text("CR900001")
        expect(lesson.panel).to_have_count(1)
        expect(lesson.outputs.locator("table.dataframe").first).to_contain_text("CR900001")
        expect(lesson.outputs.locator("img")).to_be_visible()
        expect(lesson.outputs.locator("[data-mime-type$='error'], [data-mime-type$='stderr']")).to_have_count(0)
        lesson.shot("lesson-1-light")
        lesson.theme("Dark")
        lesson.shot("lesson-1-dark")
