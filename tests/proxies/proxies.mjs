// The configurations of deploy/, in front of the real service, in the real proxies: events and polls
// come at once, nothing is compressed or forged, and whoever goes away is noticed.
//
// AFTERCLICK_BIN is the program. Proxies are looked for on the PATH, in /usr/sbin, and under DEBS.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import https from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";

const DEPLOY = new URL("../../deploy/", import.meta.url);
const DEADLINE = 10_000;
/** Not the proxy's own address, so that the service can tell the two. */
const CLIENT = "127.0.0.2";
const ANA = { email: "ana@example.com", password: "seven purple kettles" };

const PROXIES = {
  nginx: {
    file: "nginx.conf",
    changes: ({ folder, web, secure, node }) => [
      ["pid /run/nginx.pid;", `pid ${folder}/nginx.pid;`],
      ["error_log /var/log/nginx/error.log warn;", `error_log ${folder}/error.log warn;`],
      ["http {\n", `http {\n${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${folder}/${kind};\n`).join("")}`],
      ["server 127.0.0.1:8080 ", `server ${node} `],
      ["listen 80;", `listen 127.0.0.1:${web};`],
      ["listen 443 ", `listen 127.0.0.1:${secure} `],
      ["/etc/ssl/afterclick/cert.pem", `${folder}/cert.pem`],
      ["/etc/ssl/afterclick/key.pem", `${folder}/key.pem`],
    ],
    start: (file) => ["-c", file, "-g", "daemon off;"],
    patience: /proxy_read_timeout (\d+)s/g,
  },
  haproxy: {
    file: "haproxy.cfg",
    changes: ({ folder, web, secure, node }) => [
      // More than a test may open.
      ["maxconn 65536", "maxconn 2000"],
      ["bind :80", `bind 127.0.0.1:${web}`],
      ["bind :443 ", `bind 127.0.0.1:${secure} `],
      ["/etc/ssl/afterclick/both.pem", `${folder}/both.pem`],
      ["server node1 127.0.0.1:8080", `server node1 ${node}`],
    ],
    start: (file) => ["-db", "-f", file],
    patience: /timeout (?:client|server) (\d+)s/g,
  },
  caddy: {
    file: "Caddyfile",
    changes: ({ folder, web, secure, node }) => [
      ["admin off", `admin off\n\thttp_port ${web}\n\thttps_port ${secure}`],
      ["verify.example.com {", `https://localhost {\n\tbind 127.0.0.1\n\ttls ${folder}/cert.pem ${folder}/key.pem`],
      ["reverse_proxy 127.0.0.1:8080", `reverse_proxy ${node}`],
    ],
    start: (file) => ["run", "--adapter", "caddyfile", "--config", file],
    patience: /(?:idle|read_timeout) (\d+)s/g,
  },
};

/** Where a program is. */
function find(name) {
  const folders = [...process.env.PATH.split(delimiter), "/usr/sbin"];
  if (process.env.DEBS) folders.push(join(process.env.DEBS, "usr/sbin"), join(process.env.DEBS, "usr/bin"));
  const found = folders.map((folder) => join(folder, name)).find(existsSync);
  assert.ok(found, `${name} is not installed`);
  return found;
}

/** A port that was free a moment ago: proxies cannot be told to take any. */
const freePort = () => new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

/** Waits until `ask` gives something, and fails after the deadline. */
async function until(what, ask) {
  for (const end = Date.now() + DEADLINE; Date.now() < end;) {
    const answer = await ask();
    if (answer) return answer;
  }
  return assert.fail(`${what} took too long`);
}

