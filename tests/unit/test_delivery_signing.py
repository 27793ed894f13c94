"""Signatures that receivers check: of webhooks, of robots; and the schedule by which things are tried again."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from services.alerts.adapters import delivery_rules, endpoints
from services.alerts.adapters.channels import signing
from services.alerts.adapters.channels.apprised import LOCAL, NATIVE, Apprised, is_there
from services.alerts.adapters.channels.robots import KINDS
from services.alerts.adapters.channels.sending import Parcel
from services.alerts.adapters.endpoints import Endpoint, Key
from services.alerts.core.message import Receipt
from services.alerts.core.schedule import LONGEST_WAIT_SECONDS, after
from shared.core.errors import Misconfigured
from shared.edge import clock
from tests.support.receivers import START, TELLING, message

SEED = base64.b64encode(bytes(range(32))).decode()
RETRY = Receipt(outcome="retry", status="500")
SYSTEMS, PEOPLE = (delivery_rules.shipped()[name].schedule for name in ("subscription", "email"))


def test_a_receiver_verifies_with_the_old_secret_and_with_the_new() -> None:
    old, new = endpoints.new_secret(), endpoints.new_secret()
    body = '{"subject":"客户"}'.encode()
    headers = dict(signing.signed("msg_1", body, [new, old], now=clock.now()))
    for secret in (old, new):
        assert Verifier(secret).verify(body, headers) == {"subject": "客户"}
    with pytest.raises(WebhookVerificationError):
        Verifier(endpoints.new_secret()).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(new).verify(body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(new).verify(body, {**headers, "webhook-id": "msg_2"})


def test_a_key_pair_signs_what_its_public_key_verifies() -> None:
    secret, body, now = signing.PRIVATE + SEED, b"{}", clock.now()
    headers = signing.signed("msg_1", body, [secret, endpoints.new_secret()], now=now)
    first, second = headers["webhook-signature"].split(" ")
    assert second.startswith("v1,")
    public = signing.public_key(secret)
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix(signing.PUBLIC)))
    content = f"msg_1.{headers['webhook-timestamp']}.".encode() + body
    key.verify(base64.b64decode(first.removeprefix("v1a,")), content)
    with pytest.raises(InvalidSignature):
        key.verify(base64.b64decode(first.removeprefix("v1a,")), content + b" ")
    assert signing.is_secret(secret)
    assert not any(
        signing.is_secret(one) for one in ("", "whsec_", "whsec_AAAA", "whsk_" + SEED[:-8], "secret", "whsec_é")
    )


def test_a_secret_stops_signing_when_its_time_is_over() -> None:
    one = Endpoint(
        name="n", channel="webhook", target="TARGET", keys=(Key("a"), Key("b", START)), state="active", why=""
    )
    assert one.secrets(START - timedelta(seconds=1)) == ("a", "b")
    assert one.secrets(START) == ("a",)
    assert "TARGET" not in repr(one)


def test_robots_are_signed_as_their_makers_say() -> None:
    at, secret = datetime(2026, 3, 2, tzinfo=UTC), "SECabc"
    url, _ = KINDS["dingtalk"].sign("https://oapi.example/robot/send?access_token=T", {}, secret, at)
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    expected = hmac.new(secret.encode(), f"{query['timestamp']}\n{secret}".encode(), hashlib.sha256).digest()
    assert base64.b64decode(query["sign"]) == expected
    assert query["timestamp"] == str(int(at.timestamp() * 1000))
    assert query["access_token"] == "T"
    same, body = KINDS["feishu"].sign("https://open.example/hook", {"msg_type": "text"}, secret, at)
    expected = hmac.new(f"{int(at.timestamp())}\n{secret}".encode(), b"", hashlib.sha256).digest()
    assert (same, base64.b64decode(body["sign"]), body["timestamp"]) == (
        "https://open.example/hook",
        expected,
        str(int(at.timestamp())),
    )
    assert KINDS["wecom"].sign("https://qyapi.example/?key=K", {}, "", at) == ("https://qyapi.example/?key=K", {})


def following(
    attempts: int, *, schedule: Any = SYSTEMS, receipt: Receipt = RETRY, at: datetime = START, chance: int = 0
) -> Any:
    return after(schedule, receipt, attempts=attempts, made_at=START, severity="critical", now=at, chance=chance)


def test_the_schedule_is_the_published_one_and_has_an_end() -> None:
    waits = [(following(n).at - START).total_seconds() for n in range(1, 10)]
    assert waits == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    end = following(10)
    assert (end.at, end.why) == (None, "given up after 10 attempts: 500")


def test_chance_moves_a_wait_by_a_fifth_at_most() -> None:
    assert (following(2, chance=-1000).at - START, following(2, chance=1000).at - START) == (
        timedelta(seconds=240),
        timedelta(seconds=360),
    )


def test_a_person_is_told_another_way_after_so_long_and_the_last_try_is_made_then() -> None:
    patience = timedelta(seconds=PEOPLE.gives_up["critical"])
    assert following(50, schedule=PEOPLE, at=START + patience - timedelta(seconds=5)).at == START + patience
    assert following(50, schedule=PEOPLE, at=START + patience).at is None


def test_a_provider_that_says_when_is_waited_for_but_not_for_ever() -> None:
    asked = Receipt(outcome="retry", status="429", retry_after_seconds=3600)
    assert following(1, receipt=asked).at == START + timedelta(hours=1)
    mad = Receipt(outcome="retry", status="429", retry_after_seconds=10**8)
    assert following(1, receipt=mad).at == START + timedelta(seconds=LONGEST_WAIT_SECONDS)


@pytest.mark.parametrize(
    "text",
    [
        "x: [",
        "assumed: true\nschedules: {}\nchannels: {email: {schedule: no, seconds: 1, at_once: 1, at_once_to_one: 1}}",
        "[]",
    ],
)
def test_a_file_of_rules_that_is_wrong_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured, match=r"delivery\.yaml"):
        delivery_rules.read(text)


@pytest.mark.parametrize("scheme", [*NATIVE, *LOCAL])
async def test_apprise_gets_nothing_that_has_a_channel_of_its_own_or_stays_here(scheme: str) -> None:
    assert (await _apprised(f"{scheme}://x/y")).outcome == "refused"


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
async def test_apprise_never_says_more_than_handed_over() -> None:
    assert is_there()
    assert (await _apprised("nonsense")).outcome == "refused"
    assert (await _apprised("ntfy://127.0.0.1:1/topic")).outcome == "retry"


async def _apprised(target: str) -> Receipt:
    to = Endpoint(name="n", channel="apprise", target=target, keys=(), state="active", why="")
    return await Apprised(TELLING).send(Parcel("M-1", "n", b"", (message(1),), 1), to, now=START, seconds=10)
