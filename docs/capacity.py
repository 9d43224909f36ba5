#!/usr/bin/env python3
"""The arithmetic of docs/capacity.md.

    docs/capacity.py            prints the tables
    docs/capacity.py --check    fails where the page shows others
    docs/capacity.py --write    puts them into the page

Change a figure here, and every table follows.
"""
import math
import pathlib
import sys

PAGE = pathlib.Path(__file__).with_name("capacity.md")
BEGIN, END = "<!-- tables:begin -->\n", "<!-- tables:end -->\n"

# Measured, on 2 cores shared with others; capacity.md says how.
STREAM_BYTES = 6_100
HEARTBEAT_US = 25
HINTS_PER_SECOND = 818_000
# Kept low on purpose: each connect was a new user, a token, and a snapshot.
CONNECTS_PER_SECOND = 3_190

# Settings and constants of the service.
HEARTBEAT_SECONDS = 15
STREAM_AGE_SECONDS = 0.9 * 3600
POOL = 16
SCAN_EVERY, SCAN_OVERLAP, SCAN_MOST, SCAN_CHEAPER = 3, 10, 10_000, 8
KEPT_CHANGES, KEPT_DAYS = 100, 7

# Assumed; put your own here.
CONNECTIONS_PER_USER = 1.3
CHANGES_PER_USER_AND_DAY = 5
PEAK = 10
CHANGE_BYTES = 1_000
STREAMS_PER_NODE = 100_000
FILLED = 0.7
# What one good PostgreSQL server is trusted with before something is changed.
SERVER_CONNECTIONS = 500
SERVER_COMMITS = 10_000
SERVER_ROWS = 200_000
SERVER_LOG_GB = 1_000

USERS = (10_000, 100_000, 1_000_000, 10_000_000)


def scenario(users):
    """What so many connected users come to, by name."""
    connections = users * CONNECTIONS_PER_USER
    nodes = max(3, math.ceil(connections / (STREAMS_PER_NODE * FILLED)))
    changes = users * CHANGES_PER_USER_AND_DAY / 86_400 * PEAK
    # Too many changed users are not looked at one by one: those that are connected here are.
    scanned = changes * (SCAN_EVERY + SCAN_OVERLAP)
    most = max(SCAN_MOST, SCAN_CHEAPER * connections / nodes)
    if scanned > most:
        scanned = most + connections / nodes
    kept = min(KEPT_CHANGES, CHANGES_PER_USER_AND_DAY * KEPT_DAYS)
    return {
        "connections": connections,
        "nodes": nodes,
        "GiB for streams, a node": connections / nodes * STREAM_BYTES / 2**30,
        "cores for heartbeats, all nodes": connections / HEARTBEAT_SECONDS * HEARTBEAT_US / 1e6,
        "connects/s, as streams reach their age": connections / STREAM_AGE_SECONDS,
        "changes/s at the peak": changes,
        "hints/s that a node takes": changes,
        "hints/s that the bus hands out": changes * nodes,
        "rows/s that the reconcilers read": nodes * scanned / SCAN_EVERY,
        "connections to PostgreSQL": nodes * POOL,
        "GB in the log of changes": users * kept * CHANGE_BYTES / 1e9,
    }


BOUNDS = {
    "changes/s at the peak": SERVER_COMMITS,
    "hints/s that a node takes": HINTS_PER_SECOND,
    "hints/s that the bus hands out": HINTS_PER_SECOND,
    "rows/s that the reconcilers read": SERVER_ROWS,
    "connections to PostgreSQL": SERVER_CONNECTIONS,
    "GB in the log of changes": SERVER_LOG_GB,
}


def shown(value):
    """Three digits that count."""
    if value >= 1000:
        digits = 3 - len(str(int(value)))
        return f"{round(value, digits):,.0f}"
    return f"{value:.3g}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def plan():
    """Each quantity for each number of users; in bold what is beyond a bound."""
    all_of_them = [scenario(users) for users in USERS]
    rows = []
    for name in all_of_them[0]:
        cells = []
        for values in all_of_them:
            beyond = values[name] > BOUNDS.get(name, math.inf)
            cells.append(f"**{shown(values[name])}**" if beyond else shown(values[name]))
        rows.append([name, *cells])
    return table(["connected users", *(f"{users:,}" for users in USERS)], rows)


def limits():
    """How many connected users each bound allows, by bisection, as the service is today."""
    rows = []
    for name, bound in BOUNDS.items():
        low, high = 1, 10**10
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if scenario(middle)[name] <= bound else (low, middle)
        rows.append((low, [name, shown(bound), shown(low)]))
    return table(["bound", "at most", "connected users"], [row for _, row in sorted(rows)])


def sharded():
    """Ten million, when a node serves some shards of the users only, and each shard has a database."""
    rows = []
    for shards in (1, 4, 16, 64):
        one = scenario(USERS[-1] / shards)
        cells = [one[name] for name in (
            "nodes", "hints/s that the bus hands out", "rows/s that the reconcilers read",
            "connections to PostgreSQL", "GB in the log of changes")]
        rows.append([str(shards), *map(shown, cells)])
    head = ["shards", "nodes each", "hints/s each", "reconcilers' rows/s each", "connections each", "GB of log each"]
    return table(head, rows)


def moves():
    """What a node that stops means to the others."""
    streams = STREAMS_PER_NODE * FILLED
    rows = [[f"{drain} s", shown(streams / drain)] for drain in (10, 60, 120)]
    return table(["`--drain`", "connects/s at the other nodes"], rows)


def tables():
    return "\n".join((
        "What so many users come to. Bold is beyond a bound of the next table.\n", plan(),
        "Which bound is met first, and at how many connected users:\n", limits(),
        "Ten million connected users in shards:\n", sharded(),
        f"{STREAMS_PER_NODE * FILLED:,.0f} streams of a node that is stopped come back elsewhere:\n", moves(),
    ))


def main(arguments):
    if not arguments:
        print(tables(), end="")
        return 0
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    old, after = rest.split(END)
    if arguments == ["--write"]:
        PAGE.write_text(before + BEGIN + tables() + END + after)
        return 0
    if old != tables():
        print("docs/capacity.md shows other tables: docs/capacity.py --write puts these in", file=sys.stderr)
        return 1
    return 0


sys.exit(main(sys.argv[1:]))
