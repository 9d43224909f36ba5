// The service behind a real proxy with its configuration of deploy/, and who comes through it.
//
// AFTERCLICK_BIN is the program. Proxies are looked for on the PATH, in /usr/sbin, and under DEBS.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import https from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { setImmediate as immediate } from "node:timers/promises";

export const DEPLOY = new URL("../../deploy/", import.meta.url);
const DEADLINE = 10_000;
/** Not the proxy's own address, so that the service can tell the two. */
const CLIENT = "127.0.0.2";
export const SECRET = "kT0vQ3cW9nY7xJ2mB5sL8dF1gH4aR6pZ";
export const ANA = { email: "ana@example.com", password: "seven purple kettles" };

export const PROXIES = {
  nginx: {
    file: "nginx.conf",
    changes: ({ folder, web, secure, nodes }) => [
      ["pid /run/nginx.pid;", `pid ${folder}/nginx.pid;`],
      ["error_log /var/log/nginx/error.log warn;", `error_log ${folder}/error.log warn;`],
      ["http {\n", `http {\n${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${folder}/${kind};\n`).join("")}`],
      ["        server 127.0.0.1:8080 max_fails=1 fail_timeout=2s;", nodes.map((node) => `        server ${node} max_fails=1 fail_timeout=2s;`).join("\n")],
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
    changes: ({ folder, web, secure, nodes }) => [
      // More than a test may open.
      ["maxconn 65536", "maxconn 2000"],
      ["bind :80", `bind 127.0.0.1:${web}`],
      ["bind :443 ", `bind 127.0.0.1:${secure} `],
      ["/etc/ssl/afterclick/both.pem", `${folder}/both.pem`],
      ["    server node1 127.0.0.1:8080", nodes.map((node, index) => `    server node${index + 1} ${node}`).join("\n")],
    ],
    start: (file) => ["-db", "-f", file],
    patience: /timeout (?:client|server) (\d+)s/g,
  },
  caddy: {
    file: "Caddyfile",
    changes: ({ folder, web, secure, nodes }) => [
      ["admin off", `admin off\n\thttp_port ${web}\n\thttps_port ${secure}`],
      ["verify.example.com {", `https://localhost {\n\tbind 127.0.0.1\n\ttls ${folder}/cert.pem ${folder}/key.pem`],
      ["reverse_proxy 127.0.0.1:8080", `reverse_proxy ${nodes.join(" ")}`],
    ],
    start: (file) => ["run", "--adapter", "caddyfile", "--config", file],
    patience: /(?:idle|read_timeout) (\d+)s/g,
  },
};

/** Where a program is. */
export function find(name) {
  const folders = [...process.env.PATH.split(delimiter), "/usr/sbin"];
  if (process.env.DEBS) folders.push(join(process.env.DEBS, "usr/sbin"), join(process.env.DEBS, "usr/bin"));
  const found = folders.map((folder) => join(folder, name)).find(existsSync);
  assert.ok(found, `${name} is not installed`);
  return found;
}

/** A port that was free a moment ago, for what cannot be told to take any, or comes back to where it was. Below those
 * that the system gives away unasked, among them what other programs are given meanwhile. */
const freePort = () => new Promise((resolve) => {
  const port = randomInt(10_240, 32_768);
  const server = createServer();
  server.once("error", () => resolve(freePort()));
  server.listen(port, "127.0.0.1", () => server.close(() => resolve(port)));
});

/** Waits until `ask` gives something, and fails after the deadline. */
export async function until(what, ask, deadline = DEADLINE) {
  for (const end = Date.now() + deadline; Date.now() < end;) {
    const answer = await ask();
    if (answer) return answer;
    // What is waited for may be this program's own doing.
    await immediate();
  }
  return assert.fail(`${what} took too long`);
}

const firstLine = (child) => new Promise((resolve) => { createInterface(child.stdout).once("line", resolve); });

