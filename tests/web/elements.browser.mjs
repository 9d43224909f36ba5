// The elements as any page uses them: with the service, and with a client that says what a test wants.
import assert from "node:assert/strict";
import { test } from "node:test";
import { look, watch } from "./support/look.mjs";
import { mailTo, serve, withBrowser } from "./support/service.mjs";
import { direct, stage } from "./support/stage.mjs";

const ANA = { email: "ana@example.com", password: "blue kettle sings" };
const ALL = "<afterclick-status></afterclick-status><afterclick-verification></afterclick-verification><afterclick-toasts></afterclick-toasts>";
const JSON_ONLY = { "content-type": "application/json" };

/** A page with these elements, following the scripted client. */
const staged = (body, options, act) => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const page = await browser.newPage();
  const surprises = watch(page);
  await options.before?.(page);
  await stage(page, service.url, body, options);
  await direct(page);
  await act(page, { service, browser });
  assert.deepEqual(surprises, []);
});

/** Has the client do something. */
const client = (page, act, argument) => page.evaluate(([act, argument]) => window.client[act](argument), [act, argument]);

/** Waits until a part of an element says this. */
const says = async (page, part, words) => {
  const place = page.locator(`[part=${part}]`).filter({ hasText: words }).first();
  await place.waitFor({ timeout: 10_000 });
};

test("elements without a client share one connection, and turn at one click", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const page = await browser.newPage();
  const surprises = watch(page);
  const streams = [];
  page.on("request", (request) => { if (request.url().includes("/v1/stream")) streams.push(request); });
  await page.request.post(`${service.url}/v1/users`, { data: ANA });
  await page.request.post(`${service.url}/v1/sessions`, { data: ANA });

  await stage(page, service.url, ALL);
  await says(page, "state", "Live");
  await says(page, "lead", ANA.email);
  const { link } = await mailTo(page, service.url, ANA.email);
  await page.request.post(link, { headers: { accept: "application/json" } });
  await says(page, "text", "Your address is verified");
  await says(page, "title", "Your address is verified");

  assert.equal(streams.length, 1);
  await page.evaluate(() => document.querySelectorAll("afterclick-status, afterclick-verification, afterclick-toasts").forEach((one) => one.remove()));
  for (const deadline = Date.now() + 10_000; ;) {
    const { sessions } = await (await page.request.get(`${service.url}/v1/sessions`)).json();
    if (sessions[0].live_streams === 0) break;
    assert.ok(Date.now() < deadline, "the last element closes the client");
  }
  assert.deepEqual(surprises, []);
}));

test("an attribute of one element makes the client of all, and changing it makes another", { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const page = await browser.newPage();
  await stage(page, service.url, "<afterclick-status></afterclick-status><afterclick-toasts transport='poll'></afterclick-toasts>");

  const same = () => page.evaluate(() => {
    const [status, toasts] = ["afterclick-status", "afterclick-toasts"].map((name) => document.querySelector(name));
    const before = window.before;
    window.before = status.client;
    return [status.client === toasts.client, status.client === before];
  });

  assert.deepEqual(await same(), [true, false]);
  await page.evaluate(() => document.querySelector("afterclick-toasts").setAttribute("transport", "sse"));
  assert.deepEqual(await same(), [true, false]);
  assert.equal(await page.evaluate(() => window.before.connectionStatus === "closed"), false);
}));

test("what was set before the elements were defined is taken", { timeout: 60_000 }, () => staged(ALL, { defined: false }, async (page) => {
  await page.evaluate(async () => {
    const banner = document.querySelector("afterclick-verification");
    banner.texts = { title: "Schau in deine Post" };
    banner.retryAfter = 30;
    await import("/elements.js");
  });

  await client(page, "take", {});
  await client(page, "become", "live");

  await says(page, "title", "Schau in deine Post");
  await says(page, "resend", "Send again in");
  await says(page, "state", "Live");
}));

test("elements that are moved go on, and those removed let go of the client", { timeout: 60_000 }, () => staged(ALL, {}, async (page) => {
  const hearers = () => page.evaluate(() => window.client.hearers);
  const before = await hearers();

  await page.evaluate(() => { for (const one of [...document.querySelectorAll("main > *")]) document.querySelector("main").prepend(one); });
  assert.equal(await hearers(), before);
  await client(page, "take", {});
  await says(page, "lead", ANA.email);
  await page.evaluate(() => document.querySelector("main").replaceChildren());

  assert.equal(await hearers(), 0);
}));

