// Two facts by the CloudEvents SDK for JavaScript: npm install cloudevents. One structured, one in binary mode.
import { CloudEvent, HTTP } from "cloudevents";

const url = (process.env.TOCSIN_URL ?? "http://127.0.0.1:8080") + "/v1/events";
for (const [make, verb, account, data] of [
  [HTTP.structured, "opened", "钱江电机", { priority: "P2", title: "冲压线 2 停机" }],
  // Letters beyond ASCII cannot stand in its headers: encode them.
  [HTTP.binary, "progressed", encodeURIComponent("钱江电机"), { note: "备件已到" }],
]) {
  const event = new CloudEvent({ source: "/examples/node-sdk", type: `tocsin.ticket.${verb}`, subject: "JS-2", partitionkey: account, data });
  const { headers, body } = make(event);
  const token = process.env.TOCSIN_TOKEN ? { authorization: "Bearer " + process.env.TOCSIN_TOKEN } : {};
  const answer = await fetch(url, { method: "POST", headers: { ...headers, ...token }, body });
  console.log(answer.status, await answer.text());
  if (answer.status !== 202) process.exit(1); // the SDK's own emitter would not say so
}
