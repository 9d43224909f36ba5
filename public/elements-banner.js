/**
 * The banner of `<afterclick-verification>`: its look and its parts, not yet with any words.
 */

import { node, sheet } from "./elements-draw.js";

/** @typedef {ReturnType<typeof drawBanner>} Banner */

export const SHEET = sheet(`
:host { display: block; }
.banner {
  display: flex;
  flex-direction: column;
  gap: .85rem;
  padding: var(--afterclick-padding, 1.25rem);
  border: 1px solid var(--_line);
  border-radius: var(--afterclick-banner-radius, calc(var(--_radius) * 1.6));
  background: var(--_paper);
  box-shadow: var(--afterclick-shadow, none);
  overflow-wrap: anywhere;
}
.banner[data-state="verified"] { border-color: var(--_good); }
.head { display: flex; align-items: flex-start; justify-content: space-between; gap: .5rem; }
.head > div { flex: 1; min-width: 0; }
.title { margin-block-end: .25rem; font-size: 1.125rem; font-weight: 700; line-height: 1.3; }
[data-state="verified"] .title { color: var(--_good); }
.notice { padding-inline-start: .85rem; border-inline-start: .25rem solid var(--_good); font-size: .9375rem; color: var(--_soft); }
.notice[data-mood="wait"] { border-color: var(--_wait); color: var(--_wait); }
label { display: block; margin-block-end: .35rem; font-weight: 600; }
.together { display: flex; flex-wrap: wrap; gap: .6rem; max-width: 26rem; }
input {
  flex: 1 1 9rem;
  min-width: 0;
  min-height: 2.75rem;
  padding: .4rem .8rem;
  border: 1px solid var(--_edge);
  border-radius: var(--_radius);
  background: transparent;
  color: inherit;
  font: 1.25rem ui-monospace, Menlo, Consolas, "Liberation Mono", monospace;
  letter-spacing: .2em;
  /* Digits run from left to right in every language. */
  direction: ltr;
}
input[aria-invalid="true"] { border-color: var(--_bad); }
.confirm { border-color: var(--_accent); background: var(--_accent); color: var(--_accent-ink); }
.problem { margin-block-start: .5rem; padding: .5rem .75rem; border-radius: calc(var(--_radius) * .8); background: var(--_bad-paper); color: var(--_bad); }
.problem:empty, .said:empty { display: none; }
.again { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .85rem; }
.resend { color: var(--_accent); }
.resend[aria-disabled="true"] { color: var(--_soft); }
.said { flex: 1 1 12rem; font-size: .9375rem; color: var(--_soft); }
a { color: var(--_accent); font-weight: 600; }
summary { padding-block: .35rem; font-weight: 600; color: var(--_soft); cursor: pointer; }
ul { padding-inline-start: 1.25rem; }
li { margin-block-start: .4rem; }
`);

export function drawBanner() {
  const title = node("div", { class: "title", part: "title", id: "title", role: "heading" });
  const lead = node("p", { class: "lead", part: "lead" });
  const dismiss = node("button", { type: "button", class: "close", part: "dismiss" }, "×");
  const notice = node("p", { class: "notice", part: "notice", role: "status" });
  const signIn = node("a", { part: "sign-in" });
  const more = node("slot");

  const label = node("label", { for: "code" });
  const code = node("input", {
    id: "code", part: "input", name: "code", inputmode: "numeric", autocomplete: "one-time-code", placeholder: "000000",
    maxlength: "12", required: "", "aria-describedby": "problem",
  });
  const confirm = node("button", { class: "confirm", part: "confirm" });
  const problem = node("p", { id: "problem", class: "problem", part: "problem", role: "alert" });
  const form = node("form", { part: "form", novalidate: "" }, label, node("div", { class: "together" }, code, confirm), problem);

  const resend = node("button", { type: "button", class: "resend", part: "resend" });
  const said = node("p", { class: "said", part: "said", role: "status" });
  const again = node("div", { class: "again" }, resend, said);

  const summary = node("summary");
  const advice = node("ul");
  const help = node("details", { part: "help" }, summary, advice, node("slot", { name: "help" }));

  const head = node("div", { class: "head" }, node("div", { role: "status" }, title, lead), dismiss);
  const banner = node("section", { class: "banner", part: "banner", "aria-labelledby": "title" }, head, notice, signIn, more, form, again, help);
  return { banner, title, lead, dismiss, notice, signIn, more, form, label, code, confirm, problem, again, resend, said, help, summary, advice };
}
