"""Test the listener over real sockets: with the browser it waits for, and with any other client."""

from __future__ import annotations

import asyncio
import errno
import http.client
import logging
import os
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from dpyauth import _forks
from dpyauth.credentials import Secret
from dpyauth.errors import ListenerFailed, RedirectRefused
from dpyauth.oauth import listener as module
from dpyauth.oauth.implicit import Grant, parse
from dpyauth.oauth.listener import Listener

STATE = "st4te-of-this-sign-in"
TOKEN = "a1-c4naryc4nary"
RIGHT = f"/callback?acct1=CR1&token1={TOKEN}&cur1=usd&state={STATE}"
PATIENCE = 10.0
create_server = socket.create_server


def has_ipv6() -> bool:
    try:
        create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


HAS_IPV6 = has_ipv6()

Answer = tuple[int, dict[str, str], str]


def accept(query: Secret) -> tuple[Grant, ...]:
    return parse(query, state=Secret(STATE), pasted=False)


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    yield
    assert not running()


def running() -> list[threading.Thread]:
    """Return the threads of listeners."""
    return [thread for thread in threading.enumerate() if thread.name == "dpyauth-listener"]


def wait_for_its_end() -> None:
    for thread in running():
        thread.join(PATIENCE)
    assert not running()


@pytest.fixture
def listen() -> Iterator[Callable[..., Listener]]:
    """Return a function that opens listeners; they are closed afterwards."""
    with ExitStack() as opened:
        yield lambda url="http://127.0.0.1:0/callback", timeout=PATIENCE: opened.enter_context(
            Listener(url, accept, timeout)
        )


@pytest.fixture
def held() -> Iterator[Listener]:
    """Open a listener that keeps the browser waiting for its page longer than a test waits for anything."""
    with Listener("http://127.0.0.1:0/callback", accept, hold=6 * PATIENCE) as listener:
        yield listener


@pytest.fixture
def one(listen: Callable[..., Listener]) -> Listener:
    return listen()


def port(listener: Listener) -> int:
    return int(listener.url.split(":")[-1].split("/")[0])


def ask(listener: Listener, target: str, method: str = "GET", address: str = "127.0.0.1", **headers: str) -> Answer:
    connection = http.client.HTTPConnection(address, port(listener), timeout=PATIENCE)
    connection.putrequest(method, target, skip_host=True)
    for name, value in {"Host": listener.url.split("/")[2], **headers}.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, dict(answer.headers), body


def raw(listener: Listener, sent: bytes) -> bytes:
    """Return the whole answer to these bytes."""
    with socket.create_connection(("127.0.0.1", port(listener)), timeout=PATIENCE) as connection:
        connection.sendall(sent)
        heard = b""
        while more := connection.recv(65_536):
            heard += more
    return heard


