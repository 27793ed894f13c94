"""Python runs this before everything else where this folder is on its path: that is how a process gets a planted bug."""

from __future__ import annotations

import os

if os.environ.get("GRADELINE_PLANTED"):
    from tests.planted.traps import PLANTED

    PLANTED[os.environ["GRADELINE_PLANTED"]].plant()
