"""Several methods in force at once, each with a path of its own; validity that lapses; places under a quota."""

from __future__ import annotations

from datetime import date
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rating.adapters.proving import unfounded
from services.rating.core.brain import RatingBrain
from services.rating.core.context import Context
from services.rating.core.path import at, walk
from services.rating.core.show import show
from services.rating.core.standing import Standing
from services.rating.core.state import State
from services.rating.core.told import Told
from shared.core.brain import Decided
from shared.core.customer.state import Setting
from shared.core.envelope import Event
from shared.core.events.approval import OverrideSet
from shared.core.events.rating import DecisionCorrected, GradeChanged, ReviewDue
from shared.core.policy.activation import Activation
from tests.support.customer import BRAIN, Customer, Desk, day
from tests.support.histories import START, Story, history
from tests.support.several import level, placed, rules, sold
from tests.unit.test_overriding import decided, override

SEVERAL = RatingBrain(rules(), Setting())
END = START.toordinal() + 500


def folded(events: list[Event], brain: RatingBrain = SEVERAL) -> State:
    state = brain.initial("C1")
    for event in events:
        brain.evolve(state, event)
    return state


def paths(events: list[Event], end: int, *, daily: bool = True, brain: RatingBrain = SEVERAL) -> tuple[object, object]:
    state = folded(events, brain)
    walk(state, state.path, state.first, end, brain.engine(Context()), daily=daily)
    return state.path, state.besides


class Watched(Desk):
    """A desk with the three purposes."""

    def __init__(self, customer: Customer, brain: RatingBrain = SEVERAL, *, opened: str) -> None:
        self.brain = brain
        super().__init__(customer)
        self.state = brain.initial(customer.subject)
        self.decides(opened)

    def under(self, purpose: str, on: str) -> Standing:
        found = at(self.state.besides[purpose], day(on).toordinal())
        assert found is not None
        return found


@pytest.fixture
def brain(monkeypatch: pytest.MonkeyPatch) -> RatingBrain:
    """The desk decides with the rules of three purposes."""
    monkeypatch.setattr("tests.support.customer.BRAIN", SEVERAL)
    return SEVERAL


def moves(desk: Desk, purpose: str) -> list[tuple[str, str | None, str | None, str]]:
    said = [d for d in desk.said(GradeChanged, published=True) if d.purpose == purpose]
    return [(str(d.as_of), d.to, d.refusal, d.cause) for d in said]


# --- one walk, one path a purpose


@pytest.mark.slow
@given(seed=st.integers(0, 10**6))
@settings(max_examples=15)
def test_the_credit_path_is_the_same_whatever_stands_beside_it(seed: int) -> None:
    events = history(seed, documents=10)
    alone = BRAIN.initial("C1")
    for event in events:
        BRAIN.evolve(alone, event)
    walk(alone, alone.path, alone.first, END, BRAIN.engine(Context()))
    assert paths(events, END, daily=False)[0] == alone.path


def inputs(random: Random, story: Story) -> None:
    """What the other purposes look at, and what reviews say, on days of every kind."""
    story.tell("customer.registered", START, name="甲", kind="company", region="urban")
    for month in range(0, 17):
        on = date.fromordinal(START.toordinal() + 30 * month + random.randint(0, 9))
        sold(story, on, random.choice([10, 30, 60, 80]), random.randint(1, 99))
        if random.random() < 0.4:
            story.tell("measure.reported", on, name="safety", value=str(random.randint(0, 99)), period_end=on)
        if random.random() < 0.3:
            story.tell("review.completed", on, review_id=f"R{month}", completed_on=on, outcome="approved")
        if random.random() < 0.2:
            story.tell("conduct.reported", on, conduct_id=f"K{month}", kind="violation", found_on=on)
    for on in ("2024-07-01", "2025-01-01"):
        if random.random() < 0.8:
            placed(story, on, random.choice(["place", "place", "pushed_out"]))
    for method, grades in (("level", ("large", "ordinary")), ("label", ("low", "high"))):
        on = START.toordinal() + random.randint(40, 400)
        days = date.fromordinal(on), date.fromordinal(on + random.randint(0, 90))
        story.events.append(decided(override(*days, id=method, method=method, grade=random.choice(grades))))


