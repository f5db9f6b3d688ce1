#!/usr/bin/env python3
"""Mail through real servers: aiosmtpd plain, with STARTTLS and with TLS from the start, with a password; postfix with a spool that
is read. Certificates are made here; the node trusts their authority by CURL_CA_BUNDLE. What is not installed is skipped.

    tests/system/notify_mail.py [NAME…]      TOCSIN=binary"""
import contextlib
import email
import email.policy
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from crash_node import free_port
from notify import World, right, run, until

PASSWORD = "mail-password-of-ours"
SERVER = """
import asyncio, json, ssl, sys, threading
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
port, how, certificate, key, password = int(sys.argv[1]), *sys.argv[2:6]
class Handler:
    async def handle_DATA(self, server, session, envelope):
        print(json.dumps({"to": envelope.rcpt_tos, "tls": session.ssl is not None or how == "tls", "user": session.authenticated,
                          "mail": envelope.content.decode()}), flush=True)
        return "250 ok"
def allowed(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"tocsin" and data.password == password.encode(), handled=False)
context = None
if how != "none":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
more = {"require_starttls": True, "tls_context": context} if how == "starttls" else {"ssl_context": context} if how == "tls" else {}
if password:
    more |= {"auth_required": True, "authenticator": allowed, "auth_require_tls": how == "starttls"}
Controller(Handler(), hostname="127.0.0.1", port=port, **more).start()
print("up", flush=True)
threading.Event().wait()
"""


def aiosmtpd_is_there():
    found = subprocess.run(["/usr/bin/python3", "-c", "import aiosmtpd"], capture_output=True, check=False).returncode == 0
    if not found:
        print("  skipped: python3-aiosmtpd is not installed", flush=True)
    return found


