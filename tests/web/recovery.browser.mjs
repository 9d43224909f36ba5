// Whatever stands between a browser and the service breaks, and the client mends it by itself.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { about, becomes, changes, follow, verified } from "./support/follow.mjs";
import { front, gate, isTo } from "./support/front.mjs";
import { click, mailTo, member, serve, withBrowser } from "./support/service.mjs";

const ANA = "ana@example.com";
const run = promisify(execFile);

const answers = (status, headers = {}, body = "") => (request, response) => response.writeHead(status, headers).end(body);
const CAUSES = {
  401: answers(401),
  429: answers(429, { "Retry-After": "1" }),
  503: answers(503, { "Retry-After": "1" }),
  204: answers(204),
  "200 with a page": answers(200, { "Content-Type": "text/html" }, "<p>Welcome to the airport."),
  RST: (request) => request.socket.resetAndDestroy(),
  EOF: (request, response) => { response.writeHead(200, { "Content-Type": "text/event-stream" }).end(); },
  silence: () => {},
};

test("r20 whatever a stream meets, the client is live again within 10 s of its end, with its cursor", { timeout: 120_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const tries = Object.entries(CAUSES).flatMap(([name, cause]) => [["stream"], ["stream", "poll"]].map(async (routes) => {
    const email = `${name.replaceAll(" ", "")}-${routes.length}@example.com`;
    const context = await browser.newContext();
    const proxy = await front(service.url);
    await member(context, proxy.url, email);
    const page = await follow(context, proxy.url);
    const { cursor, status } = await about(page);
    assert.equal(status, "live");

    proxy.asked.length = 0;
    proxy.rule = (request, response) => isTo(request, ...routes) && (cause(request, response), true);
    proxy.cut();
    await becomes(page, "connecting", "offline");
    await click(context, service.url, email);
    const asks = (route) => proxy.asked.filter((path) => path.startsWith(`GET /v1/${route}`));
    while (asks(routes.at(-1)).length < routes.length) await page.waitForTimeout(50);
    const ended = Date.now();
    proxy.rule = () => false;
    proxy.cut(); // What never answered has ended too.
    const took = Math.max(0, await verified(page, 10_000) - ended);
    await page.waitForFunction(() => realtime.isConnected, null, { timeout: 10_000 });

    assert.ok(Date.now() - ended < 10_000, `${name}: ${Date.now() - ended} ms`);
    assert.deepEqual(await changes(page), ["email.verified"]);
    assert.ok(asks("stream")[0].endsWith(`last_event_id=${cursor}`), `${cursor} is kept: ${asks("stream")}`);
    await context.close();
    await proxy.close();
    return `${name} to ${routes.join(" and ")} ${took}`;
  }));

  console.log(`ms after the end: ${(await Promise.all(tries)).join(", ")}`);
}));

/** Ana's page, whose clock the test moves. */
async function timed(browser, url) {
  const context = await browser.newContext();
  await member(context, url, ANA);
  const page = await context.newPage();
  await page.clock.install();
  await page.goto(`${url}/follow`);
  return { context, page };
}

test("a proxy that holds back bodies: polls, and a stream as soon as it lets one through", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const proxy = await gate(service.url);
  proxy.letting = false;
  const { context, page } = await timed(browser, proxy.url);

  await becomes(page, "polling");
  await click(context, service.url, ANA);
  await verified(page, 5_000);
  proxy.letting = true;
  await page.clock.fastForward(125_000);

  await becomes(page, "live");
  assert.deepEqual(await changes(page), ["email.verified"]);
}));

test("r20 a stream that falls silent for a minute is left, and another brings what it kept back", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const proxy = await gate(service.url);
  const { context, page } = await timed(browser, proxy.url);
  await becomes(page, "live");
  proxy.letting = false;
  await click(context, service.url, ANA);
  assert.deepEqual(await changes(page), []);
  proxy.letting = true; // For the next one; what this one kept back is gone.

  // Up to where it gives up; the rest takes its time, as answers do not come faster for a clock.
  await page.clock.runFor(41_000);

  await verified(page, 20_000);
  assert.deepEqual(await changes(page), ["email.verified"]);
}));

