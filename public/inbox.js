/**
 * Keeps the development inbox up to date: fetches the page as the service draws it and puts new
 * mails on top, so that what is open stays open.
 */

import { byId } from "./view.js";

/** Between two looks, in milliseconds. */
const LOOK = 2_000;

const [mails, live, count] = ["mails", "live", "count"].map(byId);

/** Shows times in the reader's own zone. */
function localise(root) {
  for (const time of root.querySelectorAll("time")) {
    const date = new Date(time.dateTime);
    time.title = time.dateTime;
    time.textContent = date.toLocaleString([], { dateStyle: "medium", timeStyle: "medium" });
  }
}

async function look() {
  const response = await fetch(location.href, { cache: "no-store" });
  if (!response.ok) throw new Error(`The inbox answered ${response.status}.`);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = [...page.querySelectorAll("#mails > article")].filter((mail) => !document.getElementById(mail.id));
  if (fresh.length === 0) return;
  mails.querySelector(".empty")?.remove();
  fresh.reverse().forEach((mail) => {
    const own = document.importNode(mail, true);
    own.classList.add("new");
    localise(own);
    mails.prepend(own);
  });
  count.textContent = page.getElementById("count")?.textContent ?? "";
}

async function keepLooking() {
  try {
    if (!document.hidden) await look();
    live.textContent = "Updating by itself";
    live.dataset.state = "live";
  } catch {
    live.textContent = "Not connected";
    live.dataset.state = "closed";
  }
  setTimeout(keepLooking, LOOK);
}

localise(document);
setTimeout(keepLooking, LOOK);
