"""A network and mounts of its own for this process and whatever it starts: nothing but loopback, and every port free."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import sys

CLONE_NEWNET, CLONE_NEWNS = 0x40000000, 0x20000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40


def enter() -> str:
    """Leave the machine's network for an empty one, and its mounts for a copy; call it before any thread is started.

    Returns why that cannot be done here, or nothing. The network ends with its last process.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        return "not root on Linux: the run uses the machine's loopback"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET | CLONE_NEWNS) != 0:
        return f"no network namespace: {os.strerror(ctypes.get_errno())}"
    libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None)  # what is mounted here ends with the last process, too
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP | IFF_RUNNING))
    return ""
