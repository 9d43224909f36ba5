// The client with a clock that stands still: each way on and back between its states.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connected, open } from "./support/client.mjs";
import { Browser, html, problem, Service, settle, Stream } from "./support/world.mjs";

const nothing = () => new Promise(() => {});

/** A stream with a good head and nothing more, as from a proxy that holds back the body. */
const mute = ({ init }) => new Stream(init.signal).response();

// --- The way to live ------------------------------------------------------------------------------

test("a tab learns who is logged in, and streams from there", async () => {
  const { client, service, of } = await connected();

  assert.equal(client.user.email, "ana@example.com");
  assert.deepEqual(of("status"), ["live"]);
  assert.equal(client.isConnected, true);
  assert.deepEqual(service.to("/v1/"), ["/v1/me", "/v1/stream?last_event_id=aaaaaaaa.1"]);
  assert.deepEqual(Object.keys(client.debug), ["transport", "streamId", "tabId", "leader", "cursor", "reconnects", "lastHeartbeat", "lastError"]);
  const { tabId, lastHeartbeat, ...debug } = client.debug;
  assert.match(tabId, /^[a-z0-9]{8}$/);
  assert.equal(lastHeartbeat, "2026-11-25T00:00:00.000Z");
  assert.deepEqual(debug, { transport: "sse", streamId: "r1", leader: true, cursor: "aaaaaaaa.1", reconnects: 0, lastError: null });
});

test("a change is told once, after the state it led to, whatever its type", async () => {
  const { client, service, told } = await connected();
  told.length = 0;

  const change = await service.publish("order.shipped", { parcel: 7 }, { attributes: { orders: 1 } });
  service.streams[0].send("order.shipped", change);
  await settle();

  assert.deepEqual(told, [["user", change.user], ["change", change]]);
  assert.equal(client.user.attributes.orders, 1);
  assert.equal(client.debug.cursor, "aaaaaaaa.2");
});

test("state never goes back, and an older snapshot changes nothing", async () => {
  const { client, service, told } = await connected();
  const old = service.user;
  await service.publish("email.verified", {}, { email_verified: true });
  told.length = 0;

  service.streams[0].send("snapshot", { cursor: old.cursor, reason: "gap", user: old });
  await settle();

  assert.equal(client.user.email_verified, true);
  assert.deepEqual(told, []);
});

test("a snapshot of another epoch is taken, though its version is smaller", async () => {
  const { client, service } = await connected();
  await service.publish("user.updated");
  service.epoch = "bbbbbbbb";
  service.version = 1;
  service.user = { ...service.user, cursor: service.cursor };

  service.streams[0].send("snapshot", { cursor: service.cursor, reason: "epoch", user: service.user });
  await settle();

  assert.equal(client.debug.cursor, "bbbbbbbb.1");
});

test("a change of another epoch is not applied, but asked about", async () => {
  const { client, service, of } = await connected();
  service.epoch = "bbbbbbbb";
  service.version = 6;

  const change = await service.publish("user.updated");

  assert.deepEqual(of("change"), []);
  assert.equal(client.user.cursor, change.cursor);
  assert.deepEqual(service.to("/v1/poll"), ["/v1/poll?wait=0&after=aaaaaaaa.1"]);
});

test("a heartbeat that is ahead brings what was missed, each change of it", async () => {
  const { client, service, of } = await connected();
  await service.publish("user.updated", { a: 1 }, { quiet: true });
  await service.publish("order.shipped", { b: 1 }, { quiet: true });

  await service.beat();

  assert.deepEqual(of("change").map(({ type }) => type), ["user.updated", "order.shipped"]);
  assert.equal(client.debug.cursor, "aaaaaaaa.3");
});

test("what refresh() learned first is still told as a change when it comes", async () => {
  const { client, service, of } = await connected();
  await service.publish("email.verified", {}, { quiet: true, email_verified: true });

  const user = await client.refresh();
  assert.equal(user.email_verified, true);
  assert.deepEqual(of("change"), []);
  service.streams[0].send("email.verified", service.changes[0]);
  await settle();

  assert.deepEqual(of("change"), service.changes);
  assert.equal(of("user").length, 2);
});

