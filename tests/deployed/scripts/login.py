"""Sign in, ask something small and something large, and say what came of it.

usage: login.py [ARGUMENTS OF login() AS JSON]
"""

import json
import sys
import time

import dpyauth

arguments = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
said = {"error": None, "kinds": [], "text": ""}
began = time.monotonic()
try:
    session = dpyauth.login(ask=False, **arguments)
    said |= {"seconds": time.monotonic() - began, "api": session.api, "account": session.loginid}
    said["balance"] = session.balance()["balance"].item()
    said["rows"] = len(session.statement())
    said["accounts"] = session.accounts()["loginid"].tolist()
    session.close()
except dpyauth.DpyauthError as error:
    kinds = [kind.__name__ for kind in type(error).mro()]
    said |= {"seconds": time.monotonic() - began, "error": kinds[0], "kinds": kinds, "text": str(error)}
print(json.dumps(said))
