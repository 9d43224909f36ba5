// Firefox by WebDriver BiDi, which it speaks itself: Debian's has none of what playwright patches into
// its own, and no geckodriver.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

/** Quiet: no calls home, no first pages. */
const PREFERENCES = {
  "app.update.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.page": 0,
  "datareporting.policy.dataSubmissionEnabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "network.proxy.type": 0,
  "remote.active-protocols": 1,
  "services.settings.server": "data:,#remote-settings-dummy/v1",
  "toolkit.telemetry.reportingpolicy.firstRun": false,
};

/** Runs `test` with a Firefox, which ends with it. */
export async function withFirefox(test) {
  const { WebSocket } = createRequire(import.meta.url)(join(dirname(process.env.PLAYWRIGHT), "ws"));
  const profile = await mkdtemp(join(tmpdir(), "afterclick-firefox-"));
  const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`);
  await writeFile(join(profile, "user.js"), lines.join(""));
  const child = spawn(process.env.FIREFOX, ["--headless", "--no-remote", "--remote-debugging-port=0", "--profile", profile], { stdio: ["ignore", "ignore", "pipe"] });
  const gone = new Promise((resolve) => { child.once("exit", resolve); });
  try {
    const address = await new Promise((resolve, reject) => {
      createInterface(child.stderr).on("line", (line) => {
        const found = /WebDriver BiDi listening on (ws:.*)$/.exec(line);
        if (found) resolve(found[1]);
      });
      gone.then(() => reject(new Error("Firefox ended before it listened")));
    });
    const socket = new WebSocket(`${address}/session`, { perMessageDeflate: false });
    await new Promise((resolve, reject) => { socket.once("open", resolve); socket.once("error", reject); });
    const firefox = new Firefox(socket);
    await firefox.ask("session.new", { capabilities: {} });
    await test(firefox);
  } finally {
    child.kill("SIGKILL");
    await gone;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

class Firefox {
  #socket;
  #asked = 0;
  #waiting = new Map();

  constructor(socket) {
    this.#socket = socket;
    socket.on("message", (text) => {
      const { id, type, result, error, message } = JSON.parse(text);
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (type === "success") waiting?.resolve(result);
      else waiting?.reject(new Error(`${error}: ${message}`));
    });
  }

  /** A command of the protocol. */
  ask(method, params) {
    const id = this.#asked += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  /** Somebody else's browser, as far as cookies, storage, and locks go. */
  async newPerson() {
    const { userContext } = await this.ask("browser.createUserContext", {});
    return userContext;
  }

  /** A tab at this address. */
  async open(url, userContext = "default") {
    const { context } = await this.ask("browsingContext.create", { type: "tab", userContext });
    const tab = new Tab(this, context);
    await this.ask("browsingContext.navigate", { context, url, wait: "complete" });
    return tab;
  }
}

class Tab {
  #firefox;
  #context;

  constructor(firefox, context) {
    this.#firefox = firefox;
    this.#context = context;
  }

  /** What a function of the page gives; its argument and answer are JSON. */
  async run(act, given = null) {
    const { result, exceptionDetails } = await this.#firefox.ask("script.callFunction", {
      functionDeclaration: `async (given) => JSON.stringify(await (${act})(JSON.parse(given)) ?? null)`,
      arguments: [{ type: "string", value: JSON.stringify(given) }],
      target: { context: this.#context },
      awaitPromise: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.text);
    return JSON.parse(result.value);
  }

  /** Waits until a function of the page gives what is true. */
  async until(act, given = null, span = 20_000) {
    const found = await this.run(async ([act, given, span]) => {
      const end = Date.now() + span;
      const hold = new Function(`return (${act})`)();
      while (Date.now() < end) {
        if (await hold(given)) return true;
        await new Promise((resolve) => { setTimeout(resolve, 20); });
      }
      return false;
    }, [String(act), given, span]).catch((error) => assert.fail(error));
    assert.ok(found, `not in ${span} ms: ${act}`);
  }

  activate() {
    return this.#firefox.ask("browsingContext.activate", { context: this.#context });
  }

  close() {
    return this.#firefox.ask("browsingContext.close", { context: this.#context });
  }
}
