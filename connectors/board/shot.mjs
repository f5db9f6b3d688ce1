import { chromium } from "playwright-core";
const [, , base, out, ...paths] = process.argv;
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
for (const [name, viewport, locale, colorScheme] of [["phone", { width: 390, height: 844 }, "zh-CN", "dark"], ["desk", { width: 1200, height: 900 }, "en-GB", "light"]]) {
  const page = await (await browser.newContext({ viewport, locale, colorScheme })).newPage();
  page.on("console", (m) => console.log(name, m.type(), m.text()));
  page.on("pageerror", (e) => console.log(name, "ERROR", e.message));
  for (const path of paths) {
    await page.goto(base + path);
    await page.waitForTimeout(1500);
    await page.screenshot({ path: `${out}/${name}${path.replaceAll("/", "_")}.png` });
  }
}
await browser.close();
