// The real service and a real browser, for tests; both end with the test, however it ends.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const require = createRequire(import.meta.url);

/** Chromium without a sandbox of its own (tests run as root) and without calls home. */
export const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

/** What runs now, to be ended with the test. */
const running = new Set();

/**
 * Starts the program of AFTERCLICK_BIN on a free port, or on `port`, with a database in `folder`, and
 * with `more` settings.
 */
export async function serve(folder, port = 0, more = []) {
  const settings = [
    "--listen", `127.0.0.1:${port}`, "--database", `sqlite:${join(folder, "a.db")}`,
    "--limit-sign-up", "off", "--limit-log-in", "off", "--drain", "200ms",
    ...more,
  ];
  const child = spawn(process.env.AFTERCLICK_BIN, settings, { stdio: ["ignore", "pipe", "ignore"] });
  running.add(child);
  const gone = new Promise((resolve) => { child.once("exit", resolve); }).then(() => { running.delete(child); });
  const line = await Promise.race([
    new Promise((resolve) => { createInterface(child.stdout).once("line", resolve); }),
    gone.then(() => { throw new Error("the service ended before it was ready"); }),
  ]);
  const url = line.replace("afterclick is listening on ", "");
  const stop = () => { child.kill("SIGTERM"); return gone; };
  return { url, port: Number(new URL(url).port), stop };
}

/** Runs `test` with a service's folder; the service ends with it. */
export async function withFolder(test) {
  const folder = await mkdtemp(join(tmpdir(), "afterclick-web-"));
  try {
    await test(folder);
  } finally {
    await Promise.all([...running].map((child) => new Promise((resolve) => {
      child.once("exit", resolve);
      child.kill("SIGKILL");
    })));
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs `test` with a service's folder and a browser, which `options` may start otherwise. */
export const withBrowser = (test, options = {}) => withFolder(async (folder) => {
  const { chromium } = require(process.env.PLAYWRIGHT);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS, ...options });
  try {
    await test({ browser, folder });
  } finally {
    await browser.close();
  }
});

/** Signs up and logs in without a page: the context has the cookie. */
export async function member(context, url, email, password = "blue kettle sings") {
  const data = { email, password };
  await context.request.post(`${url}/v1/users`, { data });
  assert.equal((await context.request.post(`${url}/v1/sessions`, { data })).status(), 201);
}

/** Presses the button of the newest mail to an address. */
export async function click(context, url, email) {
  const { link } = await mailTo(context, url, email);
  const answer = await context.request.post(link, { headers: { accept: "application/json" } });
  assert.equal(answer.status(), 200);
}

/** Signs up and logs in on the first page. */
export async function signUp(page, url, email, password = "blue kettle sings") {
  await page.goto(url);
  await page.fill("#door-email", email);
  await page.fill("#door-password", password);
  await page.click("button[value=sign-up]");
  await home(page);
}

/** Waits until the page shows who is logged in. */
export const home = (page) => page.waitForSelector("#home:not([hidden])", { timeout: 10_000 });

/** The newest mail to an address, which may still be on its way. `page` may be a context as well. */
export async function mailTo(page, url, email) {
  const path = `${url}/dev/inbox.json?to=${encodeURIComponent(email)}`;
  for (const deadline = Date.now() + 10_000; Date.now() < deadline;) {
    const [mail] = await (await page.request.get(path)).json();
    if (mail) return mail;
  }
  return assert.fail(`no mail to ${email}`);
}

/** Waits until the page's badge says this. */
export const badge = (page, words, timeout = 10_000) =>
  page.waitForFunction((words) => new RegExp(words).test(document.querySelector("#badge-words").textContent), words, { timeout });

/** Whether the service holds the user of this page as verified. */
export const isVerified = async (page, url) => (await (await page.request.get(`${url}/v1/me`)).json()).email_verified;
