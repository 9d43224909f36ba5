import assert from "node:assert/strict";
import { test } from "node:test";
import { events } from "../../public/connection.js";

/** The events of a body that arrives in these pieces. */
async function read(...pieces) {
  const bytes = pieces.map((piece) => typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
  const found = [];
  for await (const event of events(ReadableStream.from(bytes))) found.push(event);
  return found;
}

const event = (name, data, retry = 0) => ({ name, data, retry });

test("an event has a name, data, and a hint", async () => {
  assert.deepEqual(await read("event: a\ndata: 1\nretry: 2500\nid: x.1\n\ndata:2\n\n"), [event("a", "1", 2500), event("message", "2")]);
});

test("lines end as they like, and data may have several", async () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    assert.deepEqual(await read(["event: a", "data: 1", "data:  2", "data", "", "data: 3", "", ""].join(end), "data: 4"), [event("a", "1\n 2\n"), event("message", "3")]);
  }
});

test("comments, unknown fields, bad hints, and events without data are nothing", async () => {
  assert.deepEqual(await read(": beat\n\nevent: a\n\nfoo: 1\nretry: soon\ndata: 1\n\n"), [event("message", "1")]);
});

test("what is unfinished at the end is no event", async () => {
  assert.deepEqual(await read("data: 1\n\ndata: 2\n"), [event("message", "1")]);
});

test("it does not matter where the pieces end", async () => {
  const text = "\uFEFFevent: größe\r\ndata: ☕ \u2028 \r\n\r\ndata: 2\n\n";
  const bytes = new TextEncoder().encode(text);
  const whole = await read(bytes);
  assert.deepEqual(whole, [event("größe", "☕ \u2028 "), event("message", "2")]);

  assert.deepEqual(await read(...Array.from(bytes, (byte) => Uint8Array.of(byte))), whole);
  for (let at = 1; at < bytes.length; at += 1) assert.deepEqual(await read(bytes.slice(0, at), bytes.slice(at)), whole);
});

test("a body that breaks throws, after what came whole", async () => {
  const found = [];
  const body = new ReadableStream({
    async start(out) {
      out.enqueue(new TextEncoder().encode("data: 1\n\n"));
      await new Promise((resolve) => { setImmediate(resolve); });
      out.error(new TypeError("reset"));
    },
  });

  await assert.rejects(async () => { for await (const { data } of events(body)) found.push(data); }, TypeError);
  assert.deepEqual(found, ["1"]);
});
