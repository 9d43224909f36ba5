// The main job as a person does it: the page, the inbox, the link, the button, and two tabs that know.
import assert from "node:assert/strict";
import { test } from "node:test";
import { look, watch } from "./support/look.mjs";
import { badge, home, mailTo, serve, signUp, withBrowser } from "./support/service.mjs";

const ANA = "ana@example.com";
const PASSWORD = "blue kettle sings";

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
    await page.waitForSelector("#connection[data-state=live]");
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

  await page.fill("#code", code === "000000" ? "000001" : "000000");
  await page.click("#code-form button");
  await page.waitForFunction(() => /4 tries left/.test(document.querySelector("#code-problem").textContent));
  await page.fill("#code", code);
  await page.click("#code-form button");

  await badge(page, "^Verified$");
}));

test("logging out everywhere in one tab signs the other out", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const context = await browser.newContext();
  const [first, second] = [await context.newPage(), await context.newPage()];
  await signUp(first, service.url, ANA);
  await second.goto(service.url);
  await second.waitForSelector("#connection[data-state=live]");

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
  await first.fill("#code", "000000");
  await first.click("#code-form button");
  await first.waitForSelector("#code-problem:not([hidden])");
  await second.fill("#door-email", "bob@example.com");
  await second.fill("#door-password", PASSWORD);
  await second.click("button[value=sign-up]");
  await home(second);

  // The first tab has the cookie of bob now, and looks again when it comes to the front.
  await first.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await first.waitForFunction(() => document.querySelector("#email").textContent === "bob@example.com", null, { timeout: 10_000 });

  assert.equal(await first.isVisible("#code-problem"), false);
  assert.equal(await first.inputValue("#code"), "");
  const { link } = await mailTo(second, service.url, "bob@example.com");
  const answer = await second.request.post(link, { headers: { accept: "application/json" } });
  assert.equal(answer.status(), 200);
  for (const page of [first, second]) await badge(page, "^Verified$");
}));

test("a page finds its way back after the service was away, and learns what it missed", { timeout: 90_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const page = await browser.newPage();
  await signUp(page, service.url, ANA);
  const { link } = await mailTo(page, service.url, ANA);
  await page.waitForSelector("#connection[data-state=live]");

  await service.stop();
  await page.waitForSelector("#connection[data-state=connecting]");
  await serve(folder, service.port);
  const answer = await page.request.post(link, { headers: { accept: "application/json" } });
  assert.equal(answer.status(), 200);

  await badge(page, "^Verified$", 30_000);
  await page.waitForSelector("#connection[data-state=live]");
}));

test("every page fits a phone, and axe-core finds nothing serious", { timeout: 120_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const context = await browser.newContext();
  const [page, other] = [await context.newPage(), await context.newPage()];
  const surprises = [...[page, other].map(watch)];
  await page.goto(service.url);
  await page.waitForSelector("#door:not([hidden])");
  await look(page, "door");
  await signUp(page, service.url, "somebody.with.a.very.long.address.indeed@mail.example.com");
  await page.waitForSelector("#connection[data-state=live]");
  await page.waitForSelector(".session");
  await look(page, "signed-up");

  const email = await page.textContent("#email");
  await other.goto(`${service.url}/dev/inbox`);
  await look(other, "inbox");
  await other.goto(`${service.url}/dev/inbox?to=nobody@example.com`);
  await look(other, "inbox-empty");
  const { link } = await mailTo(other, service.url, email);
  await other.goto(link);
  await look(other, "verify");
  await other.click("button.primary");
  await other.waitForSelector("text=Your address is verified");
  await look(other, "verified");
  await badge(page, "^Verified$");
  await page.waitForSelector(".change");
  await look(page, "live");
  await other.goto(link);
  await look(other, "again");
  await other.goto(`${service.url}/verify/nonsense`);
  await look(other, "unknown");

  await signUp(await (await browser.newContext()).newPage(), service.url, ANA);
  await other.goto((await mailTo(other, service.url, ANA)).link);
  await other.click("text=This was not me");
  await other.waitForSelector("text=The account is removed");
  await look(other, "denied");
  assert.deepEqual(surprises.flat(), []);
}));
