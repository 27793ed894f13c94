"""Posting: whole rows in bounded batches, refused rows named and left out, patience with limits."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from gradeline.importing import mapping as mappings
from gradeline.importing.facts import Refusal
from gradeline.importing.posting import Parcel, batches, post_all
from gradeline.post import Poster, RefusedFact, Taken
from shared.core.errors import Forbidden, Misconfigured, Unauthenticated, Unavailable
from tests.support.plain_mapping import PLAIN
from tests.support.posted_to import Answer, Events, accepted, listening

(RULE,) = mappings.read(PLAIN, "plain.yaml").facts


def parcel(row: int, *ids: str, subject: str = "C") -> Parcel:
    return Parcel(row, [{"id": one, "type": "t", "subject": subject} for one in ids], [RULE for _ in ids])


def rows_of(number: int) -> list[Parcel]:
    return [parcel(row, f"{row}a", f"{row}b") for row in range(2, 2 + number)]


def imported(answer: Any, parcels: list[Parcel], *, batch: int = 6) -> tuple[set[str], list[Refusal], list[Events]]:
    with listening(answer) as heard, Poster(heard.url) as poster:
        posted = list(post_all(parcels, poster, batch=batch))
    taken = {event["id"] for one in posted for event in one.events}
    return taken, [refusal for one in posted for refusal in one.refusals], heard.batches


def test_batches_keep_rows_whole_and_stay_within_the_limit() -> None:
    made = list(batches([parcel(2, "a", "b"), parcel(3, "c", "d"), parcel(4, "e", "f", "g", "h"), parcel(5, "i")], 3))
    assert [[one.row for one in group] for group in made] == [[2], [3], [4], [5]]
    assert [len(group) for group in batches(rows_of(7), 6)] == [3, 3, 1]


def test_facts_of_one_customer_are_posted_together() -> None:
    mixed = [parcel(2, "a", subject="B"), parcel(3, "b", subject="A"), parcel(4, "c", subject="B")]
    _, _, heard = imported(accepted, mixed)
    assert [event["id"] for batch in heard for event in batch] == ["b", "a", "c"]


@pytest.mark.parametrize("status", [409, 422])
def test_the_row_that_the_answer_names_is_reported_and_the_others_go_on(status: int) -> None:
    def refuses_3b(events: Events) -> Answer:
        for index, event in enumerate(events):
            if event["id"] == "3b":
                errors = [
                    {"pointer": f"/{index}/data/amount", "rule": "amount", "message": "write an amount", "index": index}
                ]
                return Answer(status, {"detail": "no", "index": index, "errors": errors})
        return accepted(events)

    taken, refusals, _ = imported(refuses_3b, rows_of(5), batch=10)
    assert taken == {"2a", "2b", "4a", "4b", "5a", "5b", "6a", "6b"}
    assert [(one.row, one.column, one.rule) for one in refusals] == [(3, "amount", "amount")]
    assert "3b: write an amount" in refusals[0].message


def test_an_answer_that_names_no_fact_is_narrowed_down_by_halves() -> None:
    def too_large(events: Events) -> Answer:
        return (
            Answer(413, {"detail": "too large"}) if any(event["id"] == "6a" for event in events) else accepted(events)
        )

    taken, refusals, heard = imported(too_large, rows_of(8), batch=16)
    assert len(taken) == 14
    assert [one.row for one in refusals] == [6]
    assert len(heard) <= 8


def test_a_busy_service_is_asked_again_after_what_it_says() -> None:
    turns = iter([Answer(503, {}, {"Retry-After": "0"}), Answer(429, {}, {"Retry-After": "0"})])

    def busy(events: Events) -> Answer:
        return next(turns, None) or accepted(events)

    with listening(busy) as heard, Poster(heard.url) as poster:
        assert poster.post([{"id": "a"}]) == Taken(accepted=1)
    assert len(heard.batches) == 3


def test_a_service_that_stays_busy_is_given_up() -> None:
    with (
        listening(lambda _: Answer(503, {}, {"Retry-After": "0"})) as heard,
        Poster(heard.url, attempts=3) as poster,
        pytest.raises(Unavailable, match="503"),
    ):
        poster.post([{"id": "a"}])
    assert len(heard.batches) == 3


def test_a_fault_of_the_service_is_not_asked_for_again() -> None:
    with (
        listening(lambda _: Answer(500, {})) as heard,
        Poster(heard.url) as poster,
        pytest.raises(Unavailable, match="500"),
    ):
        poster.post([{"id": "a"}])
    assert len(heard.batches) == 1


def test_nobody_listening_is_said_in_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with Poster(url, attempts=2) as poster, pytest.raises(Unavailable, match="is the instance up"):
            poster.post([{"id": "a"}])


@pytest.mark.parametrize(("status", "error"), [(401, Unauthenticated), (403, Forbidden), (404, Misconfigured)])
def test_a_wrong_token_or_address_ends_the_import_at_once(status: int, error: type[Exception]) -> None:
    with (
        listening(lambda _: Answer(status, {"detail": "no"})) as heard,
        Poster(heard.url) as poster,
        pytest.raises(error),
    ):
        poster.post([{"id": "a"}])
    assert len(heard.batches) == 1


def test_one_connection_carries_all_batches_with_the_token() -> None:
    with listening() as heard, Poster(heard.url, token="abc") as poster:
        for _ in range(3):
            poster.post([{"id": "a"}])
    assert heard.tokens == ["Bearer abc"] * 3
    assert len(heard.connections) == 1


def test_the_index_is_found_in_a_pointer_too() -> None:
    problem = {"errors": [{"pointer": "/4/data/amount", "rule": "amount", "message": "m"}]}
    with listening(lambda _: Answer(422, problem)) as heard, Poster(heard.url) as poster:
        assert poster.post([{"id": "a"}]) == RefusedFact(4, 422, "amount", "m", "/data/amount")


def test_only_http_addresses_are_taken() -> None:
    for url in ("ftp://x", "127.0.0.1:8001", "file:///etc/passwd", ""):
        with pytest.raises(Misconfigured):
            Poster(url)
