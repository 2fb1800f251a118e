"""An HTTP proxy that leads Deriv's own names to a sandbox on this machine, behind TLS.

What a client sees is the real thing: ``https://`` and ``wss://`` at Deriv's hosts, with certificates to check. How the
bytes are cut into TLS records is ours to choose, and every fault of `proxy.Passage` strikes them on their way.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import ssl
from pathlib import Path

from proxy import HOST, LARGEST, Passage, Proxy

DERIV = ("ws.derivws.com", "api.derivws.com", "oauth.deriv.com", "auth.deriv.com")
FULL = 2**14
"""The largest record there is, in bytes."""
PACKET = 1369
"""A record that fits in one packet, as servers send them that want each to be readable at once."""


class Front(Proxy):
    """A proxy for ``HTTPS_PROXY``. It knows Deriv's names and no others.

    Attributes
    ----------
    record : int
        How many bytes the server puts into a TLS record, at most.
    password : str
        ``name:password`` that the proxy wants; empty for none.
    present : str
        The name of the certificate to show in place of the right one, such as ``"expired"``.
    asked : list of tuple
        Host and port of everything that was asked for, in order.

    Examples
    --------
    >>> with Sandbox() as box, Front(box.port, certificates) as front:
    ...     os.environ["HTTPS_PROXY"] = front.address
    """

    def __init__(self, target: int, certificates: Path, *, record: int = FULL) -> None:
        super().__init__(target)
        self.certificates = certificates
        self.record = record
        self.password = ""
        self.present = ""
        self.asked: list[tuple[str, int]] = []

    @property
    def address(self) -> str:
        """Where the proxy is."""
        return f"http://{HOST}:{self.port}"

    @property
    def url(self) -> str:
        """Where Deriv is, for those who go through here."""
        return f"wss://{DERIV[0]}/websockets/v3"

    @property
    def refused(self) -> set[tuple[str, int]]:
        """What was asked for and is not Deriv's."""
        return {place for place in self.asked if place not in [(name, 443) for name in DERIV]}

    def _passage(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Passage:
        return Tunnel(self, number, reader, writer)


class Tunnel(Passage):
    """One client's tunnel, and the TLS server at the end of it."""

    def __init__(self, front: Front, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(number, reader, writer)
        self.host = ""
        self._front = front
        self._arrived, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()

    async def pass_through(self, port: int) -> None:
        """Grant a tunnel to one of Deriv's hosts, and be that host."""
        try:
            if self._opening is not None and await self._opening():
                return
            self._opening = None
            if not await self._connects():
                return
            context = _context(self._front.certificates / f"{self._front.present or self.host}.pem")
            self._tls = context.wrap_bio(self._arrived, self._leaving, server_side=True)
            await self._shake_hands()
        except (ConnectionError, ssl.SSLError):
            self.reset()
            return
        except asyncio.IncompleteReadError:
            return
        await super().pass_through(port)

    async def _connects(self) -> bool:
        """Read a request for a tunnel; say whether it is granted, to the client also."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, place, _ = head.split(" ", 2)
        host, _, port = place.rpartition(":")
        if method != "CONNECT":
            self._front.asked.append((place, 0))
            return self._answer("405 Method Not Allowed")
        self._front.asked.append((host, int(port)))
        if self._front.password and _basic(self._front.password) not in head:
            return self._answer("407 Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="Company"\r\n')
        if host not in DERIV or port != "443":
            return self._answer("403 Forbidden")
        self.host = host
        self._answer("200 Connection established")
        return True

    def _answer(self, status: str, more: str = "") -> bool:
        length = "" if status.startswith("200") else "Content-Length: 0\r\n"
        self._writer.write(f"HTTP/1.1 {status}\r\n{more}{length}\r\n".encode())
        return False

    async def _shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._send()
                self._arrived.write(await self._more())
            except ssl.SSLError:
                await self._send()  # the alert that says why
                raise
            else:
                await self._send()
                return

    async def _more(self) -> bytes:
        while data := await self._reader.read(LARGEST):
            if not self._deaf:
                return data
        raise ConnectionResetError

    async def _send(self) -> None:
        """Send what TLS has made, in one piece, so that several records come together."""
        if data := self._leaving.read():
            await self._spoil(data)

    async def _up(self) -> None:
        assert self._upstream is not None
        while True:
            while data := self._decrypted():
                self._upstream.write(data)
            await self._upstream.drain()
            if data is None:
                return
            await self._send()
            data = await self._reader.read(LARGEST)
            if not data:
                return
            if not self._deaf:
                self._arrived.write(data)

    def _decrypted(self) -> bytes | None:
        """Return what has come; nothing where there is no more, and None at the end."""
        try:
            return self._tls.read(LARGEST) or None
        except ssl.SSLWantReadError:
            return b""
        except ssl.SSLError:
            return None

    async def _down(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(LARGEST):
            for start in range(0, len(data), self._front.record):
                self._tls.write(data[start : start + self._front.record])
            await self._send()
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            pass  # the client has not said goodbye yet
        await self._send()


def _basic(password: str) -> str:
    return f"Proxy-Authorization: Basic {base64.b64encode(password.encode()).decode()}\r\n"


@functools.lru_cache(maxsize=16)
def _context(path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
