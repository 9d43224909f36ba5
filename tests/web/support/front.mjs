// A scripted server in front of the service, as proxies, deployments, and bad networks are.
import { Agent, createServer, request as send } from "node:http";

/** A page that follows its user: `realtime` is the client, `told` what it told and when. */
const PAGE = (options) => `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Follower</title><link rel="icon" href="data:,">
<script type="module">
  import { Afterclick } from "/afterclick.js";
  window.told = [];
  window.realtime = new Afterclick(${options});
  for (const name of ["user", "change", "status", "error"]) {
    realtime.addEventListener(name, ({ detail }) => told.push({ name, detail, at: Date.now() }));
  }
</script>`;

/**
 * Passes everything on to `target`, but for `/follow`, which is a page with a client of `options`
 * (a script's text), and for what `rule` answers itself by returning true.
 */
export async function front(target, { options = "{}", rule = () => false } = {}) {
  const agent = new Agent({ keepAlive: false });
  const self = {
    rule,
    /** Paths asked for under `/v1/`. */
    asked: [],
    /** Streams and polls under way, as `{path, pass}`. */
    open: new Set(),
    /** Breaks what is under way. */
    cut() { for (const { response } of self.open) response.destroy(); },
    close: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }),
  };
  const pass = (request, response, take = (answer) => answer.pipe(response)) => {
    const on = send(target + request.url, { method: request.method, headers: request.headers, agent }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      response.flushHeaders();
      take(answer);
      answer.on("error", () => response.destroy());
    });
    on.on("error", () => response.destroy());
    response.on("close", () => on.destroy());
    request.pipe(on);
  };
  const server = createServer((request, response) => {
    if (request.url.startsWith("/follow")) {
      response.writeHead(200, { "Content-Type": "text/html" }).end(PAGE(options));
      return;
    }
    if (request.url.startsWith("/v1/")) self.asked.push(`${request.method} ${request.url}`);
    if (/^\/v1\/(stream|poll)\b/.test(request.url)) {
      const one = { path: request.url, response };
      self.open.add(one);
      response.on("close", () => self.open.delete(one));
    }
    if (!self.rule(request, response, pass)) pass(request, response);
  });
  await new Promise((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  // A test that fails leaves it behind, which must not keep the program from ending.
  server.unref().on("connection", (socket) => socket.unref());
  self.url = `http://127.0.0.1:${server.address().port}`;
  return self;
}

/** Whether the request is one of these routes, such as `stream`. */
export const isTo = (request, ...routes) => routes.some((route) => request.url.startsWith(`/v1/${route}`));

/** One that lets the bodies of streams through only while its `letting` is true. */
export async function gate(target) {
  const self = await front(target, {
    rule(request, response, pass) {
      if (!isTo(request, "stream")) return false;
      pass(request, response, (answer) => answer.on("data", (piece) => { if (self.letting) response.write(piece); }));
      return true;
    },
  });
  self.letting = true;
  return self;
}
