// Pages that follow their user, see PAGE in front.mjs.
import assert from "node:assert/strict";

/** Opens one, and waits until it is connected. */
export async function follow(context, url) {
  const page = await context.newPage();
  await page.goto(`${url}/follow`);
  await becomes(page, "live", "shared", "polling");
  return page;
}

/** Waits until the client's status is one of these. */
export async function becomes(page, ...statuses) {
  const wait = page.waitForFunction((statuses) => window.realtime && statuses.includes(realtime.connectionStatus), statuses, { timeout: 45_000, polling: 20 });
  await wait.catch(async () => assert.fail(`not ${statuses} but ${JSON.stringify(await about(page))}`));
}

/** Waits until the client shows the address as verified, and says when it did, in milliseconds. */
export async function verified(page, timeout = 30_000) {
  await page.waitForFunction(() => realtime.user?.email_verified, null, { timeout, polling: 20 });
  return page.evaluate(() => told.find(({ name, detail }) => name === "user" && detail?.email_verified).at);
}

/** What the client says of itself. */
export const about = (page) => page.evaluate(() => ({ status: realtime.connectionStatus, email: realtime.user?.email ?? null, ...realtime.debug }));

/** The types of all changes that it told. */
export const changes = (page) => page.evaluate(() => told.filter(({ name }) => name === "change").map(({ detail }) => detail.type));

/** Shows or hides a page, as a browser with a window does and one without never. */
export const show = (page, visible) => page.evaluate((visible) => {
  Object.defineProperty(document, "visibilityState", { configurable: true, value: visible ? "visible" : "hidden" });
  document.dispatchEvent(new Event("visibilitychange"));
}, visible);