@pytest.mark.slow
@given(seed=st.integers(0, 10**6), shuffle=st.integers(0, 10**6))
@settings(max_examples=25)
def test_the_live_paths_equal_the_paths_from_scratch_whenever_facts_reviews_and_places_come_in(
    seed: int, shuffle: int
) -> None:
    random, story = Random(shuffle), Story(seed)
    story.events += history(seed, documents=6)
    inputs(random, story)
    arrivals = list(story.events)
    random.shuffle(arrivals)
    state, on = SEVERAL.initial("C1"), START.toordinal()
    while arrivals or on < END:
        for _ in range(random.randint(0, 8)):
            if arrivals:
                SEVERAL.evolve(state, arrivals.pop())
        if random.random() < 0.2:
            state = SEVERAL.load(SEVERAL.dump(state))
        SEVERAL.decide(state, date.fromordinal(on), Context(), cause="fact")
        if not arrivals or random.random() < 0.5:
            on = min(END, on + random.choice([0, 1, 1, 2, 30, 90]))
    SEVERAL.decide(state, date.fromordinal(END), Context(), cause="day")

    assert (state.path, state.besides) == paths(story.events, END) == paths(story.events, END, daily=False)
    assert any(standing.grade for _, standing in state.besides["service"])


def test_each_purpose_is_said_under_its_own_and_compliance_leaves_on_the_restricted_topic(brain: RatingBrain) -> None:
    book = Customer()
    book.registered("2024-01-01", segment="dealer", kind="company", region="urban")
    book.months("2024-01-03", 13)
    book.visited("2024-12-20")
    sold(book, "2025-02-20", 30, 50)
    book.reports("safety", "80", "2025-02-20")
    desk = Desk(book, opened="2025-03-01")

    said = {d.data.purpose: d for _, d in desk.log if isinstance(d.data, GradeChanged)}
    assert {purpose: (d.data.method, d.data.to, d.data.topic) for purpose, d in said.items()} == {
        "credit": ("rm-22", "A", "credit.ratings"),
        "service": ("level", "ordinary", "credit.ratings"),
        "compliance": ("label", "low", "credit.restricted"),
    }
    assert desk.decides("2025-03-01") == []
    book.reports("safety", "10", "2025-02-25")
    corrected = [d.data for d in desk.decides("2025-03-05")]
    assert [(type(d), d.purpose, d.topic) for d in corrected] == [
        (DecisionCorrected, "compliance", "credit.restricted"), (GradeChanged, "compliance", "credit.restricted"),
    ]  # fmt: skip
    seen = show(folded(book.events), day("2025-03-05").toordinal(), 0, brain.engine(Context()), desk.told)
    assert [(r.purpose, r.grade) for r in seen.ratings] == [
        ("credit", "A"),
        ("service", "ordinary"),
        ("compliance", "high"),
    ]
    assert seen.credit is not None
    assert seen.credit.method == "rm-22"
    assert {(s.purpose, s.grade, s.lived) for s in seen.history if s.purpose == "compliance"} >= {
        ("compliance", "high", False)
    }


def test_a_purpose_that_has_nothing_to_do_with_a_customer_is_not_shown(brain: RatingBrain) -> None:
    book = Customer()
    book.registered("2024-01-01", kind="person")
    seen = show(folded(book.events), day("2025-03-05").toordinal(), 0, brain.engine(Context()), Told())
    assert [(r.purpose, r.refusal) for r in seen.ratings] == [("credit", "TOO_FEW_FACTS"), ("service", None)]
    assert {step.purpose for step in seen.history} == {"credit", "service"}
    book.registered("2025-03-01", kind="company")
    seen = show(folded(book.events), day("2025-03-05").toordinal(), 0, brain.engine(Context()), Told())
    assert [(r.purpose, r.refusal, str(r.since)) for r in seen.ratings[2:]] == [
        ("compliance", "MEASURE_MISSING", "2025-03-01")
    ]


# --- places under a quota


def story(since: str = "2024-01-01") -> Customer:
    book = Customer()
    book.registered(since, kind="company", region="urban")
    return book


