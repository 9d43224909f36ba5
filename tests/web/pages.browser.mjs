// Every page: it fits a phone, anybody can use it, nothing strange happens on it, and it is well guarded.
import assert from "node:assert/strict";
import { test } from "node:test";
import { look, watch } from "./support/look.mjs";
import { badge, mailTo, serve, signUp, withBrowser } from "./support/service.mjs";

const ANA = "ana@example.com";
const LONG = "somebody.with.a.very.long.address.indeed@mail.example.com";
const SCRIPT = `<script>alert("script")</script>"'><img src=x onerror=alert("image")><svg onload=alert("svg")>`;

const connected = (page) => page.waitForSelector("#connection [data-mood=good]", { timeout: 30_000 });

/** How much of SCRIPT has become a part of the page. */
const marks = (page) => page.$$eval("img[src=x], svg[onload]", (found) => found.length);

/** Opens the link of the newest mail to an address, once its subject is this. */
const follow = async (page, url, email, subject) => {
  for (const deadline = Date.now() + 10_000; ;) {
    const mail = await mailTo(page, url, email);
    if (subject.test(mail.subject)) return page.goto(mail.link);
    assert.ok(Date.now() < deadline, `no mail about ${subject}`);
  }
};

test("s18 anybody can use the first page, on a phone, in both schemes", { timeout: 120_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const page = await browser.newPage();
  const surprises = watch(page);
  await page.goto(service.url);
  await page.waitForSelector("#door:not([hidden])");
  await look(page, "door");
  await page.fill("#door-email", ANA);
  await page.fill("#door-password", "password");
  await page.click("button[value=sign-up]");
  await page.waitForSelector("#door-problem:not([hidden])");
  await look(page, "door-wrong");
  await signUp(page, service.url, LONG);
  await connected(page);
  await page.waitForSelector(".session");
  await look(page, "signed-up");
  await page.request.post((await mailTo(page, service.url, LONG)).link, { headers: { accept: "application/json" } });
  await badge(page, "^Verified$");
  await page.waitForSelector(".change");
  for (const summary of await page.$$(".card details summary")) await summary.click();
  await look(page, "verified-home");
  await page.goto(service.url);
  await connected(page);
  await look(page, "home");
  await service.stop();
  await page.waitForSelector("#connection [data-mood=wait], #connection [data-mood=bad]");
  await look(page, "away");
  assert.deepEqual(surprises, []);
}));

test("s18 anybody can use the pages behind a link, on a phone, in both schemes", { timeout: 120_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const [page, other] = [await (await browser.newContext()).newPage(), await (await browser.newContext()).newPage()];
  const surprises = watch(page);
  await signUp(other, service.url, LONG);
  await follow(page, service.url, LONG, /./);
  await look(page, "verify");
  await page.click("button.primary");
  await page.waitForSelector("text=Your address is verified");
  await look(page, "verified");
  await page.goBack();
  await page.reload();
  await look(page, "verified-again");
  await page.goto(`${service.url}/verify/nonsense`);
  await look(page, "unknown");

  await signUp(await (await browser.newContext()).newPage(), service.url, ANA);
  await signUp(await (await browser.newContext()).newPage(), service.url, ANA, "another blue kettle");
  await follow(page, service.url, ANA, /./);
  await page.fill("#password", "not this one");
  await page.click("button.primary");
  await page.waitForSelector("#wrong");
  await look(page, "verify-rivals");
  await page.click("text=This was not me");
  await page.waitForSelector("text=The account is removed");
  await look(page, "removed");
  assert.deepEqual(surprises, []);
}));

