"""Ask while the connection breaks: a line names what to ask, and one of JSON says what came of it.

"reads" asks several things at once, "change" buys, "refill" changes something over HTTP.
"""

import asyncio
import json
import sys

import dpyauth

session = dpyauth.login(ask=False)
session.call("ping")  # from here on the connection stands
print(json.dumps({"ready": session.loginid}), flush=True)


async def reads():
    asked = [session.aio.call("statement", limit=999) for _ in range(8)] + [session.aio.call("balance")]
    found = await asyncio.gather(*asked, return_exceptions=True)
    return [len(reply["statement"]["transactions"]) for reply in found[:-1]] + [found[-1]["balance"]["loginid"]]


def change(call, **fields):
    try:
        return {"error": None, "reply": session.call(call, **fields)}
    except dpyauth.DpyauthError as error:
        return {"error": type(error).__name__, "text": str(error)}


for line in sys.stdin:
    match line.strip():
        case "reads":
            said = asyncio.run(reads())
        case "change":
            said = change("buy", buy="1" * 32, price=10)
        case "refill":
            said = change("reset_demo_balance", account_id=session.loginid)
        case "events":
            said = session.events()["what"].tolist()
    print(json.dumps(said), flush=True)
session.close()
