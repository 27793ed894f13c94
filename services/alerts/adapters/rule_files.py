"""Reads the kinds and the routes of alerts from YAML, strictly: an error names the file, the line and what to write instead."""

from __future__ import annotations

import re
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

from services.alerts.adapters import route_files
from services.alerts.adapters.rule_values import read_receivers, read_span, read_tests
from services.alerts.core.rules import Clause, Graded, Kind, Kinds, Late, Obligation, Rules
from shared.core.errors import Misconfigured
from shared.core.events import BY_TYPE
from shared.core.events.base import Decision
from shared.core.events.values import Severity
from shared.edge.http.roles import roles
from shared.edge.policy_yaml import Section, read_flag, read_section, read_text, read_whole

FOLDER = Path(__file__).parents[1] / "policies"
ALERTS, ROUTES = "alerts.yaml", "routes.yaml"
EYES = ("author", "owner")
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")

T = TypeVar("T")


def load(folder: Path = FOLDER) -> Rules:
    """The rules in *folder*. Raises Misconfigured naming file, line and remedy."""
    kinds = read_kinds(read(folder / ALERTS), str(folder / ALERTS))
    routes = route_files.read_routes(read(folder / ROUTES), str(folder / ROUTES), kinds)
    return Rules(kinds, routes)


def read(file: Path) -> str:
    """What *file* says. Raises Misconfigured."""
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{file}: cannot be read ({error}); restore it from the package") from error


def read_kinds(text: str, file: str) -> Kinds:
    """The kinds that *text* writes."""
    section = read_section(text, file)
    section.maybe("assumed", read_flag)
    section.maybe("reference", read_text)
    owed = section.section("obligations")
    obligations: dict[Severity, Obligation] = {}
    for name in SEVERITIES:
        inner = owed.section(name)
        obligations[name] = _closed(
            inner, Obligation(inner.maybe("acknowledge", read_span), inner.maybe("resolve", read_span))
        )
    owed.close()
    tasks = section.section("tasks")
    remind = tuple(_whole(tasks, "remind", one) for one in tasks.texts("remind"))
    late = tuple(
        _closed(one, Late(one.take("days", read_whole), read_receivers(one, "to"))) for one in tasks.sections("late")
    )
    tasks.close()
    history = section.section("history")
    late_days = _closed(history, history.take("late_days", read_whole))
    longest = section.section("longest")
    snooze, silence = longest.take("snooze_days", read_whole), longest.take("silence_days", read_whole)
    longest.close()
    kinds: dict[str, Kind] = {}
    written = section.sections("kinds")
    for one in written:
        kind = _kind(one)
        if kind.kind in kinds:
            one.wrong(f"{kind.kind} stands twice; keep one", "kind")
        kinds[kind.kind] = kind
    for one, kind in zip(written, kinds.values(), strict=True):
        _check_plan(one, kind, kinds)
    section.close()
    if not kinds:
        section.wrong("no kind is written; write at least one")
    print_ = blake2b(text.encode(), digest_size=8).hexdigest()
    return Kinds(
        kinds=tuple(kinds.values()), obligations=obligations, remind=remind, late=late, late_days=late_days,
        snooze_days=snooze, silence_days=silence, version=print_,
    )  # fmt: skip


def _closed(section: Section, made: T) -> T:
    section.close()
    return made


def _whole(section: Section, key: str, text: str) -> int:
    if not re.fullmatch(r"-?\d{1,3}", text):
        section.wrong(f"{text!r} is no number of working days; write -3, 0 or 1", key)
    return int(text)


