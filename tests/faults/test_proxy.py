"""The fault proxy does to bytes what it says."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import certificates as certs
import pytest
from front import DERIV, Front
from proxy import HOST, Proxy

SECONDS = 5.0
QUIET = 0.2
"""How long nothing must come before it counts as silence."""


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it gets."""
    server = socket.create_server((HOST, 0))
    workers: list[threading.Thread] = []

    def answer(client: socket.socket) -> None:
        with client:
            try:
                while data := client.recv(65_536):
                    client.sendall(data)
            except OSError:
                pass

    def serve() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            workers.append(threading.Thread(target=answer, args=(client,), daemon=True))
            workers[-1].start()

    acceptor = threading.Thread(target=serve, daemon=True)
    acceptor.start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    for thread in (acceptor, *workers):
        thread.join(SECONDS)
        assert not thread.is_alive()


@pytest.fixture
def proxy(echo: int) -> Iterator[Proxy]:
    with Proxy(echo) as proxy:
        yield proxy


Dial = Callable[[], socket.socket]


@pytest.fixture
def dial(proxy: Proxy) -> Iterator[Dial]:
    opened: list[socket.socket] = []

    def connect() -> socket.socket:
        opened.append(socket.create_connection((HOST, proxy.port), SECONDS))
        return opened[-1]

    yield connect
    for client in opened:
        client.close()


@pytest.fixture
def client(dial: Dial) -> socket.socket:
    """A connection that works."""
    client = dial()
    assert exchange(client, b"hello") == b"hello"
    return client


def exchange(client: socket.socket, data: bytes) -> bytes:
    client.sendall(data)
    return read(client, len(data))


def read(client: socket.socket, count: int) -> bytes:
    """So many bytes, or those before the end."""
    data = b""
    while len(data) < count and (more := client.recv(count - len(data))):
        data += more
    return data


def is_silent(client: socket.socket) -> bool:
    client.settimeout(QUIET)
    try:
        return client.recv(1) is None
    except TimeoutError:
        return True
    finally:
        client.settimeout(SECONDS)


def test_without_faults_it_only_carries(client: socket.socket) -> None:
    data = bytes(range(256)) * 4000
    sender = threading.Thread(target=client.sendall, args=(data,))
    sender.start()
    assert read(client, len(data)) == data
    sender.join(SECONDS)


def test_reset(client: socket.socket, proxy: Proxy) -> None:
    assert proxy.now("reset") == 1
    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_fin(client: socket.socket, proxy: Proxy) -> None:
    proxy.now("fin")
    assert client.recv(1) == b""


def test_half_open(client: socket.socket, proxy: Proxy) -> None:
    proxy.now("half_open")
    client.sendall(b"anybody?")
    assert is_silent(client)
    assert len(proxy.passages) == 1


def test_stall_lets_some_bytes_through(client: socket.socket, proxy: Proxy) -> None:
    proxy.now("stall", after=3)
    client.sendall(b"abcdef")
    assert read(client, 3) == b"abc"
    assert is_silent(client)


def test_truncate(client: socket.socket, proxy: Proxy) -> None:
    proxy.now("truncate", after=4)
    assert exchange(client, b"abcdef") == b"abcd"
    assert client.recv(1) == b""


def test_truncate_counts_over_several_pieces(client: socket.socket, proxy: Proxy) -> None:
    proxy.now("truncate", after=4)
    assert exchange(client, b"ab") == b"ab"
    assert exchange(client, b"cd") == b"cd"
    assert exchange(client, b"e") == b""


def test_garbage(client: socket.socket, proxy: Proxy) -> None:
    proxy.now("garbage", b"\xff\x00")
    assert read(client, 2) == b"\xff\x00"
    assert exchange(client, b"on it goes") == b"on it goes"


def test_bytewise(client: socket.socket, proxy: Proxy) -> None:
    proxy.now("bytewise")
    client.sendall(b"a" * 200)
    pieces = 0
    left = 200
    while left:
        left -= len(client.recv(left))
        pieces += 1
    assert pieces > 10