test("s18 anybody can use the pages of a forgotten password, on a phone, in both schemes", { timeout: 120_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder, 0, ["--continue-url", "http://127.0.0.1:1/app"]);
  const page = await browser.newPage();
  const surprises = watch(page);
  await signUp(page, service.url, ANA);
  await page.request.post((await mailTo(page, service.url, ANA)).link, { headers: { accept: "application/json" } });
  await page.goto(`${service.url}/reset`);
  await look(page, "reset-ask");
  await page.fill("#email", "no address");
  await page.click("button.primary");
  await page.waitForSelector("#wrong");
  await look(page, "reset-ask-wrong");
  await page.fill("#email", ANA);
  await page.click("button.primary");
  await page.waitForSelector("text=Look into your mail");
  await look(page, "reset-asked");
  await follow(page, service.url, ANA, /password/i);
  const link = page.url();
  await look(page, "reset");
  await page.fill("#password", "password");
  await page.click("button.primary");
  await page.waitForSelector("#wrong");
  await look(page, "reset-weak");
  await page.fill("#password", "green kettles sing");
  await page.click("button.primary");
  await page.waitForSelector("text=The password is changed");
  await look(page, "reset-done");
  await page.goto(link);
  await look(page, "reset-over");
  await page.goto(`${service.url}/reset/nonsense`);
  await look(page, "reset-unknown");
  assert.deepEqual(surprises, []);
}));

test("s18 anybody can use the inbox, on a phone, in both schemes", { timeout: 120_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const [page, other] = [await browser.newPage(), await browser.newPage()];
  const surprises = watch(page);
  await page.goto(`${service.url}/dev/inbox`);
  await look(page, "inbox-empty");
  await page.waitForSelector("#live[data-state=live]");
  await signUp(other, service.url, LONG);
  await page.waitForSelector("article.mail.new");
  await look(page, "inbox");
  for (const summary of await page.$$("summary")) await summary.click();
  await page.frameLocator("iframe").first().locator("body").waitFor();
  await look(page, "inbox-open");
  await page.goto(`${service.url}/dev/inbox?to=nobody@example.com`);
  await look(page, "inbox-nobody");
  assert.deepEqual(surprises, []);
}));

test("s18 markup in any parameter of any page is text", { timeout: 120_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const page = await browser.newPage();
  const surprises = watch(page);
  await signUp(page, service.url, ANA);
  const { link } = await mailTo(page, service.url, ANA);
  const marked = encodeURIComponent(SCRIPT);
  const parameters = ["to", "email", "token", "code", "error", "next", "continue_url"].map((name) => `${name}=${marked}`).join("&");

  for (const path of ["/", "/dev/inbox", "/reset", "/verify/x", "/reset/x", new URL(link).pathname]) {
    for (const address of [`${path}?${parameters}#${marked}`, path.replace(/\/x$/, `/${marked}`)]) {
      const headers = (await page.goto(service.url + address)).headers();
      if (path === "/") await page.waitForSelector("#home:not([hidden])");
      assert.equal(await marks(page), 0, address);
      assert.match(headers["content-security-policy"], /frame-ancestors 'none'/, address);
    }
  }
  for (const path of ["/reset", "/reset/x", "/verify/x", new URL(link).pathname, `${new URL(link).pathname}/deny`]) {
    await page.goto(`${service.url}/reset`);
    const arrived = page.waitForEvent("framenavigated");
    await page.evaluate(([action, text]) => {
      const form = document.createElement("form");
      Object.assign(form, { method: "post", action });
      for (const name of ["email", "password", "token"]) form.append(Object.assign(document.createElement("input"), { name, value: text }));
      document.body.append(form);
      form.submit();
    }, [path, SCRIPT]);
    await arrived;
    await page.waitForLoadState();
    assert.equal(page.url(), service.url + path);
    assert.equal(await marks(page), 0, path);
  }

  assert.deepEqual(surprises, []);
}));