test("what is new to the client, and what is nonsense, breaks nothing", async () => {
  const { client, service, clock, of } = await connected();

  service.streams[0].raw(": a comment\n\ndata:{}\n\nevent: something.new\ndata: {\"cursor\":\"nonsense\",\"user\":{\"id\":\"u1\"}}\n\n");
  await clock.advance(0);
  assert.equal(client.connectionStatus, "live");
  service.streams[0].raw("event: user.updated\ndata: {\n\n");
  await clock.advance(10_000);

  assert.equal(client.connectionStatus, "live");
  assert.deepEqual(of("error").map(({ code }) => code), ["bad_answer"]);
});

test("with debug each event is logged, and without it nothing", async () => {
  const [loud, quiet] = [await connected({ debug: true }), await connected()];

  await loud.service.publish("order.shipped");

  const names = loud.world.logged.map(([who, name]) => `${who} ${name}`);
  for (const name of ["heartbeat", "order.shipped", "user", "change", "status"]) assert.ok(names.includes(`afterclick ${name}`), name);
  assert.deepEqual(quiet.world.logged, []);
});

// --- Broken streams -------------------------------------------------------------------------------

test("a stream without a first event in 5 s is mute, and after two of them polls come", async () => {
  const { client, service, clock, of } = open();
  service.instead.stream = mute;

  await clock.advance(4_900);
  assert.deepEqual(of("error"), []);
  await clock.advance(20_000);

  assert.equal(client.connectionStatus, "polling");
  assert.equal(service.to("/v1/stream").length, 2);
  assert.deepEqual(of("error").map(({ code }) => code), ["mute", "mute"]);
  const change = await service.publish("email.verified", {}, { email_verified: true });
  assert.deepEqual(of("change"), [change]);
  assert.equal(client.debug.transport, "poll");
});

test("a stream is tried again every 2 minutes while polls go on, and taken where it gets through", async () => {
  const { client, service, clock, of } = open();
  service.instead.stream = mute;
  await clock.advance(30_000);

  await clock.advance(118_000);
  assert.equal(service.to("/v1/stream").length, 3);
  assert.equal(client.connectionStatus, "polling");
  await clock.advance(130_000);
  assert.equal(service.to("/v1/stream").length, 4);
  assert.deepEqual(of("status"), ["polling"]);
  delete service.instead.stream;
  await clock.advance(130_000);

  assert.equal(client.connectionStatus, "live");
});

test("a stream that goes silent for 40 s is opened anew from the cursor, and one that beats is not", async () => {
  const { client, service, clock, of } = await connected();
  for (let beat = 0; beat < 8; beat += 1) {
    await clock.advance(15_000);
    await service.beat();
  }
  assert.equal(service.streams.length, 1);
  await service.publish("user.updated", {}, { quiet: true });

  await clock.advance(39_900);
  assert.equal(service.streams.length, 1);
  await clock.advance(5_000);

  assert.equal(service.streams.length, 2);
  assert.equal(service.open.length, 1);
  assert.deepEqual(of("error").map(({ code }) => code), ["mute"]);
  assert.deepEqual(of("change").map(({ cursor }) => cursor), ["aaaaaaaa.2"]);
  assert.equal(client.debug.reconnects, 1);
});

test("a buffer that lets only the beginning through leads to polls as well", async () => {
  const { client, clock } = await connected(); // Its stream never beats.

  await clock.advance(100_000);

  assert.equal(client.connectionStatus, "polling");
});

for (const [name, end] of [["ends", (stream) => stream.end()], ["breaks", (stream) => stream.break()]]) {
  test(`a stream that ${name} is opened anew, later each time, and the first pause is the service's`, async () => {
    const { client, service, clock, world } = await connected();
    world.chance = 0;

    end(service.streams[0]);
    await clock.advance(1_900);
    assert.equal(client.connectionStatus, "connecting");
    assert.equal(service.streams.length, 1);
    await clock.advance(200);
    assert.equal(client.connectionStatus, "live");
    assert.match(service.to("/v1/stream")[1], /last_event_id=aaaaaaaa\.1$/);

    // It has shown nothing yet, so a second one like it means polls.
    end(service.streams[1]);
    await clock.advance(2_100);
    assert.equal(client.connectionStatus, "polling");
  });
}

