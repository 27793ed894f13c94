"""The rules of alerts as values: kinds, obligations, routes, chains, inhibition. What reads the files is an adapter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from services.alerts.core.worktime import Span
from shared.core.events.values import Severity

RANK: dict[str, int] = {"info": 0, "warning": 1, "critical": 2}

Op = Literal["in", "not in", "at_least", "below"]
Eyes = Literal["", "author", "owner"]


class Test(msgspec.Struct, frozen=True):
    """A condition on one field. What is not there is the empty text."""

    field: str
    op: Op
    values: tuple[str, ...]

    def holds(self, fields: Mapping[str, str]) -> bool:
        """Whether it holds of *fields*. A text that is no whole number is neither at least nor below anything."""
        seen = fields.get(self.field, "")
        if self.op == "in":
            return seen in self.values
        if self.op == "not in":
            return seen not in self.values
        try:
            number, bound = int(seen), int(self.values[0])
        except ValueError:
            return False
        return number >= bound if self.op == "at_least" else number < bound


Tests = tuple[Test, ...]


def hold(tests: Tests, fields: Mapping[str, str]) -> bool:
    """Whether all of *tests* hold."""
    return all(one.holds(fields) for one in tests)


class Clause(msgspec.Struct, frozen=True):
    """A decision of one type that fits; or what people report."""

    on: str = ""
    """The type of the decision; ``: people say it."""
    by: tuple[str, ...] = ()
    """Who holds one of these roles may report it."""
    when: Tests = ()
    same: tuple[str, ...] | None = None
    """By which of its fields it is about the same thing; None: by those of the kind."""
    names_cause: bool = False
    """It is a correction that names the decision by which the alert was opened, and would have said other than it did."""


class Graded(msgspec.Struct, frozen=True):
    """A severity and when it holds."""

    severity: Severity
    when: Tests = ()


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of alert."""

    kind: str
    opens: tuple[Clause, ...]
    severity: tuple[Graded, ...]
    """The first that holds."""
    same: tuple[str, ...] = ()
    """Fields by which it is the same alert again."""
    figures: tuple[str, ...] = ()
    """Fields that its words are filled with."""
    tells_again: tuple[str, ...] = ()
    """Figures whose change is told though it is no graver than before: the steps of something that goes on."""
    resolved_by: tuple[Clause, ...] = ()
    withdrawn_by: tuple[Clause, ...] = ()
    acknowledge: bool = True
    within: Span | None = None
    """To acknowledge, where it is not as its severity says."""
    is_task: bool = False
    due: str = ""
    """The field that says by when it is to be done; ``: the day on which it arose."""
    dwell_days: int = 0
    """So long its cause must have ended before it is resolved: what flaps says nothing in between."""
    reopen_days: int = 0
    """Its cause coming back so soon after it was resolved opens the same alert again."""
    lapse_days: int = 0
    """Nobody need do anything, so it is over after so long; 0: it stays."""
    tells_group: bool = False
    """The owners of the other members of the customer's groups are told as well (AL-08)."""
    grades: bool = False
    """It says a grade: who has no need to know is told whether there is credit, and no more (AL-14)."""
    house: bool = False
    """It is about the house and not about one customer: what is reported of it anywhere is in one case."""
    plan: str = ""
    """The kind of the steps by which it is dealt with: once there are some, each has its day, and it ends after them."""
    four_eyes: Eyes = ""
    """Who does not end it: who reported it, who does not take it on either; or who took it on."""

    @property
    def same_again(self) -> bool:
        """Whether a second report may be the same alert again: then it adds to it, and amends nothing."""
        return "report" not in self.same

    @property
    def reported(self) -> Clause | None:
        """How people report it; None: they do not."""
        return next((one for one in self.opens if one.by), None)


class Obligation(msgspec.Struct, frozen=True):
    """What a severity asks of who gets it."""

    acknowledge: Span | None = None
    resolve: Span | None = None


class Late(msgspec.Struct, frozen=True):
    """Who is told of a task so many working days after its day."""

    days: int
    to: tuple[str, ...]


class Kinds(msgspec.Struct, frozen=True, kw_only=True):
    """All kinds, and what holds for all."""

    kinds: tuple[Kind, ...]
    obligations: dict[Severity, Obligation]
    remind: tuple[int, ...]
    """Working days from the day of a task on which its owner is reminded: -3, 0."""
    late: tuple[Late, ...]
    late_days: int
    """A decision of a day so long before the current one is history: recorded, told to nobody."""
    snooze_days: int
    silence_days: int
    version: str = ""

    def of(self, kind: str) -> Kind | None:
        """The kind of that name."""
        return next((one for one in self.kinds if one.kind == kind), None)

    def heard(self) -> frozenset[str]:
        """The types of decisions that some kind asks for."""
        clauses = (c for one in self.kinds for c in (*one.opens, *one.resolved_by, *one.withdrawn_by))
        return frozenset(c.on for c in clauses if c.on)


class Step(msgspec.Struct, frozen=True):
    """One step of an escalation: so long after it was opened and not taken on, these are told."""

    after: Span
    to: tuple[str, ...]


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One node of the tree, with what it inherits filled in (Alertmanager's words)."""

    name: str
    match: Tests = ()
    goes_on: bool = False
    """`continue`: the siblings after it are looked at as well."""
    to: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    wait_seconds: int = 0
    interval_seconds: int = 0
    repeat: Span | None = None
    repeats: int = 0
    """How often it is repeated at most."""
    escalation: str = ""
    """The name of its chain; ``: nobody else is told."""
    channels: tuple[str, ...] = ()
    digest: bool = False
    urgent: bool = False
    fallback: tuple[str, ...] = ()
    """Who is told what reached nobody."""
    routes: tuple[Route, ...] = ()
    line: int = 0
    """Of the file."""

    def walk(self) -> Iterator[Route]:
        """This node and all below it."""
        yield self
        for one in self.routes:
            yield from one.walk()


class Inhibition(msgspec.Struct, frozen=True):
    """While an alert of *source* stands, those of *target* with equal labels are told to nobody."""

    name: str
    source: Tests
    target: Tests
    equal: tuple[str, ...]
    of_group: bool = False
    """The source is an alert about a group, the target one about a member of it."""


class Routes(msgspec.Struct, frozen=True, kw_only=True):
    """The tree and what goes with it."""

    root: Route
    chains: dict[str, tuple[Step, ...]]
    inhibit: tuple[Inhibition, ...] = ()
    begins: int = 8 * 60 + 30
    ends: int = 17 * 60 + 30
    version: str = ""


class Rules(msgspec.Struct, frozen=True):
    """Everything that is data."""

    kinds: Kinds
    routes: Routes
