"""Write what replies contain (dpyauth/catalog/v3_replies.json, options_replies.json) from the facts of Deriv's schemas.

    python tests/catalog/make_replies.py

The facts are kept in tests/schemas. The schemas do not say which integers are times, which numbers are money, or where
the rows of a reply are: the rules and tables below decide that. `dpyauth.sensitive` decides what is secret or personal.
The notation of the files is explained in `dpyauth.catalog.shapes`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from dpyauth import sensitive
from dpyauth.catalog.calls import load
from dpyauth.catalog.shapes import ENVELOPE

APIS = Path(__file__).parents[2] / "dpyauth" / "catalog"
sys.path.insert(0, str(Path(__file__).parents[1]))

from published import published  # noqa: E402

# Rules for whole numbers and numbers, by name
TIME = re.compile(r"(^|_)(time|date|epoch|timestamp|until|expiry|since)$|^date_|_at$|^next_.*attempt$|_next_request$")
COUNT = re.compile(r"(^|_)(id|count|hourly|minutely|digits|size|orders|barriers|required|copiers|leverage)$")
RATIO = re.compile(
    r"percent|_(rate|average|probability|period|rating)$|^(avg|commission)_|_commission$|profitable|^(timing|rating|"
    r"multiplier|call_type|pip|barriers|percentage|display_number_of_contracts|partner_eligibility_status)$"
)
# Exact numbers that are not money: prices of a market, rates, factors
EXACT = re.compile(
    r"(^|_)(spot|quote|tick|prices|open|high|low|close|rates?)$|^(bid|ask|(caution|profit)_price)$|^tick_size|"
    r"offset_limit$"
)
# Numbers that Deriv writes as text. Barriers are not numbers, since they may be relative to the price ("+0.1")
MONEY_TEXT = re.compile(
    r"(^|_)(price|amount|payout|profit|balance|balance_after|spot|quote|bid|ask|stake|turnover|commission|"
    r"daily_buy|daily_sell|daily_buy_limit|daily_sell_limit|withdrawal_limit|withdrawal_maximum|withdrawal_minimum|"
    r"min_withdrawal|max_withdrawal|max_payout|min_stake|max_stake)$"
)

SYMBOLS = "trading_times.trading_times.markets.[].submarkets.[].symbols.[]"

# Exceptions to the rules: call.path, with a star for any call
KINDS: dict[str, Any] = {
    "active_symbols.active_symbols.[].pip_size": "exact",  # the size itself, 0.001; elsewhere a number of decimals
    "active_symbols.active_symbols.[].spot_age": "number",
    "active_symbols.active_symbols.[].spot_percentage_change": "number",
    "active_symbols.active_symbols.[].spot_time": "time",
    "*.active": "flag",
    "*.required": "flag",
    "*.call_type": "count",
    f"{SYMBOLS}.times": {"open": {"[]": "text"}, "close": {"[]": "text"}, "settlement": "text"},
    f"{SYMBOLS}.events": {"[]": {"dates": "text", "descrip": "text"}},
    "app_markup_details.app_markup_details.transactions.[].transaction_time": "moment",
    "asset_index.asset_index.[]": {
        "()": {
            "symbol": "text",
            "name": "text",
            "contracts": {
                "[]": {"()": {"category": "text", "name": "text", "shortest": "text", "longest": "text"}},
            },
        }
    },
    "contracts_for.contracts_for.available.[].forward_starting_options.[].close": "time",
    "contracts_for.contracts_for.available.[].forward_starting_options.[].date": "time",
    "contracts_for.contracts_for.available.[].forward_starting_options.[].open": "time",
    "contracts_for.contracts_for.close": "time",
    "contracts_for.contracts_for.open": "time",
    "transaction.transaction.stop_loss": "money",
    "transaction.transaction.stop_out": "money",
    "*.ask_rate": "exact",
    "*.bid_rate": "exact",
    "*.spot_rate": "exact",
    "*.effective_rate": "exact",
    "copytrading_statistics.copytrading_statistics.trades_breakdown.{}": "number",  # percent of the trades
    "forget_all.forget_all.[]": "text",
    "get_settings.get_settings.fatca_declaration": "flag",
    "get_settings.get_settings.trading_hub": "flag",
    "*.max_payout": "money",
    "*.min_stake": "money",
    "payment_methods.payment_methods.[].deposit_limits.{}": {"min": "money", "max": "money"},
    "payment_methods.payment_methods.[].withdraw_limits.{}": {"min": "money", "max": "money"},
    "paymentagent_list.paymentagent_list.list.[].deposit_commission": "number",  # percent
    "paymentagent_list.paymentagent_list.list.[].withdrawal_commission": "number",
    "proposal.proposal.commission": "number",
    "ticks_batch.ticks_batch.[].change": "number",
    "trading_platform_status.trading_platform_status.[]": {"platform": "text", "status": ["active", "maintenance"]},
    **{f"{call}.created_at": "moment" for call in ("payment_agent_get.data", "payment_agent_list.data.[]")},
    **{f"reset_demo_balance.data.{name}": "moment" for name in ("created_at", "last_access_at")},
    "wallet_exchange_rate.data.exchange_rate": "exact",
    "wallet_list.data.[].balances.{}": {"": "money", **dict.fromkeys(("balance", "input", "output"), "money")},
    "*.approximate_total_balance": "money",
    "*.approximate_total_input": "money",
    "*.approximate_total_output": "money",
    "website_config.website_config.currencies_config.{}.transfer_between_accounts.fees.{}": "number",  # percent
    "website_status.website_status.currencies_config.{}.transfer_between_accounts.fees.{}": "number",
    "website_status.website_status.api_call_limits.max_proposal_subscription.max": "count",
    "website_status.website_status.api_call_limits.max_requestes_general.max": "count",
    "website_status.website_status.dxtrade_status.all": "flag",
    "website_status.website_status.dxtrade_status.demo": "flag",
    "website_status.website_status.dxtrade_status.real": "flag",
}

MIGRATION = ["complete", "pending", "failed", "not_applicable", "not_started"]

# Parts of replies that are added or replaced after all rules
PATCHES: dict[str, dict[str, Any]] = {
    "legacy_migration_status": {"data": {"status": MIGRATION}},  # some clients have seen it wrapped in "data"
    "paymentagent_create": {"paymentagent_create": "flag"},
    "ticks_history": {"history": {"||": {"times": "time", "prices": "exact"}}},
}

# The currency of replies that do not name it, in the notation of `dpyauth.catalog.shapes.Shape`. For a call with money
# that is missing here, Deriv does not say the currency, or says it per field (crypto_config has a field in US dollars
# beside one in the coin). Contracts are in their account's currency: `proposal` takes no other.
CURRENCY = {
    **dict.fromkeys(
        (
            "auto_get",
            "auto_list",
            "auto_pause",
            "auto_resume",
            "auto_start",
            "auto_stop",
            "buy",
            "cancel",
            "contract_update",
            "contract_update_history",
            "get_limits",
            "get_self_exclusion",
            "profit_table",
            "sell",
            "statement",
        ),
        "account",
    ),
    "contracts_for": "asked",
    "crypto_estimations": "key",
    "p2p_settings": "USD",
    "payment_agent_list": "asked",
    "proposal": "asked",
    "wallet_list": None,  # the balances of a wallet are by currency, and its total says which currency it is in
    "website_status": "",  # some in the currency of their key, some in US dollars
}
NAMED = re.compile(r"currenc(y|ies)(_code)?$|currcode$")  # names of fields that name a currency

# The place of the rows, where `find_rows` would not find them
ROWS = {
    "copytrading_list": "copytrading_list",
    "contracts_for": "contracts_for.available",
    "contracts_for_company": "contracts_for_company.available",
    "exchange_rates": "exchange_rates.rates",
    "landing_company_details": "landing_company_details",
    "health": "data",
    "legacy_migration_status": "status data",
    "legacy_statement": "transactions",
    "mt5_deposit": "",
    "partners_client_tags_check": "clients",
    "mt5_withdrawal": "",
    "paymentagent_transfer": "",
    "paymentagent_withdraw": "",
    "ticks_history": "history candles",
    "transfer_between_accounts": "",
    "unsubscribe_email": "",
    "wallet_transactions": "data.transactions",
}


def simplify(schema: Any, root: dict[str, Any], where: str) -> Any:
    """Return a schema fragment in the notation of the files."""
    while "$ref" in schema:
        schema = resolve(root, schema["$ref"])
    if (known := override(where)) is not None:
        return known
    alternatives = [simplify(one, root, where) for key in ("oneOf", "anyOf") for one in schema.get(key, ())]
    types = schema.get("type")
    types = types if isinstance(types, list) else [types]
    made = [_one(kind, schema, root, where) for kind in types if kind not in (None, "null")]
    if None in types and "properties" in schema:
        made.append(_one("object", schema, root, where))
    if alternatives:  # the type beside alternatives adds nothing to them
        made = [node for node in made if node not in ("any", {"{}": "any"})]
    result: Any = "any"
    for node in [*made, *alternatives]:
        result = merge(result, node)
    return result


def _one(kind: str, schema: dict[str, Any], root: dict[str, Any], where: str) -> Any:
    if kind == "array":
        return {"[]": simplify(schema.get("items", {}), root, f"{where}.[]")}
    if kind == "object":
        if schema.get("properties"):
            return {name: simplify(child, root, f"{where}.{name}") for name, child in schema["properties"].items()}
        patterns = list(schema.get("patternProperties", {}).values())
        if isinstance(schema.get("additionalProperties"), dict):
            patterns.append(schema["additionalProperties"])
        value: Any = "any"
        for child in patterns:
            value = merge(value, simplify(child, root, f"{where}.{{}}"))
        return {"{}": value}
    return leaf(kind, schema, where)


def leaf(kind: str, schema: dict[str, Any], where: str) -> Any:
    """Return the kind of a single value."""
    *_, parent, name = ["", *where.split(".")]
    name = parent if name in ("[]", "{}") else name
    options = [option for option in schema.get("enum", ()) if option is not None]
    secret = "!" if schema.get("sensitive") or sensitive.kind(name, where.split(".")[0]) else ""
    if kind == "boolean" or (options and set(options) <= {0, 1}):
        return "flag"
    if kind == "string":
        if options and not secret:
            return list(dict.fromkeys(option for option in options if option))
        if schema.get("format") == "date-time":
            return "moment"
        bare = not name.startswith("display_") and not name.endswith(("_display", "_display_value"))
        return f"{secret}{money(name) if bare and MONEY_TEXT.search(name) else 'text'}"
    if kind == "integer":
        call = where.split(".")[0]
        if where == f"{call}.{call}" and call != "time" and not options:
            return "flag"  # always 1 on success
        return f"{secret}{'time' if TIME.search(name) else 'count'}"
    if TIME.search(name):
        return f"{secret}time"
    return f"{secret}{'count' if COUNT.search(name) else 'number' if RATIO.search(name) else money(name)}"


def money(name: str) -> str:
    """Return the kind of an exact number."""
    return "exact" if EXACT.search(name) else "money"


def override(where: str) -> Any:
    """Return what the table says about a place."""
    return KINDS.get(where) or (KINDS.get(f"*.{where.rsplit('.')[-1]}") if where.count(".") > 1 else None)


def merge(one: Any, other: Any) -> Any:
    """Return the union of two shapes."""
    if one == other or other == "any":
        return one
    if one == "any":
        return other
    if isinstance(one, dict) and isinstance(other, dict):
        if "[]" in one or "[]" in other or "{}" in one or "{}" in other:
            if set(one) == set(other):
                return {key: merge(one[key], other[key]) for key in one}
            return one if "[]" in one or ("{}" not in one and "[]" not in other) else other
        return {key: merge(one.get(key, "any"), other.get(key, "any")) for key in {**one, **other}}
    if isinstance(one, dict) or isinstance(other, dict):
        branch, single = (one, other) if isinstance(one, dict) else (other, one)
        return branch if "[]" in branch or "{}" in branch else {"": single, **branch}
    if isinstance(one, list) and isinstance(other, list):
        return [*one, *(value for value in other if value not in one)]
    if isinstance(one, list) or isinstance(other, list):
        return "text"
    secret = "!" if "!" in one + other else ""
    kinds = {one.removeprefix("!"), other.removeprefix("!")}
    return secret + next(
        (kind for kind in ("text", "money", "exact", "number", "time", "count") if kind in kinds), "text"
    )


def resolve(root: dict[str, Any], reference: str) -> Any:
    """Return the part of a schema that a reference names."""
    found: Any = root
    for key in reference.removeprefix("#/").split("/"):
        found = found[key]
    return found


def find_rows(call: str, reply: dict[str, Any]) -> str:
    """Return the path of the rows: follow each value that is alone at its level, apart from the number of rows."""
    if call in ROWS:
        return ROWS[call]
    path: list[str] = []
    node: Any = reply
    while isinstance(node, dict) and not {"[]", "{}", "()", ""} & set(node):
        alone = [name for name in node if name != "count"]
        if len(alone) != 1 or (path and not _many(node[alone[0]])):
            break
        path.append(alone[0])
        node = node[alone[0]]
    return ".".join(path)


def _many(node: Any) -> bool:
    if not isinstance(node, dict):
        return False
    return "{}" in node or isinstance(node.get("[]"), dict)


def entry(call: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the entry of one call."""
    if call == "kyc_auth_status":  # with a deprecated field it answers by company: document the reply without it
        payload = schema["properties"][call]
        payload.update(payload.pop("oneOf")[0])
    made = simplify(schema, schema, call)
    if not isinstance(made, dict):
        made = {"data": made}  # plain text is delivered like this
    reply = {name: node for name, node in made.items() if name not in ENVELOPE and node is not None}
    for name, node in PATCHES.get(call, {}).items():
        reply[name] = {**reply.get(name, {}), **node} if isinstance(node, dict) and "||" not in node else node
    if call == "landing_company":
        reply[call] = {name: _block(node) for name, node in reply[call].items()}
    facts = {name: marked(node, call, name, "", reply) for name, node in reply.items()}
    currency = find_currency(call, reply)
    return {"rows": find_rows(call, reply), "reply": facts} | ({} if currency is None else {"currency": currency})


