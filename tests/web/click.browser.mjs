// The main job as a person does it: the page, the inbox, the link, the button, and two tabs that know.
import assert from "node:assert/strict";
import { test } from "node:test";
import { badge, click, home, mailTo, member, serve, signUp, withBrowser } from "./support/service.mjs";

const ANA = "ana@example.com";
const PASSWORD = "blue kettle sings";

/** Waits until the page hears of changes, by whatever way. */
const connected = (page) => page.waitForSelector("#connection [data-mood=good]", { timeout: 30_000 });

test("two tabs and another browser turn verified at one click", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const laptop = await browser.newContext();
  const [first, second] = [await laptop.newPage(), await laptop.newPage()];
  await signUp(first, service.url, ANA);
  await second.goto(service.url);
  const phone = await browser.newContext({ viewport: { width: 360, height: 740 } });
  const app = await phone.newPage();
  await app.goto(service.url);
  await app.fill("#door-email", ANA);
  await app.fill("#door-password", PASSWORD);
  await app.click("button[value=log-in]");
  const pages = [first, second, app];
  for (const page of pages) {
    await home(page);
    await badge(page, "^Not verified");
    await connected(page);
    await page.evaluate(() => { window.notReloaded = true; });
  }

  const opened = laptop.waitForEvent("page");
  await first.click("text=Open the inbox");
  const inbox = await opened;
  await inbox.waitForSelector("article.mail");
  await inbox.click("text=Open the link");
  await inbox.waitForSelector("text=Confirm your address");
  assert.match(await inbox.textContent("main"), /ana@example\.com/);
  for (const page of pages) await badge(page, "^Not verified");

  const clicked = Date.now();
  const since = () => Date.now() - clicked;
  const both = Promise.all([badge(first, "^Verified$"), badge(second, "^Verified$")]).then(since);
  const all = Promise.all([both, badge(app, "^Verified$")]).then(since);
  await inbox.click("button.primary");
  const took = await both;
  console.log(`from the click to both tabs: ${took} ms; to the other browser too: ${await all} ms`);

  assert.ok(took < 2000, `${took} ms`);
  await inbox.waitForSelector("text=Your address is verified");
  for (const page of pages) assert.equal(await page.evaluate(() => window.notReloaded), true);
}));

test("a typed code verifies, and a wrong one says how many tries are left", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const page = await browser.newPage();
  await signUp(page, service.url, ANA);
  const { code } = await mailTo(page, service.url, ANA);

  await page.getByLabel("Code from the mail").fill(code === "000000" ? "000001" : "000000");
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByText("4 tries left").waitFor();
  await page.getByLabel("Code from the mail").fill(code);
  await page.getByRole("button", { name: "Confirm" }).click();

  await badge(page, "^Verified$");
}));

test("logging out everywhere in one tab signs the other out", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const context = await browser.newContext();
  const [first, second] = [await context.newPage(), await context.newPage()];
  await signUp(first, service.url, ANA);
  await second.goto(service.url);
  await connected(second);

  await first.click("#log-out-everywhere");

  for (const page of [first, second]) {
    await page.waitForSelector("#door:not([hidden])");
    assert.equal(await page.isVisible("#connection"), false);
  }
  // Which also empties what the next person at this browser would see.
  assert.equal(await first.inputValue("#door-password"), "");
}));

test("whoever logs in next at the same browser sees nothing of the one before", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const context = await browser.newContext();
  const [first, second] = [await context.newPage(), await context.newPage()];
  await second.goto(service.url);
  await second.waitForSelector("#door:not([hidden])");
  await signUp(first, service.url, ANA);
  await home(second);
  for (const page of [first, second]) {
    await connected(page);
    await page.getByLabel("Code from the mail").fill("000000");
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByText(/[34] tries left/).waitFor();
  }

  // The cookie is bob's now, and a tab looks again when it comes to the front.
  await member(context, service.url, "bob@example.com");
  await first.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));

  for (const page of [first, second]) {
    await page.waitForFunction(() => document.querySelector("#email").textContent === "bob@example.com", null, { timeout: 10_000 });
    assert.equal(await page.getByText("tries left").isVisible(), false);
    assert.equal(await page.getByLabel("Code from the mail").inputValue(), "");
  }
  await click(context, service.url, "bob@example.com");
  for (const page of [first, second]) await badge(page, "^Verified$");
}));

test("a page finds its way back after the service was away, and learns what it missed", { timeout: 90_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const page = await browser.newPage();
  await signUp(page, service.url, ANA);
  const { link } = await mailTo(page, service.url, ANA);
  await connected(page);

  await service.stop();
  await page.waitForSelector("#connection [data-mood=wait], #connection [data-mood=bad]");
  await serve(folder, service.port);
  const answer = await page.request.post(link, { headers: { accept: "application/json" } });
  assert.equal(answer.status(), 200);

  await badge(page, "^Verified$", 30_000);
  await connected(page);
}));
