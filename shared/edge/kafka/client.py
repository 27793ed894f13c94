"""Making a client of kafka-python so that one that cannot connect leaves no thread and no socket behind."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, TypeVar

from kafka.errors import KafkaConfigurationError, KafkaError
from kafka.net.compat import KafkaNetClient
from kafka.net.inet import KafkaNetSocket

from shared.core.errors import Misconfigured, Unavailable

C = TypeVar("C")


class Direct(KafkaNetSocket):  # type: ignore[misc]
    """Connects as the client does by itself, but closes the socket of an attempt that fails."""

    SCHEMES = ("direct",)

    async def sock_connect(self, net: Any, sock: socket.socket, sockaddr: Any, timeout_at: float | None = None) -> Any:
        """Return the connected *sock*. Raises kafka's errors."""
        try:
            return await super().sock_connect(net, sock, sockaddr, timeout_at=timeout_at)
        except BaseException:
            sock.close()
            raise


def connect(make: Callable[..., C], options: dict[str, Any]) -> C:
    """Return `make(**options)`, connected. Raises Unavailable, Misconfigured.

    The constructors wait for the broker and, when they give up, forget their I/O thread while it goes on trying.
    """
    made: list[Any] = []

    def transport(**settings: Any) -> Any:
        made.append(KafkaNetClient(**settings))
        return made[-1]

    try:
        return make(**options, kafka_client=transport, proxy_url="direct://")
    except KafkaError as error:
        for client in made:
            client.close()
        if isinstance(error, KafkaConfigurationError):
            raise Misconfigured(f"the Kafka settings do not fit together: {error}") from error
        raise Unavailable(
            f"the broker at {','.join(options['bootstrap_servers'])} does not answer: {error!r}"
        ) from error
