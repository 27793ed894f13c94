"""Log lines are JSON with the request's id, and hold neither persons nor secrets."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from prometheus_client.metrics import MetricWrapperBase

from shared.edge import logs, metrics


@pytest.fixture(autouse=True)
def undisturbed() -> Iterator[None]:
    """Leave the logging of the test run as it was."""
    root = logging.getLogger()
    before = (root.handlers, root.level)
    yield
    root.handlers, root.level = before
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_is_json_with_the_request(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(level="info", service="rating")
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger("a").info("kept", facts=3)
        structlog.get_logger("a").debug("not shown")
        logging.getLogger("some.library").warning("from a library %s", "too")
    first, second = lines(capsys)
    assert (first["event"], first["facts"], first["request_id"], first["service"]) == ("kept", 3, "r-1", "rating")
    assert (second["event"], second["level"], second["request_id"]) == ("from a library too", "warning", "r-1")
    assert str(first["timestamp"]).endswith("Z")


def test_persons_and_secrets_are_withheld(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    structlog.get_logger("a").info(
        "x", name="王小明", id_no="110101", authorization="Bearer y", data={"a": 1}, kind="invoice"
    )
    text = capsys.readouterr().out
    assert "王小明" not in text
    assert "110101" not in text
    assert "Bearer" not in text
    assert json.loads(text)["kind"] == "invoice"


def test_a_trace_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    try:
        raise ZeroDivisionError("here")
    except ZeroDivisionError:
        structlog.get_logger("a").exception("bug")
    (line,) = lines(capsys)
    assert "ZeroDivisionError: here" in str(line["exception"])


def test_every_metric_has_our_prefix_a_sentence_and_no_label_that_is_an_id() -> None:
    declared = [one for one in vars(metrics).values() if isinstance(one, MetricWrapperBase)]
    assert len(declared) >= 15
    for metric in declared:
        (family,) = metric.describe()
        assert family.name.startswith("gradeline_"), family.name
        assert family.documentation.endswith("."), family.name
        assert not set(metric._labelnames) & {"customer", "customer_id", "id", "subject", "stream", "source"}, (
            family.name
        )
