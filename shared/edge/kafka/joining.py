"""A join that ends between two polls counts.

kafka-python 3.0.12 asks the broker to join in a task of its I/O thread, and each `poll` waits for that task as long as it may.
Where the task ends between two polls, the next one finds it done, drops what the broker gave and joins anew; a member on a
busy machine goes on so for long. On the embedded broker, whose joins take seconds, whoever leaves in such a second join
keeps all who come later out.
"""

from __future__ import annotations

from typing import Any

from kafka.coordinator.consumer import ConsumerCoordinator
from kafka.structs import MemberState


class _Awaited:
    """The future of a join: done only once somebody has taken what it gave."""

    is_done = False

    def __init__(self, future: Any) -> None:
        self._future = future

    def add_callback(self, call: Any) -> Any:
        """Called at once where it is there already."""
        return self._future.add_callback(call)

    def add_errback(self, call: Any) -> Any:
        """Called at once where it failed already."""
        return self._future.add_errback(call)

    def __await__(self) -> Any:
        return self._future.__await__()


class Coordinator(ConsumerCoordinator):  # type: ignore[misc]
    """The client's coordinator, which takes a join for ended when its outcome was taken."""

    @property
    def _join_task(self) -> _Awaited | None:
        task = self.__dict__.get("_join_task")
        if task is not None and task.is_done and task.exception is None and self.state is not MemberState.REBALANCING:
            return None  # the broker took back what it gave: a heartbeat that was on its way said so
        return None if task is None else _Awaited(task)

    @_join_task.setter
    def _join_task(self, task: Any) -> None:
        self.__dict__["_join_task"] = task


def patient(coordinator: Any) -> None:
    """Let the *coordinator* of a consumer keep what a join gave it."""
    coordinator.__class__ = Coordinator