test("chance spreads the pause from the service's hint on, and never shortens it", async () => {
  for (const chance of [0, 0.999]) {
    const { service, clock, world } = await connected({ transport: "sse" });
    world.chance = chance;
    service.instead.stream = () => problem(503, "unavailable", { "Retry-After": "7" });
    service.streams[0].end();
    await clock.advance(60_000);

    const at = service.calls.filter(({ path }) => path.startsWith("/v1/stream")).map((call) => call.at).slice(2);
    const pauses = at.map((time, index) => time - (at[index - 1] ?? NaN)).slice(1);
    assert.ok(pauses.length >= 3);
    for (const pause of pauses) assert.ok(chance ? pause > 10_000 && pause <= 12_000 : pause === 7_000, `${pause}`);
  }
});

test("without a hint the back-off doubles up to 4 s, and to 30 s where nobody looks", async () => {
  for (const [visible, last] of [[true, 4_000], [false, 30_000]]) {
    const { service, clock, world } = open({ transport: "sse" });
    world.chance = 0.9999;
    world.document.visibilityState = visible ? "visible" : "hidden";
    service.instead.stream = () => { throw new TypeError("refused"); };
    await clock.advance(120_000);

    const at = service.calls.filter(({ path }) => path.startsWith("/v1/stream")).map((call) => call.at);
    const pauses = at.slice(1).map((time, index) => Math.round((time - at[index]) / 100) * 100);
    assert.deepEqual(pauses.slice(0, 4), [1_000, 2_000, 4_000, visible ? 4_000 : 8_000]);
    assert.equal(Math.max(...pauses), last);
  }
});

for (const [name, answer, code] of [
  ["429", () => problem(429, "too_many", { "Retry-After": "1" }), "too_many"],
  ["503", () => problem(503, "overloaded", { "Retry-After": "1" }), "overloaded"],
  ["503 of a proxy", () => html(503), "http_503"],
  ["204", () => new Response(null, { status: 204 }), "bad_answer"],
  ["200 with a page", () => html(), "bad_answer"],
  ["200 with JSON", () => Response.json({}), "bad_answer"],
  ["401 of a proxy", () => html(401), "http_401"],
  ["404", () => problem(404, "not_found"), "not_found"],
  ["nothing", () => { throw new TypeError("refused"); }, "network"],
  ["no end of the head", nothing, "mute"],
]) {
  test(`r20 ${name} instead of a stream: polls meanwhile, and the cursor is kept`, async () => {
    const { client, service, clock, of } = await connected();
    await service.publish("user.updated");
    service.instead.stream = answer;
    service.streams[0].break();
    await service.publish("user.updated");

    await clock.advance(15_000);

    assert.equal(client.connectionStatus, "polling");
    assert.equal(of("error").at(-1).code, code);
    assert.deepEqual(of("change").map(({ cursor }) => cursor), ["aaaaaaaa.2", "aaaaaaaa.3"]);
    assert.ok(service.to("/v1/").length < 15, "it does not hammer");
  });

  test(`r20 ${name} to everything, and the client is live within 10 s of its end`, async () => {
    const { client, service, clock, world, of } = await connected();
    world.chance = 0.999;
    service.instead.stream = service.instead.poll = service.instead.me = answer;
    if (name.startsWith("401")) service.instead.me = undefined; // Else it is signed out, and rightly so.
    service.streams[0].break();
    await clock.advance(60_000);
    // A poll's 204 is what the service itself says where nothing is new.
    assert.equal(client.connectionStatus, name === "204" ? "polling" : "offline");
    await service.publish("email.verified", {}, { email_verified: true });

    service.instead = {};
    await clock.advance(answer === nothing ? 18_000 : 10_000); // A call that hangs is given up after 10 s.

    assert.equal(client.connectionStatus, name === "204" ? "polling" : "live");
    assert.equal(client.user.email_verified, true);
    assert.equal(of("change").length, 1);
  });

  test(`${name} on arrival, and the client comes in when it ends`, async () => {
    if (name.startsWith("401")) return;
    const { client, service, clock } = open();
    service.instead.me = answer;
    await clock.advance(60_000);
    assert.equal(client.user, null);
    assert.equal(client.connectionStatus, "offline");

    service.instead = {};
    await clock.advance(answer === nothing ? 18_000 : 10_000);

    assert.equal(client.connectionStatus, "live");
  });
}