def test_a_grade_under_a_quota_is_entered_with_a_place_of_that_day_only(brain: RatingBrain) -> None:
    book = story("2024-06-20")
    sold(book, "2024-06-20", 80, 90)
    desk = Desk(book, opened="2024-06-30")
    desk.lives("2024-07-02")
    first = at(desk.state.besides["service"], day("2024-07-01").toordinal())
    assert first is not None
    assert (first.grade, first.due, first.held) == ("medium", "large", ("QUOTA_NO_PLACE",))

    placed(book, "2024-07-01", "place")
    desk.decides("2024-07-02")
    assert moves(desk, "service") == [("2024-06-30", "medium", None, "fact"), ("2024-07-02", "large", None, "review")]
    placed(book, "2025-01-01", "pushed_out")
    sold(book, "2024-09-20", 80, 90)
    sold(book, "2024-12-20", 80, 90)
    desk.lives("2025-01-02")
    assert moves(desk, "service")[2:] == [("2025-01-01", "medium", None, "review")]


def test_a_place_that_somebody_else_gives_is_none(brain: RatingBrain) -> None:
    book = story("2024-06-20")
    sold(book, "2024-06-20", 80, 90)
    book.tell("review.completed", day("2024-07-01"), review_id="level/large/2024-07-01",
              completed_on=day("2024-07-01"), outcome="place")  # fmt: skip
    assert [s.grade for _, s in folded_path(book, "2024-07-05")] == ["medium"] * len(folded_path(book, "2024-07-05"))


def folded_path(book: Customer, end: str) -> list[tuple[int, Standing]]:
    state = folded(book.events)
    walk(state, state.path, state.first, day(end).toordinal(), SEVERAL.engine(Context()))
    return [(on, s) for on, s in state.besides["service"] if s.grade]


# --- overrides


def test_an_override_acts_on_the_path_of_the_purpose_of_its_method_and_takes_no_place(brain: RatingBrain) -> None:
    book = story("2024-06-20")
    sold(book, "2024-06-20", 80, 90)
    placed(book, "2024-07-01", "place")
    book.reports("safety", "40", "2024-06-20")
    desk = Watched(book, opened="2024-07-02")
    credit = desk.standing("2024-07-02")
    for said in (down("level", "ordinary"), down("label", "high")):
        brain.evolve(desk.state, decided(said))
    desk.decides("2024-07-02")

    held = {purpose: desk.under(purpose, "2024-07-02") for purpose in ("service", "compliance")}
    assert {purpose: (one.grade, one.override) for purpose, one in held.items()} == {
        "service": ("ordinary", "level"), "compliance": ("high", "label"),
    }  # fmt: skip
    assert desk.standing("2024-07-02") == credit
    said = [one for one in desk.said(GradeChanged) if one.cause == "override"]
    assert [(one.purpose, one.to, one.override_id) for one in said] == [
        ("service", "ordinary", "level"), ("compliance", "high", "label"),
    ]  # fmt: skip
    row = brain.decide(desk.state, day("2024-07-02"), Context(), cause="day").row
    assert [(one.purpose, one.grade) for one in row.ratings if one.purpose == "service"] == [("service", "large")]
    view = show(desk.state, day("2024-07-02").toordinal(), 0, brain.engine(Context()), desk.told)
    assert {one.purpose: [o.override_id for o in one.overrides] for one in view.explanations} == {
        "credit": [], "service": ["level"], "compliance": ["label"],
    }  # fmt: skip
    assert brain.load(brain.dump(desk.state)).besides == desk.state.besides


def down(method: str, grade: str) -> OverrideSet:
    return override(day("2024-07-02"), day("2024-08-01"), id=method, method=method, grade=grade)


# --- validity


