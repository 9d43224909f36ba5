// What holds of every page: it fits a phone, anybody can use it, and nothing strange happens on it.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const axe = createRequire(import.meta.url)(process.env.AXE);

/** A folder for pictures of every page looked at, where somebody wants to see them. */
const SHOTS = process.env.SHOTS;

/**
 * Looks at the page narrow and wide, light and dark: it does not scroll sideways, and axe-core
 * finds nothing serious. `name` is that of its pictures.
 */
export async function look(page, name) {
  const before = page.viewportSize();
  await page.emulateMedia({ reducedMotion: "reduce" });
  for (const width of [360, 1200]) {
    await page.setViewportSize({ width, height: 800 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= width, `${name} is ${wide} px wide on ${width} px`);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name}-${width}-${colorScheme}.png`, fullPage: true });
      await page.evaluate(axe.source);
      // Frames of mails run no script, axe's neither.
      const { violations } = await page.evaluate(() => window.axe.run(document, { iframes: false, resultTypes: ["violations"] }));
      const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      assert.deepEqual(grave.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]), [], `${name}, ${width} px, ${colorScheme}`);
    }
  }
  await page.setViewportSize(before);
}

/** Collects what must not happen on a page: dialogs, errors, and what the policy had to block. */
export function watch(page) {
  const surprises = [];
  page.on("dialog", (dialog) => { surprises.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("pageerror", (error) => surprises.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // A browser reports each answer of 4xx; tests ask for some.
    if (message.type() === "error" && !/^Failed to load resource/.test(message.text())) surprises.push(message.text());
  });
  return surprises;
}
