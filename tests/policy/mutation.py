"""Changes every number, code and switch of every method a little, one at a time, and writes who noticed to docs/mutations.md:
`python -m tests.policy.mutation`. With `--keep` it first writes what movement does now to tests/policy/movement: read it before."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from gradeline.commands.policy_asked import SHIPPED
from gradeline.shapes import SHAPES, load_template
from shared.core.policy.policy import Book, Policy
from shared.edge.policy_cases import Case, load_cases
from shared.edge.policy_files import load_rules
from tests.support import movement_mutants
from tests.support.movements import PARTS, behaviour
from tests.support.mutants import mutants

PAGE = Path(__file__).parents[2] / "docs" / "mutations.md"
MOVEMENT = Path(__file__).parent / "movement"
SAME: dict[str, dict[str, str]] = {
    "rm-22": {".cards[2].missing.cap A": "with any C the table gives B at best anyway"},
    "rm-32": {
        ".known_at_least +": "what may be unknown and is kept are 35 of at least 75 points: never more than half",
        ".known_at_least -": "the same",
    },
    "p8": {
        "rise.max_steps +1": "`only_from` lets nobody jump: one rule says of this scale what the other says",
        "rise.only_from.large left out": "the limit of one step lets nobody jump",
    },
    "p13": {
        ".shape.labels.laundering.first[2].when[0].against -": "what counts is whole: 1.96 asks for as many signs as 2"
    },
    "p15": {
        ".rules[0].when[0].against -": "votes are whole: less than one is none",
        ".cards[0].missing worst": "without a single vote the guard refuses before anything else is asked",
        ".rules[1].when[0].unknown_holds flipped": "the same",
    },
}
"""Changes that change nothing, and why."""
KINDS: tuple[tuple[str, str], ...] = (
    ("quota", r"^quotas"),
    ("validity and reviews", r"^(review_months|valid_months|lapse|measures)"),
    (
        "cooldown and review days",
        r"^(rise\.(cooldown|only_at|never_at|from_worst)|fall(\.only_at|\.at_once_on| at once))",
    ),
    ("limit of steps", r"^(rise\.(max_steps|only_from)|fall\.max_steps)"),
    ("approvals", r"^approvals"),
    ("scale", r"^(scale\.|\.scale)"),
    ("combination", r"^\.(letters|shape\.grid)"),
    ("veto, cap, floor", r"(\.(cap|floor|notches|veto)\b.*|^\.rules\[\d+\] left out)$"),
    ("what is not known", r"(\.missing|unknown_holds|known_at_least)"),
    ("weight", r"(\.(percent|points|factor)|\.derived\.[^.]+\.of\b.*|\.total\.start) [-+]$"),
    ("threshold", r"(\.(start|zero|full|against)\b.* [-+]|swaps its edge|start_excluded flipped)$"),
    ("code or list", r""),
)
"""What a place in a policy is, the first that fits."""


def books() -> dict[str, Book]:
    """The shipped methods and the sixteen templates."""
    return dict(load_rules(SHIPPED).books) | {shape: load_template(shape) for shape in SHAPES}


def notices(cases: tuple[Case, ...], policy: Policy) -> bool:
    """Whether some sentence fails, or cannot even be evaluated, under *policy*."""
    for case in cases:
        try:
            if case.under(policy).found()[1] != case.expected:
                return True
        except KeyError:  # no such letters, no such code: the loader would have refused it
            return True
    return False


@cache
def expected(method: str, version: str) -> dict[str, Any]:
    """What movement of a version must do, as it is written beside these tests."""
    found: dict[str, Any] = yaml.safe_load((MOVEMENT / f"{method}.yaml").read_text("utf-8"))
    return dict(found[version])


def moves_otherwise(policy: Policy, what: str, must: dict[str, Any]) -> bool:
    """Whether *policy*, changed at *what*, moves otherwise than it *must*."""
    key = re.match(r"[a-z_]+", what)
    assert key is not None
    for part in (part for part in PARTS if part in movement_mutants.SEEN_IN[key[0]]):
        try:
            if behaviour(policy, (part,)).get(part) != must.get(part):
                return True
        except (KeyError, ValueError):  # a grade that is not on the scale: the loader would have refused it
            return True
    return False


def run(method: str, book: Book) -> Iterator[tuple[str, bool]]:
    """Every mutant of every version of *method*, and whether it was noticed."""
    cases = load_cases(SHAPES.get(method, SHIPPED / method), book)
    for policy in book.versions:
        mine = tuple(case for case in cases if case.policy is policy)
        for what, mutant in mutants(policy):
            yield what, notices(mine, mutant)
        must = expected(method, policy.version)
        for what, mutant in movement_mutants.mutants(policy):
            yield what, moves_otherwise(mutant, what, must)


def kind_of(what: str) -> str:
    """What is changed at *what*."""
    return next(name for name, pattern in KINDS if re.search(pattern, what))


def page(found: dict[str, list[tuple[str, bool]]]) -> str:
    """docs/mutations.md."""
    names = [name for name, _ in KINDS]
    lines = [HEAD, f"| method | {' | '.join(names)} | all | survive |", f"|---{'|--:' * (len(names) + 2)}|"]
    total: Counter[str] = Counter()
    for method, seen in found.items():
        counts = Counter(kind_of(what) for what, _ in seen)
        alive = sum(not noticed for _, noticed in seen)
        total.update(counts)
        total.update({"survive": alive})
        cells = [f"{counts[name] or '–'}" for name in names]
        lines.append(f"| {method} | {' | '.join(cells)} | {len(seen)} | {alive or '–'} |")
    cells = [f"{total[name]}" for name in names]
    lines.append(f"| all | {' | '.join(cells)} | {sum(total[name] for name in names)} | {total['survive']} |")
    lines += ["", "## Survivors", "", "Each changes nothing that anybody could see.", ""]
    lines += ["| method | change | why it changes nothing |", "|---|---|---|"]
    for method, seen in found.items():
        for what, noticed in seen:
            if not noticed:
                why = SAME.get(method, {}).get(what, "**not explained**")
                lines.append(f"| {method} | `{what.strip()}` | {why} |")
    return "\n".join(lines) + "\n"


HEAD = """# Mutations