def test_a_grade_lapses_when_its_validity_and_the_days_of_grace_are_over_and_a_review_brings_it_back(
    brain: RatingBrain,
) -> None:
    book = story()
    book.reports("safety", "40", "2024-01-10")  # medium: valid for 12 months, 30 days of grace
    desk = Desk(book, opened="2024-01-10")
    desk.lives("2025-02-20")
    assert moves(desk, "compliance") == [
        ("2024-01-10", "medium", None, "fact"), ("2025-02-10", None, "GRADE_LAPSED", "day"),
    ]  # fmt: skip
    due = [d for d in desk.said(ReviewDue) if d.purpose == "compliance"]
    assert [(d.review_id, d.topic, str(d.as_of)) for d in due] == [
        ("label/2025-01-10", "credit.restricted", "2025-01-10")
    ]
    for one in desk.said(GradeChanged):
        assert list(unfounded("C1", "1", one, brain)) == [], "verify finds nothing, though the measures refuse nothing"
    book.reviewed("R1", "2025-02-25")
    desk.lives("2025-03-10")
    assert moves(desk, "compliance")[2:] == [("2025-02-25", "medium", None, "day")]
    seen = show(folded(book.events), day("2025-03-10").toordinal(), 0, brain.engine(Context()), desk.told)
    assert [str(r.valid_until) for r in seen.ratings if r.purpose == "compliance"] == ["2026-02-25"]


@pytest.mark.parametrize("overridden", [False, True])
def test_the_day_of_a_lapse_is_not_skipped(*, overridden: bool) -> None:
    book = story()
    book.reports("safety", "40", "2024-02-20")
    if overridden:  # by a grade that is valid for longer
        book.events.append(decided(override(day("2025-03-02"), day("2025-03-30"), method="label", grade="low")))
    end = day("2025-03-30").toordinal()
    every, skipping = paths(book.events, end), paths(book.events, end, daily=False)
    assert every == skipping
    lapsed = [on for on, standing in folded_besides(book, end) if standing.refusal == "GRADE_LAPSED"]
    assert [str(date.fromordinal(on)) for on in lapsed] == ["2025-03-23"]


def folded_besides(book: Customer, end: int) -> list[tuple[int, Standing]]:
    state = folded(book.events)
    walk(state, state.path, state.first, end, SEVERAL.engine(Context()))
    return list(state.besides["compliance"])


def test_a_review_in_time_keeps_the_grade_and_a_worse_one_is_not_hidden_by_the_lapse(brain: RatingBrain) -> None:
    book = story()
    book.reports("safety", "40", "2024-01-10")
    book.reviewed("R1", "2024-12-15")
    book.reports("safety", "10", "2026-01-20")
    book.reviewed("R2", "2026-01-25")
    desk = Desk(book, opened="2024-01-10")
    desk.lives("2026-02-01")
    assert moves(desk, "compliance") == [
        ("2024-01-10", "medium", None, "fact"),
        ("2026-01-15", None, "GRADE_LAPSED", "day"),
        ("2026-01-25", "high", None, "day"),
    ]


# --- activation


def test_a_version_that_was_not_activated_rates_nobody() -> None:
    second = level("2", bands="{grade: large, rank: 100, from: 25}")
    loaded = RatingBrain(rules(level(), second), Setting())
    book = story("2024-06-20")
    sold(book, "2024-06-20", 30, 90)
    context, events = Context(), book.events
    state = folded(events, loaded)
    loaded.decide(state, day("2024-07-01"), context, cause="day")
    head = state.besides["service"][-1][1]
    assert (head.version, head.underlying) == ("1", "medium")

    context.activations = (Activation(day("2024-07-02"), 1, "level", "2", second.sha256),)
    decided = loaded.decide(state, day("2024-07-02"), context, cause="policy").decisions
    head = state.besides["service"][-1][1]
    assert (head.version, head.underlying, head.grade) == ("2", "large", "medium")
    assert (_said(decided, "service").cause, _said(decided, "service").policy.sha256) == ("policy", second.sha256)
    again = folded(events, loaded)
    loaded.decide(again, day("2024-07-02"), context, cause="day")
    assert again.besides == state.besides


def _said(decided: list[Decided], purpose: str) -> GradeChanged:
    (found,) = (d.data for d in decided if isinstance(d.data, GradeChanged) and d.data.purpose == purpose)
    return found


def test_snapshots_survive_an_activation_and_a_draft() -> None:
    second = level("2")
    assert RatingBrain(rules(level(), second), Setting()).fold_version == SEVERAL.fold_version
    changed = msgspec.structs.replace(level(), sha256="0" * 64)
    assert RatingBrain(rules(changed), Setting()).fold_version != SEVERAL.fold_version
