"""The fast way to post a plain invoice gives what the general way gives."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from shared.core.ledger.documents import RECEIVABLES
from shared.core.ledger.receivable import Receivable
from shared.core.ledger.timeline import _plain, _walk
from tests.support.histories import history
from tests.unit.test_ledger_order import folded


@given(seed=st.integers(0, 10**6))
def test_a_plain_invoice_posts_what_the_general_walk_posts(seed: int) -> None:
    state = folded(history(seed, documents=20))
    for document in state.ledger.documents.values():
        if document.kind not in RECEIVABLES:
            continue
        plain = _plain(document, state.ledger)
        if plain is not None:
            general = _walk(document, state.ledger, Receivable(document, state.ledger))

            assert Counter(plain) == Counter(general)


def test_most_documents_of_a_plain_ledger_take_the_fast_way() -> None:
    state = folded(history(7, documents=60))
    receivables = [d for d in state.ledger.documents.values() if d.kind in RECEIVABLES and d.order]

    assert sum(_plain(d, state.ledger) is not None for d in receivables) > len(receivables) / 8
