"""Run a script as `python script.py` does, and see to it that nothing leaves this machine but through the proxy."""

import os
import runpy
import socket
import sys

HERE = {"127.0.0.1", "::1", "localhost", "", None}
UNKNOWN = os.environ.get("UNKNOWN", "").split()
"""Names that may be looked up, in vain."""


def watch(event, arguments):
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else ""
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host in UNKNOWN and event == "socket.getaddrinfo":
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    if host not in HERE:
        print(f"NOT BY THE PROXY: {event} {host}", file=sys.stderr, flush=True)
        raise OSError("only the proxy may be reached here")


sys.addaudithook(watch)
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
