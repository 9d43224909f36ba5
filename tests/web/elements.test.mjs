import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { call, reason, saySpan } from "../../public/call.js";
import { PATIENCE, advice, digits, notice, trouble } from "../../public/elements-help.js";
import { TEXTS, onTexts, say, setTexts, span } from "../../public/elements-words.js";

const english = (key, places) => say({}, "en", key, places);

test("a connection that takes too long is in trouble, and one that is lost at once", () => {
  assert.equal(trouble("connecting", 0), "none");
  assert.equal(trouble("connecting", PATIENCE), "connecting");
  assert.equal(trouble("live", 99), "none");
  assert.equal(trouble("shared", 99), "none");
  for (const status of ["polling", "offline", "signed-out", "closed"]) assert.equal(trouble(status, 0), status);
});

test("every trouble has its words, and what helps begins with it", () => {
  for (const wrong of ["none", "polling", "connecting", "offline", "signed-out", "closed"]) {
    for (const key of [notice(wrong), ...advice(wrong)]) assert.ok(TEXTS[key], key);
    assert.ok(advice(wrong).includes("helpSpam"));
  }
  assert.equal(advice("offline")[0], "helpOffline");
});

test("a code is taken as people type and paste it, and nothing else is", () => {
  for (const typed of ["123456", " 123 456 ", "123-456", "12–34–56", "١٢٣٤٥٦", "۱۲۳۴۵۶"]) assert.equal(digits(typed), "123456", typed);
  for (const typed of ["", "12345", "1234567", "12345a", "１２３４５６", "1.23456"]) assert.equal(digits(typed), null, typed);
});

test("a text goes by the number in it, in the language it is in", () => {
  assert.equal(english("wrongCode", { count: 1 }), "That is not the code. 1 try left.");
  assert.equal(english("wrongCode", { count: 0 }), "That is not the code. 0 tries left.");
  const polish = { resendIn: { one: "sekundę", few: "{count} sekundy", many: "{count} sekund", other: "{count} sekundy" } };
  assert.equal(say(polish, "pl", "resendIn", { count: 3 }), "3 sekundy");
  assert.equal(say(polish, "pl", "resendIn", { count: 5 }), "5 sekund");
  assert.equal(say({ resendIn: { other: "{count}" } }, "no language", "resendIn", { count: 1 }), "1");
});

test("a place takes its value as it is, and an unknown one stays", () => {
  assert.equal(say({ lead: "{email} {other}" }, "en", "lead", { email: "{other}$&" }), "{other}$& {other}");
  assert.equal(english("nothing of the kind"), "");
});

test("an element's own words win over the page's, and those over ours", () => {
  let heard = 0;
  const stop = onTexts(() => { heard += 1; });
  setTexts({ closed: "Zu" });
  stop();
  setTexts({ live: "Da" });

  assert.equal(heard, 1);
  assert.equal(say({}, "de", "closed"), "Zu");
  assert.equal(say({ closed: "Geschlossen" }, "de", "closed"), "Geschlossen");
  assert.equal(say({}, "de", "offline"), "Offline");
});

test("a wait is told in seconds, and a long one in minutes", () => {
  assert.deepEqual(span(0.2), { minutes: false, count: 1 });
  assert.deepEqual(span(90), { minutes: false, count: 90 });
  assert.deepEqual(span(91), { minutes: true, count: 2 });
  assert.equal(saySpan(english, "resendIn", 1800), "Send again in 30 minutes");
});

test("what went wrong is told in a sentence", () => {
  assert.equal(reason(english, {}), "The service cannot be reached.");
  assert.equal(reason(english, { status: 500 }), "The service answered 500.");
  assert.equal(reason(english, { status: 429, body: { detail: "too many" }, retryAfter: 1 }), "Too many. Try again in 1 second.");
  const german = (key, places) => say({ "error:unavailable": "Gerade nicht." }, "de", key, places);
  assert.equal(reason(german, { status: 503, body: { code: "unavailable", detail: "not now" } }), "Gerade nicht.");
});

test("a call never throws, and reads how long to wait from either place", async () => {
  const answering = (status, body, headers) => async () => new Response(body, { status, headers });

  assert.deepEqual(await call(() => Promise.reject(new TypeError("no")), "GET", "/"), { ok: false, status: 0, body: {}, retryAfter: 0 });
  assert.equal((await call(answering(502, "<html>"), "GET", "/")).status, 502);
  assert.equal((await call(answering(429, "{}", { "Retry-After": "7" }), "GET", "/")).retryAfter, 7);
  assert.equal((await call(answering(202, `{"retry_after":60}`), "POST", "/", {})).retryAfter, 60);
  assert.equal((await call(answering(200, "null"), "GET", "/")).ok, true);
});

test("every text that is asked for is there", () => {
  const sources = ["base", "status", "toasts", "verification"].map((name) => readFileSync(new URL(`../../public/elements-${name}.js`, import.meta.url), "utf8"));
  const keys = sources.flatMap((text) => [...text.matchAll(/say\((?:this\.say, )?[^"`()]*"([a-zA-Z-]+)"/g)].map((match) => match[1]));
  assert.ok(keys.length > 15, `${keys.length} texts`);
  for (const key of keys) assert.ok(TEXTS[key], key);
  for (const key of ["resendIn", "tryAgain"]) assert.ok(TEXTS[`${key}Minutes`], key);
});
