#!/usr/bin/env python3
"""What streams cost a node: memory each, and CPU while nothing happens but heartbeats.

    benches/streams.py PROGRAM [STREAMS [EACH]] [--tls]       PROGRAM is a release build

With EACH, so many streams share each connection, by HTTP/2. With --tls the service speaks TLS, by a certificate that
openssl makes for the occasion.
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
import ssl
import subprocess
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


def certificate(folder):
    """A certificate of this machine's and its key, and what a client needs to trust it."""
    files = [os.path.join(folder, name) for name in ("certificate.pem", "key.pem")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-out", files[0], "-keyout", files[1]],
        check=True, capture_output=True,
    )
    return files, ssl.create_default_context(cafile=files[0])


async def open_stream(port, number, gate, trust):
    async with gate:
        # An address for each 4,000, since ports run out.
        local = (f"127.0.0.{2 + number // 4000}", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=local, limit=4096, ssl=trust)
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


def frame(kind, flags, stream, payload):
    """RFC 9113 §4.1."""
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def asked(user):
    """The head of a request for a stream: names by their places in HPACK's table (RFC 7541, A), values as they are."""
    value = f"Bearer {token(user)}".encode()
    # A length of 127 and more is what is beyond that, seven bits a byte (RFC 7541 §5.1).
    low, high = (len(value) - 127) & 127, (len(value) - 127) >> 7
    length = bytes([0x7F, low | 0x80, high] if high else [0x7F, low])
    return b"\x82\x86\x04\x0a/v1/stream\x01\x01x\x0f\x08" + length + value


async def open_together(port, numbers, gate, trust):
    """Opens a stream for each of `numbers` over one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=65536, ssl=trust)
    seen, arrived = 0, asyncio.Condition()

    async def read():
        nonlocal seen
        left = b""
        while data := await reader.read(65536):
            data = left + data
            async with arrived:
                seen += data.count(b"event: snapshot")
                arrived.notify_all()
            # Less than the words that are counted.
            left = data[-14:]

    task = asyncio.create_task(read())
    # Its settings are the defaults, but for room for all that will come.
    writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(8, 0, 0, (2**30).to_bytes(4)))
    for place, number in enumerate(numbers):
        async with gate:
            # The head is whole, and so is the request.
            writer.write(frame(1, 5, 2 * place + 1, asked(f"user-{number}")))
            async with arrived:
                await arrived.wait_for(lambda: seen > place)
    return writer, task


async def main(program, secure, streams, each):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder:
        issuers = os.path.join(folder, "issuers.toml")
        with open(issuers, "w") as file:
            os.chmod(issuers, 0o600)
            file.write(f'[[issuer]]\niss = "https://app.example"\naud = "afterclick"\nalgorithm = "HS256"\nsecret = "{SECRET}"\n')
        arguments = ["--listen", "127.0.0.1:0", "--issuers", issuers, "--database", f"sqlite:{folder}/a.db"]
        trust = None
        if secure:
            files, trust = certificate(folder)
            trust.set_alpn_protocols(["h2" if each else "http/1.1"])
            arguments += ["--tls-cert", files[0], "--tls-key", files[1]]
        node = await asyncio.create_subprocess_exec(
            program, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env={"RUST_LOG": "warn"}, cwd=folder,
        )
        try:
            line = (await node.stdout.readline()).decode()
            port = int(line.rsplit(":", 1)[1])
            gate = asyncio.Semaphore(AT_ONCE)
            before, began = resident(node.pid), time.monotonic()
            numbers = range(streams)
            if each:
                groups = [numbers[at : at + each] for at in range(0, streams, each)]
                opened = await asyncio.gather(*(open_together(port, group, gate, trust) for group in groups))
            else:
                opened = await asyncio.gather(*(open_stream(port, number, gate, trust) for number in numbers))
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


_, program, *given = sys.argv
secure = "--tls" in given
given = [number for number in given if number != "--tls"]
asyncio.run(main(program, secure, *(int(number) for number in (given + [10_000, 0][len(given) :]))))
