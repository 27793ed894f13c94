"""Mail goes out encrypted, with a name and a password, as one message with an id that stays; and refusals are told apart."""

from __future__ import annotations

import asyncio
import email
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from services.alerts.adapters import delivery_rules
from services.alerts.adapters.channels.mail import Mail, Server
from services.alerts.adapters.delivering import Deliverer
from services.alerts.adapters.delivery_wiring import channels, server
from shared.core.errors import Misconfigured
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import open_pool
from tests.support.rating_api import settings
from tests.support.receivers import KNOWN, START, TELLING, Hands, message, put, states

PASSWORD = "CANARY-password"
AUTHORITY = trustme.CA()


class Mailbox:
    """What the mail server was given, and how it answers."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answer = "250 OK queued as 17"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if address.startswith("nobody"):
            return "550 no such user"
        if address.startswith("full"):
            return "452 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert session.ssl is not None
        raw = cast(bytes, envelope.content)
        self.mails.append(cast(EmailMessage, email.message_from_bytes(raw, policy=email.policy.default)))
        return self.answer


def allowed(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    known = (data.login, data.password) == (b"gradeline", PASSWORD.encode())
    return AuthResult(success=known, handled=known)


@asynccontextmanager
async def mail_server(mailbox: Mailbox) -> AsyncIterator[int]:
    """A mail server that takes nothing in clear and nothing without a password."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost").configure_cert(context)

    def made() -> SMTP:
        return SMTP(
            mailbox,
            hostname="localhost",
            tls_context=context,
            require_starttls=True,
            authenticator=allowed,
            auth_required=True,
        )

    server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    await upgraded(database, "alerts")
    opened = await open_pool(database, schema="alerts", size=4)
    yield opened
    await opened.close()


def mail(pool: asyncpg.Pool, port: int, *, password: str = PASSWORD, trusting: bool = True) -> Deliverer:
    trust = ssl.create_default_context()
    if trusting:
        AUTHORITY.configure_trust(trust)
    server = Server("localhost", port, "starttls", "gradeline", password, "Gradeline 信用 <credit@seller.example>")
    channel = Mail(server, TELLING, trust=trust)
    return Deliverer(pool, "email", channel, delivery_rules.shipped()["email"], KNOWN, now=Hands())


async def test_a_mail_says_it_in_text_and_html_and_keeps_its_id(pool: asyncpg.Pool) -> None:
    box = Mailbox()
    async with mail_server(box) as port:
        await put(pool, message(1, "email", "li.na@seller.example", language="zh", severity="critical"))
        assert await mail(pool, port).deliver_due() == 1
    (got,) = box.mails
    assert await states(pool) == {"delivered": 1}
    assert got["Message-ID"] == "<M-1@seller.example>"
    assert got["Subject"] == "[严重] C-1：超出信用额度"
    assert got["To"] == "li.na@seller.example"
    assert got["Auto-Submitted"] == "auto-generated"
    kinds = [part.get_content_type() for part in got.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
    assert "超出信用额度" in got.get_body(("plain",)).get_content()  # type: ignore[union-attr] # it has one
    row = await pool.fetchrow("select outcome, status, detail from attempts")
    assert (row["outcome"], row["status"]) == ("delivered", "250")
    assert "queued as 17" in row["detail"]


async def test_what_the_server_refuses_for_ever_goes_another_way_and_the_rest_waits(pool: asyncpg.Pool) -> None:
    box = Mailbox()
    async with mail_server(box) as port:
        for number, to in enumerate(("nobody@seller.example", "full@seller.example", "no address"), 1):
            await put(pool, message(number, "email", to))
        await mail(pool, port).deliver_due()
    rows = await pool.fetch(
        "select m.state, a.outcome, a.status from messages m join attempts a using (message_id) order by message_id"
    )
    assert [tuple(row) for row in rows] == [
        ("undelivered", "refused", "550"),
        ("waiting", "retry", "452"),
        ("undelivered", "refused", "address"),
    ]


@pytest.mark.parametrize("wrong", ["password", "certificate", "answer", "nobody"])
async def test_a_server_that_is_not_right_is_tried_again(
    pool: asyncpg.Pool, wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    box = Mailbox()
    box.answer = "451 try later" if wrong == "answer" else box.answer
    await put(pool, message(1, "email", "li.na@seller.example", created_at=START))
    async with mail_server(box) as port:
        bad = {"password": {"password": "CANARY-wrong"}, "certificate": {"trusting": False}}.get(wrong, {})
        deliverer = mail(pool, port, **bad)  # type: ignore[arg-type] # a dictionary of arguments
        if wrong != "nobody":
            await asyncio.wait_for(deliverer.deliver_due(), 20)
    if wrong == "nobody":
        await asyncio.wait_for(deliverer.deliver_due(), 20)
    assert await states(pool) == {"waiting": 1}
    told = str([dict(row) for row in await pool.fetch("select * from attempts")]) + str(capsys.readouterr())
    assert "retry" in told
    assert "CANARY" not in told


async def test_where_there_is_no_mail_server_another_way_is_taken_at_once(pool: asyncpg.Pool, tmp_path: Path) -> None:
    channel = channels(settings("", tmp_path))["email"]
    await put(pool, message(1, "email", "li.na@seller.example"))
    room = delivery_rules.shipped()["email"]
    await Deliverer(pool, "email", channel, room, KNOWN, now=Hands()).deliver_due()
    rows = await pool.fetch("select state, why from messages")
    assert [tuple(row) for row in rows] == [("undelivered", "refused: no channel")]


def test_a_password_does_not_go_in_clear(tmp_path: Path) -> None:
    told = settings("", tmp_path, mail_host="mail.example", mail_tls="none", mail_password="CANARY")
    with pytest.raises(Misconfigured, match="GRADELINE_MAIL_TLS"):
        channels(told)
    assert "CANARY" not in repr(told)
    assert "CANARY" not in repr(server(settings("", tmp_path, mail_host="mail.example", mail_password="CANARY")))
