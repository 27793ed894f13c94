"""Python runs this before everything else where this folder is on its path: that is how a process gets a planted bug."""

from __future__ import annotations

import os

if os.environ.get("GRADELINE_PLANTED"):
    from tests.planted.bugs import plant

    plant(os.environ["GRADELINE_PLANTED"])
