// How the board does with 10,000 running promises and 5,000 open alarms, by hand: node tests/board/scale.mjs
// Prints: first rows, rows in the page, reaction, heap; and with 20 pages at 20 facts a second how long an event takes to be shown and what the node uses.
import { readFileSync } from "node:fs";
import { account, ago, browser, fact, look, Node, until } from "./house.mjs";

const CLOCKS = 10_000;
const GROUPS = 5_000;
const PAGES = 20;
const FACTS_PER_S = 20;
const SECONDS = 20;
const BATCH = 500;

function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const percentile = (values, p) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * p))];

const node = await new Node().start();
const chrome = await browser();
try {
  await node.tell(account("ACME", "Acme Ltd"));
  // A P3 ticket calls its manager and runs two promises: response and resolution.
  const facts = Array.from({ length: GROUPS }, (_, i) => fact("ACME", "ticket.opened", `S-${i}`, ago(60), { priority: "P3", title: `Question ${i}` }));
  for (let i = 0; i < facts.length; i += BATCH) await node.tell(facts.slice(i, i + BATCH));
  let counts = {};
  await until(async () => {
    counts = (await fetch(`${node.url}/v1/board?limit=1`).then((r) => r.json())).counts;
    return (counts.running ?? 0) >= CLOCKS;
  });
  console.log(`loaded: ${JSON.stringify(counts)} (wanted ${CLOCKS} promises, ${GROUPS} alarms)`);
  for (const path of ["/q?tab=all", "/clocks"]) {
    const page = await look(chrome);
    const begun = performance.now();
    await page.goto(node.url + path);
    await until(() => page.evaluate(() => document.querySelectorAll(".list li").length > 3));
    console.log(`${path}: first rows after ${Math.round(performance.now() - begun)} ms (1000 allowed)`);
    await until(() => page.evaluate(() => document.querySelectorAll(".list li").length > 3), 1000);
    await page.waitForTimeout(5000); // all lists are read
    const reaction = await page.evaluate(async () => {
      const waits = [];
      for (let i = 0; i < 20; i++) {
        const at = performance.now();
        scrollBy(0, 3000);
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        waits.push(performance.now() - at);
      }
      return Math.max(...waits);
    });
    const session = await page.context().newCDPSession(page);
    await session.send("HeapProfiler.collectGarbage");
    const heap = await session.send("Runtime.getHeapUsage");
    const rows = await page.evaluate(() => document.querySelectorAll(".list li").length);
    console.log(`${path}: ${rows} rows in the page (200 allowed), slowest reaction ${Math.round(reaction)} ms (100), heap ${(heap.usedSize / 1e6).toFixed(1)} MB (30)`);
    await page.context().close();
  }
  const pages = [];
  for (let i = 0; i < PAGES; i++) {
    const page = await look(chrome);
    await page.goto(`${node.url}/q?tab=all`);
    pages.push(page);
  }
  await new Promise((done) => setTimeout(done, 8000)); // all of them have read their lists
  const before = cpuSeconds(node.process.pid);
  const began = performance.now();
  const waits = [];
  for (let i = 0; i < FACTS_PER_S * SECONDS; i++) {
    const next = began + (i * 1000) / FACTS_PER_S;
    await new Promise((done) => setTimeout(done, Math.max(0, next - performance.now())));
    const urgent = i % FACTS_PER_S === 0;
    // Each urgent one is due before those that came earlier: it stands first, where it is looked for.
    await node.tell([fact("ACME", "ticket.opened", `N-${i}`, ago(urgent ? 10 + i / 2 : 0), { priority: urgent ? "P1" : "P3", title: `New ${i}` })]);
    if (!urgent) continue;
    const sent = performance.now();
    const page = pages[(i / FACTS_PER_S) % PAGES];
    const there = () => page.evaluate((title) => document.body.textContent.includes(title), `New ${i}`);
    void until(there, 10_000).then(() => waits.push(performance.now() - sent));
  }
  const used = (cpuSeconds(node.process.pid) - before) / ((performance.now() - began) / 1000);
  await until(() => waits.length >= SECONDS, 11_000);
  console.log(`${PAGES} pages at ${FACTS_PER_S} facts/s: event to shown p50 ${Math.round(percentile(waits, 0.5))} ms, p95 ${Math.round(percentile(waits, 0.95))} ms (1000 allowed); the node used ${(used * 100).toFixed(0)} % of a core (15)`);
} finally {
  await chrome.close();
  node.stop();
}
