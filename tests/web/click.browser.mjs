// The main job as a person does it: the page, the inbox, the link, the button, and two tabs that know.
import assert from "node:assert/strict";
import { test } from "node:test";
import { badge, mailTo, serve, signUp, withBrowser } from "./support/service.mjs";

const ANA = "ana@example.com";
const SHOTS = process.env.SHOTS;

const shoot = async (page, name) => {
  if (!SHOTS) return;
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.screenshot({ path: `${SHOTS}/${name}-${scheme}.png`, fullPage: true });
  }
};

test("two tabs and another browser turn verified at one click", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const laptop = await browser.newContext();
  const [first, second] = [await laptop.newPage(), await laptop.newPage()];
  await shootDoor(first, service.url);
  await signUp(first, service.url, ANA);
  await second.goto(service.url);
  await second.waitForSelector("#home:not([hidden])");
  const phone = await browser.newContext({ viewport: { width: 360, height: 740 } });
  const app = await phone.newPage();
  await app.goto(service.url);
  await app.fill("#door-email", ANA);
  await app.fill("#door-password", "blue kettle sings");
  await app.click("button[value=log-in]");
  await app.waitForSelector("#home:not([hidden])");
  for (const page of [first, second, app]) await badge(page, "^Not verified");
  await shoot(first, "waiting");

  const inbox = await phone.newPage();
  await inbox.goto(`${service.url}/dev/inbox`);
  await shoot(inbox, "inbox");
  await inbox.goto((await mailTo(inbox, service.url, ANA)).link);
  assert.match(await inbox.textContent("main"), /ana@example\.com/);
  await shoot(inbox, "verify");
  const clicked = Date.now();
  await inbox.click("button.primary");
  await Promise.all([first, second, app].map((page) => badge(page, "^Verified$")));
  const took = Date.now() - clicked;
  assert.ok(took < 2000, `${took} ms`);
  console.log(`from the click to three pages: ${took} ms`);

  await shoot(inbox, "verified");
  await shoot(first, "live");
  await shoot(app, "live-phone");
  for (const page of [app, inbox]) {
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), "no sideways scrolling at 360 px");
  }
  await service.stop();
}));

test("a typed code verifies, and a wrong one says how many tries are left", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const page = await browser.newPage();
  await signUp(page, service.url, ANA);
  const { code } = await mailTo(page, service.url, ANA);

  await page.fill("#code", code === "000000" ? "000001" : "000000");
  await page.click("#code-form button");
  await page.waitForFunction(() => /4/.test(document.querySelector("#code-problem").textContent));
  await page.fill("#code", code);
  await page.click("#code-form button");

  await badge(page, "^Verified$");
  await service.stop();
}));

test("logging out everywhere in one tab signs the other out", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const context = await browser.newContext();
  const [first, second] = [await context.newPage(), await context.newPage()];
  await signUp(first, service.url, ANA);
  await second.goto(service.url);
  await second.waitForSelector("#home:not([hidden])");

  await first.click("#log-out-everywhere");

  for (const page of [first, second]) await page.waitForSelector("#door:not([hidden])");
  await service.stop();
}));

test("a page finds its way back after the service was away, and learns what it missed", { timeout: 90_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const page = await browser.newPage();
  await signUp(page, service.url, ANA);
  const { link } = await mailTo(page, service.url, ANA);

  await service.stop();
  const again = await serve(folder, service.port);
  const answer = await page.request.post(link, { headers: { accept: "application/json" } });
  assert.equal(answer.status(), 200);

  await page.waitForFunction(() => /^Verified$/.test(document.querySelector("#badge-words").textContent), null, { timeout: 30_000 });
  await again.stop();
}));

test("s02 a scanner that opens the link and runs its scripts verifies nothing", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const page = await browser.newPage();
  await signUp(page, service.url, ANA);
  const { link } = await mailTo(page, service.url, ANA);
  const scanner = await (await browser.newContext()).newPage();

  for (let visit = 0; visit < 2; visit += 1) {
    await scanner.goto(link, { waitUntil: "networkidle" });
    const links = await scanner.$$eval("a[href]", (anchors) => anchors.map((anchor) => anchor.href));
    for (const method of ["GET", "HEAD", "OPTIONS"]) await scanner.request.fetch(link, { method });
    for (const next of links) await scanner.goto(next, { waitUntil: "networkidle" });
  }

  const me = await (await page.request.get(`${service.url}/v1/me`)).json();
  assert.equal(me.email_verified, false);
  await scanner.goto(link);
  await scanner.click("button.primary");
  await badge(page, "^Verified$");
  await service.stop();
}));

async function shootDoor(page, url) {
  if (!SHOTS) return;
  await page.goto(url);
  await page.waitForSelector("#door:not([hidden])");
  await shoot(page, "door");
}
