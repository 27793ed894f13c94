"""E-mail: one multipart message, encrypted on its way, accepted by the mail server or not."""

from __future__ import annotations

import ssl
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, parseaddr
from typing import Literal, NamedTuple

import aiosmtplib
import structlog

from services.alerts.adapters.channels.sending import Parcel, Telling
from services.alerts.adapters.endpoints import Endpoint
from services.alerts.adapters.outbound import shown
from services.alerts.core import rendering
from services.alerts.core.message import Receipt

log = structlog.get_logger(__name__)


class Server(NamedTuple):
    """Who takes our mail."""

    host: str
    port: int
    tls: Literal["starttls", "tls", "none"]
    user: str
    password: str
    sender: str

    def __repr__(self) -> str:
        """Without the password."""
        return f"Server({self.host!r}, {self.port}, {self.tls!r})"


class Mail:
    """Implements `Channel` for addresses of persons."""

    def __init__(self, server: Server, telling: Telling, *, trust: ssl.SSLContext | None = None) -> None:
        """*trust* says whom TLS believes; None: whom the system believes."""
        self._server, self._telling = server, telling
        self._trust = trust or ssl.create_default_context()

    async def send(self, parcel: Parcel, endpoint: Endpoint | None, *, now: datetime, seconds: float) -> Receipt:
        """Hand it to the mail server. `delivered`: the server took it on; whether it is read nobody knows."""
        to = parcel.address
        if not is_mail_address(to):
            return Receipt(outcome="refused", status="address", detail="this is no mail address")
        try:
            _, answer = await aiosmtplib.send(
                self._written(parcel, to, now),
                sender=parseaddr(self._server.sender)[1],
                recipients=[to],
                hostname=self._server.host,
                port=self._server.port,
                use_tls=self._server.tls == "tls",
                start_tls=self._server.tls == "starttls",
                tls_context=self._trust if self._server.tls != "none" else None,
                username=self._server.user or None,
                password=self._server.password or None,
                timeout=seconds,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _refused(error.recipients[0].code, error.recipients[0].message)
        except aiosmtplib.SMTPAuthenticationError as error:
            log.error("the mail server does not let us in", code=error.code)
            return Receipt(
                outcome="retry", status=f"{error.code}", detail="the mail server refused our name or password"
            )
        except aiosmtplib.SMTPSenderRefused as error:
            return Receipt(outcome="retry", status=f"{error.code}", detail=shown(error.message.encode()))
        except aiosmtplib.SMTPResponseException as error:
            return _refused(error.code, error.message)
        except aiosmtplib.SMTPException as error:
            return Receipt(outcome="retry", status=type(error).__name__, detail=shown(str(error).encode()))
        return Receipt(outcome="delivered", status="250", detail=shown(answer.encode()))

    def _written(self, parcel: Parcel, to: str, now: datetime) -> EmailMessage:
        told = self._telling.of(parcel)
        mail = EmailMessage(policy=WIRE)
        mail["From"], mail["To"], mail["Subject"] = self._server.sender, to, told.subject[:240]
        mail["Date"] = format_datetime(now)
        domain = parseaddr(self._server.sender)[1].rpartition("@")[2] or "gradeline.invalid"
        mail["Message-ID"] = f"<{parcel.message_id}@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        if told.severity == "critical":
            mail["Importance"] = "high"
        mail.set_content(rendering.text(told), cte="quoted-printable")
        mail.add_alternative(rendering.html(told), subtype="html", cte="quoted-printable")
        return mail


def is_mail_address(text: str) -> bool:
    """Whether *text* is one address and nothing else: no name, no second one, no header."""
    name, found = parseaddr(text)
    local, _, domain = found.rpartition("@")
    return (
        not name and found == text and bool(local and domain) and text.isprintable() and not set(text) & set(' ,;<>"()')
    )


def _refused(code: int, message: str) -> Receipt:
    """4xx is for now, 5xx is for ever (RFC 5321)."""
    return Receipt(outcome="refused" if code >= 500 else "retry", status=str(code), detail=shown(message.encode()))
