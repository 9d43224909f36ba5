// Whatever stands between a browser and the service breaks, and the client mends it by itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import { about, becomes, changes, follow, verified } from "./support/follow.mjs";
import { front, isTo } from "./support/front.mjs";
import { click, member, serve, withBrowser } from "./support/service.mjs";

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

/** Answers streams, and with `all` polls too, by the cause. */
const ruleOf = (cause, all) => (request, response) => {
  const hit = isTo(request, "stream", ...(all ? ["poll"] : []));
  if (hit) cause(request, response);
  return hit;
};

test("r20 whatever a stream meets, the client is live again within 10 s of its end, with its cursor", { timeout: 120_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const tries = Object.entries(CAUSES).flatMap(([name, cause]) => [false, true].map(async (all) => {
    const email = `${name.replaceAll(" ", "")}-${all}@example.com`;
    const context = await browser.newContext();
    const proxy = await front(service.url);
    await member(context, proxy.url, email);
    const page = await follow(context, proxy.url);
    const { cursor } = await about(page);
    assert.equal((await about(page)).status, "live");

    proxy.rule = ruleOf(cause, all);
    proxy.cut();
    await becomes(page, "connecting", "offline");
    await click(context, service.url, email);
    // A cause that spares the polls is got round meanwhile.
    if (!all) await verified(page, 20_000);
    // That of 204 is what polls are answered where nothing is new.
    else if (name === "204") await becomes(page, "polling");
    else await page.waitForFunction(() => told.filter(({ name }) => name === "error").length > 2, null, { timeout: 45_000 });
    proxy.asked.length = 0;
    const ended = Date.now();
    proxy.rule = () => false;
    for (const { response } of proxy.open) if (name === "silence" && all) response.destroy();
    const shown = await verified(page, 10_000);
    await page.waitForFunction(() => realtime.isConnected, null, { timeout: 10_000 });
    const took = Math.max(0, shown - ended);

    assert.ok(took < 10_000, `${name}: ${took} ms`);
    assert.deepEqual(await changes(page), ["email.verified"]);
    if (all) assert.ok(proxy.asked.some((path) => path.includes(cursor)), `${cursor} is asked for: ${proxy.asked}`);
    if (all && name !== "204") await becomes(page, "live");
    await context.close();
    await proxy.close();
    return `${name}${all ? ", polls too" : ""}: ${all ? took : "at once, by polls"}`;
  }));

  console.log(`ms after the end: ${(await Promise.all(tries)).join("; ")}`);
}));
