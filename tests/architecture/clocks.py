"""Where a file reads a clock or chance. Now, ids and randomness are arguments; `shared.edge.clock` is the one source."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.tree import File

SOURCE = "shared/edge/clock.py"
BANNED = frozenset({
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
    "time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns",
    "time.process_time", "time.process_time_ns", "time.thread_time", "time.localtime", "time.gmtime", "time.ctime",
    "time.clock_gettime", "uuid.uuid1", "uuid.uuid4", "uuid.uuid6", "uuid.uuid7", "os.urandom", "os.getrandom",
    "numpy.random",
})  # fmt: skip
BANNED_MODULES = ("random", "secrets")
"""Nothing of these, but `random.Random` with a seed."""
SEEDED = "random.Random"
ALLOWED = {
    ("shared/edge/worker/jitter.py", "random.uniform"): "jitter: two workers that met once shall not meet again",
    ("shared/edge/embedded/cluster.py", "secrets.token_hex"): "the password of the embedded database, made once",
    (
        "services/alerts/adapters/endpoints.py",
        "secrets.token_bytes",
    ): "the secret of an endpoint: chance is its purpose",
    ("shared/edge/http/tokens.py", "secrets.token_hex"): "the name of a file that is not there yet",
    ("shared/edge/store/sealing.py", "secrets.token_bytes"): "the nonce of a sealed value: chance is its purpose",
    ("shared/edge/store/secret.py", "secrets.token_hex"): "the wrapping key of an embedded instance, made once",
}
"""(file, name) → why chance is right there. Nothing is allowed to read a clock."""


def readings(file: File) -> Iterator[tuple[str, int]]:
    """Yield (dotted name, line) for each place where *file* uses a clock or chance: called, passed on or aliased."""
    names = _imported(file)
    called = {id(node.func): node for node in file.nodes if isinstance(node, ast.Call)}
    for node in file.nodes:
        if not isinstance(node, ast.Attribute | ast.Name) or (dotted := _dotted(node, names)) is None:
            continue
        if dotted == SEEDED:
            call = called.get(id(node))
            if call is not None and not call.args and not call.keywords:
                yield f"{SEEDED}() without a seed", node.lineno
        elif dotted in BANNED or (dotted.partition(".")[0] in BANNED_MODULES and "." in dotted):
            yield dotted, node.lineno


def complaints(file: File) -> list[str]:
    """`path:line: name` for each reading that is not allowed there."""
    if file.path == SOURCE:
        return []
    return [f"{file.path}:{line}: {name}" for name, line in readings(file) if (file.path, name) not in ALLOWED]


def _imported(file: File) -> dict[str, str]:
    """Name in the file → dotted name of what it is."""
    found: dict[str, str] = {}
    for node in file.nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                found[name] = alias.name if alias.asname else name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _dotted(node: ast.expr, names: dict[str, str]) -> str | None:
    """What *node* means, where it is a name of something imported."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute) and (base := _dotted(node.value, names)) is not None:
        return f"{base}.{node.attr}"
    return None
