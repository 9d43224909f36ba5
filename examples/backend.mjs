#!/usr/bin/env node
/**
 * An application's backend in plain Node.js: publishes changes, and receives webhooks.
 *
 *     AFTERCLICK_KEY=ack_… node examples/backend.mjs publish USER TYPE [JSON]
 *     AFTERCLICK_WEBHOOK_SECRET=whsec_… node examples/backend.mjs receive [ADDRESS]
 *
 * Node.js 18 or later, and no package.
 */

import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { argv, env, exit } from "node:process";
import { setTimeout as pause } from "node:timers/promises";

const SERVICE = env.AFTERCLICK_URL ?? "http://127.0.0.1:8080";

/**
 * How far a message's time may be from ours, in seconds: an old one that somebody recorded is
 * refused, and an honest one, which is signed anew at each try, is not.
 */
const TOLERANCE = 300;

/** The largest message, in bytes: two documents and an event's data, of 16 KiB each, and some. */
const MAX_BODY = 128 * 1024;

/** Publishes a change of a user once, however often it has to be tried; resolves with the change. */
async function publish(user, type, data) {
  const request = {
    method: "POST",
    headers: {
      authorization: `Bearer ${env.AFTERCLICK_KEY}`,
      "content-type": "application/json",
      "idempotency-key": randomUUID(),
    },
    body: JSON.stringify({ type, data }),
  };
  for (let attempt = 0; ; attempt++) {
    let answer;
    try {
      const signal = AbortSignal.timeout(10_000);
      answer = await fetch(`${SERVICE}/v1/users/${encodeURIComponent(user)}/events`, { ...request, signal });
    } catch (error) {
      if (attempt === 4) throw error;
      await pause(1000 * 2 ** attempt);
      continue;
    }
    const body = await answer.json();
    if (answer.ok) return body;
    if (![429, 503].includes(answer.status) || attempt === 4) {
      throw new Error(`${answer.status} ${body.code}: ${body.detail}`);
    }
    await pause(1000 * Number(answer.headers.get("retry-after") ?? 1));
  }
}

/** The message is not from our service, or not of now. */
class Refused extends Error {}

/**
 * Returns the message's id; throws Refused for what was forged, changed, or recorded.
 *
 * `body` is what came, to the byte: JSON that was read and written again has other bytes.
 */
function verify(secrets, headers, body, now) {
  const { "webhook-id": id, "webhook-timestamp": sent, "webhook-signature": signed } = headers;
  if (!id || !signed || !/^\d{1,15}$/.test(sent)) throw new Refused("a header is missing");
  if (Math.abs(now - Number(sent)) > TOLERANCE) throw new Refused("it is not of now");
  const signatures = signed.split(" ").filter((one) => one.startsWith("v1,"));
  for (const secret of secrets) {
    const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
    const expected = createHmac("sha256", key).update(`${id}.${sent}.`).update(body).digest();
    for (const signature of signatures) {
      const shown = Buffer.from(signature.slice(3), "base64");
      // In constant time: how long it takes must not tell how much of a guess is right.
      if (shown.length === expected.length && timingSafeEqual(shown, expected)) return id;
    }
  }
  throw new Refused("no signature is right");
}

/** What has arrived. A real backend keeps this in its database, in the transaction of its work. */
const inbox = { ids: new Set(), newest: new Map() };

/** Does what a message asks for, once. */
function take(id, message) {
  if (inbox.ids.has(id)) return;
  // The id is kept after the work: who fails in between gets the message again.
  work(message);
  inbox.ids.add(id);
}

function work({ type, data }) {
  const user = data.user.id;
  const [epoch, version] = (data.cursor ?? "").split(".");
  if (epoch) {
    // A replayed message may be older than what is known. State never goes back.
    const known = inbox.newest.get(user);
    if (known?.epoch === epoch && known.version >= Number(version)) return;
    inbox.newest.set(user, { epoch, version: Number(version) });
  }
  console.log(JSON.stringify({ type, user, data: data.data }));
}

/** POST /hooks: 204 for a message that was taken, now or before; 401 for one that is refused. */
async function answer(secrets, request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > MAX_BODY) return 413;
    chunks.push(chunk);
  }
  if (request.method !== "POST") return 405;
  const body = Buffer.concat(chunks);
  let id, message;
  try {
    id = verify(secrets, request.headers, body, Date.now() / 1000);
    message = JSON.parse(body);
  } catch (error) {
    if (!(error instanceof Refused)) return 400;
    console.error(`refused: ${error.message}`);
    return 401;
  }
  take(id, message);
  return 204;
}

/** Receives webhooks until it is stopped. */
function receive(address) {
  // Two while a secret is changed, with a comma between.
  const secrets = env.AFTERCLICK_WEBHOOK_SECRET.split(",");
  const server = createServer(async (request, response) => {
    try {
      response.statusCode = await answer(secrets, request);
    } catch (error) {
      console.error(error);
      response.statusCode = 500;
    }
    response.end();
  });
  const [host, port] = address.split(":");
  server.listen(Number(port), host, () => console.log(`receiving on http://${address}/hooks`));
}

const [command, ...rest] = argv.slice(2);
if (command === "publish" && [2, 3].includes(rest.length)) {
  const [user, type, data = "{}"] = rest;
  try {
    console.log(JSON.stringify(await publish(user, type, JSON.parse(data))));
  } catch (error) {
    console.error(error.message);
    exit(1);
  }
} else if (command === "receive" && rest.length <= 1) {
  receive(rest[0] ?? "127.0.0.1:9000");
} else {
  console.error("backend.mjs publish USER TYPE [JSON] | receive [ADDRESS]");
  exit(2);
}
