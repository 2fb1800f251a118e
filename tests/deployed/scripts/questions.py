"""Ask everything that the guide's page of questions lists, on the API that DERIV_API names, and say what came.

usage: questions.py UNTIL [SERVER]
"""

import datetime
import json
import sys

import dpyauth

until = datetime.datetime.fromtimestamp(int(sys.argv[1]), datetime.UTC)
server = sys.argv[2] if len(sys.argv) > 2 else None
session = dpyauth.login(ask=False, server=server)
HOURS = dict(since=until - datetime.timedelta(hours=6), until=until)

# Named as in the guide, so that a test can see that none is missing.
FRAMES = {
    "account_status": lambda: session.account_status(account="all"),
    "account_status, detail": lambda: session.account_status(account="all", detail=True),
    "status_flags": lambda: session.status_flags(),
    "verification": lambda: session.verification(),
    "cashier_problems": lambda: session.cashier_problems(),
    "currencies": lambda: session.currencies(),
    "balance": lambda: session.balance(account="all"),
    "balance, decimal": lambda: session.balance(decimal=True),
    "accounts": lambda: session.accounts(),
    "statement": lambda: session.statement(account="all"),
    "statement, since": lambda: session.statement(since="2026-01-01"),
    "profit_table": lambda: session.profit_table(account="all"),
    "portfolio": lambda: session.portfolio(account="all"),
    "ticks": lambda: session.ticks("R_100", **HOURS),
    "candles": lambda: session.candles("R_100", "1min", since=until - datetime.timedelta(days=4), until=until),
    "candles, 1h": lambda: session.candles("R_100", "1h", since=until - datetime.timedelta(days=200), until=until),
    "limits": lambda: session.limits(),
    "settings": lambda: session.settings(reveal=True),
    "login_history": lambda: session.login_history(reveal=True),
    "api_tokens": lambda: session.api_tokens(),
    "apps": lambda: session.apps(),
    "mt5_accounts": lambda: session.mt5_accounts(),
    "trading_times": lambda: session.trading_times("2026-10-05"),
    "exchange_rates": lambda: session.exchange_rates("USD"),
    "landing_company": lambda: session.landing_company("id"),
    "site": lambda: session.site(),
    "wallets": lambda: session.wallets("USD"),
    "wallet_transactions": lambda: session.wallet_transactions(),
    "markup": lambda: session.markup(since="2026-09-01", until="2026-09-30"),
    "frame": lambda: session.frame("active_symbols", active_symbols="full"),
    "frame, asset_index": lambda: session.frame("asset_index"),
    "calls": lambda: session.calls(),
    "partial": lambda: session.partial,
}
CALLS = {
    "call": lambda: session.call("get_limits"),
    "call, statement": lambda: session.call("statement", limit=999, description=1),
    "call, profit_table": lambda: session.call("profit_table", limit=500, description=1),
    "call, ticks_history": lambda: session.call(
        "ticks_history", ticks_history="R_100", count=5000, end=str(int(until.timestamp()))
    ),
    "call, candles": lambda: session.call(
        "ticks_history", ticks_history="R_100", style="candles", granularity=60, count=5000, end=sys.argv[1]
    ),
    "call, trading_times": lambda: session.call("trading_times", trading_times="2026-10-05"),
    "call, active_symbols": lambda: session.call("active_symbols", active_symbols="full"),
    "call, get_account_status": lambda: session.call("get_account_status"),
    "call, get_accounts": lambda: session.call("get_accounts"),
    "call, legacy_statement": lambda: session.call("legacy_statement", loginid="CR900001", limit=999),
}
OTHERS = {
    "help": lambda: session.help("statement") or "printed",
    "can": lambda: session.can("buy"),
    "needs": lambda: session.needs("buy"),
    "migration": lambda: session.migration(),
    "nickname": lambda: session.nickname(),
    "card": lambda: str(session.card()),
}


async def awaited():
    """Ask three at once, as awaitables."""
    import asyncio

    names = ("balance", "accounts", "trading_times")
    found = await asyncio.gather(*(getattr(session.aio, name)() for name in names[:2]), session.aio.statement())
    return [shown(frame) for frame in found]


def shown(frame):
    if frame is None:
        return None
    index = not isinstance(frame.index, type(frame.reset_index(drop=True).index))
    return {"dtypes": [str(kind) for kind in frame.dtypes], "rows": len(frame), "csv": frame.to_csv(index=index)}


def plain(reply):
    size = len(json.dumps(reply))
    kept = {name: value for name, value in reply.items() if name not in ("req_id", "echo_req", "meta")}
    return {"size": size, "reply": kept}


def outcome(ask, show):
    try:
        return show(ask())
    except dpyauth.NotInThisApi as error:
        return {"not here": str(error)}
    except dpyauth.ApiError as error:
        return {"refused": error.code}


found = {name: outcome(ask, shown) for name, ask in FRAMES.items()}
if session.api == "options":
    session.use("ROT900001")  # which has more to tell
found |= {name: outcome(ask, plain) for name, ask in CALLS.items()}
found |= {name: outcome(ask, lambda value: value) for name, ask in OTHERS.items()}
import asyncio  # noqa: E402

found["aio"] = asyncio.run(awaited())
health = session.health()
found["health"] = {name: health[name] for name in ("state", "reconnects", "streams")}
found["events"] = session.events()["what"].tolist()
print()
print(json.dumps({"api": session.api, "account": session.loginid, "found": found}))
session.close()
