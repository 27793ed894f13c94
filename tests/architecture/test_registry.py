"""What is declared once is declared whole: events, topics, metrics, measures."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from types import ModuleType

import prometheus_client

import shared.core.events
from services.rating.core.measures.catalogue import CATALOGUE
from shared.core.events import BY_TYPE, EVENTS
from shared.core.events.base import Data
from shared.core.events.granting import Logged
from shared.core.measures.library import FAMILIES, LIBRARY, is_computed
from shared.core.measures.reported import REPORTED_MEASURES
from shared.edge import metrics
from shared.edge.installed import TOPICS as FOLDER
from tests.architecture.tree import PRODUCT, python

METRICS = (prometheus_client.Counter, prometheus_client.Gauge, prometheus_client.Histogram, prometheus_client.Info)
NEVER_A_LABEL = {"id", "customer", "customer_id", "subject", "stream", "event_id", "user", "path", "url"}


class Root(Data, frozen=True):
    """Stands for the events in the test of the guard."""


class Planted(Root, frozen=True):
    """An event that nobody registered."""

    TYPE = "credit.planted.made.v1"
    TOPIC = "credit.planted"


class Foundation(Root, frozen=True):
    """Not an event: it has no type."""


class OnFoundation(Foundation, frozen=True):
    """An event that nobody registered, two steps away."""

    TYPE = "credit.planted.unmade.v1"


def concrete(root: type[Data], package: str) -> set[type[Data]]:
    """Every subclass of *root* in *package* that has a TYPE, however far down."""
    found: set[type[Data]] = set()
    for cls in root.__subclasses__():
        found |= concrete(cls, package)
        if cls.TYPE and cls.__module__.startswith(package):
            found.add(cls)
    return found


def repeated(types: Iterable[str]) -> list[str]:
    """The types that are there more than once."""
    return [name for name, times in Counter(types).items() if times > 1]


def undeclared_topics(events: Iterable[type[Data]]) -> set[str]:
    """The topics of *events* that have no file, or whose dead letters have none."""
    topics = {cls.TOPIC for cls in events if not issubclass(cls, Logged)}
    return {name for topic in topics for name in (topic, f"{topic}.dead") if not (FOLDER / f"{name}.yaml").is_file()}


def wrong_metrics(module: ModuleType) -> Iterator[str]:
    """Metrics of *module* that break the rules of names, help and labels."""
    for variable, metric in vars(module).items():
        if isinstance(metric, METRICS):
            (family,) = metric.describe()
            if not re.fullmatch(r"gradeline(_[a-z]+)+", family.name):
                yield f"{variable}: {family.name} does not begin with gradeline_"
            if not re.fullmatch(r"[A-Z].{15,}[^.]\.?", family.documentation):
                yield f"{variable}: {family.documentation!r} is no sentence"
            if labels := NEVER_A_LABEL & set(metric._labelnames):
                yield f"{variable}: has a series for each {sorted(labels)}"


def test_the_tuple_of_events_is_every_event_class() -> None:
    for module in pkgutil.iter_modules(shared.core.events.__path__, "shared.core.events."):
        importlib.import_module(module.name)
    assert set(EVENTS) == concrete(Data, "shared.core.events")
    assert len(EVENTS) == len(set(EVENTS))


def test_an_event_that_nobody_registered_is_seen() -> None:
    assert concrete(Root, __name__) == {Planted, OnFoundation}


def test_a_type_means_one_event() -> None:
    assert repeated(cls.TYPE for cls in EVENTS) == []
    assert set(BY_TYPE) == {cls.TYPE for cls in EVENTS}
    assert repeated(["a", "b", "a"]) == ["a"]


def test_every_topic_of_an_event_has_its_files() -> None:
    assert undeclared_topics(EVENTS) == set()
    assert undeclared_topics([Planted]) == {"credit.planted", "credit.planted.dead"}


def test_every_metric_is_ours_and_says_what_it_counts() -> None:
    assert list(wrong_metrics(metrics)) == []


def test_a_planted_metric_is_seen() -> None:
    planted = ModuleType("planted")
    registry = prometheus_client.CollectorRegistry()
    planted.ONE = prometheus_client.Counter("credit_total", "Facts that came in by some way.", registry=registry)  # type: ignore[attr-defined]
    planted.TWO = prometheus_client.Gauge("gradeline_two", "facts", registry=registry)  # type: ignore[attr-defined]
    labels = ["service", "customer_id"]
    planted.THREE = prometheus_client.Gauge(  # type: ignore[attr-defined]
        "gradeline_three", "Facts that came in by some way.", labels, registry=registry
    )
    assert [wrong.partition(":")[0] for wrong in wrong_metrics(planted)] == ["ONE", "TWO", "THREE"]


def test_metrics_are_declared_in_one_place() -> None:
    declaring = {
        file.path
        for file in python(*PRODUCT)
        for node in file.nodes
        if isinstance(node, ast.ImportFrom)
        and node.module == "prometheus_client"
        and {alias.name for alias in node.names} & {"Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"}
    }
    assert declaring == {"shared/edge/metrics.py"}


def test_every_metric_is_moved_by_something() -> None:
    declared = {name for name, value in vars(metrics).items() if isinstance(value, METRICS)}
    used = {
        node.attr
        for file in python(*PRODUCT)
        for node in file.nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "metrics"
    }
    assert declared - used == set()


def test_every_measure_of_the_library_is_declared_once_and_computed() -> None:
    declared = [measure.name for family in FAMILIES for measure in family.measures]
    assert list(CATALOGUE) == declared == list(LIBRARY)


def test_no_name_of_the_library_can_be_reported_by_another_system() -> None:
    assert all(is_computed(name) and is_computed(f"{name}_24m") for name in LIBRARY)
    assert not any(is_computed(one.name) for one in REPORTED_MEASURES)


def test_every_measure_says_what_it_is_called_and_where_it_comes_from() -> None:
    for measure in CATALOGUE.values():
        assert measure.en and measure.zh and measure.source and measure.unit, measure.name  # noqa: PT018 - one name


def test_every_measure_has_a_formula() -> None:
    assert {measure.name for measure in CATALOGUE.values() if not measure.formula} == set()
