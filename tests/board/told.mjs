// What the board says of messages: that nobody was reached, who stood in, that a channel fails, and the page behind a link
// that several people may use.
import { createServer } from "node:http";
import { join } from "node:path";
import { ago, card, fact, look, Node, right, shows, text, until, violations } from "./house.mjs";

const ROSTER = `people:
  wang.fang: {name: Wang Fang, language: en, channels: [{via: lost}, {via: group}]}
  li.wei: {name: 李伟, language: zh, channels: [{via: lost}, {via: group}]}
  chen.jie: {name: Chen Jie, channels: [{via: desk}]}
last_resort: [chen.jie]
`;
const config = (vendors) => (url) => `roster: roster.yaml
notify:
  public_url: ${url}
  secret: a-secret-of-links-that-is-long-enough
  failing_after: 1s
  channels:
    lost: {type: slack, url: "${vendors.url}/lost"}
    desk: {type: slack, url: "${vendors.url}/desk"}
    group: {type: wecom, url: "${vendors.url}/group"}
`;

/** Stands in for two chats: what each answers is set by `good`. */
class Vendors {
  good = { lost: false, desk: false, group: false };
  bodies = [];
  start() {
    return new Promise((done) => {
      this.server = createServer((request, response) => {
        const name = request.url.slice(1);
        let body = "";
        request.on("data", (part) => {
          body += part;
        });
        request.on("end", () => {
          if (this.good[name]) this.bodies.push(body);
          response.statusCode = this.good[name] ? 200 : 404;
          response.end(name === "group" ? '{"errcode":0}' : "ok");
        });
      }).listen(0, "127.0.0.1", () => {
        this.url = `http://127.0.0.1:${this.server.address().port}`;
        done(this);
      });
    });
  }
  /** The link in the message about a ticket to somebody who reads that language. */
  async link(id, mark) {
    let found;
    await until(async () => {
      found = this.bodies.filter((body) => body.includes(id) && body.includes(mark)).map((body) => /http[^)"]*\/a\/[\w.-]+/.exec(body)?.[0])[0];
      return !!found;
    });
    return found;
  }
  stop() {
    this.server.close();
    this.server.closeAllConnections();
  }
}

async function nobodyIsReached(chrome, node, vendors, pictures) {
  const page = await look(chrome);
  await page.goto(`${node.url}/q?tab=all`);
  await shows(page, /\blive\b/);
  await node.tell([fact("ACME", "ticket.opened", "U-1", ago(1), { priority: "P1", title: "Unheard" })]);
  right(await shows(page, /Unheard.*NOBODY WAS REACHED/), "that nobody was reached is told without loading the page");
  await page.reload();
  right(await shows(page, /Unheard.*NOBODY WAS REACHED/), "and stays there when it is loaded again");
  const found = await violations(page);
  right(found.length === 0, "nobody was reached: axe finds nothing", found.join("\n     "));
  await page.screenshot({ path: join(pictures, "en-unheard.png") });
  await card(page, "U-1").first().locator("p > a").nth(1).click();
  right(await shows(page, /Deliveries.*Chen Jie/), "the alarm's page lists every attempt", page.url());
  right(await shows(page, /Chen Jie stand-in .*not delivered|Chen Jie stand-in .*failed/), "and who stood in");
  await page.screenshot({ path: join(pictures, "en-unheard-detail.png"), fullPage: true });

  vendors.good.desk = true;
  await page.goto(`${node.url}/q?tab=all`);
  await node.tell([fact("ACME", "ticket.opened", "U-2", ago(1), { priority: "P1", title: "Heard in the end" })]);
  right(await shows(page, /Heard in the end[^!]*Chen Jie/, 5000), "who stood in stands among those who were called");
  const words = async () => (await card(page, "U-2").first().innerText()).replace(/\s+/g, " ");
  right(!(await words()).includes("NOBODY"), "and was reached", await words());
  await page.reload();
  right(await until(async () => (await words().catch(() => "")).includes("Chen Jie")), "as it is when the page is loaded again");
  right(page.wrongs.length === 0, "no error on the way", page.wrongs.join("; "));
  await page.context().close();
}

async function aChannelFails(chrome, node, vendors, pictures) {
  const page = await look(chrome);
  vendors.good.group = true; // the other one works again
  await node.tell([fact("ACME", "ticket.opened", "U-3", ago(1), { priority: "P1", title: "By the group" })]);
  await page.goto(`${node.url}/q?tab=all`);
  right(await shows(page, "Nothing gets through by Lost any more"), "a channel that fails is told of in red", await text(page));
  const red = await page.locator(".trouble").evaluate((row) => getComputedStyle(row).color);
  right(red === "rgb(179, 38, 30)", "which is red", red);
  for (const theme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: theme });
    const found = await violations(page);
    right(found.length === 0, `a channel fails, ${theme}: axe finds nothing`, found.join("\n     "));
  }
  await page.screenshot({ path: join(pictures, "en-channel-fails.png") });
  await page.locator(".trouble a").click();
  right(await until(async () => page.url().endsWith("/deliveries?outcome=failed")), "it leads to what failed", page.url());
  vendors.good.lost = true;
  await page.goto(`${node.url}/q?tab=all`);
  await shows(page, "Nothing gets through by Lost");
  await node.tell([fact("ACME", "ticket.opened", "U-4", ago(1), { priority: "P1", title: "It works again" })]);
  right(await until(async () => (await page.locator(".trouble").count()) === 0), "the red goes when something gets through");
  await page.context().close();
}

