"""A worker process with the toy brain: `python -m tests.support.toy_process`, told by GRADELINE_… variables."""

from __future__ import annotations

import os
import sys

from shared.edge import settings
from shared.edge.worker.assembly import run
from shared.edge.worker.settings import WorkerSettings
from tests.support.machine import DAY
from tests.support.toy_brain import ToyBrain, ToyProjector

if __name__ == "__main__":
    told = settings.load()
    bounds = WorkerSettings(
        partitions=told.partitions,
        first_day=DAY,
        topic_prefix=os.environ["TOY_PREFIX"],
        batch_records=int(os.environ.get("TOY_BATCH", "50")),
    )
    sys.exit(
        run(
            told,
            service="rating",
            brain=ToyBrain(),
            projector=ToyProjector(),
            topics=["credit.events"],
            worker=bounds,
        )
    )
