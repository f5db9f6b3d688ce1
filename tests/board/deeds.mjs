// What people do from the page and from a message: each is tried by hand and by its effect on the node, and what can be
// undone is undone once.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ago, card, fact, look, Node, Phones, right, root, shows, text, until, violations } from "./house.mjs";

const ROSTER = `zone: Asia/Shanghai
people:
  wang.fang: {name: Wang Fang, language: en, channels: [{via: hook, after: 1h}, {via: browser}]}
  li.wei: {name: 李伟, language: zh, channels: [{via: hook}]}
  chen.jie: {name: Chen Jie, channels: [{via: hook}]}
roles:
  service_director: {rotation: {people: [wang.fang, chen.jie], every: week, hand_over: "Mon 09:00", from: 2026-01-05}}
  executive: {rotation: {people: [chen.jie], every: week, hand_over: "Mon 09:00", from: 2026-01-05}}
last_resort: [chen.jie]
`;
const config = (phones) => (url) => `roster: roster.yaml
notify:
  public_url: ${url}
  secret: a-secret-of-links-that-is-long-enough
  allow_hosts: [127.0.0.1]
  channels:
    hook: {type: webhook, url: "${phones.url}/webhook", secret: "${Buffer.from("k".repeat(32)).toString("base64")}"}
    browser: {type: webpush, subject: "mailto:ops@example.com"}
`;
class Deeds {
  constructor(chrome, node, phones, pictures) {
    Object.assign(this, { chrome, node, phones, pictures });
  }
  entity(id) {
    return fetch(`${this.node.url}/v1/entities/ACME/ticket/${id}`).then((r) => r.json());
  }
  group(id, part) {
    return this.entity(id).then((e) => e.escalations.find((g) => g.escalation.includes(part)));
  }
  async opened(page, id) {
    await page.goto(`${this.node.url}/e/ACME/ticket/${id}`);
    await shows(page, id);
  }
  async message(words, who = "Wang Fang") {
    let found;
    await until(async () => {
      found = (await this.phones.messages()).find((m) => m.text.includes(words) && m.person === who);
      return !!found;
    });
    return found;
  }