/** A group of a chat reads it: its link names nobody, so its page has a button for each. */
async function sharedLink(chrome, node, vendors, pictures) {
  vendors.good.lost = false; // the group is told at once
  await node.tell([fact("ACME", "ticket.opened", "U-5", ago(1), { priority: "P1", title: "Line 3 stands still" })]);
  for (const [language, mark] of [["en", "Customer"], ["zh", "客户"]]) {
    const link = await vendors.link("U-5", mark);
    for (const phone of [true, false]) {
      const page = await look(chrome, { language, phone });
      await page.goto(link);
      right(await until(async () => (await page.locator("button[name=person]").count()) >= 2), `the page of a group's link has a button for each who was called, ${language}`, await page.content());
      for (const theme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme: theme });
        const found = await violations(page);
        right(found.length === 0, `the page of a group's link in ${language}, ${theme}: axe finds nothing`, found.join("\n     "));
        await page.screenshot({ path: join(pictures, `${language}-${phone ? "phone" : "desk"}-${theme}-a-group.png`) });
      }
      const low = await page.locator("label, button").evaluateAll((all) => all.filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML));
      right(low.length === 0, "what is touched there is 44 px high", low.join());
      await page.context().close();
    }
  }
  const page = await look(chrome);
  await page.goto(await vendors.link("U-5", "Customer"));
  await page.getByRole("button", { name: "李伟" }).click();
  right(await shows(page, "李伟 has taken it"), "the link and a button: taken by two touches");
  right((await page.getByText("Next step").count()) === 0 && (await page.getByRole("button").count()) === 0, "nothing more comes and nothing more is asked");
  await page.context().close();
}

export async function told(chrome, pictures) {
  const vendors = await new Vendors().start();
  const node = await new Node().start(config(vendors), "", { "roster.yaml": ROSTER });
  try {
    await node.tell([
      fact("ACME", "account.tiered", "ACME", "2026-01-01T00:00:00Z", { tier: "A", name: "Acme Ltd" }),
      fact("ACME", "account.assigned", "ACME", "2026-01-01T00:00:00Z", { role: "service_director", person: ["wang.fang", "li.wei"] }),
    ]);
    await nobodyIsReached(chrome, node, vendors, pictures);
    await aChannelFails(chrome, node, vendors, pictures);
    await sharedLink(chrome, node, vendors, pictures);
  } finally {
    node.stop();
    vendors.stop();
  }
}
