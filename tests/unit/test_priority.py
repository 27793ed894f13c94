"""A worker that gives way does so as a process, and as a session where it is one."""

from __future__ import annotations

import subprocess
import sys

import pytest

from shared.edge.worker.priority import AUTOGROUP

SAY = """
import os
from shared.edge.worker.priority import AUTOGROUP, give_way
give_way({nice})
print(os.nice(0), AUTOGROUP.read_text().split()[-1] if AUTOGROUP.exists() else "")
"""


def said(nice: int, *, session: bool) -> list[str]:
    words = [sys.executable, "-c", SAY.format(nice=nice)]
    return subprocess.run(words, start_new_session=session, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="this kernel has no groups of sessions")
def test_a_session_of_its_own_gives_way_as_a_whole_and_a_process_of_another_alone() -> None:
    here = int(said(0, session=False)[0])
    most = 19 - here
    give = min(3, most)
    assert said(give, session=True) == [str(here + give), str(give)]
    assert said(give, session=False) == [str(here + give), said(0, session=False)[1]]
