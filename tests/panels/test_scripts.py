"""The modules of the panels' JavaScript: that they can be joined as `script` does it, and come joined in full."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dpyauth.panels import widgets
from dpyauth.panels.widgets import EXPORT, IMPORT, Panel, script

FOLDER = Path(widgets.__file__).parent / "js"
MODULES = {file.stem: file.read_text("utf-8") for file in sorted(FOLDER.glob("*.js"))}
PANELS = ("apps", "card", "explorer", "sign_in", "stream", "switcher", "tokens")
DECLARED = re.compile(r"^(?:export )?(?:async )?(?:function|const|let|var|class) (\w+|[{[][^=]*)", re.MULTILINE)


def without_comments(text: str) -> str:
    return re.sub(r"(?m)(?:^|(?<=[\s;]))//.*$", "", re.sub(r"(?s)/\*.*?\*/", "", text))


def code_lines(text: str) -> list[str]:
    return [line for line in without_comments(text).splitlines() if line.strip()]


def imports(text: str) -> dict[str, list[str]]:
    """Return the names that a module imports, by the other module's name."""
    return {other: re.findall(r"\w+", names) for names, other in IMPORT.findall(text)}


def declared(text: str) -> list[str]:
    """Return the names at the top level of a module; they stand at the beginning of a line."""
    return DECLARED.findall(text)


def joined(name: str) -> set[str]:
    """Return the modules that a module needs, itself among them."""
    return {name}.union(*(joined(other) for other in imports(MODULES[name])))


@pytest.mark.parametrize("name", MODULES)
def test_imports_and_exports_have_one_form(name: str) -> None:
    """Any other form would stay in the text that the browser gets."""
    text = without_comments(MODULES[name])
    assert not re.search(r"\b(?:import|require)\b", IMPORT.sub("", text))
    last = "\nexport default { render };\n"
    assert text.endswith(last) == (name in PANELS)
    exported = re.findall(r".*\bexport\b.*", text.removesuffix(last))
    assert [line for line in exported if not re.match(r"export (?:async )?(?:function|const|class) \w+", line)] == []


@pytest.mark.parametrize("name", MODULES)
def test_what_is_imported_is_exported_there_and_used_here(name: str) -> None:
    text = MODULES[name]
    used = without_comments(IMPORT.sub("", text))
    for other, names in imports(text).items():
        exported = {declared(line)[0] for line in re.findall(r"(?m)^export (?!default).*$", MODULES[other])}
        assert names, other
        assert set(names) <= exported, other
        assert [each for each in names if not re.search(rf"\b{each}\b", used)] == []


def test_no_module_imports_itself_in_a_circle() -> None:
    """One of them would come before what it needs; and `script` would not end."""
    left = {name: set(imports(text)) for name, text in MODULES.items()}
    while ready := {name for name, needed in left.items() if not needed}:
        left = {name: needed - ready for name, needed in left.items() if name not in ready}
    assert left == {}


@pytest.mark.parametrize("panel", PANELS)
def test_no_two_modules_of_a_panel_share_a_name(panel: str) -> None:
    """They get one namespace, where the browser would refuse the second."""
    names = [each for module in sorted(joined(panel)) for each in declared(MODULES[module])]
    assert all(re.fullmatch(r"\w+", each) for each in names)
    assert sorted({each for each in names if names.count(each) > 1}) == []


def test_every_module_is_for_a_panel() -> None:
    assert set().union(*map(joined, PANELS)) == set(MODULES)
    assert {str(kind._esm) for kind in Panel.__subclasses__()} >= {script(name) for name in PANELS}


@pytest.mark.parametrize("panel", PANELS)
def test_what_the_browser_gets(panel: str) -> None:
    """All of the code, each module once, without what a single module cannot have."""
    text = script(panel)
    modules = [EXPORT.sub("", IMPORT.sub("", MODULES[name])) for name in joined(panel)]
    assert sorted(code_lines(text)) == sorted(line for module in modules for line in code_lines(module))
    assert code_lines(text)[-1] == "export default { render };"
    assert len(re.findall(r"\bexport\b", text)) == 1
    assert not re.search(r"(?m)^ *\* |\bimport \{", text)


def test_a_module_comes_after_those_that_it_imports() -> None:
    text = script("sign_in")
    order = ["function element(", "function mount(", "const callbackPage", "function signInForm(", "function render("]
    assert [text.index(each) for each in order] == sorted(text.index(each) for each in order)


def test_the_lock_file_of_the_tools_names_no_host() -> None:
    """It would bind all who run the tests to the registry that wrote it. `npm run upgrade` leaves it out."""
    lock = (Path(__file__).parents[1] / "javascript/package-lock.json").read_text("utf-8")
    assert '"resolved"' not in lock
