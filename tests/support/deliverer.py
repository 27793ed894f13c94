"""A process that delivers to webhooks until it is killed: `python -m tests.support.deliverer DSN PORT`."""

from __future__ import annotations

import asyncio
import sys
from ipaddress import ip_network

from services.alerts.adapters import delivery_rules
from services.alerts.adapters.channels.webhook import Webhook
from services.alerts.adapters.delivering import keep_delivering
from services.alerts.adapters.outbound import Outbound
from shared.edge.store.pool import open_pool
from tests.support.receivers import KNOWN


async def main(dsn: str, port: int) -> None:
    """Deliver."""
    pool = await open_pool(dsn, schema="alerts", size=3)
    webhook = Webhook(Outbound(allowed=[ip_network("127.0.0.0/8")], ports=[port]), console="")
    rooms = delivery_rules.shipped()
    await keep_delivering(pool, asyncio.Event(), channels={"webhook": webhook}, rooms=rooms, known=KNOWN)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