test("the indicator tells each state by a word, and looks when asked", { timeout: 60_000 }, () => staged("<afterclick-status></afterclick-status>", {}, async (page) => {
  const words = { connecting: "Connecting…", live: "Live", shared: "Live", polling: "Checking often", offline: "Offline", "signed-out": "Signed out", closed: "Not connected" };
  const state = page.getByRole("status").first();
  for (const [status, word] of Object.entries(words)) {
    await client(page, "become", status);
    assert.equal(await state.textContent(), word);
  }
  await client(page, "take", {});

  const button = page.getByRole("button", { name: "Check now" });
  await button.focus();
  await page.keyboard.press("Enter");
  await says(page, "said", "Up to date.");
  assert.equal(await button.evaluate((one) => one.matches(":focus")), true, "the focus stays");
  await page.evaluate(() => { window.client.next = () => { window.client.take({ attributes: { plan: "pro" } }); return window.client.user; }; });
  await page.keyboard.press("Enter");
  await says(page, "said", "Something new has arrived.");
  await page.evaluate(() => { window.client.next = () => Promise.reject(new TypeError("network")); });
  await page.keyboard.press("Enter");
  await says(page, "said", "That did not work. The service cannot be reached.");

  assert.equal(await page.evaluate(() => window.client.asked.length), 3);
}));

test("the banner says what is wrong, and what helps", { timeout: 60_000 }, () => staged("<afterclick-verification sign-in-url='/'></afterclick-verification>", { before: (page) => page.clock.install() }, async (page) => {
  const banner = page.locator("[part=banner]");
  assert.equal(await banner.isVisible(), false, "nobody is known yet");
  await client(page, "take", {});
  await client(page, "become", "live");
  await says(page, "notice", "This page changes by itself");
  const advice = () => page.locator("[part=help] li").allTextContents();
  assert.match((await advice())[0], /folder for spam/);

  await client(page, "become", "polling");
  await says(page, "notice", "asks again and again");
  assert.match((await advice())[0], /a proxy, a VPN, or a virus scanner/);
  await client(page, "become", "offline");
  await says(page, "notice", "The link works all the same");
  assert.match((await advice())[0], /This device is offline/);
  await client(page, "become", "connecting");
  await says(page, "notice", "This page changes by itself");
  await page.clock.runFor(6_000);
  await says(page, "notice", "The link works all the same");
  assert.match((await advice())[0], /cannot be reached at the moment/);
  await client(page, "become", "live");
  await says(page, "notice", "This page changes by itself");
  await client(page, "leave");
  await says(page, "notice", "You are signed out on this page");

  assert.equal(await page.getByRole("link", { name: "Sign in" }).getAttribute("href"), "/");
  assert.equal(await page.getByLabel("Code from the mail").isVisible(), false);
}));

test("a mail is sent again when the service says, by body or by header", { timeout: 60_000 }, () => staged("<afterclick-verification></afterclick-verification>", { before: (page) => page.clock.install() }, async (page) => {
  await client(page, "take", {});
  const button = page.locator("[part=resend]");
  await page.evaluate(() => window.client.answers.push(
    { status: 202, body: { retry_after: 60 } }, { status: 429, headers: { "Retry-After": "3" }, body: { detail: "not yet" } },
    { status: 429, headers: { "Retry-After": "1800" }, body: { detail: "too many mails to this address" } }, { status: 200, body: { already: true } },
  ));

  await button.click();
  await says(page, "said", "Another mail is on its way");
  await says(page, "resend", "Send again in 60 seconds");
  assert.equal(await button.getAttribute("aria-disabled"), "true");
  await button.click({ force: true });
  await page.clock.runFor(59_000);
  await says(page, "resend", /in 1 second$/);
  await page.clock.runFor(1_500);
  assert.equal(await button.textContent(), "Send the mail again");
  await button.click();
  await says(page, "said", "Not so soon");
  await says(page, "resend", "in 3 seconds");
  await page.clock.runFor(3_500);
  await button.click();
  await says(page, "said", "Too many mails to this address. Try again in 30 minutes.");
  await says(page, "resend", "Send again in 30 minutes");
  await page.clock.fastForward(1_800_500);
  await button.click();
  await says(page, "said", "Up to date.");

  const asked = await page.evaluate(() => window.client.asked.map(([method, path]) => path ?? method));
  assert.deepEqual(asked, [...Array(4).fill("/v1/verifications"), "refresh"], "a resting button asks nothing");
}));

