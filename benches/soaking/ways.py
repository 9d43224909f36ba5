"""How clients come and go, and what is done meanwhile."""
import asyncio
import contextlib
import random
import re
import time

from .client import PATIENCE, Client


async def stays(client):
    stream = await client.listen()
    ended = await stream.ends(random.uniform(2, 60)) or not await client.keeps_up(stream, "stayed")
    if ended and stream.goodbye != "max_age":
        client.world.fail(f"a stream ended by itself: {stream.goodbye}")
    stream.close()


async def vanishes(client):
    stream = await client.listen()
    await asyncio.sleep(random.uniform(0, 10))
    stream.close(abort=True)


async def half_closes(client):
    stream = await client.listen()
    await asyncio.sleep(random.uniform(0, 5))
    stream.writer.write_eof()
    if not await stream.ends(30):
        client.world.fail("a stream whose client has finished is held for 30 s")
    stream.close()


async def stalls(client):
    """Reads nothing while more comes than is on the way for anybody, and then reads on or comes again."""
    stream = await client.listen(receive_buffer=4096)
    stream.reading.clear()
    for number in range(60):
        await client.world.publish(client.user, {"filling": "x" * 8_000, "number": number})
    await asyncio.sleep(random.uniform(0, 15))
    stream.reading.set()
    if not await client.keeps_up(stream, "stalled"):
        client.world.counts["dropped while they read nothing"] += 1
        stream.close()
        stream = await client.listen()
        await client.keeps_up(stream, "stalled and came again")
    stream.close()
    await client.world.publish(client.user, {"filling": None})


async def polls(client):
    for _ in range(random.randint(1, 8)):
        await client.poll(random.randint(0, 10))
    due = client.world.acknowledged[client.user]
    await client.poll(0)
    if client.seen < due:
        client.world.fail(f"{client.user}, who polls, is at {client.seen} and missed {due}")


async def abandons(client):
    if client.cursor:
        with contextlib.suppress(TimeoutError):
            await client.poll(30, patience=random.uniform(0.1, 3))


WAYS = {stays: 10, vanishes: 4, half_closes: 2, stalls: 1, polls: 6, abandons: 3}


async def come_and_go(client):
    await asyncio.sleep(random.uniform(0, 10))
    while not client.world.over.is_set():
        if random.random() < 0.5:
            client.forget()
        await random.choices(list(WAYS), WAYS.values())[0](client)
        await asyncio.sleep(random.expovariate(1))


async def backend(world, users, rate):
    while not world.over.is_set():
        await world.publish(random.choice(users), {"step": random.randrange(1000), "at": time.time()})
        await asyncio.sleep(random.expovariate(rate))


async def people(world):
    """Sign up, wait on a stream, click, log out, and are removed."""
    number = 0
    while not world.over.is_set():
        number += 1
        email, password = f"person-{number}@example.com", "blue kettle sings"
        account = {"email": email, "password": password}
        assert (await world.call("POST", "/v1/users", account))[0] == 202
        _, session = await world.call("POST", "/v1/sessions", account)
        client = Client(world, session["user"]["id"], session["access_token"])
        stream = await client.listen()
        link = await mailed(world, email)
        status, _ = await world.call("POST", f"/verify/{link}", headers={"Accept": "application/json"})
        assert status == 200, status
        world.acknowledged[client.user] = 2
        await client.keeps_up(stream, "clicked")
        if client.last not in ("email.verified", "snapshot"):
            world.fail(f"the click is shown as {client.last}")
        await world.call("DELETE", "/v1/sessions/current", headers=client.bearer)
        if not await stream.ends(PATIENCE) or stream.goodbye != "session_revoked":
            world.fail(f"a stream of a session that ended is told {stream.goodbye}")
        stream.close()
        await world.call("DELETE", f"/v1/users/{client.user}", headers=world.backend)
        del world.acknowledged[client.user]
        world.counts["people"] += 1
        await asyncio.sleep(1)


async def mailed(world, email):
    """The token of the link in the next mail to this address."""
    async with asyncio.timeout(PATIENCE):
        while True:
            for mail in world.mails.glob("*.eml"):
                text = mail.read_text()
                if f"To: {email}" in text:
                    mail.unlink()
                    return re.search(r"/verify/([A-Za-z0-9_-]+)", text.replace("=\r\n", "").replace("=\n", ""))[1]
            await asyncio.sleep(0.05)