test("s18 every page and file is guarded, and what holds a secret is kept and told nowhere", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const page = await browser.newPage();
  await signUp(page, service.url, ANA);
  const { link } = await mailTo(page, service.url, ANA);
  const files = ["/", "/index.html", "/app.js", "/afterclick.js", "/elements.js", "/react.js", "/afterclick.css", "/two-tabs.svg"];
  const secret = ["/dev/inbox", "/dev/inbox?to=x", "/dev/inbox.json", "/verify/x", "/reset", "/reset/x", new URL(link).pathname];

  for (const path of [...files, ...secret]) {
    const headers = (await page.request.get(service.url + path, { headers: { accept: "text/html" } })).headers();
    const policy = headers["content-security-policy"] ?? "";
    assert.match(policy, /^default-src 'none';/, path);
    for (const rule of [/frame-ancestors 'none'/, /base-uri 'none'/, /form-action 'self'/]) assert.match(policy, rule, path);
    assert.doesNotMatch(policy, /script-src[^;]*(unsafe|\*|https?:)/, path);
    assert.equal(headers["x-content-type-options"], "nosniff", path);
    if (!secret.includes(path)) continue;
    assert.equal(headers["referrer-policy"], "no-referrer", path);
    assert.equal(headers["cache-control"], "no-store", path);
  }
  for (const path of ["/verify/x", "/reset", new URL(link).pathname]) {
    const policy = (await page.request.get(service.url + path)).headers()["content-security-policy"];
    assert.doesNotMatch(policy, /script-src|connect-src/, `${path} runs nothing`);
  }
}));

test("the transport is chosen on the page, and the page says how it is told", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const page = await browser.newPage();
  await signUp(page, service.url, ANA);
  await connected(page);
  const how = (words) => page.waitForFunction((words) => document.querySelector("#how").textContent.startsWith(words), words, { timeout: 20_000 });
  await how("By a stream");

  await page.check("#transport [value=poll]");
  await how("By long polls");
  await page.reload();
  await how("By long polls");
  assert.equal(await page.isChecked("#transport [value=poll]"), true);
  await page.request.post((await mailTo(page, service.url, ANA)).link, { headers: { accept: "application/json" } });
  await badge(page, "^Verified$");
  await page.waitForSelector(".change >> text=email.verified");
  await page.check("#transport [value=auto]");
  await how("By a stream");

  await page.waitForSelector(".lamp.lit");
}));

test("the password is changed and the account deleted from the page", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const page = await browser.newPage();
  await signUp(page, service.url, ANA);

  await page.click("text=Change the password");
  await page.fill("#present-password", "not this one");
  await page.fill("#new-password", "green kettles sing");
  await page.click("#password-form button");
  await page.waitForSelector("#password-problem:not([hidden])");
  await page.fill("#present-password", "blue kettle sings");
  await page.click("#password-form button");
  await page.getByText("every other device is logged out").waitFor();
  await page.click("text=Delete the account");
  await page.fill("#leave-password", "wrong wrong");
  await page.click("#leave-form button");
  await page.waitForSelector("#leave-problem:not([hidden])");
  await page.fill("#leave-password", "green kettles sing");
  await page.click("#leave-form button");

  await page.waitForSelector("#door:not([hidden])");
  assert.equal(await page.textContent("#notice"), "Your account is deleted.");
}));

test("a browser that is let go says why, and comes back when it is asked to", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder, 0, ["--streams-per-user", "1"]);
  const [laptop, phone] = [await (await browser.newContext()).newPage(), await (await browser.newContext()).newPage()];
  for (const page of [laptop, phone]) {
    await signUp(page, service.url, ANA);
    await page.check("#transport [value=sse]"); // Else it would go on by polls.
    await connected(page);
  }

  await laptop.getByText("Too many tabs are connected").waitFor();
  await laptop.getByRole("button", { name: "Check now" }).click();

  await connected(laptop);
  await laptop.waitForSelector("#notice", { state: "hidden" });
  await phone.getByText("Too many tabs are connected").waitFor();
}));

test("a browser whose session or account is ended elsewhere says so", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const [laptop, phone] = [await (await browser.newContext()).newPage(), await (await browser.newContext()).newPage()];
  for (const page of [laptop, phone]) {
    await signUp(page, service.url, ANA);
    await connected(page);
  }

  await laptop.locator(".session").filter({ hasNotText: "This one" }).getByRole("button").click();
  await phone.getByText("You were logged out.").waitFor();
  await phone.fill("#door-email", ANA);
  await phone.fill("#door-password", "blue kettle sings");
  await phone.click("button[value=log-in]");
  await connected(phone);
  await laptop.click("text=Delete the account");
  await laptop.fill("#leave-password", "blue kettle sings");
  await laptop.click("#leave-form button");

  await laptop.getByText("Your account is deleted.").waitFor();
  await phone.getByText("This account no longer exists.").waitFor();
}));