test("a code is typed as people type it, and a wrong one says how many tries are left", { timeout: 60_000 }, () => staged("<afterclick-verification></afterclick-verification>", {}, async (page) => {
  await client(page, "take", {});
  await page.evaluate(() => window.client.answers.push(
    { status: 422, body: { code: "wrong_code", attempts_left: 4 } }, { status: 422, body: { code: "wrong_code", attempts_left: 1 } },
    { status: 429, headers: { "Retry-After": "600" }, body: { detail: "too many wrong codes" } }, { status: 200, body: { email_verified: true, already: false } },
  ));
  const input = page.getByLabel("Code from the mail");
  const type = async (code) => { await input.fill(code); await page.keyboard.press("Enter"); };

  await type("12345");
  await says(page, "problem", "A code is six digits.");
  assert.deepEqual(await page.evaluate(() => window.client.asked), [], "no try is wasted");
  await type("123 456");
  await says(page, "problem", "4 tries left");
  assert.equal(await input.getAttribute("aria-invalid"), "true");
  await type("123-457");
  await says(page, "problem", "1 try left");
  await type("٠١٢٣٤٥");
  await says(page, "problem", "The link in the mail still works. Try again in 10 minutes.");
  await type("654321");
  await page.waitForFunction(() => window.client.asked.some(([name]) => name === "refresh"));
  await client(page, "take", { email_verified: true });
  await says(page, "title", "Your address is verified");

  const codes = await page.evaluate(() => window.client.asked.flatMap(([, , body]) => body?.code ?? []));
  assert.deepEqual(codes, ["123456", "123457", "012345", "654321"]);
  const dismiss = page.getByRole("button", { name: "Dismiss" });
  assert.equal(await dismiss.evaluate((one) => one.matches(":focus")), true, "the focus is not lost");
  await dismiss.click();
  assert.equal(await page.locator("[part=banner]").isVisible(), false);
}));

test("the banner is not for those who are verified, and forgets one user for another", { timeout: 60_000 }, () => staged("<afterclick-verification></afterclick-verification>", {}, async (page) => {
  await client(page, "take", { email_verified: true });
  assert.equal(await page.locator("[part=banner]").isVisible(), false);
  await client(page, "take", { email_verified: false, email: "new@example.com" });
  await says(page, "lead", "new@example.com");
  await page.getByLabel("Code from the mail").fill("000000");
  await page.evaluate(() => { document.querySelector("afterclick-verification").retryAfter = 1800; });

  await client(page, "take", { id: "u2", email: "bob@example.com" });

  await says(page, "lead", "bob@example.com");
  assert.equal(await page.getByLabel("Code from the mail").inputValue(), "");
  assert.equal(await page.locator("[part=resend]").textContent(), "Send the mail again");
  await client(page, "take", { id: "u3", email: null });
  assert.equal(await page.locator("[part=banner]").isVisible(), false, "there is no address to verify");
}));

test("toasts tell what changed, wait while somebody is at them, and go by themselves", { timeout: 60_000 }, () => staged("<button>Before</button><afterclick-toasts></afterclick-toasts>", { before: (page) => page.clock.install() }, async (page) => {
  const toasts = page.locator("[part=toast]");
  const texts = () => page.locator("[part=text]").allTextContents();
  await client(page, "take", {});
  assert.deepEqual(await texts(), [], "the first state is no news");

  await client(page, "take", { email_verified: true, kyc: { status: "approved" } });
  await client(page, "take", { attributes: { plan: "pro" } });
  await client(page, "take", { email: "new@example.com", kyc: { status: "approved", level: 2 } });

  const told = ["Your identity check: approved", "Your account has changed", "Your address is now new@example.com", "Your identity check has changed"];
  assert.deepEqual(await texts(), told, "four at most, the oldest goes");
  assert.equal(await page.locator("[part=toasts]").getAttribute("role"), "status");
  await toasts.nth(0).hover();
  await page.clock.runFor(20_000);
  assert.deepEqual(await texts(), told.slice(0, 1), "the one under the pointer waits");
  await page.mouse.move(0, 0);
  await page.clock.runFor(9_000);
  assert.deepEqual(await texts(), []);

  await page.getByRole("button", { name: "Before" }).focus();
  await client(page, "take", { attributes: { plan: "a" } });
  await client(page, "take", { attributes: { plan: "b" } });
  await page.keyboard.press("Tab");
  await page.clock.runFor(20_000);
  assert.equal((await texts()).length, 1, "the one with the focus waits");
  await client(page, "take", { attributes: { plan: "c" } });
  await page.keyboard.press("Escape");
  assert.equal(await toasts.count(), 1);
  await page.keyboard.press("Escape");
  assert.equal(await toasts.count(), 0);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Before", "the focus goes back where it came from");

  await page.evaluate(() => document.querySelector("afterclick-toasts").addEventListener("toast", (event) => event.preventDefault(), { once: true }));
  await client(page, "take", { attributes: { plan: "d" } });
  await page.evaluate(() => document.querySelector("afterclick-toasts").show({ text: "Saved.", stays: Infinity }));
  await page.clock.runFor(60_000);
  assert.deepEqual(await texts(), ["Saved."], "a page prevents and shows toasts of its own");
}));

