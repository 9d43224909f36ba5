// The tabs of one browser with a clock that stands still: who leads, and who knows what.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connected } from "./support/client.mjs";
import { Browser, Service, settle } from "./support/world.mjs";

/** How browsers differ: with everything, without Web Locks (no secure context), and with storage alone. */
const KINDS = [["Web Locks", {}], ["messages alone", { locks: false }], ["storage events", { locks: false, channels: false }]];

/** So many tabs of one browser, opened one after the other. */
async function tabs(count, kind) {
  const browser = new Browser();
  const service = new Service(browser.clock);
  const all = [];
  for (let tab = 0; tab < count; tab += 1) all.push(await connected({ browser, service, tab: { chance: 0.1 + tab * 0.07, ...kind } }));
  return { browser, service, clock: browser.clock, all, clients: all.map(({ client }) => client) };
}

const leaders = (all) => all.filter(({ client }) => client.debug.leader);
const statuses = (all) => all.map(({ client }) => client.connectionStatus);

for (const [name, kind] of KINDS) {
  test(`by ${name}: one connection, and every tab tells each change once`, async () => {
    const { service, all, clock } = await tabs(5, kind);

    assert.deepEqual(statuses(all), ["live", "shared", "shared", "shared", "shared"]);
    assert.equal(service.open.length, 1);
    const changes = [await service.publish("email.verified", {}, { email_verified: true }), await service.publish("order.shipped")];
    await clock.advance(60_000);

    for (const { client, of } of all) {
      assert.deepEqual(of("change"), changes);
      assert.equal(client.user.email_verified, true);
      assert.equal(client.isConnected, true);
      assert.equal(client.debug.transport, "sse");
    }
    assert.equal(service.streams.length, 2, "one, and the one after it was mute");
  });

  test(`by ${name}: tabs opened in the same moment agree`, async () => {
    const browser = new Browser();
    const service = new Service(browser.clock);
    const all = await Promise.all(Array.from({ length: 5 }, (_, tab) => connected({ browser, service, tab: { chance: 0.3 + tab / 1000, ...kind } })));

    await browser.clock.advance(1_000);

    assert.equal(leaders(all).length, 1);
    assert.equal(service.open.length, 1);
    assert.ok(service.to("/v1/me").length <= 10, "nobody asks again and again");
  });

  test(`by ${name}: the leader is closed, and the next goes on from its cursor`, async () => {
    const { service, all, clock } = await tabs(3, kind);
    await service.publish("user.updated");

    all[0].client.close();
    await service.publish("email.verified", {}, { email_verified: true });
    await clock.advance(1_000);

    const rest = all.slice(1);
    assert.deepEqual(statuses(rest).sort(), ["live", "shared"]);
    assert.equal(service.open.length, 1);
    assert.match(service.to("/v1/stream").at(-1), /aaaaaaaa\.2$/);
    for (const { of } of rest) assert.deepEqual(of("change").map(({ cursor }) => cursor), ["aaaaaaaa.2", "aaaaaaaa.3"]);
  });

  test(`by ${name}: the leader crashes without a word, and a follower takes over`, async () => {
    const { browser, service, all, clock } = await tabs(3, kind);

    browser.crash(all[0].world);
    service.streams[0].open = false;
    await clock.advance(8_000);

    assert.equal(leaders(all.slice(1)).length, 1);
    assert.equal(service.open.length, 1);
  });

  test(`by ${name}: the leader freezes with all that it holds, a follower takes over, and later they agree`, async () => {
    const { service, all, clock } = await tabs(3, kind);
    await clock.advance(10_000);
    all[0].world.frozen = true;

    await clock.advance(7_000);
    assert.equal(leaders(all.slice(1)).length, 1);
    const change = await service.publish("email.verified", {}, { email_verified: true });
    for (const { of } of all.slice(1)) assert.deepEqual(of("change"), [change]);
    all[0].world.frozen = false;
    await clock.advance(10_000);

    assert.equal(leaders(all).length, 1);
    assert.equal(service.open.length, 1);
    assert.deepEqual(all[0].of("change"), [change]);
    assert.deepEqual(statuses(all).sort(), ["live", "shared", "shared"]);
  });

  test(`by ${name}: a leader that is told it will be frozen leaves at once`, async () => {
    const { service, all, clock } = await tabs(2, kind);

    all[0].world.document.dispatchEvent(new Event("freeze"));
    await clock.advance(500);

    assert.equal(all[1].client.connectionStatus, "live");
    all[0].world.document.dispatchEvent(new Event("resume"));
    await clock.advance(1_000);
    assert.equal(all[0].client.connectionStatus, "shared");
    assert.equal(service.open.length, 1);
  });

  test(`by ${name}: a hidden leader gives way to a visible tab, and to nobody else`, async () => {
    const { browser, service, all, clock } = await tabs(3, kind);
    const [first, second, third] = all;
    for (const { world } of [second, third]) await browser.show(world, false);
    await browser.show(first.world, false);
    await clock.advance(60_000);
    assert.equal(first.client.debug.leader, true, "with none visible it keeps the connection");

    await browser.show(third.world, true);
    await clock.advance(500);

    assert.deepEqual(all.map(({ client }) => client.debug.leader), [false, false, true]);
    assert.equal(service.open.length, 1);
    // And back again, without a change of hands where two are visible.
    await browser.show(first.world, true);
    await clock.advance(60_000);
    assert.equal(third.client.debug.leader, true);
  });
}

