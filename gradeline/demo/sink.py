"""A mail server and an HTTP receiver of this machine alone: what goes out of the house in a demonstration arrives here."""

from __future__ import annotations

import email
import json
import threading
from collections.abc import Callable
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from aiosmtpd.controller import Controller
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

BYTES = 1_000_000
ANSWER = b'{"errcode":0,"errmsg":"ok","code":0,"msg":"success"}'
"""What DingTalk, WeCom and Feishu answer where they took it."""


class Arrived(NamedTuple):
    """One thing that arrived."""

    way: str
    """mail, webhook, dingtalk, wecom, feishu."""
    to: str
    title: str
    text: str
    signed: bool
    """A webhook whose signature is right."""


class Mailbox:
    """Takes every mail."""

    def __init__(self, told: Callable[[Arrived], None]) -> None:
        """*told* hears of each."""
        self._told = told

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the name is the library's
        """Take one."""
        mail = email.message_from_bytes(envelope.content, policy=default)
        body = mail.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        self._told(Arrived("mail", ", ".join(envelope.rcpt_tos), str(mail["Subject"]), text, False))
        return "250 OK"


def read(path: str, headers: dict[str, str], body: bytes, secret: str) -> Arrived:
    """What a request to the receiver says. Paths begin with the way: `/webhook/erp`, `/dingtalk/sales`."""
    way, _, to = path.partition("?")[0].strip("/").partition("/")
    said = json.loads(body)
    if way in {"dingtalk", "wecom", "feishu"}:
        title, text = card(said)
        return Arrived(way, to, title, text, False)
    signed = False
    if secret:
        try:
            Webhook(secret).verify(body, headers)
            signed = True
        except WebhookVerificationError:
            signed = False
    return Arrived("webhook", to, str(said.get("type", "")), json.dumps(said.get("data"), ensure_ascii=False), signed)


def card(said: dict[str, Any]) -> tuple[str, str]:
    """Title and text of the card of a robot."""
    if "card" in said:
        return said["card"]["header"]["title"]["content"], said["card"]["elements"][0]["text"]["content"]
    inner = said.get("actionCard") or said.get("markdown") or {}
    text = inner.get("text") or inner.get("content") or ""
    return inner.get("title") or text.partition("\n")[0], text


class Sink:
    """Both servers, on loopback."""

    def __init__(
        self,
        told: Callable[[Arrived], None] = lambda _: None,
        *,
        mail_port: int = 0,
        http_port: int = 0,
        secret: str = "",
    ) -> None:
        """*told* hears of everything; a port of 0 takes a free one; *secret* verifies webhooks."""
        sink = self

        class Handler(BaseHTTPRequestHandler):
            """One request."""

            def do_POST(self) -> None:
                """Take it, answer as a robot does."""
                body = self.rfile.read(min(int(self.headers.get("content-length", "0")), BYTES))
                try:
                    sink.told(read(self.path, dict(self.headers.items()), body, sink.secret))
                    status = 200
                except (ValueError, KeyError, TypeError, AttributeError):
                    status = 400
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(ANSWER)))
                self.end_headers()
                self.wfile.write(ANSWER)

            def log_message(self, *_: Any) -> None:
                """Nothing: what arrives is told."""

        self.secret, self.told = secret, told
        self._http = ThreadingHTTPServer(("127.0.0.1", http_port), Handler)
        self._mail = Controller(Mailbox(self._heard), hostname="127.0.0.1", port=mail_port or _free())

    @property
    def settings(self) -> dict[str, str]:
        """What the processes are told so that whatever goes out of the house arrives here."""
        return {
            "GRADELINE_MAIL_HOST": "127.0.0.1",
            "GRADELINE_MAIL_PORT": str(self.mail_port),
            "GRADELINE_MAIL_TLS": "none",
            "GRADELINE_MAIL_USER": "",
            "GRADELINE_MAIL_PASSWORD": "",
            "GRADELINE_OUTBOUND_NETWORKS": "127.0.0.0/8",
            "GRADELINE_OUTBOUND_PORTS": str(self.http_port),
        }

    def _heard(self, one: Arrived) -> None:
        self.told(one)

    def hears(self, told: Callable[[Arrived], None]) -> None:
        """From now on *told* hears of everything."""
        self.told = told

    @property
    def mail_port(self) -> int:
        """Where mail is taken."""
        return int(self._mail.port)

    @property
    def http_port(self) -> int:
        """Where webhooks and robots are."""
        return int(self._http.server_address[1])

    def start(self) -> None:
        """Listen."""
        self._mail.start()
        threading.Thread(target=self._http.serve_forever, name="sink", daemon=True).start()

    def stop(self) -> None:
        """Listen no more."""
        self._mail.stop()
        self._http.shutdown()
        self._http.server_close()


def _free() -> int:
    from shared.edge.embedded.process import free_port

    return free_port()
