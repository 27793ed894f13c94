"""Every rule that can make a dead letter, and every reason of a quarantine, has words in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared.core.errors import Undecodable
from shared.edge import codec, refused
from shared.edge.codes import MEANINGS, meaning
from shared.edge.worker.doubles import SAME_IDENTITY_ELSEWHERE
from shared.edge.worker.sifting import SAME_IDENTITY

ROOT = Path(__file__).parents[2] / "shared"
PLACES = ("core/events", "core/money.py", "edge/codec.py", "edge/cloudevents.py", "edge/scan.py", "edge/refused.py",
          "edge/worker")  # fmt: skip


def rules() -> set[str]:
    """Every word that stands where a rule is named."""
    files = [
        file for place in PLACES for file in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))
    ]
    keyword = re.compile(r'rule ?= ?"([a-z-]+)"')
    found = {rule for file in files for rule in keyword.findall(file.read_text("utf-8"))}
    found |= {rule for _, rule, _ in refused._PHRASES}
    text = (ROOT / "edge" / "refused.py").read_text("utf-8") + (ROOT / "edge" / "cloudevents.py").read_text("utf-8")
    return found | set(re.findall(r'", "([a-z-]+)"\)?$', text, re.MULTILINE))


def test_every_rule_has_words_in_both_languages() -> None:
    found = rules()
    assert {"missing", "type", "nfc", "not-json", "unstorable", "unreadable", "reserved", "partition"} <= found
    assert found - MEANINGS.keys() == set()


@pytest.mark.parametrize("reason", [SAME_IDENTITY, SAME_IDENTITY_ELSEWHERE])
def test_every_reason_has_words(reason: str) -> None:
    assert meaning(reason).zh != reason


def test_chinese_is_chinese_and_an_unknown_code_stands_for_itself() -> None:
    assert [code for code, words in MEANINGS.items() if not re.search("[\u4e00-\u9fff]", words.zh)] == []
    assert str(meaning("of-tomorrow")) == "of-tomorrow"
    with pytest.raises(Undecodable) as found:
        codec.decode(b"{broken")
    assert meaning(found.value.rule).en == "the bytes are not JSON"
