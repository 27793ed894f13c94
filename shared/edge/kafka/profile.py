"""How to talk to a broker: every timeout written down, and the security settings passed through as they are."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import msgspec

from shared.core.errors import Misconfigured

MAX_RECORD_BYTES = 1_000_000
"""Largest key + value + headers we send: below Kafka's default of 1,048,588, also where the broker would take more."""


class Security(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The client's security settings, by kafka-python's names. Empty: plain text, for loopback only."""

    security_protocol: str = "PLAINTEXT"
    """PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""
    sasl_mechanism: str | None = None
    """PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, GSSAPI or OAUTHBEARER."""
    sasl_plain_username: str | None = None
    sasl_plain_password: str | None = None
    ssl_cafile: str | None = None
    ssl_certfile: str | None = None
    ssl_keyfile: str | None = None
    ssl_password: str | None = None
    ssl_check_hostname: bool = True

    def __repr__(self) -> str:
        """Without the passwords."""
        return f"Security({self.security_protocol}, {self.sasl_mechanism}, user={self.sasl_plain_username})"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The timeouts of one kind of broker. Milliseconds unless the name says seconds."""

    name: str
    session_timeout_ms: int
    heartbeat_interval_ms: int
    request_timeout_ms: int
    bootstrap_timeout_ms: int
    metadata_max_age_ms: int
    publish_s: float
    """How long one chunk may wait for its acknowledgements before the producer is rebuilt."""
    stuck_s: float
    """A poll that has not returned after this long never will (kafka-python loops for ever on a bad batch)."""
    replaces_topics: bool
    """Whether a topic that clients made with a wrong partition count is deleted after the broker lost its log."""
    max_poll_interval_ms: int = 300_000
    fetch_max_wait_ms: int = 100
    quiet_wait_ms: int = 100
    """How long a fetch may wait once nothing has come for a while: who asks fifty times a second takes a tenth of a core."""
    beyond_s: float = 2.0
    """How long a position must be past the high watermark before it is reported: several fetches."""
    security: Security = Security()

    def client(self, bootstrap: str) -> dict[str, Any]:
        """Options that consumer, producer and admin client share."""
        common = {
            "bootstrap_servers": bootstrap.split(","),
            "request_timeout_ms": self.request_timeout_ms,
            "bootstrap_timeout_ms": self.bootstrap_timeout_ms,
            "metadata_max_age_ms": self.metadata_max_age_ms,
            "reconnect_backoff_max_ms": 1_000,
        }
        return common | msgspec.structs.asdict(self.security)

    def consumer(self, bootstrap: str) -> dict[str, Any]:
        """Options of a consumer that keeps its positions in the database. No deserializers: decode after the poll."""
        return self.client(bootstrap) | {
            "enable_auto_commit": False,
            "auto_offset_reset": "none",  # a lost position must be loud
            "allow_auto_create_topics": False,
            "session_timeout_ms": self.session_timeout_ms,
            "heartbeat_interval_ms": self.heartbeat_interval_ms,
            "max_poll_interval_ms": self.max_poll_interval_ms,
            "fetch_max_wait_ms": self.fetch_max_wait_ms,
            "fetch_min_bytes": 1,
            "max_partition_fetch_bytes": 4 << 20,
            "fetch_max_bytes": 32 << 20,
            "metrics_enabled": False,
        }

    def producer(self, bootstrap: str) -> dict[str, Any]:
        """Options of the idempotent producer. Idempotence is named: the client may silently drop an implied one."""
        return self.client(bootstrap) | {
            "acks": "all",
            "enable_idempotence": True,
            "allow_auto_create_topics": False,
            "linger_ms": 5,
            "batch_size": 128 << 10,
            "compression_type": "lz4",
            "max_request_size": 4 << 20,
            "max_block_ms": int(min(self.publish_s, 5.0) * 1000),
            "delivery_timeout_ms": int(self.publish_s * 1000) + self.request_timeout_ms,
            "metrics_enabled": False,
        }


EMBEDDED = Profile(
    name="embedded",
    session_timeout_ms=6_000,  # a join takes half of it on the embedded broker
    heartbeat_interval_ms=1_000,
    request_timeout_ms=10_000,
    bootstrap_timeout_ms=10_000,
    metadata_max_age_ms=2_000,  # topics are made anew after each start of a memory-only broker
    publish_s=20.0,
    stuck_s=30.0,
    replaces_topics=True,
    fetch_max_wait_ms=20,  # this broker does not wake a fetch that waits: it looks again after half of it (measured)
    quiet_wait_ms=200,
)
SERVER = Profile(
    name="server",
    session_timeout_ms=45_000,
    heartbeat_interval_ms=3_000,
    request_timeout_ms=30_000,
    bootstrap_timeout_ms=30_000,
    metadata_max_age_ms=30_000,
    publish_s=60.0,
    stuck_s=90.0,
    replaces_topics=False,
)


def choose(*, embedded: bool, security: Security | None = None) -> Profile:
    """Return the profile for our own broker or for a server, with *security*. Raises Misconfigured."""
    if not embedded:
        return msgspec.structs.replace(SERVER, security=security or Security())
    if security is not None and security.security_protocol != "PLAINTEXT":
        raise Misconfigured("the embedded broker speaks plain text on loopback only; name a Kafka server for TLS")
    return EMBEDDED


def require_crc32c() -> None:
    """Raise Misconfigured where the checksum would be computed in Python, which makes the client four times slower."""
    if find_spec("crc32c") is None:
        raise Misconfigured("the package crc32c is missing: kafka-python is four times slower without it; install it")
