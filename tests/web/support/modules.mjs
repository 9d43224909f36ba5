// Packages of npm as a browser takes them, for pages of tests: no bundler, since ours need none.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Where tests/run puts packages: beside playwright-core. */
const HOME = dirname(process.env.PLAYWRIGHT);

/** JSX as a browser takes it. */
export function compiled(text) {
  const folder = mkdtempSync(join(tmpdir(), "afterclick-jsx-"));
  writeFileSync(join(folder, "app.jsx"), text);
  const options = "--ignoreConfig --allowJs --noCheck --noResolve --jsx react --module esnext --target es2022 --outDir out app.jsx";
  execFileSync(process.execPath, [join(HOME, "typescript/bin/tsc"), ...options.split(" ")], { cwd: folder });
  const out = readFileSync(join(folder, "out/app.js"), "utf8");
  rmSync(folder, { recursive: true });
  return out;
}

/** A file of a package, to be served as it is. */
export const packaged = (path) => readFileSync(join(HOME, path), "utf8");

/**
 * React of a major version as one module with the exports React, ReactDOM, and ReactServer. Its
 * packages are CommonJS, so each is wrapped in a function, under its path, and required by it.
 */
export function react(major) {
  const names = { react: `react${major}`, "react-dom": `react-dom${major}`, "react-dom/client": `react-dom${major}/client`, "react-dom/server": `react-dom${major}/server.browser` };
  const files = new Map();
  const add = (from, name) => {
    const path = createRequire(from).resolve(names[name] ?? name);
    if (files.has(path)) return path;
    files.set(path, "");
    // Of what is chosen by the environment, what a developer gets.
    const text = readFileSync(path, "utf8").replaceAll("process.env.NODE_ENV", '"development"')
      .replace(/require\("([^"]+)\.production(\.min)?\.js"\)/g, "{}").replace(/require\('([^']+)\.production(\.min)?\.js'\)/g, "{}");
    files.set(path, text.replace(/\brequire\((["'])([^"']+)\1\)/g, (_, quote, wanted) => `require(${JSON.stringify(add(path, wanted))})`));
    return path;
  };
  const [React, ReactDOM, ReactServer] = ["react", "react-dom/client", "react-dom/server"].map((name) => add(join(HOME, "x.js"), name));
  const wrapped = [...files].map(([path, text]) => `${JSON.stringify(path)}(module, exports, require) {${text}\n}`);
  return `const modules = {${wrapped.join(",\n")}};
    const made = new Map();
    function require(path) {
      if (!made.has(path)) { const module = { exports: {} }; made.set(path, module); modules[path](module, module.exports, require); }
      return made.get(path).exports;
    }
    export const React = require(${JSON.stringify(React)});
    export const ReactDOM = require(${JSON.stringify(ReactDOM)});
    export const ReactServer = require(${JSON.stringify(ReactServer)});`;
}
