#!/usr/bin/env python3
"""The load runs, in turn with nchan's: one table, held against what this service wants to be.

    benches/load.py BENCH [MEASURE…] [--program FILE] [--reps 3] [--out FOLDER]

BENCH is the folder of the load generator: fanbench/, peers/, measure.sh. It and a release build of this service are made
first, unless FILE is one. nchan is Debian's, for nginx, which the folder of that peer installs where it is missing: as root.

One system at a time, all on this machine, by a database and a port of its own. A measure takes about ten seconds of each
system, REPS times; the medians are shown as Markdown, and every run is kept in FOLDER, one object a line. Ends with 1
where this service lost, doubled, or misrouted something, or a measure did not run; that a goal is missed is shown.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
OURS, THEIRS = "afterclick", "nchan"


def times(factor):
    return f"≤ {factor} ×", lambda ours, theirs: ours <= factor * theirs


def at_least_times(factor):
    return f"≥ {factor} ×", lambda ours, theirs: ours >= factor * theirs


def at_most(bound):
    return f"≤ {bound}", lambda ours, _: ours <= bound


def at_least(bound):
    return f"≥ {bound:,}", lambda ours, _: ours >= bound


ROWS = [
    ("hold10k", "bytes a stream, 10,000 of as many users", "server_rss_per_conn", times(0.5)),
    ("hold10k", "streams opened a second", "connects_per_s", at_least_times(0.7)),
    ("hold10k", "… CPU each, µs", "server_cpu_us_per_connect", None),
    ("lp5k", "bytes a parked poll, 5,000 of as many users", "server_rss_per_conn", times(1.0)),
    ("lp5k", "wake of a poll, 2,000 publishes/s: p50 ms", "wake_p50_ms", None),
    ("lp5k", "… p99 ms", "wake_p99_ms", times(1.0)),
    ("lpall5k", "5,000 polls of one user woken at once: p99 ms", "wake_p99_ms", times(1.0)),
    ("lpall5k", "… bytes each", "server_rss_per_conn", None),
    ("lpall5k", "… CPU s a million", "server_cpu_s_per_1m_deliveries", None),
    ("instant", "polls answered at once, a second", "instant_requests_per_s", at_least_times(1.0)),
    ("instant", "… CPU each, µs", "instant_server_cpu_us_per_request", None),
    ("storm5k", "5,000 streams return: all have all after, s", "missed_all_in_secs", at_most(0.5)),
    ("fan10k", "10,000 streams of one user: p99 ms", "latency_p99_ms", times(1.0)),
    ("fan10k", "… CPU s a million", "server_cpu_s_per_1m_deliveries", times(1.0)),
    ("flat1k", "1,000 streams of one user, flat out: deliveries/s", "delivered_per_s", at_least(400_000)),
    ("uni3k", "3,000 publishes/s to 10,000 users: p50 ms", "latency_p50_ms", at_most(1.0)),
    ("uni3k", "… p99 ms", "latency_p99_ms", at_most(5.0)),
    ("uni3k", "… CPU s a million", "server_cpu_s_per_1m_deliveries", times(2.0)),
    ("unimax", "publishes/s, as fast as 8 callers can", "delivered_per_s", at_least(15_000)),
    ("uni64", "publishes/s, as fast as 64 callers can", "delivered_per_s", at_least(15_000)),
    ("uni64", "… CPU s a million", "server_cpu_s_per_1m_deliveries", None),
]

# What measure.sh has not, as it would call it. Polls that are answered at once are all of one user, whose token is no template.
BESIDE = {
    "instant": 'TOKEN=$(head -1 "${S:-}/tokens" 2>/dev/null); CMD=(longpoll "${POLL[@]/\'{token}\'/$TOKEN}" "${PUB[@]}" '
    '"${NOW[@]}" -n 10 --users 1 --rounds 1)',
    "uni64": 'CMD=(unicast "${FEED[@]}" "${PUB[@]}" -n 10000 -m 60000 --rate 0 --pub-conns 64)',
}
CALL = """cd "$1"; . ./target.sh; %s
pids=$(./run.sh start | tail -1); sleep 0.7
timeout 280 "$FANBENCH" "${CMD[@]}" --pid "$pids" --json; ./run.sh stop
"""

# Of 1,000 streams flat out, those that fall behind are shown the state instead.
BAD = ["lost", "duplicates", "reordered", "misrouted", "lost_before_drop", "lost_while_away", "lost_after"]


def bad(run):
    return [f"{key} {run[key]}" for key in BAD if run.get(key) and (run["of"], key) != ("flat1k", "lost")]


def measure(name, peer, folder, bench, out):
    """One run; what fanbench said of it."""
    if name in BESIDE:
        call = ["bash", "-c", CALL % BESIDE[name], "load", str(folder)]
        said = subprocess.run(call, stdout=subprocess.PIPE, text=True, check=False).stdout
    else:
        wrote = out / f"{name}.jsonl"
        wrote.unlink(missing_ok=True)
        environment = os.environ | {"PEERS": peer, "REPS": "1"}
        subprocess.run(["bash", bench / "measure.sh", out, name], env=environment, stdout=sys.stderr, check=False)
        said = wrote.read_text() if wrote.exists() else ""
        wrote.unlink(missing_ok=True)
    try:
        return json.loads(said.strip().splitlines()[-1])
    except (IndexError, ValueError):
        return {"failed": True}


def disk(folder):
    """What a durable write costs by itself: milliseconds of each of many, 16 KiB written over what was there, and synced."""
    took, page = [], os.urandom(16 * 1024)
    with tempfile.TemporaryFile(dir=folder) as file:
        for number in range(4_000):
            began = time.perf_counter()
            os.pwrite(file.fileno(), page, number % 1_000 * len(page))
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - began) * 1_000)
    # At first the file grows, which a log that is written over does not.
    return took[1_000:]


def table(runs, synced):
    def middle(name, peer, key):
        found = [run[key] for run in runs if (run["of"], run["by"]) == (name, peer) and key in run]
        return statistics.median(found) if found else None

    def figure(value):
        return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"

    print(f"\n| | {OURS} | {THEIRS} | ratio | goal | |\n|---|---:|---:|---:|---|---|")
    for name, what, key, goal in ROWS:
        ours, theirs = middle(name, OURS, key), middle(name, THEIRS, key)
        if ours is None or theirs is None:
            continue
        text, is_met = goal or ("", None)
        met = "" if is_met is None else "met" if is_met(ours, theirs) else "missed"
        ratio = f"{ours / theirs:.2f}" if theirs else ""
        print(f"| {what} | {figure(ours)} | {figure(theirs)} | {ratio} | {text} | {met} |")
    middle_of, last = statistics.median(synced), statistics.quantiles(synced, n=100)[98]
    print(f"\n16 KiB written and synced, on the same disk and with nothing else: p50 {middle_of:.2f} ms, p99 {last:.2f} ms.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=pathlib.Path, metavar="BENCH")
    parser.add_argument("measures", nargs="*", metavar="MEASURE", help=" ".join(dict.fromkeys(row[0] for row in ROWS)))
    parser.add_argument("--program", type=pathlib.Path, help="a release build of this service")
    parser.add_argument("--reps", type=int, default=3)
    parser.add_argument("--out", type=pathlib.Path, help="a folder for the runs")
    options = parser.parse_args()
    measures = options.measures or list(dict.fromkeys(row[0] for row in ROWS))
    unknown = set(measures) - {row[0] for row in ROWS}
    if unknown or not (options.bench / "measure.sh").is_file():
        parser.error(f"no such measure: {', '.join(unknown)}" if unknown else f"no measure.sh in {options.bench}")

    bench, target = options.bench.resolve(), ROOT / "target"
    out = options.out or pathlib.Path(tempfile.mkdtemp(prefix="load-"))
    out.mkdir(parents=True, exist_ok=True)
    build = ["cargo", "build", "--release", "--locked", "--target-dir"]
    subprocess.run([*build, target / "fanbench"], cwd=bench / "fanbench", check=True)
    if not options.program:
        subprocess.run([*build, target], cwd=ROOT, check=True)
    # Both ends of 10,000 connections.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.environ |= {
        "COMMON": str(bench / "peers/common.sh"),
        "EXTRA": str(ROOT / "benches/peers"),
        "FANBENCH": str(target / "fanbench/release/fanbench"),
        "PROGRAM": str((options.program or target / "release/afterclick").resolve()),
    }
    # Users who are there are made once, and by the program that is measured.
    subprocess.run(["bash", ROOT / "benches/peers/afterclick/run.sh", "prepare"], stdout=sys.stderr, check=True)

    folders = {OURS: ROOT / "benches/peers/afterclick", THEIRS: bench / "peers/nchan"}
    runs, synced = [], []
    for _ in range(options.reps):
        synced += disk(tempfile.gettempdir())
        for name in measures:
            for peer, folder in folders.items():
                run = measure(name, peer, folder, bench, out) | {"of": name, "by": peer}
                runs.append(run)
                with open(out / "runs.jsonl", "a", encoding="utf-8") as kept:
                    kept.write(json.dumps(run) + "\n")
    table(runs, synced)
    print(f"\nevery run is in {out}/runs.jsonl", file=sys.stderr)
    wrong = [run for run in runs if bad(run) or "failed" in run]
    for run in wrong:
        print(f"{run['of']} of {run['by']}: {' '.join(bad(run)) or 'did not run'}", file=sys.stderr)
    return 1 if any(run["by"] == OURS or "failed" in run for run in wrong) else 0


if __name__ == "__main__":
    sys.exit(main())