test("a toast that comes while nobody looks is there when somebody does", { timeout: 60_000 }, () => staged("<afterclick-toasts></afterclick-toasts>", { before: (page) => page.clock.install() }, async (page) => {
  const hide = (hidden) => page.evaluate((hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
  await client(page, "take", {});
  await hide(true);

  await client(page, "take", { email_verified: true });
  await page.clock.runFor(60_000);

  await hide(false);
  await says(page, "text", "Your address is verified");
  await page.clock.runFor(9_000);
  assert.equal(await page.locator("[part=toast]").count(), 0);
}));

test("words are those of the page, in its language and direction", { timeout: 60_000 }, () => staged(
  `<afterclick-status texts='{"live":"مباشر"}'></afterclick-status><afterclick-verification></afterclick-verification>`,
  { lang: "ar", dir: "rtl" },
  async (page) => {
    await client(page, "take", {});
    await client(page, "become", "live");
    await page.evaluate(async () => {
      const { setTexts } = await import("/elements.js");
      setTexts({ title: "تحقق من بريدك", resendIn: { two: "بعد ثانيتين", few: "بعد {count} ثوان", other: "بعد {count} ثانية" } });
    });

    await says(page, "state", "مباشر");
    await says(page, "title", "تحقق من بريدك");
    await page.evaluate(() => { document.querySelector("afterclick-verification").retryAfter = 5; });
    await says(page, "resend", "بعد 5 ثوان");
    const [notice, banner] = await Promise.all(["notice", "banner"].map((part) => page.locator(`[part=${part}]`).evaluate((one) => {
      const { borderLeftWidth, borderRightWidth } = getComputedStyle(one);
      return { left: borderLeftWidth, right: borderRightWidth };
    })));
    assert.deepEqual(notice, { left: "0px", right: "4px" }, "the mark is on the side where lines begin");
    assert.deepEqual(banner, { left: "1px", right: "1px" });
    await look(page, "elements-rtl");
  },
));

test("a page themes the elements by custom properties and parts", { timeout: 60_000 }, () => staged(ALL, {}, async (page) => {
  await client(page, "take", {});
  await page.evaluate(() => {
    const theme = new CSSStyleSheet();
    theme.replaceSync(":root { --afterclick-accent: rgb(10, 20, 200) } afterclick-verification::part(title) { font-size: 40px }");
    document.adoptedStyleSheets = [theme];
  });

  const style = (part, name) => page.locator(`[part=${part}]`).evaluate((one, name) => getComputedStyle(one)[name], name);
  assert.equal(await style("confirm", "backgroundColor"), "rgb(10, 20, 200)");
  assert.equal(await style("title", "fontSize"), "40px");
}));

test("s18 hostile text in a user's state is shown as text", { timeout: 60_000 }, () => staged(ALL, {}, async (page) => {
  const hostile = `<img src=x onerror=alert(1)>{email}`;
  await client(page, "take", { email: hostile });

  await client(page, "take", { email: `${hostile}2`, kyc: { status: hostile } });

  await says(page, "lead", `to ${hostile}2. Open`);
  await says(page, "text", `Your identity check: ${hostile}`);
  assert.equal(await page.evaluate(() => [...document.querySelectorAll("*")].some((one) => one.shadowRoot?.querySelector("img"))), false);
}));

test("s18 anybody can use the elements, in both schemes and on a phone, and nothing moves for those who would rather not", { timeout: 120_000 }, () => staged(ALL, {}, async (page) => {
  await client(page, "take", { email: "somebody.with.a.very.long.address.indeed@mail.example.com" });
  await page.locator("summary").click();
  for (const status of ["live", "connecting", "polling", "offline"]) {
    await client(page, "become", status);
    await look(page, `elements-${status}`);
  }
  await page.getByLabel("Code from the mail").fill("1");
  await page.keyboard.press("Enter");
  await client(page, "take", { kyc: { status: "approved" }, attributes: { plan: "pro" } });
  await look(page, "elements-wrong");
  await client(page, "become", "connecting");
  const moves = () => page.evaluate(() => [...document.querySelectorAll("*")].flatMap((one) => one.shadowRoot?.getAnimations() ?? []).length);
  assert.equal(await moves(), 0);
  await page.emulateMedia({ reducedMotion: "no-preference" });
  assert.notEqual(await moves(), 0);
  await client(page, "leave");
  await look(page, "elements-signed-out");
  await client(page, "take", {});
  await client(page, "take", { email_verified: true });
  await look(page, "elements-verified");
}));
