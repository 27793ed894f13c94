"""What the embedded PostgreSQL is told. Sizes follow the machine (measured choices: decision record of the store)."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(frozen=True, kw_only=True)
class PostgresSettings:
    """Sizes in bytes. What is not named here is the same everywhere: see `options`."""

    shared_buffers: int
    max_wal_size: int
    max_connections: int = 100
    fsync: bool = True

    @classmethod
    def for_this_machine(cls, data_dir: Path) -> Self:
        """An eighth of the memory up to 2 GiB; 16 GiB of WAL between checkpoints where a quarter of the disk has that:
        with the defaults a deduplication index that grows for ever loses two thirds of its speed by 20 M rows."""
        existing = next(folder for folder in (data_dir, *data_dir.parents) if folder.exists())
        return cls(
            shared_buffers=max(64 * MIB, min(2 * GIB, memory_limit() // 8)),
            max_wal_size=max(GIB, min(16 * GIB, shutil.disk_usage(existing).free // 4)),
        )

    @classmethod
    def small(cls) -> Self:
        """For servers that are thrown away. Without fsync: it guards against a power cut, not against `kill -9`."""
        return cls(shared_buffers=64 * MIB, max_wal_size=GIB, fsync=False)

    def options(self) -> dict[str, str]:
        """Names and values as `postgres -c` takes them."""
        return {
            "shared_buffers": f"{self.shared_buffers // MIB}MB",
            "max_wal_size": f"{self.max_wal_size // MIB}MB",
            "max_connections": str(self.max_connections),
            "fsync": "on" if self.fsync else "off",
            "synchronous_commit": "on",
            "checkpoint_timeout": "30min",
            "wal_compression": "on",
            "wal_level": "replica",
            "max_wal_senders": "2",
            "lock_timeout": "30s",
            "idle_in_transaction_session_timeout": "60s",
            "idle_session_timeout": "0",
            "tcp_keepalives_idle": "30",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_checkpoints": "off",
            "log_line_prefix": "%m [%p] %d ",
            "password_encryption": "scram-sha-256",
        }


def memory_limit() -> int:
    """Bytes of memory this process may use: the machine's, or its container's where that is less."""
    limits = [int(psutil.virtual_memory().total)]
    for file in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        path = Path(file)
        text = path.read_text().strip() if path.exists() else ""
        if text.isdigit():
            limits.append(int(text))
    return min(limits)
