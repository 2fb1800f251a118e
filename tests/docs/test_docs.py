"""Test the pages of the documentation: they build without warnings, and everything they name or link to exists."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import textwrap
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from helpers import LESSONS, NOTEBOOKS, lesson_name
from playwright.sync_api import Browser

import dpyauth
from dpyauth import frames
from dpyauth.apis import options
from dpyauth.catalog.calls import load
from dpyauth.fleets.questions import questions
from dpyauth.net import backoff, rate_limits
from dpyauth.net.connection import PATIENT
from dpyauth.net.keepalive import DOUBT_AFTER, PING_EVERY, PING_TIMEOUT, SLOWEST
from dpyauth.net.pending import MAX_LOSSES
from dpyauth.registry import APIS
from dpyauth.sandbox import Sandbox
from dpyauth.texts import texts
from dpyauth.texts.said import FILES

ROOT = Path(__file__).parents[2]
SOURCES = [
    ROOT / "README.md",
    NOTEBOOKS / "index.md",
    *sorted(NOTEBOOKS.glob("guide/*.md")),
    *sorted(NOTEBOOKS.glob("reference/*.md")),
]

KNOWN = {
    *("deriv.com", "oauth.deriv.com", "auth.deriv.com", "api.derivws.com"),
    *(urlsplit(page).hostname for facts in APIS.values() for page in facts.pages.all),
    *("github.com", "keepachangelog.com", "mybinder.org", "semver.org"),
}
"""Hosts that the pages may link to."""

NOT_FOR_READERS = {"dpyauth.Stream.push", "dpyauth.Stream.end"}
"""Public only for other modules of the package."""


@dataclass
class Page(HTMLParser):
    """A page: its IDs, and what it loads and links to."""

    path: Path
    ids: set[str] = field(default_factory=set)
    loads: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    styles: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._in_style = False
        self.text = self.path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given["id"]} if "id" in given else set()
        self._in_style = tag == "style"
        self.styles += given.get("style", "")
        if tag == "a":
            self.links += [given["href"]] if "href" in given else []
        elif tag == "link" and not {"search", "index", "next", "prev"} & set(given.get("rel", "").split()):
            self.loads.append(given["href"])
        else:
            self.loads += [given[name] for name in ("src", "data", "poster") if name in given]

    def handle_data(self, data: str) -> None:
        self.styles += data if self._in_style else ""

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the pages as `make docs` does."""
    folder = tmp_path_factory.mktemp("build") / "docs"
    command = "-m sphinx -c notebooks/guide -b html -q -E -W --keep-going notebooks"
    done = subprocess.run(
        [sys.executable, *command.split(), folder], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    found = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    assert len(found) > 20
    return found


@pytest.fixture(scope="module")
def names(site: Path) -> set[str]:
    """Return every name that the reference explains."""
    *_, packed = (site / "objects.inv").read_bytes().split(b"\n", 4)
    entries = [line.split() for line in zlib.decompress(packed).decode().splitlines()]
    return {entry[0] for entry in entries if entry[1].startswith("py:")}


def elsewhere(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme not in {"", "data"}


def addresses(css: str) -> Iterator[str]:
    for quote, address in re.findall(r"""url\(\s*(["']?)(.*?)\1\s*\)""", css, re.DOTALL):
        yield address.strip(quote)
    yield from re.findall(r"""@import\s+["'](.*?)["']""", css)


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[Path, Page]) -> None:
    for page in pages.values():
        loads = [*page.loads, *addresses(page.styles)]
        assert [address for address in loads if elsewhere(address)] == [], page.path
        assert re.findall(r"""(?:import|fetch)\s*\(?\s*["']https?:""", page.text) == [], page.path
    for sheet in site.rglob("*.css"):
        assert [address for address in addresses(sheet.read_text(encoding="utf-8")) if elsewhere(address)] == [], sheet


def test_loading_from_elsewhere_would_be_noticed(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(
        '<link rel="stylesheet" href="https://a.example/x.css"><script src="//b.example/x.js"></script>'
        "<style>@import 'https://c.example'; a { background: url( 'http://d.example/x.png' ) }</style>"
        '<p style="background: url(https://e.example)"><img src="data:,"><img src="x.png">'
    )
    page = Page(path)
    found = [urlsplit(one).netloc for one in [*page.loads, *addresses(page.styles)] if elsewhere(one)]
    assert sorted(found) == ["a.example", "b.example", "c.example", "d.example", "e.example"]


def test_links_lead_somewhere(site: Path, pages: dict[Path, Page]) -> None:
    dead, outside = [], []
    for page in pages.values():
        for link in page.links:
            if elsewhere(link):
                outside.append(link)
                continue
            target, _, fragment = urljoin(page.path.as_uri(), link).partition("#")
            there = Path(unquote(urlsplit(target).path))
            if not there.is_file() or (fragment and there in pages and unquote(fragment) not in pages[there].ids):
                dead.append((page.path.name, link))
    assert dead == []
    strange = [link for link in outside if urlsplit(link).scheme != "https" or urlsplit(link).hostname not in KNOWN]
    assert strange == []


def test_every_lesson_is_listed(site: Path, pages: dict[Path, Page]) -> None:
    lessons = [f"{lesson_name(path)}.html" for path in LESSONS]
    links = pages[site / "index.html"].links
    listed = [link for link in dict.fromkeys(links) if link in lessons]
    assert sorted(listed) == lessons
    for lesson in lessons:
        assert "panel: &lt;dpyauth" not in pages[site / lesson].text, "a panel is described in words"
        assert f' lang="{lesson.rpartition("/")[0] or "en"}"' in pages[site / lesson].text.partition("<head>")[0]


@pytest.mark.parametrize("api", APIS)
def test_every_call_is_listed_with_its_fields_and_columns(api: str, site: Path) -> None:
    page = (site / "reference" / f"calls-{api}.html").read_text(encoding="utf-8")
    told = {match[1]: match[0] for match in re.finditer(r"<section id=.*?<h2>([^<]+)<.*?</section>", page, re.DOTALL)}
    assert list(told) == sorted(load(api))
    for name, call in load(api).items():
        for part in ("Needs:", "Answers:", "Changes:", *call.scopes, *(set(call.fields) - {"subscribe"})):
            assert part in told[name], (name, part)
        for required in {*call.required} - {call.key, "subscribe"}:
            assert re.search(rf">{required}</span></code> <em>required</em>", told[name]), name
    assert ">balance_after<" in told["statement"]
    assert "balance after the transaction" in told["statement"].replace("’", "'")


@pytest.mark.browser
@pytest.mark.parametrize(
    "name",
    ["index", "03-your-account-status", "fr/01-sign-in-and-account-status", "reference/catalog", "search"],
)
def test_the_pages_can_be_read_by_anyone(name: str, site: Path, faults: Callable[[Path], list[object]]) -> None:
    assert faults(site / f"{name}.html") == []


@pytest.mark.browser
def test_searching_finds_a_page(site: Path, chromium: Browser) -> None:
    tab = chromium.new_page()
    wanted = {"vs code": "vscode", "streamlit": "several-users", "excel": "elsewhere", "polars": "elsewhere"}
    wanted |= {"colab": "colab", "kaggle": "frontends", "marimo": "frontends", "spyder": "frontends"}
    for words, page in wanted.items():
        tab.goto(f"{(site / 'search.html').as_uri()}?q={words}")
        tab.wait_for_selector("#search-results li")
        found = tab.eval_on_selector_all("#search-results li a", "links => links.map(link => link.pathname)")
        assert any(path.endswith(f"/guide/{page}.html") for path in found[:3]), (words, found)
    tab.close()


def test_language_models_find_every_page(site: Path, pages: dict[Path, Page]) -> None:
    contents = (site / "llms.txt").read_text(encoding="utf-8")
    assert contents.startswith("# dpyauth\n\n> dpyauth is a Python package")
    listed = re.findall(r"^- \[[^\]]+\]\(([^)]+)\): .+\.$", contents, re.MULTILINE)
    assert len(listed) == contents.count("\n- ")
    assert [name for name in listed if not (site / name).is_file()] == []
    made = {path.relative_to(site).with_suffix("").as_posix() for path in pages}
    assert made - {name.rpartition(".")[0] for name in listed} == {"index", "genindex", "search", "py-modindex"} & made
    assert "## verify_email" in (site / "reference" / "calls-v3.md").read_text(encoding="utf-8")


def test_every_public_name_is_in_the_reference(names: set[str]) -> None:
    wanted = {f"dpyauth.{name}" for name in dpyauth.__all__} | {f"dpyauth.frames.{name}" for name in frames.__all__}
    for kind in (dpyauth.Session, dpyauth.Stream, dpyauth.Fleet):
        wanted |= {f"dpyauth.{kind.__name__}.{name}" for name in vars_of(kind)}
    wanted |= {f"dpyauth.sandbox.Sandbox.{name}" for name in ("start", "stop", "url", "pay", "wait_until")}
    assert wanted - names - NOT_FOR_READERS == set()


def vars_of(kind: type) -> set[str]:
    """Yield the public methods and properties of a class."""
    return {name for name in dir(kind) if not name.startswith("_")}


def test_the_pages_contain_nothing_about_this_machine(pages: dict[Path, Page]) -> None:
    private = {str(ROOT), str(Path.home()), sys.prefix} - {"/"}
    for page in pages.values():
        assert [place for place in private if place in page.text] == [], page.path


def blocks(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    found = re.findall(r"^( *)```python\n(.*?)^\1```$", text, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(code) for _, code in found]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_examples_are_python(path: Path) -> None:
    for block in blocks(path):
        compile(block, path.name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_examples_of_the_sandbox_run(nothing_left: None) -> None:
    examples = blocks(NOTEBOOKS / "guide" / "sandbox.md")
    assert len(examples) == 7
    where: dict[str, object] = {}
    for example in examples:
        exec(example, where)
    assert where["Sandbox"] is Sandbox


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_named_files_exist(path: Path) -> None:
    named = re.findall(r"`((?:tests|dpyauth|notebooks)/[\w./-]+)`", path.read_text(encoding="utf-8"))
    addresses = {"dpyauth/callback"}  # the path of a page on the Jupyter server
    assert [name for name in named if not (ROOT / name).exists() and name not in addresses] == []


def test_how_it_works_names_the_existing_rooms() -> None:
    page = (NOTEBOOKS / "guide" / "how-it-works.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w./-]+(?:/|\.py))`", page))
    package = ROOT / "dpyauth"
    assert {name for name in named if not (package / name).exists() and not (ROOT / name).exists()} == set()
    folders = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    assert folders - named == set()


def test_the_guide_for_translators_names_every_file_of_texts() -> None:
    page = (NOTEBOOKS / "guide" / "languages.md").read_text(encoding="utf-8")
    table = page.partition("| file | what it says |")[2].partition("\n\n")[0]
    named = [name for row in table.splitlines() for name in re.findall(r"`([\w-]+)`", row.split(" | ")[0])]
    assert sorted(named) == sorted(file.stem for file in (ROOT / "dpyauth" / "texts" / "en").glob("*.json"))


def test_errors_that_the_page_on_proxies_explains_are_those_of_the_code() -> None:
    page = (NOTEBOOKS / "guide" / "proxy.md").read_text(encoding="utf-8")
    table = page.partition("| you read | what it means |")[2]
    rows = [re.sub(r"\(.*?\)", "", row.split(" | ")[0]) for row in table.splitlines() if row.startswith("| ")]
    parts = [re.sub(r"^(or|and) ", "", part.strip(" |")) for row in rows for part in re.split(r"…|,|\d.*", row)]
    quoted = [part for part in parts if len(part.split()) > 2]
    assert len(quoted) > 10
    said = "\n".join(texts(*FILES, language="en").values())
    assert [part for part in quoted if part not in said] == []


def test_the_readme_names_every_lesson() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^- \[.+\]\(notebooks/(.+\.ipynb)\)", readme, re.MULTILINE)
    assert named == [path.name for path in sorted(NOTEBOOKS.glob("*.ipynb"))]


def test_durations_are_those_of_the_code() -> None:
    promises = " ".join((NOTEBOOKS / "guide" / "promises.md").read_text(encoding="utf-8").split())
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    patience = inspect.signature(dpyauth.login).parameters["timeout"].default
    doubt, answer = DOUBT_AFTER, PING_TIMEOUT
    asked, alone = f"within {doubt + answer:g} seconds", f"{PING_EVERY + answer:g}"
    assert f"has waited {doubt:g} seconds for its answer | {asked} of asking" in promises
    assert f"otherwise | every {PING_EVERY:g} seconds | within {alone} seconds |" in promises
    assert f"which has {answer:g} seconds to be answered" in promises
    assert f"no pause is longer than {PATIENT:g} seconds" in promises
    assert f"has been good for {backoff.SETTLED:g} seconds" in promises
    assert f"Every call ends after `timeout` seconds: {patience:g}, unless" in promises
    assert f"ends after `timeout` seconds ({patience:g} by default)" in readme
    assert backoff.CAP == SLOWEST == 60
    assert MAX_LOSSES == 3
    assert "three times in all" in promises
    assert "three times in all" in readme


def test_figures_are_those_of_the_code() -> None:
    promises, apis, catalog, fleet = (
        (NOTEBOOKS / name).read_text(encoding="utf-8")
        for name in ("guide/promises.md", "guide/apis.md", "reference/catalog.md", "reference/fleet.md")
    )
    v3, opt = load("v3"), load("options")
    change, change_too = (sum(bool(call.changes) for call in calls.values()) for calls in (v3, opt))
    said = " ".join(promises.split())
    assert f"{change} of the {len(v3)} calls of v3" in said
    assert f"{change_too} of the {len(opt)} of options" in said
    over_http = sum(call.rest is not None for call in opt.values())
    assert f"| {len(opt)}; {over_http} of them over HTTP | {len(v3)}, all over one WebSocket |" in apis
    assert f"{len(v3)} calls of v3 and {len(opt)} of options" in catalog
    for api, limits in (("v3", rate_limits.LIMITS), ("options", options.LIMITS)):
        for name, limit in limits.items():
            row = f"| {api}, {name} | {limit.minutely} | "
            assert row in promises
            listed = set(re.findall(r"`(\w+)`", promises.partition(row)[2].partition("\n")[0]))
            assert listed == limit.calls
    assert set(re.findall(r"`(\w+)`", fleet.rpartition("A fleet can be asked:")[2])) == set(questions())
