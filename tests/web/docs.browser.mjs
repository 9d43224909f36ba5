// The examples of docs/client.md, each as it stands there.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { watch } from "./support/look.mjs";
import { compiled, packaged, react } from "./support/modules.mjs";
import { click, member, serve, withBrowser } from "./support/service.mjs";

const ANA = "ana@example.com";
const SECRET = "32 bytes or more, which only the two of you know";

const PAGE = await readFile(new URL("../../docs/client.md", import.meta.url), "utf8");
const EXAMPLES = new Map([...PAGE.matchAll(/<!-- example: (\S+) -->\n```\w+\n(.*?)\n```\n/gs)].map(([, name, text]) => [name, text]));
const ran = new Set();

/** An example by its name. */
const example = (name) => {
  assert.ok(EXAMPLES.has(name), `docs/client.md has no example ${name}`);
  ran.add(name);
  return EXAMPLES.get(name);
};

/** Answers some paths of an origin as an application would. */
const host = async (page, origin, files) => {
  for (const [path, body] of Object.entries(files)) {
    const contentType = path.endsWith(".js") ? "text/javascript" : "text/html";
    await page.route(origin + path, (route) => route.fulfill({ body, contentType }));
  }
};

/** An example on the service's own origin with ana logged in, and what it says before and after the click. */
const own = (name, files, act) => test(name, { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const service = await serve(folder);
  const context = await browser.newContext();
  const page = await context.newPage();
  const surprises = watch(page);
  await host(page, service.url, files());
  await member(context, service.url, ANA);
  await page.goto(`${service.url}/example.html`);
  await act(page, () => click(context, service.url, ANA));
  assert.deepEqual(surprises, []);
}));

const says = (page, words) => page.getByText(words).first().waitFor({ timeout: 10_000 });

const saysBoth = async (page, press) => {
  await says(page, `${ANA} is not verified yet.`);
  await press();
  await says(page, `${ANA} is verified.`);
};

own("the plain page shows the click", () => ({ "/example.html": example("plain.html") }), async (page, press) => {
  const told = page.waitForEvent("console", (message) => message.text().startsWith("email.verified"));
  await saysBoth(page, press);
  await told;
});

own("the elements speak German and wear the page's colour", () => ({ "/example.html": example("elements.html") }), async (page, press) => {
  await says(page, "Verbunden");
  await says(page, "Sehen Sie in Ihre Post");
  await says(page, "Schreiben Sie uns.");
  const colour = await page.locator("[part=confirm]").evaluate((one) => getComputedStyle(one).backgroundColor);
  assert.equal(colour, "rgb(90, 49, 196)");
  await press();
  await says(page, "Ihre Adresse ist bestätigt");
});

for (const major of [18, 19]) {
  own(`the component of React ${major} shows the click`, () => ({
    "/example.html": `<!DOCTYPE html><title>Account</title><div id="root"></div><script type="importmap">{"imports":{"react":"/react-default.js","react-dom/client":"/react-client.js"}}</script><script type="module" src="/app.js"></script>`,
    "/app.js": compiled(example("app.jsx")),
    "/react-default.js": `export { React as default } from "/react-itself.js";`,
    "/react-client.js": `import { ReactDOM } from "/react-itself.js"; export const createRoot = ReactDOM.createRoot;`,
    "/react-itself.js": react(major),
  }), saysBoth);
}

own("the component of Vue shows the click", () => ({
  "/example.html": example("vue.html").replace("<script", `<script type="importmap">{"imports":{"vue":"/vue.js"}}</script>\n<script`),
  "/vue.js": packaged("vue/dist/vue.esm-browser.prod.js"),
}), async (page, press) => {
  await says(page, "Check your mail");
  await saysBoth(page, press);
});

/** The application of another origin and the service that allows it, which know each other's address. */
const apart = (name, act) => test(name, { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
  const first = await serve(folder);
  await first.stop();
  const [program, issuers] = ["app.mjs", "issuers.toml"].map((file) => join(folder, file));
  await writeFile(program, example("app.mjs"));
  await writeFile(issuers, example("issuers.toml"));
  await chmod(issuers, 0o600);
  const app = spawn(process.execPath, [program], { env: { AFTERCLICK: first.url, SECRET, PORT: "0" }, stdio: ["ignore", "pipe", "inherit"] });
  try {
    const line = await new Promise((resolve) => { createInterface(app.stdout).once("line", resolve); });
    // By another name than the service's, so that a browser takes them for two sites.
    const origin = line.replace("listening on ", "http://localhost:");
    await serve(folder, first.port, ["--client-url", origin, "--issuers", issuers]);
    const context = await browser.newContext();
    const page = await context.newPage();
    const surprises = watch(page);
    await act({ page, context, origin, service: first.url });
    assert.deepEqual(surprises, []);
  } finally {
    app.kill("SIGKILL");
  }
}));

apart("an application on another origin shows the click by its own tokens", async ({ page, context, origin, service }) => {
  const cookies = [];
  page.on("request", (request) => { if (request.headers().cookie) cookies.push(request.url()); });
  await page.goto(origin);
  await says(page, "Check your mail");

  await page.getByRole("button", { name: "Send the mail again" }).click();
  await says(page, "Another mail is on its way.");
  await click(context, service, ANA);

  await says(page, "Every open tab and device knows.");
  assert.deepEqual(cookies, []);
});

apart("a plain EventSource on another origin follows by tickets, and comes back with another", async ({ page, context, origin, service }) => {
  const tickets = [];
  page.on("request", (request) => { if (request.url().includes("ticket=")) tickets.push(request.url()); });
  await page.goto(origin);
  await page.evaluate(`(() => {
    ${example("tickets.js")}
    const Native = EventSource;
    window.EventSource = class extends Native { constructor(...all) { super(...all); window.stream = this; } };
    const token = async () => (await fetch("/afterclick-token", { method: "POST" })).text();
    follow("${service}", token, (user) => { document.querySelector("h1").textContent = user.email_verified ? "Yes" : "Not yet"; });
  })()`);
  await says(page, "Not yet");

  await page.evaluate(() => { window.stream.close(); window.stream.onerror(); });
  const token = await (await page.request.post(`${origin}/afterclick-token`)).text();
  const headers = { authorization: `Bearer ${token}` };
  assert.equal((await context.request.post(`${service}/v1/verifications`, { headers, data: {} })).status(), 202);
  await click(context, service, ANA);

  await says(page, "Yes");
  assert.equal(tickets.length, 2);
  assert.match(tickets[1], /last_event_id=/);
});

test("no example of the page is left untried", () => {
  assert.deepEqual([...EXAMPLES.keys()].filter((name) => !ran.has(name)), []);
  assert.equal(PAGE.match(/^```(html|jsx|js|toml)$/gm).length, EXAMPLES.size);
});
