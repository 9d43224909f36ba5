"""A device of a user, over all its connections."""
import asyncio
import contextlib
import json
import socket
import struct

from .world import chunks, read_head, write_request

# Within so many seconds everybody has what was acknowledged: a debug build on a busy machine is slow.
PATIENCE = 20


class Stream:
    """One stream, read as long as `reading` is set."""

    def __init__(self, client, reader, writer):
        self.client, self.reader, self.writer = client, reader, writer
        self.reading = asyncio.Event()
        self.reading.set()
        self.goodbye = None
        self.pump = asyncio.create_task(self.read())

    async def read(self):
        left = b""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            async for chunk in chunks(self.reader):
                left += chunk
                *blocks, left = left.split(b"\n\n")
                for block in blocks:
                    fields = dict(line.split(": ", 1) for line in block.decode().split("\n"))
                    if fields["event"] == "goodbye":
                        self.goodbye = json.loads(fields["data"])["code"]
                    elif "id" in fields:
                        self.client.take(fields["event"], fields["id"])
                await self.reading.wait()

    async def ends(self, within):
        """Whether the service ends it in time."""
        done, _ = await asyncio.wait([self.pump], timeout=within)
        return bool(done)

    def close(self, abort=False):
        if self.pump.done():
            self.pump.result()
        self.pump.cancel()
        if abort:
            self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.writer.transport.abort()
        else:
            self.writer.close()


class Client:
    """What it has seen, and how it comes by more."""

    def __init__(self, world, user, bearer):
        self.world, self.user, self.cursor = world, user, None
        self.bearer = {"Authorization": f"Bearer {bearer}"}
        self.seen, self.news, self.last = 0, asyncio.Event(), None

    def take(self, kind, cursor):
        version = int(cursor.split(".")[1])
        if kind == "snapshot" and version < self.seen:
            self.world.fail(f"{self.user} was at {self.seen}, and is shown {version}")
        elif kind != "snapshot" and version != self.seen + 1:
            self.world.fail(f"{self.user} was at {self.seen}, and {kind} is {version}")
        self.seen, self.cursor, self.last = version, cursor, kind
        self.world.counts["snapshots" if kind == "snapshot" else "delivered"] += 1
        self.news.set()

    def forget(self):
        self.seen, self.cursor = 0, None

    async def listen(self, receive_buffer=None):
        reader, writer = await self.world.open(receive_buffer)
        resume = {"Last-Event-ID": self.cursor} if self.cursor else {}
        write_request(writer, "GET", "/v1/stream", None, self.bearer | resume)
        status, _ = await asyncio.wait_for(read_head(reader), 60)
        assert status == 200, status
        self.world.counts["streams"] += 1
        return Stream(self, reader, writer)

    async def keeps_up(self, stream, how):
        """Waits until everything is here that was acknowledged by now; false where the stream ends before."""
        due, deadline = self.world.acknowledged[self.user], asyncio.get_running_loop().time() + PATIENCE
        while self.seen < due:
            self.news.clear()
            news = asyncio.create_task(self.news.wait())
            left = deadline - asyncio.get_running_loop().time()
            done, _ = await asyncio.wait([news, stream.pump], timeout=left, return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
            if not done:
                self.world.fail(f"{self.user}, who {how}, is at {self.seen} and missed {due}")
                return True
            if stream.pump in done and self.seen < due:
                return False
        return True

    async def poll(self, wait, patience=60):
        query = f"?wait={wait}" + (f"&after={self.cursor}" if self.cursor else "")
        status, answer = await asyncio.wait_for(self.world.call("GET", f"/v1/poll{query}", headers=self.bearer), patience)
        self.world.counts["polls"] += 1
        if status == 200:
            changes = answer["changes"] if self.cursor else None
            for change in changes or []:
                self.take(change["type"], change["cursor"])
            if changes is None:
                self.take("snapshot", answer["cursor"])
        elif status != 204:
            self.world.fail(f"a poll is answered {status}: {answer}")