Every threshold, weight, veto, cap, floor, combination, quota, cooldown, limit of steps and validity of the shipped methods and of the sixteen
templates is changed a little, one at a time; a case beside the method, or what must come of its movement (`tests/policy/movement`), has to fail.
The table says how many changes were made of each kind, and how many nobody noticed.

<!-- Written by `python -m tests.policy.mutation`; tests/policy/test_mutants.py runs the same and holds the page to it. -->

- Numbers move by 2 %, edges of what is counted by one; `at_least` becomes `above`; a rule, list or clause is left out; a code or grade becomes its
  neighbour; what is not known is treated otherwise; months, days and steps of movement move by one.
- Cases see what is computed from given measures. Movement is walked day by day through the real steps of the grade path, over days on which
  the rules say what a script says: a rise from the worst grade with and without approval, a fall, a rise after each of forty falls, reviews and lapses by grade.
- Not changed: which measure is read with which parameters (the measures have tests of their own), reasons, tasks and words.
"""


def keep() -> None:
    """Write what movement does now as what it must do."""
    MOVEMENT.mkdir(exist_ok=True)
    for method, book in books().items():
        told = {policy.version: msgspec.to_builtins(behaviour(policy)) for policy in book.versions}
        text = yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)
        (MOVEMENT / f"{method}.yaml").write_text(text, "utf-8")


if __name__ == "__main__":
    if "--keep" in sys.argv:
        keep()
    PAGE.write_text(page({method: list(run(method, book)) for method, book in books().items()}), "utf-8")
    print(f"written: {PAGE.relative_to(PAGE.parents[1])}")
