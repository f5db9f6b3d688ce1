// One fact from Node 18 or later, without packages.
import { randomUUID } from "node:crypto";

const event = {
  specversion: "1.0", id: randomUUID(), source: "/examples/node", type: "tocsin.ticket.opened", time: new Date().toISOString(),
  subject: "JS-1", partitionkey: "钱江电机", data: { priority: "P2", title: "冲压线 2 停机" },
};
const headers = { "Content-Type": "application/cloudevents+json" };
if (process.env.TOCSIN_TOKEN) headers.Authorization = `Bearer ${process.env.TOCSIN_TOKEN}`;
const answer = await fetch((process.env.TOCSIN_URL ?? "http://127.0.0.1:8080") + "/v1/events", { method: "POST", headers, body: JSON.stringify(event) });
console.log(answer.status, await answer.text());
if (answer.status !== 202) process.exit(1); // fetch does not throw on 400: look at the status
