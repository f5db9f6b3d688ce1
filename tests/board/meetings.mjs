// What an account is owed each month, counted from real facts. A promise of a period begins with the first whole one after its
// account was known, so the node's wall clock stands five weeks back while the account is told, and is then right again.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fact, look, Node, right, root, shows, text, until, violations } from "./house.mjs";

const WEEKS_BACK_MS = 35 * 86_400_000;

class LateNode extends Node {
  leap(ms) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(ms));
    writeFileSync(this.file, bytes, { flag: "r+" });
  }
  again() {
    const library = join(this.folder, "leaping_clock.so");
    execFileSync("cc", ["-x", "c", "-shared", "-fPIC", "-O1", "-o", library, join(root, "tests", "system", "leaping_clock.c")]);
    this.file = join(this.folder, "leap");
    writeFileSync(this.file, Buffer.alloc(8));
    this.leap(-WEEKS_BACK_MS);
    this.environment = { LD_PRELOAD: library, TOCSIN_LEAP: this.file };
    return super.again();
  }
  async toToday() {
    this.leap(0);
    const answer = await fetch(`${this.url}/v1/clock/accept`, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
    if (!answer.ok) throw new Error(await answer.text());
  }
}

export async function meetings(chrome, pictures) {
  const node = await new LateNode().start();
  try {
    await node.tell([fact("ACME", "account.tiered", "ACME", "2026-01-01T00:00:00Z", { tier: "A", name: "Acme Ltd" })]);
    await node.toToday();
    const page = await look(chrome, { language: "zh" });
    const now = () => fetch(`${node.url}/v1/board?limit=1`).then((r) => r.json()).then((b) => b.now);
    const month = new Date(Date.parse(await now()) + 8 * 3_600_000).toISOString().slice(0, 7); // in Shanghai
    const held = async () => node.tell([fact("ACME", "account.contacted", "ACME", await now(), { kind: "business_review", by: "Li Wei" })]);
    const says = async (reviews) => {
      await page.goto(`${node.url}/accounts/ACME`);
      right(await shows(page, new RegExp(`业务回顾 ${month} ${reviews}`)), `two reviews a month are owed, it says ${reviews}`, (await text(page)).slice(0, 900));
    };
    await until(() => fetch(`${node.url}/v1/accounts/ACME`).then((r) => r.json()).then((a) => a.cadence.some((c) => c.cycle === month)));
    await says("0/2 剩");
    await held();
    await says("1/2 剩");
    await page.getByText("全部沟通（1）").click();
    right(await shows(page, "Li Wei"), "who spoke with the customer");
    for (const theme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: theme });
      const found = await violations(page);
      right(found.length === 0, `meetings, ${theme}: axe finds nothing`, found.join("\n     "));
    }
    await page.screenshot({ path: join(pictures, "zh-meetings.png"), fullPage: true });
    await held();
    await says("2/2 ✔");
    right(page.wrongs.length === 0, "no error on the way", page.wrongs.join("; "));
    await page.context().close();
  } finally {
    node.stop();
  }
}
