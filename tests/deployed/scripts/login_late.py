"""Set a variable as one does in a notebook that is open already, and then sign in.

usage: login_late.py VARIABLE VALUE
"""

import json
import os
import sys

import dpyauth

os.environ[sys.argv[1]] = sys.argv[2]

session = dpyauth.login(ask=False)
print(json.dumps({"error": None, "account": session.loginid}))
session.close()
