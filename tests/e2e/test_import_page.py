"""What docs/import.md prints works as printed, in the order of the page, on a running instance."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from urllib.request import urlopen

import pytest

from shared.edge.embedded.process import wait_until
from tests.e2e.test_readme import blocks_of, run
from tests.support.instance import RunningInstance

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(600)]

DOCS = Path(__file__).resolve().parents[2] / "docs"
WAITING = """
select count(*) as waiting from intake i where not exists (
    select from events e where e.stream = i.stream and e.identity = i.identity
)
"""
APPLIED_SECONDS = 120.0


def test_every_example_of_the_page_works_as_printed(instance: RunningInstance, tmp_path: Path) -> None:
    shutil.copytree(DOCS / "samples", tmp_path / "docs" / "samples")
    blocks = blocks_of((DOCS / "import.md").read_text(encoding="utf-8"))
    assert len(blocks) > 5
    for block in blocks:
        run(block, instance, tmp_path)
        assert wait_until(lambda: not instance.rows(WAITING)[0]["waiting"], APPLIED_SECONDS, pause=0.1)
    assert (tmp_path / "refused.xlsx").stat().st_size > 5_000
    assert (tmp_path / "difference.xlsx").stat().st_size > 5_000


def test_at_rest_nothing_that_was_accepted_is_missing(instance: RunningInstance) -> None:
    url = instance.status()["metrics"]["rating-relay"]

    def shown() -> str | None:
        with urlopen(url, timeout=10) as answer:
            text = answer.read().decode()
        found = re.search(r'^gradeline_conservation_difference_events\{service="rating"\} (\S+)$', text, re.MULTILINE)
        return found[1] if found else None

    assert wait_until(lambda: shown() is not None, APPLIED_SECONDS, pause=0.2), "the relay looks every ten seconds"
    assert shown() == "0.0"
