"""How the documentation is built: `make docs`. It uses the stored outputs of the lessons, and needs no internet."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from dpyauth import __version__
from dpyauth.texts.languages import names

sys.path.insert(0, str(Path(__file__).parent))
import call_pages
import llms_txt

project = "dpyauth"
author = copyright = "the dpyauth maintainers"
release = version = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["**/.ipynb_checkpoints", "guide/static"]

# The lessons are stored as they ran (`make lessons`), and the tests run them anew.
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, Any] = {}  # would be fetched from elsewhere; a stored lesson has text where a panel was
nb_merge_streams = True
myst_enable_extensions = ["colon_fence", "deflist"]  # not "dollarmath": a dollar is money here
myst_heading_anchors = 3

# Types are said in the docstrings; in the signatures they would bury the names.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_param = False
napoleon_use_rtype = False
default_role = "py:obj"
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(pandas|decimal|concurrent|distributed)\..*")]  # their own sites explain them
python_display_short_literal_types = True
toc_object_entries_show_parents = "hide"

pygments_dark_style = "github-dark"

html_theme = "furo"
html_title = "dpyauth"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5cad", "color-brand-content": "#0b5cad"},
    "dark_css_variables": {"color-brand-primary": "#7cb8f2", "color-brand-content": "#7cb8f2"},
}


def _whole(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Napoleon takes what is before a colon in a property's docstring for its type: give the text back."""
    if isinstance(obj, property) and obj.__doc__:
        lines[:] = inspect.cleandoc(obj.__doc__).splitlines()


def _for_readers(app: Sphinx, doctree: nodes.document) -> None:
    """Where a stored lesson has a panel's one line, say what a notebook shows there."""
    for block in list(doctree.findall(nodes.literal_block)):
        text = block.astext()
        if found := re.match(r"dpyauth (.+) panel: <dpyauth (?:session: )?(.+)>", text.strip()):
            place = nodes.paragraph("", "A notebook shows the ", classes=["panel-place"])
            place += [nodes.strong("", f"{found[1]} panel"), nodes.Text(f" here: {found[2]}.")]
            block.replace_self(place)


def _levels(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Give the headings of the contents the level that a screen reader needs."""
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace('role="heading"', 'role="heading" aria-level="2"')


def _language(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Let a page in another language say so, for screen readers and for the browser's hyphens and translation."""
    folder = page.partition("/")[0]
    context["language"] = folder if folder in names() else "en"


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", _levels, priority=900)  # after the theme has made them
    app.connect("html-page-context", _language)
    app.connect("source-read", call_pages.write)
    app.connect("source-read", llms_txt.keep)
    app.connect("build-finished", llms_txt.write)
    app.connect("autodoc-process-docstring", _whole)
    app.connect("doctree-read", _for_readers)
