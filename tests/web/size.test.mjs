import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

/** The file and all that it imports, by name. */
function* imports(name, seen = new Set()) {
  if (seen.has(name)) return;
  seen.add(name);
  const text = readFileSync(new URL(`../../public/${name}`, import.meta.url), "utf8");
  yield [name, text];
  for (const [, other] of text.matchAll(/^import .* from "\.\/([^"]+)";$/gm)) yield* imports(other, seen);
}

test("the client and all that it imports is less than 10 kB, each file compressed by itself", () => {
  const sizes = [...imports("afterclick.js")].map(([name, text]) => [name, gzipSync(text).length]);
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);

  console.log(`${sizes.map(([name, size]) => `${name} ${size}`).join(", ")}: ${total} bytes`);
  assert.equal(sizes.length, 4);
  assert.ok(total < 10_000);
});
