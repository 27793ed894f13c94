"""Making a client of kafka-python so that one that cannot connect leaves no thread and no socket behind."""

from __future__ import annotations

import socket
from collections.abc import Callable
from time import sleep
from typing import Any, TypeVar
from weakref import WeakSet

from kafka.errors import KafkaConfigurationError, KafkaError
from kafka.net.compat import KafkaNetClient
from kafka.net.inet import KafkaNetSocket

from shared.core.errors import Misconfigured, Unavailable

C = TypeVar("C")
PAUSE_MS = 20
"""The least that a thread waits between two looks at a connection that is not there."""


class Client(KafkaNetClient):  # type: ignore[misc]
    """Does as the client does by itself, but makes no topics, and waits a moment where a broker cannot be reached."""

    def __init__(self, **settings: Any) -> None:
        """As the client does it, which forgets on the way that it is not to make topics by asking for them."""
        super().__init__(**settings)
        self.cluster.config["allow_auto_create_topics"] = False

    @property
    def connected_to_all(self) -> bool:
        """Whether there is a connection, and none that is still being made."""
        connections = list(self._manager._conns.values())
        return bool(connections) and all(one.connected for one in connections)

    def poll(self, timeout_ms: float | None = None, future: Any = None) -> None:
        """Wait for what comes in, at most *timeout_ms*; without a connection that returns at once, so pause before."""
        if not self.connected_to_all:
            sleep(PAUSE_MS / 1000)
        super().poll(timeout_ms=timeout_ms, future=future)

    def close(self, node_id: Any = None) -> None:
        """As the client does it, which forgets the sockets of which some bytes have not been sent."""
        try:
            super().close(node_id)
        finally:
            if node_id is None:
                self._net.close()
                for sock in opened(self._net):
                    sock.close()


def opened(net: Any) -> WeakSet[socket.socket]:
    """The sockets that the I/O loop *net* has connected."""
    sockets: WeakSet[socket.socket] = net.__dict__.setdefault("opened", WeakSet())
    return sockets


class Direct(KafkaNetSocket):  # type: ignore[misc]
    """Connects as the client does by itself, but knows its sockets, and closes that of an attempt that fails."""

    SCHEMES = ("direct",)

    async def sock_connect(self, net: Any, sock: socket.socket, sockaddr: Any, timeout_at: float | None = None) -> Any:
        """Return the connected *sock*. Raises kafka's errors."""
        opened(net).add(sock)
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
        made.append(Client(**settings))
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
