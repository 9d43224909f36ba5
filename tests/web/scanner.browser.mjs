// Who else opens the link, and who else writes on our pages: scanners and the hostile.
import assert from "node:assert/strict";
import { test } from "node:test";
import { watch } from "./support/look.mjs";
import { badge, isVerified, mailTo, serve, signUp, withBrowser } from "./support/service.mjs";

const ANA = "ana@example.com";
const SCRIPT = `<script>alert("script")</script>"'><img src=x onerror=alert("image")><svg onload=alert("svg")>`;

test("s02 a scanner that runs every script and follows every link verifies nothing", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const page = await browser.newPage();
  await signUp(page, service.url, ANA);
  const { link } = await mailTo(page, service.url, ANA);
  const { cursor } = await (await page.request.get(`${service.url}/v1/me`)).json();
  const scanner = await (await browser.newContext()).newPage();

  for (let visit = 0; visit < 2; visit += 1) {
    await scanner.goto(link, { waitUntil: "networkidle" });
    await scanner.mouse.move(100, 300);
    const links = await scanner.$$eval("a[href]", (anchors) => anchors.map((anchor) => anchor.href));
    const deeds = await scanner.$$eval("form", (forms) => forms.map((form) => form.action));
    assert.equal(deeds.length, 2, "to confirm and to deny");
    for (const address of [link, ...links, ...deeds]) {
      for (const method of ["GET", "HEAD", "OPTIONS"]) await scanner.request.fetch(address, { method, maxRedirects: 5 });
      // From within a page of ours too, as an extension or a rewriting proxy would.
      await scanner.goto(service.url);
      for (const method of ["GET", "HEAD", "OPTIONS"]) {
        await scanner.evaluate(([address, method]) => fetch(address, { method }), [address, method]);
      }
      await scanner.goto(address, { waitUntil: "networkidle" });
    }
  }

  const me = await (await page.request.get(`${service.url}/v1/me`)).json();
  assert.equal(me.email_verified, false);
  assert.equal(me.cursor, cursor, "nothing changed");
  await badge(page, "^Not verified");
  await scanner.goto(link);
  await scanner.click("button.primary");
  await badge(page, "^Verified$");
  assert.equal(await isVerified(page, service.url), true);
}));

test("s18 hostile text is shown as text, on every page", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const hostile = await browser.newContext({ userAgent: `Firefox ${SCRIPT} {{7*7}}` });
  const [page, other] = [await hostile.newPage(), await hostile.newPage()];
  const surprises = [page, other].map(watch);
  const address = "o'x`{}@example.com";
  await signUp(page, service.url, address);
  await page.waitForSelector(".session");
  assert.equal(await page.textContent("#email"), address);

  await other.goto(`${service.url}/dev/inbox?to=${encodeURIComponent(SCRIPT)}`);
  assert.equal(await other.inputValue("#to"), SCRIPT);
  assert.match(await other.textContent(".empty"), /<script>alert/);
  await other.goto(`${service.url}/dev/inbox?to=${encodeURIComponent(address)}`);
  for (const summary of await other.$$("summary")) await summary.click();
  await other.frameLocator("iframe").first().locator("body").waitFor();
  assert.match(await other.textContent(".mail header"), /o'x`\{\}@example\.com/);
  const { link } = await mailTo(other, service.url, address);
  await other.goto(link);
  assert.equal(await other.textContent(".address"), address);
  await other.click("button.primary");
  await other.waitForSelector("text=Your address is verified");
  assert.equal(await other.textContent(".address"), address);
  await badge(page, "^Verified$");
  await other.goto(`${service.url}/verify/${encodeURIComponent(SCRIPT)}`);

  assert.equal(await page.$$eval("img[src=x], svg[onload]", (found) => found.length), 0);
  assert.deepEqual(surprises.flat(), []);
}));
