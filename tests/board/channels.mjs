// Takes the pictures of docs/channels.md, by hand: node tests/board/channels.mjs. What each channel's message looks like on the page of the
// local receiver (scripts/receiver.py), which shows what a person's phone got; of mail its HTML form, of Web Push what the
// browser decrypts, of the console its line.
import { execFileSync } from "node:child_process";
import { createDecipheriv, createECDH, hkdfSync, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { ago, browser, fact, Node, Phones, root, until } from "./house.mjs";

const CHANNELS = ["wecom", "dingtalk", "feishu", "slack", "teams", "pagerduty", "webhook", "phone", "alertmanager", "console", "webpush"];
const SHOWN_ELSEWHERE = ["console", "webpush"];
const NAMES = ["王芳", "Wang Fang", "李伟", "Li Wei", "赵磊", "Zhao Lei", "陈杰", "Chen Jie", "郑凯", "Sun Yue", "周敏"];
const where = (name) => join(root, "docs", "pictures", `channel-${name}.png`);
const config = (phones) => (url) => `roster: roster.yaml
notify:
  public_url: ${url}
  secret: a-secret-of-links-that-is-long-enough
  allow_hosts: [127.0.0.1]
  channels:
    wecom: {type: wecom, url: "${phones.url}/wecom"}
    dingtalk: {type: dingtalk, url: "${phones.url}/dingtalk", secret: SECdeadbeefcafe}
    feishu: {type: feishu, url: "${phones.url}/feishu", secret: deadbeefcafe}
    slack: {type: slack, url: "${phones.url}/slack"}
    teams: {type: teams, url: "${phones.url}/teams"}
    pagerduty: {type: pagerduty, routing_key: 0123456789abcdef0123456789abcdef, url: "${phones.url}/pagerduty"}
    webhook: {type: webhook, url: "${phones.url}/webhook", secret: "${Buffer.from("k".repeat(32)).toString("base64")}"}
    phone: {type: http, url: "${phones.url}/phone", body: '{"to":"{{to}}","person":"{{personName}}","text":"{{subject}}","link":"{{acknowledgeUrl}}"}', success: {path: Code, equals: OK}}
    alertmanager: {type: alertmanager, url: "${phones.url}"}
    console: {type: console}
    webpush: {type: webpush, subject: "mailto:ops@example.com"}
    mail: {type: smtp, host: 127.0.0.1, port: 9, tls: none, from: "tocsin@example.com"}
`;
const roster = `people:\n${CHANNELS.map((name, i) => `  p_${name}: {name: ${NAMES[i]}, language: ${i % 2 ? "en" : "zh"}, channels: [{via: ${name}, to: "+8613800000000", mention: wangfang}]}`).join("\n")}\nlast_resort: [p_phone]\n`;

/** A browser with its push service: what it is pushed, decrypted (RFC 8291). */
class Browser {
  pushed = [];
  start() {
    this.keys = createECDH("prime256v1");
    this.point = this.keys.generateKeys();
    this.auth = randomBytes(16);
    return new Promise((done) => {
      this.server = createServer((request, response) => {
        const parts = [];
        request.on("data", (part) => parts.push(part));
        request.on("end", () => {
          this.pushed.push(JSON.parse(this.opened(Buffer.concat(parts))));
          response.statusCode = 201;
          response.end();
        });
      }).listen(0, "127.0.0.1", () => done(this));
    });
  }
  opened(body) {
    const [salt, sender, sealed] = [body.subarray(0, 16), body.subarray(21, 86), body.subarray(86)];
    const info = Buffer.concat([Buffer.from("WebPush: info\0"), this.point, sender]);
    const key = Buffer.from(hkdfSync("sha256", this.keys.computeSecret(sender), this.auth, info, 32));
    const part = (name, length) => Buffer.from(hkdfSync("sha256", key, salt, `Content-Encoding: ${name}\0`, length));
    const cipher = createDecipheriv("aes-128-gcm", part("aes128gcm", 16), part("nonce", 12));
    cipher.setAuthTag(sealed.subarray(-16));
    const plain = Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()]);
    return plain.subarray(0, plain.lastIndexOf(2)).toString("utf8"); // 2 ends the last record
  }
  subscription() {
    const short = (bytes) => bytes.toString("base64url");
    return { endpoint: `http://127.0.0.1:${this.server.address().port}/one`, keys: { p256dh: short(this.point), auth: short(this.auth) } };
  }
}

const phones = await new Phones().start();
const subscribed = await new Browser().start();
const node = await new Node().start(config(phones), "", { "roster.yaml": roster });
const chrome = await browser();
try {
  const answer = await fetch(`${node.url}/v1/people/p_webpush/push`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(subscribed.subscription()) });
  if (answer.status !== 201) throw new Error(await answer.text());
  await node.tell([
    fact("aurora", "account.tiered", "aurora", "2026-01-01T00:00:00Z", { tier: "A", name: "极光能源 Aurora" }),
    fact("aurora", "account.assigned", "aurora", "2026-01-01T00:00:00Z", { role: "service_director", person: CHANNELS.map((name) => `p_${name}`) }),
    fact("aurora", "ticket.opened", "T-1001", ago(18 * 60), { priority: "P1", title: "核心产线停机 Core line down" }),
  ]);
  const missed = async () => (await phones.messages()).filter((m) => /over|超时/.test(m.text));
  const ours = () => {
    const line = node.printed.split("\n").find((one) => one.includes("p_console") && /over|超时/.test(one));
    const push = subscribed.pushed.find((one) => /over|超时/.test(one.body));
    return line && push ? { console: line, webpush: `${push.title}\n${push.body}` } : null;
  };
  if (!(await until(async () => (await missed()).length >= CHANNELS.length - SHOWN_ELSEWHERE.length && ours()))) throw new Error(JSON.stringify([await missed(), ours()]));
  const page = await chrome.newPage({ viewport: { width: 420, height: 900 }, colorScheme: "light" });
  const style = "body{margin:0;font:15px/1.45 system-ui,sans-serif}p{margin:0;padding:.6rem .8rem;border-radius:12px;background:#fde7e5;width:22rem;overflow-wrap:anywhere;white-space:pre-wrap}";
  for (const name of CHANNELS) {
    const shown = ours()[name] ?? (await missed()).find((m) => m.vendor === name).shown;
    await page.setContent(`<style>${style}</style><p></p>`);
    // Links are cut: their tokens say nothing to a reader.
    await page.evaluate((text) => (document.querySelector("p").textContent = text), shown.replace(/\/a\/[\w.-]+/g, "/a/…").replace(/http:\/\/127\.0\.0\.1:\d+/g, "https://tocsin.example.com"));
    await page.locator("p").screenshot({ path: where(name) });
  }
  const mail = execFileSync(process.env.TOCSIN ?? join(root, "build", "release", "tocsin"), ["notify", "preview", "--channel", "mail", "--lang", "zh", "--config", join(node.folder, "config.yaml")], { encoding: "utf8" });
  const part = /Content-Type: text\/html[^]*?\r?\n\r?\n([A-Za-z0-9+/=\s]+?)\r?\n--/.exec(mail);
  if (part) {
    await page.setContent(Buffer.from(part[1], "base64").toString("utf8"));
    await page.locator("body").screenshot({ path: where("smtp") });
  }
  writeFileSync("/dev/stdout", `${CHANNELS.length + (part ? 1 : 0)} pictures in docs/pictures\n`);
} finally {
  await chrome.close();
  node.stop();
  phones.stop();
  subscribed.server.close();
}