def test_delay(client: socket.socket, proxy: Proxy) -> None:
    proxy.now("delay", 3.0)
    client.sendall(b"late")
    assert is_silent(client)
    assert read(client, 4) == b"late"


def test_one_of_several(client: socket.socket, dial: Dial, proxy: Proxy) -> None:
    other = dial()
    assert exchange(other, b"me too") == b"me too"
    assert proxy.now("reset", only=proxy.passages[0]) == 1
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert exchange(other, b"still there") == b"still there"


def test_refuse_and_accept_again(client: socket.socket, dial: Dial, proxy: Proxy) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        dial()
    assert exchange(client, b"as before") == b"as before"
    proxy.accept()
    assert exchange(dial(), b"again") == b"again"


def test_status(dial: Dial, proxy: Proxy) -> None:
    proxy.next("status", 503, b"<p>down</p>")
    client = dial()
    client.sendall(b"GET / HTTP/1.1\r\n\r\n")
    answer = read(client, 1000)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert answer.endswith(b"\r\n\r\n<p>down</p>")
    assert exchange(dial(), b"only once") == b"only once"


def test_plain(dial: Dial, proxy: Proxy) -> None:
    proxy.next("plain")
    client = dial()
    client.sendall(b"\x16\x03\x01")
    assert read(client, 1000).startswith(b"HTTP/1.1 400 ")


def test_slow(dial: Dial, proxy: Proxy) -> None:
    proxy.next("slow", 3.0)
    client = dial()
    client.sendall(b"slow")
    assert is_silent(client)
    assert read(client, 4) == b"slow"


def test_silent(dial: Dial, proxy: Proxy) -> None:
    proxy.next("silent")
    client = dial()
    client.sendall(b"anybody?")
    assert is_silent(client)


def test_a_fault_from_the_first_byte_on(dial: Dial, proxy: Proxy) -> None:
    proxy.next("truncate", after=2)
    assert exchange(dial(), b"abc") == b"ab"


def test_no_server_behind_it(dial: Dial, proxy: Proxy) -> None:
    with socket.create_server((HOST, 0)) as unused:
        proxy.target = unused.getsockname()[1]
    with pytest.raises(ConnectionResetError):  # while it connects, or just after
        dial().recv(1)


def test_it_leaves_nothing_behind(echo: int) -> None:
    proxy = Proxy(echo)
    with proxy:
        client = socket.create_connection((HOST, proxy.port), SECONDS)
        assert exchange(client, b"hello") == b"hello"
        proxy.now("half_open")
    assert client.recv(1) == b""
    client.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "fault-proxy"]


def test_stopping_while_clients_connect_leaves_no_connection_open(echo: int) -> None:
    over = threading.Event()

    def knock(port: int) -> None:
        while not over.is_set():
            try:
                socket.create_connection((HOST, port), SECONDS).close()
            except OSError:
                pass

    for _ in range(5):
        over.clear()
        with Proxy(echo) as proxy:
            visitors = [threading.Thread(target=knock, args=(proxy.port,)) for _ in range(3)]
            for visitor in visitors:
                visitor.start()
            while proxy.accepted < 10:
                visitors[0].join(0.001)
        over.set()
        for visitor in visitors:
            visitor.join(SECONDS)
            assert not visitor.is_alive()
    gc.collect()  # what was left open complains now


CONNECT = f"CONNECT {DERIV[0]}:443 HTTP/1.1\r\n\r\n".encode()


@pytest.mark.parametrize("said", [b"", CONNECT], ids=["before the tunnel", "before the TLS handshake"])
def test_stopping_before_a_tunnel_is_open_leaves_no_connection_open(
    echo: int, tmp_path: Path, eventually: Callable[..., None], said: bytes
) -> None:
    certs.make(tmp_path)
    with Front(echo, tmp_path) as front:
        client = socket.create_connection((HOST, front.port), SECONDS)
        client.sendall(said)
        if said:
            assert b" 200 " in client.recv(1000)
        eventually(lambda: front.passages)
    assert client.recv(1000) == b""
    client.close()
    gc.collect()  # what was left open complains now
