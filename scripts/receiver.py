#!/usr/bin/env python3
"""A stand-in for the services that messages go to: WeCom, DingTalk, Feishu, Slack, Teams, PagerDuty, a Standard Webhooks
receiver, a phone gateway, push services. It checks signature, headers and body as they do, answers as they do, and shows at `/`
what each person's phone got.

    scripts/receiver.py [PORT]       listens on 127.0.0.1; prints its address

Tests import it, and let it fail as the vendors do (`Receiver.fails`).
"""
import base64
import hashlib
import hmac
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Who was told what</title><style>
body{font:15px/1.45 system-ui,sans-serif;background:#e9ecf1;margin:1.5rem;color:#1b1f24}
main{display:flex;flex-wrap:wrap;gap:1rem;align-items:flex-start}
section{background:#fff;border-radius:18px;padding:.9rem;width:19rem;box-shadow:0 2px 8px #0002}
h2{font-size:1rem;margin:.1rem 0 .6rem}p{margin:.4rem 0;padding:.55rem .7rem;border-radius:12px;background:#f1f4f8;overflow-wrap:anywhere;white-space:pre-wrap}
p.high{background:#fde7e5}small{color:#667;display:block}a{color:#b3261e}
@media(prefers-color-scheme:dark){body{background:#121417;color:#e6e8eb}section{background:#1d2126}p{background:#272c33}p.high{background:#4a2320}}
</style></head><body><h1>Who was told what</h1><main></main><script>
let seen=-1
async function show(){
  const list=await (await fetch('messages')).json()
  if(list.length===seen)return
  seen=list.length
  const phones=new Map()
  for(const m of list){const key=m.person||m.vendor;if(!phones.has(key))phones.set(key,[]);phones.get(key).push(m)}
  const main=document.querySelector('main');main.replaceChildren()
  for(const [who,messages] of phones){
    const s=document.createElement('section'),h=document.createElement('h2');h.textContent=who;s.append(h)
    for(const m of messages.slice(-12).reverse()){
      const p=document.createElement('p');p.textContent=m.shown;p.className=m.high?'high':''
      const i=document.createElement('small');i.textContent=m.vendor+' '+m.at;p.append(i)
      if(m.link){const a=document.createElement('a');a.href=m.link;a.textContent='Take it';p.append(a)}
      s.append(p)}
    main.append(s)}
}
show();setInterval(()=>show().catch(()=>{}),1000)
</script></body></html>"""


def b64hmac(key, text):
    return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


class Refused(Exception):
    """What the vendor answers to what it does not take: (status, body)."""


class Receiver:
    """`messages`: what was taken, in order: {vendor, at, monotonic, person, text, link, high, id, body, headers}. `refused`: why
    something was not. `fails[vendor]`: a function of the number of its request (from 0) that gives None or one of
    `500`, `400`, `429`, `hang`, `reset`, `drip`, `redirect`, `error_body`."""
    secrets = {"webhook": base64.b64encode(b"k" * 32).decode(), "dingtalk": "SECdeadbeefcafe", "feishu": "deadbeefcafe"}

    def __init__(self, port=0, tls=None):
        """`tls`: an ssl.SSLContext of a server."""
        self.messages, self.refused, self.requests, self.fails = [], [], [], {}
        self.asked = {}  # by vendor: when it was asked to wait, by time.monotonic
        self.lock = threading.Lock()
        self.closing = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                receiver.get(self)

            def do_POST(self):
                receiver.post(self)

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 1024

            def handle_error(self, *_):
                pass  # a client that went away, or that does not trust us

        self.server = Server(("127.0.0.1", port), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()

    # ---- answers
    @staticmethod
    def answer(handler, status, body=b"", kind="application/json", headers=()):
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def get(self, handler):
        path = urlparse(handler.path).path
        if path == "/messages":
            with self.lock:
                shown = [{k: m[k] for k in ("vendor", "at", "person", "text", "shown", "link", "high")} for m in self.messages]
            return self.answer(handler, 200, json.dumps(shown).encode())
        if path == "/heartbeat":
            with self.lock:
                self.requests.append("heartbeat")
            return self.answer(handler, 200)
        return self.answer(handler, 200 if path == "/" else 404, PAGE.encode() if path == "/" else b"", "text/html; charset=utf-8")

    def post(self, handler):
        raw = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        url = urlparse(handler.path)
        vendor = url.path.strip("/").split("/")[0]
        vendor = "alertmanager" if vendor == "api" else vendor
        with self.lock:
            number = sum(1 for r in self.requests if r == vendor)
            self.requests.append(vendor)
        failure = self.fails.get(vendor, lambda n: None)(number)
        if failure and not self.fail(handler, vendor, failure):
            return None
        try:
            known = getattr(self, "take_" + vendor, None)
            if known is None:
                raise Refused(404, b"{}")
            message, status, body = known(handler.headers, url, raw)
        except Refused as why:
            with self.lock:
                self.refused.append((vendor, why.args))
            return self.answer(handler, *why.args)
        except (ValueError, KeyError, TypeError, IndexError) as why:
            with self.lock:
                self.refused.append((vendor, repr(why)))
            return self.answer(handler, 400, b'{"errors":["malformed"]}')
        message.setdefault("shown", message.get("text", ""))
        message = {"vendor": vendor, "at": time.strftime("%H:%M:%S"), "monotonic": time.monotonic(), "person": "", "text": "",
                   "link": "", "high": False, "id": "", "headers": dict(handler.headers), "raw": raw} | message
        with self.lock:
            self.messages.append(message)
        return self.answer(handler, status, body, "text/plain" if vendor == "slack" else "application/json")

    def fail(self, handler, vendor, how):
        """Whether the request is to be taken all the same (a failure after it was taken: none so far)."""
        if how == "hang":
            self.closing.wait(30)
        elif how == "drip":
            try:
                handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
                while not self.closing.wait(0.2):
                    handler.wfile.write(b" ")
                    handler.wfile.flush()
            except OSError:
                pass
        elif how == "reset":
            import socket
            import struct
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif how == "redirect":
            self.answer(handler, 302, b"", headers=[("Location", self.url + "/elsewhere")])
            return False
        elif how == "429":
            self.asked[vendor] = time.monotonic()
            self.answer(handler, 429, b"slow down", headers=[("Retry-After", "1")])
            return False
        elif how == "error_body":
            body = {"wecom": b'{"errcode":93000,"errmsg":"invalid webhook url"}', "dingtalk": b'{"errcode":310000,"errmsg":"sign not match"}',
                    "feishu": b'{"code":19021,"msg":"sign match fail"}', "slack": b"invalid_token"}.get(vendor, b"{}")
            self.answer(handler, 200, body)
            return False
        else:
            self.answer(handler, int(how), b"{}")
            return False
        handler.close_connection = True
        return False

    # ---- what each vendor wants
    def take_wecom(self, headers, url, raw):
        body = json.loads(raw)
        content = body["markdown"]["content"]
        if body["msgtype"] != "markdown":
            raise Refused(200, b'{"errcode":40008,"errmsg":"invalid message type"}')
        if len(content.encode()) > 4096:
            raise Refused(200, b'{"errcode":40058,"errmsg":"content too long"}')
        return {"text": content, "body": body, "person": "企业微信群", "high": "warning" in content}, 200, b'{"errcode":0,"errmsg":"ok"}'

    def take_dingtalk(self, headers, url, raw):
        query = parse_qs(url.query)
        stamp, secret = query["timestamp"][0], self.secrets["dingtalk"]
        if query["sign"][0] != b64hmac(secret.encode(), f"{stamp}\n{secret}".encode()) or abs(int(stamp) / 1000 - time.time()) > 3600:
            raise Refused(200, b'{"errcode":310000,"errmsg":"sign not match"}')
        body = json.loads(raw)
        text = body["markdown"]["text"]
        for mobile in body["at"]["atMobiles"] + body["at"]["atUserIds"]:
            if "@" + mobile not in text:
                raise Refused(200, b'{"errcode":400,"errmsg":"the mention is not in the text"}')
        return {"text": text, "body": body, "person": "钉钉群"}, 200, b'{"errcode":0,"errmsg":"ok"}'

    def take_feishu(self, headers, url, raw):
        body = json.loads(raw)
        key = f"{body['timestamp']}\n{self.secrets['feishu']}".encode()
        if body["sign"] != b64hmac(key, b"") or not isinstance(body["timestamp"], str) or len(raw) > 20_000:
            raise Refused(200, b'{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}')
        card = body["card"]
        text = card["header"]["title"]["content"] + "\n" + card["elements"][0]["text"]["content"]
        return {"text": text, "body": body, "person": "飞书群", "high": card["header"]["template"] == "red"}, 200, \
            b'{"code":0,"msg":"success","data":{},"StatusCode":0,"StatusMessage":"success"}'

    def take_slack(self, headers, url, raw):
        body = json.loads(raw)
        if not body.get("text"):
            raise Refused(400, b"no_text")
        lines = [field["text"].replace("*", "").replace("\n", ": ") for block in body.get("blocks", []) for field in block.get("fields", [])]
        return {"text": body["text"], "body": body, "shown": "\n".join([body["text"], *lines])}, 200, b"ok"

    def take_teams(self, headers, url, raw):
        body = json.loads(raw)
        card = body["attachments"][0]["content"]
        if body["type"] != "message" or card["type"] != "AdaptiveCard" or len(raw) > 28_000:
            raise Refused(400, b"{}")
        lines = [f"{fact['title']}: {fact['value']}" for part in card["body"] for fact in part.get("facts", [])]
        return {"text": card["body"][0]["text"], "body": body, "shown": "\n".join([card["body"][0]["text"], *lines])}, 202, b""

    def take_pagerduty(self, headers, url, raw):
        body = json.loads(raw)
        errors = []
        if len(body["routing_key"]) != 32:
            errors.append("Length of 'routing_key' is incorrect (should be 32 characters)")
        if body["event_action"] == "trigger":
            payload = body["payload"]
            if payload["severity"] not in ("critical", "error", "warning", "info") or not payload["source"] or len(payload["summary"]) > 1024:
                errors.append("payload")
        if errors:
            raise Refused(400, json.dumps({"status": "invalid event", "errors": errors}).encode())
        text = body["event_action"] + (": " + body["payload"]["summary"] if "payload" in body else "")
        shown = text + "\n\n" + body["payload"]["custom_details"].get("text", "") if "payload" in body else text
        return {"text": text, "body": body, "id": body["dedup_key"], "shown": shown}, 202, json.dumps(
            {"status": "success", "message": "Event processed", "dedup_key": body["dedup_key"]}).encode()

    def take_webhook(self, headers, url, raw):
        stamp = headers["webhook-timestamp"]
        signed = f"{headers['webhook-id']}.{stamp}.".encode() + raw
        want = "v1," + b64hmac(base64.b64decode(self.secrets["webhook"]), signed)
        if want not in headers["webhook-signature"].split() or abs(int(stamp) - time.time()) > 300:
            raise Refused(401, b"{}")
        body = json.loads(raw)
        data = body["data"]
        return {"text": data["subject"], "shown": data.get("text") or data["subject"], "body": body, "id": headers["webhook-id"], "person": data.get("personName", ""),
                "link": data.get("acknowledgeUrl", ""), "high": data.get("high", False)}, 200, b"{}"

    def take_phone(self, headers, url, raw):
        body = json.loads(raw)
        return {"text": body["text"], "body": body, "id": headers.get("Idempotency-Key", ""), "person": body.get("person") or body["to"],
                "link": body.get("link", ""), "high": bool(body.get("high"))}, 200, b'{"Code":"OK","Message":"OK"}'

    def take_alertmanager(self, headers, url, raw):
        alerts = json.loads(raw)
        notes = alerts[0]["annotations"]
        return {"text": notes["summary"], "shown": notes["summary"] + "\n\n" + notes["description"], "body": alerts}, 200, b""

    def take_push(self, headers, url, raw):
        for name in ("TTL", "Urgency", "Topic", "Authorization"):
            if not headers.get(name):
                raise Refused(400, b"{}")
        if headers["Content-Encoding"] != "aes128gcm" or len(raw) > 4096 or not headers["Authorization"].startswith("vapid t="):
            raise Refused(400, b"{}")
        return {"text": f"{len(raw)} bytes", "body": raw}, 201, b""


if __name__ == "__main__":
    receiver = Receiver(int(sys.argv[1]) if len(sys.argv) > 1 else 8090)
    print(f"what people's phones got: {receiver.url}/", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        pass
