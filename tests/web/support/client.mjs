// Clients in the worlds of world.mjs.
import { Afterclick } from "../../../public/afterclick.js";
import { Browser, Service } from "./world.mjs";

/** A client in a tab of its own browser, unless another is given, with all that it told. */
export function open({ browser = new Browser(), service = new Service(browser.clock), tab = {}, ...options } = {}) {
  const world = browser.tab(service, tab);
  const client = new Afterclick(options, world);
  const told = [];
  for (const name of ["user", "change", "status", "error"]) {
    client.addEventListener(name, ({ detail }) => told.push([name, detail]));
  }
  const of = (name) => told.filter(([one]) => one === name).map(([, detail]) => detail);
  return { browser, clock: browser.clock, service, world, client, told, of };
}

/** The same, connected. */
export async function connected(options) {
  const opened = open(options);
  await opened.clock.advance(1_000);
  return opened;
}
