// Who may do what from the page, what is sent when the page is left, and that a page keeps its place over silence and restarts.
import { account, ago, card, fact, look, Node, right, shows, text, until } from "./house.mjs";

const of = (name) => `a-token-of-${name}-that-nobody-guesses`;
const TOKENS = { watcher: "read", oncall: "read, act", clerk: "read, ingest", lead: "read, act, ingest", admin: "admin" };
const config = `http: {tokens: [${Object.entries(TOKENS)
  .map(([name, roles]) => `{name: ${name}, token: ${of(name)}, roles: [${roles}], person: ${name}}`)
  .join(", ")}]}\nroster: roster.yaml\nnotify: {channels: {out: {type: console}}}\n`;
const ROSTER = "people: {watcher: {channels: [{via: out}]}, lead: {channels: [{via: out}]}}\nroles: {executive: {fallback: [lead]}}\nlast_resort: [lead]\n";

async function as(chrome, node, name) {
  const page = await look(chrome, { phone: false });
  await page.addInitScript((token) => localStorage.setItem("tocsin-token", token), of(name));
  await page.goto(`${node.url}/q?tab=all`);
  await shows(page, "Behind roles");
  return page;
}

/** The buttons of all screens together, by their words. */
async function buttons(page, node) {
  const found = [];
  for (const [path, sign] of [["/q?tab=all", "Behind roles"], ["/e/ACME/ticket/R-1", "What happened"], ["/roster", "Last resort"], ["/rejected", "bad_data"]]) {
    await page.goto(node.url + path);
    if (!(await shows(page, sign, 10_000))) found.push(`(${path} shows no ${sign}: ${(await text(page)).slice(0, 200)})`);
    found.push(...(await page.locator("main button").allInnerTexts()));
  }
  return [...new Set(found.map((one) => one.trim()))].join(" | ");
}

const WANTED = {
  watcher: [],
  oncall: ["Acknowledge", "Take over a shift", "Send a test"],
  clerk: ["Answered", "Assignee"],
  lead: ["Acknowledge", "Answered", "Escalate now", "Excuse", "Assignee", "Take over a shift", "Send a test"],
  admin: ["Acknowledge", "Answered", "Escalate now", "Excuse", "Assignee", "Take over a shift", "Send a test", "Replay"],
};

async function eachButtonBehindItsRole(chrome, node) {
  for (const [name, wanted] of Object.entries(WANTED)) {
    const page = await as(chrome, node, name);
    const found = await buttons(page, node);
    const missing = wanted.filter((one) => !found.includes(one));
    const more = WANTED.admin.filter((one) => !wanted.includes(one) && found.includes(one));
    right(missing.length + more.length === 0 && !found.includes("shows no"), `who may ${TOKENS[name]} finds what that allows`, `missing ${missing}, too much ${more}: ${found}`);
    right(page.wrongs.length === 0, "without an error", page.wrongs.join("; "));
    await page.context().close();
  }
}

/** Before the node has said who this is, no button is there that could be too much. */
async function notBeforeItIsKnown(chrome, node) {
  const page = await look(chrome, { phone: false });
  await page.addInitScript((token) => localStorage.setItem("tocsin-token", token), of("watcher"));
  let answer = () => {};
  const held = new Promise((done) => {
    answer = done;
  });
  await page.route("**/v1/me", (route) => held.then(() => route.continue()));
  await page.goto(`${node.url}/q?tab=all`);
  await shows(page, /\blive\b/);
  right((await page.locator("main button").count()) === 0, "no button before it is known who looks");
  answer();
  right(await shows(page, "Behind roles"), "then the screen is there");
  right((await page.locator("main button").count()) === 0, "without a button that a watcher may not touch");
  await page.context().close();
}

async function replay(chrome, node) {
  const page = await as(chrome, node, "admin");
  await page.goto(`${node.url}/rejected`);
  const button = page.getByRole("button", { name: "Replay" }).first();
  await button.click();
  right(await shows(page, "it was rejected again (bad_data:priority)"), "a rejected record that is refused again says so", (await text(page)).slice(-300));
  const headers = { authorization: `Bearer ${of("admin")}`, "content-type": "application/yaml" };
  const { text: policy } = await fetch(`${node.url}/v1/policy`, { headers }).then((r) => r.json());
  const wider = await fetch(`${node.url}/v1/policy`, { method: "POST", headers, body: policy.replace("priorities: [P1, P2, P3, P4]", "priorities: [P1, P2, P3, P4, P9]") });
  right(wider.ok, "a policy that knows its priority is put in force", await wider.text());
  await button.click();
  right(await shows(page, "Replayed"), "then it is replayed");
  await page.context().close();
}

async function oneGroup(chrome, node) {
  const page = await as(chrome, node, "lead");
  await node.tell([fact("ACME", "ticket.opened", "R-2", ago(16 * 60), { priority: "P1", title: "Two alarms" })]);
  const groups = () =>
    fetch(`${node.url}/v1/entities/ACME/ticket/R-2`, { headers: { authorization: `Bearer ${of("admin")}` } })
      .then((r) => r.json())
      .then((e) => e.escalations);
  await until(async () => (await groups()).filter((g) => g.state === "open").length === 2);
  const one = (await groups()).find((g) => g.state === "open");
  await page.goto(`${node.url}/g/ACME/ticket/R-2?escalation=${encodeURIComponent(one.escalation)}`);
  await page.getByRole("button", { name: "Acknowledge" }).click();
  right(await until(async () => (await groups()).find((g) => g.escalation === one.escalation).acknowledgedBy === "lead"), "one alarm is taken, by the token's person");
  right((await groups()).filter((g) => g.state === "open").length === 1, "and the other is not");
  await page.context().close();
}