// --- Polls ----------------------------------------------------------------------------------------

test("transport says which, and neither looks at the other", async () => {
  const [poll, sse] = [open({ transport: "poll" }), open({ transport: "sse" })];
  sse.service.instead.stream = mute;
  await poll.clock.advance(100_000);
  await sse.clock.advance(100_000);

  assert.equal(poll.client.connectionStatus, "polling");
  assert.deepEqual(poll.service.to("/v1/stream"), []);
  assert.equal(sse.client.connectionStatus, "offline");
  assert.deepEqual(sse.service.to("/v1/poll"), []);
});

test("a poll is parked for 20 s, and the next follows at once", async () => {
  const { service, clock } = await connected({ transport: "poll" });

  await clock.advance(61_000);

  assert.deepEqual(service.to("/v1/poll"), ["/v1/poll?wait=0&after=aaaaaaaa.1", ...Array(4).fill("/v1/poll?wait=20&after=aaaaaaaa.1")]);
});

test("a poll that is answered too soon, as by a node that drains, does not spin", async () => {
  const { service, clock } = open({ transport: "poll" });
  service.instead.poll = () => new Response(null, { status: 204 });

  await clock.advance(60_000);

  assert.ok(service.to("/v1/poll").length < 30, `${service.to("/v1/poll").length}`);
});

test("a poll that is never answered is given up after 30 s", async () => {
  const { client, service, clock, of } = await connected({ transport: "poll" });
  service.instead.poll = nothing;

  await clock.advance(60_000);

  assert.equal(of("error")[0].code, "timeout");
  assert.notEqual(client.connectionStatus, "polling");
});

test("a parked poll whose session ends: signed out", async () => {
  const { client, service, clock } = await connected({ transport: "poll" });
  service.user = null;
  service.instead.poll = () => problem(401, "unauthenticated");

  for (const parked of service.polls) parked.refuse();
  await clock.advance(0);

  assert.equal(client.connectionStatus, "signed-out");
  assert.equal(client.user, null);
});

test("changes that a poll cannot show one by one become one state", async () => {
  const { client, service, of } = await connected({ transport: "poll" });
  service.version = 500;

  await service.publish("user.updated");
  for (const parked of service.polls) parked.wake();
  service.changes = [];
  await settle();

  assert.equal(client.debug.cursor, "aaaaaaaa.501");
  assert.equal(of("user").length, 2);
});

// --- Goodbyes -------------------------------------------------------------------------------------

for (const code of ["draining", "max_age"]) {
  test(`goodbye ${code}: it comes back when told, to a stream, and nothing is wrong`, async () => {
    const { client, service, clock, of } = await connected();

    for (let round = 1; round < 5; round += 1) {
      await service.goodbye(code, true, 1500);
      await clock.advance(1_400);
      assert.equal(service.streams.length, round);
      await clock.advance(200);
      assert.equal(service.streams.length, round + 1);
    }

    assert.equal(client.connectionStatus, "live");
    assert.deepEqual(of("error"), []);
  });
}

for (const code of ["overloaded", "unavailable"]) {
  test(`goodbye ${code}: it comes back ever later, to a stream, and says what is wrong`, async () => {
    const { client, service, clock, of } = await connected();
    service.instead.stream = (call) => {
      const stream = new Stream(call.init.signal);
      stream.send("goodbye", { code, reconnect: true, retry_ms: 3000 });
      stream.end();
      return stream.response();
    };

    await service.goodbye(code, true, 3000);
    await clock.advance(30_000);
    assert.equal(client.connectionStatus, "offline");
    assert.equal(of("error").at(-1).code, code);
    assert.deepEqual(service.to("/v1/poll"), []);
    service.instead = {};
    await clock.advance(8_100);

    assert.equal(client.connectionStatus, "live");
  });
}