def marked(node: Any, call: str, name: str, parent: str, beside: Collection[str]) -> Any:
    """Return the facts of a field, with secret and personal ones marked."""
    if isinstance(node, dict) and node and not set(node) & {"[]", "{}", ""}:
        fields = node.get("()", node)
        done = {each: marked(child, call, each, name, fields) for each, child in fields.items()}
        return {"()": done} if "()" in node else done
    if isinstance(node, dict):
        of_this = {"[]", "{}", ""}  # other keys are parts of it
        return {
            each: marked(child, call, *((name, parent, beside) if each in of_this else (each, name, node)))
            for each, child in node.items()
        }
    if node == "flag" or str(node).startswith("!") or sensitive.kind(name, call, parent, beside) is None:
        return node
    return "!text" if isinstance(node, list) else f"!{node}"


def find_currency(call: str, reply: dict[str, Any]) -> str | None:
    """Return the currency of the reply's money; None if it has no money, or names the currency itself."""
    named = list(fields(reply))
    sums = [name for name, node in named if node == "money" and not name.endswith("_usd")]
    if call in CURRENCY:
        return CURRENCY[call] if sums else None
    return None if not sums or any(NAMED.search(name) for name, _ in named) else ""


def fields(node: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the single values of a reply with the names of their fields."""
    if isinstance(node, dict):
        for key, child in node.items():
            yield from fields(child, name if key in ("", "[]", "{}", "()", "||") else key)
    else:
        yield name, node


def _block(node: Any) -> Any:
    """Return a country's company as one value: there are a dozen companies, with twenty facts each."""
    return {"{}": "any"} if isinstance(node, dict) and "[]" not in node else node


def build(api: str) -> str:
    """Return the text of a file: JSON, one call per line."""
    schemas = published(api)
    calls = {call: entry(call, schemas[call]["reply"]) for call in load(api) if call in schemas}
    lines = (
        f"{json.dumps(call)}:{json.dumps(calls[call], separators=(',', ':'), ensure_ascii=False)}"
        for call in sorted(calls)
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    for api in ("v3", "options"):
        (APIS / f"{api}_replies.json").write_text(build(api), encoding="utf-8")