/** The service behind the proxy, and all that ends with the test. */
async function stage(name, act, { heartbeat = "15s", limit = "off", mail = "inbox" } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "afterclick-proxy-"));
  const running = [];
  const start = (program, args, options) => {
    const child = spawn(program, args, { cwd: folder, ...options });
    running.push(child);
    return child;
  };
  try {
    // Its workers are another user's, where it is started as root.
    await chmod(folder, 0o755);
    const made = spawnSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
      "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"], { cwd: folder });
    assert.equal(made.status, 0, String(made.stderr));
    const [cert, key] = await Promise.all(["cert.pem", "key.pem"].map((file) => readFile(join(folder, file))));
    await writeFile(join(folder, "both.pem"), Buffer.concat([cert, key]));
    const [web, secure] = [await freePort(), await freePort()];
    const settings = ["--listen", "127.0.0.1:0", "--public-url", `https://localhost:${secure}`, "--trusted-proxy", "127.0.0.1",
      "--database", `sqlite:${folder}/afterclick.db`, "--heartbeat", heartbeat, "--limit-sign-up", limit, "--drain", "200ms",
      "--mail", mail];
    const service = start(process.env.AFTERCLICK_BIN, settings, { stdio: ["ignore", "pipe", "ignore"] });
    const said = await new Promise((resolve) => { createInterface(service.stdout).once("line", resolve); });
    const node = said.replace("afterclick is listening on http://", "");

    const proxy = PROXIES[name];
    let config = await readFile(new URL(proxy.file, DEPLOY), "utf8");
    for (const [from, to] of proxy.changes({ folder, web, secure, node })) {
      assert.ok(config.includes(from), `${proxy.file} no longer says ${from}`);
      config = config.replace(from, to);
    }
    const file = join(folder, proxy.file);
    await writeFile(file, config);
    const log = [];
    const child = start(find(name), proxy.start(file), { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, HOME: folder } });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => log.push(text));
    const site = { name, secure, web, node, cert, direct: (path) => fetch(`http://${node}${path}`) };
    const up = async () => {
      assert.equal(child.exitCode, null, `${name} ended: ${log.join("")}`);
      return ask(site, "GET", "/healthz").then(({ status }) => status === 200, () => false);
    };
    await until(`${name}'s start`, up);
    await act(site);
  } finally {
    await Promise.all(running.map((child) => new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once("exit", resolve);
      child.kill("SIGTERM");
      return setTimeout(() => child.kill("SIGKILL"), 2000).unref();
    })));
    await rm(folder, { recursive: true, force: true });
  }
}

