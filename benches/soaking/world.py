"""The service, how it is called, what it has acknowledged, and what went wrong."""
import asyncio
import base64
import collections
import hashlib
import hmac
import json
import os
import pathlib
import random
import re
import socket
import subprocess
import time

SECRET = "a secret of this soak, long enough for HS256"


def token(user, seconds):
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    claims = {"iss": "https://app.example", "aud": "afterclick", "sub": user, "exp": int(time.time()) + seconds}
    signed = part(b'{"alg":"HS256"}') + b"." + part(json.dumps(claims).encode())
    return (signed + b"." + part(hmac.digest(SECRET.encode(), signed, hashlib.sha256))).decode()


class World:
    def __init__(self, program, folder):
        self.program, self.folder, self.mails = program, folder, folder / "mails"
        self.acknowledged, self.counts, self.wrong = collections.Counter(), collections.Counter(), []
        self.over = asyncio.Event()

    async def start(self):
        issuers = self.folder / "issuers.toml"
        issuers.touch(0o600)
        issuers.write_text(f'[[issuer]]\niss = "https://app.example"\naud = "afterclick"\nalgorithm = "HS256"\nsecret = "{SECRET}"\n')
        self.settings = ["--database", f"sqlite:{self.folder}/a.db"]
        self.log = open(self.folder / "log", "wb")
        self.node = await asyncio.create_subprocess_exec(
            self.program, "--listen", "127.0.0.1:0", "--issuers", str(issuers), "--mail", f"dir:{self.mails}",
            "--limit-sign-up", "off", "--limit-log-in", "off", *self.settings,
            stdout=asyncio.subprocess.PIPE, stderr=self.log, env={"RUST_LOG": "warn"}, cwd=self.folder)
        self.port = int((await self.node.stdout.readline()).decode().rsplit(":", 1)[1])
        key = subprocess.run([self.program, "keys", "create", "--name", "soak", *self.settings], check=True,
                             capture_output=True, text=True, cwd=self.folder).stdout.strip()
        self.backend = {"Authorization": f"Bearer {key}"}

    def fail(self, text):
        self.counts["wrong"] += 1
        if len(self.wrong) < 20:
            self.wrong.append(text)

    async def open(self, receive_buffer=None):
        plain = socket.socket()
        plain.setblocking(False)
        if receive_buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", self.port))
        return await asyncio.open_connection(sock=plain, limit=65536)

    async def call(self, method, path, body=None, headers=None):
        """The status and the body of one answer, over a connection of its own."""
        reader, writer = await self.open()
        try:
            write_request(writer, method, path, body, {"Connection": "close"} | (headers or {}))
            status, answered = await asyncio.wait_for(read_head(reader), 60)
            if answered.get("transfer-encoding") == "chunked":
                text = b"".join([chunk async for chunk in chunks(reader)])
            else:
                text = await reader.readexactly(int(answered.get("content-length", 0)))
        finally:
            writer.close()
        if status == 500:
            self.fail(f"{method} {path}: {text[:200]}")
        is_json = "json" in answered.get("content-type", "")
        return status, json.loads(text) if text and is_json else text.decode()

    async def publish(self, user, data):
        kind = random.choice(["kyc.updated", "order.shipped"])
        status, change = await self.call("POST", f"/v1/users/{user}/events", {"type": kind, "data": data}, self.backend)
        self.counts[f"published {status}"] += 1
        if status == 201:
            version = int(change["cursor"].split(".")[1])
            self.acknowledged[user] = max(self.acknowledged[user], version)

    async def sample(self):
        _, text = await self.call("GET", "/metrics")
        # Until the service has closed that connection too.
        await asyncio.sleep(0.2)
        gauge = dict(line.rsplit(" ", 1) for line in text.splitlines() if line and line[0] != "#")
        status = pathlib.Path(f"/proc/{self.node.pid}/status").read_text()
        return {
            # Not what is mapped of files: that is the system's cache of the database, and grows with it.
            "memory": int(re.search(r"RssAnon:\s+(\d+)", status)[1]) / 1024,
            "files": len(os.listdir(f"/proc/{self.node.pid}/fd")),
            "streams": int(float(gauge["afterclick_streams_open"])),
            "polls": int(float(gauge["afterclick_polls_open"])),
            "panics": int(float(gauge["afterclick_panics_total"])),
        }


def write_request(writer, method, path, body, headers):
    text = b"" if body is None else json.dumps(body).encode()
    head = {"Host": "127.0.0.1", **headers}
    if body is not None:
        head |= {"Content-Type": "application/json", "Content-Length": len(text)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    writer.write(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + text)


async def read_head(reader):
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
    return int(lines[0].split()[1]), headers


async def chunks(reader):
    while size := int(await reader.readline() or b"0", 16):
        yield (await reader.readexactly(size + 2))[:-2]