def certificate(folder, name="127.0.0.1"):
    """Of an authority made here: paths of certificate, key, authority."""
    folder = Path(folder)

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)
    (folder / "names").write_text(f"subjectAltName=IP:127.0.0.1,DNS:localhost\n" if name == "127.0.0.1" else f"subjectAltName=DNS:{name}\n")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=An authority")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.csr", "-subj", f"/CN={name}")
    openssl("x509", "-req", "-in", "cert.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "cert.pem", "-days", "2", "-extfile", "names")
    return folder / "cert.pem", folder / "key.pem", folder / "ca.pem"


@contextlib.contextmanager
def server(how, files=("-", "-"), password=""):
    port = free_port()
    process = subprocess.Popen(["/usr/bin/python3", "-W", "ignore", "-c", SERVER, str(port), how, *map(str, files[:2]), password], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    try:
        right(process.stdout.readline().strip() == "up", "the mail server is up")
        yield port, process.stdout
    finally:
        process.kill()
        process.wait()


def channel(port, tls, more=""):
    return f"    mail: {{type: smtp, host: 127.0.0.1, port: {port}, tls: {tls}, from: 'Tocsin <tocsin@example.com>'{more}}}\n"


ANA = {"ana": "{via: mail, to: ana@example.com}"}


def as_a_reader_sees_it(raw):
    """Checks a message as mail programs read it, and gives it back."""
    mail = email.message_from_string(raw, policy=email.policy.default)
    right(mail["Subject"].startswith("P1 T-1 ") and "Aurora 极光" in mail["Subject"], f"subject: {mail['Subject']}")
    right(all(len(line) <= 998 for line in raw.splitlines()), "no line is too long")
    right(mail["From"] == "Tocsin <tocsin@example.com>" and mail["To"] == "ana@example.com", f"{mail['From']} {mail['To']}")
    right(mail["Auto-Submitted"] == "auto-generated" and mail["Date"].datetime and mail["Message-ID"].startswith("<tn_"), "its headers")
    right(mail["In-Reply-To"] == mail["References"] and mail["References"].endswith("@example.com>"), "one thread an alarm")
    right(mail.get_content_type() == "multipart/alternative", mail.get_content_type())
    plain, html = mail.get_body(("plain",)).get_content(), mail.get_body(("html",)).get_content()
    right("/a/" in plain and "核心产线停机 <b>&" in plain, f"text: {plain}")
    right("/a/" in html and "&lt;b&gt;&amp;" in html and "<b>" not in html, f"page: {html}")
    return mail


def delivered_by(how, password=""):
    if not aiosmtpd_is_there():
        return
    with tempfile.TemporaryDirectory() as scratch:
        files = certificate(scratch)
        with server(how, files, password) as (port, out):
            more = f", user: tocsin, password: {PASSWORD}" if password else ""
            with World(ANA, channels=channel(port, how, more), environment={"CURL_CA_BUNDLE": str(files[2])}) as w:
                w.assign(["ana"])
                w.p1()
                told = json.loads(out.readline())
                right(told["to"] == ["ana@example.com"] and told["tls"] == (how != "none") and bool(told["user"]) == bool(password), f"{told}")
                first = as_a_reader_sees_it(told["mail"])
                right(until("its outcome", w.outcomes)[0]["type"].endswith("delivered"), "delivered")
                w.post("ticket.responded", "T-1", {"by": "somebody"})
                over = email.message_from_string(json.loads(out.readline())["mail"], policy=email.policy.default)
                right(over["References"] == first["References"] and over["Message-ID"] != first["Message-ID"], "that it is over comes in the same thread")


def mail_without_tls():
    delivered_by("none")


def mail_by_starttls():
    delivered_by("starttls")


def mail_by_starttls_with_a_password():
    delivered_by("starttls", PASSWORD)


def mail_by_tls_from_the_start():
    delivered_by("tls")


def fails(how, tls, attempts, error, password="", name="127.0.0.1", trust=True, more=""):
    if not aiosmtpd_is_there():
        return
    with tempfile.TemporaryDirectory() as scratch:
        files = certificate(scratch, name)
        with server(how, files, password) as (port, _):
            with World(ANA, channels=channel(port, tls, more), environment={"CURL_CA_BUNDLE": str(files[2])} if trust else {}) as w:
                w.assign(["ana"])
                w.p1()
                told = until("its outcome", lambda: [e for e in w.outcomes() if e["data"]["channel"] == "mail"], 40)[0]
                right(told["type"].endswith("failed") and told["data"]["attempts"] == attempts and error in told["data"]["error"], f"{told['data']}")
                until("the last resort", lambda: w.got("phone"))
                said = (w.node.scratch / "node.log").read_text() + json.dumps(w.log())
                right(PASSWORD not in said and "a-wrong-one" not in said, "no password is told")


def a_wrong_password_is_not_tried_again():
    fails("starttls", "starttls", 1, "reply 535", PASSWORD, more=", user: tocsin, password: a-wrong-one")


def nothing_is_said_to_a_server_without_tls():
    fails("none", "starttls", 3, "", more=f", user: tocsin, password: {PASSWORD}")


def nothing_is_said_to_another_name():
    fails("starttls", "starttls", 3, "", name="elsewhere.example")


def nothing_is_said_to_an_authority_that_nobody_trusts():
    fails("tls", "tls", 3, "", trust=False)


class Stumbling(threading.Thread):
    """Takes mail; what it says after the data of the nth is given, None: it hangs up."""

    def __init__(self, *answers):
        super().__init__(daemon=True)
        self.answers, self.mails, self.socket = list(answers), [], socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return  # closed
            with connection, connection.makefile("rwb") as stream:
                self.talk(stream)

    def talk(self, stream):
        def say(text):
            stream.write(text.encode() + b"\r\n")
            stream.flush()
        say("220 here")
        for line in stream:
            word = line[:4].upper()
            if word == b"DATA":
                say("354 go on")
                lines = []
                for part in stream:
                    if part == b".\r\n":
                        break
                    lines.append(part)
                self.mails.append(b"".join(lines).decode())
                answer = self.answers.pop(0) if self.answers else "250 ok"
                if answer is None:
                    return
                say(answer)
            elif word == b"QUIT":
                return say("221 bye")
            else:
                say("250 ok")


def what_stumbles_is_tried_again_as_the_same_mail():
    server = Stumbling("451 later", None, "250 ok")
    try:
        with World(ANA, channels=channel(server.port, "none")) as w:
            w.assign(["ana"])
            w.p1()
            told = until("its outcomes", lambda: [e for e in w.outcomes() if e["data"]["channel"] == "mail" and e["type"].endswith("delivered")], 60)[0]
            right(told["data"]["attempts"] == 3 and len(server.mails) == 3, f"{told['data']} {len(server.mails)}")
            ids = {email.message_from_string(mail, policy=email.policy.default)["Message-ID"] for mail in server.mails}
            right(len(ids) == 1, f"one id: {ids}")
            as_a_reader_sees_it(server.mails[-1])
    finally:
        server.socket.close()


def a_mailbox_that_is_full_for_good_is_not_tried_again():
    server = Stumbling("552 full")
    try:
        with World(ANA, channels=channel(server.port, "none")) as w:
            w.assign(["ana"])
            w.p1()
            told = until("its outcome", lambda: [e for e in w.outcomes() if e["data"]["channel"] == "mail"])[0]
            right(told["type"].endswith("failed") and told["data"]["attempts"] == 1 and told["data"]["error"] == "reply 552", f"{told['data']}")
    finally:
        server.socket.close()


def mail_by_postfix():
    postfix = shutil.which("postfix") or shutil.which("postfix", path="/usr/sbin:/usr/lib/postfix/sbin")
    if postfix is None or os.getuid() != 0:
        print("  skipped: postfix is not installed, or this is not root", flush=True)
        return
    with tempfile.TemporaryDirectory(prefix="tocsin-postfix-") as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        files = certificate(scratch)
        for name in ("etc", "queue", "data", "mail"):
            (folder / name).mkdir()
        for name in ("data", "mail"):
            shutil.chown(folder / name, "postfix", "postfix")
        ports = {"starttls": free_port(), "tls": free_port()}
        uid, gid = (folder / "mail").stat().st_uid, (folder / "mail").stat().st_gid
        (folder / "etc" / "main.cf").write_text(f"""compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.example.com
mydestination =
alias_maps =
virtual_mailbox_domains = example.com
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ana@example.com=ana}}
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_tls_cert_file = {files[0]}
smtpd_tls_key_file = {files[1]}
smtpd_tls_security_level = encrypt
smtpd_relay_restrictions = reject_unauth_destination
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
""")
        services = [f"127.0.0.1:{ports['starttls']} inet n - n - - smtpd", f"127.0.0.1:{ports['tls']} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes",
                    "postlog unix-dgram n - n - 1 postlogd", "cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr", "rewrite unix - - n - - trivial-rewrite"]
        services += [f"{name} unix - n n - 0 bounce" for name in ("bounce", "defer", "trace")]
        services += [f"{name} unix - n n - 1 {name}" for name in ("tlsmgr", "proxymap", "virtual", "error", "anvil", "scache")]
        (folder / "etc" / "master.cf").write_text("\n".join(services) + "\n")
        log = folder / "log"
        with log.open("w") as output:  # no pipe: its master keeps it open
            started = subprocess.run([postfix, "-c", folder / "etc", "start"], stdout=output, stderr=output, timeout=30, check=False)
        right(started.returncode == 0, f"postfix starts: {log.read_text()}")
        try:
            for tls, port in ports.items():
                with World(ANA, channels=channel(port, tls), environment={"CURL_CA_BUNDLE": str(files[2])}) as w:
                    w.assign(["ana"])
                    w.p1()
                    right(until("its outcome", w.outcomes)[0]["type"].endswith("delivered"), f"delivered, {tls}: {w.outcomes()} {log.read_text()}")
                    inbox = folder / "mail" / "ana"
                    until("it lies in the inbox", lambda: inbox.exists() and "tocsin@example.com" in inbox.read_text())
                    raw = inbox.read_text()
                    as_a_reader_sees_it(raw.split("\n", 1)[1])  # after the line `From …`
                    inbox.unlink()
            with World({"ana": "{via: mail, to: nobody@example.com}"}, channels=channel(ports["tls"], "tls"), environment={"CURL_CA_BUNDLE": str(files[2])}) as w:
                w.assign(["ana"])
                w.p1()
                told = until("its outcome", lambda: [e for e in w.outcomes() if e["data"]["channel"] == "mail"])[0]
                right(told["data"]["error"] == "reply 550" and told["data"]["attempts"] == 1, f"nobody of that name: {told['data']}")
        finally:
            subprocess.run([postfix, "-c", folder / "etc", "stop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=30, check=False)


if __name__ == "__main__":
    sys.exit(run([mail_without_tls, mail_by_starttls, mail_by_starttls_with_a_password, mail_by_tls_from_the_start, a_wrong_password_is_not_tried_again,
                  nothing_is_said_to_a_server_without_tls, nothing_is_said_to_another_name, nothing_is_said_to_an_authority_that_nobody_trusts,
                  what_stumbles_is_tried_again_as_the_same_mail, a_mailbox_that_is_full_for_good_is_not_tried_again, mail_by_postfix]))
