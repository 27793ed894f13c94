"""Lists of a period's run: when they are made, who is on them, the largest loss first; and what each message says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.alerts.adapters import list_files, rule_files, wording
from services.alerts.adapters.channels.sending import linked
from services.alerts.api import list_sheet
from services.alerts.core import rendering, worklist
from services.alerts.core.composing import compose
from services.alerts.core.lists import Covered, Listing, covered, due_at
from services.alerts.core.requests import Act, Request
from services.alerts.core.worklist import Standing
from shared.core.errors import Misconfigured
from tests.support.alert_desk import HOURS, RULES
from tests.support.covers import covers
from tests.support.receivers import CONSOLE, message, notice

covers("AL-10", "AL-11", "DN-08", "RO-18")

LISTINGS = list_files.load(RULES)
TEXT = (rule_files.FOLDER / "lists.yaml").read_text("utf-8")
TODAY = date(2026, 3, 2)


def named(name: str) -> Listing:
    found = LISTINGS.of(name)
    assert found is not None
    return found


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HOURS.zone)


def stands(
    subject: str, kind: str, *, severity: Any = "warning", on: date = TODAY, owner: str = "", **figures: str
) -> Standing:
    return Standing(
        subject=subject, kind=kind, severity=severity, labels={"region": "east"}, figures=figures, opened_on=on,
        figures_on=on, owner=owner,
    )  # fmt: skip


def owes(subject: str, amount: str, days: int, currency: str = "CNY", **more: Any) -> Standing:
    return stands(
        subject, "overdue", overdue_amount=amount, overdue_days=str(days), currency=currency, **more
    )  # fmt: skip


def listed(*alerts: Standing, name: str = "collection", grades: bool = True) -> list[worklist.Row]:
    found = worklist.customers(named(name), LISTINGS, alerts, today=TODAY, currency="CNY", grades=grades)
    return [one.row for one in found]


@pytest.mark.parametrize(
    ("name", "now", "due"),
    [
        ("collection", "2026-03-02 08:29", "2026-02-24 08:30"),  # Spring Festival: Monday 23 February rests
        ("collection", "2026-03-02 08:30", "2026-03-02 08:30"),
        ("collection", "2026-03-08 23:00", "2026-03-02 08:30"),
        ("approvals-day", "2026-03-02 08:00", "2026-02-28 08:30"),  # a Saturday that works
        ("approvals-day", "2026-03-08 12:00", "2026-03-06 08:30"),
        ("approvals-month", "2026-03-01 23:00", "2026-02-02 08:30"),
        ("approvals-month", "2026-03-02 09:00", "2026-03-02 08:30"),
        ("approvals-month", "2026-10-08 08:29", "2026-09-01 08:30"),  # a week of holidays
        ("approvals-month", "2026-10-08 08:31", "2026-10-08 08:30"),
    ],
)
def test_a_list_is_made_on_the_working_day_of_its_period(name: str, now: str, due: str) -> None:
    assert due_at(named(name), local(now).astimezone(UTC), HOURS) == local(due)


def test_a_ledger_covers_what_no_ledger_told_and_a_report_the_month_before() -> None:
    monday = local("2026-03-09 08:30")
    assert covered(named("approvals-day"), monday, date(2026, 3, 5), HOURS) == Covered(
        date(2026, 3, 6), date(2026, 3, 8)
    )
    assert covered(named("approvals-day"), monday, None, HOURS) == Covered(date(2026, 3, 8), date(2026, 3, 8))
    assert covered(named("approvals-day"), monday, date(2026, 3, 8), HOURS) == Covered(
        date(2026, 3, 8), date(2026, 3, 8)
    )
    assert covered(named("approvals-month"), monday, None, HOURS) == Covered(date(2026, 2, 1), date(2026, 2, 28))
    assert covered(named("collection"), monday, None, HOURS) == Covered(date(2026, 3, 9), date(2026, 3, 9))


def test_the_largest_expected_loss_comes_first_not_the_largest_amount_nor_the_longest_overdue() -> None:
    rows = listed(
        owes("C-1", "1000000.00", 6),
        owes("C-2", "300000.00", 120),
        owes("C-3", "10000.00", 400),
        owes("C-4", "900000.00", 4),
        owes("C-5", "90000.00", 12), stands("C-5", "supply_suspended", severity="critical"),
        owes("C-6", "99.00", 20, "USD"),
        stands("C-7", "collection_stage", to="lawsuit"),
        stands("C-8", "limit_breached", severity="critical"),
    )  # fmt: skip
    assert [(row.subject, row.figures.get("at_stake")) for row in rows] == [
        ("C-2", "75000.00"), ("C-5", "45000.00"), ("C-1", "20000.00"), ("C-3", "10000.00"), ("C-7", None), ("C-6", "1.98"),
    ]  # fmt: skip
    assert rows[1].figures["why"] == "overdue_long,stopped"
    assert rows[4].figures["stage"] == "lawsuit"


def test_days_go_on_from_the_day_whose_figures_they_are() -> None:
    (row,) = listed(owes("C-1", "1000.00", 10, on=TODAY - timedelta(days=30)))
    assert (row.figures["overdue_days"], row.figures["at_stake"], row.figures["since"]) == ("40", "50.00", "2026-01-31")


def test_a_grade_puts_a_customer_on_the_lists_of_those_alone_who_may_know_it() -> None:
    alerts = (stands("C-1", "grade_worse", severity="critical"), owes("C-2", "100.00", 6),
              stands("C-2", "grade_first", severity="critical"))  # fmt: skip
    assert {row.subject: row.figures["why"] for row in listed(*alerts)} == {
        "C-1": "worst_grade",
        "C-2": "overdue_some,worst_grade",
    }
    (row,) = listed(*alerts, grades=False)
    assert (row.subject, row.figures["why"], row.figures["at_stake"]) == ("C-2", "overdue_some", "2.00")


def test_suspects_are_ranked_by_what_they_owe_then_by_how_grave_the_suspicion_is() -> None:
    rows = listed(
        stands("C-1", "suspected"), stands("C-2", "suspected", severity="critical"),
        stands("C-3", "suspected"), owes("C-3", "500.00", 1), owes("C-4", "99999.00", 90), name="inspection",
    )  # fmt: skip
    assert [row.subject for row in rows] == ["C-3", "C-2", "C-1"]


def asked(
    name: str, *acts: Act, by: str = "li.na", state: Any = "waiting", at: str = "2026-03-02 09:00", **more: Any
) -> Request:
    changed = max((one.at for one in acts), default=local(at))
    return Request(
        approval_id=name, kind="limit", labels={}, roles=("credit_manager", "general_manager"), by=by, at=local(at),
        state=state, changed_at=changed, acts=acts, **more,
    )  # fmt: skip


def test_a_ledger_says_who_asked_for_what_who_decided_and_in_what_time_and_no_reason() -> None:
    granted = Act("granted", 1, "credit_manager", "zhao", local("2026-03-02 10:00"), "grade A")
    refused = Act("refused", 2, "general_manager", "gm", local("2026-03-03 09:01"), "grade too low")
    found = worklist.requests(
        [("C-1", asked("A1", granted, refused, state="refused")), ("C-2", asked("A2", granted))], HOURS.zone
    )
    first, second = (one.row.figures for one in found)
    assert first == {
        "customer": "C-1", "approval_id": "A1", "kind": "limit", "requested_by": "li.na", "requested_on": "2026-03-02",
        "state": "refused", "by": "gm", "steps": "1", "ended_on": "2026-03-03", "hours": "25",
    }  # fmt: skip
    assert (second["state"], second["role"], "hours" in second) == ("waiting", "general_manager", False)
    assert worklist.summary([one.row for one in found]) == {
        "count": "2",
        "count_refused": "1",
        "count_waiting": "1",
        "hours": "25",
    }


@pytest.mark.parametrize("sees", [True, False])
def test_the_message_of_a_list_has_its_lines_in_the_language_of_its_reader(sees: bool) -> None:
    rows = listed(owes("C-2", "300000.00", 120, owner="qian"), stands("C-7", "supply_suspended"))
    figures = {"title_en": "To collect", "title_zh": "催收清单", **worklist.summary(rows), "more": "7"}
    sent = notice(1, kind="worklist", severity="info", figures=figures, rows=tuple(row.figures for row in rows))
    told = {}
    for language in ("en", "zh"):
        one = message(1, language=language, sees_grades=sees, notices=(sent,))
        told[language] = compose([one], wording.words()[language], link=linked(CONSOLE))
    (entry,) = told["en"].entries
    assert entry.title == "To collect: 2, the largest loss first"
    assert entry.text == "expected loss CNY 75,000.00; 7 more in the list"
    assert entry.rows == (
        "C-2; expected loss CNY 75,000.00; overdue CNY 300,000.00, 120 days; long overdue; with qian",
        "C-7; supply stopped",
    )
    assert (
        told["zh"].entries[0].rows[0] == "C-2；预计损失 75,000.00 元；逾期 300,000.00 元，120 天；长期逾期；经办 qian"
    )
    for shape in (rendering.text, rendering.html, lambda made: str(rendering.wecom(made))):
        assert "120" in shape(told["en"])
        assert "supply stopped" in shape(told["en"])
    assert linked(CONSOLE)("~list.collection.20260302T083000.qian").startswith(f"{CONSOLE}/worklists/")


def test_a_list_is_a_table_in_both_languages_with_totals_by_currency() -> None:
    rows = [row.figures for row in listed(owes("C-2", "300000.00", 120), owes("C-6", "99.00", 20, "USD"))]
    made = list_sheet.sheet("t", "alerts", rows, [], chinese=True)
    assert [column.title for column in made.columns][:3] == ["客户", "预计损失", "币种"]
    assert [row[2] for row in made.totals] == ["CNY", "USD"]
    assert "长期逾期" in made.rows[0]


@pytest.mark.parametrize(
    ("was", "to", "said"),
    [
        ("kind: suspected", "kind: gossip", "name kinds of alerts.yaml"),
        ("kind: suspected", "severity: critical", "name kinds of alerts.yaml"),
        ("    on: 1\n", "    on: 8\n", "a number from 1 to 7"),
        ('at: "08:30"', 'at: "8:30"', "write a time of day"),
        ("role:inspector", "role:poet", "is no role"),
        ("list: inspection", "list: collection", "stands twice"),
        ("{from: 31,", "{from: 0,", "days must rise"),
        ('share: "0.10"', 'share: "1.10"', "a share from 0 to 1"),
        ("of: approvals", "of: alerts", "a list of alerts has entries"),
        ("every: day", "every: year", "write one of"),
        ("shown: 25", "shown: 25\n    colour: red", "is not known here"),
        ("list: inspection", "list: In/spection", "a name of small letters"),
    ],
)
def test_a_flaw_in_the_file_is_refused_with_its_line_and_what_to_write(was: str, to: str, said: str) -> None:
    assert was in TEXT
    with pytest.raises(Misconfigured, match=r"lists\.yaml, line") as refused:
        list_files.read_lists(TEXT.replace(was, to, 1), "lists.yaml", {one.kind for one in RULES.kinds.kinds})
    assert said in refused.value.message
