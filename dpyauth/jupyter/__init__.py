"""Jupyter server extension that serves the callback page of a browser sign-in.

It serves one page, ``dpyauth/callback``, in the language that the browser prefers. The page is under the base URL of
the server, so it also works on JupyterHub and Binder. If an app is registered at Deriv with that address, such as
``https://hub.example.org/user/jane/dpyauth/callback``, Deriv sends the browser back to it. The page passes the query
on, in this order:

- To the window that opened it, if that has the same origin, by messages (``postMessage``, with that origin only):

      page   -> opener   {dpyauth: "callback-ready"}
      opener -> page     {dpyauth: "nonce", nonce}           16 to 128 letters, digits, "-" and "_"
      page   -> opener   {dpyauth: "result", nonce, query}   once; then the page closes itself

  The opener must check that ``event.origin`` is its own, that ``event.source`` is the window it opened, and that the
  nonce in the result is the one it sent. Without these checks, any page could pass in a sign-in of its own.
- To the user, who copies the address with a button and pastes it into the sign-in panel.

The query contains the tokens or the code, so the server drops it: neither its log nor the page contains any of it.
Anything between browser and server, such as the proxy of a hub, may still log addresses.
The browser keeps the address in its history. With a query, the page is sent with status 404, because browsers do not
suggest the address of a page that failed.
"""

from __future__ import annotations

import re
import string
from typing import Any
from urllib.parse import unquote


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "dpyauth.jupyter"}]


def _load_jupyter_server_extension(server: Any) -> None:
    from jupyter_server.utils import url_path_join

    from dpyauth.jupyter.callback import CallbackHandler

    app = server.web_app
    # Match with and without the slash at the end. Otherwise the server would redirect one to the other, and log the
    # address with the tokens in it.
    pattern = _either_way(url_path_join(app.settings["base_url"], "dpyauth", "callback")) + "/?"
    app.add_handlers(".*$", [(pattern, CallbackHandler)])


def _either_way(path: str) -> str:
    """Return a pattern that matches a path with its letters written plainly or percent-encoded, such as ``%40``.

    JupyterHub may use ``/user/jane@example.org/``, but a redirect URL at Deriv can only be
    ``/user/jane%40example.org/``.
    """
    return "".join(letter if letter in _AS_IT_IS else _either(letter) for letter in unquote(path))


def _either(letter: str) -> str:
    coded = "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "replace"))
    return f"(?:{re.escape(letter)}|(?i:{coded}))"


_AS_IT_IS = frozenset(string.ascii_letters + string.digits + "/")
