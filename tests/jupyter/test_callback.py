"""Test the callback page on a real Jupyter server: it is public, always the same, and ignores the query."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

import pytest
from helpers import jupyter

from dpyauth.texts import texts
from dpyauth.texts.languages import names

ROOT = Path(__file__).parents[2]
HERE = ROOT / "dpyauth" / "jupyter"
BASE = "/user/jane%40example.org/"
PAGE = f"{BASE}dpyauth/callback"
JUPYTER_TOKEN = "the-servers-own-token"
QUERY = "acct1=CR-C4nary&token1=a1-C4nary&cur1=usd-C4nary&state=C4nary&code=C4nary&error=C4nary&other=C4nary"


@dataclass
class Server:
    """A running Jupyter server."""

    port: int
    log: Path

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.putrequest(method, path)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        reply = connection.getresponse()
        body = reply.read().decode()
        connection.close()
        return reply, body

    def logged_since(self, before: int) -> str:
        """Return the log from this position on; a request of our own ensures that all before it has been written."""
        mark = f"/end-of-the-test-{time.monotonic_ns()}"
        self.ask(mark)
        until = time.monotonic() + 10
        while mark not in (text := self.log.read_text()[before:]):
            assert time.monotonic() < until, "the log does not show the last request"
        return text


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start a strict server that logs everything, under a base URL like that of a hub."""
    base = tmp_path_factory.mktemp("jupyter")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("DERIV_", "JUPYTER", "IPYTHON"))}
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
        env[name] = str(base / name.lower())
    env["PYTHONPATH"] = str(ROOT)
    config = Path(env["JUPYTER_CONFIG_DIR"], "jupyter_server_config.d")
    config.mkdir(parents=True)
    shutil.copy(HERE / "server-config.json", config / "dpyauth.json")
    others = {"ServerApp": {"jpserver_extensions": {"jupyterlab": False, "notebook": False, "jupyter_lsp": False}}}
    (config / "others.json").write_text(json.dumps(others))
    options = ["--debug", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--ServerApp.base_url={BASE}"]
    options += [f"--IdentityProvider.token={JUPYTER_TOKEN}", "--ServerApp.allow_unauthenticated_access=False"]
    options += [f"--ServerApp.root_dir={base}"]
    log = base / "server.log"
    with jupyter([sys.executable, "-m", "jupyter_server", *options], env, log) as port:
        yield Server(port, log)


@pytest.fixture
def logged(server: Server) -> Callable[[], str]:
    """Return a function that returns what the server has logged since the test began."""
    before = len(server.log.read_text())
    return lambda: server.logged_since(before)


def expect_page(reply: http.client.HTTPResponse, body: str, status: int = 200) -> None:
    assert reply.status == status
    assert body == page("en")


def page(language: str) -> str:
    """Return the page as it has to be in a language."""
    words = texts("pages", language=language)
    source = (HERE / "callback.html").read_text()
    return re.sub(r"{{(\w+)}}", lambda hole: escape(words[hole[1]]), source)


def test_the_extension_reports_that_it_is_loaded(server: Server) -> None:
    log = server.log.read_text()
    assert "dpyauth.jupyter | extension was successfully loaded." in log
    assert "CallbackHandler" not in log, "the page is marked as public on purpose, so the server gives no warning"


WHO = {
    "a stranger": {},
    "somebody with a wrong token": {"Authorization": "token wrong"},
    "the owner": {"Authorization": f"token {JUPYTER_TOKEN}"},
    "somebody from another site": {"Origin": "https://oauth.example.org", "Sec-Fetch-Site": "cross-site"},
}


@pytest.mark.parametrize("who", WHO)
def test_everybody_gets_the_same_page(who: str, server: Server) -> None:
    reply, body = server.ask(f"{PAGE}?{QUERY}", **WHO[who])
    expect_page(reply, body, 404)  # browsers do not suggest addresses that answered with an error
    assert reply.headers["Set-Cookie"] is None
    assert reply.headers["Location"] is None


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("en-GB,en;q=0.9", "en"),
        ("es-MX,es;q=0.9", "es"),
        ("de,fr-CA;q=0.9", "fr"),
        ("pt", "pt-BR"),
        ("ja", "en"),
        ("fr;q=nan", "en"),
        ('"><script>alert(1)</script>', "en"),
        (", ".join(["xx-%s"] * 5000), "en"),
        ("\xff\xfe", "en"),
    ],
    ids=lambda text: text[:20],
)
def test_the_page_speaks_the_language_that_the_browser_prefers(accepted: str, language: str, server: Server) -> None:
    reply, body = server.ask(f"{PAGE}?{QUERY}", **{"Accept-Language": accepted})
    assert reply.status == 404
    assert body == page(language)
    assert f'<html lang="{language}" dir="ltr">' in body
    assert "{{" not in body
    expect_headers(reply)


def test_languages_differ_but_not_in_their_script() -> None:
    pages = [page(language) for language in names()]
    assert len(set(pages)) == len(pages) >= 4
    assert len({html.partition("<script>")[2] for html in pages}) == 1
    assert "&#x27;" in page("fr").partition("<script>")[0]  # no text can end an attribute


