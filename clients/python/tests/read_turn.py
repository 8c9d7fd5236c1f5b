"""Reads turn `t` of session `s` and prints what it sees, a line each: for a test that takes the daemon away meanwhile."""

import os

from greenroom import connect

with connect(os.environ["NATS_URL"]) as client:
    for event in client.ask("s", "x", turn_id="t"):
        kind = event["type"]
        more = event.get("text", "") if kind == "delta" else event.get("seq", "") if kind == "message" else ""
        print(f"{kind} {more}".strip(), flush=True)