for (const code of ["session_revoked", "user_deleted"]) {
  test(`goodbye ${code}: signed out, and nothing of the user is left`, async () => {
    const { client, service, clock, told } = await connected();
    service.user = null;
    told.length = 0;

    await service.goodbye(code, false);
    await clock.advance(600_000);

    assert.deepEqual(told.filter(([name]) => name !== "error"), [["user", null], ["status", "signed-out"]]);
    assert.equal(client.user, null);
    assert.equal(client.debug.cursor, null);
    const asked = service.calls.length;
    await clock.advance(600_000);
    assert.equal(service.calls.length, asked, "it is quiet then");
  });
}

test("goodbye session_revoked, but another session is there by now: on with it", async () => {
  const { client, service, clock } = await connected();

  await service.goodbye("session_revoked", false);
  await clock.advance(5_000);

  assert.equal(client.connectionStatus, "live");
});

test("goodbye too_many_streams: it polls, and takes a stream again when somebody looks", async () => {
  const { browser, client, service, clock, world } = await connected();

  await service.goodbye("too_many_streams", false, 600_000);
  await clock.advance(600_000);
  assert.equal(client.connectionStatus, "polling");
  assert.equal(service.streams.length, 1);
  await browser.show(world, false);
  await browser.show(world, true);
  await clock.advance(21_000);

  assert.equal(client.connectionStatus, "live");
});

test("goodbye disconnected: away until the application asks", async () => {
  const { client, service, clock, of } = await connected();

  await service.goodbye("disconnected", false, 600_000);
  await clock.advance(600_000);
  assert.equal(client.connectionStatus, "offline");
  assert.equal(client.debug.lastError.code, "disconnected");
  assert.equal(service.streams.length, 1);
  await service.publish("user.updated");
  await client.refresh();
  await clock.advance(0);

  assert.equal(client.connectionStatus, "live");
  assert.equal(of("change").length, 1);
});

// --- Credentials ----------------------------------------------------------------------------------

/** Accepts only this token. */
const only = (service, good) => {
  const guard = ({ headers }) => headers.get("Authorization") === `Bearer ${good()}` ? undefined : problem(401, "invalid_token");
  service.instead = { me: guard, stream: guard, poll: guard };
};

