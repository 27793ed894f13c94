"""A client that is closed in the middle of a request leaves no socket behind."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from kafka import KafkaConsumer

from shared.edge.kafka.client import connect
from shared.edge.kafka.profile import EMBEDDED

pytestmark = pytest.mark.parts
LARGE = 50 << 20
"""Bytes that no socket takes at once."""


def test_what_still_waits_to_be_sent_keeps_no_socket_open(broker: Any) -> None:
    consumer = connect(KafkaConsumer, EMBEDDED.consumer(broker.address))
    consumer.topics()  # connects to a node
    net, client = consumer._net, consumer._client
    transports = [one.transport for one in client._manager._conns.values()]
    sockets = [one._sock for one in transports]
    written, ending = threading.Event(), threading.Event()

    def write() -> None:
        for transport in transports:
            transport.write(LARGE.to_bytes(4, "big") + bytes(LARGE))
        written.set()
        ending.wait(10)

    net.call_soon_threadsafe(write)
    assert written.wait(10)
    wake = net.wakeup
    net.wakeup = lambda: (net._stop and ending.set(), wake())  # until then the I/O thread stands still
    client.close()
    assert sockets
    assert [one.fileno() for one in sockets] == [-1] * len(sockets)
