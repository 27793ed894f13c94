"""The two smallest questions one can ask a Kafka broker: does it answer, and does it know itself as a cluster."""

from __future__ import annotations

import socket
import struct

CLIENT = b"gradeline-probe"
API_VERSIONS, METADATA = 18, 3


def kafka_answers(address: str, *, seconds: float = 2.0) -> bool:
    """Whether the broker at *address* (`host:port`) answers ApiVersions and names at least one broker in Metadata.

    An open port is not enough: a broker that still starts accepts connections and says nothing. Never raises for a
    broker that is not there; *seconds* bounds each wait.
    """
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=seconds) as connection:
            if not _ask(connection, API_VERSIONS, b""):
                return False
            metadata = _ask(connection, METADATA, struct.pack(">i", 0))  # version 1, no topics: brokers only
    except OSError:
        return False
    return len(metadata) >= 4 and struct.unpack_from(">i", metadata)[0] > 0


def _ask(connection: socket.socket, api: int, body: bytes) -> bytes:
    """One request and the body of its answer. Empty where the broker hung up."""
    version = 0 if api == API_VERSIONS else 1
    message = struct.pack(">hhih", api, version, 1, len(CLIENT)) + CLIENT + body
    connection.sendall(struct.pack(">i", len(message)) + message)
    head = _read(connection, 8)
    if len(head) < 8:
        return b""
    size, _ = struct.unpack(">ii", head)
    return _read(connection, size - 4) if 4 <= size <= 1 << 20 else b""


def _read(connection: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size and (part := connection.recv(size - len(received))):
        received += part
    return bytes(received)
