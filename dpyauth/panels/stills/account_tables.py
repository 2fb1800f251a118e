"""Write the stills of the sign-in panel and of the account switcher."""

from __future__ import annotations

from dpyauth.panels.stills.markup import View, colour, grid, heading, kinds, line, notice, pairs, sandbox, still
from dpyauth.texts import Words, listed


def sign_in(view: View, words: Words, otherwise: str) -> str:
    """Return the account in use, or how to sign in; ``otherwise`` says how to do that without a panel."""
    account = view["account"]
    if view["ended"]:
        return still(words, [heading(words["title"], sandbox(view, words)), line(view["ended"])])
    if account is None:
        told = [*notice(view), line(words["still_out"]), *map(line, otherwise.splitlines())]
        return still(words, [heading(words["title"], sandbox(view, words)), *told])
    scopes = listed((f"{light['symbol']} {light['text']}".strip() for light in view["scopes"]), words["lang"])
    facts = [
        (words["still_account"], " ".join(filter(None, (account["loginid"], account["currency"])))),
        (words["still_scopes"], scopes),
    ]
    parts = [heading(words["title_in"], kinds(view, words)), pairs(facts), *notice(view)]
    if len(view["accounts"]) > 1:
        parts.append(_accounts(view, words))
    return still(words, parts, colour(view))


def switcher(view: View, words: Words) -> str:
    """Return the accounts with their balances."""
    top = heading(words["switcher"], sandbox(view, words))
    if not view["accounts"]:
        empty = view["ended"] or words["signed_out_text"]
        return still(words, [top, *notice(view), line(empty)])
    more = [line(text) for text in (view["note"], view["hint"]) if text]
    return still(words, [top, *notice(view), _accounts(view, words), *more])


def _accounts(view: View, words: Words) -> str:
    heads = [words[name] for name in ("still_account", "still_kind", "still_balance", "still_use")]
    rows = [
        [
            entry["loginid"],
            words[entry["kind"]],
            " ".join(filter(None, (entry["balance"], entry["currency"] or words["no_currency"]))),
            listed(
                (
                    words[key]
                    for key, true in (("in_use", entry["current"]), ("inactive", entry["status"] == "inactive"))
                    if true
                ),
                words["lang"],
            ),
        ]
        for entry in view["accounts"]
    ]
    return grid(heads, rows, numbers=[2])
