"""Writes docs/settings.md from the classes that declare settings: `python -m tests.architecture.settings_page`."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from shared.edge.settings import PREFIX, Settings
from shared.edge.worker import settings as worker
from shared.edge.worker.settings import WorkerSettings
from tests.architecture.tree import ROOT

PAGE = ROOT / "docs" / "settings.md"
ELSEWHERE = {
    "GRADELINE_TOKEN": "bearer token for `gradeline import` and `gradeline simulate --post`; else the instance's own",
    "GRADELINE_LANGUAGE": "`en` or `zh`: language in which `gradeline policy` speaks; else that of the terminal (`LC_ALL`, `LANG`)",
}
"""Variables that one command reads by itself."""
FOR_TESTS = {
    "GRADELINE_TEST_POSTGRES": "address of a PostgreSQL server on which the store tests run too",
    "GRADELINE_TEST_KAFKA": "host:port of an Apache Kafka on which the broker tests run too",
    "GRADELINE_LEDGER": "the file of the receivables ledger that the ledger tests compare with",
    "GRADELINE_HYPOTHESIS": "profile of the property tests: `ci`, or `thorough`",
    "GRADELINE_FAILPOINT": "name:action[:after_n]: where a worker stops; empty: nowhere",
    "GRADELINE_PLANTED": "name of the bug that is planted in a run of the tests; empty: none",
}
"""Variables that only tests set."""
WORDS = {
    "service": "which service the worker belongs to",
    "instance": "as GRADELINE_INSTANCE",
    "zone": "as GRADELINE_ZONE",
    "batch_records": "most records in one batch, which is one transaction",
    "poll_seconds": "longest wait for records",
    "sweep_streams": "most customers brought to a new day in one transaction",
    "parked_share": "share of a batch's customers parked at once that stops the worker",
    "dead_letters": "dead letters among the last records that stop the worker",
    "moved_attempts": "tries of a batch of which another writer moved a stream",
    "commit_seconds": "longest time a transaction may take",
    "drain_seconds": "longest time to finish what was begun after SIGTERM",
    "backoff_least_seconds": "first wait after a failure",
    "backoff_most_seconds": "longest wait after failures",
    "parked_check_seconds": "time between two looks at customers that were freed",
}
"""Sentences for bounds that have none in the class; a bound with a docstring of its own needs none here."""
HEAD = """# Settings

Everything an installation decides comes from environment variables, or from files of the same name in lower case
(`gradeline_postgres`) in the folder `GRADELINE_SECRETS`. A variable wins over a file, both win over the default. A value that cannot be
right ends the program with exit status 2 and one sentence that names the variable.

This page is written by `python -m tests.architecture.settings_page` from `shared/edge/settings.py` and
`shared/edge/worker/settings.py`; change those instead.
"""


def page() -> str:
    """Return the page as it should be. Raises KeyError for a bound of the worker without a sentence."""
    rows = "\n".join(_rows())
    bounds = "\n".join(_bounds())
    return f"""{HEAD}
## Variables

| variable | kind | default | what it is |
|---|---|---|---|
{rows}

## Variables of single commands

{_list(ELSEWHERE)}

## Bounds of a worker

What one worker process holds and how much may go wrong before it stops. Fixed in this release: the same in every installation.

| bound | value | what it is |
|---|---|---|
{bounds}

## Variables for tests

{_list(FOR_TESTS)}
"""


def declared() -> set[str]:
    """Every variable that exists."""
    return {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | set(ELSEWHERE) | set(FOR_TESTS)


def _rows() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        shown = _shown(field.default)
        yield f"| `{PREFIX}{name.upper()}` | {_kind(field)} | {shown} | {_cell(field.description or '')} |"


def _kind(field: Any) -> str:
    """A word for the type, with its bounds."""
    words = {bool: "true or false", int: "whole number", float: "number", str: "text"}
    found = words.get(field.annotation, "folder")
    bounds = {
        name: getattr(each, name) for each in field.metadata for name in ("ge", "gt", "le") if hasattr(each, name)
    }
    if "le" in bounds:
        least = f"more than {bounds['gt']}" if "gt" in bounds else str(bounds["ge"])
        return f"{found}, {least} to {bounds['le']}"
    return found


def _bounds() -> Iterator[str]:
    texts = docstrings(Path(worker.__file__).read_text("utf-8"), WorkerSettings.__name__)
    for field in msgspec.structs.fields(WorkerSettings):
        about = texts.get(field.name) or WORDS[field.name]
        yield f"| `{field.name}` | {_shown(field.default)} | {_cell(about)} |"


def docstrings(source: str, name: str) -> dict[str, str]:
    """Return the texts that stand below the fields of the class *name* in *source*, on one line each."""
    (holder,) = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == name)
    found: dict[str, str] = {}
    for field, below in pairwise(holder.body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=called)), ast.Expr(value=ast.Constant(value=str() as text)):
                found[called] = " ".join(text.split())
    return found


def _shown(value: object) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`"


def _cell(text: str) -> str:
    plain = text.rstrip(".").replace("|", "\\|")
    return plain if plain[1:2].isupper() else plain[:1].lower() + plain[1:]


def _list(variables: dict[str, str]) -> str:
    return "\n".join(f"- `{name}`: {about}" for name, about in variables.items())


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    sys.stdout.write(f"written: {PAGE.relative_to(ROOT)}\n")
