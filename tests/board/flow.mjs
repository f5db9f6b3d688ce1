// The board in a real browser, on the built binary: what people on call need of it. Run by tests/system/board.sh.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { deeds } from "./deeds.mjs";
import { demo } from "./demo.mjs";
import { desk } from "./desk.mjs";
import { hands } from "./hands.mjs";
import { meetings } from "./meetings.mjs";
import { order } from "./order.mjs";
import { rights } from "./rights.mjs";
import { told } from "./told.mjs";
import { account, ago, browser, card, fact, look, Node, right, root, summary, text, until, violations } from "./house.mjs";

const HOSTILE = "<script>window.hacked=1</script><img src=x onerror=window.hacked=1> \u202etxt.exe";
const SHOWN_MS = 1000; // a P1 is on the first screen of everybody who looks
const SILENT_MS = 25_000;
const pictures = process.env.TOCSIN_PICTURES ?? join(root, "build", "board");
mkdirSync(pictures, { recursive: true });

const inView = (page, id) =>
  page.evaluate((wanted) => {
    const found = [...document.querySelectorAll("article.card")].find((c) => c.textContent.includes(wanted));
    const box = found?.getBoundingClientRect();
    return !!box && box.top >= 0 && box.top < innerHeight - 40;
  }, id);

async function alarm(chrome, node) {
  await node.tell([...account("ACME", "Acme Ltd"), ...Array.from({ length: 40 }, (_, i) => fact("ACME", "ticket.opened", `T-${100 + i}`, ago(1), { priority: "P3", title: `Question ${i}` }))]);
  const phone = await look(chrome);
  const desk = await look(chrome, { phone: false });
  await Promise.all([phone.goto(`${node.url}/q`), desk.goto(`${node.url}/q`)]);
  right(await until(() => text(phone).then((t) => t.includes("Question"))), "the queue shows what is open");
  right(await until(() => text(phone).then((t) => /\blive\b/.test(t))), "it says that it is live");
  await phone.locator("details.menu > summary").click();
  await phone.getByRole("button", { name: "Sound off" }).click();
  await phone.keyboard.press("Escape");
  right(await until(async () => await phone.evaluate(() => !document.querySelector("details.menu").open && document.activeElement.matches("details.menu > summary"))), "Escape closes the menu and stays at its button");
  const before = await phone.evaluate(() => {
    document.hasFocus = () => false; // somebody looks elsewhere
    window.stayed = true;
    return window.rung;
  });
  const sent = performance.now();
  // Answered nobody: its promise of 15 minutes is missed in some seconds.
  await node.tell([fact("ACME", "ticket.opened", "T-1", ago(15 * 60 - 8), { priority: "P1", title: "Line 3 stands still" })]);
  const told = performance.now();
  right(await until(() => inView(phone, "T-1"), 5000), "a P1 is on the first screen of a phone");
  const shown = performance.now() - told;
  right(shown <= SHOWN_MS, `it took ${Math.round(shown)} ms after it was taken (${Math.round(told - sent)} ms)`);
  right(await phone.evaluate(() => window.stayed), "without loading the page again");
  right(await until(async () => (await phone.evaluate(() => window.rung)) > before), "it rings");
  right(await until(() => phone.title().then((t) => t.startsWith("(") && t.includes("P1"))), "the title of the page says so", await phone.title());
  const left = () => phone.evaluate(() => [...document.querySelectorAll("article.card")].find((c) => c.textContent.includes("T-1"))?.querySelector(".clockbar")?.textContent ?? "");
  right(await until(() => left().then((t) => t.length > 0)), "its promises are shown");
  const first = await left();
  right(await until(async () => (await left()) !== first, 4000), "they count down");
  const lowest = await card(phone, "T-1").first().getByRole("button", { name: /Acknowledge/ }).boundingBox();
  right(lowest && lowest.y + lowest.height <= 844, "with its button on the first screen", JSON.stringify(lowest));
  right(await until(() => card(phone, "T-1").first().innerText().then((t) => /missed/.test(t) && /over/.test(t)), 20_000), "the missed promise stands there without a touch", await card(phone, "T-1").first().innerText());
  await phone.screenshot({ path: join(pictures, "queue-phone.png") });
  await card(phone, "T-1").first().getByRole("button", { name: /Acknowledge/ }).click();
  right(await until(() => card(phone, "T-1").first().innerText().then((t) => t.includes("taken by board"))), "one touch acknowledges");
  right(await until(() => card(desk, "T-1").first().innerText().then((t) => t.includes("taken by board")), 3000), "another page sees who took it");
  await desk.screenshot({ path: join(pictures, "queue-desk.png") });
  await phone.evaluate(() => delete document.hasFocus);
  await phone.evaluate(() => window.dispatchEvent(new Event("focus")));
  right(phone.wrongs.concat(desk.wrongs).length === 0, "no page has an error", phone.wrongs.concat(desk.wrongs).join("; "));
  await Promise.all([phone.context().close(), desk.context().close()]);
}

