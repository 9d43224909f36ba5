// A page of a test's own at the service's origin, under the policy of the service's first page, with
// a client that says what the test wants.

/** What runs in the page: a client without a service, and what it was asked. */
const CLIENT = `
export class Client extends EventTarget {
  user = null;
  connectionStatus = "connecting";
  asked = [];
  answers = [];
  hearers = 0;
  get isConnected() { return ["live", "polling", "shared"].includes(this.connectionStatus); }
  get debug() { return {}; }
  become(status) { this.connectionStatus = status; this.dispatchEvent(new CustomEvent("status", { detail: status })); }
  take(more) {
    const version = Number(this.user?.cursor.split(".")[1] ?? 0) + 1;
    this.user = { id: "u1", email: "ana@example.com", email_verified: false, kyc: {}, attributes: {}, ...this.user, ...more, cursor: "k3f9w2qa." + version };
    this.dispatchEvent(new CustomEvent("user", { detail: this.user }));
  }
  leave() { this.user = null; this.dispatchEvent(new CustomEvent("user", { detail: null })); this.become("signed-out"); }
  async refresh() { this.asked.push(["refresh"]); return this.next ? this.next() : this.user; }
  async fetch(path, init) {
    this.asked.push([init.method, path, JSON.parse(init.body)]);
    const { status, body = {}, headers = {} } = this.answers.shift() ?? { status: 500 };
    return new Response(JSON.stringify(body), { status, headers });
  }
  close() {}
  addEventListener(name, hear, options) {
    this.hearers += 1;
    options?.signal?.addEventListener("abort", () => { this.hearers -= 1; });
    super.addEventListener(name, hear, options);
  }
  removeEventListener(name, hear, options) {
    this.hearers -= 1;
    super.removeEventListener(name, hear, options);
  }
}
window.client = new Client();
window.Client = Client;
`;

/**
 * Opens a page with this body. `window.client` is a scripted client; elements follow it where the
 * test says so, and are defined unless `defined` is false.
 */
export async function stage(page, url, body, { defined = true, lang = "en", dir = "ltr" } = {}) {
  const policy = (await page.request.get(`${url}/`)).headers()["content-security-policy"];
  const scripts = ["/stage.js", ...(defined ? ["/elements.js"] : [])].map((source) => `<script type="module" src="${source}"></script>`);
  const html = `<!DOCTYPE html><html lang="${lang}" dir="${dir}"><head><meta charset="utf-8"><title>Stage</title>
    <meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/afterclick.css">${scripts.join("")}</head>
    <body><main><h1>Stage</h1>${body}</main></body></html>`;
  await page.route(`${url}/stage.html`, (route) => route.fulfill({ body: html, contentType: "text/html", headers: { "content-security-policy": policy } }));
  await page.route(`${url}/stage.js`, (route) => route.fulfill({ body: CLIENT, contentType: "text/javascript" }));
  await page.goto(`${url}/stage.html`);
  await page.waitForFunction((defined) => window.client && (!defined || customElements.get("afterclick-status")), defined);
}

/** Gives the scripted client to every element of the page. */
export const direct = (page) => page.evaluate(() => {
  for (const element of document.querySelectorAll("afterclick-status, afterclick-verification, afterclick-toasts")) element.client = window.client;
});
