"""A worker as a process: signals in, an honest exit status out."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable

import structlog

from shared.core.errors import Stopped

DRAIN_SECONDS = 9.5
"""SIGTERM to exit; a process that takes longer is ended by force elsewhere."""

log = structlog.get_logger(__name__)


async def until_stopped(work: Callable[[asyncio.Event], Awaitable[None]]) -> int:
    """Run *work* until it ends or SIGTERM or SIGINT comes; it is then given DRAIN_SECONDS to finish its write.

    Returns the exit status: 0 after a signal, 1 where too much went wrong at once or the drain took too long.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    working = asyncio.ensure_future(work(stop))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    try:
        await asyncio.wait_for(working, DRAIN_SECONDS if stop.is_set() else None)
    except Stopped as error:
        log.critical("worker stopped, a human is needed", error=error.message)
        return 1
    except TimeoutError:
        log.error("the write under way did not end in time; it is read again at the next start")
        return 1
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    return 0
