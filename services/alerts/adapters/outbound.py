"""The one HTTP client that goes out of the house. It reaches only what it may, whatever an address says (B9, SSRF).

https only; http only to networks that the administrator lists. Names are resolved once, every address is looked at, and the
connection goes to that very address. No redirects, no proxies of the environment, an answer of at most 4 kB.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpcore2
import structlog

from services.alerts.core.message import Receipt
from shared.core.errors import Misconfigured

ANSWER_BYTES = 4096
ADDRESS_CHARACTERS = 2048
PORTS = (443, 8443)
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}", re.ASCII)
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.ASCII)
_PRINTABLE = re.compile(r"[\x21-\x7e]+", re.ASCII)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""(name, port) → addresses in text."""

log = structlog.get_logger(__name__)

_CARRY_OTHERS: tuple[Network, ...] = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"), ip_network("2002::/16"))
"""Ranges of IPv6 behind which an IPv4 address stands: translation and 6to4."""


class Refused(Exception):
    """This address is not reached from here; the sentence says why."""


class Target(NamedTuple):
    """An address that is well formed; where it leads is looked at when the connection is made."""

    scheme: str
    host: str
    port: int
    path: str


def target(url: str, *, ports: Sequence[int] = PORTS) -> Target:
    """Read *url* strictly. Raises Refused: what two readers could read differently is not an address."""
    if len(url) > ADDRESS_CHARACTERS or not _PRINTABLE.fullmatch(url) or "\\" in url:
        raise Refused("write the address in printable ASCII, at most 2,048 characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused("the address cannot be read") from error
    if parts.scheme not in {"https", "http"}:
        raise Refused("write an https address")
    if "@" in parts.netloc:
        raise Refused("an address names no user")
    if parts.fragment:
        raise Refused("an address has no fragment")
    host = (parts.hostname or "").lower()
    _check_host(host, bracketed="[" in parts.netloc)
    port = port if port is not None else {"https": 443, "http": 80}[parts.scheme]
    if port not in ports:
        raise Refused(f"port {port} is not among those that are allowed")
    query = f"?{parts.query}" if parts.query else ""
    return Target(parts.scheme, host, port, (parts.path or "/") + query)


def _check_host(host: str, *, bracketed: bool) -> None:
    if bracketed:
        if _plain_address(host) is None:
            raise Refused("what stands in brackets is not an IPv6 address")
        return
    if _plain_address(host) is not None:
        return
    if not _NAME.fullmatch(host) or len(host) > 253:
        raise Refused("the host is not a name: write it in lower-case ASCII, without a dot at its end")
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        raise Refused("a number is not a host name: write the four parts of an address in full")


def _plain_address(text: str) -> Address | None:
    try:
        return None if "%" in text else ip_address(text)  # a zone is of this machine
    except ValueError:
        return None


def networks(listed: Iterable[str]) -> tuple[Network, ...]:
    """The internal networks that may be reached. Raises Misconfigured."""
    try:
        return tuple(ip_network(one.strip()) for one in listed if one.strip())
    except ValueError as error:
        raise Misconfigured(f"GRADELINE_OUTBOUND_NETWORKS: {error}; write networks such as 10.20.0.0/16") from error


def is_reachable(address: Address, *, allowed: Sequence[Network], https: bool) -> bool:
    """Whether a connection to *address* may be made: a public one by https; a listed one by either."""
    inner = embedded(address)
    if any(one in network for network in allowed for one in {address, inner} if one.version == network.version):
        return True
    return https and all(_is_public(one) for one in (address, inner))


def embedded(address: Address) -> Address:
    """The IPv4 address that stands in *address*; else itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _CARRY_OTHERS if network.version == 6):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if int(address) >> 32 == 0:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_public(address: Address) -> bool:
    return address.is_global and not (
        address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or address.is_loopback
        or address.is_link_local
    )


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """What the system's resolver knows of *host*. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


class _Guarded(httpcore2.AsyncNetworkBackend):
    """Resolves once, looks at every address, and connects to one of those."""

    def __init__(self, *, allowed: Sequence[Network], https: bool, resolve: Resolve) -> None:
        self._inner = httpcore2.AnyIOBackend()
        self._allowed, self._https, self._resolve = allowed, https, resolve

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the name is the library's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        plain = _plain_address(host)
        found = [plain] if plain is not None else [ip_address(one) for one in await self._resolve(host, port)]
        if not found:
            raise httpcore2.ConnectError("the name has no address")
        if not all(is_reachable(one, allowed=self._allowed, https=self._https) for one in found):
            log.warning("an address was refused", host=host, port=port)
            raise Refused("the name leads to an address that may not be reached")
        return await self._inner.connect_tcp(str(found[0]), port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        raise Refused("not by a socket of this machine")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    """Its first 4 kB."""


class Outbound:
    """Posts to addresses outside. One for the process; connections are not kept."""

    def __init__(
        self,
        *,
        allowed: Sequence[Network] = (),
        ports: Sequence[int] = PORTS,
        resolve: Resolve = system_resolver,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """*allowed* are internal networks that may be reached, *ports* the only ports; *trust* whom TLS believes."""
        self._ports = tuple(ports)
        context = trust or ssl.create_default_context()
        self._pools = {
            scheme: httpcore2.AsyncConnectionPool(
                ssl_context=context,
                max_connections=None,
                max_keepalive_connections=0,
                network_backend=_Guarded(allowed=tuple(allowed), https=scheme == "https", resolve=resolve),
            )
            for scheme in ("https", "http")
        }

    async def post(self, url: str, body: bytes, *, headers: Mapping[str, str], seconds: float) -> Answer:
        """Post *body* to *url* within *seconds*. Raises Refused, TimeoutError, OSError."""
        goal = target(url, ports=self._ports)
        host = f"[{goal.host}]" if ":" in goal.host else goal.host
        usual = {"https": 443, "http": 80}[goal.scheme]
        sent = {
            "host": host if goal.port == usual else f"{host}:{goal.port}",
            "content-length": str(len(body)),
            "user-agent": "gradeline",
            "connection": "close",
            **{name.lower(): value for name, value in headers.items()},
        }
        request = httpcore2.Request(
            "POST",
            httpcore2.URL(
                scheme=goal.scheme.encode(), host=goal.host.encode(), port=goal.port, target=goal.path.encode()
            ),
            headers=[(name.encode("ascii"), value.encode("ascii")) for name, value in sent.items()],
            content=body,
            extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), seconds)},
        )
        try:
            async with asyncio.timeout(seconds):
                answer = await self._pools[goal.scheme].handle_async_request(request)
                try:
                    return Answer(answer.status, _read_headers(answer.headers), await _first(answer))
                finally:
                    await answer.aclose()
        except httpcore2.TimeoutException as error:
            raise TimeoutError(type(error).__name__) from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError, ssl.SSLError) as error:
            raise OSError(f"{type(error).__name__}: {error}"[:200]) from error

    async def close(self) -> None:
        """Let go of everything."""
        for pool in self._pools.values():
            await pool.aclose()


