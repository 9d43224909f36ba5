/**
 * The words of the elements, in English. Every one can be replaced: for all elements with
 * `setTexts`, for one with its `texts` property or attribute.
 *
 * A text may hold `{places}`; where it depends on a number, it is an object of plural forms
 * (`Intl.PluralRules`), chosen by the place `count` and the language the element is in.
 *
 * @typedef {string | {[form: string]: string}} Text
 * @typedef {{[key: string]: Text}} Texts
 */

/** @type {Readonly<Texts>} */
export const TEXTS = Object.freeze({
  connecting: "Connecting…",
  live: "Live",
  shared: "Live",
  polling: "Checking often",
  offline: "Offline",
  "signed-out": "Signed out",
  closed: "Not connected",
  check: "Check now",
  checking: "Checking…",
  checked: "Up to date.",
  checkedNew: "Something new has arrived.",
  checkFailed: "That did not work. {reason}",

  title: "Check your mail",
  lead: "We have sent a link and a code to {email}. Open the link on any device, or type the code here.",
  waiting: "This page changes by itself as soon as the link is used.",
  waitingPolling: "This page asks again and again, and changes a few seconds after the link is used.",
  waitingOffline: "The link works all the same. This page catches up as soon as it is connected again.",
  code: "Code from the mail",
  confirm: "Confirm",
  wrongCode: { one: "That is not the code. {count} try left.", other: "That is not the code. {count} tries left." },
  tooManyCodes: "Too many tries. The link in the mail still works. {reason}",
  codeForm: "A code is six digits.",
  resend: "Send the mail again",
  resendIn: { one: "Send again in {count} second", other: "Send again in {count} seconds" },
  resendInMinutes: { one: "Send again in {count} minute", other: "Send again in {count} minutes" },
  resent: "Another mail is on its way. The links of earlier mails still work.",
  resendTooSoon: "Not so soon: the last mail should be there by now.",
  verifiedTitle: "Your address is verified",
  verifiedLead: "{email} is yours. Every open tab and device knows.",
  dismiss: "Dismiss",

  help: "Nothing has come?",
  helpSpam: "Look into the folder for spam, and search for the subject. A mail can take some minutes.",
  helpAddress: "Is {email} right? If not, sign up again with the right address.",
  helpLink: "A link works for 24 hours, a code for 15 minutes. Sending again leaves earlier links good.",
  helpOffline: "This device is offline. The mail can be read on any other; this page catches up.",
  helpConnecting: "The service cannot be reached at the moment. This page tries again by itself.",
  helpPolling: "Live updates do not get through here; a proxy, a VPN, or a virus scanner may hold them back. This page asks every few seconds instead.",
  helpSignedOut: "You are signed out on this page, so it cannot know. Sign in again; the link in the mail still works.",
  helpClosed: "This page is not connected any more. Reload it to see what is new.",
  signIn: "Sign in",

  toasts: "Notifications",
  toastVerified: "Your address is verified",
  toastEmail: "Your address is now {email}",
  toastNoEmail: "Your account has no address any more",
  toastKyc: "Your identity check: {status}",
  toastKycChanged: "Your identity check has changed",
  toastAccount: "Your account has changed",

  unreachable: "The service cannot be reached.",
  answered: "The service answered {status}.",
  tryAgain: { one: "Try again in {count} second.", other: "Try again in {count} seconds." },
  tryAgainMinutes: { one: "Try again in {count} minute.", other: "Try again in {count} minutes." },
});

/** @type {Texts} */
let replaced = {};

/** @type {Set<() => void>} */
const hearers = new Set();

/**
 * Replaces texts in all elements of the page, those there already too.
 *
 * @param {Texts} texts  keys of `TEXTS`; what is left out stays
 */
export function setTexts(texts) {
  replaced = { ...replaced, ...texts };
  for (const hear of hearers) hear();
}

/**
 * Calls `hear` after each `setTexts`, until the returned function is called.
 *
 * @param {() => void} hear
 * @returns {() => void}
 */
export function onTexts(hear) {
  hearers.add(hear);
  return () => { hearers.delete(hear); };
}

/**
 * A text with its places filled.
 *
 * @param {Texts} own  those of one element, which win
 * @param {string} language  as of a `lang` attribute; empty for the browser's
 * @param {string} key
 * @param {{[place: string]: unknown}} [places]
 * @returns {string}
 */
export function say(own, language, key, places = {}) {
  const text = own[key] ?? replaced[key] ?? TEXTS[key] ?? "";
  const chosen = typeof text === "string" ? text : text[form(language, Number(places.count))] ?? text.other ?? "";
  return chosen.replace(/\{(\w+)\}/g, (whole, place) => (place in places ? String(places[place]) : whole));
}

/**
 * A span for people, as seconds or, above a minute and a half, as minutes.
 *
 * @param {number} seconds
 * @returns {{minutes: boolean, count: number}}  rounded up
 */
export function span(seconds) {
  return seconds > 90 ? { minutes: true, count: Math.ceil(seconds / 60) } : { minutes: false, count: Math.ceil(seconds) };
}

/** @param {string} language @param {number} count */
function form(language, count) {
  try {
    return new Intl.PluralRules(language || undefined).select(count);
  } catch {
    return "other"; // Not a language tag.
  }
}
