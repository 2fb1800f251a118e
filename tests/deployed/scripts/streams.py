"""Follow a price and the balance; say each update, until a line comes in."""

import json
import os
import sys
import threading
import traceback

import dpyauth

session = dpyauth.login(ask=False)
saying = threading.Lock()
over = threading.Event()


def follow(call, **fields):
    with session.stream(call, **fields) as stream:
        while not over.is_set():
            try:
                update = stream.next(timeout=1)
            except dpyauth.CallTimeout:
                continue
            with saying:
                print(json.dumps({"stream": call, "update": update}, default=str), flush=True)


def give_up(failed):
    traceback.print_exception(failed.exc_value)
    os._exit(1)


threading.excepthook = give_up
followers = [
    threading.Thread(target=follow, args=["ticks"], kwargs={"ticks": "R_100"}),
    threading.Thread(target=follow, args=["balance"]),
]
for follower in followers:
    follower.start()
sys.stdin.readline()
over.set()
for follower in followers:
    follower.join()
print(json.dumps({"stream": "", "streams": session.health()["streams"], "events": session.events()["what"].tolist()}))
session.close()
