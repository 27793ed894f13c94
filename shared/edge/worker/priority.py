"""Who waits for an answer comes first: a worker that catches up leaves the processor to those that answer."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

AUTOGROUP = Path("/proc/self/autogroup")


def give_way(nice: int) -> None:
    """Run at *nice* (0 to 19, of the operating system; 0: as before) from here on.

    Linux may share the processor between sessions before it looks at the processes of one; a process that is a session of
    its own lowers that, too.
    """
    if nice <= 0:
        return
    os.nice(nice)
    if os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):  # no such thing here, or asked too often
            AUTOGROUP.write_text(str(nice), "ascii")
