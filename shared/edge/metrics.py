"""Every metric, declared once, each with a sentence. Labels come from closed sets; none is ever an id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, Info
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

EVENTS_ACCEPTED = Counter(
    "gradeline_events_accepted_total", "Facts posted over HTTP that are durable in PostgreSQL.", ["type"]
)
EVENTS_APPLIED = Counter("gradeline_events_applied_total", "Facts appended to their customer's stream.", ["service"])
EVENTS_DUPLICATE = Counter(
    "gradeline_events_duplicate_total", "Facts that came again and changed nothing.", ["service"]
)
EVENTS_QUARANTINED = Counter(
    "gradeline_events_quarantined_total",
    "Facts whose identity was used before: for other content (set aside), or for another customer (both are kept).",
    ["service", "reason"],
)
EVENTS_GROUPED = Histogram(
    "gradeline_events_grouped",
    "Facts kept by one transaction of the intake.",
    buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500),
)
COMMANDS_GROUPED = Histogram(
    "gradeline_commands_grouped",
    "Commands, such as credit checks, that one transaction carried out together.",
    ["service"],
    buckets=(1, 2, 4, 8, 16, 32),
)
DEAD_LETTERS = Counter(
    "gradeline_dead_letters_total", "Records that could not be an event, by the rule they broke.", ["service", "rule"]
)
STREAMS_PARKED = Gauge(
    "gradeline_streams_parked", "Customers whose fold or decision raised; staff must look.", ["service"]
)
POSITION_BEYOND_LOG = Counter(
    "gradeline_consumer_position_beyond_log_total",
    "Times a stored position lay beyond the broker's log: it lost its log.",
)
PRODUCER_REBUILDS = Counter(
    "gradeline_producer_rebuilds_total", "Times a relay made a new producer after a fatal error."
)
CONSERVATION_DIFFERENCE = Gauge(
    "gradeline_conservation_difference_events",
    "Facts accepted over HTTP that are neither applied, nor quarantined, nor on their way: always 0.",
    ["service"],
)
EVENTS_PENDING = Gauge("gradeline_events_pending", "Facts accepted over HTTP that are not applied yet.", ["service"])
END_TO_END = Histogram(
    "gradeline_event_end_to_end_seconds",
    "From the recording of a fact to the commit that applied it: of each transaction the fact that waited longest.",
    ["service"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
)
OUTBOX_OLDEST = Gauge("gradeline_outbox_oldest_seconds", "Age of the oldest decision not yet published.", ["service"])
LAST_EVENT = Gauge(
    "gradeline_last_event_processed_timestamp_seconds", "When the last fact was committed, in Unix time.", ["service"]
)
BUSINESS_DAY = Gauge(
    "gradeline_business_day_timestamp_seconds", "The earliest day any partition stands at, in Unix time.", ["service"]
)
RERATING = Gauge(
    "gradeline_rerating_partitions",
    "Partitions whose customers are all being rated again, by this worker.",
    ["service"],
)
BUDGET_USE = Gauge(
    "gradeline_credit_budget_use", "Share of the credit budget that all customers use together; 1 is all of it."
)
ALERTS_OPENED = Gauge("gradeline_alerts_opened", "Alerts that were opened and staff are told of, since the beginning.")
ALERTS_OPEN = Gauge(
    "gradeline_alerts_open", "Alerts that are neither resolved nor withdrawn, by severity.", ["severity"]
)
ALERTS_OLDEST = Gauge(
    "gradeline_alerts_oldest_unacknowledged_seconds",
    "Age of the oldest alert that somebody must take on and nobody did, by severity.",
    ["severity"],
)
ALERTS_NOTICES = Gauge("gradeline_alerts_notices", "What was to be told to somebody, by what became of it.", ["state"])
ALERTS_CONSERVATION = Gauge(
    "gradeline_alerts_conservation_difference",
    "Notices that are neither waiting, planned, told, quiet for a reason, nor undelivered: always 0.",
)
ALERTS_DISPATCH_OLDEST = Gauge(
    "gradeline_alerts_dispatch_oldest_seconds",
    "How long the oldest notice is due to be put into messages: what waits for a group or the morning is not due yet.",
)
ALERTS_HEARINGS = Gauge(
    "gradeline_alerts_hearings", "Notices by person who is to hear of them, by what became of that.", ["state"]
)
ALERTS_DISPATCH_DIFFERENCE = Gauge(
    "gradeline_alerts_dispatch_difference",
    "Notices that wait with nobody who waits for them, or are planned without a message under way: always 0.",
)
AUTHZ_DENIED = Counter("gradeline_authz_denied_total", "Requests refused because the token lacked a scope.", ["scope"])
HTTP_SECONDS = Histogram(
    "gradeline_http_request_seconds",
    "Time to answer a request, by route template and status class.",
    ["method", "route", "status"],
    buckets=SECONDS,
)
ALERT_DELIVERIES = Counter(
    "gradeline_alert_deliveries_total",
    "Attempts to deliver messages of alerts, by what the provider said.",
    ["channel", "result"],
)
ALERT_DELIVERY_SECONDS = Histogram(
    "gradeline_alert_delivery_seconds",
    "From the making of a message to the answer that took it.",
    ["channel"],
    buckets=(0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 7200, 28800),
)
ALERT_UNDELIVERED_OLDEST = Gauge(
    "gradeline_alert_undelivered_oldest_seconds", "Age of the oldest message that waits to be delivered.", ["channel"]
)
ALERT_MESSAGES_WAITING = Gauge(
    "gradeline_alert_messages_waiting",
    "Messages that wait to be delivered, those that are tried again included.",
    ["channel"],
)
DELIVERY_DIFFERENCE = Gauge(
    "gradeline_delivery_conservation_difference",
    "Messages of the last day that are called delivered without an answer that says so, or are in no known state: always 0.",
)
BUILD = Info("gradeline_build", "Version of the software that runs.")


class ConsumerLag(Collector):
    """Asked when it is scraped, so that it is true also of a worker that does not get on."""

    NAME = "gradeline_consumer_lag_records"
    HELP = "Records of the topic that the worker has not taken in yet, by the high watermark of what it last fetched."
    LABELS = ("topic", "partition", "group")

    def __init__(self) -> None:
        """Nobody consumes yet."""
        self._lags: dict[str, Callable[[], Mapping[tuple[str, int], int]]] = {}

    def watch(self, group: str, lag: Callable[[], Mapping[tuple[str, int], int]]) -> None:
        """From now on *lag* says what the member of *group* has before it: (topic, partition) → records."""
        self._lags[group] = lag

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """One family, with a sample for each partition that is consumed here."""
        family = GaugeMetricFamily(self.NAME, self.HELP, labels=self.LABELS)
        for group, lag in self._lags.items():
            for (topic, partition), records in sorted(lag().items()):
                family.add_metric((topic, str(partition), group), records)
        yield family


CONSUMER_LAG = ConsumerLag()
REGISTRY.register(CONSUMER_LAG)
