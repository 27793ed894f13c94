"""The client that goes out of the house reaches nothing that it may not: the proof list of server-side request forgery."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_address, ip_network

import pytest
import trustme

from services.alerts.adapters import outbound as out
from services.alerts.adapters.outbound import Outbound, Refused
from shared.core.errors import Misconfigured
from tests.support.receivers import OK, Receiver, receiver

PRIVATE = (
    "127.0.0.1", "0.0.0.0", "::1", "::", "169.254.169.254", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "fe80::1", "fc00::1", "fd00:ec2::254", "224.0.0.1",
    "ff02::1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:80ff:fffe", "240.0.0.1",
)  # fmt: skip
UNREADABLE = (
    "file:///etc/passwd", "gopher://example.com/", "ftp://example.com/", "https://user@example.com/", "https://user:pw@example.com/",
    "https://example.com/a\r\nX: y", "https://example.com/a\nb", "https://example.com/ a", "https://examp\u200ble.com/", "https://ⓔxample.com/",
    "https://еxample.com/", "https://127。0。0。1/", "https://2130706433/", "https://0177.0.0.1/", "https://0x7f.1/", "https://0x7f000001/",
    "https://0/", "https://127.1/", "https://localhost./", "https://example.com./", "https://example.com\\@127.0.0.1/", "https:///x", "https://",
    "//example.com/", "example.com", "https://example.com:22/", "https://example.com:99999/", "https://example.com:x/", "https://[127.0.0.1]/",
    "https://[::1%25lo]/", "https://example.com/#@127.0.0.1", "https://%31%32%37.0.0.1/", "https://exa mple.com/", "javascript:alert(1)",
    "https://" + "a" * 2100,
)  # fmt: skip


class Tried:
    """A resolver and a network that write down what was resolved."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers, self.asked = list(answers), 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as one:
        yield one


async def reached(there: Receiver, url: str, client: Outbound) -> bool:
    """Whether a request to *url* arrived anywhere."""
    before = len(there.asked)
    try:
        await client.post(url, b"{}", headers={}, seconds=5)
    except (Refused, OSError):
        return len(there.asked) > before
    return True


@pytest.mark.parametrize("url", UNREADABLE)
async def test_an_address_that_two_readers_could_read_differently_is_none(url: str, there: Receiver) -> None:
    resolver = Tried(["127.0.0.1"])
    client = Outbound(ports=[443, there.port], resolve=resolver)
    assert not await reached(there, url, client)
    assert resolver.asked == 0
    with pytest.raises(Refused):
        out.target(url)


@pytest.mark.parametrize("address", PRIVATE)
async def test_no_name_leads_to_an_address_inside(address: str, there: Receiver) -> None:
    assert not out.is_reachable(ip_address(address), allowed=(), https=True)
    client = Outbound(ports=[there.port], resolve=Tried([address]))
    assert not await reached(there, f"https://hooks.example.com:{there.port}/", client)
    # one public address beside it does not help
    client = Outbound(ports=[there.port], resolve=Tried(["93.184.216.34", address]))
    with pytest.raises(Refused):
        await client.post(f"https://hooks.example.com:{there.port}/", b"{}", headers={}, seconds=5)


@pytest.mark.parametrize("host", [one for one in PRIVATE if "%" not in one])
async def test_an_address_inside_that_is_written_out_is_not_reached(host: str, there: Receiver) -> None:
    written = f"[{host}]" if ":" in host else host
    for scheme in ("https", "http"):
        client = Outbound(ports=[there.port], resolve=Tried([host]))
        assert not await reached(there, f"{scheme}://{written}:{there.port}/", client)


@pytest.mark.parametrize(
    "host", ["localhost", "localhost.localdomain", "metadata.google.internal", "xn--e1afmkfd.example"]
)
async def test_a_name_of_this_machine_is_not_reached(host: str, there: Receiver) -> None:
    client = Outbound(ports=[there.port], resolve=Tried(["127.0.0.1"]))
    with pytest.raises(Refused):
        await client.post(f"https://{host}:{there.port}/", b"{}", headers={}, seconds=5)


