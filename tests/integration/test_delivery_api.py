"""The delivery log, endpoints, subscriptions and the stream of alerts over HTTP: who may, what is shown, what is not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn

from services.alerts.adapters import delivery_rules
from services.alerts.adapters.channels.webhook import Webhook
from services.alerts.adapters.delivering import Deliverer
from services.alerts.adapters.delivery_wiring import known
from services.alerts.adapters.feeding import Feeder
from services.alerts.adapters.following import Following
from services.alerts.core import acting
from services.alerts.core.knowing import Knowledge
from services.alerts.core.listing import Reach
from services.alerts.main import application, wired
from shared.edge import clock
from shared.edge.http import serving, trust
from tests.support.alert_desk import grade
from tests.support.alert_house import House, house
from tests.support.covers import covers
from tests.support.rating_api import bearer, client, running, settings
from tests.support.receivers import Hands, Receiver, message, outbound, put, receiver

CANARY = "CANARYTOKEN"


class Api:
    """The API over a house, and who asks it."""

    def __init__(self, one: House, dsn: str, data: Path) -> None:
        self.house, self.data = one, data
        ports = "443," + ",".join(str(port) for port in range(20_000, 20_003))
        self.told = settings(dsn, data, outbound_networks="127.0.0.0/8", outbound_ports=ports)
        self.app = application(self.told, verifier=trust.verifier(self.told), ports=wired(self.told))

    async def asks(
        self, method: str, path: str, body: Any = None, *, role: str = "operator", **more: Any
    ) -> httpx2.Response:
        headers = bearer(self.data, role, who=more.pop("who", "wang"), **more)
        async with client(self.app, headers | {"Idempotency-Key": "k1"}) as api:
            return await api.request(method, f"/v1/{path}", json=body)


@asynccontextmanager
async def api(database: str, data: Path) -> AsyncIterator[Api]:
    async with house(database) as one:
        made = Api(one, database, data)
        async with running(made.app):
            yield made


def poster(one: Api, there: Receiver, name: str = "subscription") -> Deliverer:
    channel = Webhook(outbound(there), console="")
    return Deliverer(one.house.pool, name, channel, delivery_rules.shipped()[name], known(one.told), now=clock.now)


async def test_a_system_subscribes_is_pinged_rotates_pauses_and_ends(database: str, tmp_path: Path) -> None:
    async with api(database, tmp_path) as one:
        asked = {"title": "ERP", "url": f"https://erp.example/hook?token={CANARY}", "types": ["credit.alert.*"]}
        made = await one.asks("POST", "subscriptions", asked)
        assert made.status_code == 201, made.text
        name, secret = made.json()["subscription"]["subscription_id"], made.json()["secret"]
        assert secret.startswith("whsec_")
        again = await one.asks("POST", "subscriptions", asked)
        assert (again.json()["subscription"]["subscription_id"], again.json()["secret"]) == (name, None)
        fresh = await one.asks("POST", f"subscriptions/{name}/rotate")
        assert fresh.json()["secret"] not in {secret, None}
        pinged = await one.asks("POST", f"subscriptions/{name}/ping")
        assert (pinged.status_code, pinged.json()["waiting"]) == (202, 1)
        paused = await one.asks("POST", f"subscriptions/{name}/state", {"state": "paused"})
        assert paused.json()["state"] == "paused"
        listed = await one.asks("GET", "subscriptions")
        assert [sub["title"] for sub in listed.json()["subscriptions"]] == ["ERP"]
        log = await one.asks("GET", f"subscriptions/{name}/deliveries")
        assert [row["form"] for row in log.json()["deliveries"]] == ["credit.subscription.ping.v1"]
        for answer in (made, again, fresh, pinged, paused, listed, log):
            assert CANARY not in answer.text
        assert (await one.asks("DELETE", f"subscriptions/{name}")).status_code == 204
        assert (await one.asks("GET", f"subscriptions/{name}")).status_code == 404


async def test_alerts_and_the_decisions_behind_them_reach_the_subscriber(database: str, tmp_path: Path) -> None:
    async with api(database, tmp_path) as one, receiver() as there:
        full = {"title": "CRM", "url": "https://crm.example/", "content": "full"}
        assert (await one.asks("POST", "subscriptions", full)).status_code == 403, "an operator sees no business data"
        made = await one.asks("POST", "subscriptions", full, role="risk_manager")
        elsewhere = f"subscriptions/{made.json()['subscription']['subscription_id']}/move"
        assert (await one.asks("POST", elsewhere, {"url": "https://mine.example/"})).status_code == 403
        moved = await one.asks("POST", elsewhere, {"url": "https://crm.example/2"}, role="risk_manager")
        assert moved.status_code == 200
        await one.house.pool.execute("update endpoints set state = 'paused'")
        kept = known(one.told)
        (row,) = await one.house.pool.fetch("select name from endpoints")
        found = await kept.read(one.house.pool, row["name"])
        assert found is not None
        await kept.put(
            one.house.pool,
            name=row["name"],
            channel="subscription",
            target=there.url,
            keys=found.keys,
            now=clock.now(),
            by="t",
        )
        await one.house.hears(grade("A", "C", -2))
        await one.house.does("C-1.1", lambda s, at: acting.acknowledge(s, at, "C-1.1", "li.na"))
        while await Feeder(one.house.pool, console="").feed():
            pass
        await poster(one, there).deliver_due()
        kinds = [asked.json["type"] for asked in there.asked]
        assert kinds == ["credit.grade.changed.v1", "credit.alert.opened.v1", "credit.alert.acknowledged.v1"]
        assert there.asked[1].json["data"]["content"]["severity"] == "critical"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"url": "http://169.254.169.254/latest"}, "/url"),
        ({"url": "https://user:pw@erp.example/"}, "/url"),
        ({"url": "https://erp.example:22/"}, "/url"),
        ({"url": "file:///etc/passwd"}, "/url"),
        ({"types": ["sales.order.v1"]}, "/types/0"),
        ({"topics": ["credit.restricted"]}, "/topics/0"),
        ({"secret": "whsec_AAAA"}, "/secret"),
        ({"colour": "red"}, "/colour"),
    ],
)
async def test_what_can_never_be_posted_is_refused_at_once(
    database: str, tmp_path: Path, body: dict[str, Any], pointer: str
) -> None:
    async with api(database, tmp_path) as one:
        answer = await one.asks("POST", "subscriptions", {"title": "ERP", "url": "https://erp.example/"} | body)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["pointer"] == pointer


@covers("AL-14")
async def test_who_may_what(database: str, tmp_path: Path) -> None:
    async with api(database, tmp_path) as one:
        told = {"title": "ERP", "url": "https://erp.example/"}
        assert (await one.asks("POST", "subscriptions", told, role="credit_manager")).status_code == 403
        limited = {"limits": {"regions": ["east"]}}
        assert (await one.asks("POST", "subscriptions", told, **limited)).status_code == 403
        assert (await one.asks("GET", "deliveries", role="integrator")).status_code == 403
        await put(one.house.pool, message(1, "email", "wang@seller.example", person="wang"), message(2, person="zhao"))
        assert len((await one.asks("GET", "deliveries", role="auditor")).json()["deliveries"]) == 2
        assert (await one.asks("GET", "deliveries", role="sales", **limited)).status_code == 403
        own = await one.asks("GET", "deliveries?person=wang", role="sales", **limited)
        assert [row["message_id"] for row in own.json()["deliveries"]] == ["M-1"]
        assert (await one.asks("GET", "deliveries/M-2", role="sales", **limited)).status_code == 404
        assert (await one.asks("GET", "deliveries?to=systems&person=wang", role="sales", **limited)).status_code == 403


async def test_the_log_shows_each_attempt_with_the_answer_and_sends_again(database: str, tmp_path: Path) -> None:
    async with api(database, tmp_path) as one, receiver(reply=lambda _: (500, {}, b"<b>busy</b>")) as there:
        body = {"channel": "webhook", "url": f"https://hooks.example/{CANARY}"}
        named = await one.asks("PUT", "endpoints/hook", body)
        assert named.json()["secret"].startswith("whsec_")
        await known(one.told).put(
            one.house.pool, name="hook", channel="webhook", target=there.url, keys=[], now=clock.now(), by="t"
        )
        await put(one.house.pool, message(1, created_at=clock.now()))
        await poster(one, there, "webhook").deliver_due()
        shown = (await one.asks("GET", "deliveries/M-1", role="auditor")).json()
        assert shown["tried"][0] | {"at": "", "seconds": 0} == {
            "attempt": 1, "at": "", "seconds": 0, "outcome": "retry", "status": "500", "detail": "<b>busy</b>",
        }  # fmt: skip
        assert shown["delivery"]["state"] == "waiting"
        assert shown["delivery"]["next_at"] is not None
        there.reply = lambda _: (200, {}, b"")
        assert (await one.asks("POST", "deliveries/M-1/resend")).status_code == 202
        await poster(one, there, "webhook").deliver_due()
        for state, count in (("delivered", 1), ("waiting", 0), ("undelivered", 0)):
            rows = (
                await one.asks("GET", f"deliveries?state={state}&channel=webhook&address=hook", role="auditor")
            ).json()["deliveries"]
            assert len(rows) == count
        off = await one.asks("POST", "endpoints/hook/state", {"state": "paused"})
        assert off.status_code == 204
        listed = await one.asks("GET", "endpoints")
        assert [(row["name"], row["state"]) for row in listed.json()["endpoints"]] == [("hook", "paused")]
        assert CANARY not in listed.text
        assert (await one.asks("POST", "endpoints/nobody/state", {"state": "active"})).status_code == 404
        assert (await one.asks("POST", "deliveries/nothing/resend")).status_code == 404


async def test_pages_of_the_log_follow_each_other(database: str, tmp_path: Path) -> None:
    async with api(database, tmp_path) as one:
        hands = Hands()
        for number in range(5):
            hands.on(seconds=number % 2)
            await put(one.house.pool, message(number, created_at=hands.at))
        seen, after = [], ""
        while True:
            page = (await one.asks("GET", f"deliveries?limit=2{after}", role="auditor")).json()
            seen += [row["message_id"] for row in page["deliveries"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert seen == ["M-4", "M-3", "M-2", "M-1", "M-0"]


REACH: dict[str, Any] = {
    "person": "wang",
    "companies": None,
    "regions": None,
    "managers": None,
    "compliance": False,
    "known": Knowledge(day=date.min, knows=True, whose=frozenset(), names=frozenset(), own=frozenset()),
}


async def listened(
    one: Api, count: int, *, since: dict[int, int] | None = None, **reach: Any
) -> list[tuple[dict[int, int], str]]:
    """The first *count* things that a reader is told."""
    following, told = Following(every=0.01), []
    ports = one.app.state.ports
    changes = following.changes(ports.database, ports.lists, Reach(**(REACH | reach)), since)
    async with asyncio.timeout(20):
        async for where, alert in changes:
            told.append((where, "position" if alert is None else f"{alert.alert_id} {alert.state}"))
            if len(told) == count:
                break
    await changes.aclose()  # type: ignore[attr-defined] # it is a generator
    assert following.open == 0
    return told


async def test_a_reader_is_told_of_what_changes_and_resumes_where_it_was(database: str, tmp_path: Path) -> None:
    async with api(database, tmp_path) as one:
        await one.house.hears(grade("A", "C", -2), subject="C-9")
        reading = asyncio.create_task(listened(one, 2))
        await asyncio.sleep(0)
        while one.app.state.ports.pool is None or not reading.done():
            await one.house.hears(grade("A", "C", -2), subject="C-1")
            await asyncio.wait({reading}, timeout=0.1)
        (start, first), (_, then) = reading.result()
        assert start != {}
        assert (first, then) == ("position", "C-1.1 open")
        await one.house.does("C-1.1", lambda s, at: acting.acknowledge(s, at, "C-1.1", "li.na"))
        await one.house.hears(grade("A", "D", -3), subject="C-2")
        missed = await listened(one, 3, since=start)
        assert {told for _, told in missed} == {"position", "C-1.1 acknowledged", "C-2.1 open"}
        rest = await listened(one, 2, since=missed[1][0])
        assert rest[1][1] == missed[2][1], "none is missed, whatever was read last"


async def test_a_reader_is_told_of_nothing_that_it_may_not_see(database: str, tmp_path: Path) -> None:
    async with api(database, tmp_path) as one:
        (start, _), *_ = await listened(one, 1)
        await one.house.hears(grade("A", "C", -2, purpose="compliance"), subject="C-1")
        await one.house.hears(grade("A", "C", -2), subject="C-2")
        told = await listened(one, 2, since=start)
        assert [what for _, what in told][1:] == ["C-2.1 open"]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await listened(one, 2, since=start, regions=("nowhere",))


async def test_the_stream_over_http_names_its_places_and_refuses_a_false_one(database: str, tmp_path: Path) -> None:
    async with api(database, tmp_path) as one:
        one.app.state.ports.delivery.following._every = 0.05
        server = uvicorn.Server(uvicorn.Config(one.app, port=0, lifespan="off", log_level="error"))
        served = asyncio.create_task(server.serve())
        async with asyncio.timeout(20):
            while not server.started:  # noqa: ASYNC110 - the server has no event for it
                await asyncio.sleep(0.01)
        address = server.servers[0].sockets[0].getsockname()[1]
        try:
            headers = bearer(tmp_path, "credit_manager", who="wang")
            async with httpx2.AsyncClient(
                base_url=f"http://127.0.0.1:{address}/v1", headers=headers, timeout=20
            ) as reader:
                async with reader.stream("GET", "/stream") as answer:
                    assert answer.headers["content-type"].startswith("text/event-stream")
                    told = answer.aiter_lines()
                    first = [await anext(told) for _ in range(4)]
                    assert first[0] == "event: position"
                    await one.house.hears(grade("A", "C", -2))
                    lines = [await anext(told) for _ in range(5)]
                    assert "event: alert" in lines
                    data = json.loads(next(line for line in lines if line.startswith("data: ")).removeprefix("data: "))
                    assert (data["alert_id"], data["state"]) == ("C-1.1", "open")
                    last = next(line for line in lines if line.startswith("id: ")).removeprefix("id: ")
                await one.house.does("C-1.1", lambda s, at: acting.acknowledge(s, at, "C-1.1", "li.na"))
                async with reader.stream("GET", "/stream", headers={"Last-Event-ID": last}) as answer:
                    text = ""
                    async for part in answer.aiter_text():
                        text += part
                        if '"acknowledged"' in text:
                            break
                assert (await reader.get("/stream", headers={"Last-Event-ID": "nonsense"})).status_code == 422
                one.app.state.ports.delivery.following._most = 0
                assert (await reader.get("/stream")).status_code == 503
                async with httpx2.AsyncClient() as stranger:
                    assert (await stranger.get(f"http://127.0.0.1:{address}/v1/stream")).status_code == 401
        finally:
            server.should_exit = True
            await asyncio.wait_for(served, 20)


async def test_pages_that_stay_open_do_not_hold_up_a_process_that_stops(database: str, tmp_path: Path) -> None:
    async with api(database, tmp_path) as one:
        server = serving.server(one.app, one.told.model_copy(update={"port": 0, "drain_seconds": 3600}))
        server.config.lifespan = "off"
        served = asyncio.create_task(server.serve())
        async with asyncio.timeout(20):
            while not server.started:  # noqa: ASYNC110 - the server has no event for it
                await asyncio.sleep(0.01)
            address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
            headers = bearer(tmp_path, "credit_manager", who="wang")
            async with (
                httpx2.AsyncClient(base_url=address, headers=headers, timeout=20) as reader,
                reader.stream("GET", "/v1/stream") as answer,
            ):
                lines = answer.aiter_lines()
                assert await anext(lines) == "event: position"
                server.should_exit = True
                assert [line async for line in lines][-1] == "", "the page ends as a page does"
            await served
