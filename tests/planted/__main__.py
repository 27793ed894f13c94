"""`python -m tests.planted`: plant each bug, run the tests that must notice it, say which did, and write the page."""

from __future__ import annotations

import sys

from tests.planted.page import PAGE, page
from tests.planted.running import run
from tests.planted.traps import PLANTED


def main(names: list[str]) -> int:
    """Plant *names*, or all. Returns 1 where a test did not notice, or fails without the bug."""
    chosen = [PLANTED[name] for name in names] or list(PLANTED.values())
    wrong = 0
    for bug in [None, *chosen]:
        tests = bug.tests if bug else sorted({test for one in chosen for test in one.tests})
        wanted = "failed" if bug else "passed"
        ran = run(tests, bug=bug.name if bug else None)
        print(bug.name if bug else "no bug", flush=True)
        for test in tests:
            what = ran.outcomes.get(test, "did not run")
            wrong += what != wanted
            print(f"  {what:<8} {test}{'' if what == wanted else '   <-- should have ' + wanted}", flush=True)
        if any(ran.outcomes.get(test) != wanted for test in tests):
            print(ran.output[-4000:], flush=True)
    if not (wrong or names):
        PAGE.write_text(page(), "utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
