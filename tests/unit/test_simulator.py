"""The simulator: deterministic, believable, and every fact is one that the product accepts."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from gradeline.main import build
from gradeline.simulator.book import Book, minor_of
from gradeline.simulator.busy import busy_day
from gradeline.simulator.flat import payments_and_invoices
from gradeline.simulator.portfolio import live, origin_of, profiles, simulate
from gradeline.simulator.profile import Behaviour
from shared.edge import codec
from tests.support.posted_to import Answer, listening

END = date(2026, 1, 31)
Facts = list[dict[str, Any]]


@pytest.fixture(scope="module")
def portfolio() -> Facts:
    return list(simulate(120, 18, 5, END))


def lines(facts: Any) -> bytes:
    return msgspec.json.Encoder().encode_lines(list(facts))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    first = lines(simulate(25, 6, 1, END))
    assert lines(simulate(25, 6, 1, END)) == first
    assert lines(simulate(25, 6, 2, END)) != first


def test_a_customer_is_registered_before_anything_else_is_said_of_it(portfolio: Facts) -> None:
    first: dict[str, str] = {}
    for fact in portfolio:
        first.setdefault(fact["subject"], fact["type"])
    assert len(first) == 120
    assert set(first.values()) == {"credit.customer.registered.v1"}


def test_every_fact_is_an_event_that_the_codec_takes(portfolio: Facts) -> None:
    assert len(portfolio) > 5000
    for fact in portfolio:
        event = codec.decode(msgspec.json.encode(fact))
        if fact["type"] not in ("credit.financials.reported.v1", "credit.customer.registered.v1"):
            assert event.business_date == event.time.date(), fact
        assert event.business_date <= END


def test_facts_come_in_order_of_time_and_within_the_months(portfolio: Facts) -> None:
    times = [fact["time"] for fact in portfolio]
    assert all(one <= other for one, other in pairwise(times))
    assert times[0][:10] >= origin_of(END, 18).isoformat()
    assert times[-1][:10] <= END.isoformat()


def test_no_fact_and_no_document_has_the_identity_of_another(portfolio: Facts) -> None:
    identities = Counter((fact["source"], fact["subject"], fact["id"]) for fact in portfolio)
    assert identities.most_common(1)[0][1] == 1
    documents = Counter(
        (fact["subject"], fact["type"], fact["data"][name])
        for fact in portfolio
        for name in ("payment_id", "settlement_id", "dispute_id", "promise_id", "signal_id", "dunning_id", "refund_id")
        if name in fact["data"] and fact["type"].split(".")[2] not in ("closed", "lifted", "broken", "reversed")
    )
    assert documents.most_common(1)[0][1] == 1


@pytest.mark.parametrize("month", range(1, 13))
def test_no_identity_is_used_twice_in_whichever_month_the_stories_begin(month: int) -> None:
    facts = simulate(30, 7, 7, date(2026, month, 20))
    assert Counter((fact["source"], fact["subject"], fact["id"]) for fact in facts).most_common(1)[0][1] == 1


def test_every_kind_of_story_is_told(portfolio: Facts) -> None:
    told = {fact["type"] for fact in portfolio}
    for name in (
        "transaction.accepted", "transaction.cancelled", "transaction.terms-changed", "payment.reversed", "settlement.applied",
        "refund.paid", "dispute.opened", "dispute.closed", "overdue.reported", "overdue.cured", "promise.made",
        "promise.broken", "dunning.sent", "financials.reported", "measure.reported", "signal.reported", "signal.lifted",
    ):  # fmt: skip
        assert f"credit.{name}.v1" in told, name
    kinds = {fact["data"]["kind"] for fact in portfolio if fact["type"] == "credit.transaction.recorded.v1"}
    assert kinds == {"order", "delivery", "invoice", "credit_note", "return", "opening_balance"}
    behaviours = {profile.behaviour for profile in profiles(120, 5, origin_of(END, 18), 18)}
    assert behaviours == set(Behaviour)


def test_no_document_is_consumed_or_settled_beyond_its_amount(portfolio: Facts) -> None:
    left: dict[tuple[str, str], int] = {}
    back: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for fact in portfolio:
        subject, data = fact["subject"], fact["data"]
        parts: list[tuple[str, int]] = []
        if fact["type"] == "credit.transaction.recorded.v1":
            assert (subject, data["transaction_id"]) not in left
            left[subject, data["transaction_id"]] = minor_of(data["amount"])
            if data["kind"] in ("credit_note", "return"):
                parts = [(part["transaction_id"], minor_of(part["amount"])) for part in data["consumes"]]
        elif fact["type"] == "credit.payment.recorded.v1":
            parts = [(part["transaction_id"], minor_of(part["amount"])) for part in data.get("allocations", ())]
            assert sum(minor for _, minor in parts) <= minor_of(data["amount"])
            back[subject, data["payment_id"]] = parts
        elif fact["type"] == "credit.settlement.applied.v1":
            parts = [(part["transaction_id"], minor_of(part["amount"])) for part in data["to"]]
        elif fact["type"] == "credit.payment.reversed.v1":
            parts = [(to, -minor) for to, minor in back[subject, data["payment_id"]]]
        for document, minor in parts:
            left[subject, document] -= minor
            assert left[subject, document] >= 0, (subject, document)


def test_behaviours_pay_as_their_names_say(portfolio: Facts) -> None:
    behaviour = {p.subject: p.behaviour for p in profiles(120, 5, origin_of(END, 18), 18)}
    due: dict[tuple[str, str], date] = {}
    late: dict[Behaviour, list[int]] = defaultdict(list)
    for fact in portfolio:
        data, subject = fact["data"], fact["subject"]
        if fact["type"] == "credit.transaction.recorded.v1" and "due_on" in data:
            due[subject, data["transaction_id"]] = date.fromisoformat(data["due_on"])
        if fact["type"] == "credit.payment.recorded.v1":
            for part in data.get("allocations", ()):
                if (subject, part["transaction_id"]) in due:
                    days = date.fromisoformat(data["paid_on"]) - due[subject, part["transaction_id"]]
                    late[behaviour[subject]].append(days.days)
    mean = {kind: sum(days) / len(days) for kind, days in late.items()}
    assert mean[Behaviour.PROMPT] < 3
    assert mean[Behaviour.LATE_BUT_SURE] > 8
    assert mean[Behaviour.DETERIORATING] > mean[Behaviour.PROMPT]


def test_a_customer_keeps_one_currency_and_most_pay_in_yuan(portfolio: Facts) -> None:
    currencies: dict[str, set[str]] = defaultdict(set)
    for fact in portfolio:
        if "currency" in fact["data"]:
            currencies[fact["subject"]].add(fact["data"]["currency"])
    assert {len(one) for one in currencies.values()} == {1}
    counts = Counter(next(iter(one)) for one in currencies.values())
    assert counts.most_common(1)[0][0] == "CNY"
    assert set(counts) <= {"CNY", "USD", "EUR"}


def test_a_customer_has_the_same_story_in_a_larger_portfolio() -> None:
    small = [fact for fact in simulate(3, 6, 9, END) if fact["subject"] == "C9-00002"]
    large = [fact for fact in simulate(30, 6, 9, END) if fact["subject"] == "C9-00002"]
    assert small == large
    assert small


def test_live_goes_on_exactly_where_the_history_stopped() -> None:
    start = END + timedelta(days=1)
    origin = origin_of(END, 6)
    whole = list(islice(live(20, 3, origin, months=6, origin=origin), 4000))
    history = list(simulate(20, 6, 3, END))
    after = list(islice(live(20, 3, start, months=6), 4000 - len(history)))
    assert history + after == whole
    assert after[0]["time"][:10] >= start.isoformat()


def test_live_never_ends_even_when_every_customer_had_a_crisis() -> None:
    assert len(list(islice(live(1, 1, END), 3000))) == 3000


def test_times_carry_the_offset_of_the_zone_and_stay_on_their_date() -> None:
    for fact in islice(simulate(5, 12, 1, END, zone="America/New_York"), 2000):
        assert fact["time"][19:] in ("-05:00", "-04:00")
        assert "08:00:00" <= fact["time"][11:19] < "20:00:00"


def test_names_are_chinese_and_english_and_groups_share_a_controller() -> None:
    found = list(profiles(200, 1, origin_of(END, 12), 12))
    assert any(profile.name.isascii() for profile in found)
    assert any("有限" in profile.name for profile in found)
    controllers = Counter(profile.controller for profile in found[:4])
    assert controllers.most_common(1)[0][1] == 4


def test_a_busy_day_is_all_today_and_never_ends() -> None:
    book = Book()
    for fact in simulate(40, 6, 4, END):
        book.note(fact)
    today = END + timedelta(days=1)
    facts = list(islice(busy_day(book, seed=4, day=today, tag="r1"), 3000))
    for fact in facts:
        assert codec.decode(msgspec.json.encode(fact)).business_date == today
    assert len({fact["id"] for fact in facts}) == 3000
    assert {"credit.payment.recorded.v1", "credit.signal.reported.v1", "credit.payment.reversed.v1"} <= {
        f["type"] for f in facts
    }


def test_flat_facts_are_events_in_pairs_whose_key_is_the_subject() -> None:
    facts = list(payments_and_invoices(7, 1001, 1))
    assert len(facts) == 1001
    events = [codec.decode(value) for _, value in facts]
    assert all(key.decode() == event.subject for (key, _), event in zip(facts, events, strict=True))
    assert len({(event.subject, event.id) for event in events}) == 1001
    assert Counter(event.type for event in events) == {
        "credit.transaction.recorded.v1": 501,
        "credit.payment.recorded.v1": 500,
    }
    assert facts == list(payments_and_invoices(7, 1001, 1))


def test_the_command_writes_one_fact_a_line(tmp_path: Path) -> None:
    out = tmp_path / "facts.jsonl"
    arguments = [
        "simulate",
        "--customers",
        "4",
        "--months",
        "3",
        "--seed",
        "2",
        "--end",
        "2026-01-31",
        "--out",
        str(out),
        "--json",
    ]
    result = CliRunner().invoke(build(), arguments)
    assert result.exit_code == 0, result.output
    assert out.read_bytes() == lines(simulate(4, 3, 2, END))
    assert json.loads(result.stdout)["facts"] == out.read_bytes().count(b"\n")


def test_the_command_posts_the_facts_in_order(tmp_path: Path) -> None:
    arguments = [
        "simulate",
        "--customers",
        "4",
        "--months",
        "3",
        "--seed",
        "2",
        "--end",
        "2026-01-31",
        "--post",
        "--data",
        str(tmp_path),
    ]
    with listening() as heard:
        result = CliRunner().invoke(build(), [*arguments, "--url", heard.url])
    assert result.exit_code == 0, result.output
    assert lines(heard.events) == lines(simulate(4, 3, 2, END))
    assert result.stdout == ""


def test_a_history_that_contradicts_an_earlier_one_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with listening(lambda _: Answer(409, {"detail": "other content", "index": 0})) as heard:
        result = CliRunner().invoke(
            build(), ["simulate", "--customers", "2", "--post", "--url", heard.url, "--data", str(tmp_path)]
        )
    assert result.exit_code == 2
    assert "--seed" in result.output


def test_the_command_wants_a_real_zone() -> None:
    result = CliRunner().invoke(build(), ["simulate", "--zone", "Mars/Base"])
    assert result.exit_code == 2
    assert "IANA" in result.output


@pytest.mark.parametrize("end", ["0001-05-01", "1950-12-31", "9999-12-31"])
def test_the_command_wants_an_end_that_leaves_room_for_the_months(end: str) -> None:
    result = CliRunner().invoke(build(), ["simulate", "--customers", "1", "--months", "12", "--end", end])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"gradeline: --end: 12 months that end with {end} are no history that can be told; "
        "write a day from 1951-01-01 to 2199-12-31\n"
    )


def test_every_fact_has_an_identity_of_its_own_across_all_customers() -> None:
    seen = Counter((fact["source"], fact["id"]) for fact in simulate(20, 6, 7, date(2026, 6, 30)))

    assert [identity for identity, count in seen.items() if count > 1] == []
