"""Places where a test may stop a process: `GRADELINE_FAILPOINT=name:action[:after_n]`. Off: one comparison."""

from __future__ import annotations

import os
import signal

from shared.core.errors import Misconfigured, Unavailable

ACTIONS = ("kill9", "pause", "raise")


class _Armed:
    """One failpoint that acts at the *after*-th passage and, for `raise`, at that one only."""

    def __init__(self, text: str) -> None:
        name, _, rest = text.partition(":")
        action, _, after = rest.partition(":")
        if action not in ACTIONS or (after and not after.isdigit()):
            raise Misconfigured(f"GRADELINE_FAILPOINT: {text!r} is not name:action[:after_n], action one of {ACTIONS}")
        self.name, self.action, self.left = name, action, int(after or 1)

    def passed(self, name: str) -> None:
        if name != self.name or self.left < 0:
            return
        self.left -= 1
        if self.left > 0:
            return
        self.left = -1
        if self.action == "raise":
            raise Unavailable(f"failpoint {name}")
        os.kill(os.getpid(), signal.SIGKILL if self.action == "kill9" else signal.SIGSTOP)


_armed: _Armed | None = _Armed(os.environ["GRADELINE_FAILPOINT"]) if os.environ.get("GRADELINE_FAILPOINT") else None


def failpoint(name: str) -> None:
    """Pass the place *name*. Raises Unavailable where the environment asks for it; may end or stop the process."""
    if _armed is not None:
        _armed.passed(name)


def arm(text: str | None) -> None:
    """Arm as the environment variable would; None disarms. For tests inside one process."""
    global _armed  # noqa: PLW0603 - one switch a process, like the environment it stands for
    _armed = _Armed(text) if text else None
