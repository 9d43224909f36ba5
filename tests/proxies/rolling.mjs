// Three nodes behind a proxy are restarted one after the other, and nobody notices: no write fails,
// every stream goes on where it was and never back, and the clients do not all come back at once.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { test } from "node:test";
import { ANA, ask, open, stage, until } from "./stage.mjs";

const STREAMS = 30;
const WRITERS = 4;

/** Within so many milliseconds of a node's end every client is at the present (`trust.md`). */
const BOUND = 15_000;

/** How long a node takes to let its clients go, in milliseconds. */
const DRAIN = 8000;

/** Goes on writing until it is told to stop; what became of each write. */
function write(site, key, id, until) {
  const done = { cursors: [], failures: [] };
  const work = (async () => {
    for (let number = 0; !until.stop; number += 1) {
      const body = { type: "load.step", data: { number } };
      const answer = await ask(site, "POST", `/v1/users/${id}/events`, { body, headers: { authorization: `Bearer ${key}` } })
        .catch((error) => ({ status: 0, text: String(error) }));
      if (answer.status === 201) done.cursors.push(answer.json().cursor);
      else done.failures.push(`${answer.status} ${answer.text}`);
      // Not as fast as possible: the streams shall be able to show every single one.
      await pause(20);
    }
  })();
  return { done, work };
}

/** A client as a browser is one: it comes back after `retry`, with the last id it saw. */
async function follow(site, bearer, client, until) {
  while (!until.stop) {
    const headers = { ...bearer, ...(client.last && { "last-event-id": client.last }) };
    const stream = await open(site, "GET", "/v1/stream", { headers }).catch(() => undefined);
    if (stream?.response.statusCode !== 200) {
      client.refused.push(stream?.response.statusCode ?? "no answer");
      await pause(100);
      continue;
    }
    client.opened.push(Date.now());
    client.close = () => stream.request.destroy();
    let text = "", retry = 2000;
    try {
      for await (const chunk of stream.response.setEncoding("utf8")) {
        text += chunk;
        for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
          const block = text.slice(0, end);
          text = text.slice(end + 2);
          const field = (name) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
          retry = Number(field("retry") ?? retry);
          const [id, name] = [field("id"), field("event")];
          if (id) {
            client.seen.push(id);
            client.last = id;
          }
          if (name === "goodbye") client.goodbyes.push(JSON.parse(field("data")).code);
        }
      }
    } catch {
      if (!until.stop) client.cut += 1;
    }
    if (!until.stop) await pause(retry);
  }
}

const version = (cursor) => Number(cursor.split(".")[1]);

for (const name of ["nginx", "haproxy"]) {
  test(`r19 three nodes behind ${name} are restarted one by one, and nobody notices`, { timeout: 120_000 }, (test) => stage(name, async (site) => {
    assert.equal((await ask(site, "POST", "/v1/users", { body: ANA })).status, 202);
    const { access_token: token, user } = (await ask(site, "POST", "/v1/sessions", { body: ANA })).json();
    const bearer = { authorization: `Bearer ${token}` };
    const key = site.command("keys", "create", "--name", "load");
    const [told, writing] = [{ stop: false }, { stop: false }];
    const clients = Array.from({ length: STREAMS }, () => ({ seen: [], opened: [], goodbyes: [], refused: [], cut: 0 }));
    const following = clients.map((client) => follow(site, bearer, client, told));
    const leave = () => {
      told.stop = writing.stop = true;
      clients.forEach(({ close }) => close?.());
    };
    test.signal.addEventListener("abort", leave);
    site.ends.push(leave);
    await until("every stream", async () => clients.every(({ seen }) => seen.length > 0));
    const writers = Array.from({ length: WRITERS }, () => write(site, key, user.id, writing));
    const began = Date.now();

    for (const node of site.fleet) {
      const left = new Promise((resolve) => { node.child.once("exit", resolve); });
      node.child.kill("SIGTERM");
      await left;
      Object.assign(node, await site.serve(node.address));
      await until("the node's return", () => fetch(`http://${node.address}/readyz`).then(({ status }) => status === 200, () => false));
      // Until the proxy has noticed too: it looks every second, or tries again after two.
      await pause(2500);
    }

    writing.stop = true;
    await Promise.all(writers.map(({ work }) => work));
    const failures = writers.flatMap(({ done }) => done.failures);
    const cursors = writers.flatMap(({ done }) => done.cursors);
    assert.deepEqual(failures, [], `of ${cursors.length} writes`);
    const newest = Math.max(...cursors.map(version));
    await until("the last change at every client", async () => clients.every(({ last }) => version(last) === newest), BOUND);
    leave();
    await Promise.all(following);
    for (const { seen } of clients) {
      const versions = seen.map(version);
      // Who was away for more than the log hands on (100 changes) goes on with a snapshot.
      assert.ok(versions.every((one, index) => index === 0 || one > versions[index - 1]), `${versions}`);
    }
    assert.deepEqual(clients.flatMap(({ refused }) => refused), []);
    assert.equal(clients.reduce((sum, { cut }) => sum + cut, 0), 0, "streams end with a goodbye");
    assert.ok(clients.flatMap(({ goodbyes }) => goodbyes).every((code) => code === "draining"));
    const returns = clients.flatMap(({ opened }) => opened.slice(1)).map((at) => Math.floor((at - began) / 1000));
    const bins = [...new Set(returns)].map((second) => returns.filter((other) => other === second).length);
    console.log(`${name}: ${cursors.length} writes, ${returns.length} returns, at most ${Math.max(...bins)} in one second, in ${Date.now() - began} ms`);
    assert.ok(returns.length >= STREAMS && Math.max(...bins) <= returns.length / 5, `${bins}`);
  }, { count: 3, drain: `${DRAIN}ms`, flags: ["--streams-per-user", `${STREAMS}`] }));
}