test("the service restarts: live again, with what happened meanwhile", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const context = await browser.newContext();
  const proxy = await front(service.url);
  await member(context, proxy.url, ANA);
  const page = await follow(context, proxy.url);
  const { link } = await mailTo(context, service.url, ANA);

  await service.stop();
  await becomes(page, "offline");
  await serve(folder, service.port);
  const back = Date.now();
  assert.equal((await context.request.post(link, { headers: { accept: "application/json" } })).status(), 200);

  const shown = await verified(page, 10_000);
  await becomes(page, "live");
  console.log(`shown ${shown - back} ms after the service was back`);
  assert.deepEqual(await changes(page), ["email.verified"]);
}));

test("a machine that slept shows the present at once, and does not trust its old stream", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const proxy = await gate(service.url);
  const { context, page } = await timed(browser, proxy.url);
  await becomes(page, "live");
  proxy.letting = false; // The connection is gone, and nobody has told the browser.
  await click(context, service.url, ANA);
  assert.deepEqual(await changes(page), []);
  proxy.letting = true;

  await page.clock.fastForward(3_600_000);

  await verified(page, 2_000);
  await becomes(page, "live");
  assert.ok((await about(page)).reconnects > 0);
}));

test("the network goes and comes back", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const context = await browser.newContext();
  const proxy = await front(service.url);
  await member(context, proxy.url, ANA);
  const page = await follow(context, proxy.url);

  await context.setOffline(true);
  await becomes(page, "offline");
  const { link } = await mailTo({ request: { get: fetch } }, service.url, ANA);
  await fetch(link, { method: "POST", headers: { accept: "application/json" } });
  await context.setOffline(false);

  await verified(page, 10_000);
  await becomes(page, "live");
}));

test("the back-forward cache gives back a page that is right at once", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const context = await browser.newContext();
  const proxy = await front(service.url);
  await member(context, proxy.url, ANA);
  const page = await follow(context, proxy.url);
  await page.evaluate(() => { addEventListener("pageshow", ({ persisted }) => { window.cached = persisted; }); });

  await page.goto(`${service.url}/dev/inbox`);
  await click(context, service.url, ANA);
  await page.goBack({ waitUntil: "commit" });

  await page.waitForFunction(() => window.cached, null, { timeout: 5_000 });
  await verified(page, 5_000);
  await becomes(page, "live");
  assert.equal(proxy.open.size, 1);
}, { ignoreDefaultArgs: ["--disable-back-forward-cache"] }));

test("an application elsewhere follows by its token, and a backend's own changes come too", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const command = async (...given) => {
    const { stdout } = await run(process.env.AFTERCLICK_BIN, [...given, "--database", `sqlite:${folder}/a.db`]);
    return stdout.trim();
  };
  const key = await command("keys", "create", "--name", "shop");
  const page = await (await browser.newContext()).newPage();
  const app = await front("http://127.0.0.1:9");
  const service = await serve(folder, 0, ["--client-url", app.url]);
  const token = await command("token", "--user", "u:1", "--public-url", service.url);
  await page.goto(`${app.url}/follow-nobody`);

  await page.evaluate(async ([url, token]) => {
    const { Afterclick } = await import(`${url}/afterclick.js`);
    window.told = [];
    window.realtime = new Afterclick({ url, token: async () => token });
    realtime.addEventListener("change", ({ detail }) => told.push({ name: "change", detail }));
  }, [service.url, token]);
  await becomes(page, "live");
  const sent = await page.request.post(`${service.url}/v1/users/u%3A1/events`, { headers: { Authorization: `Bearer ${key}` }, data: { type: "order.shipped", data: { parcel: 7 } } });
  assert.equal(sent.status(), 201);

  await page.waitForFunction(() => told.length);
  assert.deepEqual(await changes(page), ["order.shipped"]);
  const { streamId } = await about(page);
  assert.match(streamId, /^[0-9a-f-]{36}$/);
}));
