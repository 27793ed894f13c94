"""The topics as data: complete, alike, and those that the events name."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from shared.core.errors import Misconfigured
from shared.core.events import BY_TYPE
from shared.core.events.granting import Logged
from shared.edge.installed import TOPICS as FOLDER
from shared.edge.kafka.topics import GENERATION, load

SERVICES = {"rating", "exposure", "alerts"}
PARTIES = SERVICES | {"upstream", "downstream", "operators"}
TOPICS = load(partitions=12)


def test_every_topic_that_an_event_names_is_declared() -> None:
    assert {cls.TOPIC for cls in BY_TYPE.values() if not issubclass(cls, Logged)} <= {topic.name for topic in TOPICS}


def test_every_topic_of_customers_has_its_dead_letters_with_the_same_partition_count() -> None:
    by_name = {topic.name: topic for topic in TOPICS}
    living = [topic for topic in TOPICS if topic.dead_letter_of is None and topic.name != GENERATION]
    assert len(living) == 5
    for topic in living:
        dead = by_name[f"{topic.name}.dead"]
        assert dead.dead_letter_of == topic.name
        assert dead.partitions == topic.partitions == 12
    assert len(TOPICS) == 2 * len(living) + 1


def test_topics_say_in_both_languages_what_they_are_for_and_who_answers_for_them() -> None:
    for topic in TOPICS:
        assert topic.description.en.endswith(".")
        assert topic.description.zh.endswith("。")
        assert topic.owner in SERVICES
        assert set(topic.producers) | set(topic.consumers) <= PARTIES
        assert topic.producers
        assert topic.key


def test_nobody_but_upstreams_and_the_owner_writes_a_topic() -> None:
    for topic in TOPICS:
        allowed = {topic.owner} | ({"upstream"} if topic.name == "credit.events" else set())
        assert set(topic.producers) <= allowed


def test_the_generation_record_is_never_dropped() -> None:
    (generation,) = [topic for topic in TOPICS if topic.name == GENERATION]
    assert generation.partitions == 1
    assert generation.configs == {"cleanup.policy": "compact", "retention.ms": "-1"}


@pytest.mark.parametrize("change", [{"partitions": "many"}, {"unknown": 1}, {"name": "another"}])
def test_a_file_that_is_wrong_is_refused_by_name(tmp_path: Path, change: dict[str, object]) -> None:
    good = yaml.safe_load((FOLDER / "credit.events.yaml").read_text(encoding="utf-8"))
    (tmp_path / "credit.events.yaml").write_text(yaml.safe_dump(good | change), encoding="utf-8")
    with pytest.raises(Misconfigured, match=r"credit\.events\.yaml"):
        load(folder=tmp_path)