  /** A message arrives on a second phone: its link is one touch, its button the other. */
  async fromTheMessage() {
    const first = await look(this.chrome);
    await first.goto(`${this.node.url}/q?tab=all`);
    await this.node.tell([fact("ACME", "ticket.opened", "M-1", ago(1), { priority: "P1", title: "Line 3 stands still" })]);
    await shows(first, "M-1");
    const { link } = await this.message("M-1");
    for (const [language, who] of [["en", "Wang Fang"], ["zh", "李伟"]]) {
      const page = await look(this.chrome, { language });
      await page.goto((await this.message("M-1", who)).link);
      for (const theme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme: theme });
        const found = await violations(page);
        right(found.length === 0, `the message's page in ${language}, ${theme}: axe finds nothing`, found.join("\n     "));
      }
      await page.screenshot({ path: join(this.pictures, `${language}-a.png`) });
      await page.context().close();
    }
    const second = await look(this.chrome);
    await second.goto(link); // the first touch
    await second.getByRole("button").tap().catch(() => second.getByRole("button").click()); // the second
    right(await shows(second, "Wang Fang has taken it"), "from a message's link to acknowledged in two touches");
    right(await shows(first, "taken by Wang Fang", 3000), "the first phone sees who took it");
    await second.goto(link);
    right(await shows(second, "has taken it already"), "the link says so from then on");
    right(await until(async () => (await this.group("M-1", "routed"))?.acknowledgedBy === "wang.fang"), "the node knows it", JSON.stringify(await this.group("M-1", "routed")));
    await first.context().close();
    await second.context().close();
  }

  async escalateNow(page) {
    await this.node.tell([fact("ACME", "ticket.opened", "M-2", ago(1), { priority: "P1", title: "Second line" })]);
    await this.opened(page, "M-2");
    const button = page.getByRole("button", { name: "Escalate now" }).first();
    await button.click();
    await page.getByRole("button", { name: "Undo" }).click();
    // What was ordered after it, with the same delay, has come: it would have come before.
    await this.giveTo(page, "chen.jie");
    await until(() => this.entity("M-2").then((e) => e.assignee === "chen.jie"));
    right((await this.group("M-2", "routed")).step === 1, "escalate now, undone: nothing happens");
    await button.click();
    right(await until(() => this.group("M-2", "routed").then((g) => g.step === 2)), "escalate now raises the next step");
    right(await shows(page, /Step 2/), "the page shows it");
  }

  async giveTo(page, person, looked = false) {
    await page.getByRole("button", { name: /Assignee/ }).click();
    if (looked) {
      const found = await violations(page);
      right(found.length === 0, "the dialog to hand over: axe finds nothing", found.join("\n     "));
    }
    await page.getByRole("dialog").locator("input").fill(person);
    await page.keyboard.press("Enter");
  }

  async handOver(page) {
    await this.opened(page, "M-2");
    await this.giveTo(page, "li.wei", true);
    right(await until(() => this.entity("M-2").then((e) => e.assignee === "li.wei")), "a ticket is handed over, by keyboard");
    right(await shows(page, "李伟"), "the page names who has it");
    const { escalation } = await this.group("M-2", "routed");
    await page.goto(`${this.node.url}/g/ACME/ticket/M-2?escalation=${encodeURIComponent(escalation)}`);
    await this.giveTo(page, "wang.fang");
    right(await until(() => this.entity("M-2").then((e) => e.assignee === "wang.fang")), "an alarm's page hands over, too");
  }

  async excuse(page) {
    await this.node.tell([fact("ACME", "ticket.opened", "M-3", ago(16 * 60), { priority: "P1", title: "Missed" })]);
    await until(() => this.group("M-3", "response/1/target").then((g) => g?.state === "open"));
    await this.opened(page, "M-3");
    await page.getByRole("button", { name: "Excuse" }).first().click();
    await page.getByRole("dialog").locator("input").fill("the customer's site was closed");
    await page.keyboard.press("Enter");
    right(await until(() => this.group("M-3", "response/1/target").then((g) => g.state === "cleared")), "an excused breach ends its alarm");
    right(await shows(page, /⊗ excused .*board: the customer's site was closed/), "its promise says that it is excused, by whom and why", await text(page));
    await page.screenshot({ path: join(this.pictures, "en-excused.png"), fullPage: true });
    const mark = page.locator(".sla .mark.excused");
    right(await until(async () => (await mark.count()) === 1 && /board.*site was closed/.test(await mark.locator("title").textContent())), "so does its mark in the picture");
    await page.goto(`${this.node.url}/q?tab=all`);
    const bar = () => card(page, "M-3").first().locator(".clockbar", { hasText: "Response" }).innerText().catch(() => "");
    right(await until(() => bar().then((t) => t.includes("⊗ excused") && !t.includes("over"))), "so does its card, which counts no longer", await bar());
    await this.opened(page, "M-3");
    await shows(page, "⊗ excused");
    right((await page.getByRole("button", { name: "Excuse" }).count()) === 0, "and nothing is left to excuse");
    const { escalation } = await this.group("M-3", "response/1/target");
    await page.goto(`${this.node.url}/g/ACME/ticket/M-3?escalation=${encodeURIComponent(escalation)}`);
    right(await shows(page, /⊗ excused .*board: the customer's site was closed/), "its alarm says it too");
    await page.getByRole("link", { name: /Response · line/ }).click();
    const rule = () => page.evaluate(() => document.getElementById("ticket.response")?.getBoundingClientRect().top ?? -1);
    right(await until(() => rule().then((top) => top >= 0 && top < 400)), "and leads to the rule that called", `${page.url()} ${await rule()}`);
  }

  async answeredByPhone(page) {
    await this.opened(page, "M-2");
    await page.getByRole("button", { name: /Answered/ }).first().click();
    right(await until(() => this.entity("M-2").then((e) => e.clocks.some((c) => c.clock === "ticket.response" && c.state === "stopped"))), "answered by phone stops its promise");
  }

  async override(page) {
    await page.goto(`${this.node.url}/roster`);
    await shows(page, "Take over");
    const oncall = () => fetch(`${this.node.url}/v1/oncall?role=service_director`).then((r) => r.json()).then((o) => o.oncall[0].persons.map((p) => p.id).join());
    const before = await oncall();
    const other = before === "wang.fang" ? "chen.jie" : "wang.fang";
    await page.getByRole("button", { name: /Take over/ }).click();
    const dialog = page.getByRole("dialog");
    const found = await violations(page);
    right(found.length === 0, "the dialog to take over a shift: axe finds nothing", found.join("\n     "));
    await page.screenshot({ path: join(this.pictures, "en-take-over.png") });
    const [role, person] = [dialog.locator("select").first(), dialog.locator("select").last()];
    await role.selectOption("service_director");
    await person.selectOption(other);
    const local = (ms) => new Date(Date.now() + ms + 8 * 3_600_000).toISOString().slice(0, 16); // in Shanghai
    await dialog.locator("input").first().fill(local(-3_600_000));
    await dialog.locator("input").last().fill(local(3_600_000));
    await dialog.getByRole("button", { name: "Save" }).click();
    right(await until(async () => (await oncall()) === other), "a shift is taken over", await oncall());
    right(await shows(page, "Shifts taken over"), "the page lists it");
    await page.screenshot({ path: join(this.pictures, "en-roster-override.png"), fullPage: true });
    await page.getByRole("button", { name: /Remove/ }).first().click();
    right(await until(async () => (await oncall()) === before), "and given back");
  }

  async testOfAChannel(page) {
    await page.goto(`${this.node.url}/roster`);
    await shows(page, "chen.jie");
    const before = (await this.phones.messages()).length;
    await page.getByRole("button", { name: "Send a test" }).last().click();
    right(await until(() => this.phones.messages().then((m) => m.length > before)), "a person's channel is tested");
  }

  /** An account shows what ended lately beside what is open. */
  async whatEnded(page) {
    await this.node.tell([
      fact("ACME", "ticket.opened", "M-4", ago(30), { priority: "P3", title: "Long done" }),
      fact("ACME", "ticket.resolved", "M-4", ago(20)),
      fact("ACME", "ticket.closed", "M-4", ago(10), { satisfaction: 5 }),
    ]);
    await page.goto(`${this.node.url}/accounts/ACME`);
    const ended = page.locator("section", { hasText: "Long done" }).locator("details > summary");
    right(await until(() => ended.count().then((n) => n === 1)), "an account shows what ended lately");
    await ended.click();
    right(await shows(page, "Long done"), "by its title");
    const found = await violations(page);
    right(found.length === 0, "axe finds nothing there", found.join("\n     "));
  }

  /** No push service can be reached here: the subscription is made, the node pushes to a stand-in, the worker is told by DevTools. */
  async push() {
    const page = await look(this.chrome);
    const context = page.context();
    await context.grantPermissions(["notifications"], { origin: this.node.url });
    const endpoint = `${this.phones.url}/push/one`;
    await context.addInitScript((wanted) => {
      localStorage.setItem("tocsin-person", "wang.fang");
      PushManager.prototype.subscribe = async (options) => {
        window.asked = { visible: options.userVisibleOnly, key: options.applicationServerKey.length };
        // The receiver's keys of RFC 8291, appendix A.
        const keys = { p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", auth: "BTBZMqHH6r4Tts7J_aSIgg" };
        return { toJSON: () => ({ endpoint: wanted, expirationTime: null, keys }) };
      };
    }, endpoint);
    await page.goto(`${this.node.url}/q?tab=all`);
    await page.locator("details.menu > summary").click();
    await page.getByRole("button", { name: /notif/i }).click();
    right(await until(() => page.evaluate(() => window.asked?.visible === true && window.asked?.key === 65)), "the page subscribes with the node's public key");
    right(await shows(page, "This device is told"), "and says that it did");
    const kept = () => readFileSync(join(this.node.folder, "data", "notify.json"), "utf8").includes(endpoint);
    right(await until(async () => kept()), "the node keeps the subscription");
    await fetch(`${this.node.url}/v1/people/wang.fang/test`, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
    right(await until(() => this.phones.messages().then((all) => all.some((m) => m.vendor === "push"))), "a push service gets its message");
    // What is pushed before the worker is activated is nobody's.
    right(await until(() => page.evaluate(() => navigator.serviceWorker.ready.then((r) => r.active?.state === "activated"))), "the worker is there");
    const session = await context.newCDPSession(page);
    const registration = new Promise((done) => session.on("ServiceWorker.workerRegistrationUpdated", (e) => e.registrations[0] && done(e.registrations[0])));
    await session.send("ServiceWorker.enable");
    const { registrationId } = await registration;
    const data = JSON.stringify({ title: "P1 M-9 stands still", body: "Acme", url: `${this.node.url}/e/ACME/ticket/M-2`, tag: "g1", urgent: true });
    const notes = () => page.evaluate(() => navigator.serviceWorker.ready.then((r) => r.getNotifications()).then((all) => all.map((n) => `${n.title}|${n.body}|${n.tag}`)));
    // A worker that is just being stopped gets nothing: a push service tries again, too.
    const pushed = (data, note) =>
      until(async () => {
        await session.send("ServiceWorker.deliverPushMessage", { origin: this.node.url, registrationId, data });
        return until(async () => (await notes()).some((n) => n.includes(note)), 1000);
      });
    right(await pushed(data, "P1 M-9 stands still|Acme|g1"), "the worker shows what was pushed", JSON.stringify(await notes()));
    const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent("serviceworker"));
    await worker.evaluate(async () => {
      const [notification] = await self.registration.getNotifications();
      self.dispatchEvent(new NotificationEvent("notificationclick", { notification }));
    });
    right(await until(async () => page.url().endsWith("/e/ACME/ticket/M-2")), "a touch on it opens what it is about", page.url());
    right(await pushed("no JSON", "no JSON"), "whatever is pushed, something is shown", JSON.stringify(await notes()));
    right(page.wrongs.length === 0, "no error on the way", page.wrongs.join("; "));
    await context.close();
  }
}

/** The zone that times are shown in is the policy's. */
async function zone(chrome) {
  const node = await new Node().start(`policy: ${join(root, "policy", "it-helpdesk.yaml")}\n`);
  try {
    const page = await look(chrome, { phone: false });
    await page.goto(`${node.url}/q`);
    const wanted = (await fetch(`${node.url}/v1/policy`).then((r) => r.json())).zone;
    right(typeof wanted === "string" && wanted !== "Asia/Shanghai", "another policy has another zone", wanted);
    right(await shows(page, wanted.split("/").pop()), `the page names it: ${wanted}`);
    await page.context().close();
  } finally {
    node.stop();
  }
}

export async function deeds(chrome, pictures) {
  const phones = await new Phones().start();
  const node = await new Node().start(config(phones), "", { "roster.yaml": ROSTER });
  try {
    const all = new Deeds(chrome, node, phones, pictures);
    await node.tell([
      fact("ACME", "account.tiered", "ACME", "2026-01-01T00:00:00Z", { tier: "A", name: "Acme Ltd" }),
      fact("ACME", "account.assigned", "ACME", "2026-01-01T00:00:00Z", { role: "service_director", person: ["wang.fang"] }),
      fact("ACME", "account.assigned", "ACME", "2026-01-01T00:00:00Z", { role: "technical_expert", person: ["li.wei"] }),
    ]);
    const page = await look(chrome, { phone: false });
    await all.fromTheMessage();
    await all.escalateNow(page);
    await all.handOver(page);
    await all.excuse(page);
    await all.answeredByPhone(page);
    await all.override(page);
    await all.testOfAChannel(page);
    await all.whatEnded(page);
    right(page.wrongs.length === 0, "no error while things are done", page.wrongs.join("; "));
    await page.context().close();
    await all.push();
    await zone(chrome);
  } finally {
    node.stop();
    phones.stop();
  }
}
