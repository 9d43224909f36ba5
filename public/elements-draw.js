/**
 * How the elements draw: nodes rather than markup, so that no text of a user is ever parsed and a
 * page's policy has nothing to forbid, and one look, which a page changes by custom properties.
 */

/**
 * A new node.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {{[attribute: string]: string}} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function node(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

/**
 * Writes a text where it differs: a live region that is written again is read aloud again.
 *
 * @param {Element} element @param {string} text
 */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Lets a button rest without taking the focus from it, as `disabled` would.
 *
 * @param {HTMLElement} button @param {boolean} resting
 */
export function rest(button, resting) {
  button.setAttribute("aria-disabled", String(resting));
}

/** @param {HTMLElement} button */
export const rests = (button) => button.getAttribute("aria-disabled") === "true";

/** `light-dark` goes by the page's `color-scheme`; a browser that lacks it shows the light side. */
const LOOK = `
:host {
  --_paper: var(--afterclick-paper, #ffffff);
  --_ink: var(--afterclick-ink, #14201b);
  --_soft: var(--afterclick-soft, #5b6661);
  --_line: var(--afterclick-line, #dfe3de);
  --_edge: var(--afterclick-edge, #848f89);
  --_accent: var(--afterclick-accent, #0a6b4b);
  --_accent-ink: var(--afterclick-accent-ink, #ffffff);
  --_good: var(--afterclick-good, #085c40);
  --_good-paper: var(--afterclick-good-paper, #dcf3e8);
  --_wait: var(--afterclick-wait, #6b4400);
  --_wait-paper: var(--afterclick-wait-paper, #fbeecb);
  --_bad: var(--afterclick-bad, #a3221a);
  --_bad-paper: var(--afterclick-bad-paper, #fce8e6);
  --_focus: var(--afterclick-focus, #1a5fd0);
  --_radius: var(--afterclick-radius, .625rem);
  --_shadow: rgb(20 32 27 / 16%);
  font: var(--afterclick-font, inherit);
  line-height: 1.5;
  color: var(--_ink);
}
@supports (color: light-dark(#000, #fff)) {
  :host {
    --_paper: var(--afterclick-paper, light-dark(#ffffff, #191f1d));
    --_ink: var(--afterclick-ink, light-dark(#14201b, #eef2f0));
    --_soft: var(--afterclick-soft, light-dark(#5b6661, #a3aeaa));
    --_line: var(--afterclick-line, light-dark(#dfe3de, #2d3633));
    --_edge: var(--afterclick-edge, light-dark(#848f89, #73807a));
    --_accent: var(--afterclick-accent, light-dark(#0a6b4b, #4fd1a1));
    --_accent-ink: var(--afterclick-accent-ink, light-dark(#ffffff, #06281c));
    --_good: var(--afterclick-good, light-dark(#085c40, #7fe3bd));
    --_good-paper: var(--afterclick-good-paper, light-dark(#dcf3e8, #123a2b));
    --_wait: var(--afterclick-wait, light-dark(#6b4400, #f4cf76));
    --_wait-paper: var(--afterclick-wait-paper, light-dark(#fbeecb, #3a2d0c));
    --_bad: var(--afterclick-bad, light-dark(#a3221a, #ffb4ab));
    --_bad-paper: var(--afterclick-bad-paper, light-dark(#fce8e6, #43201d));
    --_focus: var(--afterclick-focus, light-dark(#1a5fd0, #8ab4ff));
    --_shadow: light-dark(rgb(20 32 27 / 16%), rgb(0 0 0 / 50%));
  }
}
*, *::before, *::after { box-sizing: border-box; }
:host([hidden]), [hidden] { display: none !important; }
p, h2, ul { margin: 0; padding: 0; font: inherit; }
:focus-visible { outline: 3px solid var(--_focus); outline-offset: 2px; }
button {
  min-height: 2.75rem;
  padding: .5rem 1rem;
  border: 1px solid var(--_edge);
  border-radius: var(--_radius);
  background: transparent;
  color: inherit;
  font: inherit;
  font-weight: 600;
  cursor: pointer;
}
button:hover { border-color: currentColor; }
button[aria-disabled="true"] { border-style: dashed; cursor: default; }
.close { flex: none; min-width: 2.75rem; padding: 0; border-color: transparent; font-size: 1.25rem; line-height: 1; }
.soft { color: var(--_soft); }
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { transition: none !important; animation: none !important; }
}
`;

/**
 * A sheet of the common look and an element's own rules. Constructed, since a page whose policy has
 * no `unsafe-inline` would block a `<style>`.
 *
 * @param {string} rules
 */
export function sheet(rules) {
  const made = new CSSStyleSheet();
  made.replaceSync(LOOK + rules);
  return made;
}
