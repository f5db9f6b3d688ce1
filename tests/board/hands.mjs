// What hands do wrong: a touch on a card that has just moved, a key that is held, somebody else at the same
// screen, an address that is no more. Each must take what it was meant for, or nothing.
import { account, ago, card, fact, look, Node, right, shows, text, until } from "./house.mjs";

const BOSS = "b".repeat(24);
const NARROW = "n".repeat(24);
const TOKENS = `http: {tokens: [{name: boss, token: ${BOSS}, roles: [admin, read, ingest, act]}, {name: narrow, token: ${NARROW}, roles: [read, act], accounts: [BETA]}]}\n`;

async function state(node, id) {
  const answer = await fetch(`${node.url}/v1/entities/ACME/ticket/${encodeURIComponent(id)}`, { headers: node.token ? { authorization: `Bearer ${node.token}` } : {} });
  return (await answer.json()).escalations?.map((one) => one.state).join(" ") ?? "";
}

const opened = (id, title, seconds = 100) => fact("ACME", "ticket.opened", id, ago(seconds), { priority: "P1", title });

async function touching(chrome, node) {
  await node.tell([...account("ACME", "Acme"), opened("T-1", "Num 1"), opened("T-2", "Num 2")]);
  const page = await look(chrome);
  await page.goto(`${node.url}/q?tab=all`);
  const first = page.locator("article.card").first().locator("button.main");
  await first.click(); // waits until the card stands
  right(await until(() => state(node, "T-1").then((s) => s === "acknowledged")), "a card that stands is taken by a touch");
  right(await shows(page, "Num 1: Acknowledged"), "what was done names the ticket");
  await card(page, "T-2").first().locator("button.main[aria-disabled=false]").waitFor();
  const aim = await card(page, "T-2").first().locator("button.main").boundingBox();
  await node.tell([opened("NEW-1", "Brand new", 300)]);
  await card(page, "Brand new").first().waitFor();
  await page.mouse.click(aim.x + aim.width / 2, aim.y + aim.height / 2);
  // What takes nothing cannot be waited for: a touch that counts is waited for behind it.
  await card(page, "T-2").first().locator("button.main").click();
  right(await until(() => state(node, "T-2").then((s) => s === "acknowledged")), "the one that was meant is taken by the next touch");
  right((await state(node, "NEW-1")) === "open", "a card that came under the finger is not taken");
  await page.context().close();
}

async function keys(chrome, node) {
  await node.tell([opened("K-1", "Key 1", 90), opened("K-2", "Key 2", 80), opened("K-3", "Key 3", 70)]);
  const page = await look(chrome, { phone: false });
  await page.goto(`${node.url}/q?tab=all`);
  await shows(page, "Key 3");
  await page.keyboard.press("j");
  for (let i = 0; i < 9 && !(await page.evaluate(() => document.activeElement?.closest("article")?.textContent ?? "")).includes("Key 1"); i++) await page.keyboard.press("j");
  await page.keyboard.down("a");
  for (let i = 0; i < 5; i++) await page.keyboard.down("a"); // held: repeats
  await page.keyboard.up("a");
  right(await until(() => state(node, "K-1").then((s) => s === "acknowledged")), "a takes the chosen card");
  await page.keyboard.press("a");
  await card(page, "Key 3").first().locator("button.main").click();
  await until(() => state(node, "K-3").then((s) => s === "acknowledged"));
  right((await state(node, "K-2")) === "open", "held or pressed again it takes no other");
  await page.context().close();
}

async function addresses(chrome, node) {
  await node.tell([fact("100%", "account.tiered", "100%", ago(200), { tier: "A" }), fact("100%", "ticket.opened", "T-50%", ago(100), { priority: "P1", title: "Half" }), fact("100%", "ticket.opened", "T%2F7", ago(100), { priority: "P1", title: "Coded" })]);
  const page = await look(chrome);
  for (const [id, title] of [["T-50%", "Half"], ["T%2F7", "Coded"]]) {
    await page.goto(`${node.url}/e/${encodeURIComponent("100%")}/ticket/${encodeURIComponent(id)}`);
    right(await shows(page, title), `an address finds ${id}`);
  }
  await page.goto(`${node.url}/accounts/${encodeURIComponent("100%")}`);
  right(await shows(page, "Half"), "an address finds an account with a per cent sign");
  await page.goto(`${node.url}/g/ACME/ticket/NEW-1?escalation=ACME/ticket/NEW-1/ticket.resolution/1/target`);
  right(await shows(page, "nothing at this address"), "an alarm that is not there is not another one");
  right((await page.getByRole("button", { name: /Acknowledge/ }).count()) === 0, "and nothing is to be taken there");
  right(page.wrongs.length === 0, "no error on the way", page.wrongs.join("; "));
  await page.context().close();
}

async function somebodyElse(chrome) {
  const node = await new Node().start(TOKENS, BOSS);
  try {
    await node.tell([...account("ACME", "Acme"), opened("T-1", "Of Acme"), ...account("BETA", "Beta"), fact("BETA", "ticket.opened", "B-1", ago(60), { priority: "P1", title: "Of Beta" })]);
    const page = await look(chrome, { phone: false });
    await page.goto(`${node.url}/q?tab=all`);
    await page.evaluate(() => localStorage.setItem("tocsin-person", "Chen Jie"));
    const signIn = async (secret) => {
      await page.locator("input[type=password]").fill(secret);
      await page.keyboard.press("Enter");
    };
    await signIn("令牌一二三");
    right(await shows(page, "not known here"), "a token that cannot be one is called wrong");
    await signIn(BOSS);
    await card(page, "Of Acme").first().locator("button.main").click();
    right(await until(() => card(page, "Of Acme").first().innerText().then((t) => t.includes("taken by boss"))), "a token without a person acts by its own name");
    await page.locator("details.menu summary").click();
    await page.getByRole("button", { name: /Sign out/ }).click();
    await page.locator("input[type=password]").waitFor();
    await signIn(NARROW);
    right(await shows(page, "Of Beta"), "somebody else signs in");
    right(!(await text(page)).includes("Of Acme"), "and sees nothing of who was there before");
    await page.context().close();
  } finally {
    node.stop();
  }
}

export async function hands(chrome) {
  const node = await new Node().start();
  try {
    await touching(chrome, node);
    await keys(chrome, node);
    await addresses(chrome, node);
  } finally {
    node.stop();
  }
  await somebodyElse(chrome);
}