def is_cut_off(connection: socket.socket) -> bool:
    """Return whether the other side closes the connection in any way without sending anything."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def come_back(listener: Listener, target: str = RIGHT) -> str:
    """Return as a browser does; return the text of the page it ends at."""
    status, headers, _ = ask(listener, target)
    assert status == 303
    assert headers["Location"] == "/callback"
    status, _, body = ask(listener, headers["Location"])
    assert status == 404  # browsers do not suggest addresses that answered with an error
    return body


def accounts(future: Future[Any]) -> list[tuple[str, str, str]]:
    return [(grant.loginid, grant.token.reveal(), grant.currency) for grant in future.result(PATIENCE)]


def test_the_awaited_answer(one: Listener) -> None:
    assert "Sign-in received" in come_back(one)
    assert accounts(one.future) == [("CR1", TOKEN, "USD")]


SHOWN = {
    "en-GB,en;q=0.9": ("en", "You are not signed in yet", "Sign-in received"),
    "es-MX,es;q=0.9,en;q=0.1": ("es", "Aún no has iniciado sesión", "Inicio de sesión recibido"),
    "de,fr;q=0.5": ("fr", "Vous n&#x27;êtes pas encore connecté", "Connexion reçue"),
    "pt": ("pt-BR", "Você ainda não fez login", "Login recebido"),
    "fr;q=nan": ("en", "You are not signed in yet", "Sign-in received"),
    '"><script>alert(1)</script>': ("en", "You are not signed in yet", "Sign-in received"),
    "xx-%s, " * 5000: ("en", "You are not signed in yet", "Sign-in received"),
}
"""Header of the browser: the language of the pages, and their titles."""


@pytest.mark.parametrize("accepted", SHOWN, ids=lambda header: header[:20])
def test_pages_speak_the_language_that_the_browser_prefers(accepted: str, one: Listener) -> None:
    language, waiting, received = SHOWN[accepted]
    headers = {"Accept-Language": accepted}
    page = ask(one, "/callback", **headers)[2]
    assert f'<html lang="{language}" dir="ltr">' in page
    assert f"<h1>{waiting}</h1>" in page
    assert ask(one, RIGHT, **headers)[0] == 303
    page = ask(one, "/callback", **headers)[2]
    assert f"<h1>{received}</h1>" in page
    assert "script" not in page


def test_nothing_listens_once_it_is_over(one: Listener) -> None:
    come_back(one)
    one.future.result(PATIENCE)
    wait_for_its_end()
    with pytest.raises(ConnectionRefusedError):
        ask(one, "/callback")


@contextmanager
def coming_back(listener: Listener, target: str = RIGHT) -> Iterator[socket.socket]:
    """Start a browser that waits for the answer."""
    with socket.create_connection(("127.0.0.1", port(listener)), timeout=PATIENCE) as window:
        window.sendall(f"GET {target} HTTP/1.1\r\nHost: {listener.url.split('/')[2]}\r\n\r\n".encode())
        yield window


def is_unanswered(window: socket.socket) -> bool:
    window.setblocking(False)
    try:
        window.recv(1)
    except BlockingIOError:
        return True
    return False


def test_a_window_that_is_closed_gets_no_answer(held: Listener) -> None:
    """The browser keeps nothing, and the result is delivered before."""
    with coming_back(held) as window:
        assert accounts(held.future) == [("CR1", TOKEN, "USD")]
        assert is_unanswered(window)
        assert "Nothing" not in ask(held, "/favicon.ico")[2]
        assert is_unanswered(window)
    wait_for_its_end()  # no browser will request the page any more


def test_a_refusal_waits_for_the_window_as_well(held: Listener) -> None:
    with coming_back(held, f"/callback?error=access_denied&state={STATE}") as window:
        with pytest.raises(RedirectRefused):
            held.future.result(PATIENCE)
        assert is_unanswered(window)


@pytest.mark.parametrize("target", [RIGHT.split("&state")[0], RIGHT.replace(STATE, "other"), "/callback", "/favicon"])
def test_all_other_requests_are_answered_at_once(held: Listener, target: str) -> None:
    assert ask(held, target)[0] in (303, 404)
    assert not held.future.done()


def test_a_window_that_nobody_closes_gets_its_page() -> None:
    with Listener("http://127.0.0.1:0/callback", accept, hold=0.05) as one:
        assert "Sign-in received" in come_back(one)
        assert accounts(one.future) == [("CR1", TOKEN, "USD")]


@pytest.mark.parametrize("how", ["future", "cancel"])
def test_the_result_is_available_before_the_page_is_sent(how: str) -> None:
    """The browser still gets its page."""
    with Listener("http://127.0.0.1:0/callback", accept, hold=0.05) as one, coming_back(one) as window:
        assert accounts(one.future) == [("CR1", TOKEN, "USD")]
        {"future": one.future.cancel, "cancel": one.cancel}[how]()
        assert window.recv(100).startswith(b"HTTP/1.1 303 ")


def test_closing_while_a_browser_waits(held: Listener) -> None:
    with coming_back(held) as window:
        held.future.result(PATIENCE)
        held.close()
        assert not running()
        assert is_cut_off(window)


def test_a_browser_that_never_fetches_the_last_page(one: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE", 0.05)
    assert ask(one, RIGHT)[0] == 303
    assert accounts(one.future) == [("CR1", TOKEN, "USD")]


def test_a_callback_may_close_the_listener(one: Listener) -> None:
    closed = threading.Event()
    one.future.add_done_callback(lambda _: (one.close(), closed.set()))
    come_back(one)
    assert closed.wait(PATIENCE)


@pytest.mark.parametrize(
    "noise", ["/favicon.ico", "/", "/callback/", "/callbac", "//callback", "/CALLBACK", "/x" + RIGHT]
)
def test_other_paths_change_nothing(one: Listener, noise: str) -> None:
    assert ask(one, noise)[0] == 404
    assert ask(one, f"http://evil.example{RIGHT}")[0] == 404
    assert "Sign-in received" in come_back(one)


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "DELETE", "OPTIONS", "get", "CONNECT"])
def test_other_methods_change_nothing(one: Listener, method: str) -> None:
    status, headers, body = ask(one, RIGHT, method)
    assert (status, headers["Allow"], body) == (405, "GET", "")
    assert not one.future.done()
    assert "Sign-in received" in come_back(one)


def test_a_form_with_a_body_gets_its_answer(one: Listener) -> None:
    head = f"POST {RIGHT} HTTP/1.1\r\nHost: 127.0.0.1:{port(one)}\r\nContent-Length: 1000000\r\n\r\n"
    # The body is read to its end, so that the answer is not lost.
    assert raw(one, head.encode() + b"x" * 1_000_000).startswith(b"HTTP/1.1 405 ")
    assert "Sign-in received" in come_back(one)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1:{port}.evil.example",
        "localhost:{port}",
        "127.0.0.1.:{port}",
        "0.0.0.0:{port}",
        "2130706433:{port}",
        "user@127.0.0.1:{port}",
        "[::1]:{port}",
        "",
    ],
)
def test_other_host_names_for_this_address(one: Listener, host: str) -> None:
    status, _, body = ask(one, RIGHT, Host=host.format(port=port(one)))
    assert (status, body) == (421, "")
    assert not one.future.done()
    assert "Sign-in received" in come_back(one)


def test_a_missing_and_a_repeated_host_header(one: Listener) -> None:
    host = f"Host: 127.0.0.1:{port(one)}\r\n"
    for hosts in ("", host * 2, f"{host}Host: evil.example\r\n", f"X-{host}"):
        assert raw(one, f"GET {RIGHT} HTTP/1.1\r\n{hosts}\r\n".encode()).startswith(b"HTTP/1.1 400 ")
    assert raw(one, f"GET {RIGHT} HTTP/1.1\r\nhOST:127.0.0.1:{port(one)}\r\n\r\n".encode()).startswith(b"HTTP/1.1 303 ")


@pytest.mark.parametrize(
    "sent", ["GET\r\n\r\n", "GET /callback\r\n\r\n", "\x16\x03\x01\r\n\r\n", "GET /callback x y\r\n\r\n"]
)
def test_what_is_not_http(one: Listener, sent: str) -> None:
    assert raw(one, sent.encode()).startswith(b"HTTP/1.1 400 ")
    assert "Sign-in received" in come_back(one)


def test_an_endless_head_is_cut_off(one: Listener) -> None:
    with socket.create_connection(("127.0.0.1", port(one)), timeout=PATIENCE) as endless:
        try:
            endless.sendall(b"GET /callback HTTP/1.1\r\n" + b"X: y\r\n" * 100_000)
        except ConnectionError:
            pass
        assert is_cut_off(endless)
    assert "Sign-in received" in come_back(one)


def test_a_silent_client_is_cut_off_and_delays_no_other(
    listen: Callable[..., Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    one = listen()
    with socket.create_connection(("127.0.0.1", port(one)), timeout=PATIENCE) as silent:
        silent.sendall(b"GET ")
        assert is_cut_off(silent)
    with socket.create_connection(("127.0.0.1", port(one)), timeout=PATIENCE):
        assert "Sign-in received" in come_back(one)


@pytest.mark.parametrize("state", ["x", STATE[:-1], STATE.upper(), "%FF"])
def test_an_answer_to_another_sign_in(one: Listener, state: str) -> None:
    assert "You are not signed in yet" in come_back(one, RIGHT.replace(STATE, state))
    assert "You are not signed in yet" in come_back(one, f"/callback?error=access_denied&state={state}")
    assert not one.future.done()
    assert "Sign-in received" in come_back(one)


@pytest.mark.parametrize("target", [RIGHT.split("&state")[0], RIGHT.split(STATE)[0], "/callback?error=access_denied"])
def test_an_answer_without_state_has_to_be_pasted(one: Listener, target: str) -> None:
    status, headers, body = ask(one, target)
    assert (status, "Location" in headers) == (404, False)
    assert "paste" in body
    assert TOKEN not in body
    assert not one.future.done()
    assert "Sign-in received" in come_back(one)


@pytest.mark.parametrize(
    "target",
    [
        "/callback?",
        "/callback?x=y",
        f"/callback?state={STATE}",
        "/callback?" + "&" * 600,
        "/callback?state=a&state=b",
        "/callback?error=a&error=b",
        "/callback?token1=a&token1=b",
        "/callback?" + "x" * 60_000,
    ],
)
def test_an_unrelated_query(one: Listener, target: str) -> None:
    assert "You are not signed in yet" in come_back(one, target)
    assert "Sign-in received" in come_back(one)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("error=access_denied", "access_denied"),
        ("error=server_error", "server_error"),
        ("acct1=CR1&token1=.", "damaged"),
    ],
)
def test_no_access(one: Listener, query: str, code: str) -> None:
    assert "No access" in come_back(one, f"/callback?{query}&state={STATE}")
    with pytest.raises(RedirectRefused) as refused:
        one.future.result(PATIENCE)
    assert refused.value.code == code


def test_only_the_first_answer_counts(one: Listener) -> None:
    assert ask(one, RIGHT)[0] == 303
    for other in (RIGHT.replace("CR1", "CR2"), f"/callback?error=access_denied&state={STATE}"):
        assert ask(one, other)[0] == 303
    come_back(one, RIGHT.replace("CR1", "CR3"))
    assert accounts(one.future) == [("CR1", TOKEN, "USD")]


def test_headers_of_every_answer(one: Listener) -> None:
    answers = [
        ask(one, "/favicon.ico"),
        ask(one, "/callback", "POST"),
        ask(one, "/callback", Host="x"),
        ask(one, "/callback"),
        ask(one, "/callback?acct1=CR1&token1=x"),
        ask(one, RIGHT),
        ask(one, "/callback"),
    ]
    assert [status for status, _, _ in answers] == [404, 405, 421, 404, 404, 303, 404]
    for _, headers, body in answers:
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["Connection"] == "close"
        assert int(headers["Content-Length"]) == len(body.encode())
        assert "Server" not in headers
        assert "Set-Cookie" not in headers
        assert "CR1" not in body


def test_time_out(listen: Callable[..., Listener]) -> None:
    one = listen(timeout=0.05)
    with pytest.raises(ListenerFailed, match=r"timed out.*paste"):
        one.future.result(PATIENCE)


@pytest.mark.parametrize("how", ["cancel", "close", "future"])
def test_cancelling(one: Listener, how: str) -> None:
    with socket.create_connection(("127.0.0.1", port(one)), timeout=PATIENCE) as silent:
        assert "You are not signed in yet" in ask(one, "/callback")[2]
        {"cancel": one.cancel, "close": one.close, "future": one.future.cancel}[how]()
        with pytest.raises(CancelledError):
            one.future.result(PATIENCE)
        wait_for_its_end()
        assert is_cut_off(silent)
    with pytest.raises(ConnectionRefusedError):
        ask(one, "/callback")
    one.close()


def test_cancelling_at_any_moment(listen: Callable[..., Listener]) -> None:
    for _ in range(50):
        listen().close()


def test_cancelling_after_an_answer(one: Listener) -> None:
    assert ask(one, RIGHT)[0] == 303
    one.close()
    assert one.future.cancelled()


def test_a_port_that_is_taken(one: Listener) -> None:
    with pytest.raises(ListenerFailed, match=r"another program is using it.*[Pp]aste"):
        Listener(one.url, accept)


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.EACCES, "administrator rights"), (errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))],
)
def test_a_port_that_is_not_permitted(monkeypatch: pytest.MonkeyPatch, number: int, reason: str) -> None:
    asked: list[tuple[str, int]] = []

    def refuse(address: tuple[str, int], **_: Any) -> socket.socket:
        asked.append(address)
        raise OSError(number, "no")

    monkeypatch.setattr(socket, "create_server", refuse)
    with pytest.raises(ListenerFailed, match=reason):
        Listener("http://localhost/callback", accept)
    assert asked == [("127.0.0.1", 80)]


def ipv6_answering(number: int, kept: list[socket.socket]) -> Callable[..., socket.socket]:
    """Leave IPv4 as it is, and let IPv6 fail like this."""

    def listen(address: tuple[str, int], **how: Any) -> socket.socket:
        if address[0] == "::1":
            raise OSError(number, "no")
        kept.append(create_server(address, **how))
        return kept[-1]

    return listen


def test_localhost_in_both_families(listen: Callable[..., Listener]) -> None:
    one = listen("http://localhost:0/callback")
    if HAS_IPV6:
        assert "You are not signed in yet" in ask(one, "/callback", address="::1")[2]
    assert ask(one, "/callback", Host=f"127.0.0.1:{port(one)}")[0] == 421
    assert "Sign-in received" in come_back(one)


def test_localhost_without_ipv6(monkeypatch: pytest.MonkeyPatch, listen: Callable[..., Listener]) -> None:
    monkeypatch.setattr(socket, "create_server", ipv6_answering(errno.EAFNOSUPPORT, []))
    assert "Sign-in received" in come_back(listen("http://localhost:0/callback"))


def test_localhost_with_one_family_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[socket.socket] = []
    monkeypatch.setattr(socket, "create_server", ipv6_answering(errno.EADDRINUSE, kept))
    with pytest.raises(ListenerFailed, match="another program is using it"):
        Listener("http://localhost:0/callback", accept)
    assert kept[0].fileno() == -1


@pytest.mark.skipif(not HAS_IPV6, reason="no IPv6 on this machine")
def test_the_other_address_of_this_machine(listen: Callable[..., Listener]) -> None:
    one = listen("http://[::1]:0/callback")
    assert ask(one, RIGHT, address="::1")[0] == 303


def test_the_listener_is_not_reachable_from_other_machines(one: Listener) -> None:
    socket.create_server(("127.0.0.2", port(one))).close()  # listens at 127.0.0.1 only


@pytest.mark.parametrize(
    ("url", "path"),
    [("http://127.0.0.1:0", "/"), ("http://127.0.0.1:0/", "/"), ("http://127.0.0.1:0/a b/ß%20", "/a%20b/%C3%9F%20")],
)
def test_paths(listen: Callable[..., Listener], url: str, path: str) -> None:
    one = listen(url)
    assert one.url == f"http://127.0.0.1:{port(one)}{path}"
    assert "You are not signed in yet" in ask(one, path)[2]


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost/callback",
        "http://example.com/callback",
        "http://127.0.0.1.example.com/",
        "http://0.0.0.0/",
        "http://user@localhost/",
        "http://localhost:x/",
        "http://localhost:70000/",
        "http://[::1/",
        f"http://localhost/?token1={TOKEN}",
        f"http://localhost/#token1={TOKEN}",
        "myapp://callback",
        "localhost",
        "",
    ],
)
def test_urls_of_other_machines(url: str) -> None:
    with pytest.raises(ListenerFailed, match="Paste") as failed:
        Listener(url, accept)
    assert TOKEN not in str(failed.value)


def test_port_80_needs_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    real: list[int] = []

    class Eighty(socket.socket):
        """A socket that claims to be at port 80."""

        def getsockname(self) -> tuple[str, int]:
            real.append(super().getsockname()[1])
            return ("127.0.0.1", 80)

    def listen(address: tuple[str, int], **how: Any) -> socket.socket:
        assert address == ("127.0.0.1", 80)
        return Eighty(fileno=create_server(("127.0.0.1", 0), **how).detach())

    def status(host: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", real[0], timeout=PATIENCE)
        connection.request("GET", "/callback?", headers={"Host": host})
        with connection.getresponse() as answer:
            connection.close()
            return answer.status

    monkeypatch.setattr(socket, "create_server", listen)
    with Listener("http://127.0.0.1/callback", accept) as one:
        assert one.url == "http://127.0.0.1/callback"
        assert [status(host) for host in ("127.0.0.1", "127.0.0.1:80", "127.0.0.1:8080")] == [303, 303, 421]


def test_no_secret_anywhere(
    listen: Callable[..., Listener], caplog: pytest.LogCaptureFixture, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.NOTSET)
    caplog.set_level(logging.DEBUG, logger="asyncio")
    caplog.set_level(logging.DEBUG, logger="tornado")

    def talkative(made: Any = _forks.new_event_loop) -> asyncio.AbstractEventLoop:
        loop = made()
        loop.set_debug(True)
        loop.slow_callback_duration = 0
        return loop

    monkeypatch.setattr(_forks, "new_event_loop", talkative)
    one = listen()
    ask(one, RIGHT.replace(STATE, "other"))
    raw(one, f"GET {RIGHT} HTTP/1.1\r\nReferer: {RIGHT}\x00\r\n\r\n".encode())
    raw(one, f"GET {RIGHT}\x00 \xff HTTP/9\r\nReferer: {RIGHT}\r\n\r\n".encode("latin-1"))
    ask(one, RIGHT, "POST", Referer=RIGHT, Cookie=TOKEN)
    ask(one, f"/callback?acct1=CR1&token1={TOKEN}.&state={STATE}")
    ask(one, "/callback")
    with pytest.raises(RedirectRefused) as refused:
        one.future.result(PATIENCE)
    one.close()
    told = "".join(traceback.TracebackException.from_exception(refused.value, capture_locals=True).format())
    shown = [told, repr(one), str(vars(one)), str(vars(refused.value)), *capfd.readouterr()]
    shown += [f"{record.getMessage()} {vars(record)}" for record in caplog.records]
    for text in shown:
        text = text.replace(repr(TOKEN), "").replace(repr(RIGHT), "").replace(repr(STATE), "")  # of this file itself
        assert "c4nary" not in text
        assert "st4te" not in text
    assert caplog.records  # asyncio did log something
