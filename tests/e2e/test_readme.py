"""What README.md prints works as printed.

How a block is marked: a fenced block whose info string has the word `run` (```bash run or ```python run) is executed, in
the order of the page, by `bash` with -euo pipefail or by the Python of the environment. All blocks share one empty
folder, the variable GRADELINE_DATA, which names the folder of a running instance, and a PATH that finds `gradeline`.
`http://127.0.0.1:8001`, `http://127.0.0.1:8002` and `127.0.0.1:9092` are replaced by the addresses of that instance. A block ends by itself within a
minute with status 0. A block ```text output that follows one says lines that its output must have.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support import told
from tests.support.downstream import subscribed
from tests.support.instance import RunningInstance

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(600)]

README = Path(__file__).resolve().parents[2] / "README.md"
FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
RUNNERS = {"bash": ("bash", "-euo", "pipefail", "-c"), "python": (sys.executable, "-c")}
BLOCK_SECONDS = 60.0


class Block(NamedTuple):
    """One block that is to be run, and the lines that it must print."""

    language: str
    code: str
    line: int
    expected: tuple[str, ...]


def blocks_of(page: str) -> list[Block]:
    """The blocks of *page* that are to be run, in order. An unknown language is an error, not a skip."""
    found: list[Block] = []
    for match in FENCE.finditer(page):
        words, line = match[1].split(), page.count("\n", 0, match.start()) + 1
        if "run" in words[1:]:
            assert words[0] in RUNNERS, f"README.md, line {line}: nothing runs {words[0]}"
            found.append(Block(words[0], match[2], line, ()))
        elif "output" in words[1:]:
            assert found, f"README.md, line {line}: output of no block"
            found[-1] = found[-1]._replace(expected=tuple(filter(str.strip, match[2].splitlines())))
    return found


def run(block: Block, instance: RunningInstance, folder: Path) -> str:
    """Run *block* on *instance*; what it printed."""
    code = block.code.replace("http://127.0.0.1:8001", instance.url).replace("http://127.0.0.1:8002", instance.exposure)
    code = code.replace("127.0.0.1:9092", instance.kafka)
    beside = str(Path(sys.executable).parent)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GRADELINE_")}
    environment |= {"GRADELINE_DATA": str(instance.data), "PATH": f"{beside}:{os.environ['PATH']}"}
    done = subprocess.run(
        [*RUNNERS[block.language], code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=BLOCK_SECONDS,
        check=False,
    )
    said = f"README.md, line {block.line}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, said
    assert not re.search(r'"status":\s*[45]\d\d', done.stdout), said
    for line in block.expected:
        assert line in done.stdout.splitlines(), f"{said}\nno line: {line}"
    return done.stdout


@pytest.mark.skipif(not README.exists(), reason="there is no README.md yet")
def test_every_example_of_the_readme_works_as_printed(instance: RunningInstance, tmp_path: Path) -> None:
    blocks = blocks_of(README.read_text(encoding="utf-8"))
    assert {block.language for block in blocks} == {"bash", "python"}, "curl posts a fact, kafka-python hears a grade"
    graded = told.good_history("README-1", instance.day())
    instance.post(graded)
    with subscribed(instance.kafka) as subscriber:
        assert subscriber.until(lambda: bool(subscriber.about("README-1", "credit.grade.changed.v1")))
    printed = "".join(run(block, instance, tmp_path) for block in blocks)
    assert "README-1 None -> B" in printed, printed
    posted = re.findall(r'"id": "([^"]+)", "source": "([^"]+)"', "".join(block.code for block in blocks))
    assert posted
    for event_id, source in posted:
        assert kept(instance, event_id, source), f"the fact {event_id} of {source} was not kept"


def kept(instance: RunningInstance, event_id: str, source: str) -> bool:
    """Whether the fact is in the log or on its way there."""
    logged = "select count(*) as found from events where id = $1 and source = $2"
    coming = "select count(*) as found from intake where convert_from(value, 'UTF8')::jsonb ->> 'id' = $1 and convert_from(value, 'UTF8')::jsonb ->> 'source' = $2"
    return any(instance.rows(query, event_id, source)[0]["found"] for query in (coming, logged))


def test_a_block_that_fails_or_that_nobody_can_run_is_not_passed_over(
    instance: RunningInstance, tmp_path: Path
) -> None:
    page = "# T\n```bash run\necho $GRADELINE_DATA\n```\n\n```text output\nnot this\n```\n```python\nraise SystemExit(1)\n```\n"
    (block,) = blocks_of(page)
    assert (block.language, block.line, block.expected) == ("bash", 2, ("not this",))
    with pytest.raises(AssertionError, match="no line: not this"):
        run(block, instance, tmp_path)
    assert run(block._replace(expected=()), instance, tmp_path).strip() == str(instance.data)
    with pytest.raises(AssertionError, match="line 1: status 1"):
        run(Block("bash", "false | true; echo on", 1, ()), instance, tmp_path)
    with pytest.raises(AssertionError, match="status 0"):
        run(Block("bash", f"curl -sS -X POST {instance.url}/v1/events", 1, ()), instance, tmp_path)
    with pytest.raises(AssertionError, match="nothing runs ruby"):
        blocks_of("```ruby run\nputs 1\n```\n")
