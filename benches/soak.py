#!/usr/bin/env python3
"""Clients come, go, stall, and vanish for an hour, and nothing may be missed, or left behind.

    benches/soak.py PROGRAM [--minutes 60] [--clients 1000] [--rate 50]

Starts PROGRAM on an SQLite database in a folder of its own. Clients, five of each user, open streams and polls,
some with the cursor of their last one, and leave each in another way; a backend publishes RATE changes a
second, and floods those who read nothing; people sign up, click, and log out. Every five seconds memory,
open files, and the gauges are looked at. Fails where

- a client misses a change that was acknowledged before it asked to leave, or meets a hole, or goes back;
- the service's own memory grows by more than a tenth, or 8 MiB where that is more, once a fifth of the time is over,
  and four minutes, within which every buffer has been full once; of less than ten minutes after that it says nothing;
- open files, streams, or polls are more than at the start, a minute after everybody has left;
- a call is answered 500, or a request panics.
"""
import argparse
import asyncio
import contextlib
import os
import pathlib
import resource
import statistics
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from soaking.client import Client
from soaking.ways import backend, come_and_go, people
from soaking.world import World, token

EACH = 5
SAMPLE_SECONDS = 5
WARM_SECONDS = 240
GROWTH, LEAST_GROWTH_MIB = 0.10, 8
# Ten minutes: who reads nothing comes in flocks, and has memory taken up by as much again as all others.
ENOUGH = 120


async def watch(world, samples, began):
    while not world.over.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(world.over.wait(), SAMPLE_SECONDS)
        sample = await world.sample()
        samples.append((time.monotonic() - began, sample))
        if len(samples) % 12 == 0:
            print(row(samples[-1]), flush=True)


def row(at_sample):
    seconds, sample = at_sample
    return f"{seconds / 60:6.1f}  {sample['memory']:7.1f}  {sample['files']:5}  {sample['streams']:7}  {sample['polls']:5}"


async def soak(world, arguments):
    await world.start()
    users = [f"user-{number}" for number in range(max(1, arguments.clients // EACH))]
    for user in users:
        await world.call("PUT", f"/v1/users/{user}", {}, world.backend)
        world.acknowledged[user] = 1
    await asyncio.sleep(2)
    alone = await world.sample()
    seconds = arguments.minutes * 60
    tokens = {user: token(user, seconds + 3600) for user in users}
    theirs = [users[number % len(users)] for number in range(arguments.clients)]
    clients = [Client(world, user, tokens[user]) for user in theirs]
    samples, began = [], time.monotonic()
    print("minute      MiB  files  streams  polls")
    print(row((0, alone)))
    tasks = [come_and_go(client) for client in clients]
    tasks += [backend(world, users, arguments.rate / 4) for _ in range(4)]
    tasks += [people(world), watch(world, samples, began)]
    running = [asyncio.create_task(task) for task in tasks]
    first, _ = await asyncio.wait(running, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    world.over.set()
    await asyncio.gather(*first, *running)
    left = time.monotonic()
    while True:
        after = await world.sample()
        gone = all(after[what] <= alone[what] for what in ("files", "streams", "polls"))
        if gone or time.monotonic() - left > 60:
            break
        await asyncio.sleep(1)
    if not gone:
        world.fail(f"something is left behind: {after}, and at the start {alone}")
    print(row((time.monotonic() - began, after)), f" all gone within {time.monotonic() - left:.0f} s")
    judge_memory(world, [sample["memory"] for at, sample in samples if at > max(seconds / 5, WARM_SECONDS)])
    if after["panics"]:
        world.fail(f"{after['panics']} requests panicked")


def judge_memory(world, warm):
    quarter = len(warm) // 4
    if len(warm) < ENOUGH:
        print("the time was too short to judge of memory")
        return
    early, late = statistics.median(warm[:quarter]), statistics.median(warm[-quarter:])
    print(f"memory once warm: {early:.1f} MiB, in the end {late:.1f} MiB")
    if late - early > max(early * GROWTH, LEAST_GROWTH_MIB):
        world.fail(f"memory grew from {early:.1f} to {late:.1f} MiB")


async def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=os.path.abspath)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=50)
    arguments = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder:
        world = World(arguments.program, pathlib.Path(folder))
        try:
            await soak(world, arguments)
        finally:
            world.node.kill()
            await world.node.wait()
    for what, count in sorted(world.counts.items()):
        print(f"{count:9,}  {what}")
    if world.wrong:
        sys.exit("\n".join(world.wrong))
    print("nothing was missed, and nothing is left behind")


asyncio.run(main())