/** Wherever a long list is scrolled to, there are rows. */
async function scrolling(chrome, node) {
  const page = await look(chrome);
  await page.goto(`${node.url}/q?tab=all`);
  await until(() => text(page).then((t) => t.includes("Question")));
  let empty = 0;
  for (let i = 0; i < 12; i++) {
    await page.evaluate(() => scrollBy(0, 500));
    const there = () =>
      page.evaluate(() => [200, 700].every((y) => [...document.querySelectorAll(".list > li")].some((row) => row.getBoundingClientRect().top <= y && row.getBoundingClientRect().bottom >= y)));
    if (!(await until(there, 2000))) empty++;
  }
  right(empty === 0, "a list has rows wherever it is scrolled to", `${empty} of 12 places were empty`);
  await page.context().close();
}

/** Presses Tab until what has the focus is called so. */
async function tabTo(page, name) {
  for (let i = 0; i < 80; i++) {
    await page.keyboard.press("Tab");
    const now = await page.evaluate(() => `${document.activeElement?.textContent} ${document.activeElement?.getAttribute("aria-label")}`);
    if (name.test(now) && now.length < 60) return true;
  }
  return false;
}

async function keyboard(chrome, node) {
  const page = await look(chrome, { phone: false });
  await page.goto(`${node.url}/q?tab=all`);
  await until(() => text(page).then((t) => t.includes("Question")));
  await node.tell([fact("ACME", "ticket.opened", "T-2", ago(1), { priority: "P1", title: "Second line" })]);
  await until(() => text(page).then((t) => t.includes("Second line")));
  const stands = () => page.evaluate(() => document.activeElement?.closest("article")?.textContent ?? "");
  await page.keyboard.press("k");
  for (let i = 0; i < 15 && !(await stands()).includes("T-2"); i++) await page.keyboard.press("j");
  right(await until(async () => (await stands()).includes("T-2")), "j and k move to a card");
  // A card that has just come or moved takes nothing yet.
  await until(() => page.evaluate(() => document.activeElement?.closest("article")?.querySelector("button.main")?.getAttribute("aria-disabled") !== "true"));
  await page.keyboard.press("a");
  right(await until(() => card(page, "T-2").first().innerText().then((t) => t.includes("taken by"))), "a acknowledges it");
  for (let i = 0; i < 15 && !(await stands()).includes("T-2"); i++) await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  right(await until(() => page.url().includes("/e/ACME/ticket/T-2")), "Enter opens it", page.url());
  right(await until(() => text(page).then((t) => t.includes("Promises over time"))), "the entity's page shows its promises");
  await page.screenshot({ path: join(pictures, "entity-desk.png"), fullPage: true });
  right(await tabTo(page, /Answered/), "Tab leads to what can be done");
  await page.keyboard.press("Enter");
  right((await tabTo(page, /Undo/)) && (await until(() => text(page).then((t) => /in \d s/.test(t)))), "and to its undoing");
  await page.keyboard.press("Enter");
  right(await until(() => text(page).then((t) => !/in \d s/.test(t)), 2000), "which undoes it");
  await tabTo(page, /Assignee/);
  await page.keyboard.press("Enter");
  right(await until(() => page.evaluate(() => document.activeElement?.matches("dialog input"))), "a dialog has the focus in its field");
  await page.keyboard.type("Li Wei");
  await page.keyboard.press("Enter");
  right(await until(() => text(page).then((t) => /Assignee: Li Wei in/.test(t))), "a ticket is handed over without a mouse");
  right(await until(() => text(page).then((t) => /Assignee Li Wei/.test(t)), 10_000), "and the page says to whom");
  await tabTo(page, /More|☰/);
  await page.keyboard.press("Enter");
  await tabTo(page, /中文/);
  await page.keyboard.press("Enter");
  right(await until(() => text(page).then((t) => t.includes("实时"))), "the menu works by keyboard");
  await page.keyboard.press("Enter");
  await page.keyboard.press("g");
  await page.keyboard.press("q");
  right(await until(() => page.url().endsWith("/q")), "g q leads back");
  await until(() => page.locator("article.card").count().then((n) => n > 1));
  // The screen hears keys a moment after its cards are there.
  const searching = () => page.evaluate(() => document.activeElement?.id === "search");
  await until(async () => {
    if (!(await searching())) await page.keyboard.press("/");
    return searching();
  });
  await page.keyboard.type("Second");
  right(await until(() => page.locator("article.card").count().then((n) => n === 1)), "/ searches");
  right(page.wrongs.length === 0, "no error on the way", page.wrongs.join("; "));
  await page.context().close();
}

