"""Say what is installed, and what the wheel with its extra `lab` asks for, with all that this asks for in turn."""

import importlib.metadata
import json
import sys

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import dpyauth

asked = set()
waiting = [("dpyauth", frozenset({"lab"}))]
while waiting:
    name, extras = waiting.pop()
    if (name, extras) in asked:
        continue
    asked.add((name, extras))
    for line in importlib.metadata.requires(name) or ():
        needed = Requirement(line)
        if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras | {""}):
            waiting.append((canonicalize_name(needed.name), frozenset(needed.extras)))

origin = json.loads(importlib.metadata.distribution("dpyauth").read_text("direct_url.json"))
print(
    json.dumps(
        {
            "installed": sorted({canonicalize_name(found.name) for found in importlib.metadata.distributions()}),
            "asked": sorted({name for name, _ in asked}),
            "dpyauth": dpyauth.__file__,
            "origin": origin,
            "paths": sys.path,
        }
    )
)
