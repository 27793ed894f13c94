"""The machine that was measured on, described so that a figure can be compared."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

import psutil

from shared.edge import clock
from shared.edge.embedded.postgres_settings import GIB, memory_limit

ADDITIONS = 5_000_000
PACKAGES = ("kafka-python", "asyncpg", "msgspec", "uvloop", "eventsourcing")


def described() -> dict[str, str]:
    """Name → text, in the order in which it is shown."""
    described = {
        "date": clock.now().date().isoformat(),
        "CPU": f"{_cpu()}, {psutil.cpu_count()} cores",
        "memory": f"{memory_limit() / GIB:.1f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
    }
    return described | {name: version(name) for name in PACKAGES}


def load() -> float:
    """Processes that wanted a CPU during the last minute: what else ran, where it is asked before the first step."""
    return psutil.getloadavg()[0]


def addition() -> float:
    """Nanoseconds of an addition in a loop of Python now: machines of one name differ, and so does one from hour to hour."""
    total, since = 0, clock.monotonic()
    for number in range(ADDITIONS):
        total += number
    return (clock.monotonic() - since) / ADDITIONS * 1e9


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