async function silence(chrome, node) {
  await node.tell([...account("ACME", "Acme Ltd"), fact("ACME", "ticket.opened", "T-1", ago(60), { priority: "P1", title: "Line 3 stands still" })]);
  const page = await look(chrome);
  await page.goto(`${node.url}/q`);
  await until(() => text(page).then((t) => /\blive\b/.test(t) && t.includes("T-1")));
  await page.evaluate(() => {
    window.stayed = true;
  });
  node.process.kill("SIGSTOP");
  const stopped = performance.now();
  const red = await until(() => text(page).then((t) => /no news for \d+ s/.test(t) && !/\blive\b/.test(t)), SILENT_MS);
  const after = Math.round((performance.now() - stopped) / 1000);
  await page.screenshot({ path: join(pictures, "silent-phone.png") });
  node.process.kill("SIGCONT");
  right(red, `a node that says nothing is told in red after ${after} s`);
  right(await until(() => text(page).then((t) => /\blive\b/.test(t) && !t.includes("no news")), 15_000), "it is live again by itself");
  await node.tell([fact("ACME", "ticket.opened", "T-3", ago(1), { priority: "P1", title: "After the silence" })]);
  right(await until(() => text(page).then((t) => t.includes("After the silence")), 5000), "and shows what comes then");
  right(await page.evaluate(() => window.stayed), "without loading the page again");
  await page.context().close();
}

const SCREENS = [
  "/q?tab=all", "/clocks", "/accounts", "/accounts/ACME", "/e/ACME/ticket/T-1", "/g/ACME/ticket/T-1", "/director", "/figures", "/figures/response?by=month",
  "/roster", "/deliveries", "/rejected", "/policy", "/pair", "/e/ACME/ticket/none",
];

/** What fingers touch is 44 px high; a word inside of a sentence or a row that links is not what is meant. */
const low = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll("button, a.button, summary, nav a, input:not([type=hidden]), select, textarea, a.tile, a.brand")]
      .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height > 0 && one.getBoundingClientRect().height < 43.5)
      .map((one) => `${one.outerHTML.slice(0, 80)} ${one.getBoundingClientRect().height}`),
  );

async function opened(page, url) {
  await page.goto(url);
  await until(() => page.evaluate(() => !!document.querySelector("main")?.textContent && !/Loading|加载/.test(document.querySelector("main").textContent)), 10_000);
}

