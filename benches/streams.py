#!/usr/bin/env python3
"""What streams cost a node: memory each, and CPU while nothing happens but heartbeats.

    benches/streams.py PROGRAM [STREAMS]       PROGRAM is a release build

Every stream has a user of its own, whom a token of another issuer names. All on this machine, by one
process, which needs as many open files as there are streams.
"""
import asyncio
import base64
import hashlib
import hmac
import json
import os
import resource
import sys
import tempfile
import time

SECRET = "a secret of this measurement, long enough for HS256"
# So many connections are opened at once.
AT_ONCE = 64
# Two heartbeats.
IDLE_SECONDS = 30


def token(user):
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    claims = {"iss": "https://app.example", "aud": "afterclick", "sub": user, "exp": int(time.time()) + 3600}
    signed = part(b'{"alg":"HS256"}') + b"." + part(json.dumps(claims).encode())
    return (signed + b"." + part(hmac.digest(SECRET.encode(), signed, hashlib.sha256))).decode()


def resident(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


def cpu(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def open_stream(port, number, gate):
    async with gate:
        # An address for each 4,000, since ports run out.
        local = (f"127.0.0.{2 + number // 4000}", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=local, limit=4096)
        head = f"GET /v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token(f'user-{number}')}\r\n\r\n"
        writer.write(head.encode())
        status = await reader.readline()
        assert b" 200 " in status, status
        while b"event: snapshot" not in await reader.readline():
            pass

    async def read():
        while await reader.read(4096):
            pass

    return writer, asyncio.create_task(read())


async def main(program, streams):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder:
        issuers = os.path.join(folder, "issuers.toml")
        with open(issuers, "w") as file:
            os.chmod(issuers, 0o600)
            file.write(f'[[issuer]]\niss = "https://app.example"\naud = "afterclick"\nalgorithm = "HS256"\nsecret = "{SECRET}"\n')
        arguments = ["--listen", "127.0.0.1:0", "--issuers", issuers, "--database", f"sqlite:{folder}/a.db"]
        node = await asyncio.create_subprocess_exec(
            program, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env={"RUST_LOG": "warn"}, cwd=folder,
        )
        try:
            line = (await node.stdout.readline()).decode()
            port = int(line.rsplit(":", 1)[1])
            gate = asyncio.Semaphore(AT_ONCE)
            before, began = resident(node.pid), time.monotonic()
            opened = await asyncio.gather(*(open_stream(port, number, gate) for number in range(streams)))
            took, held = time.monotonic() - began, resident(node.pid)
            busy = cpu(node.pid)
            await asyncio.sleep(IDLE_SECONDS)
            busy = cpu(node.pid) - busy
            idle = resident(node.pid)
            for writer, task in opened:
                writer.close()
                task.cancel()
            await asyncio.sleep(5)
            print(json.dumps({
                "streams": streams,
                "connects_per_second": round(streams / took),
                "bytes_per_stream": round((held - before) / streams),
                "bytes_per_stream_after_two_heartbeats": round((idle - before) / streams),
                "cpu_us_per_heartbeat": round(busy * 1e6 / (streams * IDLE_SECONDS / 15), 1),
                "mib_before_held_after": [round(value / 2**20) for value in (before, idle, resident(node.pid))],
            }))
        finally:
            node.kill()
            await node.wait()


asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10_000))
