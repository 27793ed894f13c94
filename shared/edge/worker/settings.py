"""What a worker is told: bounds on memory, on the size of a transaction and on how much may go wrong."""

from __future__ import annotations

from datetime import date

import msgspec

from shared.core.events.calendar import BusinessDayOpened, BusinessDayRated


class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds and names of one worker process."""

    service: str = "rating"
    instance: str = "main"
    partitions: int = 12
    """Partitions of every topic: a customer's partition is computed from its id, so a misplaced record is seen."""
    topic_prefix: str = ""
    """Put before every topic's name; empty but in tests that share a broker."""
    zone: str = "Asia/Shanghai"
    """Midnight here opens a day."""
    first_day: date | None = None
    """The first day of an installation that has none yet; None: today in *zone*."""
    intake: bool = True
    """Whether this service takes facts in and opens the days: then a recorded time and a `~` subject are believed only
    from its intake, and what cannot be believed or read of the facts is its to say. Other services follow it."""
    day_topic: str = "credit.events"
    """Where the days come from."""
    unheard: frozenset[str] = frozenset()
    """Types that this service has no use for: they are neither kept nor folded."""

    is_shared: bool = False
    """Whether commands append to the streams of this worker all the time: then what it holds of them is brought up to
    date before each batch, for a batch made of states that have moved is made in vain."""

    nice: int = 0
    """By how much the worker gives way to other processes, 0 to 19: to those that answer, while it catches up."""

    matters: frozenset[str] = frozenset()
    """Subjects that begin with ~ and that this service decides about as about a customer (`~policy`)."""

    batch_records: int = 2_000
    poll_seconds: float = 0.25
    pace_seconds: float = 0.012
    """From one small batch to the next: what comes meanwhile is written with it, at a fraction of the cost (measured)."""
    sweep_streams: int = 500
    walk_days: int = 45
    """A fact that reaches further back than this is decided in the background, so that it does not hold up the line."""
    behind_streams: int = 16
    """Streams whose long walk is taken at once, when nothing else is to be done."""
    behind_seconds: float = 5.0
    """How long a busy worker may leave them waiting."""
    identity_events: int = 500
    """Events looked through at once for an identity that another customer has, when nothing else is to be done."""
    identity_seconds: float = 1.0
    """How long after a round that found the log looked through the next one may begin."""
    cache_weight: int = 4_096_000
    """kB that all states in memory take together, about: a customer 13, a document or payment 2, other facts 1."""
    snapshot_every: int = 500
    """Events of one stream between two snapshots."""
    snapshot_on_eviction: int = 50
    """A state leaving memory is snapshotted if it is so many events ahead of its last snapshot."""
    held_records: int = 50_000
    """Records held back behind a running sweep, all partitions together, before polling stops."""
    held_bytes: int = 64 << 20
    """The same in bytes."""

    parked_share: float = 0.01
    parked_least: int = 3
    """More than this share of a batch's customers parked, and at least so many: stop."""
    dead_letters: int = 100
    dead_letters_of: int = 1_000
    """So many dead letters within so many records: stop."""
    moved_attempts: int = 5
    failed_attempts: int = 8
    """Failures in a row, other than a database that is away, before the process gives up."""

    commit_seconds: float = 60.0
    drain_seconds: float = 8.0
    backoff_least_seconds: float = 0.1
    backoff_most_seconds: float = 5.0
    parked_check_seconds: float = 5.0

    def too_many_parked(self, failed: int, customers: int) -> bool:
        """Whether so many of *customers* failed at once that it is not the customers."""
        return failed >= max(self.parked_least, self.parked_share * customers)

    @property
    def day(self) -> type[BusinessDayOpened | BusinessDayRated]:
        """What moves the day of a partition: that it was opened, or that it was rated by the service that opens days."""
        return BusinessDayOpened if self.intake else BusinessDayRated

    @property
    def source(self) -> str:
        """The CloudEvents source of this service's decisions."""
        return f"/gradeline/{self.instance}/{self.service}"
