/**
 * Elements that show a user's state as it changes, for any page: importing this defines them.
 *
 * Each follows the client given to its `client` property. One that is given none shares a client
 * made of the attributes `url`, `transport`, and `debug`, which any element may carry for all.
 * Their words are in `elements-words.js`, their looks in custom properties; see `docs/client.md`.
 */

import { AfterclickStatus } from "./elements-status.js";
import { AfterclickToasts } from "./elements-toasts.js";
import { AfterclickVerification } from "./elements-verification.js";

export { TEXTS, setTexts } from "./elements-words.js";
export { AfterclickStatus, AfterclickToasts, AfterclickVerification };

const ELEMENTS = {
  "afterclick-status": AfterclickStatus,
  "afterclick-toasts": AfterclickToasts,
  "afterclick-verification": AfterclickVerification,
};

for (const [name, element] of Object.entries(ELEMENTS)) {
  if (!customElements.get(name)) customElements.define(name, element);
}
