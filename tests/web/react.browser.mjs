// The provider and the hook, with the two Reacts that people use, in strict mode.
import assert from "node:assert/strict";
import { test } from "node:test";
import { watch } from "./support/look.mjs";
import { react } from "./support/modules.mjs";
import { mailTo, serve, withBrowser } from "./support/service.mjs";
import { stage } from "./support/stage.mjs";

const ANA = { email: "ana@example.com", password: "blue kettle sings" };

/** What an application has: a component that shows everything, and a root to draw on. */
const APP = `
import { React, ReactDOM, ReactServer } from "/react-itself.js";
import { createRealtime } from "/react.js";
const { RealtimeProvider, useRealtime } = createRealtime(React);
const h = React.createElement;
window.seen = [];
window.draws = 0;
function Shows({ at = 0 }) {
  const realtime = useRealtime();
  window.realtime = realtime;
  window.draws += 1;
  // A slow component lets React interrupt the drawing of a list of them.
  for (const until = performance.now() + (window.slow ?? 0); performance.now() < until;);
  return h("p", { className: "shows" }, realtime.connectionStatus, " ", realtime.user ? realtime.user.cursor + " " + realtime.user.email_verified : "nobody");
}
Object.assign(window, { React, ReactDOM, ReactServer, RealtimeProvider, useRealtime, Shows, h });
window.root = ReactDOM.createRoot(document.querySelector("#root"));
window.draw = (props, ...children) => window.root.render(h(React.StrictMode, null, h(RealtimeProvider, props, ...children)));
`;

const both = (name, act) => {
  for (const major of [18, 19]) {
    test(`react ${major}: ${name}`, { timeout: 60_000 }, () => withBrowser(async ({ browser, folder }) => {
      const service = await serve(folder);
      const page = await browser.newPage();
      const surprises = watch(page);
      const scripts = { "/react-itself.js": react(major), "/app-react.js": APP };
      for (const [path, body] of Object.entries(scripts)) {
        await page.route(service.url + path, (route) => route.fulfill({ body, contentType: "text/javascript" }));
      }
      await stage(page, service.url, `<div id="root"></div>`, { defined: false });
      await page.evaluate(() => import("/app-react.js"));
      await act(page, service);
      assert.deepEqual(surprises, []);
    }));
  }
};

const shows = (page, words) => page.locator(".shows").filter({ hasText: words }).first().waitFor({ timeout: 10_000 });

both("a provider makes one client, shows the click, and closes it when it goes", async (page, service) => {
  await page.request.post(`${service.url}/v1/users`, { data: ANA });
  await page.request.post(`${service.url}/v1/sessions`, { data: ANA });
  const live = async () => (await (await page.request.get(`${service.url}/v1/sessions`)).json()).sessions[0].live_streams;
  const becomes = async (count) => {
    for (const deadline = Date.now() + 10_000; await live() !== count;) assert.ok(Date.now() < deadline, `${count} streams`);
  };

  // An arrow and an object that are others at each drawing must not make other clients.
  await page.evaluate(() => { window.made = () => window.draw({ options: { url: "", debug: false } }, h(Shows)); window.made(); });
  await shows(page, /^live .* false$/);
  await becomes(1);
  const client = await page.evaluate(() => { const { tabId } = window.realtime.debug; window.made(); return tabId; });
  const { link } = await mailTo(page, service.url, ANA.email);
  await page.request.post(link, { headers: { accept: "application/json" } });
  await shows(page, /^live .* true$/);
  assert.equal(await page.evaluate(() => window.realtime.debug.tabId), client);
  const refreshed = await page.evaluate(async () => (await window.realtime.refreshUserData()) === window.realtime.user);
  assert.equal(refreshed, true);
  assert.equal(await page.evaluate(() => window.realtime.isConnected), true);
  await becomes(1);

  await page.evaluate(() => window.root.unmount());
  await becomes(0);
});

both("components are drawn for what differs, and for nothing else", async (page) => {
  await page.evaluate(() => window.draw({ client: window.client }, h(Shows)));
  await shows(page, "connecting nobody");

  const draws = await page.evaluate(async () => {
    const settled = () => new Promise((resolve) => { setTimeout(() => requestAnimationFrame(resolve)); });
    window.client.take({});
    window.client.become("live");
    await settled();
    const before = window.draws;
    const held = window.realtime;
    window.client.dispatchEvent(new CustomEvent("error", { detail: { code: "mute" } }));
    window.client.dispatchEvent(new CustomEvent("user", { detail: window.client.user }));
    await settled();
    return [window.draws - before, held === window.realtime];
  });

  await shows(page, "live k3f9w2qa.1 false");
  assert.deepEqual(draws, [0, true]);
  await page.evaluate(() => window.draw({ client: new window.Client() }, h(Shows)));
  await shows(page, "connecting nobody");
  assert.equal(await page.evaluate(() => window.client.hearers), 0, "the client of before is let go of");
});

both("a drawing that is interrupted shows one state, not two", async (page) => {
  const torn = await page.evaluate(async () => {
    const { React } = window;
    let more;
    function Many() {
      const [count, setCount] = React.useState(1);
      more = () => React.startTransition(() => setCount(60));
      return Array.from({ length: count }, (_, at) => h(Shows, { key: at, at }));
    }
    window.draw({ client: window.client }, h(Many));
    while (!document.querySelector(".shows")) await new Promise((resolve) => { setTimeout(resolve); });
    const torn = [];
    const look = () => {
      const texts = new Set([...document.querySelectorAll(".shows")].map((one) => one.textContent));
      if (texts.size > 1) torn.push([...texts]);
    };
    new MutationObserver(look).observe(document.querySelector("#root"), { childList: true, subtree: true, characterData: true });
    window.slow = 2;
    more();
    for (let step = 0; step < 20; step += 1) {
      await new Promise((resolve) => { setTimeout(resolve); });
      window.client.take({});
    }
    for (const deadline = performance.now() + 10_000; performance.now() < deadline;) {
      await new Promise((resolve) => { requestAnimationFrame(resolve); });
      const all = [...document.querySelectorAll(".shows")];
      if (all.length === 60 && all.every((one) => one.textContent.includes(window.client.user.cursor))) return { torn, done: true };
    }
    return { torn, done: false };
  });

  assert.deepEqual(torn, { torn: [], done: true });
});

both("a server draws it without a connection, and a browser takes it over", async (page, service) => {
  const calls = [];
  page.on("request", (request) => { if (request.url().startsWith(`${service.url}/v1/`)) calls.push(request.url()); });
  const markup = await page.evaluate(() => window.ReactServer.renderToString(h(RealtimeProvider, { options: {} }, h(Shows))));
  assert.match(markup, /connecting<!-- --> <!-- -->nobody/);
  assert.deepEqual(calls, []);

  await page.evaluate((markup) => {
    const taken = document.createElement("div");
    taken.innerHTML = markup;
    document.querySelector("main").append(taken);
    window.client.take({});
    ReactDOM.hydrateRoot(taken, h(RealtimeProvider, { client: window.client }, h(Shows)));
  }, markup);

  await shows(page, "connecting k3f9w2qa.1 false");
});

both("the hook says what it needs", async (page) => {
  const said = await page.evaluate(() => {
    try {
      return window.ReactServer.renderToString(h(Shows));
    } catch (error) {
      return error.message;
    }
  });

  assert.equal(said, "useRealtime needs a RealtimeProvider above it");
});