async def test_a_name_that_changes_after_it_was_looked_at_is_resolved_once(there: Receiver) -> None:
    # public when it is looked at, private when one would connect by name
    resolver = Tried(["192.0.2.7"], ["127.0.0.1"])
    client = Outbound(allowed=[ip_network("192.0.2.0/24")], ports=[there.port], resolve=resolver)
    with pytest.raises((OSError, TimeoutError)):
        await client.post(f"http://hooks.example.com:{there.port}/", b"{}", headers={}, seconds=0.5)
    assert resolver.asked == 1
    assert there.asked == []


async def test_a_public_address_is_not_reached_without_encryption() -> None:
    assert out.is_reachable(ip_address("93.184.216.34"), allowed=(), https=True)
    assert not out.is_reachable(ip_address("93.184.216.34"), allowed=(), https=False)


async def test_a_listed_network_is_reached_and_a_redirect_from_there_is_not_followed(there: Receiver) -> None:
    client = Outbound(allowed=[ip_network("127.0.0.0/8")], ports=[there.port], resolve=Tried(["127.0.0.1"]))
    assert await reached(there, f"http://inside.example:{there.port}/hook?a=1", client)
    assert (there.asked[0].path, there.asked[0].headers["host"]) == ("/hook?a=1", f"inside.example:{there.port}")
    for to in ("http://169.254.169.254/", "http://127.0.0.1/", "file:///etc/passwd"):
        there.reply = lambda _, to=to: (302, {"location": to}, b"")
        answer = await client.post(f"http://inside.example:{there.port}/", b"{}", headers={}, seconds=5)
        assert answer.status == 302
        assert out.of_status(answer).outcome == "retry"
    assert len(there.asked) == 4


async def test_the_environment_names_no_proxy(there: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, there.url)
    client = Outbound(ports=[there.port, 443], resolve=Tried(["127.0.0.1"]))
    assert not await reached(there, "https://hooks.example.com/", client)


async def test_the_certificate_of_the_name_is_asked_for() -> None:
    authority = trustme.CA()
    server, trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("hooks.example.com").configure_cert(server)
    authority.configure_trust(trust)
    async with receiver(server) as there:
        inside = {"allowed": [ip_network("127.0.0.0/8")], "ports": [there.port], "resolve": Tried(["127.0.0.1"])}
        client = Outbound(trust=trust, **inside)  # type: ignore[arg-type] # a dictionary of arguments
        assert (
            await client.post(f"https://hooks.example.com:{there.port}/", b"{}", headers={}, seconds=5)
        ).status == 200
        with pytest.raises(OSError, match="certificate"):
            await client.post(f"https://other.example.com:{there.port}/", b"{}", headers={}, seconds=5)
        with pytest.raises(OSError, match="certificate"):
            await Outbound(**inside).post(f"https://hooks.example.com:{there.port}/", b"{}", headers={}, seconds=5)  # type: ignore[arg-type] # as above
        with pytest.raises(OSError, match="Error"):
            await client.post(f"http://hooks.example.com:{there.port}/", b"{}", headers={}, seconds=5)


async def test_an_answer_is_read_to_four_kilobytes_and_shown_as_text(there: Receiver) -> None:
    there.reply = lambda _: (200, {}, b"<script>\x1b[31m\x00" + b"x" * 100_000)
    client = Outbound(allowed=[ip_network("127.0.0.0/8")], ports=[there.port])
    answer = await client.post(there.url, b"{}", headers={}, seconds=5)
    assert len(answer.body) == out.ANSWER_BYTES
    assert len(out.shown(answer.body)) <= 500
    assert "\x1b" not in out.shown(answer.body)


def test_networks_are_written_as_networks() -> None:
    assert out.networks(["10.0.0.0/8", " "]) == (ip_network("10.0.0.0/8"),)
    with pytest.raises(Misconfigured, match="GRADELINE_OUTBOUND_NETWORKS"):
        out.networks(["10.0.0.1/8"])


def test_a_plain_answer_of_the_stub_is_a_success() -> None:
    assert out.of_status(out.Answer(*OK)).outcome == "delivered"
