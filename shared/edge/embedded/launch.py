"""Become another program that dies with the process that asked for it. Run as a script; standard library only.

    python -I -S launch.py --parent PID --signal N [--user UID GID PATH...] -- PROGRAM ARGUMENT...

The process id stays the same over the exec, so the caller holds the id of PROGRAM. A script of its own, because code
between fork and exec in a threaded interpreter may deadlock, and because a change of user clears the death signal.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_CAP_AMBIENT = 1, 8, 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


def call(name: str, *arguments: object) -> None:
    """Call the C function *name*. Raises OSError."""
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


def set_capabilities(mask: int) -> None:
    """Make *mask* the effective, permitted and inheritable capabilities of this process."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    call("capset", ctypes.byref(header), ctypes.byref(sets))


def become(uid: int, gid: int, needed: list[str]) -> None:
    """Give up root for *uid*. Where that user cannot reach *needed* (a checkout below /root, say), keep the one
    capability that walks through closed folders; opening those folders to everybody would be worse."""
    linux = sys.platform == "linux"
    if linux:
        call("prctl", PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if not linux:
        return
    if all(os.access(path, os.X_OK) for path in needed):
        set_capabilities(0)
        return
    set_capabilities(1 << CAP_DAC_OVERRIDE)
    call("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def main(arguments: list[str]) -> None:
    """Drop rights, tie this process to its parent, and become the program."""
    own, program = arguments[: arguments.index("--")], arguments[arguments.index("--") + 1 :]
    parent, death = int(own[1]), int(own[3])
    if len(own) > 4:
        become(int(own[5]), int(own[6]), own[7:])
    if sys.platform == "linux":
        call("prctl", PR_SET_PDEATHSIG, death, 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above
            sys.exit(1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execv(program[0], program)  # noqa: S606 - this is what the script is for


if __name__ == "__main__":
    main(sys.argv[1:])
