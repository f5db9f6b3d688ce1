// What a desk does with the figures and the policy: CSV, paper, lists behind numbers, a check and a trial of another policy.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { account, ago, fact, look, Node, right, root, shows, text, until } from "./house.mjs";

async function figures(page, node, pictures) {
  await page.goto(`${node.url}/figures?by=month`);
  await shows(page, "Response");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
  const csv = readFileSync(await download.path(), "utf8");
  await page.route("**/v1/figures*", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: '{"detail":"the views are made anew"}' }));
  await page.getByRole("button", { name: "CSV" }).click();
  right(await shows(page, "That did not work: the views are made anew"), "a CSV that is refused is told, not saved", (await text(page)).slice(-200));
  await page.unroute("**/v1/figures*");
  right(csv.startsWith("figure,period") && csv.split("\n").some((line) => line.startsWith("response,")), "the figures come as CSV", csv.slice(0, 300));
  await page.emulateMedia({ media: "print" });
  const printed = await page.evaluate(() => [...document.querySelectorAll("header.top, nav, .buttons")].filter((one) => one.checkVisibility()).length);
  right(printed === 0 && /As of .*Response/.test(await text(page)), "on paper there are the numbers alone, and their date", `${printed} parts more`);
  await page.pdf({ path: join(pictures, "en-figures.pdf") });
  await page.emulateMedia({ media: "screen" });
  const missed = page.locator("section", { hasText: "Response" }).first().locator("td.number a").nth(1);
  right(await until(async () => (await missed.innerText()) === "1"), "one answer was missed", await missed.innerText());
  await missed.click();
  right(await shows(page, "Line 3 stands still"), "the list behind the number names it", page.url());
  await page.goto(`${node.url}/figures?by=quarter&account=ACME`);
  right(await shows(page, /Figures · Acme Ltd.*Show all/), "narrowed to an account, it says so");
  right(await until(() => page.title().then((t) => t === "Tocsin · Figures · Acme Ltd")), "the page's title says the screen", await page.title());
  // The list behind a number is narrowed as the number was, and so is the way back.
  await page.goto(`${node.url}/figures?by=month&priority=P3`);
  const none = page.locator("section", { hasText: "Response" }).first().locator("td.number a").nth(1);
  right(await until(async () => (await none.innerText()) === "0"), "of the P3 none was missed", await none.innerText());
  await none.click();
  right(await shows(page, "Nothing here"), "and none stands behind the number", await text(page));
  await page.locator("main p a", { hasText: "Figures" }).click();
  right(await shows(page, /Figures · P3/), "back at the figures of P3", page.url());
  await page.goto(`${node.url}/figures?by=month&per=account`);
  right(await until(() => page.locator("h3", { hasText: "Acme Ltd" }).count()), "accounts are called by their names", await text(page));
}

async function queueByAddress(page, node) {
  await page.goto(`${node.url}/q?tab=all&priority=P1`);
  await until(() => page.locator("article.card").count().then((n) => n === 1));
  right(await until(async () => (await page.locator("article.card").count()) === 1), "the queue by priority, by its address");
  right(await shows(page, /1 more, not shown by this filter/), "what it hides is counted");
}

/** Nobody reloads the director's screen: what happens shows on it, with the clocks that it starts. */
async function director(page, node) {
  await page.goto(`${node.url}/director`);
  const tile = (name) => page.locator("a.tile", { hasText: name }).first().locator("b").innerText();
  right(await shows(page, "Running"), "the director's tiles are there");
  const running = Number(await tile("Running"));
  const calm = performance.now();
  await node.tell([fact("BARE", "account.tiered", "BARE", "2026-01-01T00:00:00Z", { tier: "A", name: "No team" }), fact("BARE", "ticket.opened", "T-4", ago(1), { priority: "P1", title: "Who?" })]);
  right(await until(async () => (await tile("NOBODY")) === "1"), "an alarm that called nobody is on the director's screen", await tile("NOBODY"));
  const after = Math.round(performance.now() - calm);
  right(after < 2000, `after ${after} ms`);
  await node.tell([fact("ACME", "ticket.opened", "T-3", ago(1), { priority: "P3", title: "One more" })]);
  right(await until(async () => Number(await tile("Running")) > running), "a clock that starts is counted without a reload", await tile("Running"));
}