/** A PostgreSQL server that ends with its standard input; where its database is. */
async function postgres(start) {
  const script = new URL("../support/postgres.sh", import.meta.url).pathname;
  return (await firstLine(start("bash", [script], { stdio: ["pipe", "pipe", "inherit"] }))).split(" ")[0];
}

/** The service behind the proxy, and all that ends with the test. */
export async function stage(name, act, { heartbeat = "15s", limit = "off", drain = "200ms", mail = "inbox", count = 1, flags = [] } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "afterclick-proxy-"));
  const running = [];
  /** What the test itself goes on doing. */
  const ends = [];
  /** What the proxy says to whoever started it. */
  const log = [];
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
    const database = count === 1 ? `sqlite:${folder}/afterclick.db` : await postgres(start);
    const settings = ["--public-url", `https://localhost:${secure}`, "--trusted-proxy", "127.0.0.1", "--secret", SECRET,
      "--database", database, "--heartbeat", heartbeat, "--limit-sign-up", limit, "--drain", drain,
      "--mail", mail, ...flags];
    /** A node on an address of its own; it can be stopped, and started where it was. */
    const serve = async (address) => {
      address ??= `127.0.0.1:${await freePort()}`;
      const child = start(process.env.AFTERCLICK_BIN, [...settings, "--listen", address], { stdio: ["ignore", "pipe", "ignore"] });
      const said = await firstLine(child);
      return { child, address: said.replace("afterclick is listening on http://", "") };
    };
    const fleet = [];
    for (let number = 0; number < count; number += 1) fleet.push(await serve());
    const nodes = fleet.map(({ address }) => address);
    const [node] = nodes;

    const proxy = PROXIES[name];
    let config = await readFile(new URL(proxy.file, DEPLOY), "utf8");
    for (const [from, to] of proxy.changes({ folder, web, secure, nodes })) {
      assert.ok(config.includes(from), `${proxy.file} no longer says ${from}`);
      config = config.replace(from, to);
    }
    const file = join(folder, proxy.file);
    await writeFile(file, config);
    const child = start(find(name), proxy.start(file), { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, HOME: folder } });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => log.push(text));
    const command = (...words) => spawnSync(process.env.AFTERCLICK_BIN, [...words, ...settings], { encoding: "utf8" }).stdout.trim();
    const site = { ends, name, secure, web, node, cert, fleet, serve, command, direct: (path) => fetch(`http://${node}${path}`) };
    const up = async () => {
      assert.equal(child.exitCode, null, `${name} ended: ${log.join("")}`);
      return ask(site, "GET", "/healthz").then(({ status }) => status === 200, () => false);
    };
    await until(`${name}'s start`, up);
    await act(site);
  } catch (error) {
    console.log(log.join(""), await readFile(join(folder, "error.log"), "utf8").catch(() => ""));
    throw error;
  } finally {
    ends.forEach((end) => end());
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
export function open(site, method, path, { body, headers = {} } = {}) {
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

export async function ask(site, method, path, options) {
  const { response } = await open(site, method, path, options);
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return { status: response.statusCode, headers: response.headers, text, json: () => JSON.parse(text) };
}

/** A stream, and what it says: `next()` is the next event with the instant at which it came. */
export async function listen(site, headers) {
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
export async function ana(site) {
  assert.equal((await ask(site, "POST", "/v1/users", { body: ANA })).status, 202);
  const answer = await ask(site, "POST", "/v1/sessions", { body: ANA });
  assert.equal(answer.status, 201, answer.text);
  const [cookie] = answer.headers["set-cookie"];
  assert.match(cookie, /^__Host-afterclick_session=.*; Secure/);
  const link = await until("the mail", async () => (await (await site.direct(`/dev/inbox.json?to=${ANA.email}`)).json())[0]?.link);
  return { bearer: { authorization: `Bearer ${answer.json().access_token}` }, link: new URL(link).pathname };
}

export const streams = async (site) => {
  const text = await (await site.direct("/metrics")).text();
  return Number(/^afterclick_streams_open (\d+)$/m.exec(text)[1]);
};