test("a tab that can reach no other is alone, and connects by itself", async () => {
  const { service, all } = await tabs(2, { locks: true, channels: false, storage: false });

  assert.deepEqual(statuses(all), ["live", "live"]);
  assert.equal(service.open.length, 2);
});

test("locks that a sandbox refuses are done without", async () => {
  const browser = new Browser();
  const service = new Service(browser.clock);
  const all = [];
  for (let tab = 0; tab < 2; tab += 1) {
    const opened = connected({ browser, service, tab: { chance: 0.2 * tab } });
    browser.tabs.at(-1).navigator.locks.request = () => Promise.reject(new DOMException("no", "SecurityError"));
    all.push(await opened);
  }

  assert.deepEqual(statuses(all), ["live", "shared"]);
});

test("followers tell what the leader's connection is like", async () => {
  const { service, all, clock } = await tabs(2);
  const down = () => { throw new TypeError("refused"); };

  service.instead = { stream: down, poll: down };
  service.streams[0].break();
  await clock.advance(30_000);
  assert.deepEqual(statuses(all), ["offline", "offline"]);
  service.instead = { stream: down };
  await clock.advance(10_000);

  assert.deepEqual(statuses(all), ["polling", "shared"]);
  assert.equal(all[1].client.debug.transport, "poll");
});

test("a follower that asks takes up for all what was sent away", async () => {
  const { service, all, clock } = await tabs(2);
  await service.goodbye("disconnected", false);
  await clock.advance(0);
  assert.deepEqual(statuses(all), ["offline", "offline"]);

  await all[1].client.refresh();
  await clock.advance(0);

  assert.deepEqual(statuses(all), ["live", "shared"]);
});

test("a log-out in one tab is one in all", async () => {
  const { service, all, clock } = await tabs(3);
  service.log(null);

  await service.goodbye("session_revoked", false);
  await clock.advance(1_000);

  assert.deepEqual(statuses(all), ["signed-out", "signed-out", "signed-out"]);
  for (const { client } of all) assert.equal(client.user, null);
  assert.ok(service.to("/v1/me").length <= 9);
});

test("another logs in in one tab: the others show them, and never one's state to the other", async () => {
  const { browser, service, all, clock } = await tabs(3);
  service.log({ id: "u2", email: "bob@example.com" }, "bbbbbbbb");

  const fourth = await connected({ browser, service });
  await clock.advance(1_000);

  for (const { client } of [...all, fourth]) assert.equal(client.user.email, "bob@example.com");
  assert.equal(leaders([...all, fourth]).length, 1);
  assert.equal(service.open.length, 1);
  for (const { of } of all) assert.deepEqual(of("user").map(({ id }) => id), ["u1", "u2"]);
  await service.publish("user.updated", {}, { attributes: { of: "bob" } });
  for (const { client } of all) assert.equal(client.user.attributes.of, "bob");
});

test("another logs in on a page without a client: whoever looks again notices, and the others with them", async () => {
  const { browser, service, all, clock } = await tabs(3);
  service.log({ id: "u2", email: "bob@example.com" }, "bbbbbbbb");

  await browser.show(all[2].world, true);
  await clock.advance(1_000);

  for (const { client, of } of all) {
    assert.equal(client.user.email, "bob@example.com");
    assert.deepEqual(of("change"), []);
  }
  assert.equal(service.open.length, 1);
});

test("signed out here, logged in there: this tab comes in too", async () => {
  const browser = new Browser();
  const service = new Service(browser.clock);
  service.log(null);
  const first = await connected({ browser, service });
  assert.equal(first.client.connectionStatus, "signed-out");
  service.log({ id: "u2" });

  const second = await connected({ browser, service });

  assert.deepEqual(statuses([second, first]), ["live", "shared"]);
});

test("two users by their own tokens in one browser: two connections, and nothing in common", async () => {
  const browser = new Browser();
  const [ana, bob] = [new Service(browser.clock), new Service(browser.clock)];
  bob.log({ id: "u2", email: "bob@example.com" }, "bbbbbbbb");
  const first = await connected({ browser, service: ana, token: () => "a" });
  const second = await connected({ browser, service: bob, token: () => "b" });
  const third = await connected({ browser, service: ana, token: () => "a" });

  await ana.publish("user.updated", {}, { attributes: { secret: "ana's" } });
  await bob.publish("user.updated", {}, { attributes: { secret: "bob's" } });

  assert.deepEqual(statuses([first, second, third]), ["live", "live", "shared"]);
  assert.deepEqual([first, second, third].map(({ client }) => client.user.attributes.secret), ["ana's", "bob's", "ana's"]);
  assert.deepEqual(second.of("user").map(({ id }) => id), ["u2", "u2"]);
});

test("an answer for the one before, late, is dropped", async () => {
  const { browser, service, all: [{ client, of }], clock } = await tabs(1);
  let late;
  const old = Response.json(service.user);
  service.instead.me = () => { service.instead.me = undefined; return new Promise((resolve) => { late = () => resolve(old); }); };
  const asked = client.refresh();
  await settle();
  service.log({ id: "u2" }, "bbbbbbbb");
  await connected({ browser, service });

  late();
  await clock.advance(1_000);

  assert.equal((await asked).id, "u2");
  assert.equal(client.user.id, "u2");
  assert.deepEqual(of("user").map(({ id }) => id), ["u1", "u2"]);
});