test("a token goes along with each call, never in a URL, and is asked for once", async () => {
  let asked = 0;
  const { client, service, clock } = await connected({ url: "https://api.example/", token: async () => { asked += 1; return "t1"; } });

  await clock.advance(1_000);

  assert.equal(client.connectionStatus, "live");
  assert.equal(asked, 1);
  for (const { url, headers } of service.calls) {
    assert.equal(headers.get("Authorization"), "Bearer t1");
    assert.match(url, /^https:\/\/api\.example\/v1\//);
    assert.doesNotMatch(url, /t1/);
  }
});

test("a refused token is renewed once, and the call made again", async () => {
  let [asked, good] = [0, "t1"];
  const browser = new Browser();
  const service = new Service(browser.clock);
  only(service, () => good);
  const { client, of } = await connected({ browser, service, token: () => { asked += 1; return `t${asked}`; } });
  good = "t2";

  const answers = await Promise.all([client.refresh(), client.refresh(), client.fetch("/v1/me")]);

  assert.equal(answers[2].status, 200);
  assert.equal(asked, 2);
  assert.deepEqual(of("error"), []);
  assert.equal(client.connectionStatus, "live");
});

for (const [name, token] of [["the same token", () => "old"], ["another bad token", () => Math.random().toString()], ["no token", () => null]]) {
  test(`where a refused token is followed by ${name}, nobody is logged in`, async () => {
    const browser = new Browser();
    const service = new Service(browser.clock);
    only(service, () => "good");
    const { client, clock } = await connected({ browser, service, token });

    await clock.advance(600_000);

    assert.equal(client.connectionStatus, "signed-out");
    assert.ok(service.calls.length <= 2);
  });
}

test("goodbye token_expired: it comes back with a new token and its cursor", async () => {
  let asked = 0;
  const { client, service, clock } = await connected({ token: () => { asked += 1; return `t${asked}`; } });

  await service.goodbye("token_expired", true, 1000);
  await clock.advance(1_100);

  assert.equal(client.connectionStatus, "live");
  assert.equal(service.calls.at(-1).headers.get("Authorization"), "Bearer t2");
  assert.match(service.calls.at(-1).path, /last_event_id=aaaaaaaa\.1$/);
});

for (const [name, token] of [["fails", () => Promise.reject(new Error("no net"))], ["throws", () => { throw new Error("bug"); }], ["never comes", nothing]]) {
  test(`a token that ${name} is no log-out: it tries again`, async () => {
    let good = false;
    const { client, clock, of } = open({ token: () => good ? "t1" : token() });

    await clock.advance(30_000);
    assert.equal(of("error")[0].code, "token_failed");
    assert.equal(client.connectionStatus === "signed-out", false);
    good = true;
    await clock.advance(16_000);

    assert.equal(client.connectionStatus, "live");
  });
}

test("with the cookie a refused session is refreshed once, by one call for all", async () => {
  const { client, service } = await connected();
  let expired = true;
  service.instead.me = () => expired ? problem(401, "invalid_token") : undefined;
  service.instead.refresh = () => { expired = false; return Response.json({}); };

  await Promise.all([client.refresh(), client.refresh()]);

  const [{ method, headers, init }, ...more] = service.calls.filter(({ path }) => path === "/v1/sessions/refresh");
  assert.deepEqual(more, []);
  assert.equal(method, "POST");
  assert.equal(headers.get("Content-Type"), "application/json");
  assert.equal(init.body, "{}");
  assert.equal(client.connectionStatus, "live");
});

for (const status of [429, 503]) {
  test(`a refresh that is answered ${status} is no log-out`, async () => {
    const { client, service, clock } = await connected();
    service.instead.me = () => problem(401, "invalid_token");
    service.instead.refresh = () => problem(status, "busy", { "Retry-After": "2" });

    await assert.rejects(client.refresh(), { code: "busy", floor: 2000 });
    await clock.advance(1_000);

    assert.equal(client.user.id, "u1");
    assert.equal(client.connectionStatus, "live");
  });
}

test("nobody logged in: it says so, asks no more, and comes in after the log-in", async () => {
  const browser = new Browser();
  const service = new Service(browser.clock);
  service.log(null);
  const { client, clock, of } = await connected({ browser, service });
  await clock.advance(600_000);
  assert.equal(client.connectionStatus, "signed-out");
  assert.deepEqual(service.to("/v1/me").length, 1);
  assert.equal(await client.refresh(), null);
  service.log({ id: "u1" });

  const user = await client.refresh();
  await clock.advance(0);

  assert.equal(user.id, "u1");
  assert.equal(client.connectionStatus, "live");
  assert.deepEqual(of("status"), ["signed-out", "connecting", "live"]);
});

// --- The page comes and goes ----------------------------------------------------------------------

test("whoever looks again sees the state at once, and what happened meanwhile", async () => {
  const { browser, client, service, world, of } = await connected();
  await browser.show(world, false);
  await service.publish("email.verified", {}, { quiet: true, email_verified: true });

  await browser.show(world, true);

  assert.equal(client.user.email_verified, true);
  assert.equal(of("change").length, 1);
});

test("after a sleep the stream is not trusted", async () => {
  const { client, service, clock } = await connected();

  await clock.sleep(3_600_000);
  await clock.advance(5_000);

  assert.equal(client.connectionStatus, "live");
  assert.equal(service.streams.length, 2);
  assert.equal(service.open.length, 1);
});

test("a hidden tab whose timers come once a minute did not sleep", async () => {
  const { browser, service, clock, world } = await connected();
  await browser.show(world, false);
  for (let minute = 0; minute < 5; minute += 1) {
    for (let quarter = 0; quarter < 3; quarter += 1) {
      clock.now += 15_000;
      await service.beat();
    }
    await clock.sleep(14_000);
    await service.beat();
  }

  assert.equal(service.streams.length, 1);
});

test("the network goes and comes: it says so, and does not wait for its turn", async () => {
  const { client, service, clock, world } = await connected();
  world.chance = 0.999;
  const down = () => { throw new TypeError("no network"); };
  service.instead = { me: down, stream: down, poll: down };
  world.navigator.onLine = false;

  world.dispatchEvent(new Event("offline"));
  await clock.advance(2_100);
  assert.equal(client.connectionStatus, "offline");
  await clock.advance(60_000);
  world.navigator.onLine = true;
  service.instead = {};
  world.dispatchEvent(new Event("online"));
  await clock.advance(2_100);

  assert.equal(client.connectionStatus, "live");
});

test("offline says the browser, but the service is there: nothing changes", async () => {
  const { client, service, clock, world, of } = await connected();
  world.navigator.onLine = false;

  world.dispatchEvent(new Event("offline"));
  await clock.advance(1_000);

  assert.equal(client.connectionStatus, "live");
  assert.equal(service.streams.length, 1);
  assert.deepEqual(of("error"), []);
});

for (const [name, away, back, persisted] of [["in the back-forward cache", "pagehide", "pageshow", true], ["frozen", "freeze", "resume"]]) {
  test(`a page ${name} holds nothing, and is right when it is back`, async () => {
    const { client, service, clock, world, of } = await connected();
    const target = persisted ? world : world.document;
    target.dispatchEvent(Object.assign(new Event(away), { persisted }));
    await settle();
    assert.equal(service.open.length, 0);
    assert.equal(client.user.id, "u1");
    await service.publish("email.verified", {}, { email_verified: true });

    target.dispatchEvent(Object.assign(new Event(back), { persisted }));
    await clock.advance(0);

    assert.equal(client.connectionStatus, "live");
    assert.equal(client.user.email_verified, true);
    assert.equal(of("change").length, 1);
  });
}

test("closed is closed", async () => {
  const { browser, client, service, clock, world, told } = await connected();
  told.length = 0;

  client.close();
  client.close();
  await service.publish("user.updated");
  for (const type of ["online", "pageshow"]) world.dispatchEvent(Object.assign(new Event(type), { persisted: true }));
  await browser.show(world, true);
  await clock.advance(600_000);

  assert.deepEqual(told, [["status", "closed"]]);
  assert.equal(service.open.length, 0);
  assert.equal(client.isConnected, false);
  await assert.rejects(client.refresh());
  await assert.rejects(client.fetch("/v1/me"));
  assert.equal(client.connectionStatus, "closed");
});

test("an answer of the epoch before, late, is dropped", async () => {
  const { client, service, clock } = await connected();
  let late;
  const old = Response.json(service.user);
  service.instead.me = () => { service.instead.me = undefined; return new Promise((resolve) => { late = () => resolve(old); }); };
  const asked = client.refresh();
  await settle();
  service.epoch = "bbbbbbbb";
  service.user = { ...service.user, cursor: service.cursor };
  service.streams[0].send("snapshot", { cursor: service.cursor, reason: "epoch", user: service.user });
  await settle();

  late();
  await clock.advance(0);

  assert.equal((await asked).cursor, "bbbbbbbb.1");
  assert.equal(client.user.cursor, "bbbbbbbb.1");
});

test("nothing is told after close(), not even of what had come", async () => {
  const { client, service, told } = await connected();
  client.addEventListener("change", () => client.close());
  told.length = 0;

  const piece = [2, 3].map((version) => `event: a.b\ndata: ${JSON.stringify({ cursor: `aaaaaaaa.${version}`, type: "a.b", user: { ...service.user, cursor: `aaaaaaaa.${version}` } })}\n\n`);
  service.streams[0].raw(piece.join(""));
  await settle();

  assert.deepEqual(told.map(([name]) => name), ["user", "change", "status"]);
});
