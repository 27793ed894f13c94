"""What is true, in plain dictionaries: who was told what, what was acknowledged, what each record of the log says."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from shared.core.envelope import Event
from shared.edge import codec

PERSONAL = ("name", "legal_representative")
"""Sealed where it is kept, so it is not compared; that it is nowhere in clear is looked at apart."""

Key = tuple[str, str, str]
"""Stream, source, id: what may be kept once."""


class Word(NamedTuple):
    """One fact as it was said: *content* is all of it but its identity and what is personal."""

    key: Key
    content: str
    personal: bool


class Conclusion(NamedTuple):
    """What must have become of the records that were consumed."""

    kept: dict[Key, str]
    aside: set[tuple[Key, str]]
    dead: int


@dataclass
class Truth:
    """The model. It knows nothing of batches, versions, states or snapshots."""

    events: list[Event] = field(default_factory=list)
    """Everything that was ever told, to be told again."""
    by_word: dict[tuple[Key, str], Event] = field(default_factory=dict)
    accepted: dict[Key, str] = field(default_factory=dict)
    """What was acknowledged over HTTP."""
    log: dict[int, list[Word | None]] = field(default_factory=dict)
    """Partition → what each of its records says; None: nothing that anybody can read."""
    erased: dict[str, dict[int, int]] = field(default_factory=dict)
    """Customer → how far each partition was consumed when its key was destroyed."""
    aliases: dict[tuple[str, str], str] = field(default_factory=dict)
    reached: Counter[str] = field(default_factory=Counter)
    """The furthest that anything which never goes back was seen."""

    def told(self, event: Event) -> Word:
        """Remember *event* as it is sent."""
        word = word_of(codec.encode(event))
        self.events.append(event)
        self.by_word[word.key, word.content] = event
        return word

    def appended(self, partition: int, value: bytes | None) -> None:
        """A record is in the log."""
        self.log.setdefault(partition, []).append(None if value is None else word_of(value, partition))

    def concluded(self, positions: dict[int, int]) -> Conclusion:
        """The first content under an identity is kept, the same again is nothing, another is set aside."""
        kept: dict[Key, str] = {}
        aside: set[tuple[Key, str]] = set()
        dead = 0
        for partition, words in self.log.items():
            for offset, word in enumerate(words[: positions.get(partition, 0)]):
                if word is None:
                    dead += 1
                elif kept.setdefault(word.key, word.content) != word.content and self._can_tell(
                    word, partition, offset
                ):
                    aside.add((word.key, word.content))
        return Conclusion(kept, aside, dead)

    def _can_tell(self, word: Word, partition: int, offset: int) -> bool:
        """Whether the content could still be compared: what is sealed cannot, once the key is gone."""
        since = self.erased.get(word.key[0])
        return since is None or not word.personal or offset < since.get(partition, 0)

    def answers(self, word: Word, subject: str, positions: dict[int, int]) -> set[str]:
        """What may be answered to *word*, posted about *subject*, now that *positions* are consumed."""
        kept = self.concluded(positions).kept
        names = (word.key, (subject, *word.key[1:]))
        known = {content for name in names for content in (kept.get(name), self.accepted.get(name))} - {None}
        if not known:
            return {"new"}
        if word.personal and word.key[0] in self.erased:
            return {"duplicate"}
        if known == {word.content}:
            return {"duplicate"}
        # one was acknowledged here before the other, that stands, was read from the topic
        return {"duplicate", "conflict"} if word.content in known else {"conflict"}

    def facts(self, kept: dict[Key, str], customer: str) -> list[Event]:
        """The kept facts about *customer*, as they were told."""
        return [self.by_word[key, content] for key, content in kept.items() if key[0] == customer]


def word_of(raw: bytes, partition: int | None = None) -> Word:
    """Read *raw* with nothing but a JSON reader."""
    event = json.loads(raw)
    subject = event["subject"]
    stream = f"{subject}/{partition}" if subject.startswith("~") else subject
    return Word(
        (stream, event["source"], event["id"]),
        content_of(event["type"], event["data"]),
        any(name in event["data"] for name in PERSONAL),
    )


def content_of(type_: str, data: dict[str, Any]) -> str:
    """What a fact says, without what is personal."""
    return f"{type_} {json.dumps({k: v for k, v in data.items() if k not in PERSONAL}, sort_keys=True)}"