async function whoLeavesThePage(chrome, node) {
  const page = await as(chrome, node, "lead");
  await card(page, "R-1").first().getByRole("button", { name: /Answered/ }).click();
  await shows(page, "Undo");
  await page.goto("about:blank");
  const stopped = () =>
    fetch(`${node.url}/v1/entities/ACME/ticket/R-1`, { headers: { authorization: `Bearer ${of("admin")}` } })
      .then((r) => r.json())
      .then((e) => e.clocks.some((c) => c.clock === "ticket.response" && c.state === "stopped"));
  right(await until(stopped, 3000), "what was not undone is sent when the page is left");
  await page.context().close();
}

async function aTouchedTime(chrome, node) {
  const page = await as(chrome, node, "lead");
  await page.goto(`${node.url}/e/ACME/ticket/R-1`);
  await shows(page, "What happened");
  await page.locator("ol.history time").first().click();
  right(await until(() => page.locator(".toast").innerText().then((t) => /Shanghai/.test(t), () => false), 3000), "a touched time says its zones");
  await page.context().close();
}

const place = (page) => page.evaluate(() => [scrollY, document.querySelector(".card.selected")?.dataset.key]);

/** Silence, then a kill and a start on the same log: the same cards under the same finger. */
async function keepsItsPlace(chrome, node) {
  await node.tell(Array.from({ length: 40 }, (_, i) => fact("ACME", "ticket.opened", `K-${100 + i}`, ago(60), { priority: "P3", title: `Question ${i}` })));
  const page = await as(chrome, node, "lead");
  await until(() => text(page).then((t) => t.includes("Question")));
  await page.evaluate(() => {
    window.stayed = true;
  });
  // Its rows come as it is scrolled: as far down as there are some.
  await until(() =>
    page.evaluate(() => {
      scrollTo(0, 2000);
      return scrollY > 1500 && [...document.querySelectorAll("article.card")].some((one) => one.getBoundingClientRect().top > 200);
    }),
  );
  await page.evaluate(() => [...document.querySelectorAll("article.card")].find((one) => one.getBoundingClientRect().top > 200)?.querySelector("a")?.focus());
  await until(() => page.evaluate(() => document.activeElement?.closest(".card")?.classList.contains("selected")));
  const before = await place(page);
  const empties = await page.evaluate(() => {
    window.empties = 0;
    new MutationObserver(() => {
      if (document.querySelector("main")?.innerText.includes("Nobody is waiting")) window.empties++;
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
    return window.empties;
  });
  right(empties === 0 && before[0] > 500 && !!before[1], "a card is selected far down", JSON.stringify(before));
  await node.kill();
  await until(() => text(page).then((t) => !/\blive\b/.test(t)));
  await node.again();
  right(await until(() => text(page).then((t) => /\blive\b/.test(t))), "a node that comes back is live on the page");
  // That it does not move: by when the page has counted what was told after it.
  const all = () => page.locator("nav.tabs a", { hasText: "All" }).locator("b").innerText().then(Number);
  const many = await all();
  await node.tell([fact("ACME", "ticket.responded", "K-139", ago(0), {})]);
  await node.tell(["K-200", "K-201"].map((id) => fact("ACME", "ticket.opened", id, ago(16 * 60), { priority: "P1", title: "Told behind it" })));
  right(await until(async () => (await all()) === many + 1), // K-139 leaves, two come
     "what is told then is counted", `${many} ${await all()}`);
  const after = await place(page);
  right(after[1] === before[1] && Math.abs(after[0] - before[0]) < 300, "it keeps selection and scroll", `${before} ${after}`);
  right(await page.evaluate(() => window.stayed && window.empties === 0), "and never said meanwhile that nobody waits");
  await page.context().close();
}

export async function rights(chrome) {
  const node = await new Node().start(config, of("admin"), { "roster.yaml": ROSTER });
  try {
    await node.tell([...account("ACME", "Acme Ltd"), fact("ACME", "ticket.opened", "R-1", ago(16 * 60), { priority: "P1", title: "Behind roles" })]);
    await fetch(`${node.url}/v1/events`, {
      method: "POST",
      headers: { "content-type": "application/cloudevents+json", authorization: `Bearer ${of("admin")}` },
      body: JSON.stringify(fact("ACME", "ticket.opened", "R-9", ago(1), { priority: "P9" })),
    });
    await eachButtonBehindItsRole(chrome, node);
    await notBeforeItIsKnown(chrome, node);
    await replay(chrome, node);
    await oneGroup(chrome, node);
    await whoLeavesThePage(chrome, node);
    await aTouchedTime(chrome, node);
    await keepsItsPlace(chrome, node);
  } finally {
    node.stop();
  }
}
