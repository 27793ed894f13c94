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
print(os.nice(0), AUTOGROUP.read_text().split()[-1] if {told} else "")
"""


def has_groups() -> bool:
    """Whether this kernel shares the processor between sessions, and says so: some have the file and refuse to read it."""
    try:
        return bool(AUTOGROUP.read_text())
    except OSError:
        return False


HAS_GROUPS = has_groups()


def said(nice: int, *, session: bool) -> list[str]:
    words = [sys.executable, "-c", SAY.format(nice=nice, told=HAS_GROUPS)]
    return subprocess.run(words, start_new_session=session, capture_output=True, text=True, check=True).stdout.split()


def a_little_more() -> tuple[int, int]:
    """How nice a process is here, and by how much more it can be."""
    here = int(said(0, session=False)[0])
    return here, min(3, 19 - here)


def test_a_process_gives_way_wherever_it_runs() -> None:
    here, more = a_little_more()
    assert said(more, session=False)[0] == str(here + more)
    assert said(more, session=True)[0] == str(here + more)


@pytest.mark.skipif(not HAS_GROUPS, reason="this kernel has no groups of sessions")
def test_a_session_of_its_own_gives_way_as_a_whole_and_a_process_of_another_alone() -> None:
    here, more = a_little_more()
    assert said(more, session=True) == [str(here + more), str(more)]
    assert said(more, session=False) == [str(here + more), said(0, session=False)[1]]
