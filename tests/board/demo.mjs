// The demonstration as a newcomer sees it: the board is what its address opens, and its story runs in a time of its own.
import { join } from "node:path";
import { fact, look, Node, right, shows, text, until, violations } from "./house.mjs";

/** An account of the first tier is owed two reviews a month. The first full month is far away: the node's answer is given one. */
async function owed(page, node, pictures) {
  const { now } = await fetch(`${node.url}/v1/board?limit=1`).then((r) => r.json());
  await node.tell([fact("ACME", "account.contacted", "ACME", now, { kind: "business_review", by: "Li Wei" })]);
  await page.route("**/v1/accounts/ACME", async (route) => {
    const answer = await route.fetch();
    const account = await answer.json();
    const from = Date.parse(now) - 86_400_000;
    const row = { clock: "account.business_review", cycle: now.slice(0, 7), state: "running", start: new Date(from).toISOString(), thresholds: [{ name: "target", due: new Date(from + 30 * 86_400_000).toISOString(), verdict: "pending" }] };
    await route.fulfill({ response: answer, json: { ...account, cadence: [row] } });
  });
  await page.goto(`${node.url}/accounts/ACME`);
  right(await until(() => text(page).then((t) => /应做的沟通与报告 业务回顾 \S+ 1\/2/.test(t))), "how many were done, and how many are wanted", await text(page));
  await page.getByText("全部沟通（1）").click();
  right(await shows(page, "Li Wei"), "who spoke with the customer");
  const found = await violations(page);
  right(found.length === 0, "axe finds nothing there", found.join("\n     "));
  await page.screenshot({ path: join(pictures, "zh-demo-account.png"), fullPage: true });
}

export async function demo(chrome, pictures) {
  const node = await new Node().start("", "", {}, ["--demo"]);
  try {
    const page = await look(chrome, { language: "zh" });
    await page.goto(node.url);
    right(await shows(page, /演示/), "the demonstration opens on the board and says what it is", await text(page));
    right(await until(() => page.locator("article.card").count().then((n) => n > 2)), "with alarms on it");
    await page.screenshot({ path: join(pictures, "zh-demo.png") });
    await owed(page, node, pictures);
    await page.goto(`${node.url}/figures?by=month`);
    right(await until(() => text(page).then((t) => /响应 .*中位.*\d+ (秒|分|小时)/.test(t))), "how long an answer takes", await text(page));
    await page.screenshot({ path: join(pictures, "zh-demo-figures.png"), fullPage: true });
    right(page.wrongs.length === 0, "without an error", page.wrongs.join("; "));
    await page.context().close();
  } finally {
    node.stop();
  }
}
