// Builds the board into dist/: one hashed script, one hashed style sheet, the page, the service worker.
// `node build.mjs` writes dist/, `node build.mjs --out DIR` writes there; `node build.mjs --check` says whether dist/ is
// what the sources give.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const BUDGET = 120 * 1024; // of all that a first visit loads, compressed
const check = process.argv.includes("--check");
const out = process.argv.includes("--out") ? process.argv[process.argv.indexOf("--out") + 1] : null;

async function bundle(entry, loader = {}) {
  const result = await build({
    entryPoints: [join(here, entry)],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    loader,
    legalComments: "none",
    logLevel: "warning",
    absWorkingDir: here,
    charset: "utf8",
  });
  return Buffer.from(result.outputFiles[0].contents);
}
const hashed = (name, bytes) => name.replace(".", `-${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}.`);

const js = await bundle("src/main.tsx");
const css = await bundle("src/board.css");
const names = { js: hashed("board.js", js), css: hashed("board.css", css) };
const page = readFileSync(join(here, "index.html"), "utf8").replace("{{js}}", names.js).replace("{{css}}", names.css);
const files = {
  [names.js]: js,
  [names.css]: css,
  "index.html": Buffer.from(page),
  "sw.js": await bundle("src/sw.ts"),
  "icon.svg": readFileSync(join(here, "icon.svg")),
  "manifest.webmanifest": readFileSync(join(here, "manifest.webmanifest")),
};
const total = Object.values(files).reduce((sum, bytes) => sum + gzipSync(bytes, { level: 9 }).length, 0);
console.log(`${Object.keys(files).length} files, ${(total / 1024).toFixed(1)} KiB compressed, ${BUDGET / 1024} KiB allowed`);
if (total > BUDGET) process.exit(1);

const dist = out ?? join(here, "dist");
if (check) {
  const have = Object.fromEntries(readdirSync(dist).map((name) => [name, readFileSync(join(dist, name))]));
  const wrong = [...new Set([...Object.keys(files), ...Object.keys(have)])].filter((name) => !files[name] || !have[name] || !files[name].equals(have[name]));
  if (wrong.length) {
    console.log(`dist/ is not what the sources give: ${wrong.join(", ")}; run node build.mjs`);
    process.exit(1);
  }
  console.log("dist/ is what the sources give");
} else {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(dist, name), bytes);
}
