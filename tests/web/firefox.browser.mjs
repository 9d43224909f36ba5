// The heart of it in the other engine: one connection for all tabs, a stream, polls, and the way back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { withFirefox } from "./support/firefox.mjs";
import { front, gate } from "./support/front.mjs";
import { mailTo, serve, withFolder } from "./support/service.mjs";

const DATA = { email: "ana@example.com", password: "blue kettle sings" };

/** Signs up where needed and logs in, within a page of the service's origin. */
const logIn = (tab, data) => tab.run(async (data) => {
  const call = (path) => fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(data) });
  await call("/v1/users");
  const answer = await call("/v1/sessions");
  if (answer.status !== 201) throw new Error(`log-in: ${answer.status}`);
  await realtime.refresh();
}, data);

const becomes = (tab, ...statuses) => tab.until((statuses) => realtime.connectionStatus && statuses.includes(realtime.connectionStatus), statuses);
const types = (tab) => tab.run(() => told.filter(({ name }) => name === "change").map(({ detail }) => detail.type));

/** Presses the button of the mail, by a request of this program's. */
async function click(url) {
  const { link } = await mailTo({ request: { get: fetch } }, url, DATA.email);
  const answer = await fetch(link, { method: "POST", headers: { accept: "application/json" } });
  assert.equal(answer.status, 200);
}

test("firefox: three tabs and another person's browser turn verified at one click, over one connection each", { timeout: 90_000 }, () => withFolder((folder) => withFirefox(async (firefox) => {
  const service = await serve(folder);
  const proxy = await front(service.url);
  const first = await firefox.open(`${proxy.url}/follow`);
  await becomes(first, "signed-out");
  await logIn(first, DATA);
  const tabs = [first, await firefox.open(`${proxy.url}/follow`), await firefox.open(`${proxy.url}/follow`)];
  const other = await firefox.open(`${proxy.url}/follow`, await firefox.newPerson());
  await becomes(other, "signed-out");
  await logIn(other, DATA);
  for (const tab of [...tabs, other]) await becomes(tab, "live", "shared");
  assert.equal(proxy.open.size, 2);

  await click(service.url);

  for (const tab of [...tabs, other]) {
    await tab.until(() => realtime.user.email_verified, null, 2_000);
    assert.deepEqual(await types(tab), ["email.verified"]);
  }
  // The one in front leads, as the others are hidden.
  await tabs[0].activate();
  await becomes(tabs[0], "live");
  await tabs[0].close();
  await tabs[1].activate();
  await becomes(tabs[1], "live");
  await becomes(tabs[2], "shared");
  assert.equal(proxy.open.size, 2);
})));

test("firefox: polls where streams are held back, and live again when the service has restarted", { timeout: 90_000 }, () => withFolder((folder) => withFirefox(async (firefox) => {
  const service = await serve(folder);
  const proxy = await gate(service.url);
  proxy.letting = false;
  const tab = await firefox.open(`${proxy.url}/follow`);
  await becomes(tab, "signed-out");
  await logIn(tab, DATA);

  await becomes(tab, "polling");
  await click(service.url);
  await tab.until(() => realtime.user.email_verified, null, 2_000);
  proxy.letting = true;
  await service.stop();
  await becomes(tab, "connecting", "offline");
  await serve(folder, service.port);

  await becomes(tab, "live");
  assert.deepEqual(await types(tab), ["email.verified"]);
})));
