"""What is sent in a demonstration arrives on this machine and is shown: mail, robots, webhooks with their signature."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network

import msgspec
import pytest

from gradeline.demo.sink import Arrived, Sink
from services.alerts.adapters.channels.mail import Mail, Server
from services.alerts.adapters.channels.robots import KINDS, Robot
from services.alerts.adapters.channels.sending import Parcel
from services.alerts.adapters.channels.webhook import Webhook
from services.alerts.adapters.endpoints import Endpoint, Key
from services.alerts.adapters.outbound import Outbound
from shared.edge import clock
from tests.support.receivers import SECRET, TELLING, message


@contextmanager
def sink() -> Iterator[tuple[Sink, list[Arrived]]]:
    arrived: list[Arrived] = []
    one = Sink(arrived.append, secret=SECRET)
    one.start()
    try:
        yield one, arrived
    finally:
        one.stop()


@pytest.mark.parametrize("way", ["mail", "webhook", *KINDS])
async def test_what_is_sent_arrives_and_is_shown(way: str) -> None:
    with sink() as (here, arrived):
        told = message(1, way, "li.na@seller.example", language="zh")
        parcel = Parcel("M-1", told.address, msgspec.json.encode(told), (told,), 1)
        keys = (Key(SECRET),) if way == "webhook" else ()
        to = Endpoint(
            name="n",
            channel=way,
            target=f"http://127.0.0.1:{here.http_port}/{way}/n",
            keys=keys,
            state="active",
            why="",
        )
        outbound = Outbound(allowed=[ip_network("127.0.0.0/8")], ports=[here.http_port])
        server = Server("127.0.0.1", here.mail_port, "none", "", "", "credit@seller.example")
        if way in KINDS:
            receipt = await Robot(KINDS[way], outbound, TELLING).send(parcel, to, now=clock.now(), seconds=10)
        elif way == "mail":
            receipt = await Mail(server, TELLING).send(parcel, None, now=clock.now(), seconds=10)
        else:
            receipt = await Webhook(outbound, console="").send(parcel, to, now=clock.now(), seconds=10)
    assert receipt.outcome == "delivered", receipt
    (one,) = arrived
    assert one.way == way
    assert one.signed == (way == "webhook")
    if way != "webhook":
        assert "C-1：超出信用额度" in one.title