def _kind(section: Section) -> Kind:
    given: dict[str, Any] = {"kind": section.take("kind", read_text)}
    given["opens"] = _clauses(section, "opens")
    if not given["opens"]:
        section.wrong("nothing opens it; write the type of a decision under `opens`")
    given["severity"] = tuple(_graded(one) for one in section.sections("severity"))
    if not given["severity"]:
        section.wrong("it has no severity; write `severity: [{is: warning}]`")
    for name in ("same", "figures", "tells_again"):
        given[name] = section.texts(name) if name in section else ()
    if unknown := set(given["tells_again"]) - {*given["same"], *given["figures"]}:
        section.wrong(
            f"{min(unknown)} is no figure of it, so nobody sees it change; add it to `figures`", "tells_again"
        )
    given["resolved_by"], given["withdrawn_by"] = _clauses(section, "resolved_by"), _clauses(section, "withdrawn_by")
    given["acknowledge"] = section.take("acknowledge", _flag, "yes") == "yes"
    given["within"] = section.maybe("within", read_span)
    given["is_task"] = section.take("task", _flag, "no") == "yes"
    given["tells_group"] = section.take("tells_group", _flag, "no") == "yes"
    given["grades"] = section.take("grades", _flag, "no") == "yes"
    given["house"] = section.take("house", _flag, "no") == "yes"
    given["plan"] = section.maybe("plan", read_text) or ""
    if "four_eyes" in section:
        given["four_eyes"] = section.choice("four_eyes", EYES)
    if (due := section.maybe("due", read_text)) is not None:
        given["due"] = due
    for name in ("dwell_days", "reopen_days", "lapse_days"):
        if name in section:
            given[name] = section.take(name, read_whole)
    section.close()
    kind = Kind(**given)
    if kind.lapse_days and kind.acknowledge:
        section.wrong("what must be acknowledged does not lapse; write `acknowledge: no` or leave `lapse_days` out")
    if kind.reported is None and (kind.house or kind.four_eyes == "author"):
        section.wrong("nobody reports it, so it has no author and is of one customer; write `opens: [{by: [ROLE]}]`")
    if kind.reported is not None and "by" not in kind.figures:
        section.wrong("who reports it answers for it; add `by` to its figures", "figures")
    if kind.reported is not None and kind.severity[-1].when:
        section.wrong("a report always has a severity; end with one that has no `when`", "severity")
    return kind


def _check_plan(section: Section, kind: Kind, kinds: dict[str, Kind]) -> None:
    steps = kinds.get(kind.plan)
    if not kind.plan:
        return
    if steps is None or steps.reported is None:
        section.wrong(f"{kind.plan!r} is no kind that people report; write that of its steps", "plan")
    if steps.due != "due_on" or not {"of", "owner"} <= {*steps.figures} or steps.same_again:
        section.wrong(
            f"each step has who, by when, and of what: write `same: [report]`, `due: due_on` and the figures of and owner"
            f" in {kind.plan}", "plan",
        )  # fmt: skip


def _flag(text: str) -> str:
    return "yes" if read_flag(text) else "no"


def _graded(section: Section) -> Graded:
    severity = section.choice("is", SEVERITIES)
    return _closed(section, Graded(severity, read_tests(section, "when")))  # type: ignore[arg-type]


def _clauses(section: Section, key: str) -> tuple[Clause, ...]:
    return tuple(_clause(one, key) for one in section.sections(key))


def _clause(section: Section, key: str) -> Clause:
    if key == "opens" and "by" in section:
        by = section.texts("by")
        if unknown := sorted(set(by) - roles().keys()):
            section.wrong(f"{unknown[0]!r} is no role; shared/edge/roles.yaml names them", "by")
        return _closed(section, Clause(by=by, when=read_tests(section, "when")))
    on = section.take("on", read_text)
    if on not in BY_TYPE or not issubclass(BY_TYPE[on], Decision):
        section.wrong(f"{on!r} is not the type of a decision; docs/schemas names them", "on")
    when = read_tests(section, "when")
    same = section.texts("same") if "same" in section else None
    names = section.take("names_cause", _flag, "no") == "yes"
    return _closed(section, Clause(on=on, when=when, same=same, names_cause=names))
