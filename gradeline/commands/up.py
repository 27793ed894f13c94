"""`gradeline up`: everything on this machine, with nothing installed but wheels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import Thread

    from gradeline.demo.sink import Sink
    from gradeline.instance import Instance
    from gradeline.supervisor import Part, Server

KAFKA_PORT = 9092
EXPOSURE_PORT = 8002
ALERTS_PORT = 8003
USUAL = Path(".gradeline")
DEMO_STOP_SECONDS = 10.0
FOLLOWERS, PARTS = ("exposure", "alerts"), ("relay", "worker")


class Ports(NamedTuple):
    """Where the parts of an instance listen; 0: a free one."""

    rating: int
    exposure: int
    alerts: int
    kafka: int


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command(name="up")(up)


def up(
    *,
    data: Annotated[Path, typer.Option(envvar="GRADELINE_DATA", help="Folder that keeps the data.")] = USUAL,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the rating API; 0 takes a free one.")] = 8001,
    exposure_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the exposure API; a free one where it is taken.")
    ] = EXPOSURE_PORT,
    alerts_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the alerts API; a free one where it is taken.")
    ] = ALERTS_PORT,
    kafka_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the broker; a free one where it is taken.")
    ] = KAFKA_PORT,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Worker processes; they share the partitions. One a core at most.")
    ] = 1,
    policies: Annotated[
        Path | None,
        typer.Option(envvar="GRADELINE_POLICIES", help="Folder of the rules that rate; else the shipped ones."),
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Fill it with a believable portfolio and show it live.")] = False,
) -> None:
    """Run database, broker, API and workers on this machine until Ctrl-C. A second start continues with the data."""
    from gradeline.instance import exclusive
    from services.rating.adapters import catalogue

    if policies is not None:
        policies = policies.resolve()
        catalogue.in_use(policies)
    data = data.resolve()
    with exclusive(data):
        run(
            data,
            ports=Ports(port, exposure_port, alerts_port, kafka_port),
            workers=workers,
            policies=policies,
            demo=demo,
        )


def run(data: Path, *, ports: Ports, workers: int, policies: Path | None, demo: bool) -> None:
    """Supervise until a signal asks to stop. Raises GradelineError where it does not come up."""
    import signal

    from rich.console import Console

    from gradeline.instance import Instance
    from gradeline.supervisor import Supervisor
    from shared.core.errors import Misconfigured
    from shared.edge.embedded.broker import EmbeddedBroker
    from shared.edge.embedded.postgres import EmbeddedPostgres
    from shared.edge.embedded.process import free_port

    console = Console(stderr=True)

    def say(sentence: str) -> None:
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)

    kafka_port = ports.kafka
    if ports.rating and not _free(ports.rating):
        raise Misconfigured(f"port {ports.rating} is taken by another program; say --port with another")
    port = ports.rating or free_port()
    exposure_port = _taken(ports.exposure, "exposure", say)
    alerts_port = _taken(ports.alerts, "alerts", say)
    postgres = EmbeddedPostgres(data / "postgres")
    if kafka_port and not _free(kafka_port):
        say(f"port {kafka_port} is taken by another program; the broker takes a free one")
        kafka_port = 0
    broker = EmbeddedBroker(data / "broker", port=kafka_port or None)
    rating, exposure, alerts = (f"http://127.0.0.1:{one}" for one in (port, exposure_port, alerts_port))
    instance = Instance(data=data, rating=rating, exposure=exposure, alerts=alerts, kafka="", postgres="")
    apis = {"rating-api": rating, "exposure-api": exposure, "alerts-api": alerts}
    instance.metrics = {name: f"{url}/metrics" for name, url in apis.items()} | {
        name: f"http://127.0.0.1:{free_port()}/metrics"
        for name in ("rating-relay", *named(workers), *(f"{one}-{part}" for one in FOLLOWERS for part in PARTS))
    }

    sink = _sink() if demo else None

    def environment() -> Mapping[str, str]:
        return said(postgres.dsn, broker.address, data, rating, policies) | (sink.settings if sink else {})

    def changed(pids: dict[str, int]) -> None:
        if pids:
            instance.kafka, instance.postgres, instance.processes = broker.address, postgres.dsn, pids
            instance.looping = supervisor.looping
            instance.save()

    supervisor = Supervisor(
        parts(postgres, broker, instance, workers, demo=demo),
        logs=data / "logs",
        environment=environment,
        say=say,
        changed=changed,
        stopping=instance.stopping,
    )
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: instance.stopping.set())
    try:
        supervisor.start()
        if not instance.stopping.is_set():
            say("\n".join(announcement(instance, broker.describe())))
            showing = _show(instance, sink) if sink is not None else None
            supervisor.watch()
            if showing is not None:
                showing.join(DEMO_STOP_SECONDS)
    finally:
        supervisor.stop()
        instance.forget()
    say("stopped")


def said(postgres: str, kafka: str, data: Path, rating: str, policies: Path | None) -> dict[str, str]:
    """What every part is told."""
    return {
        "GRADELINE_POSTGRES": postgres,
        "GRADELINE_KAFKA": kafka,
        "GRADELINE_DATA": str(data),
        "GRADELINE_HOST": "127.0.0.1",
        "GRADELINE_HISTORY_URL": rating,
        "GRADELINE_EMBEDDED": "1",
        "GRADELINE_POLICIES": str(policies or ""),
    }


def samples() -> list[str]:
    """The staff of the demonstration."""
    from importlib.resources import files

    folder = files("gradeline.demo").joinpath("staff")
    return sorted(str(one) for one in folder.iterdir() if one.name.endswith(".csv"))


def named(workers: int) -> list[str]:
    """The names of so many workers."""
    return ["rating-worker", *(f"rating-worker-{number}" for number in range(2, workers + 1))]


def parts(postgres: Server, broker: Server, instance: Instance, workers: int = 1, *, demo: bool = False) -> list[Part]:
    """What an instance consists of, in the order of its start. *demo*: with people who are told of alerts."""
    import sys
    from urllib.parse import urlsplit

    from gradeline.commands.status import answers
    from gradeline.supervisor import Part

    this = (sys.executable, "-m", "gradeline")

    def measured(name: str, *words: str, beside: bool = True) -> Part:
        """A service that shows its figures on a port of its own; it is ready when they can be read."""
        url = instance.metrics[name]
        command = (*this, *words, "--metrics-port", str(urlsplit(url).port))
        return Part(name=name, command=command, ready=lambda: answers(url), beside=beside)

    def serving(service: str, url: str) -> Part:
        """The API of a service at *url*."""
        command = (*this, "serve", service, "--port", str(urlsplit(url).port))
        return Part(name=f"{service}-api", command=command, ready=lambda: answers(f"{url}/healthz"))

    return [
        Part(name="postgres", server=postgres),
        Part(name="broker", server=broker),
        Part(name="db-upgrade", command=(*this, "db", "upgrade"), once=True),
        *(
            [Part(name="demo-staff", command=(*this, "staff", "import", *samples(), "--first"), once=True)]
            if demo
            else ()
        ),
        Part(name="topics-apply", command=(*this, "topics", "apply"), once=True, again_after=("broker",)),
        # it names the log of the broker, which all others refer to
        measured("rating-relay", "relay", "rating", beside=False),
        serving("rating", instance.rating),
        *(measured(name, "work", "rating") for name in named(workers)),
        measured("exposure-relay", "relay", "exposure"),
        # it asks the rating API for history
        serving("exposure", instance.exposure),
        measured("exposure-worker", "work", "exposure"),
        measured("alerts-relay", "relay", "alerts"),
        serving("alerts", instance.alerts),
        measured("alerts-worker", "work", "alerts"),
    ]


def announcement(instance: Instance, broker: str) -> list[str]:
    """What is said when everything runs: where it is, and how to use it."""
    import shlex

    elsewhere = "" if instance.data == USUAL.resolve() else f" --data {shlex.quote(str(instance.data))}"
    return [
        f"rating API   {instance.rating}   (documentation: {instance.rating}/docs)",
        f"exposure API {instance.exposure}   (documentation: {instance.exposure}/docs)",
        f"alerts API   {instance.alerts}   (documentation: {instance.alerts}/docs)",
        f"broker       {instance.kafka}   {broker}",
        f"data         {instance.data}",
        f"a token      gradeline token --role ROLE{elsewhere}   (stop with Ctrl-C)",
    ]


def _sink() -> Sink:
    """A mail server and a receiver of webhooks that listen."""
    from gradeline.demo.sink import Sink

    made = Sink()
    made.start()
    return made


def _show(instance: Instance, sink: Sink) -> Thread:
    """Run the demonstration beside the supervisor; it watches `instance.stopping`."""
    import threading
    from importlib import import_module

    demo = import_module("gradeline.commands.demo")
    thread = threading.Thread(target=demo.run, args=(instance, sink), name="demo", daemon=True)
    thread.start()
    return thread


def _taken(port: int, service: str, say: Callable[[str], None]) -> int:
    """*port*, or a free one where it is 0 or taken."""
    from shared.edge.embedded.process import free_port

    if port and _free(port):
        return port
    if port:
        say(f"port {port} is taken by another program; the {service} API takes a free one")
    return free_port()


def _free(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