async function policy(page, node) {
  await page.goto(`${node.url}/policy`);
  const draft = page.locator("textarea");
  await until(() => draft.inputValue().then((t) => t.includes("ticket.response")));
  const old = await draft.inputValue();
  await draft.fill(old.replace("ticket.response:", "ticket.response:\n    nonsense: 1"));
  await page.getByRole("button", { name: "Check" }).click();
  right(await shows(page, /line \d+: .*nonsense/), "a mistake is told with its line", (await text(page)).slice(-300));
  const changed = old.replace("allow: {P1: {target: 15m}", "allow: {P1: {target: 5h}");
  right(changed !== old, "the policy has the allowance that is changed here");
  await draft.fill(changed);
  await page.getByRole("button", { name: "Check" }).click();
  right(await shows(page, "No mistake was found"), "a good one is told so");
  await page.getByRole("button", { name: "Try it on the past" }).click();
  right(await shows(page, /Tried on \d+ facts: \d+ decisions? differ/), "it is tried on what happened", (await text(page)).slice(-300));
  right(await shows(page, /goes call, step \d · Response: promise missed T-1/), "the call that would not have come is named", (await text(page)).slice(-400));
  right(await until(async () => (await text(page)).includes("goes Response: promise missed T-1")), "and the breach", (await text(page)).slice(-400));
  await draft.fill(`${changed}\n`);
  right(await until(() => text(page).then((t) => !/Tried on \d+ facts|No mistake was found/.test(t))), "of another draft nothing was said yet");
  await page.getByLabel("Tried on").selectOption("30");
  await page.getByRole("button", { name: "Try it on the past" }).click();
  right(await shows(page, /Tried on \d+ facts/), "or on the last month alone");
  // Put in force by the admin; the page compares it with the version before.
  const applied = await fetch(`${node.url}/v1/policy?by=me`, { method: "POST", headers: { "content-type": "application/yaml" }, body: changed });
  right(applied.ok, "another version is put in force", await applied.text());
  await page.goto(`${node.url}/policy`);
  right(await shows(page, /Versions.*Version 2.*Version 1/), "versions are listed");
  await page.getByRole("button", { name: "Compare" }).click();
  right(await shows(page, "Response · P1 · allowed: 5 h → 15 min"), "and compared in words", (await text(page)).slice(0, 600));
  await page.evaluate(() => localStorage.setItem("tocsin-language", "zh"));
  await page.goto(`${node.url}/policy`);
  await until(() => page.locator(".rules article").count());
  const english = () => page.locator(".rules").innerText().then((rules) => rules.match(/.{0,30}[a-z]{4,}.{0,30}/i)?.[0]);
  // The labels come by another question than the rules.
  right(await until(async () => !(await english())), "the rules in Chinese have no English word", await english());
  await changesInChinese(page, node, old);
  await page.evaluate(() => localStorage.setItem("tocsin-language", "en"));
}

/** What the node says of a draft is in the reader's language: what differs, and what is wrong. */
async function changesInChinese(page, node, shipped) {
  const draft = page.locator("textarea");
  const check = async (written) => {
    await draft.fill(written);
    await page.getByRole("button", { name: "检查" }).click();
  };
  const list = () => page.locator("ul[role=status]").innerText().catch(() => "");
  await page.getByRole("button", { name: "与现行版比较" }).click();
  right(await shows(page, "响应 · P1 · 时限: 5 小时 → 15 分"), "versions are compared in Chinese", await list());
  await page.goto(`${node.url}/policy`);
  await check(shipped.replace("hours: {A: 24x7, B: business", "hours: {A: 24x7, B: 24x7").replace("start: [messaged from=customer]", "start: [messaged]"));
  right(await shows(page, /B 重点发展 · 服务时间: 工作时间 → 全天候/), "a tier's hours", await list());
  right(await shows(page, /群消息回复 · 开始于: 消息 \(客户\) → 消息/), "what starts a promise", await list());
  right((await page.locator("ul[role=status] li[lang=en]").count()) === 0, "each difference has Chinese words", await list());
  // Another policy altogether: nothing is the same.
  await check(readFileSync(join(root, "policy", "it-helpdesk.yaml"), "utf8"));
  right(await until(() => page.locator("ul[role=status] li").count().then((n) => n > 40)), "all that differs from another policy", await list());
  right((await page.locator("ul[role=status] li[lang=en]").count()) === 0, "all of it in Chinese", await page.locator("ul[role=status] li[lang=en]").allInnerTexts().then((all) => all.join("\n")));
  right(/角色 服务台: 新增/.test(await list()) && /类别 事件: 新增/.test(await list()), "by the labels that the other one has", await list());
  await check(shipped.replace("ticket.response:", "ticket.response:\n    nonsense: 1").replace("weeks: 3", "weeks: many").replace("tell: [assignee, service_director]", "tell: [asignee, service_director]"));
  right(await shows(page, /第 \d+ 行: .*没有\S+ `nonsense`/), "a key that there is not", await list());
  right(await shows(page, /weeks 应为\S+ 到 \d+ 的整数，而不是 `many`/), "what must stand there, and what was met", await list());
  right(await shows(page, /没有角色 `asignee`（您是否想写 `assignee`？）/), "what was meant", await list());
}

/** A word without spaces is broken: no screen is wider than the window. */
async function longWords(page, node) {
  const long = "W".repeat(400);
  await node.tell([...account("LONG", long), fact("LONG", "ticket.opened", "T-9", ago(20 * 60), { priority: "P1", title: long })]);
  for (const path of ["/q?tab=all", "/clocks", "/accounts", "/accounts/LONG", "/director", "/figures?per=account", "/figures/response?by=month", "/e/LONG/ticket/T-9"]) {
    await page.goto(node.url + path);
    right(await until(() => text(page).then((t) => t.includes("WWWW"))), `${path} shows the long word`);
    const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    right(wide <= window, `${path} is no wider than the window`, `${wide} > ${window}`);
  }
}

export async function desk(chrome, pictures) {
  const node = await new Node().start();
  try {
    const page = await look(chrome, { phone: false });
    await node.tell([
      ...account("ACME", "Acme Ltd"),
      fact("ACME", "ticket.opened", "T-1", ago(16 * 60), { priority: "P1", title: "Line 3 stands still" }),
      fact("ACME", "ticket.opened", "T-2", ago(60), { priority: "P3", title: "A question" }),
    ]);
    await figures(page, node, pictures);
    await queueByAddress(page, node);
    await director(page, node);
    await longWords(page, node);
    await policy(page, node);
    right(page.wrongs.length === 0, "no error at the desk", page.wrongs.join("; "));
    await page.context().close();
  } finally {
    node.stop();
  }
}
