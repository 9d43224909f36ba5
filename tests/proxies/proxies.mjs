// The configurations of deploy/, in front of the real service, in the real proxies: events and polls
// come at once, nothing is compressed or forged, and whoever goes away is noticed. See stage.mjs.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { ANA, DEPLOY, PROXIES, ana, ask, listen, stage, streams, until } from "./stage.mjs";

/** How often somebody has asked how the node is: its proxy, where that one does. */
const checks = async (site) => {
  const text = await (await site.direct("/metrics")).text();
  const asked = [...text.matchAll(/^afterclick_requests_total\{.*route="\/(?:readyz|healthz)".*\} (\d+)$/gm)];
  return asked.reduce((sum, [, count]) => sum + Number(count), 0);
};

for (const name of Object.keys(PROXIES)) {
  test(`${name} passes an event on when it comes, and wakes a poll`, { timeout: 60_000 }, () => stage(name, async (site) => {
    const { bearer, link } = await ana(site);
    const asked = Date.now();
    const stream = await listen(site, bearer);
    const first = await stream.next();
    assert.equal(first.name, "snapshot");
    assert.ok(first.at - asked < 1000, `the first event after ${first.at - asked} ms`);
    assert.equal(stream.headers["content-encoding"], undefined);
    const { cursor } = (await ask(site, "GET", "/v1/me", { headers: bearer })).json();
    const poll = ask(site, "GET", `/v1/poll?after=${cursor}&wait=30`, { headers: bearer }).then((answer) => ({ ...answer, at: Date.now() }));
    await until("the poll's parking", async () => /^afterclick_polls_open 1$/m.test(await (await site.direct("/metrics")).text()));

    const clicked = Date.now();
    const click = await ask(site, "POST", link, { headers: { accept: "application/json" } });
    const [event, answer] = [await stream.next(), await poll];

    assert.equal(click.status, 200, click.text);
    assert.equal(event.name, "email.verified");
    assert.equal(answer.status, 200);
    console.log(`${name}: click to event ${event.at - clicked} ms, to poll ${answer.at - clicked} ms`);
    assert.ok(event.at - clicked < 1000 && answer.at - clicked < 1000);
    stream.close();
  }));

  test(`${name} notices who goes away, and keeps a quiet stream`, { timeout: 60_000 }, () => stage(name, async (site) => {
    const { bearer } = await ana(site);
    const stream = await listen(site, bearer);
    assert.equal((await stream.next()).name, "snapshot");
    for (let beat = 0; beat < 2; beat += 1) assert.equal((await stream.next()).name, "heartbeat");
    assert.equal(await streams(site), 1);

    stream.close();

    await until("the end of the stream", async () => await streams(site) === 0);
  }, { heartbeat: "1s" }));

  test(`${name} outlives heartbeats and polls, and believes no forged address`, { timeout: 60_000 }, () => stage(name, async (site) => {
    const config = await readFile(new URL(PROXIES[name].file, DEPLOY), "utf8");
    const spans = [...config.matchAll(PROXIES[name].patience)].map(([, seconds]) => Number(seconds));
    assert.ok(spans.length > 0 && Math.min(...spans) >= 75, `waits ${spans}`);

    const statuses = [];
    for (const forged of ["1.1.1.1", "2.2.2.2", "3.3.3.3"]) {
      const body = { ...ANA, email: `${forged}@example.com` };
      const headers = { "x-forwarded-for": forged, forwarded: `for=${forged}` };
      statuses.push((await ask(site, "POST", "/v1/users", { body, headers })).status);
    }

    assert.deepEqual(statuses, [202, 202, 429]);
  }, { limit: "2/h" }));

  test(`${name} lets people in while the mail server is away`, { timeout: 60_000 }, () => stage(name, async (site) => {
    await until("a node that misses its mail server", async () => (await site.direct("/readyz")).status === 503);
    const before = await checks(site);
    // nginx asks nobody.
    if (name !== "nginx") await until("three checks", async () => await checks(site) >= before + 3);

    assert.equal((await ask(site, "GET", "/")).status, 200);
    assert.equal((await ask(site, "POST", "/v1/users", { body: ANA })).status, 202);
  }, { mail: "smtp://127.0.0.1:1?tls=none" }));

  test(`${name} shows nobody what is for operators, and sends http to https`, { timeout: 60_000 }, () => stage(name, async (site) => {
    for (const path of ["/metrics", "/docs", "/docs/", "/dev/inbox"]) {
      assert.equal((await ask(site, "GET", path)).status, 404, path);
    }
    for (const path of ["/", "/healthz", "/reset"]) assert.equal((await ask(site, "GET", path)).status, 200, path);
    const plain = await fetch(`http://localhost:${site.web}/verify/x`, { redirect: "manual" });
    assert.ok([301, 302, 308].includes(plain.status));
    assert.match(plain.headers.get("location"), /^https:\/\/localhost.*\/verify\/x$/);
  }));
}

test("every proxy keeps a stream and a poll on which nothing is said for half a minute", { timeout: 90_000 }, async () => {
  await Promise.all(Object.keys(PROXIES).map((name) => stage(name, async (site) => {
    const { bearer } = await ana(site);
    const { cursor } = (await ask(site, "GET", "/v1/me", { headers: bearer })).json();
    const stream = await listen(site, bearer);
    assert.equal((await stream.next()).name, "snapshot");

    const [beat, poll] = await Promise.all([
      stream.next(), ask(site, "GET", `/v1/poll?after=${cursor}&wait=30`, { headers: bearer }),
    ]);

    assert.equal(beat?.name, "heartbeat", name);
    assert.equal(poll.status, 204, name);
    stream.close();
  }, { heartbeat: "30s" })));
});
