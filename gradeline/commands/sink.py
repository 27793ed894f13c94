"""`gradeline sink`: a mail server and a receiver of webhooks that show what arrives; for trying out, on this machine alone."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to *app*; the help page does not list it."""
    app.command(hidden=True)(sink)


def sink(
    *,
    mail_port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port of the mail server; 0 takes a free one.")
    ] = 1025,
    http_port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port for webhooks and robots; 0 takes a free one.")
    ] = 8080,
    secret: Annotated[str, typer.Option(help="whsec_…: what webhooks are verified with.")] = "",
) -> None:
    """Show every mail, webhook and message of a robot that arrives on this machine, until Ctrl-C."""
    import signal
    import threading

    from gradeline.demo.sink import Arrived, Sink

    stopping = threading.Event()

    def told(one: Arrived) -> None:
        signed = " (signed)" if one.signed else ""
        typer.echo(f"{one.way} to {one.to}{signed}: {one.title}\n{one.text.rstrip()}\n")

    here = Sink(told, mail_port=mail_port, http_port=http_port, secret=secret)
    here.start()
    typer.echo(f"mail on 127.0.0.1:{here.mail_port}; webhooks and robots below http://127.0.0.1:{here.http_port}")
    typer.echo("/webhook/NAME, /dingtalk/NAME, /wecom/NAME, /feishu/NAME")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    try:
        stopping.wait()
    finally:
        here.stop()