def test_every_text_of_the_pages_is_used() -> None:
    listener = (ROOT / "dpyauth/oauth/listener.py").read_text()
    used = {*re.findall(r"{{(\w+)}}", (HERE / "callback.html").read_text()), *re.findall(r'"(\w+)"', listener)}
    held = json.loads((ROOT / "dpyauth/texts/en/pages.json").read_text())
    assert [key for key in held if key.removesuffix("_title") not in used and key not in used] == []


def test_other_pages_are_not_for_strangers(server: Server) -> None:
    """Otherwise the test above would show nothing."""
    assert server.ask(f"{BASE}tree")[0].status in (302, 404)
    assert server.ask(f"{BASE}api/contents")[0].status == 403


def test_the_page_is_under_the_base_url_and_nowhere_else(server: Server) -> None:
    expect_page(*server.ask(PAGE))
    expect_page(*server.ask(f"{PAGE}/"))
    expect_page(*server.ask("/user/jane@example.org/dpyauth/callback"))
    expect_page(*server.ask("/user/jane%40example%2Eorg/dpyauth/callback"))
    elsewhere = "/user/jane%40exampleXorg/dpyauth/callback"  # a dot is only a dot
    for path in (
        elsewhere,
        "/dpyauth/callback",
        f"{BASE}dpyauth/callback/more",
        f"{BASE}dpyauth/callbacks",
        f"{BASE}dpyauth",
    ):
        assert server.ask(path)[0].status in (302, 404), path


def expect_headers(reply: http.client.HTTPResponse) -> None:
    headers = reply.headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Content-Type"] == "text/html; charset=UTF-8"
    assert headers["ETag"] is None
    assert headers["Cross-Origin-Opener-Policy"] is None, "this header would cut the page off from its opener"
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    sources = {policy.pop("script-src"), policy.pop("style-src")}
    assert len(sources) == 2
    assert all(re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", source) for source in sources)
    assert policy == {name: "'none'" for name in ("default-src", "base-uri", "form-action", "frame-ancestors")}


def test_headers(server: Server) -> None:
    expect_headers(server.ask(f"{PAGE}?{QUERY}")[0])


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "NONSENSE"])
def test_only_get_is_allowed(method: str, server: Server, logged: Callable[[], str]) -> None:
    reply, body = server.ask(f"{PAGE}?{QUERY}", method, Referer=f"http://127.0.0.1/?{QUERY}", **{"Content-Length": "0"})
    assert reply.status == 405
    assert reply.headers["Allow"] == "GET"
    expect_headers(reply)
    assert "C4nary" not in body
    text = logged()
    assert "/dpyauth/callback" in text
    assert "C4nary" not in text


HOSTILE = [
    QUERY,
    f"{QUERY}&token={JUPYTER_TOKEN}",
    "C4nary",
    "=C4nary&&&=&C4nary=",
    "a=%ff%fe%00C4nary&b=%C4nary&%zz",
    "x=" + quote("</script><script>alert('C4nary')</script>"),
    "x=</script><script>C4nary</script>",
    "next=//C4nary.example.org&url=javascript:C4nary",
    "acct1=C4nary" * 2000,
    "a1=C4nary?acct1=C4nary?token1=C4nary",
]


@pytest.mark.parametrize("query", HOSTILE, ids=lambda query: query[:40])
def test_the_query_is_neither_shown_nor_logged(query: str, server: Server, logged: Callable[[], str]) -> None:
    for path in (PAGE, f"{PAGE}/"):
        reply, body = server.ask(f"{path}?{query}", Referer=f"https://oauth.example.org/?{query}")
        expect_page(reply, body, 404)
        assert "C4nary" not in str(reply.headers)
        assert JUPYTER_TOKEN not in str(reply.headers)
    text = logged()
    assert text.count("404 GET /user/jane") == 2
    assert "C4nary" not in text
    assert JUPYTER_TOKEN not in text


@pytest.mark.parametrize("query", ["&".join(["a=C4nary"] * 3000), "a=" + "C4nary" * 20_000], ids=["fields", "bytes"])
def test_a_query_too_large_to_take(query: str, server: Server, logged: Callable[[], str]) -> None:
    try:
        reply, body = server.ask(f"{PAGE}?{query}")
    except (http.client.BadStatusLine, ConnectionError):
        pass  # the server has closed the connection
    else:
        assert reply.status in (404, 400, 414, 431)
        assert "C4nary" not in body
    assert "C4nary" not in logged()


def test_the_log_would_show_a_query(server: Server, logged: Callable[[], str]) -> None:
    """A page of Jupyter's own leaves in the log what the search above looks for."""
    server.ask(f"{BASE}login?{QUERY}")
    assert "CR-C4nary" in logged()


def test_the_page_loads_nothing_from_elsewhere() -> None:
    page = (HERE / "callback.html").read_text()
    assert not re.search(
        r"https?:|//\w|\bsrc=|\bhref=|@import|url\(", re.sub(r"^\s*//.*$", "", page, flags=re.MULTILINE)
    )
    assert not re.search(r"\son\w+=|\sstyle=|innerHTML|eval|document\.write|console\.|Storage|\"\*\"", page)
