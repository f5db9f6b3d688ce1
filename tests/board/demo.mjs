// The demonstration as a newcomer sees it: the board is what its address opens, and its story runs in a time of its own.
import { join } from "node:path";
import { look, Node, right, shows, text, until, violations } from "./house.mjs";

export async function demo(chrome, pictures) {
  const node = await new Node().start("", "", {}, ["--demo"]);
  try {
    const page = await look(chrome, { language: "zh" });
    await page.goto(node.url);
    right(await shows(page, /演示/), "the demonstration opens on the board and says what it is", await text(page));
    right(await until(() => page.locator("article.card").count().then((n) => n > 2)), "with alarms on it");
    await page.screenshot({ path: join(pictures, "zh-demo.png") });
    const accounts = await fetch(`${node.url}/v1/accounts?limit=50`).then((r) => r.json());
    const views = await Promise.all(accounts.accounts.map((one) => fetch(`${node.url}/v1/accounts/${encodeURIComponent(one.account)}`).then((r) => r.json())));
    const owed = views.find((one) => one.cadence.some((row) => row.state === "running"));
    right(!!owed, "there is an account that is owed meetings");
    if (owed) {
      await page.goto(`${node.url}/accounts/${encodeURIComponent(owed.account)}`);
      right(await until(() => text(page).then((t) => /应做的沟通与报告.*\d\/\d/.test(t))), "how many were done, and how many are wanted", await text(page));
      const found = await violations(page);
      right(found.length === 0, "axe finds nothing there", found.join("\n     "));
      await page.screenshot({ path: join(pictures, "zh-demo-account.png"), fullPage: true });
      await page.goto(`${node.url}/figures?by=month`);
      right(await until(() => text(page).then((t) => /响应 .*中位.*\d+ (秒|分|小时)/.test(t))), "how long an answer takes", await text(page));
      await page.screenshot({ path: join(pictures, "zh-demo-figures.png"), fullPage: true });
    }
    right(page.wrongs.length === 0, "without an error", page.wrongs.join("; "));
    await page.context().close();
  } finally {
    node.stop();
  }
}