/** Each screen in a language: nothing that axe finds, in both themes; no name runs; no word of the other language. */
async function screens(chrome, node, language) {
  const page = await look(chrome, { language, phone: language === "zh" });
  const other = await look(chrome, { language, phone: language !== "zh" });
  const device = (one) => (one.viewportSize().width < 640 ? "phone" : "desk");
  const shot = (one, theme, path) => one.screenshot({ path: join(pictures, `${language}-${device(one)}-${theme}${path.replace(/\W+/g, "-")}.png`) });
  for (const path of SCREENS) {
    await opened(page, node.url + path);
    for (const theme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      const found = await violations(page);
      right(found.length === 0, `${path} in ${language}, ${theme}: axe finds nothing`, found.join("\n     "));
      await shot(page, theme, path);
    }
    const small = await low(page);
    right(small.length === 0, `${path} in ${language}: what is touched is 44 px high`, small.join("\n     "));
    const words = await text(page);
    right(!/\b(routed|stage:|tocsin\.|[a-z]+\.[a-z]+_[a-z]+)\b/.test(words) || path === "/policy" || path === "/rejected", `${path} in ${language} has no word of the engine`, words.match(/.{0,30}(routed|stage:|tocsin\.|[a-z]+\.[a-z]+_[a-z]+).{0,30}/)?.[0]);
    right(!(await page.evaluate(() => window.hacked)), `${path}: a hostile name runs nothing`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    right(wide <= 1, `${path} in ${language} is as wide as the screen`, `${wide} px more`);
    await opened(other, node.url + path);
    for (const theme of ["light", "dark"]) {
      await other.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await shot(other, theme, path);
    }
    const wider = await other.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    right(wider <= 1, `${path} in ${language} is as wide as a ${device(other)}`, `${wider} px more`);
  }
  right(page.wrongs.length + other.wrongs.length === 0, `no screen in ${language} has an error`, page.wrongs.concat(other.wrongs).join("; "));
  await page.context().close();
  await other.context().close();
}

/** It can be put on the home screen, and its script is its own alone. */
async function installable(chrome, node) {
  const page = await look(chrome);
  const answer = await page.goto(`${node.url}/q`);
  const policy = answer.headers()["content-security-policy"] ?? "";
  right(/script-src 'self'(;|$)/.test(policy) && !policy.includes("unsafe"), "the page runs its own script alone", policy);
  const session = await page.context().newCDPSession(page);
  const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
  right(installabilityErrors.filter((one) => one.errorId !== "in-incognito").length === 0, "it can be installed", JSON.stringify(installabilityErrors));
  await page.context().close();
}

async function choices(chrome, node) {
  const page = await look(chrome, { language: "zh" });
  await page.goto(`${node.url}/q`);
  right(await until(() => text(page).then((t) => t.includes("实时"))), "a Chinese browser is greeted in Chinese");
  await page.locator("details.menu > summary").click();
  await page.getByRole("button", { name: "English" }).click();
  right(await until(() => text(page).then((t) => /\blive\b/.test(t))), "the language is switched");
  await page.reload();
  right(await until(() => text(page).then((t) => /\blive\b/.test(t))), "and stays so");
  const back = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await back();
  await page.locator("details.menu > summary").click();
  await page.getByRole("button", { name: "Light or dark" }).click();
  right(await until(async () => (await back()) !== light), "so is dark");
  await page.context().close();
}

const SECRET = "a-token-of-wang-fang-that-nobody-guesses";
const TOKENS = `http: {tokens: [{name: wang, token: ${SECRET}, roles: [ingest, read, act], person: Wang Fang}]}\n`;

/** Each with a token; a phone gets its own by a code that is good once. */
async function signingIn(chrome, node) {
  await node.tell([...account("ACME", "Acme Ltd"), fact("ACME", "ticket.opened", "T-1", ago(1), { priority: "P1", title: "Line 3 stands still" })]);
  const desk = await look(chrome, { phone: false });
  await desk.goto(`${node.url}/q`);
  const field = desk.locator("input[type=password]");
  await field.fill("a wrong one");
  await desk.keyboard.press("Enter");
  right(await until(() => text(desk).then((t) => t.includes("not known here"))), "a wrong token is told so");
  await field.fill(SECRET);
  await desk.keyboard.press("Enter");
  right(await until(() => text(desk).then((t) => /\blive\b/.test(t) && t.includes("T-1"))), "the right one opens the page");
  await desk.goto(`${node.url}/pair`);
  const code = desk.locator("svg.qr");
  await code.waitFor();
  const link = await code.getAttribute("aria-label");
  const phone = await look(chrome);
  await phone.goto(link);
  right(await until(() => text(phone).then((t) => t.includes("is paired"))), "a phone is paired by the code");
  await phone.goto(`${node.url}/q?tab=all`);
  right(await until(() => text(phone).then((t) => t.includes("T-1"))), "it shows the queue");
  await card(phone, "T-1").first().getByRole("button", { name: /Acknowledge/ }).click();
  right(await until(() => card(phone, "T-1").first().innerText().then((t) => t.includes("taken by Wang Fang"))), "and acknowledges as the person who paired it");
  const other = await look(chrome);
  await other.goto(link);
  right(await until(() => text(other).then((t) => t.includes("was used"))), "the code is good once");
  for (const page of [desk, phone, other]) await page.context().close();
}

const chrome = await browser();
const [first, second, third] = await Promise.all([new Node().start(), new Node().start(), new Node().start(TOKENS, SECRET)]);
try {
  const frozen = silence(chrome, second);
  const done = deeds(chrome, pictures)
    .then(() => told(chrome, pictures))
    .then(() => rights(chrome))
    .then(() => hands(chrome))
    .then(() => demo(chrome, pictures))
    .then(() => desk(chrome, pictures))
    .then(() => order(chrome))
    .then(() => meetings(chrome, pictures));
  await alarm(chrome, first);
  await scrolling(chrome, first);
  await keyboard(chrome, first);
  await first.tell([
    ...account("HOSTILE", HOSTILE, "B"),
    fact("HOSTILE", "ticket.opened", HOSTILE, ago(30), { priority: "P1", title: HOSTILE, module: HOSTILE, url: "javascript:window.hacked=1" }),
    fact("ACME", "complaint.opened", "C-1", ago(30), { severity: "normal", reason: HOSTILE }),
    fact("ACME", "ticket.assigned", "T-1", ago(1), { person: HOSTILE }),
  ]);
  await Promise.all([screens(chrome, first, "en"), screens(chrome, first, "zh"), choices(chrome, first), installable(chrome, first), signingIn(chrome, third)]);
  await Promise.all([frozen, done]);
} catch (error) {
  right(false, "the test itself", String(error?.stack ?? error));
} finally {
  await chrome.close();
  for (const node of [first, second, third]) node.stop();
}
process.exit(summary());
