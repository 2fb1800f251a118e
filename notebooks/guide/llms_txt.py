"""Write `llms.txt`, the contents of the documentation for language models, with pages as Markdown.

See https://llmstxt.org for its form.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

ABOUT = """\
dpyauth is a Python package for Jupyter notebooks: `dpyauth.login()` signs in to Deriv by a panel or a prompt, keeps the
session alive on a background thread, and `session.account_status()`, `session.statement()` and the like return pandas
DataFrames. `dpyauth.login(sandbox=True)` needs no account and sends nothing to Deriv. Never write a token into a cell
or a file: `login()` asks for it, or reads the environment variable DERIV_TOKEN."""

_texts: dict[str, str] = {}


def keep(app: Sphinx, name: str, source: list[str]) -> None:
    """Keep the text of a page that stands in its Markdown: others are put together from elsewhere."""
    if str(app.env.doc2path(name)).endswith(".md") and "```{" not in source[0]:
        _texts[name] = source[0]


def write(app: Sphinx, failed: Exception | None) -> None:
    """Write the contents and the pages."""
    if failed is not None:
        return
    out = Path(app.outdir)
    for name, text in _texts.items():
        (out / f"{name}.md").write_text(text, encoding="utf-8")
    (out / "llms.txt").write_text("\n".join(_contents(app)) + "\n", encoding="utf-8")


def _contents(app: Sphinx) -> Iterator[str]:
    yield from ("# dpyauth", "", *(f"> {line}" for line in ABOUT.splitlines()))
    for tree in app.env.get_doctree("index").findall(addnodes.toctree):
        yield from ("", f"## {tree['caption']}", "")
        for title, name in tree["entries"]:
            page = f"{name}.md" if name in _texts else f"{name}.html"
            yield f"- [{title or app.env.titles[name].astext()}]({page}): {_first_sentence(app, name)}"


def _first_sentence(app: Sphinx, name: str) -> str:
    paragraphs = (" ".join(node.astext().split()) for node in app.env.get_doctree(name).findall(nodes.paragraph))
    first = next((text for text in paragraphs if text.endswith((".", ":"))), "")  # not links to other languages
    return first.partition(". ")[0].rstrip(".:") + "."
