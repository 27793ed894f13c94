"""What delivery is made of, from the settings: the client that goes out, the channels, the loops of the relay process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from services.alerts.adapters import delivery_rules, endpoints, wording
from services.alerts.adapters.channels import apprised
from services.alerts.adapters.channels.mail import Mail, Server
from services.alerts.adapters.channels.robots import KINDS, Robot
from services.alerts.adapters.channels.sending import Absent, Channel, Telling
from services.alerts.adapters.channels.webhook import Webhook
from services.alerts.adapters.delivering import SUBSCRIPTION, keep_delivering
from services.alerts.adapters.endpoints import Endpoints
from services.alerts.adapters.feeding import Feeder
from services.alerts.adapters.measuring import keep_measuring
from services.alerts.adapters.outbound import Outbound, Refused, networks, target
from shared.core.errors import Malformed, Misconfigured
from shared.edge.settings import Settings
from shared.edge.store.bell import Bell

log = structlog.get_logger(__name__)


def known(settings: Settings) -> Endpoints:
    """What keeps addresses and secrets. Raises Misconfigured."""
    return Endpoints(endpoints.box(settings))


def ports_of(settings: Settings) -> list[int]:
    """The ports that may be reached outside."""
    return [int(one) for one in settings.outbound_ports.split(",")]


def checked(settings: Settings) -> Callable[[str], None]:
    """What raises Malformed for an address that would never be reached; where a name leads is looked at when it is used."""
    ports = ports_of(settings)
    inside = bool(networks(settings.outbound_networks.split(",")))

    def check(url: str) -> None:
        try:
            goal = target(url, ports=ports)
            if goal.scheme == "http" and not inside:
                raise Refused("write an https address")
        except Refused as error:
            raise Malformed(f"url: {error}", pointer="/url", rule="address") from error

    return check


def channels(settings: Settings) -> dict[str, Channel]:
    """Every channel that this installation has. Raises Misconfigured."""
    telling = Telling(wording.words(), settings.console_url)
    outbound = Outbound(allowed=networks(settings.outbound_networks.split(",")), ports=ports_of(settings))
    webhook = Webhook(outbound, console=settings.console_url)
    found: dict[str, Channel] = {"webhook": webhook, SUBSCRIPTION: webhook}
    found |= {name: Robot(kind, outbound, telling) for name, kind in KINDS.items()}
    if settings.mail_host:
        found["email"] = Mail(server(settings), telling)
    else:
        log.warning("GRADELINE_MAIL_HOST is not set: nothing goes by mail, and who has no other channel waits")
    if apprised.is_there():
        found["apprise"] = apprised.Apprised(telling)
    # a message by a way that is not there must not wait for it
    return {name: found.get(name) or Absent() for name in delivery_rules.shipped()}


def lacking(settings: Settings) -> frozenset[str]:
    """The channels that this installation does not have."""
    return frozenset({} if settings.mail_host else {"email"}) | frozenset({} if apprised.is_there() else {"apprise"})


def server(settings: Settings) -> Server:
    """Who takes our mail. Raises Misconfigured where a password would go in clear."""
    tls, password = settings.mail_tls, settings.mail_password.get_secret_value()
    if tls == "none" and password:
        raise Misconfigured("GRADELINE_MAIL_TLS: a password does not go in clear; write starttls or tls")
    return Server(
        settings.mail_host,
        settings.mail_port,
        "none" if tls == "none" else "tls" if tls == "tls" else "starttls",
        settings.mail_user,
        password,
        settings.mail_from,
    )


def delivering(settings: Settings, pool: Any, stop: asyncio.Event, bell: Bell) -> Coroutine[Any, Any, None]:
    """Messages to persons and decisions to systems, out of the house. Raises Misconfigured."""
    return keep_delivering(
        pool, stop, channels=channels(settings), rooms=delivery_rules.shipped(), known=known(settings), bell=bell
    )


def feeding(settings: Settings, pool: Any, stop: asyncio.Event, _: Bell) -> Coroutine[Any, Any, None]:
    """What was decided, into the queues of subscriptions."""
    return Feeder(pool, console=settings.console_url).run(stop)


def measuring(settings: Settings, pool: Any, stop: asyncio.Event, _: Bell) -> Coroutine[Any, Any, None]:
    """The figures of /metrics about delivery."""
    return keep_measuring(pool, stop, channels=[*delivery_rules.shipped()])
