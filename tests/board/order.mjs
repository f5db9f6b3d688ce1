// The queue's order is the inbox's (contract §8): nobody called, by priority with complaints as the first, open before taken,
// what is due next.
import { account, ago, card, fact, look, Node, right, until } from "./house.mjs";

/** The entities in the inbox's order, each by its first alarm. */
async function byTheInbox(node) {
  const { escalations } = await fetch(`${node.url}/v1/inbox?state=all&limit=500`).then((r) => r.json());
  return [...new Set(escalations.map((one) => `${one.account} ${one.entity}`))].join(" | ");
}

const onThePage = (page) => page.evaluate(() => [...document.querySelectorAll("article.card")].map((one) => one.dataset.key.replace("\n", " ")).join(" | "));

async function acknowledge(node, of, id) {
  await fetch(`${node.url}/v1/entities/${of}/ticket/${id}/acknowledge`, { method: "POST", headers: { "content-type": "application/json" }, body: '{"by":"Li Wei"}' });
}

export async function order(chrome) {
  const node = await new Node().start();
  try {
    await node.tell([
      ...account("ACME", "Acme Ltd"),
      fact("BARE", "account.tiered", "BARE", "2026-01-01T00:00:00Z", { tier: "A", name: "No team" }),
      fact("ACME", "ticket.opened", "O-1", ago(16 * 60), { priority: "P1", title: "Open" }),
      fact("ACME", "ticket.opened", "O-2", ago(16 * 60), { priority: "P1", title: "Taken" }),
      fact("ACME", "ticket.opened", "O-3", ago(300), { priority: "P2", title: "Second" }),
      fact("ACME", "complaint.opened", "C-1", ago(200), { severity: "normal", reason: "slow" }),
      fact("ACME", "complaint.opened", "C-2", ago(2 * 3600), { severity: "normal", reason: "slower" }),
      fact("BARE", "ticket.opened", "N-1", ago(100), { priority: "P2", title: "Taken, but nobody was called" }),
      fact("BARE", "ticket.opened", "N-2", ago(100), { priority: "P1", title: "Nobody was called" }),
    ]);
    const called = () => fetch(`${node.url}/v1/inbox?nobody=true`).then((r) => r.json()).then((i) => new Set(i.escalations.map((e) => e.entity)).size);
    right(await until(async () => (await called()) === 2), "two alarms called nobody");
    await acknowledge(node, "ACME", "O-2");
    await acknowledge(node, "BARE", "N-1");
    const page = await look(chrome, { phone: false });
    await page.setViewportSize({ width: 1280, height: 3000 });
    await page.goto(`${node.url}/q?tab=all`);
    await until(() => page.locator("article.card").count().then((n) => n >= 7));
    const wanted = async () => (await onThePage(page)) === (await byTheInbox(node));
    right(await until(wanted), "the queue stands in the inbox's order", `\n     ${await onThePage(page)}\n     ${await byTheInbox(node)}`);
    right(/^BARE ticket\/N-2 \| BARE ticket\/N-1/.test(await onThePage(page)), "what called nobody first, taken or not", await onThePage(page));
    right(await until(async () => (await page.locator("nav.tabs a.late b").innerText()) === "1"), "the tab of those that nobody knows counts what nobody took");
    await page.locator("nav.tabs a", { hasText: "NOBODY" }).click();
    right(await until(() => page.locator("article.card").count().then((n) => n === 1)), "and shows it");
    await page.goto(`${node.url}/q?tab=all`);
    await card(page, "O-3").first().locator("button.main[aria-disabled=false]").click();
    await node.tell([fact("ACME", "ticket.opened", "O-4", ago(10 * 60), { priority: "P1", title: "By the stream" })]);
    await card(page, "O-4").first().waitFor();
    right(await until(wanted), "by the stream too", `\n     ${await onThePage(page)}\n     ${await byTheInbox(node)}`);
    right(page.wrongs.length === 0, "no error on the way", page.wrongs.join("; "));
    await page.context().close();
  } finally {
    node.stop();
  }
}
