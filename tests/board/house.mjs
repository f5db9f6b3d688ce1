// A node of this build and a browser that looks at its board: what the board's tests share.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const require = createRequire(join(root, "connectors", "board", "package.json"));
export const { chromium } = require("playwright-core");
const AXE = require.resolve("axe-core/axe.min.js");
const TOCSIN = process.env.TOCSIN ?? join(root, "build", "release", "tocsin");
const PATIENCE_MS = 30_000;

let failures = 0;
let passes = 0;

export function right(good, what, more = "") {
  console.log(`${good ? "ok  " : "FAIL"} ${what}${good || !more ? "" : `: ${more}`}`);
  if (good) passes++;
  else failures++;
}

export function summary() {
  console.log(`${passes} right, ${failures} wrong`);
  return failures ? 1 : 0;
}

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** Waits until `condition` holds; true when it did in time. */
export async function until(condition, limitMs = PATIENCE_MS) {
  const end = performance.now() + limitMs;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() > end) return false;
    await new Promise((done) => setTimeout(done, 20));
  }
}

export class Node {
  environment = {};
  /** `config`: YAML, or how it is made of the node's address. `token`: one of it that may send facts. `files`: beside it. */
  async start(config = "", token = "", files = {}, more = []) {
    this.token = token;
    this.more = more;
    this.folder = mkdtempSync(join(tmpdir(), "tocsin-board-"));
    this.port = await freePort();
    this.url = `http://127.0.0.1:${this.port}`;
    writeFileSync(join(this.folder, "config.yaml"), typeof config === "function" ? config(this.url) : config);
    for (const [name, content] of Object.entries(files)) writeFileSync(join(this.folder, name), content);
    return this.again();
  }
  /** Starts, or starts once more on what is there. */
  async again() {
    this.process = spawn(TOCSIN, ["run", "--data", join(this.folder, "data"), "--listen", `127.0.0.1:${this.port}`, "--config", join(this.folder, "config.yaml"), ...this.more], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...this.environment } });
    this.words = "";
    this.printed = "";
    this.process.stdout.on("data", (text) => {
      this.printed = (this.printed + text).slice(-4000);
    });
    this.process.stderr.on("data", (text) => {
      this.words = (this.words + text).slice(-4000);
    });
    const ready = await until(async () => this.process.exitCode !== null || (await fetch(`${this.url}/readyz`).then((r) => r.ok, () => false)));
    if (!ready || this.process.exitCode !== null) throw new Error(`the node did not become ready: ${this.words}`);
    return this;
  }
  kill() {
    return new Promise((done) => {
      this.process.once("exit", done);
      this.process.kill("SIGKILL");
    });
  }
  stop() {
    this.process.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
  async tell(facts) {
    const response = await fetch(`${this.url}/v1/events`, { method: "POST", headers: { "content-type": "application/cloudevents-batch+json", ...(this.token ? { authorization: `Bearer ${this.token}` } : {}) }, body: JSON.stringify(facts) });
    const text = await response.text();
    if (!response.ok || !text.includes('"rejected":[]')) throw new Error(`${response.status} ${text}`);
  }
}

/** Stands in for the services that messages go to (scripts/receiver.py). */
export class Phones {
  async start() {
    this.process = spawn("python3", [join(root, "scripts", "receiver.py"), "0"], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    this.process.stdout.on("data", (text) => {
      said += text;
    });
    if (!(await until(async () => said.includes("\n")))) throw new Error("the receiver does not start");
    this.url = /http:\S*[^/\s]/.exec(said)[0];
    return this;
  }
  async messages() {
    return (await fetch(`${this.url}/messages`)).json();
  }
  stop() {
    this.process.kill("SIGKILL");
  }
}

const axe = readFileSync(AXE, "utf8");
/** What axe finds on a page, a line each. */
export async function violations(page) {
  await page.evaluate(axe);
  return page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }).then((r) => r.violations.map((v) => `${v.id} ${v.nodes[0]?.html.slice(0, 160)}`)));
}

/** What a page says; nothing while it begins anew. */
export const text = (page) =>
  page
    .evaluate(() => document.body.innerText.replace(/\s+/g, " "))
    .catch((error) => {
      if (/Execution context was destroyed/.test(error.message)) return "";
      throw error;
    });
export const shows = (page, words, ms) => until(() => text(page).then((t) => (words instanceof RegExp ? words.test(t) : t.includes(words))), ms);
export const card = (page, id) => page.locator("article.card", { hasText: id });

let number = 0;
export const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
export function fact(account, type, subject, time, data = {}) {
  return { specversion: "1.0", id: `f-${++number}`, source: "/crm", type: `tocsin.${type}`, time, subject, partitionkey: account, data };
}

/** A key account with a team, so that somebody is called. */
export function account(id, name, tier = "A") {
  return [
    fact(id, "account.tiered", id, "2026-01-01T00:00:00Z", { tier, name }),
    ...[["account_manager", "Li Wei"], ["service_director", "Wang Fang"], ["technical_expert", "Zhao Lei"], ["executive", "Chen Jie"]].map(([role, person]) =>
      fact(id, "account.assigned", id, "2026-01-01T00:00:00Z", { role, person: [person] }),
    ),
  ];
}

export async function browser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
}

/** TOCSIN_BOARD=connectors/board/dist: the page from there, so that a change of it is tried without building the binary. */
const DIST = process.env.TOCSIN_BOARD;
const PAGE = /^\/(|q|clocks|director|accounts|figures|roster|deliveries|rejected|policy|pair|e|g)(\/|$)/;
async function fromDisk(route) {
  const path = new URL(route.request().url()).pathname;
  const name = /[^/]+\.(js|css)$/.exec(path)?.[0] ?? (PAGE.test(path) ? "index.html" : "");
  if (!name || route.request().method() !== "GET") return route.fallback();
  const found = name === "index.html" ? name : readdirSync(DIST).find((one) => one === name);
  if (!found) return route.fallback();
  const type = name.endsWith(".js") ? "text/javascript" : name.endsWith(".css") ? "text/css" : "text/html; charset=utf-8";
  return route.fulfill({ path: join(DIST, found), contentType: type, headers: { "content-security-policy": "script-src 'self'" } });
}

/** A page that counts what it must not do: scripts from names, errors, a content security policy that was hit. */
export async function look(chrome, { language = "en", theme = "light", phone = true } = {}) {
  const context = await chrome.newContext({
    viewport: phone ? { width: 390, height: 844 } : { width: 1280, height: 900 },
    locale: language === "zh" ? "zh-CN" : "en-GB",
    colorScheme: theme,
  });
  await context.addInitScript(() => {
    window.rung = 0;
    const create = AudioContext.prototype.createOscillator;
    AudioContext.prototype.createOscillator = function () {
      window.rung++;
      return create.call(this);
    };
  });
  if (DIST) await context.route("**/*", fromDisk);
  const page = await context.newPage();
  page.wrongs = [];
  page.on("pageerror", (error) => page.wrongs.push(String(error)));
  page.on("dialog", (dialog) => {
    page.wrongs.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("console", (message) => {
    // What a node without it answers 404 to is not the page's mistake.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) page.wrongs.push(message.text());
  });
  return page;
}