async def _first(answer: httpcore2.Response) -> bytes:
    body = b""
    async for part in answer.aiter_stream():
        body += part[: ANSWER_BYTES - len(body)]
        if len(body) >= ANSWER_BYTES:
            break
    return body


def _read_headers(raw: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}


def retry_after(answer: Answer) -> int | None:
    """The seconds that the answer asks to wait for; a date is left to our own schedule."""
    said = answer.headers.get("retry-after", "").strip()
    return int(said) if said.isdigit() and len(said) < 9 else None


def shown(body: bytes) -> str:
    """The answer as it may be shown: printable characters only, never as markup."""
    text = body.decode("utf-8", "replace")
    return "".join(one if one.isprintable() else " " for one in text)[:500].strip()


def of_status(answer: Answer) -> Receipt:
    """What the status alone says, by the rules of Standard Webhooks: 2xx is success, 410 is the end, a redirect is failure."""
    status, detail = str(answer.status), shown(answer.body)
    if 200 <= answer.status < 300:
        return Receipt(outcome="delivered", status=status, detail=detail)
    if answer.status == 410:
        return Receipt(outcome="refused", status=status, detail=detail, disable=True)
    if 300 <= answer.status < 400:
        return Receipt(outcome="retry", status=status, detail="a redirect is not followed")
    return Receipt(outcome="retry", status=status, detail=detail, retry_after_seconds=retry_after(answer))
