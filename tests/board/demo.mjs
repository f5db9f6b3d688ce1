// The demonstration as a newcomer sees it: the board is what its address opens, and its story runs in a time of its own.
import { join } from "node:path";
import { look, Node, right, shows, text, until } from "./house.mjs";

export async function demo(chrome, pictures) {
  const node = await new Node().start("", "", {}, ["--demo"]);
  try {
    const page = await look(chrome, { language: "zh" });
    await page.goto(node.url);
    right(await shows(page, /演示/), "the demonstration opens on the board and says what it is", await text(page));
    right(await until(() => page.locator("article.card").count().then((n) => n > 2)), "with alarms on it");
    await page.screenshot({ path: join(pictures, "zh-demo.png") });
    await page.goto(`${node.url}/figures?by=month`);
    right(await until(() => text(page).then((t) => /响应 .*中位.*\d+ (秒|分|小时)/.test(t))), "how long an answer takes", await text(page));
    await page.screenshot({ path: join(pictures, "zh-demo-figures.png"), fullPage: true });
    // Nothing of what lies where it was started, and nothing missing that nobody set up.
    await page.goto(`${node.url}/rejected`);
    right(await shows(page, "暂无内容"), "it has rejected nothing", await text(page));
    await page.goto(`${node.url}/roster`);
    right(await shows(page, /尚未配置排班.*谁会被呼叫/), "it has no roster, and says so");
    right(!(await text(page)).includes("无人"), "not that nobody is on call", await text(page));
    right(page.wrongs.length === 0, "without an error", page.wrongs.join("; "));
    await page.context().close();
  } finally {
    node.stop();
  }
}