/** A request through the proxy as far as its answer's head. */
function open(site, method, path, { body, headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    const sent = body === undefined ? {} : { "content-type": "application/json" };
    const request = https.request({
      host: "127.0.0.1", port: site.secure, servername: "localhost", ca: site.cert, localAddress: CLIENT, agent: false,
      method, path, headers: { host: `localhost:${site.secure}`, ...sent, ...headers },
    }, (response) => resolve({ request, response }));
    request.setTimeout(DEADLINE * 9, () => request.destroy(new Error(`${path} took too long`)));
    request.on("error", reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function ask(site, method, path, options) {
  const { response } = await open(site, method, path, options);
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return { status: response.statusCode, headers: response.headers, text, json: () => JSON.parse(text) };
}

/** A stream, and what it says: `next()` is the next event with the instant at which it came. */
async function listen(site, headers) {
  const { request, response } = await open(site, "GET", "/v1/stream", { headers: { ...headers, "accept-encoding": "gzip, br" } });
  assert.equal(response.statusCode, 200);
  const events = (async function* read() {
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) {
      text += chunk;
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const [, name] = /^event: (.*)$/m.exec(text.slice(0, end)) ?? [];
        text = text.slice(end + 2);
        yield { name, at: Date.now() };
      }
    }
  }());
  return { headers: response.headers, next: async () => (await events.next()).value, close: () => request.destroy() };
}

/** Ana, signed up and logged in through the proxy; her bearer and the path of her link. */
async function ana(site) {
  assert.equal((await ask(site, "POST", "/v1/users", { body: ANA })).status, 202);
  const answer = await ask(site, "POST", "/v1/sessions", { body: ANA });
  assert.equal(answer.status, 201, answer.text);
  const [cookie] = answer.headers["set-cookie"];
  assert.match(cookie, /^__Host-afterclick_session=.*; Secure/);
  const link = await until("the mail", async () => (await (await site.direct(`/dev/inbox.json?to=${ANA.email}`)).json())[0]?.link);
  return { bearer: { authorization: `Bearer ${answer.json().access_token}` }, link: new URL(link).pathname };
}

const streams = async (site) => {
  const text = await (await site.direct("/metrics")).text();
  return Number(/^afterclick_streams_open (\d+)$/m.exec(text)[1]);
};

/** How often somebody has asked how the node is: its proxy, where that one does. */
const checks = async (site) => {
  const text = await (await site.direct("/metrics")).text();
  const asked = [...text.matchAll(/^afterclick_requests_total\{.*route="\/(?:readyz|healthz)".*\} (\d+)$/gm)];
  return asked.reduce((sum, [, count]) => sum + Number(count), 0);
};

for (const name of Object.keys(PROXIES)) {
  test(`${name} passes an event on when it comes, and wakes a poll`, { timeout: 60_000 }, () => stage(name, async (site) => {
    const { bearer, link } = await ana(site);
    const asked = Date.now();
    const stream = await listen(site, bearer);
    const first = await stream.next();
    assert.equal(first.name, "snapshot");
    assert.ok(first.at - asked < 1000, `the first event after ${first.at - asked} ms`);
    assert.equal(stream.headers["content-encoding"], undefined);
    const { cursor } = (await ask(site, "GET", "/v1/me", { headers: bearer })).json();
    const poll = ask(site, "GET", `/v1/poll?after=${cursor}&wait=30`, { headers: bearer }).then((answer) => ({ ...answer, at: Date.now() }));
    await until("the poll's parking", async () => /^afterclick_polls_open 1$/m.test(await (await site.direct("/metrics")).text()));

    const clicked = Date.now();
    const click = await ask(site, "POST", link, { headers: { accept: "application/json" } });
    const [event, answer] = [await stream.next(), await poll];

    assert.equal(click.status, 200, click.text);
    assert.equal(event.name, "email.verified");
    assert.equal(answer.status, 200);
    console.log(`${name}: click to event ${event.at - clicked} ms, to poll ${answer.at - clicked} ms`);
    assert.ok(event.at - clicked < 1000 && answer.at - clicked < 1000);
    stream.close();
  }));

  test(`${name} notices who goes away, and keeps a quiet stream`, { timeout: 60_000 }, () => stage(name, async (site) => {
    const { bearer } = await ana(site);
    const stream = await listen(site, bearer);
    assert.equal((await stream.next()).name, "snapshot");
    for (let beat = 0; beat < 2; beat += 1) assert.equal((await stream.next()).name, "heartbeat");
    assert.equal(await streams(site), 1);

    stream.close();

    await until("the end of the stream", async () => await streams(site) === 0);
  }, { heartbeat: "1s" }));

  test(`${name} outlives heartbeats and polls, and believes no forged address`, { timeout: 60_000 }, () => stage(name, async (site) => {
    const config = await readFile(new URL(PROXIES[name].file, DEPLOY), "utf8");
    const spans = [...config.matchAll(PROXIES[name].patience)].map(([, seconds]) => Number(seconds));
    assert.ok(spans.length > 0 && Math.min(...spans) >= 75, `waits ${spans}`);

    const statuses = [];
    for (const forged of ["1.1.1.1", "2.2.2.2", "3.3.3.3"]) {
      const body = { ...ANA, email: `${forged}@example.com` };
      const headers = { "x-forwarded-for": forged, forwarded: `for=${forged}` };
      statuses.push((await ask(site, "POST", "/v1/users", { body, headers })).status);
    }

    assert.deepEqual(statuses, [202, 202, 429]);
  }, { limit: "2/h" }));

  test(`${name} lets people in while the mail server is away`, { timeout: 60_000 }, () => stage(name, async (site) => {
    await until("a node that misses its mail server", async () => (await site.direct("/readyz")).status === 503);
    const before = await checks(site);
    // nginx asks nobody.
    if (name !== "nginx") await until("three checks", async () => await checks(site) >= before + 3);

    assert.equal((await ask(site, "GET", "/")).status, 200);
    assert.equal((await ask(site, "POST", "/v1/users", { body: ANA })).status, 202);
  }, { mail: "smtp://127.0.0.1:1?tls=none" }));

  test(`${name} shows nobody what is for operators, and sends http to https`, { timeout: 60_000 }, () => stage(name, async (site) => {
    for (const path of ["/metrics", "/docs", "/docs/", "/dev/inbox"]) {
      assert.equal((await ask(site, "GET", path)).status, 404, path);
    }
    for (const path of ["/", "/healthz", "/reset"]) assert.equal((await ask(site, "GET", path)).status, 200, path);
    const plain = await fetch(`http://localhost:${site.web}/verify/x`, { redirect: "manual" });
    assert.ok([301, 302, 308].includes(plain.status));
    assert.match(plain.headers.get("location"), /^https:\/\/localhost.*\/verify\/x$/);
  }));
}

test("every proxy keeps a stream and a poll on which nothing is said for half a minute", { timeout: 90_000 }, async () => {
  await Promise.all(Object.keys(PROXIES).map((name) => stage(name, async (site) => {
    const { bearer } = await ana(site);
    const { cursor } = (await ask(site, "GET", "/v1/me", { headers: bearer })).json();
    const stream = await listen(site, bearer);
    assert.equal((await stream.next()).name, "snapshot");

    const [beat, poll] = await Promise.all([
      stream.next(), ask(site, "GET", `/v1/poll?after=${cursor}&wait=30`, { headers: bearer }),
    ]);

    assert.equal(beat?.name, "heartbeat", name);
    assert.equal(poll.status, 204, name);
    stream.close();
  }, { heartbeat: "30s" })));
});
