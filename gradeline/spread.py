"""Long work over many customers: in pieces, on several processes, with a bar that tells the rate and the time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from typing import TypeVar

from gradeline.importing.run import Shows

C = TypeVar("C")
R = TypeVar("R")
PIECE = 50
"""Customers in one piece: some hundred milliseconds, so that the bar moves and little is in memory."""
AHEAD = 2
"""Pieces that wait, for each process."""


def spread(
    work: Callable[[Sequence[C]], R], customers: Sequence[C], *, processes: int, show: Shows, what: str
) -> Iterator[R]:
    """Yield what *work* returns for each piece of *customers*, in no order. *work* must be picklable; what it raises ends all.

    One process: everything is done here.
    """
    pieces = [customers[start : start + PIECE] for start in range(0, len(customers), PIECE)]
    done = 0
    if processes == 1:
        for piece in pieces:
            yield work(piece)
            show(done := done + len(piece), len(customers), what)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        under_way: dict[Future[R], int] = {}
        waiting: Iterator[Sequence[C]] = iter(pieces)
        try:
            while True:
                while len(under_way) < processes * AHEAD and (piece := next(waiting, ())):
                    under_way[pool.submit(work, piece)] = len(piece)
                if not under_way:
                    return
                for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                    done += under_way.pop(future)
                    yield future.result()
                    show(done, len(customers), what)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
