// Many tabs of one browser, and one connection.
import assert from "node:assert/strict";
import { test } from "node:test";
import { about, becomes, changes, follow, show, verified } from "./support/follow.mjs";
import { front } from "./support/front.mjs";
import { click, FLAGS, member, serve, withBrowser } from "./support/service.mjs";

const ANA = "ana@example.com";

/** So many tabs of a browser where Ana is logged in. */
async function tabsOf(browser, proxy, count, context) {
  context ??= await browser.newContext();
  await member(context, proxy.url, ANA);
  const pages = [];
  for (let tab = 0; tab < count; tab += 1) pages.push(await follow(context, proxy.url));
  return { context, pages };
}

/** Which of these pages leads. */
async function leaderOf(pages) {
  const all = await Promise.all(pages.map(about));
  return pages[all.findIndex(({ leader }) => leader)];
}

/**
 * What a page hears before the browser freezes it, and after. Chromium freezes none that it takes for
 * visible, and to playwright all are; a page that stops unheard is the test of the paused script.
 */
const lifecycle = (page, type) => page.evaluate((type) => { document.dispatchEvent(new Event(type)); }, type);

test("r21 twenty tabs over HTTP/1.1 show a change within a second, by one connection", { timeout: 120_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const proxy = await front(service.url);
  const { context, pages } = await tabsOf(browser, proxy, 20);

  assert.equal(proxy.open.size, 1);
  await click(context, service.url, ANA);
  const at = await Promise.all(pages.map((page) => verified(page)));

  const took = Math.max(...at) - Math.min(...at);
  const from = Date.parse(await pages[0].evaluate(() => realtime.user.email_verified_at));
  console.log(`from the commit to the first tab: ${Math.min(...at) - from} ms, to the last: ${Math.max(...at) - from} ms, of 20`);
  assert.ok(Math.max(...at) - from <= 1_000, `${Math.max(...at) - from} ms, ${took} between the tabs`);
  assert.equal(proxy.open.size, 1);
  for (const page of pages) assert.deepEqual(await changes(page), ["email.verified"]);
}));

test("three tabs and another browser: the leader freezes, is hidden, and is closed, and nobody misses a thing", { timeout: 120_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const proxy = await front(service.url);
  const { context, pages } = await tabsOf(browser, proxy, 3);
  const { pages: [other] } = await tabsOf(browser, proxy, 1);
  assert.equal(proxy.open.size, 2, "one a browser");

  const frozen = await leaderOf(pages);
  await lifecycle(frozen, "freeze");
  await Promise.any(pages.filter((page) => page !== frozen).map((page) => becomes(page, "live")));
  await lifecycle(frozen, "resume");
  await becomes(frozen, "shared");

  const hidden = await leaderOf(pages);
  await show(hidden, false);
  await becomes(hidden, "shared");
  await show(hidden, true);

  // In the moment of the change.
  const closed = await leaderOf(pages);
  await Promise.all([closed.close(), click(context, service.url, ANA)]);
  const rest = pages.filter((page) => page !== closed);

  for (const page of [...rest, other]) {
    await verified(page, 10_000);
    await page.waitForFunction(() => realtime.isConnected);
    assert.deepEqual(await changes(page), ["email.verified"]);
  }
  assert.ok(await leaderOf(rest));
  assert.equal(proxy.open.size, 2);
}));

test("a leader whose script hangs loses the lead, and follows when it is back", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const proxy = await front(service.url);
  const { context, pages: [first, second] } = await tabsOf(browser, proxy, 2);
  assert.equal(await leaderOf([first, second]), first);
  const devtools = await context.newCDPSession(first);
  await devtools.send("Debugger.enable");
  const paused = new Promise((resolve) => { devtools.once("Debugger.paused", resolve); });
  await devtools.send("Debugger.pause");
  await paused;

  await becomes(second, "live");
  await click(context, service.url, ANA);
  await verified(second);
  await devtools.send("Debugger.resume");
  await devtools.send("Debugger.disable");

  await verified(first);
  await first.waitForFunction(() => realtime.isConnected);
  const leaders = await Promise.all([first, second].map(about));
  assert.equal(leaders.filter(({ leader }) => leader).length, 1);
}));

test("without Web Locks and BroadcastChannel, tabs share by storage events", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const proxy = await front(service.url);
  const context = await browser.newContext();
  await context.addInitScript(() => {
    delete Navigator.prototype.locks;
    delete window.BroadcastChannel;
  });
  const { pages } = await tabsOf(browser, proxy, 3, context);
  assert.equal(await pages[0].evaluate(() => "BroadcastChannel" in window || "locks" in navigator), false);
  assert.deepEqual((await Promise.all(pages.map(about))).map(({ status }) => status), ["live", "shared", "shared"]);

  await pages[0].close();
  await Promise.any(pages.slice(1).map((page) => becomes(page, "live")));
  await click(context, service.url, ANA);

  for (const page of pages.slice(1)) await verified(page);
  assert.equal(proxy.open.size, 1);
  assert.equal(await pages[1].evaluate(() => localStorage.length), 0, "nothing is left behind");
}));

test("tabs of an insecure origin, where browsers offer no locks, share all the same", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const proxy = await front(service.url);
  const context = await browser.newContext();
  await member(context, proxy.url, ANA);
  const [{ name, value }] = await context.cookies();
  await context.addCookies([{ name, value, domain: "app.test", path: "/" }]);
  const url = proxy.url.replace("127.0.0.1", "app.test");

  const pages = [await follow(context, url), await follow(context, url), await follow(context, url)];
  assert.equal(await pages[0].evaluate(() => isSecureContext || "locks" in navigator), false);
  assert.deepEqual((await Promise.all(pages.map(about))).map(({ status }) => status), ["live", "shared", "shared"]);
  await pages[0].close();
  await click(context, service.url, ANA);

  for (const page of pages.slice(1)) await verified(page, 10_000);
  assert.equal(proxy.open.size, 1);
}, { args: [...FLAGS, "--host-resolver-rules=MAP app.test 127.0.0.1"] }));

test("one logs out and another logs in in one tab: every tab turns to them, and none shows a thing of the one before", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const proxy = await front(service.url);
  const { context, pages } = await tabsOf(browser, proxy, 3);

  await context.request.delete(`${proxy.url}/v1/sessions/current`, { headers: { "Content-Type": "application/json" } });
  for (const page of pages) {
    await becomes(page, "signed-out");
    assert.equal((await about(page)).email, null);
  }
  await member(context, proxy.url, "bob@example.com");
  await pages[1].evaluate(() => realtime.refresh());
  for (const page of pages) await page.waitForFunction(() => realtime.isConnected && realtime.user.email === "bob@example.com");

  await click(context, service.url, "bob@example.com");
  for (const page of pages) {
    await verified(page);
    const whose = await page.evaluate(() => told.filter(({ name }) => name === "user").map(({ detail }) => detail?.email ?? null));
    assert.deepEqual([...new Set(whose)], [ANA, null, "bob@example.com"]);
  }
  assert.equal(proxy.open.size, 1);
}));

test("another logs in over a session that goes on: no tab is left with the one before", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const proxy = await front(service.url);
  const { context, pages } = await tabsOf(browser, proxy, 2);

  await member(context, proxy.url, "bob@example.com");
  const third = await follow(context, proxy.url);

  for (const page of [...pages, third]) await page.waitForFunction(() => realtime.isConnected && realtime.user.email === "bob@example.com");
  assert.equal(proxy.open.size, 1);
}));
