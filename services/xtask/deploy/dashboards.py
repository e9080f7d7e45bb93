"""Reads each dashboard into the SDK's types and back; a key that is lost is one that Grafana does not know."""
import json
import sys

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard


def lost(before, after, path):
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if key not in after:
                # Null and empty are left out when written.
                if value not in (None, "", [], {}):
                    yield f"{path}.{key}"
            else:
                yield from lost(value, after[key], f"{path}.{key}")
    elif isinstance(before, list) and isinstance(after, list):
        for number, (one, other) in enumerate(zip(before, after)):
            yield from lost(one, other, f"{path}[{number}]")


register_default_plugins()
found = []
for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        board = json.load(file)
    written = json.loads(JSONEncoder(sort_keys=True).encode(Dashboard.from_json(board)))
    found += [f"{name}: Grafana does not know {path}" for path in lost(board, written, "")]
print("\n".join(found), file=sys.stderr)
sys.exit(1 if found else 0)
